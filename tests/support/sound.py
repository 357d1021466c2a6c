"""Test signals and a scripted voice-activity detector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gateway.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame, Pcm


def tone(duration_ms: float, hz: float = 440.0, level_dbfs: float = -20.0, rate_hz: int = SAMPLE_RATE_HZ) -> Pcm:
    """A sine with an RMS of `level_dbfs`."""
    times = np.arange(int(duration_ms * rate_hz / 1000)) / rate_hz
    peak = 32767 * 2**0.5 * 10 ** (level_dbfs / 20)
    return np.round(peak * np.sin(2 * np.pi * hz * times)).astype(np.int16)


def marked_frame(number: int) -> Frame:
    """A frame that can be recognised anywhere: all its samples are `number`."""
    return np.full(FRAME_SAMPLES, number, np.int16)


@dataclass
class ScriptedDetector:
    """Says what the test has set: its own verdict on every frame."""

    speech: bool = False
    level_dbfs: float = -20.0

    def accept(self, frame: Frame, *, wary: bool = False) -> ScriptedDetector:
        return self
