"""Whether what is said over a prompt is to stop it: a request does, a 嗯 or a cough or a television doesn't.

Two looks. When 300 ms of voice have come in, the sound itself may say that this is no 嗯 or 好的: the prompt stops at
once. Otherwise it waits for more: a request goes on and stops the prompt then, a back-channel ends. So does a short
request, such as 人工: what ended undecided is left to its words.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from asr.windows import frame_levels_dbfs
from gateway.media.frames import Frame, Pcm
from gateway.speech.backchannel import may_be_backchannel

VOICE_FRAMES = 15
"""The first look: after 300 ms of voice."""
LONG_FRAMES = 30
"""The second: 600 ms."""
ADDED_FRAMES = 45
"""Or 900 ms in several bursts that each had the first look: who pauses and goes on has more to say than 嗯."""
GAP_FRAMES = 4
"""A pause of 80 ms ends a burst: coughs don't add up, nor do 哦 and 好的. A detector fills the gaps within a word."""
MASKED = 0.25
"""An echo may hide a piece of a word for longer than that."""
LEAST_SHARE = 0.5
"""What pokes out of an echo now and then is no voice."""
BACKDATED_FRAMES = 6
"""A detector is sure 60 to 120 ms late; what was as loud just before belongs to the voice."""
BACKDATED_DB = 10.0
BACKGROUND_DB = 12.0
"""Who is so much fainter than the caller's own speech in this call is somebody behind them, or a television."""
LEAST_SAMPLE = 8000
"""Half a second: a shorter answer doesn't tell how loud the caller usually is."""


class _Heard(NamedTuple):
    frame: Frame
    level_dbfs: float
    voiced: bool


class BargeInJudge:
    """Follows the sound of one call over its prompts. Pure; counts in frames.

    Args:
        may_be_backchannel: whether a voice that begins like this (300 ms) may be saying no more than 嗯 or 好的.
    """

    def __init__(self, may_be_backchannel: Callable[[Pcm], bool] = may_be_backchannel) -> None:
        self._may_be_backchannel = may_be_backchannel
        self._before: deque[_Heard] = deque(maxlen=BACKDATED_FRAMES)
        self._burst: list[_Heard] = []
        self._gap = 0.0
        self._added = 0
        self._waits = False
        self._waited = False
        self._usual_dbfs: float | None = None

    @property
    def undecided(self) -> bool:
        """There were 300 ms of voice, and it wasn't plain that they should stop the prompt: the words will tell."""
        return self._waited

    def begin(self) -> None:
        """What was said so far counts no more: another question, or it was an echo."""
        self._before.clear()
        self._burst.clear()
        self._added = 0
        self._waits = self._waited = False

    def learn(self, answer: Pcm) -> None:
        """How loud the caller is in what was taken as an answer."""
        if len(answer) < LEAST_SAMPLE:
            return
        power = 10 ** (frame_levels_dbfs(answer) / 10)
        level_dbfs = _dbfs(power[power > power.max() / 1000])
        usual_dbfs = level_dbfs if self._usual_dbfs is None else (self._usual_dbfs + level_dbfs) / 2
        self._usual_dbfs = max(usual_dbfs, level_dbfs)

    def hear(self, frame: Frame, level_dbfs: float, voiced: bool, *, masked: bool = False) -> bool:
        """Take the next 20 ms over a prompt that speech may cut; whether it is to stop now.

        `masked`: the frame is no voice, but only because an echo hides what may be in it.
        """
        now = _Heard(frame, level_dbfs, voiced)
        self._gap = 0 if voiced else self._gap + (MASKED if masked else 1)
        if not voiced and (not self._burst or self._gap >= GAP_FRAMES):
            voice = sum(heard.voiced for heard in self._burst)
            self._added += voice if voice >= VOICE_FRAMES else 0
            self._before.extend([*self._burst[-BACKDATED_FRAMES:], now])
            self._burst.clear()
            self._waits = False
        if not voiced:
            if self._burst:
                self._burst.append(now)
            return False
        if not self._burst:
            self._burst = self._just_before(level_dbfs)
            self._before.clear()
        self._burst.append(now)
        return self._decide()

    def _decide(self) -> bool:
        voice = sum(heard.voiced for heard in self._burst)
        if voice < max(VOICE_FRAMES, LEAST_SHARE * len(self._burst)) or self._is_background():
            return False
        if voice < LONG_FRAMES and not self._waits:
            sound = np.concatenate([heard.frame for heard in self._burst[:VOICE_FRAMES]])
            self._waits = self._waited = self._may_be_backchannel(sound)
        return voice >= LONG_FRAMES or voice + self._added >= ADDED_FRAMES or not self._waits

    def _just_before(self, level_dbfs: float) -> list[_Heard]:
        """What belongs to a voice that begins now, although the detector wasn't sure yet."""
        loud: list[_Heard] = []
        for heard in reversed(self._before):
            if heard.level_dbfs < level_dbfs - BACKDATED_DB:
                break
            loud.insert(0, _Heard(heard.frame, heard.level_dbfs, voiced=True))
        return loud

    def _is_background(self) -> bool:
        if self._usual_dbfs is None:
            return False
        power = np.array([10 ** (heard.level_dbfs / 10) for heard in self._burst if heard.voiced])
        return _dbfs(power) < self._usual_dbfs - BACKGROUND_DB


def _dbfs(power: NDArray[np.float64]) -> float:
    return 10 * float(np.log10(max(float(np.mean(power)), 1e-12)))
