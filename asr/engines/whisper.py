"""The embedded engine: Whisper base (multilingual) on CTranslate2, int8, on the CPU, offline.

faster_whisper pads every utterance to 30 s and searches with beams. On a phone line, where an utterance is two seconds
long and the question tells what to expect, this engine gets better text for a fraction of the work: it encodes the
speech and a little silence, gives the expected phrases as the previous text (Radford et al. 2022, section 4.5), and
decodes within a bound that the audio's length sets. What is not speech is refused before the model sees it.
"""

from __future__ import annotations

import math
import re
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from asr.denoise.mask import Mask, Mel
from asr.engine import SAMPLE_RATE_HZ, Capabilities, ClosedAnswer, OfflineStream, Pcm, Stream, Transcript
from asr.engines.whisper_closed import ClosedHearing
from asr.engines.whisper_features import (
    SILENCE_FRAMES,
    SILENCE_FRAMES_WITHOUT_HINTS,
    Features,
    span_of_sound,
    warped,
    with_silence,
    without_silence,
)
from asr.engines.whisper_phrases import weighed
from asr.engines.whisper_weights import WHISPER_BASE
from asr.errors import ModelError
from asr.invented import hints_read_aloud, is_invented
from asr.loops import collapse_loops
from asr.syllables.head import MASKED_HEAD_FILE, Head, LogProbabilities, averaged
from asr.text import to_simplified
from asr.vad.silero import CHUNK_SAMPLES, Silero
from asr.weights import Weights, model_folder
from asr.windows import cut_windows

LONGEST_WINDOW_S = 24.0
"""With the silence behind it, what the encoder takes at once (30 s)."""
SHORTEST_WINDOW_S = 15.0

HINTS_IN_PROMPT, HINT_TOKENS = 24, 150
"""Whisper takes up to 223 tokens as previous text, but each further phrase dilutes the others: on 58 telephone
utterances of a main menu the CER was 16 % with 12 phrases, 11 % with 24 and 15 % with 48 (cut at 223). With the sound
all hints are compared (`asr.engines.whisper_phrases`)."""
HINT_SEPARATOR = "、"

_BEAMS_WITHOUT_HINTS = 5
_SURE_WITHOUT_HINTS = 0.7
_A_CHARACTER_MORE = 1.5
"""Beams by themselves like what ends early, and one beam what goes astray. So below this confidence both are asked, and
the likelier as a whole is taken, with so many nats for each character that it says more. Errors in 59 recordings, 1376
characters, at 8 and 16 kHz: one beam 641 and 442, five 652 and 412, this 593 and 378 (any bonus from 1 to 3 nats gives
the same within 1 %), plain faster_whisper 628 and 380."""
_MASKED_LESS = 1.0
"""The masked sound must say more by so many nats: where both are as likely, the caller's own counts."""
_CHARACTER = re.compile(r"[a-zA-Z]+|[^\W_]")
"""A foreign word counts no more than one of ours."""

# The fastest real speaker has 11.4 characters a second, and the tokenizer needs 1 to 2 tokens for one. With 11 tokens a
# second his sentences were cut off: 62 errors, not 41. More than this would only make loops longer.
_TOKENS_PER_S = 16.0
_TOKENS_EXTRA = 6

_SPEECH_PROBABILITY = 0.5
_SPEECH_CHUNKS = 5
"""160 ms of speech: taps, keys and bars of music that pass for speech have less. 五 or 不 alone often have less too;
at a closed question the syllable head hears for itself that a noise is no syllable."""
_PERHAPS_PROBABILITY = 0.3
_PERHAPS_CHUNKS = 12
"""Or 384 ms of what may be speech: someone far away. Of 149 pieces of music, noise and tones one has as much, and gives
no text in the end."""

_LEAST_CONFIDENCE = 0.15
"""Below it, nothing in 250 samples was right, while noise, tones and laughter that pass for speech mostly lie there."""
_SURE_OF_A_LIST = 0.6
"""From it on, two expected phrases in a row are taken as said and not as read from the prompt."""

_SECOND_HEARING_BELOW = 0.8
_BEAMS_IN_DOUBT = 5
_OTHERS = 2
"""Less sure than this with hints, the utterance is searched again, masked and wider, with hints and without: what was
said is heard much the same way, what was read from the prompt isn't. The next two readings of either are alternatives
too. On 100 telephone utterances at 15 dB the right option rose from 81 to 85 %. In babble at 5 dB a wider search of the
unmasked sound as well took a fifth of the time and changed nothing (148 of 170 right with it and without); the free
search of the masked and the unmasked sound halfway costs nothing (151)."""

_WARPED_BANDS = (-1, 1)
"""One band of 80 is 3 to 4 % of the frequency, the difference between two people."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    others: tuple[str, ...]
    """The texts of the other beams."""
    log_probability: float
    """Mean over the tokens."""
    tokens: int
    again: bool = False
    """Searched a second time, in doubt and with hints."""


class _Speech:
    """One window of speech as the model takes it: as it was said and masked, each encoded when it is first asked for.

    Args:
        model: encodes it.
        mask: takes out of the features what isn't the caller's voice.
        pcm: the speech.
        mel: its features.
        silence_frames: of silence encoded behind it.
    """

    def __init__(
        self, model: ctranslate2.models.Whisper, mask: Mask, pcm: Pcm, mel: Mel, silence_frames: int = SILENCE_FRAMES
    ) -> None:
        self._model, self._mask, self._silence_frames = model, mask, silence_frames
        self.pcm, self.mel = pcm, mel

    def encode(self, mels: Sequence[Mel]) -> ctranslate2.StorageView:
        """Features of the same length, with the silence behind each."""
        return self._model.encode(with_silence(mels, self._silence_frames))

    def without_silence(self, encoded: ctranslate2.StorageView) -> NDArray[np.float32]:
        """For the syllable heads: shape (utterances, frames, 512)."""
        return without_silence(encoded, self.pcm)

    @cached_property
    def sound(self) -> ctranslate2.StorageView:
        """As it was said."""
        return self.encode([self.mel])

    @cached_property
    def masked(self) -> ctranslate2.StorageView:
        """Without noise and other voices."""
        return self.encode([self._mask(self.mel)])

    @cached_property
    def halfway(self) -> ctranslate2.StorageView:
        """The mean of both encodings: less noise than the one, and less lost with it than in the other."""
        mean = (np.array(self.sound) + np.array(self.masked)) / 2.0
        return ctranslate2.StorageView.from_array(np.asarray(mean, np.float32))


class WhisperEngine:
    """Whisper base on CTranslate2. `stream` and the streams may be used from several threads.

    Args:
        threads: CPU threads that one utterance may use. More than one shortens the wait and costs more CPU in all.
        at_once: utterances that may be recognised at the same time; the weights are shared. More of them wait in turn.
        weights: the model and where it comes from.
        cache: where the joined model lies; default `asr.weights.cache_root()`.
        folder: another Whisper model in CTranslate2's form, instead of `weights`.

    Raises:
        ModelError: the weights are missing, damaged, cannot be joined or are no Whisper model.
    """

    name = "whisper"
    capabilities = Capabilities(streaming=False, hints=True, word_times=False, closed_answers=True)

    def __init__(
        self,
        *,
        threads: int = 1,
        at_once: int = 1,
        weights: Weights = WHISPER_BASE,
        cache: Path | None = None,
        folder: Path | None = None,
    ) -> None:
        folder = model_folder(weights, cache) if folder is None else folder
        try:
            self._model = ctranslate2.models.Whisper(
                str(folder), device="cpu", compute_type="int8", inter_threads=at_once, intra_threads=threads
            )
            vocabulary = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # library border: both raise RuntimeError and bare Exception
            raise ModelError(
                f"the model cannot be loaded ({error})", where=str(folder), remedy="delete this folder and try again"
            ) from error
        # The mel filterbank is one small product; BLAS would wake a thread per core for it and let them spin for 50 ms.
        threadpool_limits(1, user_api="blas")
        self._tokenizer = Tokenizer(vocabulary, multilingual=True, task="transcribe", language="zh")
        self._features = Features()
        self._mask = Mask()
        self._silero = Silero()
        self._silero_lock = threading.Lock()
        self._head = Head()
        self._masked_head = Head(MASKED_HEAD_FILE)

    def stream(
        self,
        hints: Sequence[str] = (),
        *,
        answer: ClosedAnswer | None = None,
        quick: bool = False,
    ) -> Stream:
        return OfflineStream(lambda pcm: self.recognise(pcm, tuple(hints), answer=answer, quick=quick))

    def close(self) -> None:
        self._model.unload_model()

    def recognise(
        self,
        pcm: Pcm,
        hints: tuple[str, ...] = (),
        *,
        answer: ClosedAnswer | None = None,
        quick: bool = False,
    ) -> Transcript:
        """What is said in int16 samples at 16 kHz, of any length. Blocking."""
        began = time.perf_counter()
        if answer is None:
            heard = self._hear(pcm, hints, quick=quick)
        else:
            heard = self._hear_closed(pcm, hints, answer, quick=quick)
        audio_ms = len(pcm) * 1000 // SAMPLE_RATE_HZ
        return replace(heard, audio_ms=audio_ms, compute_ms=(time.perf_counter() - began) * 1000.0)

    def _hear_closed(self, pcm: Pcm, hints: tuple[str, ...], answer: ClosedAnswer, *, quick: bool) -> Transcript:
        """As an answer within its grammar. What the head has had encoded, the decoder needs no more."""
        sounding = pcm[span_of_sound(pcm)]
        if not len(sounding) or len(sounding) > LONGEST_WINDOW_S * SAMPLE_RATE_HZ:
            return self._hear(pcm, hints, quick=quick)
        speech = self._speech(sounding)

        def decode() -> Transcript:
            return self._hear(pcm, hints, quick=quick, made=speech)

        def hear_again() -> Iterable[LogProbabilities]:
            warps = speech.encode([warped(speech.mel, bands) for bands in _WARPED_BANDS])
            heard = [self._head(one) for one in speech.without_silence(warps)]
            return heard if _is_one_syllable(answer) else [*heard, self._syllables_masked(speech)]

        return ClosedHearing(self._syllables(speech), hear_again, decode).hear(answer, quick=quick)

    def _hear(self, pcm: Pcm, hints: tuple[str, ...], *, quick: bool, made: _Speech | None = None) -> Transcript:
        """`made`: the speech in it, where that is one window and some of it is encoded already."""
        pcm = pcm[span_of_sound(pcm)]
        if not self._has_speech(pcm):
            return Transcript("", 0.0, rejected="silence")
        speeches = [made] if made else self._speeches(pcm, SILENCE_FRAMES if hints else SILENCE_FRAMES_WITHOUT_HINTS)
        decoded = [self._decode(speech, hints, quick=quick) for speech in speeches]
        text = _cleaned("".join(part.text for part in decoded))
        tokens = sum(part.tokens for part in decoded)
        mean = sum(part.log_probability * part.tokens for part in decoded) / max(1, tokens)
        confidence = min(1.0, math.exp(mean))
        # Several windows have several readings each; which belong together, nobody knows.
        others = [_cleaned(other) for other in (decoded[0].others if len(decoded) == 1 else ())]
        heard_twice = bool(hints) and text in others
        rejected = self._reason_to_reject(text, confidence, hints, heard_twice=heard_twice)
        alternatives = tuple(dict.fromkeys(other for other in others if other not in ("", text)))
        heard = Transcript("", 0.0, rejected=rejected) if rejected else Transcript(text, confidence, alternatives)
        in_doubt = len(decoded) == 1 and decoded[0].again and heard.confidence < _SECOND_HEARING_BELOW
        if made or not in_doubt:
            return heard
        syllables = averaged([self._syllables(speeches[0]), self._syllables_masked(speeches[0])])
        return weighed(syllables, hints, heard)

    def _speeches(self, pcm: Pcm, silence_frames: int) -> list[_Speech]:
        windows = cut_windows(pcm, LONGEST_WINDOW_S, SHORTEST_WINDOW_S)
        return [self._speech(window, silence_frames) for window in windows]

    def _speech(self, pcm: Pcm, silence_frames: int = SILENCE_FRAMES) -> _Speech:
        return _Speech(self._model, self._mask, pcm, self._features(pcm), silence_frames)

    def _syllables(self, speech: _Speech) -> LogProbabilities:
        return self._head(speech.without_silence(speech.sound)[0])

    def _syllables_masked(self, speech: _Speech) -> LogProbabilities:
        return self._masked_head(speech.without_silence(speech.masked)[0])

    def _reason_to_reject(
        self, text: str, confidence: float, hints: tuple[str, ...], *, heard_twice: bool
    ) -> str | None:
        """`heard_twice`: the same with hints and without; then little confidence is enough, no hint made it up."""
        if not text:
            return "silence"
        if is_invented(text):
            return "invented"
        read = hints_read_aloud(text, hints[:HINTS_IN_PROMPT])
        if read > 2 or (read == 2 and confidence < _SURE_OF_A_LIST):
            return "hint_echo"
        if confidence < _LEAST_CONFIDENCE and not heard_twice:
            return "hint_echo" if read else "invented"
        return None

    def _has_speech(self, pcm: Pcm) -> bool:
        found = perhaps = 0
        with self._silero_lock:
            self._silero.reset()
            for start in range(0, len(pcm), CHUNK_SAMPLES):
                for probability in self._silero.feed(pcm[start : start + CHUNK_SAMPLES]):
                    found += probability > _SPEECH_PROBABILITY
                    perhaps += probability > _PERHAPS_PROBABILITY
                if found >= _SPEECH_CHUNKS or perhaps >= _PERHAPS_CHUNKS:
                    return True
        return False

    def _decode(self, speech: _Speech, hints: tuple[str, ...], *, quick: bool) -> _Decoded:
        bound = _TOKENS_EXTRA + int(len(speech.pcm) / SAMPLE_RATE_HZ * _TOKENS_PER_S)
        if not hints:
            return self._without_hints(speech, bound, quick=quick)
        first = self._search(speech.sound, hints, bound, beams=1)
        if quick or math.exp(first.log_probability) >= _SECOND_HEARING_BELOW:
            return first
        free = self._search(speech.halfway, (), bound, beams=_BEAMS_IN_DOUBT)
        second = self._search(speech.masked, hints, bound, beams=_BEAMS_IN_DOUBT)
        heard, other = sorted((second, first), key=lambda one: -one.log_probability)
        others = (free.text, other.text, *heard.others[:_OTHERS], *free.others[:_OTHERS])
        return replace(heard, others=others, again=True)

    def _without_hints(self, speech: _Speech, bound: int, *, quick: bool) -> _Decoded:
        heard = self._search(speech.sound, (), bound, beams=1 if quick else _BEAMS_WITHOUT_HINTS)
        if quick or math.exp(heard.log_probability) >= _SURE_WITHOUT_HINTS:
            return heard
        straight = self._search(speech.sound, (), bound, beams=1)
        veiled = self._search(speech.masked, (), bound, beams=_BEAMS_WITHOUT_HINTS)
        likelihoods = [_as_a_whole(heard), _as_a_whole(straight), _as_a_whole(veiled) - _MASKED_LESS]
        ranked = sorted(zip(likelihoods, (heard, straight, veiled), strict=True), key=lambda one: -one[0])
        best, *others = [one for _, one in ranked]
        return replace(best, others=(*(one.text for one in others), *heard.others))

    def _search(self, sound: ctranslate2.StorageView, hints: tuple[str, ...], bound: int, *, beams: int) -> _Decoded:
        prompt = self._prompt(hints)
        result = self._model.generate(
            sound,
            [prompt],
            beam_size=beams,
            num_hypotheses=beams,
            max_length=len(prompt) + bound,
            return_scores=True,
        )[0]
        best, *others = [self._tokenizer.decode(tokens) for tokens in result.sequences_ids]
        return _Decoded(best, tuple(others), result.scores[0], len(result.sequences_ids[0]))

    def _prompt(self, hints: tuple[str, ...]) -> list[int]:
        start = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        previous = self._previous_text(hints)
        return [self._tokenizer.sot_prev, *previous, *start] if previous else start

    def _previous_text(self, hints: tuple[str, ...]) -> list[int]:
        """Tokens of as many hints, from the first, as the prompt holds whole."""
        tokens: list[int] = []
        for hint in filter(None, map(str.strip, hints[:HINTS_IN_PROMPT])):
            more = self._tokenizer.encode(HINT_SEPARATOR + hint if tokens else hint)
            if len(tokens) + len(more) > HINT_TOKENS:
                break
            tokens += more
        return tokens


def _is_one_syllable(answer: ClosedAnswer) -> bool:
    """Then there is nothing beside it by which the mask could tell the caller's voice: 对 in noise was lost by it."""
    return answer.kind == "yes_no" or answer.max_digits == 1


def _as_a_whole(heard: _Decoded) -> float:
    """How likely a reading is, a natural logarithm; readings of unlike length can be compared."""
    characters = len(_CHARACTER.findall(_cleaned(heard.text)))
    return heard.log_probability * heard.tokens + _A_CHARACTER_MORE * characters


def _cleaned(text: str) -> str:
    return collapse_loops(to_simplified(text)).strip("、，, ")
