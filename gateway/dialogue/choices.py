"""What a caller can choose at a question: the menu's options, the universals, and the ways into and out of a mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from gateway.dialogue.expressions import Expression
from gateway.dialogue.model import Flow
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Menu, Option
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.survey import SCORES, Survey
from gateway.dialogue.routes import all_slots
from gateway.dialogue.sayable import Picked
from gateway.dialogue.state import STANDARD

AGENT, REPEAT, BACK, MORE = "agent", "repeat", "back", "more"
BUILT_IN = frozenset({REPEAT, BACK, MORE})


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to say or press at a question, with everything inherited filled in."""

    name: str
    label: str
    phrases: tuple[str, ...]
    key: str | None = None
    go: str | None = None
    mode: str | None = None
    means: str | None = None
    """`yes` or `no`: chosen by any way of saying it."""
    fills: Mapping[str, Expression] = field(default_factory=dict)
    is_option: bool = False
    """An option of the menu, not just something that can be said anywhere."""
    value: Picked | int | None = None
    """What a choice slot gets by it, or the score of a survey."""


def choices_at(flow: Flow, question: Question) -> dict[str, Choice]:
    """By name: the question's own (the menu's options, the included menu's), the universals, the modes."""
    anywhere = {choice.name: choice for choice in _anywhere(flow)}
    found: dict[str, Choice] = {}
    for menu in _menus(flow, question):
        for name, option in menu.options.items():
            found.setdefault(name, _chosen(name, option, anywhere.get(name)))
    found |= {choice.name: choice for choice in _values(flow, question)}
    return found | {name: choice for name, choice in anywhere.items() if name not in found}


def _menus(flow: Flow, question: Question) -> list[Menu]:
    if not isinstance(question, Menu):
        return []
    included = flow.nodes.get(question.include) if question.include else None
    return [question, included] if isinstance(included, Menu) else [question]


def _values(flow: Flow, question: Question) -> Iterator[Choice]:
    if isinstance(question, Survey):
        for score, phrases in SCORES.items():
            yield Choice(str(score), phrases[0], phrases, str(score), value=score)
    if isinstance(question, Collect) and (slot := all_slots(flow).get(question.slot)) is not None:
        for name, pick in (slot.options or {}).items():
            yield Choice(name, pick.label, pick.phrases, pick.key, value=Picked(name, pick.label))


def _anywhere(flow: Flow) -> list[Choice]:
    universals = [
        Choice(name, said.label or said.phrases[0], said.phrases, said.key, said.go)
        for name, said in flow.universals.items()
    ]
    into = [Choice(name, mode.label, mode.enter_on.phrases, mode=name) for name, mode in flow.modes.items()]
    phrases = tuple(phrase for mode in flow.modes.values() for phrase in mode.leave_on.phrases)
    out_of = [Choice(STANDARD, phrases[0], phrases, mode=STANDARD)] if phrases else []
    return [*universals, *into, *out_of]


def _chosen(name: str, option: Option, base: Choice | None) -> Choice:
    phrases = (*(option.phrases or ()), *(base.phrases if base else ()))
    return Choice(
        name,
        option.label or (base.label if base else next(iter(phrases), name)),
        phrases,
        option.key or (base.key if base else None),
        option.go or (base.go if base else None),
        option.mode or (base.mode if base else None),
        option.means,
        option.fills,
        is_option=True,
    )
