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
"""What a syllable loses that every option uses."""
_CANDIDATES = 3
"""Phrases of an option whose coverage is looked at, likeliest first."""
_CLAIM_LIKENESS, _CLAIM_COVERAGE = 0.85, 0.6
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
    syllables: int
    """How long the phrase is."""

    @property
    def score(self) -> float:
        return self.likeness * math.sqrt(self.coverage)


@dataclass(frozen=True, slots=True)
class _Grid:
    """All phrases laid along one utterance of n syllables."""

    weights: NDArray[np.float32]
    """Of the utterance's syllables: shape (n,)."""
    table: NDArray[np.float32]
    """From each of its syllables to each of the vocabulary: shape (n, vocabulary)."""
    paths: NDArray[np.float32]
    """Cost of a phrase's first j syllables laid to end at syllable i: shape (n + 1, phrases, longest + 1)."""
    likeness: NDArray[np.float32]
    """1 for a phrase that was said as it is: shape (phrases,)."""


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
        self._syllables = {syllable for _, _, sound in self.entries for syllable in sound.syllables}
        self._totals = self._weights.sum(axis=1)
        skipped = np.cumsum(self._weights, axis=1) * DELETION
        self._skipped = np.concatenate([np.zeros((len(self.entries), 1), np.float32), skipped], axis=1)

    def weights(self, sound: Spoken) -> NDArray[np.float32]:
        """How much each syllable says about which option is meant, 0.15 to 1.0: shape (n,)."""
        general = self._background.content(sound)
        own = [1.0 - _SHARED * self._sharing.get(syllable, 0.0) for syllable in sound.syllables]
        return np.maximum(_FLOOR, general * np.array(own, np.float32)).astype(np.float32)

    def align(self, sound: Spoken) -> dict[str, Alignment]:
        """The best alignment of every option, also of those that have nothing like it; empty for no syllables."""
        grid = self._lay(sound)
        if grid is None:
            return {}
        found: dict[str, list[Alignment]] = {}
        for row in np.argsort(-grid.likeness, kind="stable").tolist():
            places = found.setdefault(self.entries[row][0], [])
            if len(places) < _CANDIDATES:
                places.append(self._trace(row, grid))
        return {option: max(places, key=lambda place: place.score) for option, places in found.items()}

    def claims(self, sound: Spoken) -> bool:
        """Whether one of the phrases says just this: most of the phrase, and most of what was said."""
        content = self._background.content(sound)
        known = np.array([syllable in self._syllables for syllable in sound.syllables], bool)
        if content[known].sum() < 0.5 * content.sum():  # quick, and right for nearly all
            return False
        grid = self._lay(sound)
        close = [] if grid is None else np.flatnonzero(grid.likeness > _CLAIM_LIKENESS).tolist()
        return any(grid is not None and self._trace(row, grid).coverage > _CLAIM_COVERAGE for row in close)

    def _lay(self, sound: Spoken) -> _Grid | None:
        heard = Spoken(sound.chars[:MAX_SYLLABLES], sound.readings[:MAX_SYLLABLES])
        if not len(heard) or not self.entries:
            return None
        weights = self.weights(heard)
        table = costs(codes(heard.readings), self._vocabulary)
        paths = np.empty((len(table) + 1, *self._skipped.shape), np.float32)
        paths[0] = self._skipped
        for i, weight in enumerate(weights):
            step = paths[i] + INSERTION * weight
            step[:, 0] = 0.0  # a phrase may begin anywhere
            np.minimum(step[:, 1:], paths[i][:, :-1] + self._weights * table[i][self._index], out=step[:, 1:])
            paths[i + 1] = np.minimum.accumulate(step - self._skipped, axis=1) + self._skipped
        ends = paths[:, np.arange(len(self.entries)), self._lengths]
        return _Grid(weights, table, paths, np.maximum(0.0, 1.0 - ends.min(axis=0) / self._totals))

    def _trace(self, row: int, grid: _Grid) -> Alignment:
        option, text, sound = self.entries[row]
        path, own, index = grid.paths[:, row], self._weights[row], self._index[row]
        j = len(sound)
        end = start = i = int(path[:, j].argmin())
        covered = 0.0
        while i > 0 and j > 0:
            apart = grid.table[i - 1, index[j - 1]]
            said = path[i - 1, j - 1] + own[j - 1] * apart
            skipped, extra = path[i, j - 1] + DELETION * own[j - 1], path[i - 1, j] + INSERTION * grid.weights[i - 1]
            if said <= min(skipped, extra):
                i, j = i - 1, j - 1
                start = i
                covered += float(grid.weights[i] * (1.0 - apart))
            elif skipped <= extra:
                j -= 1
            else:
                i -= 1
        return Alignment(
            option, text, float(grid.likeness[row]), covered / float(grid.weights.sum()), start, end, len(sound)
        )


def _sharing(phrases: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """For each syllable, the share of the other options that use it too, 0.0 to 1.0."""
    users: dict[str, set[str]] = {}
    for option, texts in phrases.items():
        for text in texts:
            for syllable in spoken(text).syllables:
                users.setdefault(syllable, set()).add(option)
    others = max(1, len(phrases) - 1)
    return {syllable: (len(options) - 1) / others for syllable, options in users.items()}
