"""The route of a whole conversation, from the routes of its turns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from gateway.analytics.conversation import Segment
from gateway.analytics.routing.book import RouteBook
from gateway.findings import OTHER, Route

AGENT = "agent"
"""To ask for a human says nothing of the matter; only who names no other matter belongs there."""
_FULL = 6
"""From so many characters on a turn has its full weight: 对, 没有, 一百 answer a question, they name no matter."""
_LEAST = 0.25
"""The weight of the shortest turn."""
_LATER = 0.15
"""By how much of its weight the last turn outweighs the first: callers come to the point."""
_MAX_OTHERS = 3


class Judged(NamedTuple):
    """A turn of the caller, and where it belongs."""

    segment: Segment
    route: Route


def joined(turns: Sequence[Judged], book: RouteBook) -> Route:
    """Where the conversation belongs.

    Turns weigh by how sure they are, how much was said, and a little by how late. What belongs nowhere and the wish
    for a human don't count beside a named matter. A route that `outweighs` another in routes.yaml takes over its
    weight: who asks for the bill and disputes a charge disputes it, however much of the call is about the bill.
    """
    matters = [turn for turn in turns if turn.route.route not in (OTHER, AGENT)]
    named = matters or [turn for turn in turns if turn.route.route != OTHER]
    if not named:
        sure = [turn.route.probability for turn in turns]
        probability = sum(sure) / len(sure) if sure else 1.0
        return Route(route=OTHER, probability=probability, skill_group=book.skill_group(OTHER))
    weights = _weights(named, turns)
    _take_over(weights, book)
    total = sum(weights.values())
    sure_of = {name: max(t.route.probability for t in named if t.route.route == name) for name in weights}
    ranked = sorted(
        ((name, sure_of[name] * weight / total) for name, weight in weights.items()), key=lambda one: -one[1]
    )
    name, probability = ranked[0]
    best = max((turn for turn in named if turn.route.route == name), key=lambda turn: turn.route.probability)
    return Route(
        route=name,
        probability=probability,
        skill_group=book.skill_group(name),
        others=tuple(one for one in ranked[1:] if one[1] > 0.0)[:_MAX_OTHERS],
        evidence=best.route.evidence,
    )


def _weights(named: Sequence[Judged], turns: Sequence[Judged]) -> dict[str, float]:
    """What speaks for each route."""
    weights: defaultdict[str, float] = defaultdict(float)
    place = {id(turn): at for at, turn in enumerate(turns)}
    for turn in named:
        content = max(_LEAST, min(1.0, len(turn.segment.text) / _FULL))
        later = 1.0 + _LATER * place[id(turn)] / max(1, len(turns) - 1)
        weights[turn.route.route] += turn.route.probability**2 * content * later
    return dict(weights)


def _take_over(weights: dict[str, float], book: RouteBook) -> None:
    """Moves the weight of what is outweighed."""
    for name in list(weights):
        rule = book.rules.routes.get(name)
        for lesser in rule.outweighs if rule else ():
            weights[name] += weights.get(lesser, 0.0)
            if lesser in weights:
                weights[lesser] = 0.0
