"""Where ways lead: nodes that no call comes to, calls that come to no end, circles that a caller can't leave."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.graph import backward, circles, groups, reached
from gateway.dialogue.check.inspection import ELSEWHERE, Inspection, Way
from gateway.dialogue.expressions import Expression
from gateway.dialogue.nodes.base import Onward
from gateway.dialogue.nodes.branch import Branch
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.transfer import Transfer

_MANY = 4


def unreachable(flow: Inspection) -> Iterator[Found]:
    """The first nodes of every part that no call comes to, and sub-flows that nobody calls."""
    if flow.wild:
        return
    called = {stop.node.call for stop in flow.stops.values() if isinstance(stop.node, Call)} | flow.unread.all_words
    lost = [name for name in flow.stops if name not in flow.reachable]
    for name in flow.flow.subflows:
        if name not in called:
            what = f"nothing calls the sub-flow '{name}'; call it from a node, or remove it"
            yield Found(("subflows", name), what, at_key=True)
            lost = [one for one in lost if flow.stops[one].subflow != name]
    sources = backward(lost, flow.follow)
    for part in groups(lost, flow.follow):
        heads = [name for name in part if not set(sources.get(name, ())) - {name}] or part[:1]
        for head in heads:
            after = [name for name in part if name not in heads] if len(heads) == 1 else []
            what = f"no call comes to '{head}'{_and(after)}; lead to it, or remove it"
            yield Found(flow.stops[head].place, what, at_key=True)


def _and(after: list[str]) -> str:
    if not after:
        return ""
    shown = ", ".join(after[:_MANY]) + (", ..." if len(after) > _MANY else "")
    return f", nor to what only it leads to ({shown})"


def circling(flow: Inspection) -> dict[str, list[str]]:
    """The circles that need ask the caller nothing, by their first nodes."""
    parts = circles(flow.stops, lambda name: _targets(flow.silent_ways(name)))
    return {part[0]: part for part in parts if not counts(flow, part, flow.silent_ways)}


def _targets(ways: Iterable[Way]) -> list[str]:
    return [way.target for way in ways]


def endless_loop(flow: Inspection) -> Iterator[Found]:
    """A circle without a question, or with none that must be asked: the caller can only hang up."""
    for first, part in circling(flow).items():
        transfers = [name for name in part if isinstance(flow.stops[name].node, Transfer)]
        way = " -> ".join([*part[:_MANY], "..."] if len(part) > _MANY else [*part, first])
        if transfers:
            what = f"when nobody answers, the caller goes round without an end ({way})"
            place = (*flow.stops[transfers[0]].place, "unavailable")
            yield Found(place, f"{what}; let `unavailable` lead to a message or a hangup")
        else:
            what = f"the caller goes round here without being asked anything ({way}); break the circle"
            yield Found(flow.stops[first].place, what, at_key=True)


def counts(flow: Inspection, part: Collection[str], ways: Callable[[str], Iterable[Way]]) -> bool:
    """Whether every circle there goes round only so often: it changes something that decides about a way out."""
    members = set(part)
    steps = {name: [way for way in ways(name) if way.target in members] for name in part}
    changed = {one for name, taken in steps.items() for way in taken for one in changes(flow, name, way)}
    deciding = {name: read for name in part if (read := _decides_by(flow, name, members) & changed)}
    read = set().union(*deciding.values())

    def unchanged(name: str) -> list[str]:
        return [way.target for way in steps[name] if not read & set(changes(flow, name, way))]

    undecided = [name for name in part if name not in deciding]
    return not circles(part, unchanged) and not circles(undecided, lambda name: _targets(steps[name]))


def _decides_by(flow: Inspection, name: str, members: set[str]) -> set[str]:
    """The slots and variables by which the node may lead out of the circle, or ask something."""
    node = flow.stops[name].node
    conditions: list[Expression] = []
    if isinstance(node, Branch) and any(way.target not in members for way in flow.ways(name)):
        conditions = [case.when for case in node.branch]
    elif isinstance(node, Collect) and node.skip_when is not None:
        conditions = [node.skip_when]
    return {field for condition in conditions for owner, field in condition.fields if owner in {"vars", "slots"}}


def changes(flow: Inspection, name: str, way: Way) -> Mapping[str, Expression]:
    """The slots and variables that a way fills which nobody has to answer for."""
    node = flow.stops[name].node
    if isinstance(node, Call) and way.why == "call":
        return node.arguments
    return node.fills if isinstance(node, Onward) and way.why == "then" else {}


def dead_end(flow: Inspection) -> Iterator[Found]:
    """Nodes from which the call can be brought to no end, the first of every part."""
    ends = [name for name in (*flow.names, ELSEWHERE) if flow.is_end(name) or flow.returns(name)]
    looping = {name for part in circling(flow).values() for name in part}
    back = backward(flow.stops, flow.follow)
    fine = reached([*ends, *looping], lambda name: back.get(name, ()))
    for part in groups([name for name in flow.stops if name in flow.reachable - fine], flow.follow):
        what = f"from '{part[0]}' no hangup and no transfer can be reached; lead on from there to one of them"
        yield Found(flow.stops[part[0]].place, what, at_key=True)
