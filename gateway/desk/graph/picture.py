"""A sheet as SVG: cards to be chosen with a click or a key, lines with labels, jumps that show when they matter."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from gateway.desk.graph.cards import HEAD, ROW, SAYS, WIDTH, Card, label_of, label_size
from gateway.desk.graph.drawing import Arrow, Drawing, Walk
from gateway.desk.graph.layout import Line, Point
from gateway.desk.graph.sheet import MARGIN, Frame, Sheet
from gateway.desk.graph.wording import width_em

_RADIUS = 8
_LEGEND_PX = 15
_WALKS = {Walk.NEVER: "never", Walk.ASKED: "asked", Walk.TOLD: "told"}


def picture(drawing: Drawing, sheet: Sheet) -> Element:
    """The `svg` element; its classes are page.css's."""
    width, height = sheet.size
    svg = Element(
        "svg",
        {
            "id": "sheet",
            "viewBox": f"0 0 {width:.0f} {height:.0f}",
            "role": "group",
            "aria-label": f"{drawing.title}流程图",
        },
    )
    _arrowheads(svg)
    camera = SubElement(svg, "g", {"id": "camera"})
    _legend(camera, drawing)
    for frame in sheet.frames:
        _frame(camera, frame)
    walks = {box.name: box.walk for box in drawing.boxes}
    lines, jumps, labels, cards = (
        SubElement(camera, "g", {"class": name}) for name in ("lines", "jumps", "labels", "cards")
    )
    for line in sheet.lines:
        _line(lines, labels, line, _walk(line.arrow, walks))
    for arrow in sheet.jumps:
        _jump(jumps, sheet, arrow)
    for card in sheet.cards:
        _card(cards, card, sheet.places[card.box.name])
    return svg


def _walk(arrow: Arrow, walks: dict[str, Walk]) -> str:
    return _WALKS[min(arrow.walk, walks.get(arrow.source, Walk.NEVER))]


def _text(parent: Element, point: Point, text: str, css: str) -> Element:
    element = SubElement(parent, "text", {"x": f"{point[0]:.1f}", "y": f"{point[1]:.1f}", "class": css})
    element.text = text
    return element


def _arrowheads(svg: Element) -> None:
    marker = SubElement(
        SubElement(svg, "defs"),
        "marker",
        {
            "id": "head",
            "viewBox": "0 0 8 8",
            "refX": "7.5",
            "refY": "4",
            "markerWidth": "7",
            "markerHeight": "7",
            "markerUnits": "userSpaceOnUse",
            "orient": "auto",
        },
    )
    SubElement(marker, "path", {"d": "M0 0.5 L8 4 L0 7.5 z"})


def _legend(parent: Element, drawing: Drawing) -> None:
    """What works at every question, once, in a row at the top."""
    group = SubElement(parent, "g", {"class": "legend"})
    x, y = MARGIN, MARGIN + 16
    texts: list[tuple[str, str, str | None]] = [("任何时候都可以", "", None)]
    for said in drawing.anywhere:
        key = f"，按 {said.key}" if said.key else ""
        texts.append((said.label, f"说“{said.phrase}”{key}", said.target))
    for label, how, target in texts:
        goal = f" → {target}" if target else ""
        line = _text(group, (x, y), f"{label}　{how}{goal}" if how else label, "anywhere" if how else "anywhere-title")
        if target:
            line.set("data-go", target)
        x += (width_em(line.text or "") + 2.5) * _LEGEND_PX


def _frame(parent: Element, frame: Frame) -> None:
    (x, y), (width, height) = frame.corner, frame.size
    SubElement(
        parent,
        "rect",
        {
            "class": "frame",
            "x": f"{x:.1f}",
            "y": f"{y:.1f}",
            "width": f"{width:.1f}",
            "height": f"{height:.1f}",
            "rx": "12",
        },
    )
    _text(parent, (x + 16, y + 22), frame.title, "frame-title")


def _line(lines: Element, labels: Element, line: Line, walk: str) -> None:
    arrow = line.arrow
    ends = {"data-from": arrow.source, "data-to": arrow.target}
    css = f"line {arrow.way} {walk}"
    SubElement(lines, "path", {"class": css, "d": _curve(line.points), "marker-end": "url(#head)", **ends})
    text = label_of(arrow)
    if not text:
        return
    group = SubElement(labels, "g", {"class": f"label {arrow.way} {walk}", **ends})
    SubElement(group, "title").text = arrow.text
    width, height = label_size(arrow)
    x, y = line.label
    SubElement(
        group,
        "rect",
        {
            "x": f"{x - width / 2:.1f}",
            "y": f"{y - height / 2:.1f}",
            "width": f"{width:.1f}",
            "height": f"{height:.0f}",
            "rx": "10",
        },
    )
    _text(group, (x, y + 4), text, "label-text")


def _curve(points: Sequence[Point]) -> str:
    """Level through every column, bent between them."""
    (x, y), *rest = points
    path = [f"M{x:.1f} {y:.1f}"]
    level = True  # from a card's side to the next column
    for following in rest:
        next_x, next_y = following
        middle = (x + next_x) / 2
        if level and next_y != y:
            path.append(f"C{middle:.1f} {y:.1f} {middle:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}")
        else:
            path.append(f"L{next_x:.1f} {next_y:.1f}")
        x, y = following
    return "".join(path)


def _jump(parent: Element, sheet: Sheet, arrow: Arrow) -> None:
    """From the card's right side to the target's left; drawn all the time, shown when one of them is chosen."""
    (x, y), (to_x, to_y) = sheet.places[arrow.source], sheet.places[arrow.target]
    x, to_x = x + WIDTH / 2, to_x - WIDTH / 2
    reach = max(80.0, abs(to_x - x) / 3)
    SubElement(
        parent,
        "path",
        {
            "class": f"jump {arrow.way}",
            "d": f"M{x:.1f} {y:.1f}C{x + reach:.1f} {y:.1f} {to_x - reach:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}",
            "marker-end": "url(#head)",
            "data-from": arrow.source,
            "data-to": arrow.target,
        },
    )


def _card(parent: Element, card: Card, centre: Point) -> None:
    box = card.box
    width, height = card.size
    css = f"card kind-{box.kind} {_WALKS[box.walk]}{' own' if box.says_in_mode else ''}"
    group = SubElement(
        parent,
        "g",
        {
            "class": css,
            "data-name": box.name,
            "transform": f"translate({centre[0] - width / 2:.1f} {centre[1] - height / 2:.1f})",
            "tabindex": "0",
            "role": "button",
            "aria-label": f"{card.kind} {box.name}：{box.says}",
        },
    )
    size = {"width": f"{width:.0f}", "height": f"{height:.0f}", "rx": str(_RADIUS)}
    SubElement(group, "rect", {"class": "paper", **size})
    head = (
        f"M0 {HEAD:.0f}V{_RADIUS}Q0 0 {_RADIUS} 0H{width - _RADIUS:.0f}Q{width:.0f} 0 {width:.0f} {_RADIUS}V{HEAD:.0f}z"
    )
    SubElement(group, "path", {"class": "head", "d": head})
    SubElement(group, "rect", {"class": "edge", **size})
    _text(group, (10, 16.5), card.name, "name")
    _text(group, (width - 10, 16.5), card.kind, "kind")
    for css, says in (("says", card.says), ("says in-mode", card.says_in_mode)):
        for index, text in enumerate(says):
            _text(group, (10, HEAD + SAYS * (index + 1) - 3), text, css)
    top = HEAD + card.says_height
    for index, (arrow, text) in enumerate(card.jumps):
        row = _text(group, (10, top + ROW * (index + 1) - 2), text, f"row {arrow.way}")
        row.set("data-go", arrow.target)
