"""Words of a vosk model: the grammar made from what a question expects, and text made from what was heard.

A Kaldi graph knows whole words, parted by spaces, and only those of its vocabulary. 查话费 has to be cut into words
that the model has (查 话费) before it can be expected, and what is heard as 查 话费 is put together again.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from asr.engine import AnswerKind

UNKNOWN_WORD = "[unk]"
"""In a vocabulary that has it: any sound that is none of the other words."""

LONGEST_WORD = 12
"""Characters. The longest words of Chinese vocabularies are names of about ten."""

Knows = Callable[[str], bool]
"""Whether a word is in the model's vocabulary."""

Words = tuple[str, ...]

_NOISES = frozenset({UNKNOWN_WORD, "<unk>", "<UNK>", "<SPOKEN_NOISE>", "[noise]", "[laughter]", "!SIL", "<eps>"})

_HAN = r"\u3400-\u9fff\uf900-\ufaff"
_BETWEEN_HAN = re.compile(rf"(?<=[{_HAN}]) +(?=[{_HAN}])")
_PIECE = re.compile(r"[\w']+")
_ATOM = re.compile(r"[A-Za-z']+|.")
"""Letters of a Latin word stay together; any other script may be cut after each character."""
_SPOKEN_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")

_DIGITS = "零一二三四五六七八九幺"
_NUMBERS = "零一二两三四五六七八九十百千万亿点"
_CLOSED_WORDS: dict[AnswerKind, str] = {
    "digits": _DIGITS,
    "phone": _DIGITS,
    "id_card": _DIGITS + "x",
    "number": _NUMBERS,
    "amount": _NUMBERS + "块元毛角分",
    "date": "零一二三四五六七八九十年月日号",
    "month": "零一二三四五六七八九十年月",
    "yes_no": "是对好行要不",
}


@dataclass(frozen=True)
class Grammar:
    """What is expected, in words that the model has."""

    phrases: tuple[Words, ...]
    """The hints."""
    closed: Words = ()
    """Words of a closed answer, said one after the other."""
    runs: tuple[Words, ...] = ()
    """What only shows the model which words follow each other."""

    @cached_property
    def json(self) -> str:
        """What vosk takes. It makes a bigram model of it: a leaning and no fence, parts of phrases get mixed."""
        lines = [*self.phrases, *((word,) for word in self.closed), *self.runs]
        return json.dumps([" ".join(words) for words in lines], ensure_ascii=False)

    def covers(self, words: Sequence[str]) -> bool:
        """Whether the words are one whole hint, words of a closed answer, or both; noises don't count.

        Two hints in a row are not: callers say one, and a grammar that is forced on anything else likes to say two.
        """
        spoken = without_noises(words)
        fewest: list[float] = [0.0] + [math.inf] * len(spoken)
        """Hints needed to come to each place."""
        for start, word in enumerate(spoken):
            if word in self.closed:
                fewest[start + 1] = min(fewest[start + 1], fewest[start])
            for phrase in self.phrases:
                if spoken[start : start + len(phrase)] == phrase:
                    fewest[start + len(phrase)] = min(fewest[start + len(phrase)], fewest[start] + 1)
        return bool(spoken) and fewest[-1] <= 1


def grammar_of(hints: Sequence[str], kinds: Iterable[AnswerKind], knows: Knows) -> Grammar | None:
    """The grammar of a question; None when it expects nothing that the model could hear.

    Args:
        hints: the phrases that are expected.
        kinds: of closed answers, what is expected.
        knows: whether the model has a word.
    """
    phrases = [words for hint in hints if (words := segment(hint, knows))]
    said = dict.fromkeys("".join(_CLOSED_WORDS[kind] for kind in kinds))
    closed = tuple(word for word in said if knows(word))
    if not phrases and not closed:
        return None
    runs = [every_pair(closed)] if closed else []
    if knows(UNKNOWN_WORD):
        runs.append((UNKNOWN_WORD,))
    return Grammar(tuple(dict.fromkeys(phrases)), closed, tuple(runs))


def join_words(words: Iterable[str]) -> str:
    """Text of a model's words: no spaces between Han characters, one space elsewhere, no noises."""
    return _BETWEEN_HAN.sub("", " ".join(without_noises(words)))


def without_noises(words: Iterable[str]) -> Words:
    """The words without those that stand for sounds: `[unk]`, `[laughter]` and the like."""
    return tuple(word for word in words if word not in _NOISES)


def segment(phrase: str, knows: Knows) -> Words | None:
    """Cut a phrase into as few words of the vocabulary as possible; of equally few, the first ones are the longest.

    Punctuation parts words and is dropped. Digits that the vocabulary lacks are taken as spoken in Chinese, one by one.

    Returns:
        The words; None when no way of cutting gives known words only, or nothing is left to cut.
    """
    words: list[str] = []
    for piece in _PIECE.findall(phrase):
        lower = piece.lower()
        cut = _cut(piece, knows) or _cut(lower, knows) or _cut(lower.translate(_SPOKEN_DIGITS), knows)
        if cut is None:
            return None
        words += cut
    return tuple(words) or None


def _cut(piece: str, knows: Knows) -> Words | None:
    atoms = _ATOM.findall(piece)
    best: list[Words | None] = [None] * len(atoms) + [()]
    for start in reversed(range(len(atoms))):
        # The longest word first: a shorter one must be better, not equal, to take its place.
        for end in range(min(start + LONGEST_WORD, len(atoms)), start, -1):
            rest, found = best[end], best[start]
            if rest is None or (found is not None and len(found) <= len(rest) + 1):
                continue
            word = "".join(atoms[start:end])
            if knows(word):
                best[start] = (word, *rest)
    return best[0]


def every_pair(words: Sequence[str]) -> Words:
    """A sequence in which each word follows each one (de Bruijn, order 2), so that all orders are equally likely.

    Without it, vosk knows two digits in a row only by backing off from its bigrams.
    """
    run: list[str] = []
    for first, one in enumerate(words):
        run.append(one)
        for other in words[first + 1 :]:
            run += [one, other]
    return (*run, *words[:1])
