"""What has been filled when a call comes to a node, by whatever way it came; and what is read there before it is."""

from __future__ import annotations

import ast
from collections import deque
from collections.abc import Iterator, Mapping
from functools import cached_property

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.inspection import Inspection, Way
from gateway.dialogue.check.needs import NONE, Facts, is_none, missing, when_false, when_true
from gateway.dialogue.expressions import Expression
from gateway.dialogue.nodes.base import Onward, Place
from gateway.dialogue.nodes.branch import Branch
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.question import Asked
from gateway.dialogue.nodes.survey import Survey
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.quoting import along, quoted
from gateway.dialogue.routes import RETURN, all_variables
from gateway.dialogue.state import CALLER

_CONDITIONS = frozenset({"when", "skip_when"})
_SHOWN = 4


class Filling:
    """The facts at each node. What a sub-flow fills goes with each of its callers, one by one."""

    def __init__(self, flow: Inspection) -> None:
        self._flow = flow
        self._variables = all_variables(flow.flow)
        saved = {stop.node.save for stop in flow.stops.values() if isinstance(stop.node, Lookup | Ticket)}
        self._records: Facts = frozenset({*saved, *flow.flow.records} - {CALLER})
        self._reads = {name: list(self._read_at(name)) for name in flow.stops}
        self._needed = {name: self._lacking(name, NONE) for name in flow.stops}
        self._reset = self._resetting()
        self._returned: dict[str, Facts] = {}
        for subflow in flow.subflows:
            entry = flow.target_of(f"{subflow}.", flow.flow.subflows[subflow].entry)
            _, returned = self._run({entry: NONE}, subflow)
            self._returned[subflow] = returned or NONE
        begun = frozenset(f"vars.{name}" for name, one in self._variables.items() if one.value is not None)
        self.at, _ = self._run({flow.target_of("", flow.flow.entry): begun})
        """By the name of each node that a call comes to."""

    def lacking(self, name: str) -> Iterator[tuple[Place, str]]:
        """What the node reads and some call doesn't have: the first place of each fact."""
        told: set[str] = set()
        for place, tree in self._reads[name]:
            for fact in sorted(missing(tree, self.at[name], self._records) - told):
                told.add(fact)
                yield place, fact

    def _lacking(self, name: str, known: Facts) -> Facts:
        return frozenset().union(*(missing(tree, known, self._records) for _, tree in self._reads[name]))

    def _read_at(self, name: str) -> Iterator[tuple[Place, ast.expr]]:
        stop = self._flow.stops[name]
        for place, expression in stop.node.expressions():
            if place[-1] not in _CONDITIONS:
                yield (*stop.place, *place), expression.tree
        for prompt in self._flow.sayings.at.get(name, ()):
            for field in prompt.template.fields:
                yield prompt.place, field.expression.tree

    def way_without(self, name: str, fact: str) -> list[str]:
        """The last nodes of a way that comes here without it."""
        way = [name]
        while len(way) < _SHOWN:
            before = (
                source
                for source, step in self._into.get(way[0], ())
                if source not in way and fact not in self._after(source, step, self.at[source])
            )
            source = next(before, None)
            if source is None:
                break
            way.insert(0, source)
        return way

    @cached_property
    def _into(self) -> dict[str, list[tuple[str, Way]]]:
        """The ways that lead to each node from those that a call comes to."""
        into: dict[str, list[tuple[str, Way]]] = {}
        for source in self.at:
            if source in self._flow.stops:
                for way in self._flow.ways(source):
                    into.setdefault(way.target, []).append((source, way))
        return into

    # ------------------------------------------------------------------------------------------------------ flowing

    def _run(self, starts: Mapping[str, Facts], subflow: str | None = None) -> tuple[dict[str, Facts], Facts | None]:
        """The facts at each node, and those at `return`: inside one sub-flow, or wherever the starts lead."""
        states, returned, waiting = dict(starts), None, deque(starts)
        while waiting:
            name = waiting.popleft()
            stop = self._flow.stops.get(name)
            if stop is None or (subflow is not None and stop.subflow != subflow):
                continue
            for way in (*self._flow.ways(name), *self._flow.returns(name)):
                facts = self._after(name, way, states[name])
                if way.target == RETURN:
                    returned = facts if returned is None else returned & facts
                    continue
                before = states.get(way.target)
                after = facts if before is None else before & facts
                if after != before:
                    states[way.target] = after
                    waiting.append(way.target)
        return states, returned

    def _after(self, name: str, way: Way, before: Facts) -> Facts:
        """What has a value after that way.

        What the node itself reads is counted in, so that a lack is told once, where it is first felt.
        """
        return (before | self._needed[name]) - self._lost(name, way) | self._earned(name, way)

    def _lost(self, name: str, way: Way) -> Facts:
        """What that way leaves without a value: a sub-flow begins with its variables as declared."""
        node = self._flow.stops[name].node
        if isinstance(node, Menu) and way.why == "option":
            return self._emptied(self._flow.choices[name][str(way.detail)].fills)
        reset = self._reset.get(node.call, NONE) if isinstance(node, Call) and way.why in {"call", "then"} else NONE
        return reset | self._emptied(node.fills) if isinstance(node, Onward | Asked) and way.why == "then" else reset

    def _earned(self, name: str, way: Way) -> Facts:
        node = self._flow.stops[name].node
        if isinstance(node, Branch) and way.why == "branch":
            return self._branched(node, way.detail)
        if isinstance(node, Menu) and way.why == "option":
            return self._named(self._flow.choices[name][str(way.detail)].fills)
        if isinstance(node, Call):
            after = self._named(node.fills) | self._returned.get(node.call, NONE) if way.why == "then" else NONE
            return after | self._named(node.arguments)
        if not isinstance(node, Onward | Asked) or way.why != "then":
            return NONE
        if isinstance(node, Collect):
            filled = self._named(node.fills) | self._named({node.slot: None})
            return filled & when_true(node.skip_when.tree, self._records) if node.skip_when is not None else filled
        if isinstance(node, Asked) and node.on_error is None and node.failure is not None:
            return NONE  # it goes on without an answer, too
        earned = self._named(node.fills)
        if isinstance(node, Survey):
            earned |= {"survey.score"}
        return earned | {node.save} if isinstance(node, Lookup | Ticket) else earned

    def _branched(self, node: Branch, case: str | int | None) -> Facts:
        before = node.branch[:case] if isinstance(case, int) else node.branch
        facts = frozenset().union(*(when_false(one.when.tree, self._records) for one in before))
        return facts | when_true(node.branch[case].when.tree, self._records) if isinstance(case, int) else facts

    def _named(self, fills: Mapping[str, Expression | None]) -> Facts:
        """The facts that are filled; not those that are set to none."""
        given = [name for name, value in fills.items() if value is None or not is_none(value.tree)]
        return frozenset(f"vars.{name}" if name in self._variables else f"slots.{name}" for name in given)

    def _emptied(self, fills: Mapping[str, Expression]) -> Facts:
        return self._named(dict.fromkeys(fills)) - self._named(fills)

    def _resetting(self) -> dict[str, Facts]:
        """By sub-flow: its variables without a first value, and those of the sub-flows that it calls."""
        reset: dict[str, Facts] = {}
        for subflow in self._flow.subflows:
            own = self._flow.flow.subflows[subflow].variables
            called = [node.call for node in self._flow.flow.subflows[subflow].nodes.values() if isinstance(node, Call)]
            facts = frozenset(f"vars.{name}" for name, one in own.items() if one.value is None)
            reset[subflow] = facts.union(*(reset.get(call, NONE) for call in called))
        return reset


def unfilled(flow: Inspection) -> Iterator[Found]:
    """A slot, a variable or a record that is read where some way leads without filling it."""
    filling = Filling(flow)
    for name in flow.stops:
        if name in filling.at:
            for place, fact in filling.lacking(name):
                what = f"走到这里时 {quoted(fact)} 可能还没有值（{along(filling.way_without(name, fact))}）"
                yield Found(place, f"{what}；请先填好，或写明没有时用什么，如 `{fact} or …`")
