"""Speech or not, for every 20 ms of a call: webrtcvad gates, Silero confirms.

Silero costs ten times what webrtcvad does, so it listens only while the gate is open and for a moment longer. It then
hears the quarter second before as well, because it needs a run-up to be sure.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from asr.engine import Pcm
from asr.vad.gate import Gate
from asr.vad.silero import Silero
from asr.windows import FRAME_SAMPLES, frame_levels_dbfs

ON_PROBABILITY = 0.5
OFF_PROBABILITY = 0.35
"""Silero's recommended hysteresis: speech begins at the one and ends below the other."""

FLOOR_DBFS = -60.0
"""What is quieter than this is the line's own noise."""

_RUN_UP_FRAMES = 12
_HANG_FRAMES = 15


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one frame is."""

    speech: bool
    level_dbfs: float
    """RMS over the frame; -120 for digital silence."""


class SpeechDetector:
    """The ear of one call. Not thread-safe; about 2.5 MB each.

    Args:
        aggressiveness: of the gate, 0 to 3.
    """

    def __init__(self, aggressiveness: int = 2) -> None:
        self._gate = Gate(aggressiveness)
        self._silero = Silero()
        self._run_up: deque[Pcm] = deque(maxlen=_RUN_UP_FRAMES)
        self._open_for = 0
        self._speech = False

    def accept(self, frame: Pcm) -> Verdict:
        """Judge the next 20 ms: int16 at 16 kHz, shape (320,).

        Raises:
            ValueError: the frame has another length.
        """
        if len(frame) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, this one {len(frame)}")
        level_dbfs = float(frame_levels_dbfs(frame)[0])
        if level_dbfs >= FLOOR_DBFS and self._gate.is_speech(frame):
            if not self._open_for:
                self._silero.reset()
                self._listen(np.concatenate([*self._run_up, frame]))
            else:
                self._listen(frame)
            self._open_for = _HANG_FRAMES
        elif self._open_for:
            self._open_for -= 1
            self._listen(frame)
        if not self._open_for:
            self._speech = False
        self._run_up.append(frame)
        return Verdict(self._speech, level_dbfs)

    def reset(self) -> None:
        """Begin afresh, as with a new call."""
        self._gate.reset()
        self._silero.reset()
        self._run_up.clear()
        self._open_for = 0
        self._speech = False

    def _listen(self, pcm: Pcm) -> None:
        for probability in self._silero.feed(pcm):
            self._speech = probability >= (OFF_PROBABILITY if self._speech else ON_PROBABILITY)
