"""An engine that hears what its script says: for tests and for trying flows by text, beside the real ones.

It keeps the contract of a real engine (silence is nothing, an utterance takes its turn when it ends), so what works
with it works with a model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from asr.engine import SAMPLE_RATE_HZ, Capabilities, ClosedAnswer, OfflineStream, Pcm, Stream, Transcript

_FADING_SAMPLES = SAMPLE_RATE_HZ // 4
"""What an utterance ended with may sound otherwise once it has gone on."""

Hear = Callable[[Pcm, tuple[str, ...]], str]
"""What is heard in some audio (int16, 16 kHz), given the hints."""


class ScriptedEngine:
    """Hears the script's lines in order, one an utterance, or what a callable says.

    Args:
        script: texts in the order of the utterances (after the last, nothing is heard), or a callable that gets the
            audio and the hints. A text may be a whole Transcript.
        confidence: what every heard text is given, 0.0 to 1.0.
        threads: what every engine may be told; reading a script takes one.
    """

    name = "scripted"
    capabilities = Capabilities(streaming=False, hints=True, word_times=False)

    def __init__(
        self,
        script: Iterable[str | Transcript] | Hear = (),
        *,
        confidence: float = 0.9,
        threads: int = 1,  # noqa: ARG002
    ) -> None:
        self._hear = script if callable(script) else None
        self._lines: Iterator[str | Transcript] = iter(() if callable(script) else script)
        self._confidence = confidence
        self._last: tuple[Pcm, str | Transcript] | None = None
        self._lock = threading.Lock()

    def stream(
        self,
        hints: Sequence[str] = (),
        *,
        answer: ClosedAnswer | None = None,  # noqa: ARG002 - a script knows the answer
        quick: bool = False,  # noqa: ARG002
    ) -> Stream:
        return OfflineStream(lambda pcm: self.hear(pcm, tuple(hints)))

    def close(self) -> None:
        """Nothing is held."""

    def hear(self, pcm: Pcm, hints: tuple[str, ...]) -> Transcript:
        """Recognise one whole utterance. Silence uses up no line of the script."""
        audio_ms = len(pcm) * 1000 // SAMPLE_RATE_HZ
        if not pcm.any():
            return Transcript("", 0.0, rejected="silence", audio_ms=audio_ms)
        with self._lock:
            heard = self._hear(pcm, hints) if self._hear is not None else self._line(pcm)
        if isinstance(heard, Transcript):
            return heard
        return Transcript(heard, self._confidence if heard else 0.0, audio_ms=audio_ms)

    def _line(self, pcm: Pcm) -> str | Transcript:
        """The next line; the last one again when the last utterance is heard once more because it has gone on."""
        if self._last is not None:
            before, line = self._last
            begun = len(before) - _FADING_SAMPLES
            if len(pcm) > len(before) and begun > 0 and np.array_equal(pcm[:begun], before[:begun]):
                self._last = (pcm, line)
                return line
        line = next(self._lines, "")
        self._last = (pcm, line)
        return line
