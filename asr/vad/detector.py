"""Speech or not, for every 20 ms of a call: what rises above the line's noise is judged by Silero.

Silero is small but not free, so it listens only while something is louder than the noise floor and for half a second
more; it then hears up to a second before as well, because it needs a run-up to be sure. Its state is kept over the
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

LOUD_ABOVE_NOISE_DB = 20.0
LOUD_ON_PROBABILITY, LOUD_OFF_PROBABILITY = 0.3, 0.2
"""Where the last 200 ms reach this far above the noise. On a quiet line Silero is slow to believe in one syllable:
of 108 answers like 不 and 五, 67 % gave 100 ms of speech with a run-up of 240 ms, 89 % with one of a second, and 96 %
with these too. With 0.2 and 0.12 more than a third of keys' tones became speech."""

ABOVE_NOISE_DB = 6.0
"""Steady noise stays below this. Recall and false alarms were alike at 4, 6 and 8 dB; more of it saves CPU."""

_RUN_UP_FRAMES = 50
_HANG_FRAMES = 25
_LOUD_FRAMES = 10


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
        self._unheard: deque[Pcm] = deque(maxlen=_RUN_UP_FRAMES)
        """The latest of what Silero was not given."""
        self._levels_dbfs: deque[float] = deque(maxlen=_LOUD_FRAMES)
        self._open_for = 0
        self._speech = False

    @property
    def noise_dbfs(self) -> float:
        """The noise floor of the line."""
        return self._floor.level_dbfs

    def accept(self, frame: Pcm, *, wary: bool = False) -> Verdict:
        """Judge the next 20 ms.

        Args:
            frame: int16 at 16 kHz, shape (320,).
            wary: rather miss a syllable than take a sound for one: while a prompt plays, an office behind the caller
                shall not stop it.

        Raises:
            ValueError: the frame has another length.
        """
        if len(frame) != FRAME_SAMPLES:
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, this one {len(frame)}")
        level_dbfs = float(frame_levels_dbfs(frame)[0])
        self._floor.hear(level_dbfs)
        self._levels_dbfs.append(level_dbfs)
        if level_dbfs >= self._floor.level_dbfs + ABOVE_NOISE_DB:
            self._listen(np.concatenate([*self._unheard, frame]), wary)
            self._unheard.clear()
            self._open_for = _HANG_FRAMES
        elif self._open_for:
            self._open_for -= 1
            self._listen(frame, wary)
        else:
            self._unheard.append(frame)
        if not self._open_for:
            self._speech = False
            self._silero.skip()
        return Verdict(self._speech, level_dbfs)

    def reset(self) -> None:
        """Begin afresh, as with a new call."""
        self._floor.reset()
        self._silero.reset()
        self._unheard.clear()
        self._levels_dbfs.clear()
        self._open_for = 0
        self._speech = False

    def _listen(self, pcm: Pcm, wary: bool) -> None:
        loud = max(self._levels_dbfs) >= self._floor.level_dbfs + LOUD_ABOVE_NOISE_DB
        believing = loud and not wary
        on, off = (LOUD_ON_PROBABILITY, LOUD_OFF_PROBABILITY) if believing else (ON_PROBABILITY, OFF_PROBABILITY)
        for probability in self._silero.feed(pcm):
            self._speech = probability >= (off if self._speech else on)
