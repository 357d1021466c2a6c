"""The mood in words: what `mood.yaml` finds in them, negated, strengthened and added up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gateway.analytics.mood.learned import FEWEST_CHARACTERS, SURE, Learned
from gateway.analytics.mood.lexicon import Found, Lexicon
from gateway.analytics.mood.rules import MoodRules
from gateway.analytics.mood.text import Plain, plain
from gateway.findings import Polarity, WordMood

DISCONTENT, CONTENT = -1.0, 1.0
"""From these sums on a turn is negative or positive."""
NEGATED_SHARE = -0.8
"""What is left of a praise under a negation: 不太满意 is milder than 不满."""
THANKS, SARCASM = "thanks", "sarcasm"
"""Groups of the rules with a meaning of their own: thanks in a request are only polite, and after sarcasm no praise is
meant."""
LEARNED = "learned"
"""The name of what no group has found."""
MANY = 3
"""So many complaints in one turn are more than impatience."""
RAGE, ANGRY = 3, 2
_NO_LOOK_BEHIND = 12
_NOT_NEGATED = ("要", "还", "么", "可", "好", "能", "得", "想", "差", "莫", "是")
"""Before 不: 要不, 还不, 怎么不, 可不, 好不, 能不能, ... negate nothing."""


@dataclass(frozen=True, slots=True)
class Cue:
    """Something found that counts: characters of the plain text, and for how much."""

    start: int
    end: int
    name: str
    score: float
    anger: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules make of a text."""

    text: Plain
    cues: tuple[Cue, ...]
    score: float
    """Summed; see `DISCONTENT` and `CONTENT`."""
    anger: int
    """Of its angriest words, whatever the polarity."""

    @property
    def polarity(self) -> Polarity:
        return "negative" if self.score <= DISCONTENT else "positive" if self.score >= CONTENT else "neutral"

    @property
    def mood(self) -> WordMood:
        """The score between -1 and 1: a third where a turn begins to be negative or positive."""
        share = self.score / (abs(self.score) + 2)
        anger = min(self.anger, {"negative": RAGE, "neutral": 1, "positive": 0}[self.polarity])
        return WordMood(polarity=self.polarity, score=round(share, 3), anger=anger)

    @property
    def deciding(self) -> tuple[Cue, ...]:
        """The cues that go the way of the whole; all of them where the whole is neutral."""
        side = {"negative": -1, "neutral": 0, "positive": 1}[self.polarity]
        return tuple(cue for cue in self.cues if cue.score * side > 0 or (side == 0 and cue.score))


class WordReader:
    """Reads the mood of single turns. Immutable, for any thread.

    Args:
        rules: decide wherever they find something.
        learned: decides the rest; None to have it neutral.
    """

    def __init__(self, rules: MoodRules, learned: Learned | None = None) -> None:
        self._learned = learned
        self._lexicon = Lexicon(rules)
        self._negated = re.compile(
            rf"(?<![{''.join(_NOT_NEGATED)}])({_any(rules.negators)})(?:{_any(rules.between)})*$"
        )
        self._intensifiers = dict(rules.intensifiers)
        self._contrast = re.compile(_any(rules.contrast))
        self._requests = re.compile(_any(rules.requests))

    def read(self, text: str) -> Reading:
        """Any string."""
        said = plain(text)
        found, denied = self._lexicon.find(said)
        cues = tuple(self._cue(said, one) for one in _outermost(found))
        if not cues and not denied:
            return self._by_learning(said)
        if any(cue.name == SARCASM for cue in cues):
            cues = tuple(cue for cue in cues if cue.score < 0)
        cues = self._without_politeness(said, cues)
        content = sum(cue.score for cue in cues if cue.score > 0)
        discontent = sum(cue.score for cue in cues if cue.score < 0)
        anger = self._anger(cues, discontent)
        return Reading(said, cues, self._joined(said, cues, content, discontent), anger)

    def _by_learning(self, said: Plain) -> Reading:
        """Of a turn without words for a mood."""
        if self._learned is None or len(said.chars) < FEWEST_CHARACTERS:
            return Reading(said, (), 0.0, 0)
        judged = self._learned.judge(said)
        if judged.polarity == "neutral" or judged.probability < SURE:
            return Reading(said, (), 0.0, 0)
        score, anger = (DISCONTENT, 1) if judged.polarity == "negative" else (CONTENT, 0)
        return Reading(said, (Cue(judged.start, judged.end, LEARNED, score, anger),), score, anger)

    def _cue(self, said: Plain, found: Found) -> Cue:
        group, name = found.group, found.name
        if self._under_negation(said, found):
            score = group.score * NEGATED_SHARE if group.score > 0 else 0.0
            score = score if group.negated is None else group.negated
            return Cue(found.start, found.end, name, score, (group.anger or 1) if score <= DISCONTENT else 0)
        return Cue(found.start, found.end, name, group.score * self._strength(said, found.start), group.anger)

    def _under_negation(self, said: Plain, found: Found) -> bool:
        if found.by_pattern and found.group.score < 0:
            return False
        start = max(said.clause_start(found.start), found.start - _NO_LOOK_BEHIND)
        return self._negated.search(said.chars[start : found.start]) is not None

    def _strength(self, said: Plain, start: int) -> float:
        for length in (2, 1):
            factor = self._intensifiers.get(said.chars[max(0, start - length) : start])
            if factor is not None:
                return factor
        return 1.0

    def _without_politeness(self, said: Plain, cues: tuple[Cue, ...]) -> tuple[Cue, ...]:
        """Thanks in a request are only polite."""
        names = {cue.name for cue in cues if cue.score > 0}
        if THANKS not in names or len(names) > 1:
            return cues
        rest = list(said.chars)
        for cue in cues:
            rest[cue.start : cue.end] = "|" * (cue.end - cue.start)
        if self._requests.search("".join(rest)):
            return tuple(cue for cue in cues if cue.name != THANKS)
        return cues

    def _joined(self, said: Plain, cues: Sequence[Cue], content: float, discontent: float) -> float:
        if not content or not discontent:
            return content + discontent
        if any(cue.anger >= RAGE for cue in cues):
            return discontent
        last_bad = max(cue.end for cue in cues if cue.score < 0)
        first_bad = min(cue.start for cue in cues if cue.score < 0)
        last_good = max(cue.end for cue in cues if cue.score > 0)
        if last_good > last_bad and content >= -discontent * 0.5:
            return content + 0.3 * discontent
        if first_bad >= last_good or self._contrast.search(said.chars, last_good):
            return discontent if discontent <= DISCONTENT else content + discontent
        return discontent + 0.5 * content

    @staticmethod
    def _anger(cues: Sequence[Cue], discontent: float) -> int:
        if discontent > DISCONTENT:
            return max((cue.anger for cue in cues if cue.score < 0), default=0)
        highest = max(cue.anger for cue in cues if cue.score < 0)
        many = sum(cue.anger > 0 and cue.score <= -1 for cue in cues) >= MANY
        return max(highest, ANGRY) if many else highest


def _any(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True)) or r"(?!)"


def _outermost(found: Sequence[Found]) -> list[Found]:
    """Without what lies within something found that counts as much or more; an angrier word within stays."""
    kept: list[Found] = []
    for one in found:  # longer ones before those that begin at the same character
        if not any(_within(one, other) and _weight(other) >= _weight(one) for other in kept):
            kept = [other for other in kept if not (_within(other, one) and _weight(one) >= _weight(other))]
            kept.append(one)
    return kept


def _within(one: Found, other: Found) -> bool:
    return other.start <= one.start and one.end <= other.end


def _weight(found: Found) -> float:
    return abs(found.group.score)
