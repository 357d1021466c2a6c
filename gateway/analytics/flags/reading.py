"""From what a supervisor wrote to what looks at sentences: parts put in, patterns read, mistakes told."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from gateway.analytics.flags.conditions.asked_for_human import AskedForHuman
from gateway.analytics.flags.heard import heard
from gateway.analytics.flags.model import Condition, FlagFile, FlagRule, Unless
from gateway.analytics.flags.sounds import Repair
from gateway.analytics.flags.wording import Wording
from gateway.analytics.patterns import Pattern
from gateway.dialogue.mistakes import Mistake, unknown
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.source import Source

_PART = re.compile(r"<([一-龥]+)>")
_MOST = 10_000
"""Characters of a pattern with its parts put in; parts in parts could grow without end."""


class Reading:
    """Reads the words of conditions; what is wrong with them collects in `mistakes`."""

    def __init__(self, file: FlagFile, source: Source) -> None:
        self.mistakes: list[Mistake] = []
        self._source = source
        self._parts: dict[str, str] = {}
        for name, text in file.parts.items():
            whole = self._put_in(text, ("parts", name))
            if whole is not None:
                self._parts[name] = whole
                self._pattern(text, ("parts", name))

    def wording(self, condition: Condition, unless: Unless, place: Place) -> Wording:
        """The words of a condition; `unless` is the flag's, and `place` is where the condition stands."""
        return Wording(
            words=(*condition.words, *condition.sound, *condition.exact),
            patterns=self._patterns(condition.patterns, (*place, "patterns")),
            unless_words=(*condition.unless.words, *unless.words),
            unless_patterns=(
                *self._patterns(condition.unless.patterns, (*place, "unless", "patterns")),
                *self._patterns(unless.patterns, (*place[:2], "unless", "patterns")),
            ),
            negation_lifts="negation" in condition.lifted_by,
            report_lifts="report" in condition.lifted_by,
        )

    def asking(self, asked: AskedForHuman, place: Place) -> Wording:
        """The words that ask for a human."""
        return Wording(words=asked.words, patterns=self._patterns(asked.patterns, (*place, "patterns")))

    def _patterns(self, texts: Sequence[str], place: Place) -> tuple[Pattern, ...]:
        read = (self._pattern(text, (*place, index)) for index, text in enumerate(texts))
        return tuple(pattern for pattern in read if pattern is not None)

    def _pattern(self, text: str, place: Place) -> Pattern | None:
        whole = self._put_in(text, place)
        if whole is None:
            return None
        spot = self._source.spot(place)
        try:
            return Pattern(whole, f"{spot.file}:{spot.line}")
        except ValueError as error:
            self._wrong(place, str(error))
            return None

    def _put_in(self, text: str, place: Place) -> str | None:
        missing = [name for name in _PART.findall(text) if name not in self._parts]
        if missing:
            self._wrong(place, unknown("片段", missing[0], self._parts))
            return None
        whole = _PART.sub(lambda match: f"(?:{self._parts[match[1]]})", text)
        if len(whole) > _MOST:
            self._wrong(place, f"片段放进去以后超过 {_MOST} 个字符；请分成几个")
            return None
        return whole

    def _wrong(self, place: Place, what: str) -> None:
        mistake = Mistake(place, what)
        if mistake not in self.mistakes:
            self.mistakes.append(mistake)


def repair(file: FlagFile) -> Repair:
    """What puts right words of this file that were written by their sound."""
    long: list[str] = []
    right: list[str] = list(file.keep)
    for rule in file.flags.values():
        right += rule.unless.words
        for condition in rule.conditions:
            long += condition.sound
            long += [word for word in (*condition.words, *_asking(condition)) if len(heard(word).chars) > 2]
            right += (*condition.exact, *condition.words, *condition.unless.words)
    plain = (heard(word).chars for word in (*file.heard_as, *long))
    return Repair(plain, (heard(word).chars for word in right))


def _asking(condition: Condition) -> tuple[str, ...]:
    return condition.asked_for_human.words if condition.asked_for_human else ()


def conditions(file: FlagFile) -> Iterator[tuple[str, FlagRule, Condition, Place]]:
    """Flag, its rule, and each of its conditions with its place in the file."""
    for name, rule in file.flags.items():
        for index, condition in enumerate(rule.conditions):
            yield name, rule, condition, ("flags", name, "conditions", index)
