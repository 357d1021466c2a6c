"""A light classifier over characters and sounds, built from a flow's own phrases when the flow loads.

It knows the wordings that no phrase aligns with: words of one option in another order, or two options' words mixed.
It learns to refuse from general Mandarin, and to bear recognition errors from phrases whose syllables were swapped for
near ones on purpose.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

import numpy as np

from gateway.dialogue.grammar.pinyin import Spoken, Syllable, spoken

REFUSE = ""
"""The class of what belongs to no option."""

_SEED = 20
_MERGED_INITIALS = {"zh": "z", "ch": "c", "sh": "s", "n": "l", "h": "f", "r": "l"}
_CONFUSED_INITIALS = ("n l r", "zh z j", "ch c q", "sh s x", "f h", "b p", "d t", "g k", "m n")
_CONFUSED_FINALS = (
    "an ang",
    "en eng",
    "in ing",
    "uan uang uen",
    "ian iang",
    "i v ei",
    "u ou",
    "uo o e",
    "ao ou",
    "ai ei",
)
_FRAMES = ("我想{}", "我要{}", "帮我{}一下", "那个{}谢谢", "你好请问{}")


_BLURRED, _LOST, _INITIAL_SHARE = 0.3, 0.3, 0.5
"""How often a syllable is taken for another, a long utterance loses one, and it is the initial that suffers."""
_LONG = 3
_UNWRITTEN = "?"


def _neighbours(groups: Sequence[str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(n for n in group.split() if n != name) for group in groups for name in group.split()}


_NEAR_INITIALS, _NEAR_FINALS = _neighbours(_CONFUSED_INITIALS), _neighbours(_CONFUSED_FINALS)


def _merged(syllable: Syllable) -> str:
    """The syllable as the least careful speaker says it."""
    final = "e" if syllable.final == "er" else syllable.final.replace("ng", "n")
    return _MERGED_INITIALS.get(syllable.initial, syllable.initial) + final


@lru_cache(maxsize=4096)
def features(sound: Spoken) -> tuple[str, ...]:
    """An utterance as a bag of n-grams: characters, syllables, and syllables as the least careful speaker says them."""
    first = [options[0] for options in sound.readings]
    merged = [_merged(s) for s in first]
    bag: list[str] = []
    for kind, names in (("c", list(sound.chars)), ("s", [s.toneless for s in first]), ("m", merged)):
        bag += [f"{kind}{name}" for name in names]
        bag += [f"{kind}{one}.{two}" for one, two in pairwise(names)]
    bag += [f"m{one}.{two}.{three}" for one, two, three in zip(merged, merged[1:], merged[2:], strict=False)]
    return tuple(bag)


@lru_cache(maxsize=4096)
def _misheard(text: str) -> Spoken:
    """The same words as a poor line delivers them: some syllables near their own, one perhaps lost."""
    chance = random.Random(text)  # noqa: S311  (repeatable training data, no secret)
    sound = spoken(text)
    lost = chance.randrange(len(sound)) if len(sound) > _LONG and chance.random() < _LOST else -1
    chars, readings = [], []
    for i, (char, options) in enumerate(zip(sound.chars, sound.readings, strict=True)):
        if i == lost:
            continue
        near = _neighbour(options[0], chance) if chance.random() < _BLURRED else None
        chars.append(char if near is None else _UNWRITTEN)
        readings.append(options if near is None else (near,))
    return Spoken("".join(chars), tuple(readings))


def _neighbour(syllable: Syllable, chance: random.Random) -> Syllable:
    """A syllable that is easily taken for this one, or this one where there is none."""
    initials, finals = _NEAR_INITIALS.get(syllable.initial, ()), _NEAR_FINALS.get(syllable.final, ())
    if initials and (not finals or chance.random() < _INITIAL_SHARE):
        return replace(syllable, initial=chance.choice(initials))
    return replace(syllable, final=chance.choice(finals)) if finals else syllable


def _frame(text: str) -> str:
    """A way to ask for it. It hangs on the text alone: options that share a phrase stay equals."""
    return _FRAMES[sum(map(ord, text)) % len(_FRAMES)]


def _examples(phrases: Mapping[str, Sequence[str]], background: Sequence[str]) -> Iterator[tuple[str, Spoken]]:
    """Every phrase as it is and framed, and everything once more as a poor line delivers it."""
    labelled = [(option, text) for option, texts in phrases.items() for text in texts]
    framed = [(option, _frame(text).format(text)) for option, text in labelled]
    refused = [(REFUSE, text) for text in background]
    for label, text in (*labelled, *framed, *refused):
        if len(sound := spoken(text)):
            yield label, sound
            yield label, _misheard(text)


class OptionClassifier:
    """Multinomial logistic regression over the options and `REFUSE`; deterministic.

    Args:
        phrases: option id -> its phrases.
        background: examples of `REFUSE`.
    """

    def __init__(self, phrases: Mapping[str, Sequence[str]], background: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression
        from threadpoolctl import threadpool_limits

        self._model: LogisticRegression | None = None
        if not any(len(spoken(text)) for texts in phrases.values() for text in texts):
            return
        rows = list(_examples(phrases, background))
        labels = [label for label, _ in rows]
        self._vectors = TfidfVectorizer(analyzer=features, sublinear_tf=True, min_df=2, dtype=np.float32)
        table = self._vectors.fit_transform([sound for _, sound in rows])
        self._model = LogisticRegression(C=20.0, max_iter=200, tol=1e-3, random_state=_SEED)
        with threadpool_limits(1):  # BLAS threads only wait for each other on tables this small: five times the time
            self._model.fit(table, labels)

    def probabilities(self, sound: Spoken) -> dict[str, float]:
        """Probability of each option and of `REFUSE`; they sum to 1."""
        if self._model is None:
            return {REFUSE: 1.0}
        row = self._model.predict_proba(self._vectors.transform([sound]))[0]
        return dict(zip(self._model.classes_.tolist(), row.tolist(), strict=True))
