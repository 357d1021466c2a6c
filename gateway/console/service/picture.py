"""The flow's drawing with how many came to each node and how many gave up there: an SVG that page styles colour.

It is built as a tree of elements and written by a serialiser that escapes: no text of a flow becomes markup.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree.ElementTree import Element, SubElement, tostring

from gateway.desk.funnel import NodeFigures
from gateway.desk.graph.drawing import Drawing
from gateway.desk.graph.picture import picture
from gateway.desk.graph.sheet import sheet_of

WARM, HOT = 0.05, 0.15
"""Shares of visits that are given up, from which on a node is marked."""
_PILL_HEIGHT = 22.0


def funnel_picture(drawing: Drawing, nodes: Mapping[str, NodeFigures]) -> str:
    """The SVG's text; its cards have the class `vg-heat-0` to `vg-heat-3`."""
    sheet = sheet_of(drawing)
    svg = picture(drawing, sheet)
    svg.attrib.pop("id", None)
    width, height = sheet.size
    svg.set("width", f"{width:.0f}")
    svg.set("height", f"{height + _PILL_HEIGHT:.0f}")
    svg.set("viewBox", f"0 0 {width:.0f} {height + _PILL_HEIGHT:.0f}")
    sizes = {card.box.name: card.size for card in sheet.cards}
    for group in svg.iter("g"):
        name = group.get("data-name")
        if name is not None and name in sizes:
            _count(group, sizes[name], nodes.get(name))
    return tostring(svg, encoding="unicode")


def heat(node: NodeFigures | None) -> int:
    """0: nobody came; 1: few give up; 2: some do; 3: many do."""
    if node is None or not node.entered:
        return 0
    share = node.hung_up / node.entered
    return 3 if share >= HOT else 2 if share >= WARM else 1


def told(node: NodeFigures | None) -> str:
    """In a few words."""
    if node is None or not node.entered:
        return "没有来电走到"
    if not node.hung_up:
        return f"{node.entered:,} 次"
    return f"{node.entered:,} 次 · 放弃 {node.hung_up:,}（{node.hung_up / node.entered:.0%}）"


def _count(group: Element, size: tuple[float, float], node: NodeFigures | None) -> None:
    width, height = size
    group.set("class", f"{group.get('class', '')} vg-heat-{heat(node)}")
    group.set("aria-label", f"{group.get('aria-label', '')}；{told(node)}")
    pill = {
        "x": "12",
        "y": f"{height - 3:.0f}",
        "width": f"{width - 24:.0f}",
        "height": f"{_PILL_HEIGHT:.0f}",
        "rx": "11",
    }
    SubElement(group, "rect", {"class": "vg-pill", **pill})
    text = {"x": f"{width / 2:.0f}", "y": f"{height + 12.5:.0f}", "class": "vg-pill-text", "text-anchor": "middle"}
    SubElement(group, "text", text).text = told(node)
