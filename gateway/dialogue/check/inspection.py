"""A flow as its rules see it: the nodes, every way between them, what can be chosen and what is said where."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from gateway.dialogue.check.graph import reached
from gateway.dialogue.check.sayings import Sayings
from gateway.dialogue.check.speed import estimated_seconds
from gateway.dialogue.check.unread import Unread
from gateway.dialogue.choices import AGENT, Choice, choices_at
from gateway.dialogue.mistakes import closest
from gateway.dialogue.model import Flow, Slot
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.hangup import Hangup
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.nodes.transfer import Transfer
from gateway.dialogue.routes import RETURN, Stop, resolved, routes, stops
from gateway.dialogue.template import Template

ELSEWHERE = "?"
"""Where a target leads that names nothing: from there everything is taken to be possible."""

Measure = Callable[[Template, float], float]
"""How long a prompt lasts at a pace, in seconds."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way from a node to another, named by the node itself or open at every question."""

    target: str
    place: Place
    why: str
    """`then`, `on_error`, `option`, `branch`, `call`, `unavailable`; of every question, `universal` and `mode`; `human`
    where a failure leads when the file doesn't say.
    """
    detail: str | int | None = None
    """Which option, universal, mode or branch."""


class Inspection:
    """One flow being checked."""

    def __init__(self, flow: Flow, unread: Unread | None = None, measure: Measure = estimated_seconds) -> None:
        self.flow = flow
        self.unread = unread or Unread()
        self.measure = measure
        self.stops: dict[str, Stop] = {stop.name: stop for stop in stops(flow)}
        self.sayings = Sayings(flow, self.stops)
        self.names = [*self.stops, *(name for name in self.unread.nodes if name not in self.stops)]
        self._ways: dict[str, list[Way]] = {name: [] for name in self.stops}
        self.wild = self.unread.more
        """Some target names nothing that is known: what seems unreachable may be meant by it."""
        for route in routes(flow):
            stop = self.stops[route.source]
            target = self._known(route.target, returning=stop.subflow is not None)
            self._ways[route.source].append(Way(target, route.place, *_why(route.why)))
        for name, stop in self.stops.items():
            self._ways[name] += self._implied(stop)

    # --------------------------------------------------------------------------------------------------------- nodes

    @cached_property
    def questions(self) -> dict[str, Question]:
        """The nodes that wait for the caller."""
        return {name: stop.node for name, stop in self.stops.items() if isinstance(stop.node, Question)}

    @cached_property
    def choices(self) -> Mapping[str, Mapping[str, Choice]]:
        """What can be chosen at each question, by name."""
        return {name: choices_at(self.flow, question) for name, question in self.questions.items()}

    def is_end(self, name: str) -> bool:
        """The call ends there, or goes to a human; or nobody knows."""
        return name not in self.stops or isinstance(self.stops[name].node, Hangup | Transfer)

    def is_human(self, name: str) -> bool:
        """Nobody knows what isn't understood."""
        return name not in self.stops or isinstance(self.stops[name].node, Transfer)

    @cached_property
    def slots(self) -> list[tuple[Place, Slot]]:
        """The flow's and its sub-flows', with their places."""
        found: list[tuple[Place, Slot]] = [(("slots", name), slot) for name, slot in self.flow.slots.items()]
        for subflow, inner in self.flow.subflows.items():
            found += [(("subflows", subflow, "slots", name), slot) for name, slot in inner.slots.items()]
        return found

    def slot(self, question: Collect) -> tuple[Place, Slot] | None:
        """The slot that a question fills, and where it is declared."""
        return next(((place, slot) for place, slot in self.slots if place[-1] == question.slot), None)

    # ---------------------------------------------------------------------------------------------------------- ways

    def ways(self, name: str, *, returning: Collection[str] | None = None) -> Iterator[Way]:
        """Every way on, but `return`; after a `call` only if the sub-flow is among those `returning`: else, ever."""
        if name not in self.stops:
            words = self.unread.nodes.get(name, frozenset())
            yield from (Way(target, (), "then") for target in self._mentioned(words))
            return
        node = self.stops[name].node
        for way in self._ways[name]:
            shut = isinstance(node, Call) and way.why == "then" and not self._returns(node, returning)
            if way.target != RETURN and not shut:
                yield way

    def follow(self, name: str) -> Iterator[str]:
        """Where the ways lead."""
        return (way.target for way in self.ways(name))

    def silent_ways(self, name: str) -> Iterator[Way]:
        """The ways by which the caller may be led on without being asked anything."""
        return (way for way in self.ways(name, returning=self._passing) if self.unasked(name, way))

    def unasked(self, name: str, way: Way) -> bool:
        """Whether the way may be taken without a question: from a node that asks none, or skips it."""
        return name not in self.questions or (self.skips(name) and way.why == "then")

    def skips(self, name: str) -> bool:
        """Whether a question is left out when a condition holds."""
        question = self.questions.get(name)
        return isinstance(question, Collect) and question.skip_when is not None

    @cached_property
    def reachable(self) -> set[str]:
        """From the entry, by whatever callers do."""
        return reached([self._known(self.flow.entry), *self._mentioned(self.unread.words)], self.follow)

    def target_of(self, source: str, target: str) -> str:
        """The full name of what a node calls `target`."""
        return self._known(resolved(self.flow, source, target), returning="." in source)

    def _mentioned(self, words: frozenset[str]) -> list[str]:
        """The nodes that the words may name, beside them or in the whole flow."""
        return [name for word in sorted(words) for name in self._by_word.get(word, ())]

    @cached_property
    def _by_word(self) -> dict[str, list[str]]:
        named: dict[str, list[str]] = {}
        for name in self.names:
            named.setdefault(name.rpartition(".")[2], []).append(name)
        return named

    def returns(self, name: str) -> list[Way]:
        """The ways by which a sub-flow returns from there."""
        return [way for way in self._ways.get(name, ()) if way.target == RETURN]

    @cached_property
    def subflows(self) -> list[str]:
        """The sub-flows, those that are called before those that call them; empty when they call in a circle."""
        calls: dict[str, list[str]] = {name: [] for name in self.flow.subflows}
        for stop in self.stops.values():
            if stop.subflow and isinstance(stop.node, Call) and stop.node.call in calls:
                calls[stop.subflow].append(stop.node.call)
        try:
            return list(TopologicalSorter(calls).static_order())
        except CycleError:
            return []

    def _returns(self, call: Call, returning: Collection[str] | None) -> bool:
        return call.call not in self.flow.subflows or call.call in (self._returning if returning is None else returning)

    @cached_property
    def _returning(self) -> set[str]:
        return self.returning_by(lambda _name, _way: True)

    @cached_property
    def silently_returning(self) -> set[str]:
        """The sub-flows that come to their `return` by nodes that never ask anything."""
        return self.returning_by(lambda name, _: name not in self.questions)

    @cached_property
    def _passing(self) -> set[str]:
        return self.returning_by(self.unasked)

    def returning_by(self, allowed: Callable[[str, Way], bool]) -> set[str]:
        """The sub-flows that come to their `return` by such ways only."""
        if not self.subflows:
            return set(self.flow.subflows)
        returning: set[str] = set()
        for subflow in self.subflows:
            entry = self.target_of(f"{subflow}.", self.flow.subflows[subflow].entry)
            seen = reached([entry], lambda name: self._inside(name, returning, allowed))
            if any(name not in self.stops for name in seen):
                returning.add(subflow)
        return returning

    def _inside(self, name: str, returning: set[str], allowed: Callable[[str, Way], bool]) -> Iterator[str]:
        """Where a node of a sub-flow leads in it, `return` included."""
        stop = self.stops.get(name)
        if stop is None:
            return
        called = stop.node.call if isinstance(stop.node, Call) else None
        for way in self._ways[name]:
            shut = way.why == "then" and called in self.flow.subflows and called not in returning
            if (
                not shut
                and allowed(name, way)
                and (way.target not in self.stops or self.stops[way.target].subflow == stop.subflow)
            ):
                yield way.target

    def _known(self, target: str, *, returning: bool = False) -> str:
        """The target, or the node that a misspelt one was meant to be."""
        if target in self.stops or target in self.unread.nodes or (returning and target == RETURN):
            return target
        meant = closest(target, self.names)
        self.wild |= meant is None
        return meant or ELSEWHERE

    def _implied(self, stop: Stop) -> Iterator[Way]:
        """Ways that a node doesn't name."""
        flow, node = self.flow, stop.node
        if isinstance(node, Question):
            named = {(way.why, way.detail) for way in self._ways[stop.name]}
            for choice in self.choices[stop.name].values():
                if choice.go and ("option", choice.name) not in named:
                    place: Place = ("universals", choice.name, "go") if choice.name in flow.universals else stop.place
                    why = "option" if choice.is_option else "universal"
                    yield Way(self.target_of(stop.name, choice.go), place, why, choice.name)
            for name, mode in flow.modes.items():
                if mode.on_error and node.failure is None:
                    target = self._known(mode.on_error)
                    yield Way(target, ("modes", name, "on_error"), "mode", name)
        agent = flow.universals.get(AGENT)
        if agent and agent.go and node.failure is None and _can_fail(node):
            yield Way(self._known(agent.go), stop.place, "human")


def _why(place: Place) -> tuple[str, str | int | None]:
    match place:
        case ("options", option, "go"):
            return "option", option
        case ("branch", index, "go"):
            return "branch", index
        case ("otherwise",):
            return "branch", None
    return str(place[0]), None


def _can_fail(node: Node) -> bool:
    """Whether the dialogue may have to leave the node by another way than it names."""
    if isinstance(node, Question | Lookup | Ticket):
        return True
    return any(prompt.fields for _, prompt in node.prompts())
