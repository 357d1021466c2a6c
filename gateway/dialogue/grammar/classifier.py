"""A light classifier over characters and sounds, built from a flow's own phrases when the flow loads.

It knows the wordings that no phrase aligns with: words of one option in another order, or two options' words mixed.
It learns to refuse from general Mandarin, and to bear recognition errors from phrases whose syllables were swapped for
near ones on purpose.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from gateway.dialogue.grammar.pinyin import Readings, Spoken, Syllable, spoken

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


def _neighbours(groups: Sequence[str]) -> dict[str, list[str]]:
    return {name: [n for n in group.split() if n != name] for group in groups for name in group.split()}


_NEAR_INITIALS, _NEAR_FINALS = _neighbours(_CONFUSED_INITIALS), _neighbours(_CONFUSED_FINALS)


def _merged(syllable: Syllable) -> str:
    """The syllable as the least careful speaker says it."""
    return _MERGED_INITIALS.get(syllable.initial, syllable.initial) + syllable.final.replace("ng", "n")


def features(sound: Spoken) -> list[str]:
    """An utterance as a bag of character, syllable, initial and final n-grams."""
    first = [options[0] for options in sound.readings]
    exact, merged = [s.toneless for s in first], [_merged(s) for s in first]
    initials, finals = [s.initial for s in first], [s.final for s in first]
    bag = [f"c{char}" for char in sound.chars] + [f"s{s}" for s in exact] + [f"m{s}" for s in merged]
    for size, kinds in ((2, "csmif"), (3, "mif")):
        streams = {"c": list(sound.chars), "s": exact, "m": merged, "i": initials, "f": finals}
        for kind in kinds:
            names = streams[kind]
            bag += [f"{kind}{size}" + ".".join(names[i : i + size]) for i in range(len(names) - size + 1)]
    return bag


def _misheard(sound: Spoken, chance: random.Random) -> Spoken:
    """The same words as a poor line delivers them: some syllables near their own, one perhaps lost."""
    chars, readings = [], []
    lost = chance.randrange(len(sound)) if len(sound) > 3 and chance.random() < 0.3 else -1
    for i, (char, options) in enumerate(zip(sound.chars, sound.readings, strict=True)):
        if i == lost:
            continue
        said: Readings = options
        if chance.random() < 0.3:
            s = options[0]
            initial, final = s.initial, s.final
            if chance.random() < 0.5 and s.initial in _NEAR_INITIALS:
                initial = chance.choice(_NEAR_INITIALS[s.initial])
            elif s.final in _NEAR_FINALS:
                final = chance.choice(_NEAR_FINALS[s.final])
            said, char = (Syllable(initial, final, s.tone),), "?"  # noqa: PLW2901
        chars.append(char)
        readings.append(said)
    return Spoken("".join(chars), tuple(readings))


def _examples(phrases: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, Spoken]]:
    chance = random.Random(_SEED)  # noqa: S311  (repeatable training data, no secret)
    for option, texts in phrases.items():
        for text in texts:
            plain = spoken(text)
            framed = spoken(chance.choice(_FRAMES).format(text))
            for sound in (plain, framed, _misheard(plain, chance), _misheard(framed, chance)) if len(plain) else ():
                yield option, sound


class OptionClassifier:
    """Multinomial logistic regression over the options and `REFUSE`; deterministic.

    Args:
        phrases: option id -> its phrases.
        background: examples of `REFUSE`.
    """

    def __init__(self, phrases: Mapping[str, Sequence[str]], background: Sequence[str]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer
        from sklearn.linear_model import LogisticRegression

        self._model: LogisticRegression | None = None
        if not any(len(spoken(text)) for texts in phrases.values() for text in texts):
            return
        rows = list(_examples(phrases)) + [(REFUSE, sound) for text in background if len(sound := spoken(text))]
        labels = [label for label, _ in rows]
        self._vectors = TfidfVectorizer(analyzer=features, sublinear_tf=True, dtype=np.float32)
        table = self._vectors.fit_transform([sound for _, sound in rows])
        self._model = LogisticRegression(C=20.0, max_iter=60, tol=1e-2, random_state=_SEED)
        self._model.fit(table, labels)

    def probabilities(self, sound: Spoken) -> dict[str, float]:
        """Probability of each option and of `REFUSE`; they sum to 1."""
        if self._model is None:
            return {REFUSE: 1.0}
        row = self._model.predict_proba(self._vectors.transform([sound]))[0]
        return dict(zip(self._model.classes_.tolist(), row.tolist(), strict=True))
