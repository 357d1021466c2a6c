"""What there is to exercise in a flow: every node, option and error path, every overlay and group, with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from gateway.dialogue.model import Flow
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.play import Play
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.survey import Survey
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.nodes.transfer import Transfer
from gateway.dialogue.routes import Stop, all_slots, overrides, stops
from gateway.dialogue.state import STANDARD


class Kind(StrEnum):
    """The headings of the report."""

    NODE = "节点"
    OPTION = "选项"
    ERROR = "出错处理"
    OVERLAY = "模式下的节点"
    GROUP = "选项分组"


NO_INPUT, NO_MATCH, GIVEN_UP, DENIED = "没有回答", "没听懂", "多次失败后离开", "确认时说不对"
LOOKUP_FAILED, UNSAYABLE, NOBODY = "查询失败", "有数据读不出来", "没有人接"
ANYWHERE = "universals"
BY_PROFILE, ASKED, BY_ERRORS, LEFT = "按资料进入", "要求进入", "多次没听懂而进入", "要求退出"


@dataclass(frozen=True, slots=True)
class Goal:
    """One thing to exercise. `subject` and `what` name it, as in 节点 main, 选项 main balance."""

    kind: Kind
    subject: str
    what: str = ""


def goals(flow: Flow) -> dict[Goal, Place]:
    """Every goal of a flow in its file's order, with the place in the file."""
    found: dict[Goal, Place] = {}
    for goal, place in _all(flow):
        found.setdefault(goal, place)
    return found


def group_goal(node: str, mode: str, index: int) -> Goal:
    """One group of a menu, as it is in a mode."""
    return Goal(Kind.GROUP, f"{node}（{mode}）", f"第 {index + 1} 组")


def _all(flow: Flow) -> Iterator[tuple[Goal, Place]]:
    for stop in stops(flow):
        yield Goal(Kind.NODE, stop.name), stop.place
    for stop in stops(flow):
        yield from _options(flow, stop)
    for name in flow.universals:
        yield Goal(Kind.OPTION, ANYWHERE, name), ("universals", name)
    for name, mode in flow.modes.items():
        yield Goal(Kind.OPTION, f"modes.{name}", ASKED), ("modes", name, "enter_on", "phrases")
        yield Goal(Kind.OPTION, f"modes.{name}", LEFT), ("modes", name, "leave_on")
        if mode.enter_when is not None:
            yield Goal(Kind.OPTION, f"modes.{name}", BY_PROFILE), ("modes", name, "enter_when")
        if mode.enter_on.errors is not None:
            yield Goal(Kind.ERROR, f"modes.{name}", BY_ERRORS), ("modes", name, "enter_on", "errors")
    for stop in stops(flow):
        yield from _errors(flow, stop)
    for mode_name in flow.modes:
        for node, place, override in overrides(flow, mode_name):
            yield Goal(Kind.OVERLAY, f"{node}（{mode_name}）"), place
            for index in range(len(override.groups or ())):
                yield group_goal(node, mode_name, index), (*place, "groups", index)


def _options(flow: Flow, stop: Stop) -> Iterator[tuple[Goal, Place]]:
    node = stop.node
    if isinstance(node, Menu):
        for name in node.options:
            yield Goal(Kind.OPTION, stop.name, name), (*stop.place, "options", name)
        for index in range(len(node.groups)):
            yield group_goal(stop.name, STANDARD, index), (*stop.place, "groups", index)
    if isinstance(node, Collect):
        for name in all_slots(flow)[node.slot].options or ():
            yield Goal(Kind.OPTION, stop.name, name), (*stop.place, "slot")


def _errors(flow: Flow, stop: Stop) -> Iterator[tuple[Goal, Place]]:
    node = stop.node
    if isinstance(node, Question):
        yield Goal(Kind.ERROR, stop.name, NO_INPUT), stop.place
        if not isinstance(node, Message):
            yield Goal(Kind.ERROR, stop.name, NO_MATCH), stop.place
        yield Goal(Kind.ERROR, stop.name, GIVEN_UP), stop.place
        if flow.answers.merged(node).confirm == "always" and not isinstance(node, Survey | Message):
            yield Goal(Kind.ERROR, stop.name, DENIED), stop.place
    elif isinstance(node, Lookup | Ticket):
        yield Goal(Kind.ERROR, stop.name, LOOKUP_FAILED), stop.place
    elif isinstance(node, Play) and node.on_error and node.play.fields:
        yield Goal(Kind.ERROR, stop.name, UNSAYABLE), (*stop.place, "on_error")
    elif isinstance(node, Transfer):
        yield Goal(Kind.ERROR, stop.name, NOBODY), stop.place
