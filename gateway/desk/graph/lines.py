"""Which arrows are drawn as lines.

Ways to nodes that many ways lead to, and ways back, would cross everything: they are not lines but jumps, a row in
the card that they leave from, as an off-page connector in a flow chart on paper.
"""

from __future__ import annotations

from collections import Counter

from gateway.desk.graph.drawing import Arrow, Drawing, Way

MANY_WAYS = 4
"""From this many ways in on, a node is reached by jumps."""


def lines_of(drawing: Drawing) -> frozenset[Arrow]:
    """The arrows that are drawn as lines; the others are jumps."""
    return frozenset(_Lines(drawing).drawn)


class _Lines:
    """Chooses the arrows to draw: no jump between sub-flows, to much-used nodes or back; the rest, first come first."""

    def __init__(self, drawing: Drawing) -> None:
        part = {box.name: box.subflow for box in drawing.boxes}
        ways_in = Counter(arrow.target for arrow in drawing.arrows if arrow.way is not Way.MODE_FAILURE)
        everywhere = {said.target for said in drawing.anywhere if said.target}
        hubs = {name for name in part if ways_in[name] >= MANY_WAYS} | everywhere
        near = [
            arrow
            for arrow in drawing.arrows
            if part[arrow.source] == part[arrow.target]
            and arrow.way not in {Way.MODE_FAILURE, Way.INCLUDED, Way.ENTERED}
        ]
        self._onward: dict[str, list[str]] = {}
        self.drawn: dict[Arrow, None] = {}
        for arrow in near:
            if arrow.target not in hubs:
                self._draw(arrow)
        main = self._reached(drawing.entry)
        for arrow in near:  # what is shared is drawn beside the flow; lines among it hold it together
            if arrow.target in hubs and arrow.source not in main and arrow.target != drawing.entry:
                self._draw(arrow)

    def _draw(self, arrow: Arrow) -> None:
        if arrow.source not in self._reached(arrow.target):
            self.drawn[arrow] = None
            self._onward.setdefault(arrow.source, []).append(arrow.target)

    def _reached(self, name: str) -> set[str]:
        seen: set[str] = set()
        waiting = [name]
        while waiting:
            here = waiting.pop()
            if here not in seen:
                seen.add(here)
                waiting += self._onward.get(here, ())
        return seen
