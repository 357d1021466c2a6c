"""A flow as a map: every node of it and of its sub-flows by its full name, and every way from one to another.

What is drawn, checked for dead ends, and counted as tested is this map, so that all of them mean the same by a way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.dialogue.model import Flow, Override, Slot, Variable
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.nodes.call import Call

RETURN = "return"
"""The target that ends a sub-flow and goes on after the `call` node that entered it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One node of the whole flow."""

    name: str
    """`main`, or `ask_number.ask` in a sub-flow."""
    place: Place
    """Where it stands in the file."""
    node: Node
    subflow: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One way on from a node, as its file has it; universals and modes' `on_error` lead on from every question."""

    source: str
    target: str
    """A full name; `return` in a sub-flow."""
    place: Place
    """Where in the file the target is named."""
    why: Place
    """The place in the node: ("then",), ("options", "balance", "go"), ("branch", 0, "go"), ("on_error",) ..."""


def stops(flow: Flow) -> Iterator[Stop]:
    """Every node, the flow's own first, in the file's order."""
    for name, node in flow.nodes.items():
        yield Stop(name, ("nodes", name), node)
    for subflow, inner in flow.subflows.items():
        for name, node in inner.nodes.items():
            yield Stop(f"{subflow}.{name}", ("subflows", subflow, "nodes", name), node, subflow)


def overrides(flow: Flow, mode: str) -> Iterator[tuple[str, Place, Override]]:
    """What a mode says instead, by full node name; also of nodes that don't exist."""
    if mode in flow.modes:
        for name, override in flow.modes[mode].nodes.items():
            yield name, ("modes", mode, "nodes", name), override
    for subflow, inner in flow.subflows.items():
        if mode in inner.modes:
            for name, override in inner.modes[mode].nodes.items():
                yield f"{subflow}.{name}", ("subflows", subflow, "modes", mode, "nodes", name), override


def all_slots(flow: Flow) -> dict[str, Slot]:
    """The flow's slots and its sub-flows'."""
    return {name: slot for inner in flow.subflows.values() for name, slot in inner.slots.items()} | flow.slots


def all_variables(flow: Flow) -> dict[str, Variable]:
    """The flow's variables and its sub-flows'."""
    of_subflows = {name: one for inner in flow.subflows.values() for name, one in inner.variables.items()}
    return of_subflows | flow.variables


def resolved(flow: Flow, source: str, target: str) -> str:
    """The full name of what a node calls `target`: a node beside it in its sub-flow, else one of the whole flow's."""
    subflow, dot, _ = source.partition(".")
    if dot and subflow in flow.subflows and target in flow.subflows[subflow].nodes:
        return f"{subflow}.{target}"
    return target


def entry_of(flow: Flow, subflow: str) -> str:
    """The full name of the node that a sub-flow begins with."""
    return f"{subflow}.{flow.subflows[subflow].entry}"


def routes(flow: Flow) -> Iterator[Route]:
    """Every way on that the nodes name; into a sub-flow, too."""
    for stop in stops(flow):
        if isinstance(stop.node, Call) and stop.node.call in flow.subflows:
            yield Route(stop.name, entry_of(flow, stop.node.call), (*stop.place, "call"), ("call",))
        for why, target in stop.node.targets():
            yield Route(stop.name, resolved(flow, stop.name, target), (*stop.place, *why), why)
