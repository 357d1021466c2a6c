"""The router: one turn's route, and the route of a whole conversation or of what there is of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gateway.analytics.conversation import Segment
from gateway.analytics.routing.book import RouteBook, load_book
from gateway.analytics.routing.model import Model, load
from gateway.analytics.routing.reading import Reader
from gateway.analytics.routing.whole import Judged, joined
from gateway.findings import OTHER, Route

MAX_OTHERS = 3
_LEAST = 0.01
"""A probability below it isn't worth telling."""


class Router:
    """Says where a caller's words belong. Safe to share between threads.

    Args:
        book: the routes.
        model: trained from it.
    """

    def __init__(self, book: RouteBook, model: Model) -> None:
        self.book = book
        self._model = model
        self._reader = Reader(model)
        self._nothing = Route(route=OTHER, probability=1.0, skill_group=book.skill_group(OTHER))

    @classmethod
    def load(cls, rules: Path | None = None) -> Router:
        """From the operator's routes.yaml in `rules` and the model beside it, else from the package's.

        Raises:
            RulesError: routes.yaml has mistakes, or its model is missing, damaged or stale.
        """
        book = load_book(rules)
        return cls(book, load(book))

    def route(self, segment: Segment) -> Route:
        """Where one turn belongs. Any text; what stands behind `features.MAX_CHARACTERS` isn't looked at."""
        if segment.kind != "speech":
            return self._nothing
        read = self._reader.read(segment.text)
        if read is None:
            return self._nothing
        names, shares = self._model.routes, read.shares.tolist()
        ranked = sorted(zip(names, shares, strict=True), key=lambda one: -one[1])
        (name, share), spans = ranked[0], read.spans
        if share < self._model.threshold and name != OTHER:
            name, share, spans = OTHER, dict(ranked)[OTHER], ()  # no words decided that
        return Route(
            route=name,
            probability=share,
            skill_group=self.book.skill_group(name),
            others=tuple(one for one in ranked if one[0] != name and one[1] >= _LEAST)[:MAX_OTHERS],
            evidence=tuple(segment.evidence(start, end) for start, end in spans),
        )

    def route_text(self, text: str) -> Route:
        """Where a text without a conversation belongs; its evidence has no times."""
        return self.route(Segment(index=0, participant="customer", text=text, begin_ms=0.0, end_ms=0.0))

    def call(self, segments: Sequence[Segment], turns: Sequence[Route]) -> Route:
        """Where a conversation belongs, or what there is of it.

        Args:
            segments: the caller's turns in words (`Conversation.customer`).
            turns: what `route` made of each.
        """
        judged = [Judged(segment, turn) for segment, turn in zip(segments, turns, strict=True)]
        return joined(judged, self.book)
