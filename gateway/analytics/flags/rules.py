"""The flags of a conversation: what somebody ought to look at, while the call is up and once it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.flags.conditions.view import CallCondition, CallView, Found
from gateway.analytics.flags.heard import MAX_CHARACTERS
from gateway.analytics.flags.model import FlagFile
from gateway.analytics.flags.reading import Reading, conditions, repair
from gateway.analytics.flags.wording import Hit, Wording, Wordings
from gateway.analytics.rulefiles import load_rules, refuse, rule_file
from gateway.findings import SEVERITIES, Evidence, Flag, Mood, Participant, Severity

FILE = "flags.yaml"
_TEXTS = 4096
"""Sentences that are remembered: those of the calls that are up, as each is looked at again with every turn."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """A condition, ready to be looked at."""

    flag: str
    title: str
    severity: Severity
    wording: int | None
    """The number of its words; None when it has none."""
    participant: Participant = "customer"
    anger: int = 0
    call: CallCondition | None = None


@dataclass(frozen=True, slots=True)
class _Raised:
    rule: _Rule
    found: Found


class FlagRules:
    """The rules of one file. Safe to use from several threads."""

    def __init__(self, rules: tuple[_Rule, ...], find: Callable[[str], tuple[Hit, ...]]) -> None:
        self._rules = rules
        self._find = lru_cache(maxsize=_TEXTS)(find)
        self._by_wording = {rule.wording: rule for rule in rules if rule.wording is not None and rule.call is None}

    @classmethod
    def load(cls, rules: Path | None = None) -> FlagRules:
        """Read `flags.yaml` of the folder `rules`, or the package's.

        Raises:
            RulesError: the file has mistakes; tells all of them, at file:line:column.
        """
        file, source = load_rules(FlagFile, rule_file(FILE, rules))
        reading = Reading(file, source)
        wordings: list[Wording] = []
        made: list[_Rule] = []
        for name, rule, condition, place in conditions(file):
            make = partial(_Rule, name, rule.title, condition.severity or rule.severity)
            if condition.has_words:
                made.append(make(len(wordings), condition.participant, condition.anger))
                wordings.append(reading.wording(condition, rule.unless, place))
            elif condition.asked_for_human:
                made.append(make(len(wordings), call=condition.asked_for_human))
                wordings.append(reading.asking(condition.asked_for_human, (*place, "asked_for_human")))
            else:
                made += [make(None, call=call) for call in condition.calls]
        refuse(source, reading.mistakes)
        return cls(tuple(made), Wordings(wordings, repair(file)).find)

    def in_text(self, segment: Segment) -> tuple[Flag, ...]:
        """The flags that a sentence raises by its words alone, whatever mood it is in; as `flags` orders them."""
        return _flags(self._in_words(segment, None))

    def flags(self, conversation: Conversation, moods: Mapping[int, Mood]) -> tuple[Flag, ...]:
        """All flags of a conversation so far, each once, in the order in which they showed.

        Costs a look at each sentence that wasn't looked at before.

        Args:
            conversation: what can only be said of calls that are over is looked at when it has ended.
            moods: of its segments, by index, as far as they are known.
        """
        raised = [one for segment in conversation.segments for one in self._in_words(segment, moods)]
        for rule in self._rules:
            if rule.call is not None:
                found = rule.call.look(CallView(conversation, partial(self._said, rule.wording)))
                if found is not None:
                    raised.append(_Raised(rule, found))
        return _flags(raised)

    def _in_words(self, segment: Segment, moods: Mapping[int, Mood] | None) -> Iterator[_Raised]:
        if segment.kind != "speech" or not segment.text:
            return
        for hit in self._find(segment.text[:MAX_CHARACTERS]):
            rule = self._by_wording.get(hit.wording)
            if rule is None or rule.participant != segment.participant:
                continue
            if rule.anger and (moods is None or segment.index not in moods or moods[segment.index].anger < rule.anger):
                continue
            evidence = segment.evidence(hit.start, hit.end)
            yield _Raised(rule, Found(evidence.begin_ms, (evidence,)))

    def _said(self, wording: int | None, segment: Segment) -> tuple[Evidence, ...]:
        hits = self._find(segment.text[:MAX_CHARACTERS]) if segment.kind == "speech" else ()
        return tuple(segment.evidence(hit.start, hit.end) for hit in hits if hit.wording == wording)


def _flags(raised: Iterator[_Raised] | list[_Raised]) -> tuple[Flag, ...]:
    """Each flag once: the earliest moment, the highest severity, all the evidence."""
    by_flag: dict[str, list[_Raised]] = {}
    for one in raised:
        by_flag.setdefault(one.rule.flag, []).append(one)
    flags = [
        Flag(
            flag=name,
            title=them[0].rule.title,
            severity=max((one.rule.severity for one in them), key=SEVERITIES.index),
            at_ms=min(one.found.at_ms for one in them),
            evidence=_distinct([place for one in them for place in one.found.evidence]),
        )
        for name, them in by_flag.items()
    ]
    return tuple(sorted(flags, key=lambda flag: (flag.at_ms, [(one.segment, one.start) for one in flag.evidence[:1]])))


def _distinct(places: list[Evidence]) -> tuple[Evidence, ...]:
    """By time; what lies within a longer stretch of the same segment is left out."""
    ordered = sorted(dict.fromkeys(places), key=lambda one: (one.begin_ms, one.segment, one.start, -one.end))
    kept: list[Evidence] = []
    for one in ordered:
        if not any(other.segment == one.segment and other.start <= one.start < one.end <= other.end for other in kept):
            kept.append(one)
    return tuple(kept)
