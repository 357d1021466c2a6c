"""The notice that the call is recorded: before the caller is first listened to."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.inspection import Inspection
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.transfer import Transfer
from gateway.dialogue.state import STANDARD

NOTICE = "录音"
"""What a prompt says that tells of the recording."""
_MAIN = frozenset({"play", "menu", "collect", "survey", "message", "say", "transfer"})
"""What is said on coming to a node; the rest only after failures."""


def recorded_before_notice(flow: Inspection) -> Iterator[Found]:
    """Calls are recorded from the answer: whoever speaks or is handed over must have been told so."""
    told: set[str] = set()
    for mode in (STANDARD, *flow.flow.modes):
        for name in _unwarned(flow, mode):
            if name not in told:
                told.add(name)
                how = "" if mode == STANDARD else f" in mode {mode}"
                what = f"a caller comes to '{name}'{how} without having heard that the call is recorded"
                place = flow.stops[name].place
                yield Found(place, f"{what}; say it ({NOTICE}) in a prompt on every way here", at_key=True)


def _unwarned(flow: Inspection, mode: str) -> Iterator[str]:
    """The first nodes in that mode that listen, or hand over, before the notice."""
    entry = flow.target_of("", flow.flow.entry)
    waiting, seen = deque([entry]), {entry}
    while waiting:
        name = waiting.popleft()
        stop = flow.stops.get(name)
        if stop is None or _notices(flow, name, mode):
            continue
        if isinstance(stop.node, Question | Transfer):
            yield name
            continue
        for target in flow.follow(name):
            if target not in seen:
                seen.add(target)
                waiting.append(target)


def _notices(flow: Inspection, name: str, mode: str) -> bool:
    """What the node begins with in that mode has it."""
    prompts = flow.sayings.at.get(name, ())
    instead = {prompt.part for prompt in prompts if prompt.mode == mode != STANDARD}
    said = [one for one in prompts if one.mode == mode or (one.mode == STANDARD and one.part not in instead)]
    return any(NOTICE in prompt.template.source for prompt in said if prompt.part in _MAIN)
