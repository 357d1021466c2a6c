"""Where in an utterance a phrase was said: local alignment by sound, all phrases of a menu at once.

The whole phrase is laid along some stretch of the utterance; what stands before and after costs nothing here (fillers),
but the alignment says how much of the utterance's content it covered, and an utterance whose content lies mostly
elsewhere is not a match.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gateway.dialogue.grammar.background import Background
from gateway.dialogue.grammar.pinyin import Spoken, codes, costs, spoken

DELETION = 0.9
"""A syllable of the phrase that was not said, in units of its weight."""
INSERTION = 0.45
"""A syllable said in the middle of the phrase, in units of its weight."""
_FLOOR = 0.15
_SHARED = 0.6
MAX_SYLLABLES = 80
"""A longer monologue is judged by its first syllables."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The best place of one phrase in an utterance; scores 0.0 to 1.0, weighted by content."""

    option: str
    phrase: str
    likeness: float
    """How much of the phrase was said."""
    coverage: float
    """How much of the utterance's content the phrase accounts for."""
    start: int
    end: int
    """The syllables of the utterance it lies on, end excluded."""

    @property
    def score(self) -> float:
        return self.likeness * math.sqrt(self.coverage)


class PhraseBook:
    """The phrases of one question, ready to be found in utterances.

    Args:
        phrases: option id -> its phrases. Phrases without a pronounceable syllable are left out.
        background: tells content from function words.
    """

    def __init__(self, phrases: Mapping[str, Sequence[str]], background: Background) -> None:
        self._background = background
        self._sharing = _sharing(phrases)
        said = [(option, text, spoken(text)) for option, texts in phrases.items() for text in dict.fromkeys(texts)]
        self.entries = [(option, text, sound) for option, text, sound in said if len(sound)]
        self._lengths = np.array([len(sound) for _, _, sound in self.entries], np.intp)
        distinct = dict.fromkeys(readings for _, _, sound in self.entries for readings in sound.readings)
        vocabulary = {readings: index for index, readings in enumerate(distinct)}
        self._vocabulary = codes(list(vocabulary))
        longest = int(self._lengths.max(initial=0))
        self._index = np.zeros((len(self.entries), longest), np.intp)
        self._weights = np.zeros((len(self.entries), longest), np.float32)
        for row, (_, _, sound) in enumerate(self.entries):
            self._index[row, : len(sound)] = [vocabulary[readings] for readings in sound.readings]
            self._weights[row, : len(sound)] = self.weights(sound)
        self._totals = self._weights.sum(axis=1)
        skipped = np.cumsum(self._weights, axis=1) * DELETION
        self._skipped = np.concatenate([np.zeros((len(self.entries), 1), np.float32), skipped], axis=1)

    def weights(self, sound: Spoken) -> NDArray[np.float32]:
        """How much each syllable says about which option is meant, 0.15 to 1.0: shape (n,)."""
        general = self._background.content(sound)
        own = [1.0 - _SHARED * self._sharing.get(syllable, 0.0) for syllable in sound.syllables]
        return np.maximum(_FLOOR, general * np.array(own, np.float32)).astype(np.float32)

    def align(self, sound: Spoken, *, best: int = 2) -> dict[str, list[Alignment]]:
        """The `best` alignments of each option, best first. Options that have nothing like it are there too."""
        heard = Spoken(sound.chars[:MAX_SYLLABLES], sound.readings[:MAX_SYLLABLES])
        if not len(heard) or not self.entries:
            return {}
        weights = self.weights(heard)
        table = costs(codes(heard.readings), self._vocabulary)
        rows = self._fill(table, weights)
        ends = rows[:, np.arange(len(self.entries)), self._lengths]  # (syllables + 1, phrases)
        order = np.argsort(ends.min(axis=0) / self._totals, kind="stable")
        found: dict[str, list[Alignment]] = {}
        for row in order.tolist():
            option = self.entries[row][0]
            if len(found.setdefault(option, [])) < best * 2:
                found[option].append(self._trace(row, rows[:, row], table, weights))
        return {option: sorted(each, key=lambda a: -a.score)[:best] for option, each in found.items()}

    def _fill(self, table: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """Costs of laying the first j syllables of a phrase so that they end at syllable i: (n + 1, phrases, L + 1)."""
        rows = np.empty((len(table) + 1, *self._skipped.shape), np.float32)
        rows[0] = self._skipped
        for i, weight in enumerate(weights):
            step = rows[i] + INSERTION * weight
            step[:, 0] = 0.0  # a phrase may begin anywhere
            np.minimum(step[:, 1:], rows[i][:, :-1] + self._weights * table[i][self._index], out=step[:, 1:])
            rows[i + 1] = np.minimum.accumulate(step - self._skipped, axis=1) + self._skipped
        return rows

    def _trace(
        self, row: int, cost: NDArray[np.float32], table: NDArray[np.float32], weights: NDArray[np.float32]
    ) -> Alignment:
        option, text, sound = self.entries[row]
        own, index = self._weights[row], self._index[row]
        j = len(sound)
        end = i = int(cost[:, j].argmin())
        covered = 0.0
        start = end
        while j > 0:
            here = float(cost[i, j]) - 1e-4
            if (
                i > 0
                and cost[i - 1, j - 1] + own[j - 1] * table[i - 1, index[j - 1]] >= here
                and (
                    abs(float(cost[i - 1, j - 1] + own[j - 1] * table[i - 1, index[j - 1]]) - float(cost[i, j])) < 1e-4
                )
            ):
                covered += float(weights[i - 1]) * max(0.0, 1.0 - float(table[i - 1, index[j - 1]]))
                i, j = i - 1, j - 1
                start = i
            elif abs(float(cost[i, j - 1]) + DELETION * float(own[j - 1]) - float(cost[i, j])) < 1e-4:
                j -= 1
            else:
                i -= 1
        likeness = 1.0 - float(cost[end, len(sound)]) / float(self._totals[row])
        return Alignment(option, text, max(0.0, likeness), covered / float(weights.sum()), start, end)


def _sharing(phrases: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """For each syllable, the share of the other options that use it too, 0.0 to 1.0."""
    users: dict[str, set[str]] = {}
    for option, texts in phrases.items():
        for text in texts:
            for syllable in spoken(text).syllables:
                users.setdefault(syllable, set()).add(option)
    others = max(1, len(phrases) - 1)
    return {syllable: (len(options) - 1) / others for syllable, options in users.items()}
