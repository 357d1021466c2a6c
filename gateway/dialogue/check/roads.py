"""Where ways lead: nodes that no call comes to, calls that come to no end, circles that a caller can't leave."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.graph import backward, circles, groups, reached
from gateway.dialogue.check.inspection import ELSEWHERE, Inspection
from gateway.dialogue.nodes.branch import Branch
from gateway.dialogue.nodes.call import Call
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
    """The circles that ask the caller nothing, by their first nodes."""
    silent = [name for name in flow.stops if name not in flow.questions]
    return {part[0]: part for part in circles(silent, flow.follow_silently) if not counts(flow, part)}


def endless_loop(flow: Inspection) -> Iterator[Found]:
    """A circle without a question: the caller can only hang up."""
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


def counts(flow: Inspection, part: Collection[str]) -> bool:
    """Whether it goes round only so often: a variable that it sets decides about the way out."""
    members = set(part)
    variables = {name for one in part for name in getattr(flow.stops[one].node, "fills", ())}
    for name in part:
        node = flow.stops[name].node
        leaves = any(way.target not in members for way in flow.ways(name))
        if isinstance(node, Branch) and leaves:
            read = {field for case in node.branch for owner, field in case.when.fields if owner == "vars"}
            if read & variables:
                return True
    return False


def dead_end(flow: Inspection) -> Iterator[Found]:
    """Nodes from which the call can be brought to no end, the first of every part."""
    ends = [name for name in (*flow.names, ELSEWHERE) if flow.is_end(name) or flow.returns(name)]
    looping = {name for part in circling(flow).values() for name in part}
    back = backward(flow.stops, flow.follow)
    fine = reached([*ends, *looping], lambda name: back.get(name, ()))
    for part in groups([name for name in flow.stops if name in flow.reachable - fine], flow.follow):
        what = f"from '{part[0]}' no hangup and no transfer can be reached; lead on from there to one of them"
        yield Found(flow.stops[part[0]].place, what, at_key=True)
