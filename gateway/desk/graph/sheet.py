"""The whole sheet: the flow's own plan on top, what is shared below it, and a frame for each sub-flow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.desk.graph.cards import Card, card_of, label_size
from gateway.desk.graph.drawing import Arrow, Drawing
from gateway.desk.graph.layout import Line, Plan, Point, Size, plans
from gateway.desk.graph.lines import lines_of

MARGIN = 24.0
LEGEND_HEIGHT = 34.0
_GAP = 44.0
_FRAME_HEAD, _FRAME_PADDING = 34.0, 18.0


@dataclass(frozen=True, slots=True)
class Frame:
    """A part with a title."""

    title: str
    corner: Point
    size: Size


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything in its place; points are centres of cards."""

    size: Size
    cards: tuple[Card, ...]
    places: Mapping[str, Point]
    lines: tuple[Line, ...]
    jumps: tuple[Arrow, ...]
    frames: tuple[Frame, ...]


def sheet_of(drawing: Drawing) -> Sheet:
    """Lay a drawing out."""
    drawn = lines_of(drawing)
    cards = {box.name: card_of(drawing, box, drawn) for box in drawing.boxes}
    parts: dict[str | None, list[Plan]] = {}
    for subflow in dict.fromkeys(box.subflow for box in drawing.boxes):
        boxes = [box for box in drawing.boxes if box.subflow == subflow]
        names = {box.name for box in boxes}
        lines = [arrow for arrow in drawing.arrows if arrow in drawn and arrow.source in names]
        sizes = {box.name: cards[box.name].size for box in boxes}
        parts[subflow] = plans(boxes, lines, sizes, {arrow: label_size(arrow) for arrow in lines})
    table = _Table(_main_first(drawing, parts.pop(None)))
    frames = [table.frame(f"子流程 {subflow}", inner) for subflow, inner in parts.items() if subflow]
    return Sheet(
        table.size,
        tuple(cards.values()),
        table.places,
        tuple(table.lines),
        tuple(arrow for arrow in drawing.arrows if arrow not in drawn),
        tuple(frames),
    )


def _main_first(drawing: Drawing, found: Sequence[Plan]) -> list[Plan]:
    return sorted(found, key=lambda plan: drawing.entry not in plan.boxes)


class _Table:
    """Puts plans on the sheet: the first on top, the others in rows below that are no wider than it."""

    def __init__(self, own: Sequence[Plan]) -> None:
        first, *shared = own
        self.places: dict[str, Point] = {}
        self.lines: list[Line] = []
        self._limit = max(first.size[0], 1200.0) + MARGIN
        self._right, self._bottom = MARGIN, MARGIN + LEGEND_HEIGHT + _GAP
        self._row = self._bottom
        self._widest = 0.0
        for plan in (first, *shared):
            self._put(plan, self._place_for(plan.size))
            if plan is first:
                self._new_row()

    @property
    def size(self) -> Size:
        return self._widest + MARGIN, self._bottom - _GAP + MARGIN

    def frame(self, title: str, inner: Sequence[Plan]) -> Frame:
        """Put a part on the sheet, its plans one under the other."""
        width = max(plan.size[0] for plan in inner) + 2 * _FRAME_PADDING
        gaps = _FRAME_PADDING * (len(inner) - 1)
        height = sum(plan.size[1] for plan in inner) + gaps + _FRAME_HEAD + _FRAME_PADDING
        corner = self._place_for((width, height))
        y = corner[1] + _FRAME_HEAD
        for plan in inner:
            self._put(plan, (corner[0] + _FRAME_PADDING, y))
            y += plan.size[1] + _FRAME_PADDING
        return Frame(title, corner, (width, height))

    def _new_row(self) -> None:
        self._right, self._row = MARGIN, self._bottom

    def _place_for(self, size: Size) -> Point:
        if self._right > MARGIN and self._right + size[0] > self._limit:
            self._new_row()
        corner = self._right, self._row
        self._widest = max(self._widest, corner[0] + size[0])
        self._right += size[0] + _GAP
        self._bottom = max(self._bottom, corner[1] + size[1] + _GAP)
        return corner

    def _put(self, plan: Plan, corner: Point) -> None:
        def moved(point: Point) -> Point:
            return point[0] + corner[0], point[1] + corner[1]

        self.places |= {name: moved(point) for name, point in plan.boxes.items()}
        self.lines += [
            replace(line, points=tuple(map(moved, line.points)), label=moved(line.label)) for line in plan.lines
        ]
