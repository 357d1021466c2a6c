"""faster_whisper as it is used everywhere, with the embedded engine's weights: what ours is compared with.

Its own defaults (30 s of padding, beam 5, temperature fallback), one thread; it is told the language, which saves it
the detection, and takes hints as `initial_prompt`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from asr.engine import Capabilities, ClosedAnswer, OfflineStream, Pcm, Stream, Transcript
from asr.engines.whisper_weights import WHISPER_BASE
from asr.text import to_simplified
from asr.weights import Weights, model_folder

_SEPARATOR = "、"


class PlainWhisper:
    """faster_whisper's own `transcribe` behind the engines' protocol.

    Raises:
        ModelError: the weights are missing or damaged.
    """

    name = "faster-whisper"
    capabilities = Capabilities(streaming=False, hints=True, word_times=False)

    def __init__(self, *, threads: int = 1, weights: Weights = WHISPER_BASE, cache: Path | None = None) -> None:
        from faster_whisper import WhisperModel

        folder = str(model_folder(weights, cache))
        self._model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads)

    def stream(
        self,
        hints: Sequence[str] = (),
        *,
        answer: ClosedAnswer | None = None,  # noqa: ARG002 - it knows no such thing
        quick: bool = False,  # noqa: ARG002
    ) -> Stream:
        return OfflineStream(lambda pcm: self._transcribe(pcm, _SEPARATOR.join(hints) or None))

    def close(self) -> None:
        self._model.model.unload_model()

    def _transcribe(self, pcm: Pcm, prompt: str | None) -> Transcript:
        audio = pcm.astype(np.float32) / 32768.0
        segments = list(self._model.transcribe(audio, language="zh", initial_prompt=prompt)[0])
        text = to_simplified("".join(segment.text for segment in segments))
        sure = float(np.mean([segment.avg_logprob for segment in segments])) if segments else -math.inf
        return Transcript(text, min(1.0, math.exp(sure)) if text else 0.0)
