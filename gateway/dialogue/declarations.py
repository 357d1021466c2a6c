"""What a flow declares before its nodes use it: slots, variables, records, sub-flows, each once and in itself sound."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gateway.dialogue.mistakes import Mistake, unknown
from gateway.dialogue.model import Flow, Slot, Subflow, Variable
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.routes import RETURN, all_slots, all_variables, stops
from gateway.dialogue.state import CALLER, STANDARD
from gateway.dialogue.values import WrongTypeError, typed

KNOWN_NAMES = frozenset({CALLER, "slots", "vars", "survey", "hours", "mode", "today"})
"""What every expression may use, besides the flow's records."""
CONFIRMING_NAMES = frozenset({"option", "value"})
"""What a confirm_prompt may use."""
_TAKEN = (KNOWN_NAMES | CONFIRMING_NAMES) - {CALLER}
_ELSEWHERE = "is declared elsewhere in another way; use that one, or rename it"


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
                what = f"'{option}' can be said anywhere and would be hidden by this; rename the option"
                yield Mistake((*place, "slots", name, "options", option), what, at_key=True)
        for name, variable in part.variables.items():
            at: Place = (*place, "variables", name)
            if variable != variables[name]:
                yield Mistake(at, f"variable '{name}' {_ELSEWHERE}")
            if name in slots:
                yield Mistake(at, f"'{name}' is a slot, too; rename one of them", at_key=True)
            yield from _value((*at, "value"), variable)
    for name in flow.records:
        if name in _TAKEN:
            yield Mistake(("records", name), f"'{name}' already means something else; choose another", at_key=True)
    yield from _subflows(flow, main_nodes)


def _slot(place: Place, name: str, slot: Slot, slots: dict[str, Slot]) -> Iterator[Mistake]:
    if slot != slots[name]:
        yield Mistake(place, f"slot '{name}' {_ELSEWHERE}")
    if (slot.type == "choice") != (slot.options is not None):
        what = "a choice needs `options`" if slot.type == "choice" else f"a {slot.type} has no `options`"
        yield Mistake(place, f"{what}; write {{type: choice, options: {{ID: {{label: .., phrases: [..]}}}}}}")


def _value(place: Place, variable: Variable) -> Iterator[Mistake]:
    try:
        typed(variable.type, variable.value)
    except WrongTypeError as error:
        yield Mistake(place, f"{error}; correct it")


def _subflows(flow: Flow, main_nodes: Collection[str]) -> Iterator[Mistake]:
    for name, inner in flow.subflows.items():
        for node in inner.nodes:
            if node in main_nodes:
                what = f"the main flow has a node '{node}', too; rename one of them"
                yield Mistake(("subflows", name, "nodes", node), what, at_key=True)
        for mode in inner.modes:
            if mode not in flow.modes:
                yield Mistake(("subflows", name, "modes", mode), unknown("mode", mode, flow.modes), at_key=True)
    for stop in stops(flow):
        if stop.place[-1] == RETURN:
            yield Mistake(stop.place, f"'{RETURN}' ends a sub-flow; rename it", at_key=True)
        if isinstance(stop.node, Call) and stop.subflow and stop.subflow in _called_from(flow, stop.node.call):
            what = f"'{stop.node.call}' calls '{stop.subflow}' again, in a circle; break it"
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
