"""The notice that the call is recorded: before the caller is first listened to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.inspection import Inspection, Way
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.transfer import Transfer
from gateway.dialogue.quoting import quoted
from gateway.dialogue.state import STANDARD

NOTICE = "录音"
"""What a prompt says that tells of the recording."""


def recorded_before_notice(flow: Inspection) -> Iterator[Found]:
    """Calls are recorded from the answer: whoever speaks or is handed over must have been told so."""
    told: set[str] = set()
    for mode in (STANDARD, *flow.flow.modes):
        for name in _unwarned(flow, mode):
            if name not in told:
                told.add(name)
                how = "" if mode == STANDARD else f"（模式 {quoted(mode)}）"
                what = f"来电者走到 {quoted(name)} 时{how}还没有听到通话会录音"
                place = flow.stops[name].place
                yield Found(place, f"{what}；请在来这里的每条路上告知，提示语里要说到“{NOTICE}”", at_key=True)


def _unwarned(flow: Inspection, mode: str) -> Iterator[str]:
    """The first nodes in that mode that listen, or hand over, before the notice."""

    def untold(name: str, way: Way) -> bool:
        """Who takes the way hasn't been told by the node: it doesn't tell, or was skipped."""
        return (flow.skips(name) and way.why == "then") or not (_notices(flow, name, mode) or _needs_notice(flow, name))

    returning = flow.returning_by(untold)
    entry = flow.target_of("", flow.flow.entry)
    waiting, seen = deque([entry]), {entry}
    while waiting:
        name = waiting.popleft()
        if name not in flow.stops:
            continue
        if _needs_notice(flow, name) and not _notices(flow, name, mode):
            yield name
            continue
        for way in flow.ways(name, returning=returning):
            if untold(name, way) and way.target not in seen:
                seen.add(way.target)
                waiting.append(way.target)


def _needs_notice(flow: Inspection, name: str) -> bool:
    return isinstance(flow.stops[name].node, Question | Transfer)


def _notices(flow: Inspection, name: str, mode: str) -> bool:
    """Whether what the node says on coming to it, in that mode, tells of the recording."""
    node = flow.sayings.in_mode(name, mode)
    if isinstance(node, Menu) and node.groups:
        said = [node.groups[0].say]
    elif isinstance(node, Question):
        said = [node.prompt]
    else:
        said = [prompt for _, prompt in node.prompts()] if node else []
    return any(NOTICE in prompt.source for prompt in said)
