"""Speech or not, for every 20 ms of a call: what rises above the line's noise is judged by Silero.

Silero is small but not free, so it listens only while something is louder than the noise floor and for half a second
more; it then hears the quarter second before as well, because it needs a run-up to be sure. Its state is kept over the
gaps: beginning afresh each time cost recall. `docs/hearing.md` has the measurement against others.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from asr.engine import Pcm
from asr.vad.noise import NoiseFloor
from asr.vad.silero import Silero
from asr.windows import FRAME_SAMPLES, frame_levels_dbfs

ON_PROBABILITY = 0.5
OFF_PROBABILITY = 0.35
"""Silero's recommended hysteresis: speech begins at the one and ends below the other."""

ABOVE_NOISE_DB = 6.0
"""Steady noise stays below this. Recall and false alarms were alike at 4, 6 and 8 dB; more of it saves CPU."""

_RUN_UP_FRAMES = 12
_HANG_FRAMES = 25


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one frame is."""

    speech: bool
    level_dbfs: float
    """RMS over the frame; -120 for digital silence."""


class SpeechDetector:
    """The ear of one call. Not thread-safe; about 2.5 MB each."""

    def __init__(self) -> None:
        self._floor = NoiseFloor()
        self._silero = Silero()
        self._run_up: deque[Pcm] = deque(maxlen=_RUN_UP_FRAMES)
        self._open_for = 0
        self._speech = False

    @property
    def noise_dbfs(self) -> float:
        """The noise floor of the line."""
        return self._floor.level_dbfs

    def accept(self, frame: Pcm) -> Verdict:
        """Judge the next 20 ms: int16 at 16 kHz, shape (320,).

        Raises:
            ValueError: the frame has another length.
        """
        if len(frame) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, this one {len(frame)}")
        level_dbfs = float(frame_levels_dbfs(frame)[0])
        self._floor.hear(level_dbfs)
        if level_dbfs >= self._floor.level_dbfs + ABOVE_NOISE_DB:
            self._listen(frame if self._open_for else np.concatenate([*self._run_up, frame]))
            self._open_for = _HANG_FRAMES
        elif self._open_for:
            self._open_for -= 1
            self._listen(frame)
        if not self._open_for:
            self._speech = False
            self._silero.skip()
        self._run_up.append(frame)
        return Verdict(self._speech, level_dbfs)

    def reset(self) -> None:
        """Begin afresh, as with a new call."""
        self._floor.reset()
        self._silero.reset()
        self._run_up.clear()
        self._open_for = 0
        self._speech = False

    def _listen(self, pcm: Pcm) -> None:
        for probability in self._silero.feed(pcm):
            self._speech = probability >= (OFF_PROBABILITY if self._speech else ON_PROBABILITY)
