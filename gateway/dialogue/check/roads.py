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
from gateway.dialogue.quoting import along, listed, quoted

_MANY = 4


def unreachable(flow: Inspection) -> Iterator[Found]:
    """The first nodes of every part that no call comes to, and sub-flows that nobody calls."""
    if flow.wild:
        return
    called = {stop.node.call for stop in flow.stops.values() if isinstance(stop.node, Call)} | flow.unread.all_words
    lost = [name for name in flow.stops if name not in flow.reachable]
    for name in flow.flow.subflows:
        if name not in called:
            what = f"没有节点进入子流程 {quoted(name)}；请用 `call` 进入它，或删掉它"
            yield Found(("subflows", name), what, at_key=True)
            lost = [one for one in lost if flow.stops[one].subflow != name]
    sources = backward(lost, flow.follow)
    for part in groups(lost, flow.follow):
        heads = [name for name in part if not set(sources.get(name, ())) - {name}] or part[:1]
        for head in heads:
            after = [name for name in part if name not in heads] if len(heads) == 1 else []
            what = f"哪通电话都走不到 {quoted(head)}{_and(after)}；请让别处走到它，或删掉它"
            yield Found(flow.stops[head].place, what, at_key=True)


def _and(after: list[str]) -> str:
    if not after:
        return ""
    shown = listed(after[:_MANY]) + ("……" if len(after) > _MANY else "")
    return f"，也走不到只有它才去的 {shown}"


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
        way = f"{along(part[:_MANY])} → ……" if len(part) > _MANY else along([*part, first])
        if transfers:
            what = f"没有人接的时候，来电者会没完没了地转圈（{way}）"
            place = (*flow.stops[transfers[0]].place, "unavailable")
            yield Found(place, f"{what}；请让 `unavailable` 走到留言或挂机")
        else:
            what = f"来电者会在这里一直转圈，什么也不问（{way}）；请断开这个圈"
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
        what = f"从 {quoted(part[0])} 走不到挂机，也走不到转人工；请接上其中一个"
        yield Found(flow.stops[part[0]].place, what, at_key=True)
