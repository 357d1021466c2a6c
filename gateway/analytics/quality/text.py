"""Sentences made comparable: without marks and spaces, in one case and width, as characters and as sounds.

Sounds: each character as its likeliest toneless syllable, with what recognisers and dialects merge made one (zh/z,
ch/c, sh/s, n/l, ng/n). A syllable stands as one private character, so that sounds are searched as plain text is.
Characters are read one by one: 220 us for a sentence read as a whole, 3 us so, and both sides are read alike.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from functools import cached_property, lru_cache
from itertools import accumulate

from gateway.dialogue.grammar.pinyin import spoken

MAX_CHARACTERS = 2000
"""Of a segment, so many are compared; nobody says more in one go (seven minutes)."""
SOUND_WEIGHT = 0.7
"""Of the sounds in a likeness; the rest is the characters'. A recogniser's homophone costs only the latter."""
_ROOM = 1.3
"""A sentence said with words between is up to so much longer."""

_codes: dict[str, str] = {}


@lru_cache(maxsize=16_384)
def _folded(char: str) -> str:
    """The character in lower case and narrow; empty when it can't be said."""
    narrow = unicodedata.normalize("NFKC", char)
    one = (narrow if len(narrow) == 1 else char).lower()
    return one if len(one) == 1 and one.isalnum() else ""


@lru_cache(maxsize=16_384)
def _sound(char: str) -> str:
    """One character that stands for the syllable; the character itself when it has no reading."""
    syllables = spoken(char).syllables
    if len(syllables) != 1:
        return char
    rough = syllables[0].replace("zh", "z").replace("ch", "c").replace("sh", "s").replace("ng", "n")
    if rough[0] == "n" and len(rough) > 1:
        rough = "l" + rough[1:]
    return _codes.setdefault(rough, chr(0xE000 + len(_codes)))  # some 300 syllables; the private area has 6400


def fold(text: str) -> tuple[str, list[int]]:
    """What of the first `MAX_CHARACTERS` can be said, and where in `text` each of its characters stands."""
    kept = [(one, place) for place, char in enumerate(text[:MAX_CHARACTERS]) if (one := _folded(char))]
    return "".join(one for one, _ in kept), [place for _, place in kept]


class Heard:
    """One text, ready to be compared; what is computed once is kept."""

    def __init__(self, text: str) -> None:
        self.chars, self._places = fold(text)

    @cached_property
    def sounds(self) -> str:
        """One character a syllable, as long as `chars`."""
        return "".join(map(_sound, self.chars))

    @cached_property
    def grams(self) -> tuple[Counter[str], Counter[str]]:
        """Unigrams and bigrams of the characters, and of the sounds."""
        return _grams(self.chars), _grams(self.sounds)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `chars[start:end]` (not empty) stands in the text."""
        return self._places[start], self._places[end - 1] + 1

    def find(self, wanted: Heard, *, by_sound: bool) -> tuple[int, int] | None:
        """Where `wanted` is said first, as a span of the text."""
        where = self.sounds.find(wanted.sounds) if by_sound else self.chars.find(wanted.chars)
        return None if where < 0 else self.span(where, where + len(wanted.chars))


def alike(one: Heard, other: Heard) -> float:
    """How alike two texts are as wholes, 0.0 to 1.0: Dice's coefficient over n-grams of characters and sounds."""
    (chars, sounds), (other_chars, other_sounds) = one.grams, other.grams
    return (1 - SOUND_WEIGHT) * _dice(chars, other_chars) + SOUND_WEIGHT * _dice(sounds, other_sounds)


def likeness(sentence: Heard, text: Heard, at_least: float) -> tuple[float, tuple[int, int]] | None:
    """The stretch of `text` most like `sentence`: how much (`alike`), and its span; None below `at_least`.

    Stretches as long as the sentence and 1.3 times as long are compared, from every character on.
    """
    length, whole = len(sentence.chars), len(text.chars)
    known = set(sentence.sounds)
    shared = [0, *accumulate(sound in known for sound in text.sounds)]
    best: tuple[float, tuple[int, int]] | None = None
    for size in {min(whole, length), min(whole, round(_ROOM * length))} - {0}:
        least = at_least * (length + size) / 2
        for start in range(whole - size + 1):
            if shared[start + size] - shared[start] < least:  # for almost all stretches, at a hundredth of the cost
                continue
            score = _stretch(sentence, text, start, start + size)
            if score >= at_least and (best is None or score > best[0]):
                best = score, text.span(start, start + size)
    return best


def _stretch(sentence: Heard, text: Heard, start: int, end: int) -> float:
    chars, sounds = sentence.grams
    by_sound = _dice(sounds, _grams(text.sounds[start:end]))
    return SOUND_WEIGHT * by_sound + (1 - SOUND_WEIGHT) * _dice(chars, _grams(text.chars[start:end]))


def _grams(text: str) -> Counter[str]:
    grams = Counter(text)
    grams.update(text[at : at + 2] for at in range(len(text) - 1))
    return grams


def _dice(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    small, large = (one, other) if len(one) <= len(other) else (other, one)
    shared = sum(min(count, large[gram]) for gram, count in small.items())
    return 2 * shared / total if total else 0.0
