"""One utterance on its way through a streaming model of sherpa-onnx."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray
from sherpa_onnx import OnlineRecognizer

from asr.engine import SAMPLE_RATE_HZ, Pcm, Transcript
from asr.errors import ModelError, SpeechError
from asr.text import to_simplified

TAIL_SAMPLES = SAMPLE_RATE_HZ * 8 // 10
"""800 ms of silence behind the speech: a streaming model decides in chunks and writes late. With 200 ms the test model
(chunks of 320 ms) lost last syllables, 10.3 % CER, and from 400 ms on had 7.3 %; paraformer's chunks have 610 ms."""

UNKNOWN_CONFIDENCE = 0.7
"""Of kinds that don't tell how sure they are (CTC, paraformer, SenseVoice): above what a flow takes without asking back
unless its designer says otherwise (0.45), and well below what a sure phrase has."""

_QUIET = 33
"""-60 dBFS: where nothing is louder, nothing was said."""
_FULL_SCALE = 32768.0
_SPACE_IN_CHINESE = re.compile(r"(?<=[^\x00-\x7f])\s+|\s+(?=[^\x00-\x7f])")


class OnlineStream:
    """One utterance; see `asr.engine.Stream`. Used from one worker at a time; several may decode side by side.

    Args:
        recognizer: sherpa-onnx's; it may be shared by threads, its streams may not.
        hotwords: the phrases expected, as `hotwords_of` writes them; empty for none.
    """

    def __init__(self, recognizer: OnlineRecognizer, hotwords: str = "") -> None:
        self._recognizer = recognizer
        self._stream = recognizer.create_stream(hotwords) if hotwords else recognizer.create_stream()
        self._partial = ""
        self._loudest = 0
        self._samples = 0
        self._spent_s = 0.0
        self._transcript: Transcript | None = None

    def accept(self, pcm: Pcm) -> str | None:
        """Take more audio; return the partial text when it changed.

        Raises:
            SpeechError: the stream has finished.
        """
        if self._transcript is not None:
            raise SpeechError("this utterance is over", where="sherpa", remedy="open a new stream")
        began = time.perf_counter()
        self._samples += len(pcm)
        self._loudest = max(self._loudest, loudest(pcm))
        changed = self._feed(as_floats(pcm))
        self._spent_s += time.perf_counter() - began
        return changed

    def finish(self) -> Transcript:
        """What was heard. Asked again, the same."""
        if self._transcript is None:
            began = time.perf_counter()
            text, probabilities = "", ()
            if self._loudest > _QUIET:
                self._feed(np.zeros(TAIL_SAMPLES, np.float32))
                result = self._recognizer.get_result_all(self._stream)
                text, probabilities = result.text, result.ys_probs
            self._spent_s += time.perf_counter() - began
            self._transcript = transcript_of(text, probabilities, self._samples, self._spent_s)
        return self._transcript

    def _feed(self, samples: NDArray[np.float32]) -> str | None:
        decoded = False
        with border():
            self._stream.accept_waveform(SAMPLE_RATE_HZ, samples)
            while self._recognizer.is_ready(self._stream):
                self._recognizer.decode_stream(self._stream)
                decoded = True
            partial = cleaned(self._recognizer.get_result(self._stream)) if decoded else self._partial
        if partial == self._partial:
            return None
        self._partial = partial
        return partial


@contextmanager
def border() -> Iterator[None]:
    """Make what ONNX Runtime raises in the middle of hearing (RuntimeError) an error of ours.

    Raises:
        ModelError: the model could not hear this.
    """
    try:
        yield
    except (RuntimeError, LookupError) as error:  # LookupError: a token that tokens.txt doesn't have
        remedy = "verify the model's files and load it again"
        raise ModelError(f"the model failed while it heard ({error})", where="sherpa", remedy=remedy) from error


def transcript_of(text: str, log_probabilities: Sequence[float], samples: int, spent_s: float) -> Transcript:
    """A transcript from what sherpa-onnx says: the text and, where there are any, log probabilities of its tokens."""
    text, audio_ms, spent_ms = cleaned(text), samples * 1000 // SAMPLE_RATE_HZ, spent_s * 1000.0
    if not text:
        return Transcript("", 0.0, rejected="silence", audio_ms=audio_ms, compute_ms=spent_ms)
    sure = UNKNOWN_CONFIDENCE
    if len(log_probabilities):
        sure = min(1.0, math.exp(sum(log_probabilities) / len(log_probabilities)))
    return Transcript(text, sure, audio_ms=audio_ms, compute_ms=spent_ms)


def hotwords_of(hints: Sequence[str], writes: Callable[[str], bool]) -> str:
    """Hints as sherpa-onnx takes them, `查话费/转人工`.

    Only what the model can write character by character: of a phrase with another character sherpa-onnx would take the
    rest, and `:2.5` or `#` in one it would read as a score (and end the process when that is no number).
    """
    kept = dict.fromkeys("".join(filter(str.isalpha, hint)) for hint in hints)
    return "/".join(hint for hint in kept if hint and all(map(writes, hint)))


def cleaned(text: str) -> str:
    """Simplified, without spaces between Chinese characters."""
    return _SPACE_IN_CHINESE.sub("", to_simplified(text)).strip()


def as_floats(pcm: Pcm) -> NDArray[np.float32]:
    """Samples in -1..1, as sherpa-onnx takes them."""
    return pcm.astype(np.float32) / np.float32(_FULL_SCALE)


def loudest(pcm: Pcm) -> int:
    """The largest magnitude, 0 to 32768; 0 of no audio."""
    return int(np.abs(pcm.astype(np.int32)).max(initial=0))


def is_silent(pcm: Pcm) -> bool:
    """Whether nothing in it is louder than -60 dBFS."""
    return loudest(pcm) <= _QUIET
