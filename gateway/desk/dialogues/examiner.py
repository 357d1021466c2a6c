"""Checks one dialogue step by step, whoever holds it, in text or aloud: it hands out acts and judges what follows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from asr.text import strip_punctuation
from gateway.desk.conversation import Ending
from gateway.desk.dialogues.load import TestDialogue
from gateway.desk.dialogues.model import Step
from gateway.desk.telling import ENDS, MODES, fields
from gateway.dialogue.nodes.base import Place


@dataclass(frozen=True, slots=True)
class Difference:
    """What was expected in which line of the dialogue's file, and what was there instead."""

    line: int
    expected: str
    found: str
    heard: bool = False
    """It is in what the hotline said last."""


@dataclass(frozen=True, slots=True)
class Account:
    """What a call came to, as far as a dialogue can ask for it."""

    ending: Ending
    mode: str
    slots: Mapping[str, Any]
    path: Sequence[str]
    tickets: Sequence[Mapping[str, Any]]
    survey: int | None


class Examiner:
    """Call `next` with all that the hotline said since the last act, until it has no more; then `finish`.

    `difference` is the first thing that is not as expected; after it nothing more is asked for.
    """

    def __init__(self, dialogue: TestDialogue) -> None:
        self.difference: Difference | None = None
        self._dialogue = dialogue
        self._steps = dialogue.case.steps
        self._index = -1
        """Of the step whose act was handed out last."""
        self._at = 0
        """How far into the reply its expectations have been found."""

    @property
    def upcoming(self) -> Step | None:
        """The next step with an act."""
        return next((step for step in self._steps[self._index + 1 :] if step.act), None)

    def hears_all(self, reply: str) -> bool:
        """Whether everything that is to be heard before the next act has been said: then one may talk over it."""
        said, at = strip_punctuation(reply), 0
        for step in self._until_next_act():
            for expected in step.hears or ():
                found = said.find(strip_punctuation(expected), at)
                if found < 0:
                    return False
                at = found + len(strip_punctuation(expected))
        return True

    def next(self, reply: str, node: str, ending: Ending | None) -> Step | None:
        """Judge the reply to the last act; the next act, or None when there is nothing left to do.

        Args:
            reply: everything that was said since the last act.
            node: where the caller is now.
            ending: how the call has ended, if it has.
        """
        self._at = 0
        if self.difference is not None:
            return None
        for index in range(max(self._index, 0), len(self._steps)):
            step = self._steps[index]
            if index > self._index:
                if step.at is not None and step.at != node:
                    self._differ(("steps", index, "at"), f"在节点 {step.at}", f"在节点 {node}")
                    return None
                if step.act and ending:
                    self._differ(("steps", index, step.act), "通话继续", f"已经结束：{_ending_text(ending)}")
                    return None
                if step.act:
                    self._index = index
                    return step
            if not self._listen(index, step, reply):
                return None
        self._index = len(self._steps)
        return None

    def refuse(self, expected: str, found: str) -> None:
        """The act handed out last can't be done."""
        step = self._steps[self._index]
        self._differ(("steps", self._index, step.act or "at"), expected, found)

    def cut_short(self, silences: int, ending: Ending) -> None:
        """The call ended after so many silences, fewer than the act handed out last has."""
        wanted = self._steps[self._index].silent
        self.refuse(f"{wanted} 次不说话", f"{silences} 次以后已经结束：{_ending_text(ending)}")

    def finish(self, outcome: Account) -> None:
        """Judge what the call came to, and whether anything was expected of it."""
        if not self._dialogue.case.expects:
            self._differ((), f"{'、'.join(EXPECTATIONS)}，至少一样", "什么也没有期望，怎么走都算相符")
        for place, expected, found in _unmet(self._dialogue, outcome):
            self._differ(place, expected, found)

    def _until_next_act(self) -> list[Step]:
        steps = [self._steps[self._index]] if self._index >= 0 else []
        for step in self._steps[self._index + 1 :]:
            if step.act:
                break
            steps.append(step)
        return steps

    def _listen(self, index: int, step: Step, reply: str) -> bool:
        said = strip_punctuation(reply)
        for position, expected in enumerate(step.hears or ()):
            wanted = strip_punctuation(expected)
            found = said.find(wanted, self._at)
            if found < 0:
                before = "（这之前的已对上）" if self._at else ""
                place = ("steps", index, "hears", position)
                heard = f"听到“{reply}”" if reply else "什么也没听到"
                self._differ(place, f"听到“{expected}”{before}", heard, heard=True)
                return False
            self._at = found + len(wanted)
        for position, unwanted in enumerate(step.not_hears or ()):
            if strip_punctuation(unwanted) in said:
                place = ("steps", index, "not_hears", position)
                self._differ(place, f"听不到“{unwanted}”", f"听到“{reply}”", heard=True)
                return False
        return True

    def _differ(self, place: Place, expected: str, found: str, *, heard: bool = False) -> None:
        if self.difference is None:
            self.difference = Difference(self._dialogue.line(*place), expected, found, heard)


EXPECTATIONS = ("hears", "not_hears", "at", "ends", "slots", "mode", "ticket", "survey", "path")
"""What a dialogue can expect."""

_Unmet = tuple[Place, str, str]


def _unmet(dialogue: TestDialogue, outcome: Account) -> list[_Unmet]:
    case = dialogue.case
    unmet: list[_Unmet] = []
    if case.ends:
        for name, wanted in case.ends:
            if wanted is not None and wanted != getattr(outcome.ending, name):
                place = ("ends", name)
                unmet.append((place, f"结束：{ENDS.get(wanted, wanted)}", f"结束：{_ending_text(outcome.ending)}"))
    for slot, wanted in case.slots.items():
        if not same(wanted, outcome.slots.get(slot)):
            unmet.append((("slots", slot), f"{slot} = {wanted}", f"{slot} = {outcome.slots.get(slot, '（没有填）')}"))
    if case.mode is not None and case.mode != outcome.mode:
        found = MODES.get(outcome.mode, outcome.mode)
        unmet.append((("mode",), f"结束时为{MODES.get(case.mode, case.mode)}", f"结束时为{found}"))
    unmet += _ticket_unmet(case.ticket, outcome.tickets)
    if case.survey is not None and case.survey != outcome.survey:
        unmet.append((("survey",), f"满意度 {case.survey}", f"满意度 {outcome.survey or '（没有回答）'}"))
    if case.path is not None and list(case.path) != list(outcome.path):
        unmet.append((("path",), " → ".join(case.path), " → ".join(outcome.path)))
    return unmet


def _ticket_unmet(wanted: Any, tickets: Sequence[Mapping[str, Any]]) -> list[_Unmet]:  # noqa: ANN401
    if wanted is None:
        return []
    opened = "；".join(f"工单：{fields(ticket)}" for ticket in tickets) or "没有开工单"
    if wanted == "none":
        return [(("ticket",), "没有开工单", opened)] if tickets else []
    if any(all(same(value, ticket.get(name)) for name, value in wanted.items()) for ticket in tickets):
        return []
    return [(("ticket",), f"工单：{fields(wanted)}", opened)]


def same(wanted: Any, found: Any) -> bool:  # noqa: ANN401 -- whatever a file and a flow hold
    """Whether a value is what a file says it is, however either is written.

    35.6 is 35.60; 2026-11 is the month (2026, 11); 2026-11-24 is any moment of that day.
    """
    if wanted is None or found is None:
        return wanted is found
    expected, actual = _plain(wanted), _plain(found)
    if isinstance(expected, str) and isinstance(actual, str) and _DAY.match(expected):
        return actual.replace("T", " ").startswith(expected.replace("T", " "))
    return expected == actual


def _plain(value: Any) -> str | Decimal:  # noqa: ANN401
    text = str(value)
    if month := _MONTH.fullmatch(text):
        return f"{month[1]}-{month[2]:0>2}"
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    return text


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\((\d{4}), (\d{1,2})\)")
_NUMBER = re.compile(r"-?(0|[1-9]\d{0,8})(\.\d+)?")
"""More digits, or a zero before them, are a telephone number, which is no number."""


def _ending_text(ending: Ending) -> str:
    queue = f"，队列 {ending.queue}" if ending.queue else ""
    return f"{ENDS[ending.disposition]}，{ending.reason}{queue}"
