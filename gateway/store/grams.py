"""Runs of characters in many texts, counted at once: in how many texts each stands, and how far it has risen. Pure.

20,000 texts of 60 characters take 0.5 s on one core: sorting whole arrays, where a `Counter` of strings takes four.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MOST_CHARACTERS = 50_000
"""Different ones; four of them fit into 63 bits. Callers know a few thousand."""
MOST_CANDIDATES = 120
"""Of one length."""
WORTH_A_LOOK = 2.0
"""Standard deviations of the likelihood ratio; what has risen less is not made into words."""
PRIOR = 0.1
"""The prior's weight as a share of the texts."""

Ids = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Gram:
    """A run of characters that stands in more of the later texts than of the earlier."""

    word: str
    texts: Ids
    """Places among the later texts of those with it, rising."""
    before: int
    """How many of the earlier have it."""
    z: float
    """`log_odds`."""
    root: float
    """`likelihood_root`."""


class Corpus:
    """Texts as one row of numbers, one for each character; 0 between two sentences (spaces) and two texts.

    Args:
        earlier: texts to compare with.
        later: texts in which something may have risen.
    """

    def __init__(self, earlier: Sequence[str], later: Sequence[str]) -> None:
        self.earlier, self.later = len(earlier), len(later)
        texts = (*earlier, *later)
        # A closing 0 behind each text, and one before all, so that 0 is the first of the alphabet.
        joined = "\0" + "".join(f"{text}\0" for text in texts).replace(" ", "\0")
        points = np.frombuffer(joined.encode("utf-32-le", errors="surrogatepass"), dtype=np.uint32)
        self._alphabet, letters = np.unique(points, return_inverse=True)
        self._base = min(len(self._alphabet), MOST_CHARACTERS)
        self._letters = np.where(letters < self._base, letters, 0).astype(np.int64)
        lengths = np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))
        self._texts = np.concatenate(([0], np.repeat(np.arange(len(texts), dtype=np.int64), lengths)))

    def risen(self, size: int, least: int) -> tuple[list[Gram], int]:
        """The runs of `size` characters, 1 to 4, in at least so many later texts, that have risen; and how many such
        runs there are at all."""
        codes, texts = self._runs(size)
        if not len(codes):
            return [], 0
        starts = np.flatnonzero(np.concatenate(([True], codes[1:] != codes[:-1])))
        lengths = np.diff(np.concatenate((starts, [len(codes)])))
        later = np.add.reduceat((texts >= self.earlier).astype(np.int64), starts)
        enough = later >= least
        starts, lengths, later = starts[enough], lengths[enough], later[enough]
        earlier = lengths - later
        root = likelihood_root(later, earlier, self.later, self.earlier)
        z = log_odds(later, earlier, self.later, self.earlier)
        picked = np.flatnonzero(root > WORTH_A_LOOK)
        picked = picked[np.argsort(-root[picked], kind="stable")][:MOST_CANDIDATES]
        grams = []
        for at in picked:
            run = texts[starts[at] : starts[at] + lengths[at]]
            word = self._word(int(codes[starts[at]]), size)
            places = run[run >= self.earlier] - self.earlier
            grams.append(Gram(word, places, int(earlier[at]), float(z[at]), float(root[at])))
        return grams, len(later)

    def _runs(self, size: int) -> tuple[Ids, Ids]:
        """Codes of all runs, rising, each once a text; and their texts."""
        count = max(0, len(self._letters) - size + 1)
        codes, whole = np.zeros(count, np.int64), np.ones(count, np.bool_)
        for offset in range(size):
            part = self._letters[offset : offset + count]
            codes = codes * self._base + part
            whole &= part != 0
        codes, texts = codes[whole], self._texts[:count][whole]
        order = np.argsort(codes, kind="stable")  # stable: the texts of each code stay in order
        codes, texts = codes[order], texts[order]
        first = np.ones(len(codes), np.bool_)
        first[1:] = (codes[1:] != codes[:-1]) | (texts[1:] != texts[:-1])
        return codes[first], texts[first]

    def _word(self, code: int, size: int) -> str:
        letters = []
        for _ in range(size):
            code, letter = divmod(code, self._base)
            letters.append(chr(self._alphabet[letter]))
        return "".join(reversed(letters))


def log_odds(later: Ids, earlier: Ids, of_later: int, of_earlier: int) -> Reals:
    """The log-odds ratio with an informative Dirichlet prior, in standard deviations (Monroe et al. 2008, equations
    15 to 22); the prior is in how many of all texts a word stands.

    Args:
        later, earlier: in how many of the texts each word stands.
        of_later, of_earlier: how many texts there are.
    """
    of_all = of_later + of_earlier
    prior = PRIOR * (later + earlier)
    yes, no = later + prior, of_later + PRIOR * of_all - later - prior
    yes_earlier, no_earlier = earlier + prior, of_earlier + PRIOR * of_all - earlier - prior
    # What stands in every text has no odds; half a text more keeps the logarithm finite.
    odds = np.log(yes / (no + 0.5)) - np.log(yes_earlier / (no_earlier + 0.5))
    return np.asarray(odds / np.sqrt(1 / yes + 1 / yes_earlier))


def likelihood_root(later: Ids, earlier: Ids, of_later: int, of_earlier: int) -> Reals:
    """The signed root of the likelihood ratio (Dunning 1993): about normal where nothing has changed, however rare the
    word; positive for one that has risen. Arguments as for `log_odds`."""
    of_all = of_later + of_earlier
    share = (later + earlier) / of_all
    cells = (
        (later, of_later * share),
        (of_later - later, of_later * (1 - share)),
        (earlier, of_earlier * share),
        (of_earlier - earlier, of_earlier * (1 - share)),
    )
    ratio = sum(
        np.where(seen > 0, seen * np.log(np.maximum(seen, 1) / np.maximum(due, 1e-9)), 0.0) for seen, due in cells
    )
    return np.asarray(np.sign(later / of_later - earlier / of_earlier) * np.sqrt(2 * np.maximum(ratio, 0.0)))
