"""How calls went through a flow: node by node, how many came, where they faltered, and where they hung up.

Every figure but `calls` counts visits to the node, each at most once, so that each has its share of the visits. A call
that goes on with one whose line was lost begins within the visit that ended that one: of it, only what became of it in
the end is counted there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.desk.trace import HUNG_UP, Step, in_order, resumes, steps
from gateway.desk.unmatched import Unmatched
from gateway.dialogue.choices import AGENT
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.transfer import Transfer
from gateway.dialogue.routes import stops
from gateway.events import Event, NodeEntered, PromptEnded, TurnFinished
from gateway.store import ToldCall


@dataclass(slots=True)
class NodeFigures:
    """One node in all calls."""

    node: str
    kind: str
    in_flow: bool
    """False: calls went through it, but the flow has it no more."""
    calls: int = 0
    entered: int = 0
    """Visits."""
    no_input: int = 0
    no_match: int = 0
    talked_over: int = 0
    """A prompt of it was cut, by speech or keys."""
    asked_human: int = 0
    """The caller chose `agent`, or an option that leads straight to a human."""
    hung_up: int = 0
    """The caller hung up here with nothing done."""
    went_on: int = 0
    """Another node followed."""


class Funnel:
    """Takes calls one by one; holds figures only.

    Args:
        flow: the flow as it is now; calls may have gone through other versions of it.
    """

    def __init__(self, flow: CompiledFlow) -> None:
        self.calls = 0
        self.versions: Counter[str] = Counter()
        """Calls by the flow's version."""
        self.unmatched = Unmatched()
        nodes = {stop.name: stop.node for stop in stops(flow.flow)}
        self._figures = {name: NodeFigures(name, node.kind, in_flow=True) for name, node in nodes.items()}
        self._asking = {name: _asking_for_a_human(flow, nodes, name) for name in nodes}

    @property
    def nodes(self) -> list[NodeFigures]:
        """Every node of the flow in its order, then those that only calls know."""
        return list(self._figures.values())

    def add(self, call: ToldCall) -> None:
        """Count one ended call, told with the events of `trace.KINDS`."""
        self.calls += 1
        self.versions[call.flow_version] += 1
        ordered = in_order(call.events)
        answers = steps(ordered)
        last = self._walk(ordered, answers, in_the_middle=resumes(ordered))
        if last is not None and call.disposition == "abandoned" and call.reason == HUNG_UP:
            self._figures[last].hung_up += 1
        self.unmatched.add(answers)

    def _walk(self, ordered: Iterable[Event], answers: Iterable[Step], *, in_the_middle: bool) -> str | None:
        """Count the visits of one call; returns the node where it ended. `in_the_middle`: its first visit has begun."""
        visits = _Visits()
        last: str | None = None
        by_turn = {step.turn.index: step for step in answers}
        for event in ordered:
            match event:
                case NodeEntered() if last is None and in_the_middle:
                    self._at(event.node, event.kind)
                    visits.go_on(event.node)
                    last = event.node
                case NodeEntered():
                    figures = self._at(event.node, event.kind)
                    figures.entered += 1
                    figures.calls += visits.begin(event.node)
                    if last is not None:
                        self._figures[last].went_on += 1
                    last = event.node
                case PromptEnded(cut_by="speech" | "keys"):
                    self._at(event.node).talked_over += visits.first(event.node, "talked_over")
                case TurnFinished() if (step := by_turn.get(event.turn.index)) is not None:
                    self._answered(step, visits)
        return last

    def _answered(self, step: Step, visits: _Visits) -> None:
        node = step.turn.node
        figures = self._at(node)
        if step.turn.outcome == "no_input":
            figures.no_input += visits.first(node, "no_input")
        elif step.turn.outcome == "no_match":
            figures.no_match += visits.first(node, "no_match")
        elif step.choice in self._asking.get(node, {AGENT}):
            figures.asked_human += visits.first(node, "asked_human")

    def _at(self, node: str, kind: str = "") -> NodeFigures:
        if node not in self._figures:
            self._figures[node] = NodeFigures(node, kind, in_flow=False)
        return self._figures[node]


class _Visits:
    """What has been counted of the latest visit to each node of one call."""

    def __init__(self) -> None:
        self._counted: dict[str, set[str]] = {}

    def begin(self, node: str) -> bool:
        """A new visit; whether it is the call's first to this node."""
        is_first = node not in self._counted
        self._counted[node] = set()
        return is_first

    def go_on(self, node: str) -> None:
        """A visit that another call began, which may have faltered there already."""
        self._counted[node] = {"no_input", "no_match", "talked_over"}

    def first(self, node: str, what: str) -> bool:
        """Whether it is the first time in this visit."""
        counted = self._counted.setdefault(node, set())
        is_first = what not in counted
        counted.add(what)
        return is_first


def _asking_for_a_human(flow: CompiledFlow, nodes: Mapping[str, Node], name: str) -> set[str]:
    """The choices at a node by which a caller asks for a human."""
    if not isinstance(nodes[name], Question):
        return set()
    ways = {choice.name: flow.resolve(name, choice.go) for choice in flow.choices(name).values() if choice.go}
    return {AGENT} | {choice for choice, target in ways.items() if isinstance(nodes.get(target), Transfer)}
