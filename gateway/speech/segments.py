"""Where speech begins and ends: onset with hysteresis, pre-roll, endpoint. Knows nothing of questions and prompts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from gateway.media.frames import FRAME_MS, Frame, Pcm

PRE_ROLL_FRAMES = 15
"""300 ms before the onset, or the first syllable is lost (sherpa-onnx#2746)."""
POST_ROLL_FRAMES = 10
"""200 ms after the last speech: a final consonant fades below what a detector calls speech."""
ONSET_FRAMES = 6
ONSET_WINDOW = 8
"""Speech begins when 6 of 8 frames (120 of 160 ms) are speech: a click isn't, a syllable is."""
RESUME_FRAMES = 3
"""60 ms in a row put off the endpoint; a blip of noise doesn't."""


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """One stretch of speech."""

    pcm: Pcm
    """With up to 300 ms before `start_ms` and 200 ms after `end_ms`."""
    start_ms: float
    end_ms: float
    ended_at_ms: float
    """The end of the frame that decided."""


class Segmenter:
    """Cuts one caller's frames into segments. Pure; counts in frames heard, so a stalled loop ends nothing."""

    def __init__(self) -> None:
        self._sound: list[Frame] = []
        self._window: deque[bool] = deque(maxlen=ONSET_WINDOW)
        self._onset: int | None = None
        self._end = 0
        self._run = 0
        self._start_ms = 0.0

    @property
    def speaking(self) -> bool:
        """A segment has begun and its end isn't certain."""
        return self._onset is not None

    @property
    def perhaps_speaking(self) -> bool:
        """A segment may be beginning right now."""
        return self._onset is None and sum(self._window) * 2 >= ONSET_FRAMES

    @property
    def start_ms(self) -> float:
        """Onset of the current segment."""
        return self._start_ms

    def tick(
        self, now_ms: float, frame: Frame, voiced: bool, *, silence_ms: float, max_speech_ms: float
    ) -> Segment | None:
        """Take the frame of `now_ms` to `now_ms` + 20; returns the segment that it ended, if it did.

        A segment ends after `silence_ms` without speech (not in a frame of speech, which may be the first of more), or
        when it has lasted `max_speech_ms`.
        """
        self._sound.append(frame)
        self._window.append(voiced)
        if self._onset is None:
            self._look_for_onset(now_ms)
            return None
        self._run = self._run + 1 if voiced else 0
        if self._run >= RESUME_FRAMES:
            self._end = len(self._sound)
        silent = (len(self._sound) - self._end) * FRAME_MS >= silence_ms and not voiced
        too_long = (len(self._sound) - self._onset) * FRAME_MS >= max_speech_ms
        if silent or too_long:
            return self._cut(self._onset, now_ms)
        return None

    def drop(self) -> None:
        """Forget the current segment; the next one needs an onset of its own."""
        self._onset = None
        self._sound.clear()
        self._window.clear()

    def _look_for_onset(self, now_ms: float) -> None:
        if sum(self._window) < ONSET_FRAMES:
            del self._sound[: -(PRE_ROLL_FRAMES + ONSET_WINDOW)]
            return
        since_onset = len(self._window) - list(self._window).index(True)
        self._start_ms = now_ms - (since_onset - 1) * FRAME_MS
        del self._sound[: -(since_onset + PRE_ROLL_FRAMES)]
        self._onset = len(self._sound) - since_onset
        self._end = len(self._sound)
        self._run = 1

    def _cut(self, onset: int, now_ms: float) -> Segment:
        pcm = np.concatenate(self._sound[: self._end + POST_ROLL_FRAMES])
        end_ms = self._start_ms + (self._end - onset) * FRAME_MS
        self._onset = None
        self._window.clear()
        del self._sound[: self._end]  # the silence after this segment is the pre-roll of the next
        return Segment(pcm, self._start_ms, end_ms, now_ms + FRAME_MS)
