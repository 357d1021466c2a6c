"""What our own recogniser makes of sound that somebody heard, for tests that ask whether it came through."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from asr.engine import Engine, transcribe
from asr.text import normalize_for_scoring
from gateway.media.frames import Pcm, ms_to_samples

_BALANCE = re.compile(r"35[元点]6角")

_EARLIER_MS = (300, 100, 0)
_LATER_MS = (100, 300, 500)


def words_of(
    engine: Engine, heard: Pcm, began_ms: float = 0.0, ended_ms: float | None = None, hints: Sequence[str] = ()
) -> str:
    """All that it makes of a stretch of int16 at 16 kHz, cut a little earlier or later each time, spaces between.

    It refuses some cuts of what it understands in others, so that a single one says little about the sound.
    """
    if ended_ms is None:
        ended_ms = len(heard) * 1000 / ms_to_samples(1000)
    cuts = {
        (ms_to_samples(max(0.0, began_ms - earlier_ms)), min(len(heard), ms_to_samples(ended_ms + later_ms)))
        for earlier_ms in _EARLIER_MS
        for later_ms in _LATER_MS
    }
    texts = (transcribe(engine, np.ascontiguousarray(heard[start:stop]), hints).text for start, stop in sorted(cuts))
    return " ".join(normalize_for_scoring(text) for text in texts)


def tells_the_balance(words: str) -> bool:
    """Whether 三十五元六角 was heard, what the bundled hotline's everyday caller has left; 元 may have become 点."""
    return _BALANCE.search(words) is not None
