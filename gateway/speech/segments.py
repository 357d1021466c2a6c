"""Where speech begins and ends: onset with hysteresis, pre-roll, endpoint. Knows nothing of questions and prompts."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, Frame, Pcm

PRE_ROLL_FRAMES = 15
"""300 ms before the onset, or the first syllable is lost (sherpa-onnx#2746)."""
POST_ROLL_FRAMES = 10
"""200 ms after the last speech: a final consonant fades below what a detector calls speech."""
ONSET_FRAMES = 6
ONSET_WINDOW = 8
"""Speech begins when 6 of 8 frames (120 of 160 ms) are speech: a click isn't, a syllable is."""
RESUME_FRAMES = 3
"""60 ms in a row put off the endpoint; a blip of noise doesn't."""
FADED_DB = 20.0
"""This far below the segment's mean level a frame is its fading: a detector says speech for 80 to 160 ms after the last
sound, and the endpoint would come that much later and claim to be quicker than it was."""


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
        self._window: deque[float | None] = deque(maxlen=ONSET_WINDOW)
        self._onset: int | None = None
        self._end = 0
        self._run = 0
        self._start_ms = 0.0
        self._level_sum_dbfs = 0.0
        self._levels = 0

    @property
    def speaking(self) -> bool:
        """A segment has begun and its end isn't certain."""
        return self._onset is not None

    @property
    def perhaps_speaking(self) -> bool:
        """A segment may be beginning right now."""
        return self._onset is None and len(self._speech_levels()) * 2 >= ONSET_FRAMES

    @property
    def start_ms(self) -> float:
        """Onset of the current segment."""
        return self._start_ms

    @property
    def end_ms(self) -> float:
        """Where the last speech of the current segment ends, so far."""
        return self._start_ms + (self._end - (self._onset or 0)) * FRAME_MS

    @property
    def pausing(self) -> bool:
        """It has just been quiet for the post-roll: if nothing more is said, the segment is `so_far`."""
        return self._onset is not None and len(self._sound) - self._end == POST_ROLL_FRAMES

    def sound_since(self, sample: int) -> Pcm:
        """The current segment's sound from its `sample` on, counted from the beginning of its pre-roll."""
        frames = self._sound[sample // FRAME_SAMPLES :]
        return np.concatenate(frames)[sample % FRAME_SAMPLES :] if frames else np.zeros(0, np.int16)

    def so_far(self, now_ms: float) -> Segment | None:
        """The current segment as if it had ended now; None when nobody speaks. Changes nothing."""
        return None if self._onset is None else self._made(now_ms)

    def tick(
        self, now_ms: float, frame: Frame, level_dbfs: float | None, *, silence_ms: float, max_speech_ms: float
    ) -> Segment | None:
        """Take the frame of `now_ms` to `now_ms` + 20; returns the segment that it ended, if it did.

        `level_dbfs` is the level of a frame of speech, None for any other.
        A segment ends after `silence_ms` without speech (not in a frame of speech, which may be the first of more), or
        when it has lasted `max_speech_ms`.
        """
        self._sound.append(frame)
        self._window.append(level_dbfs)
        if self._onset is None:
            self._look_for_onset(now_ms)
            return None
        voiced = level_dbfs is not None and self._carries(level_dbfs)
        self._run = self._run + 1 if voiced else 0
        if self._run >= RESUME_FRAMES:
            self._end = len(self._sound)
        silent = (len(self._sound) - self._end) * FRAME_MS >= silence_ms and not voiced
        too_long = (len(self._sound) - self._onset) * FRAME_MS >= max_speech_ms
        if silent or too_long:
            return self._cut(now_ms)
        return None

    def finish(self, now_ms: float) -> Segment | None:
        """End the current segment now, as when the line goes dead; None when nobody speaks."""
        return None if self._onset is None else self._cut(now_ms)

    def drop(self) -> None:
        """Forget the current segment; the next one needs an onset of its own."""
        self._onset = None
        self._sound.clear()
        self._window.clear()

    def _speech_levels(self) -> list[float]:
        return [level_dbfs for level_dbfs in self._window if level_dbfs is not None]

    def _carries(self, level_dbfs: float) -> bool:
        """Whether a frame of speech is loud enough to be the caller still speaking."""
        if level_dbfs < self._level_sum_dbfs / self._levels - FADED_DB:
            return False
        self._level_sum_dbfs += level_dbfs
        self._levels += 1
        return True

    def _look_for_onset(self, now_ms: float) -> None:
        levels_dbfs = self._speech_levels()
        if len(levels_dbfs) < ONSET_FRAMES:
            del self._sound[: -(PRE_ROLL_FRAMES + ONSET_WINDOW)]
            return
        self._level_sum_dbfs, self._levels = sum(levels_dbfs), len(levels_dbfs)
        since_onset = len(self._window) - next(place for place, level in enumerate(self._window) if level is not None)
        self._start_ms = now_ms - (since_onset - 1) * FRAME_MS
        del self._sound[: -(since_onset + PRE_ROLL_FRAMES)]
        self._onset = len(self._sound) - since_onset
        self._end = len(self._sound)
        self._run = RESUME_FRAMES

    def _cut(self, now_ms: float) -> Segment:
        segment = self._made(now_ms)
        self._onset = None
        self._window.clear()
        del self._sound[: self._end]  # the silence after this segment is the pre-roll of the next
        return segment

    def _made(self, now_ms: float) -> Segment:
        pcm = np.concatenate(self._sound[: self._end + POST_ROLL_FRAMES])
        return Segment(pcm, self._start_ms, self.end_ms, now_ms + FRAME_MS)
