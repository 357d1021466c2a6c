"""What the benchmarks of whole calls share: a scripted caller's end of the line, and goals beside what was measured."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from asr.windows import frame_levels_dbfs
from gateway.media.frames import FRAME_MS, Frame, Pcm
from gateway.transport.leg import CALLER_HUNG_UP, HandOver, LegInfo, LegInput

HEARD_DB = 30.0
"""What lies further below the loudest 20 ms isn't counted as sound."""


@dataclass(kw_only=True)
class Caller:
    """Calls the bundled hotline and hears nothing; `receive` is its script's."""

    number: str

    @property
    def info(self) -> LegInfo:
        return LegInfo(self.number, "mobile_hotline", "loopback")

    @property
    def line(self) -> None:
        return None

    def send(self, frame: Frame) -> None:
        """Nobody listens."""

    def transfer(self, queue: str) -> None:
        """Taken at once."""

    def hang_up(self, reason: str) -> None:
        """The call is over by itself."""


def spoken(frame: Frame, *, over: bool) -> LegInput:
    """What a caller's end gives in one tick."""
    return LegInput(frame, (), hung_up=over, reason=CALLER_HUNG_UP, handed_over=HandOver(ok=True))


def sounding_ms(pcm: Pcm) -> tuple[float, float]:
    """Where the first sound begins and the last one ends."""
    levels = frame_levels_dbfs(pcm)
    loud = np.flatnonzero(levels >= levels.max() - HEARD_DB)
    return float(loud[0]) * FRAME_MS, float(loud[-1] + 1) * FRAME_MS


def told(found: Mapping[str, Any], goals: Sequence[tuple[str, bool]]) -> int:
    """Print the goals, or with `--json` all that was found; the exit status: 1 when a goal is missed."""
    if "--json" in sys.argv[1:]:
        print(json.dumps(found, ensure_ascii=False))
    else:
        for goal, met in goals:
            print(f"  {'met   ' if met else 'MISSED'}  {goal}")
    return 0 if all(met for _, met in goals) else 1
