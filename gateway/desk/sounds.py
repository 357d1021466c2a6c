"""Texts grouped by how they sound: what many callers say in nearly the same words becomes one thing.

Leader clustering, deterministic: texts come the commonest first, and each joins the group whose first text sounds
closest, or begins one of its own. An index by syllable finds the few groups worth comparing with.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from gateway.dialogue.grammar.pinyin import distance, spoken

SAME = 0.15
"""Up to this distance (of `pinyin.distance`, 0.0 to 1.0) two texts are one thing; 交话费 and 查话费 lie 0.19 apart."""
_COMPARED = 6
"""Groups that a text is compared with, those with the most syllables in common."""
_STRANGE = 1 / 3
"""The share of its syllables that may be none of the group's, if one may not."""

_BEFORE = re.compile("^(?:[嗯呃额啊哦噢唉诶哎喂]|那个|这个|就是|你好|您好|请|麻烦|帮我|给我|我想|我要|我)+(?=..)")
_AFTER = re.compile("(?<=..)(?:[啊呀呢吧嘛哦啦了]|谢谢)+$")
_A_BIT = re.compile("(?<=[一-鿿])一?下(?=..)")
_TWICE = re.compile(r"(.)\1+")
_MERGED = str.maketrans({"r": "l", "n": "l", "h": "f", "v": "u"})


def essence(text: str) -> str:
    """What is said, without the words around it that anybody says; 看看 and 看一下 are 看."""
    said = _TWICE.sub(r"\1", _A_BIT.sub("", spoken(text).chars))
    return _AFTER.sub("", _BEFORE.sub("", said))


class Groups:
    """Takes texts, the commonest first, and tells the number of the group that each belongs to."""

    def __init__(self) -> None:
        self._leaders: list[str] = []
        self._lengths: list[int] = []
        self._by_syllable: dict[str, list[int]] = {}

    def __len__(self) -> int:
        return len(self._leaders)

    def place(self, text: str) -> int:
        """The number of its group, counted from 0; a new one when nothing sounds like it."""
        said = essence(text) or text
        length = len(spoken(said))
        syllables = set(_rough(spoken(said).syllables)) or {text}
        close = [(distance(said, self._leaders[group]), group) for group in self._near(syllables, length)]
        nearest = min(close, default=(1.0, -1))
        if nearest[0] <= SAME:
            return nearest[1]
        group = len(self._leaders)
        self._leaders.append(said)
        self._lengths.append(length)
        for syllable in sorted(syllables):
            self._by_syllable.setdefault(syllable, []).append(group)
        return group

    def _near(self, syllables: set[str], length: int) -> list[int]:
        shared = Counter(group for syllable in syllables for group in self._by_syllable.get(syllable, ()))
        least = len(syllables) - max(1.0, _STRANGE * len(syllables))
        likely = sorted(
            (-count, group)
            for group, count in shared.items()
            if count >= least and abs(self._lengths[group] - length) <= SAME * max(self._lengths[group], length)
        )
        return [group for _, group in likely[:_COMPARED]]


def _rough(syllables: Iterable[str]) -> Iterable[str]:
    """Syllables with what recognisers and dialects confuse merged."""
    for syllable in syllables:
        letters = syllable.replace("zh", "z").replace("ch", "c").replace("sh", "s").replace("ng", "n")
        yield letters[0].translate(_MERGED) + letters[1:].replace("v", "u")
