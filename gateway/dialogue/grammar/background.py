"""General Mandarin as the other side of every question: which syllables carry content, and what to refuse."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from gateway.dialogue.grammar.pinyin import Spoken, spoken

_LEAST = 0.2
_COMMON = 0.04
"""A syllable in this share of general utterances says nothing about content."""


class Background:
    """Utterances that belong to no menu.

    Args:
        lines: one utterance each.
    """

    def __init__(self, lines: tuple[str, ...]) -> None:
        self.lines = lines
        counts = Counter(syllable for line in lines for syllable in set(spoken(line).syllables))
        self._common = {syllable: min(1.0, count / len(lines) / _COMMON) for syllable, count in counts.items()}

    def content(self, sound: Spoken) -> NDArray[np.float32]:
        """How little each syllable belongs to grammar, 0.2 to 1.0: shape (n,)."""
        common = np.array([self._common.get(syllable, 0.0) for syllable in sound.syllables], np.float32)
        return np.asarray(1.0 - (1.0 - _LEAST) * np.sqrt(common), np.float32)


@cache
def general_background() -> Background:
    """The bundled utterances, read once."""
    text = resources.files(__package__).joinpath("background.txt").read_text(encoding="utf-8")
    lines = (line.strip() for line in text.splitlines())
    return Background(tuple(line for line in lines if line and not line.startswith("#")))
