"""The embedded engine: Whisper base (multilingual) on CTranslate2, int8, on the CPU, offline.

faster_whisper pads every utterance to 30 s and searches with beams. On a phone line, where an utterance is two seconds
long and the question tells what to expect, this engine gets better text for a fraction of the work: it encodes the
speech and a little silence, gives the expected phrases as the previous text (Radford et al. 2022, section 4.5), and
decodes within a bound that the audio's length sets. What is not speech is refused before the model sees it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from asr.engine import SAMPLE_RATE_HZ, Capabilities, ClosedAnswer, OfflineStream, Pcm, Stream, Transcript
from asr.engines.whisper_closed import ClosedHearing
from asr.engines.whisper_phrases import PhraseHearing
from asr.engines.whisper_weights import WHISPER_BASE
from asr.errors import ModelError
from asr.invented import hints_read_aloud, is_invented
from asr.loops import collapse_loops
from asr.syllables.head import Encoded, Head
from asr.text import to_simplified
from asr.vad.silero import CHUNK_SAMPLES, Silero
from asr.weights import Weights, model_folder
from asr.windows import FRAME_SAMPLES, cut_windows, frame_levels_dbfs

SILENCE_FRAMES = 600
"""6 s of silence are encoded behind the speech. Whisper learned on 30 s: with less than 2 s of it, it loops, and the
CER falls as far as 6 s (100 telephone utterances: 13.6 % with 4 s, 12.1 % with 6 s; at 15 dB 18.2 and 17.8 %)."""
SILENCE_FRAMES_WITHOUT_HINTS = 1200
"""Of free speech more is lost by too little silence: 58 recordings of real speech at 8 kHz, 1300 characters, have 679
errors with 6 s behind it and 628 with 12 s (one beam); all of the 30 s gives 627, for twice the work of encoding."""

LONGEST_WINDOW_S = 24.0
"""With the silence behind it, what the encoder takes at once (30 s)."""
SHORTEST_WINDOW_S = 15.0

HINT_TOKENS = 150
"""About 25 phrases. Whisper takes up to 223 tokens as previous text, but each further phrase dilutes the others: on 58
telephone utterances of a main menu the CER was 16 % with 12 phrases, 11 % with 24 and 15 % with 48 (cut at 223)."""
HINT_SEPARATOR = "、"

_BEAMS_WITHOUT_HINTS = 5
_SURE_WITHOUT_HINTS = 0.7
_A_CHARACTER_MORE = 1.5
"""Beams by themselves like what ends early, and one beam what goes astray. So below this confidence both are asked, and
the likelier as a whole is taken, with so many nats for each character that it says more. Errors in 59 recordings, 1376
characters, at 8 and 16 kHz: one beam 641 and 442, five 652 and 412, this 593 and 378 (any bonus from 1 to 3 nats gives
the same within 1 %), plain faster_whisper 628 and 380."""

# The fastest real speaker has 11.4 characters a second, and the tokenizer needs 1 to 2 tokens for one. With 11 tokens a
# second his sentences were cut off: 62 errors, not 41. More than this would only make loops longer.
_TOKENS_PER_S = 16.0
_TOKENS_EXTRA = 6

_SILENCE_DBFS = -60.0
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
"""Less sure than this with hints, the utterance is searched again, wider, with hints and without: what was said is
heard much the same way, what was read from the prompt isn't. The encoding is shared, so it costs as much again. The
next two readings of either are alternatives too. On 100 telephone utterances at 15 dB the right option rose from 81 to
85 %."""

_FULL_SCALE = 32768.0
_MOST_FRAMES = 3000
_MEL_TAIL_SAMPLES = 400
"""One analysis window, so that the last sound fades into the silence."""

_ENCODED_FRAME_SAMPLES = 320
_ENCODED_TAIL_FRAMES = 10
"""200 ms of the silence behind the speech, in which the last syllable is finished."""

_QUIET_DB = 40.0
"""What lies this far below the loudest 20 ms, before and after the speech, is not encoded ..."""
_MARGIN_FRAMES = 15
"""... but for 300 ms: first and last syllables are soft."""


_WARPED_BANDS = (-1, 1)
"""One band of 80 is 3 to 4 % of the frequency, the difference between two people."""

Mel = NDArray[np.float32]
"""Log-mel features as Whisper takes them, shape (80, frames), 10 ms a frame."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    text: str
    others: tuple[str, ...]
    """The texts of the other beams."""
    log_probability: float
    """Mean over the tokens."""
    tokens: int
    encoded: Encoded | None = None
    """Of what was heard with hints and in doubt, for the phrases' sake."""


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
        self._features = FeatureExtractor()
        self._silero = Silero()
        self._silero_lock = threading.Lock()
        self._head = Head()
        self._phrases = PhraseHearing(self._head)

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
        speech = _without_edges(pcm)
        if not len(speech) or len(speech) > LONGEST_WINDOW_S * SAMPLE_RATE_HZ:
            return self._hear(pcm, hints, quick=quick)
        mel = self._mel(speech)
        sound = self._model.encode(_viewed(mel[None]))

        def decode() -> Transcript:
            return self._hear(pcm, hints, quick=quick, sound=sound)

        def encode_again() -> Iterable[Encoded]:
            other_mouths = np.stack([_warped(mel, bands) for bands in _WARPED_BANDS])
            return _of_speech(self._model.encode(_viewed(other_mouths)), speech)

        hearing = ClosedHearing(self._head, _of_speech(sound, speech)[0], encode_again, decode)
        return hearing.hear(answer, quick=quick)

    def _hear(
        self, pcm: Pcm, hints: tuple[str, ...], *, quick: bool, sound: ctranslate2.StorageView | None = None
    ) -> Transcript:
        """`sound`: the encoding of the speech, where it was made already; then it is one window."""
        pcm = _without_edges(pcm)
        if not self._has_speech(pcm):
            return Transcript("", 0.0, rejected="silence")
        windows = cut_windows(pcm, LONGEST_WINDOW_S, SHORTEST_WINDOW_S)
        decoded = [self._decode(window, hints, quick=quick, sound=sound) for window in windows]
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
        encoded = decoded[0].encoded if len(decoded) == 1 and sound is None else None
        if encoded is None or heard.confidence >= _SECOND_HEARING_BELOW:
            return heard
        return self._phrases.weigh(encoded, hints, heard)

    def _reason_to_reject(
        self, text: str, confidence: float, hints: tuple[str, ...], *, heard_twice: bool
    ) -> str | None:
        """`heard_twice`: the same with hints and without; then little confidence is enough, no hint made it up."""
        if not text:
            return "silence"
        if is_invented(text):
            return "invented"
        read = hints_read_aloud(text, hints)
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

    def _decode(
        self, pcm: Pcm, hints: tuple[str, ...], *, quick: bool, sound: ctranslate2.StorageView | None
    ) -> _Decoded:
        if sound is None:
            mel = self._mel(pcm, SILENCE_FRAMES if hints else SILENCE_FRAMES_WITHOUT_HINTS)
            sound = self._model.encode(_viewed(mel[None]))
        bound = _TOKENS_EXTRA + int(len(pcm) / SAMPLE_RATE_HZ * _TOKENS_PER_S)
        if not hints:
            return self._without_hints(sound, bound, quick=quick)
        heard = self._search(sound, hints, bound, beams=1)
        if quick or math.exp(heard.log_probability) >= _SECOND_HEARING_BELOW:
            return heard
        heard = self._search(sound, hints, bound, beams=_BEAMS_IN_DOUBT)
        free = self._search(sound, (), bound, beams=_BEAMS_IN_DOUBT)
        others = (free.text, *heard.others[:_OTHERS], *free.others[:_OTHERS])
        return replace(heard, others=others, encoded=_of_speech(sound, pcm)[0])

    def _without_hints(self, sound: ctranslate2.StorageView, bound: int, *, quick: bool) -> _Decoded:
        heard = self._search(sound, (), bound, beams=1 if quick else _BEAMS_WITHOUT_HINTS)
        if quick or math.exp(heard.log_probability) >= _SURE_WITHOUT_HINTS:
            return heard
        straight = self._search(sound, (), bound, beams=1)
        if _as_a_whole(straight) > _as_a_whole(heard):
            return replace(straight, others=(heard.text, *heard.others))
        return heard

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

    def _mel(self, pcm: Pcm, silence_frames: int = SILENCE_FRAMES) -> Mel:
        """Of the speech and the silence behind it, 3000 frames at most."""
        tail = np.zeros(_MEL_TAIL_SAMPLES, np.float32)
        speech = self._features(np.concatenate([pcm.astype(np.float32) / _FULL_SCALE, tail]), padding=0)
        # Whisper's features reach 80 dB below the loudest; silence lies at that floor, so it needs no computing.
        floor = (speech.max() * 4.0 - 8.0) / 4.0
        silence_frames = min(silence_frames, _MOST_FRAMES - speech.shape[1])
        silence = np.full((speech.shape[0], silence_frames), floor, np.float32)
        mel = np.concatenate([speech, silence], axis=1)
        even = mel.shape[1] // 2 * 2  # the encoder halves the frame rate
        return np.asarray(mel[:, :even], np.float32)

    def _prompt(self, hints: tuple[str, ...]) -> list[int]:
        start = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        previous = self._previous_text(hints)
        return [self._tokenizer.sot_prev, *previous, *start] if previous else start

    def _previous_text(self, hints: tuple[str, ...]) -> list[int]:
        """Tokens of as many hints, from the first, as the prompt holds whole."""
        tokens: list[int] = []
        for hint in filter(None, map(str.strip, hints)):
            more = self._tokenizer.encode(HINT_SEPARATOR + hint if tokens else hint)
            if len(tokens) + len(more) > HINT_TOKENS:
                break
            tokens += more
        return tokens


def _viewed(mels: Mel) -> ctranslate2.StorageView:
    """Several utterances, shape (utterances, 80, frames), as the model takes them."""
    return ctranslate2.StorageView.from_array(np.ascontiguousarray(mels))


def _warped(mel: Mel, bands: int) -> Mel:
    """The spectrum so many bands higher, as of a mouth that is shorter; the outermost bands say what they said."""
    return mel[np.clip(np.arange(len(mel)) - bands, 0, len(mel) - 1)]


def _of_speech(sound: ctranslate2.StorageView, pcm: Pcm) -> NDArray[np.float32]:
    """Encodings of some audio without most of the silence behind it, shape (encodings, frames, 512)."""
    encoded: NDArray[np.float32] = np.array(sound)
    return encoded[:, : len(pcm) // _ENCODED_FRAME_SAMPLES + _ENCODED_TAIL_FRAMES]


def _as_a_whole(heard: _Decoded) -> float:
    """How likely a reading is, a natural logarithm; readings of unlike length can be compared."""
    return heard.log_probability * heard.tokens + _A_CHARACTER_MORE * len(_cleaned(heard.text))


def _cleaned(text: str) -> str:
    return collapse_loops(to_simplified(text)).strip("、，, ")


def _without_edges(pcm: Pcm) -> Pcm:
    """The audio without the quiet before and after what is loud in it; empty when all of it is below -60 dBFS."""
    levels = frame_levels_dbfs(pcm)
    if not len(levels) or levels.max() < _SILENCE_DBFS:
        return pcm[:0]
    loud = np.flatnonzero(levels >= levels.max() - _QUIET_DB)
    first = max(0, int(loud[0]) - _MARGIN_FRAMES)
    return pcm[first * FRAME_SAMPLES : (int(loud[-1]) + 1 + _MARGIN_FRAMES) * FRAME_SAMPLES]
