"""What becomes of a caller who says nothing, or nothing to the point: a dead line must not be asked for ever."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.graph import circles
from gateway.dialogue.check.inspection import Inspection, Way
from gateway.dialogue.check.roads import counts
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.survey import Survey
from gateway.dialogue.quoting import along

_FAILING = frozenset({"on_error", "mode", "human"})


def silent_loop(flow: Inspection) -> Iterator[Found]:
    """Questions whose failures lead round in a circle, so that a caller who never answers never comes to an end."""

    def ways(name: str) -> Iterator[Way]:
        question = flow.questions.get(name)
        goes_on = isinstance(question, Survey | Message) and question.on_error is None
        for way in flow.ways(name):
            if question is None or way.why in _FAILING or (goes_on and way.why == "then"):
                yield way

    for part in circles(flow.stops, lambda name: (way.target for way in ways(name))):
        asking = [name for name in part if name in flow.questions]
        if asking and not counts(flow, part, ways):
            stop = flow.stops[asking[0]]
            what = f"一直不出声的来电者会在这里被没完没了地问（{along([*asking[:4], asking[0]])}）"
            has_own = asking[0] in flow.questions and flow.questions[asking[0]].on_error is not None
            place = (*stop.place, "on_error") if has_own else stop.place
            yield Found(place, f"{what}；请让其中一个的 `on_error` 走到转人工或挂机", at_key=not has_own)
