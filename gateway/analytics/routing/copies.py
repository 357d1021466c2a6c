"""Training examples once more, as recognisers hear them and as callers wrap them: repeatable, from a seed of the text.

They do what recognisers and callers do in Mandarin: a character becomes another of (nearly) the same sound, a syllable
is lost or doubled, a greeting or filler stands before the matter, a courtesy, a complaint or thanks behind it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from gateway.analytics.routing.book import Around
from gateway.analytics.routing.features import sound_of

_MISHEARD, _LOST, _DOUBLED = 0.16, 0.04, 0.02
"""How often a character of a misheard copy is another, is lost, or is said twice."""
_HAS_OPENING, _HAS_CLOSING, _HAS_ASIDE = 0.75, 0.4, 0.5
_NEAR = {
    "an": "ai", "in": "i", "en": "e", "ian": "ie", "uo": "ou", "ou": "u", "ao": "o", "ei": "i", "ie": "i", "u": "ou",
    "b": "p", "p": "b", "d": "t", "t": "d", "g": "k", "k": "g", "j": "z", "q": "c", "x": "s", "z": "j", "c": "q",
    "s": "x",
}  # fmt: skip
"""Initials and finals that a telephone line blurs, beyond those that `merged` makes one."""
_NEAR_SHARE = 0.25


class Copier:
    """Makes copies of texts.

    Args:
        texts: whatever is said in them is what a character may be misheard as.
        around: what callers say before and after a matter.
    """

    def __init__(self, texts: Iterable[str], around: Around) -> None:
        self._openings, self._closings, self._asides = (
            tuple(phrases) or ("",) for phrases in (around.openings, around.closings, around.asides)
        )
        chars = sorted({char for text in texts for char in text})
        alike: defaultdict[str, list[str]] = defaultdict(list)
        for char in chars:
            if name := sound_of(char):
                alike[name].append(char)
        self._alike: Mapping[str, Sequence[str]] = alike

    def wrapped(self, text: str, chance: random.Random, *, asides: bool) -> str:
        """With a greeting or filler before it, a courtesy or particle behind it, or what callers add to any matter."""
        opening = chance.choice(self._openings) if chance.random() < _HAS_OPENING else ""
        closing = chance.choice(self._closings) if chance.random() < _HAS_CLOSING else ""
        if not asides or chance.random() >= _HAS_ASIDE:
            return opening + text + closing
        aside = chance.choice(self._asides)
        return opening + aside + text + closing if chance.random() < 0.5 else opening + text + aside

    def misheard(self, text: str, chance: random.Random) -> str:
        """As a recogniser writes it on a poor line. A text of one or two characters keeps them all."""
        heard: list[str] = []
        for char in text:
            fate = chance.random()
            if fate < _MISHEARD:
                heard.append(self._alike_to(char, chance))
            elif fate < _MISHEARD + _LOST and len(text) > 3:
                continue
            elif fate < _MISHEARD + _LOST + _DOUBLED:
                heard.append(char + char)
            else:
                heard.append(char)
        return "".join(heard)

    def _alike_to(self, char: str, chance: random.Random) -> str:
        name = sound_of(char)
        if name is None:
            return char
        if chance.random() < _NEAR_SHARE:
            near = [name.replace(part, other, 1) for part, other in _NEAR.items() if part in name]
            near = [one for one in near if one in self._alike]
            name = chance.choice(near) if near else name
        others = [one for one in self._alike.get(name, ()) if one != char]
        return chance.choice(others) if others else char


def copies(text: str, copier: Copier, number: int, *, asides: bool = True) -> list[str]:
    """`number` copies of a text: the first misheard, the second wrapped, the third both, and so on.

    Args:
        asides: wrap it in complaints and thanks too; not for what belongs to no route, which is made of those.
    """
    chance = random.Random(text)  # noqa: S311  (repeatable training data, no secret)
    made = []
    for index in range(number):
        kind = index % 3
        copy = copier.wrapped(text, chance, asides=asides) if kind else text
        made.append(copier.misheard(copy, chance) if kind != 1 else copy)
    return made
