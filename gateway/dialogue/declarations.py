"""What a flow declares before its nodes use it: slots, variables, records, sub-flows, each once and in itself sound."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gateway.dialogue.mistakes import Mistake, unknown
from gateway.dialogue.model import Flow, Slot, Subflow, Variable
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.quoting import quoted
from gateway.dialogue.routes import RETURN, all_slots, all_variables, stops
from gateway.dialogue.state import CALLER, STANDARD
from gateway.dialogue.values import WrongTypeError, typed

KNOWN_NAMES = frozenset({CALLER, "slots", "vars", "survey", "hours", "mode", "today"})
"""What every expression may use, besides the flow's records."""
CONFIRMING_NAMES = frozenset({"option", "value"})
"""What a confirm_prompt may use."""
_TAKEN = (KNOWN_NAMES | CONFIRMING_NAMES) - {CALLER}
_ELSEWHERE = "在别处声明得不一样；请照那里写，或改名"


def declaration_mistakes(flow: Flow, main_nodes: Collection[str]) -> Iterator[Mistake]:
    """`main_nodes`: those of the main flow, also where they have mistakes of their own."""
    slots, variables = all_slots(flow), all_variables(flow)
    anywhere = {*flow.universals, *flow.modes, STANDARD}
    parts: list[tuple[Place, Flow | Subflow]] = [((), flow)]
    parts += [(("subflows", name), inner) for name, inner in flow.subflows.items()]
    for place, part in parts:
        for name, slot in part.slots.items():
            yield from _slot((*place, "slots", name), name, slot, slots)
            for option in sorted(set(slot.options or ()) & anywhere):
                what = f"{quoted(option)} 任何时候都可以说，会被这个选项遮住；请给选项改名"
                yield Mistake((*place, "slots", name, "options", option), what, at_key=True)
        for name, variable in part.variables.items():
            at: Place = (*place, "variables", name)
            if variable != variables[name]:
                yield Mistake(at, f"变量 {quoted(name)} {_ELSEWHERE}")
            if name in slots:
                yield Mistake(at, f"{quoted(name)} 也是槽位的名字；请给其中一个改名", at_key=True)
            yield from _value((*at, "value"), variable)
    for name in flow.records:
        if name in _TAKEN:
            yield Mistake(("records", name), f"{quoted(name)} 已经有别的意思；请换一个名字", at_key=True)
    yield from _subflows(flow, main_nodes)


def _slot(place: Place, name: str, slot: Slot, slots: dict[str, Slot]) -> Iterator[Mistake]:
    if slot != slots[name]:
        yield Mistake(place, f"槽位 {quoted(name)} {_ELSEWHERE}")
    if (slot.type == "choice") != (slot.options is not None):
        what = "要有" if slot.type == "choice" else "不能有"
        example = "{type: choice, options: {名字: {label: …, phrases: […]}}}"
        yield Mistake(place, f"类型为 {quoted(slot.type)} 的槽位{what} `options`；选项请写成 `{example}`")


def _value(place: Place, variable: Variable) -> Iterator[Mistake]:
    try:
        typed(variable.type, variable.value)
    except WrongTypeError as error:
        yield Mistake(place, f"{error}；请改正")


def _subflows(flow: Flow, main_nodes: Collection[str]) -> Iterator[Mistake]:
    for name, inner in flow.subflows.items():
        for node in inner.nodes:
            if node in main_nodes:
                what = f"主流程里也有节点 {quoted(node)}；请给其中一个改名"
                yield Mistake(("subflows", name, "nodes", node), what, at_key=True)
        for mode in inner.modes:
            if mode not in flow.modes:
                yield Mistake(("subflows", name, "modes", mode), unknown("模式", mode, flow.modes), at_key=True)
    for stop in stops(flow):
        if stop.place[-1] == RETURN:
            yield Mistake(stop.place, f"{quoted(RETURN)} 表示从子流程回去；请给节点改名", at_key=True)
        if isinstance(stop.node, Call) and stop.subflow and stop.subflow in _called_from(flow, stop.node.call):
            what = f"子流程 {quoted(stop.node.call)} 又会进入 {quoted(stop.subflow)}，绕成了圈；请断开"
            yield Mistake((*stop.place, "call"), what)


def _called_from(flow: Flow, subflow: str) -> set[str]:
    """The sub-flow and every one that it calls, directly or not."""
    found, todo = set[str](), [subflow]
    while todo:
        name = todo.pop()
        if name in flow.subflows and name not in found:
            found.add(name)
            todo += [node.call for node in flow.subflows[name].nodes.values() if isinstance(node, Call)]
    return found
