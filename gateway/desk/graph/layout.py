"""Where everything goes: columns from left to right, few crossings, nothing on top of anything else.

`fast_sugiyama` (Sugiyama's layered method) decides the column of each node, the order in it and the bends of long
lines; it knows no sizes, so the columns' widths and the rows' heights are made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fast_sugiyama import from_edges

from gateway.desk.graph.drawing import Arrow, Box

_ROW_GAP, _COLUMN_GAP = 18.0, 34.0
_BEND_HEIGHT = 6.0
_UNIT = 10.0
"""Between neighbours, in the units of the library."""

Point = tuple[float, float]
Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """An arrow that is drawn: the points it goes through, and the one of them that its label is centred on."""

    arrow: Arrow
    points: tuple[Point, ...]
    label: Point


@dataclass(frozen=True, slots=True)
class Plan:
    """A part of a drawing laid out: the centres of the boxes and the lines between them, in a frame from (0, 0)."""

    size: Size
    boxes: Mapping[str, Point]
    lines: tuple[Line, ...]


def plans(
    boxes: Sequence[Box], lines: Sequence[Arrow], sizes: Mapping[str, Size], labels: Mapping[Arrow, Size]
) -> list[Plan]:
    """One plan for each set of boxes that lines hold together, in the order of the boxes."""
    numbers = {box.name: number for number, box in enumerate(boxes)}
    middles = {arrow: len(boxes) + number for number, arrow in enumerate(lines)}
    sized = {number: sizes[name] for name, number in numbers.items()}
    sized |= {middle: labels[arrow] for arrow, middle in middles.items()}
    edges: list[tuple[int, int]] = []
    for arrow, middle in middles.items():  # each line goes through a place of its own, where its label is
        edges += [(numbers[arrow.source], middle), (middle, numbers[arrow.target])]
    found: list[Plan] = []
    for positions, bent in _layered(edges):
        grid = _Grid(positions, sized)
        ways = _Bends(bent)
        names = {name: grid.centre(number) for name, number in numbers.items() if number in positions}
        drawn = [arrow for arrow in lines if arrow.source in names]
        found.append(
            Plan(
                grid.size,
                names,
                tuple(_line(arrow, grid, ways.path(numbers, arrow, middles[arrow])) for arrow in drawn),
            )
        )
    alone = [box.name for box in boxes if not any(box.name in plan.boxes for plan in found)]
    found += [Plan(sizes[name], {name: (sizes[name][0] / 2, sizes[name][1] / 2)}, ()) for name in alone]
    return sorted(found, key=lambda plan: min(numbers[name] for name in plan.boxes))


def _layered(edges: list[tuple[int, int]]) -> Iterator[tuple[dict[int, Point], list[tuple[int, int]]]]:
    """For each connected part: where in the layers each number is, and the edges with their bends between.

    The library keeps what is named first on the right; turned on its side that must be the top.
    """
    if edges:
        parts = from_edges(
            edges, vertex_spacing=_UNIT, dummy_vertices=True, dummy_size=_UNIT / 2, ranking_type="minimize"
        )
        for positions, _, _, bent in parts:
            yield (
                {int(number): (-float(x), float(y)) for number, (x, y) in positions},
                [(int(source), int(target)) for source, target in bent or ()],
            )


class _Bends:
    """The edges with bends, to be followed from one end to the other."""

    def __init__(self, edges: Iterable[tuple[int, int]]) -> None:
        self._onward: dict[int, list[int]] = {}
        for source, target in edges:
            self._onward.setdefault(source, []).append(target)

    def path(self, numbers: Mapping[str, int], arrow: Arrow, middle: int) -> tuple[list[int], list[int]]:
        """Everything between the source and the middle, both included, and between the middle and the target."""
        real = {*numbers.values()}
        return (
            self._between(numbers[arrow.source], middle, real),
            self._between(middle, numbers[arrow.target], real),
        )

    def _between(self, start: int, end: int, real: set[int]) -> list[int]:
        for following in self._onward.get(start, ()):
            path = [start, following]
            while path[-1] != end and path[-1] not in real and len(self._onward.get(path[-1], ())) == 1:
                path.append(self._onward[path[-1]][0])
            if path[-1] == end:
                return path
        return [start, end]


class _Grid:
    """The layers as columns wide enough for what is in them, and rows moved apart and together by what is in them."""

    def __init__(self, positions: Mapping[int, Point], sized: Mapping[int, Size]) -> None:
        self._sizes = {number: sized.get(number, (0.0, _BEND_HEIGHT)) for number in positions}
        layers = sorted({layer for _, layer in positions.values()}, reverse=True)
        self._column = {number: layers.index(layer) for number, (_, layer) in positions.items()}
        self._left: list[float] = []
        self._width: list[float] = []
        edge = 0.0
        for column in range(len(layers)):
            width = max(self._sizes[number][0] for number in positions if self._column[number] == column)
            self._left.append(edge)
            self._width.append(width)
            edge += width + _COLUMN_GAP
        rows = {number: row for number, (row, _) in positions.items()}
        self._y = self._rows(rows)
        height = max(self._y[number] + self._sizes[number][1] / 2 for number in positions)
        self.size: Size = (edge - _COLUMN_GAP, height)

    def _rows(self, rows: Mapping[int, float]) -> dict[int, float]:
        """Heights that keep the order and what is in line: the means of the earliest and the latest that would do."""
        earliest = self._packed(rows)
        bottom = max(y + self._sizes[number][1] / 2 for number, y in earliest.items())
        upward = self._packed({number: -row for number, row in rows.items()})
        return {number: (earliest[number] + bottom - upward[number]) / 2 for number in rows}

    def _packed(self, rows: Mapping[int, float]) -> dict[int, float]:
        """From the first row on, each as near to the one before as the sizes in the same column allow."""
        placed: dict[int, float] = {}
        last: dict[int, int] = {}
        level = 0.0
        for row in sorted(set(rows.values())):
            here = [number for number in rows if rows[number] == row]
            for number in here:
                half = self._sizes[number][1] / 2
                before = last.get(self._column[number])
                if before is None:
                    level = max(level, half)
                else:
                    level = max(level, placed[before] + self._sizes[before][1] / 2 + _ROW_GAP + half)
            for number in here:
                placed[number] = level
                last[self._column[number]] = number
        return placed

    def centre(self, number: int) -> Point:
        column = self._column[number]
        return self._left[column] + self._width[column] / 2, self._y[number]

    def sides(self, number: int) -> tuple[Point, Point]:
        """Where lines come into its column and where they leave it."""
        column, y = self._column[number], self._y[number]
        return (self._left[column], y), (self._left[column] + self._width[column], y)


def _line(arrow: Arrow, grid: _Grid, path: tuple[list[int], list[int]]) -> Line:
    before, after = path
    points = [grid.sides(before[0])[1]]
    for number in (*before[1:], *after[1:-1]):
        points += grid.sides(number)
    points.append(grid.sides(after[-1])[0])
    return Line(arrow, tuple(points), grid.centre(before[-1]))
