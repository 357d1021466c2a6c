"""One utterance on its way through vosk: the ears that listen, and the stretches between vosk's own endpoints."""

from __future__ import annotations

import json
import time

import numpy as np
import vosk

from asr.engine import SAMPLE_RATE_HZ, Pcm, Transcript
from asr.engines.vosk_heard import (
    Reading,
    Stretch,
    Word,
    choose,
    heard_freely,
    heard_within,
    others_of,
    readings_of,
    text_of,
)
from asr.engines.vosk_words import Grammar, join_words
from asr.errors import SpeechError
from asr.text import to_simplified

BLOCK_SAMPLES = SAMPLE_RATE_HZ // 5
"""200 ms, the step in which vosk updates its picture of the speaker: fed in other pieces, it hears other words. Blocks
of 50 to 500 ms cost the same. (Most models add random dither, so that even the same blocks are heard a little
differently each time: confidences of 0.78 and 0.83. `--dither=0` in a model's `conf/mfcc.conf` ends that.)"""

_READINGS = 5
_QUIET = 33
"""-60 dBFS."""


class VoskStream:
    """One utterance on its way through vosk; see `asr.engine.Stream`."""

    def __init__(self, model: vosk.Model, grammar: Grammar | None, *, quick: bool) -> None:
        self._model = model
        self._grammar = grammar
        self._alone = grammar is not None and quick
        """The grammar listens and nobody else."""
        self._expecting: Ears | None = None
        self._free: Ears | None = None
        self._blocks: list[bytes] = []
        """The audio of a stream without free ears, in case that they are needed after all."""
        self._listening = False
        self._waiting = np.zeros(0, np.int16)
        self._heard: list[Stretch] = []
        self._partial = ""
        self._samples = 0
        self._spent_s = 0.0
        self._transcript: Transcript | None = None

    def accept(self, pcm: Pcm) -> str | None:
        """Take more audio; return the partial text when it changed.

        Partials are what is heard freely: a grammar alone says some expected phrase whatever the caller begins to say,
        so a stream in a hurry has none.

        Raises:
            SpeechError: the stream has finished.
        """
        if self._transcript is not None:
            raise SpeechError("this utterance is over", where="vosk", remedy="open a new stream")
        began = time.perf_counter()
        self._samples += len(pcm)
        self._waiting = np.concatenate([self._waiting, pcm])
        whole = len(self._waiting) // BLOCK_SAMPLES * BLOCK_SAMPLES
        for start in range(0, whole, BLOCK_SAMPLES):
            self._feed(self._waiting[start : start + BLOCK_SAMPLES])
        self._waiting = self._waiting[whole:]
        changed = self._new_partial() if whole else None
        self._spent_s += time.perf_counter() - began
        return changed

    def finish(self) -> Transcript:
        """What was heard. Asked again, the same."""
        if self._transcript is None:
            began = time.perf_counter()
            if len(self._waiting):
                self._feed(self._waiting)
            if self._listening:
                self._take(final=True)
                if self._alone and not self._fits():
                    self._hear_again()
            self._free = self._expecting = None
            self._spent_s += time.perf_counter() - began
            self._transcript = self._result()
        return self._transcript

    @property
    def words(self) -> tuple[Word, ...]:
        """The words heard up to vosk's last endpoint (all, once the stream has finished), with their times."""
        return tuple(word for stretch in self._heard for word in stretch.words)

    def _listen(self) -> None:
        """Open the ears, with the first audio and not with the stream: free ears take 50 ms of CPU to open."""
        self._listening = True
        self._expecting = Ears(self._model, self._grammar.json) if self._grammar else None
        self._free = None if self._alone else Ears(self._model)

    def _feed(self, block: Pcm) -> None:
        if not self._listening:
            self._listen()
        data = block.tobytes()
        if self._alone:
            self._blocks.append(data)
        # An endpoint counts when both ears have it, so that their stretches are the same and can be compared.
        ended = [ears.hear(data) for ears in (self._expecting, self._free) if ears is not None]
        if all(ended):
            self._take()

    def _take(self, *, final: bool = False) -> None:
        """Close a stretch: vosk begins anew after an endpoint, and what it had heard must be kept."""
        expected = self._expecting.readings(final=final) if self._expecting else ()
        free = self._free.readings(final=final) if self._free else ()
        if self._grammar is None:
            stretch = heard_freely(free)
        elif self._free is None:
            stretch = heard_within(self._grammar, expected)
        else:
            stretch = choose(self._grammar, expected, free)
        self._heard.append(stretch)

    def _fits(self) -> bool:
        """Whether the grammar alone heard whole phrases and nothing else; in what is too soft for any, it has to."""
        if any(stretch.scraps for stretch in self._heard):
            return False
        sound = np.frombuffer(b"".join(self._blocks), np.int16)
        return bool(self.words) or bool((np.abs(sound.astype(np.int32)) <= _QUIET).all())

    def _hear_again(self) -> None:
        """Hear all of it freely."""
        self._heard, self._free, self._expecting, self._grammar = [], Ears(self._model), None, None
        blocks, self._blocks = self._blocks, []
        for block in blocks:
            if self._free.hear(block):
                self._take()
        self._take(final=True)

    def _new_partial(self) -> str | None:
        if self._free is None:
            return None
        words = [word.text for word in self.words]
        partial = to_simplified(join_words([*words, *self._free.partial()]))
        if partial == self._partial:
            return None
        self._partial = partial
        return partial

    def _result(self) -> Transcript:
        audio_ms = self._samples * 1000 // SAMPLE_RATE_HZ
        spent_ms = self._spent_s * 1000.0
        text = to_simplified(text_of(self._heard))
        if not text:
            return Transcript("", 0.0, rejected="silence", audio_ms=audio_ms, compute_ms=spent_ms)
        confidence = float(np.mean([word.confidence for word in self.words]))
        others = tuple(dict.fromkeys(to_simplified(other) for other in others_of(self._heard)))
        alternatives = tuple(other for other in others if other not in ("", text))
        return Transcript(text, confidence, alternatives, audio_ms=audio_ms, compute_ms=spent_ms)


class Ears:
    """One of vosk's recognisers at work, with the pieces that are read from it."""

    def __init__(self, model: vosk.Model, grammar: str | None = None) -> None:
        # vosk brings 16 kHz down to the model's own rate itself.
        extra = () if grammar is None else (grammar,)
        self._recognizer = vosk.KaldiRecognizer(model, float(SAMPLE_RATE_HZ), *extra)
        self._recognizer.SetMaxAlternatives(_READINGS)
        self._recognizer.SetWords(True)

    def hear(self, data: bytes) -> bool:
        """Take int16 samples; whether vosk would end an utterance here. It goes on all the same until it is read."""
        return bool(self._recognizer.AcceptWaveform(data))

    def partial(self) -> list[str]:
        words: str = json.loads(self._recognizer.PartialResult()).get("partial", "")
        return words.split()

    def readings(self, *, final: bool) -> tuple[Reading, ...]:
        """What was heard since the last reading; afterwards vosk begins anew."""
        return readings_of(self._recognizer.FinalResult() if final else self._recognizer.Result())
