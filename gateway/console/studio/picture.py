"""A flow's drawing as an image for the page, and what lies where in it. Pure.

An image, not markup in the page: whatever a flow's texts hold, nothing in an image runs.
"""

from __future__ import annotations

import base64
import logging
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from xml.etree.ElementTree import Element, tostring

from gateway.desk.graph.draw import draw
from gateway.desk.graph.picture import picture
from gateway.desk.graph.sheet import sheet_of
from gateway.dialogue.compiled import CompiledFlow

logging.getLogger("rust-sugiyama").setLevel(logging.WARNING)  # the layout tells 300 lines of each drawing


@dataclass(frozen=True, slots=True)
class Image:
    """The drawing; places are shares of its width and height, 0 to 1."""

    source: str
    """A `data:` address of SVG."""
    width_px: int
    """At full size."""
    title: str
    boxes: tuple[tuple[str, float, float, float, float], ...]
    """Node, left, top, right, bottom."""

    def at(self, x: float, y: float) -> str | None:
        """The node at a place."""
        found = (name for name, left, top, right, bottom in self.boxes if left <= x <= right and top <= y <= bottom)
        return next(found, None)


def image_of(compiled: CompiledFlow) -> Image:
    """Draw a flow. Raises FlowError when it can't be drawn."""
    drawing = draw(compiled)
    sheet = sheet_of(drawing)
    svg = picture(drawing, sheet)
    width, height = sheet.size
    svg.set("xmlns", "http://www.w3.org/2000/svg")
    svg.set("width", f"{width:.0f}")
    svg.set("height", f"{height:.0f}")
    style = Element("style")
    style.text = _style()
    svg.insert(0, style)
    encoded = base64.b64encode(tostring(svg, encoding="utf-8")).decode()
    boxes = []
    for card in sheet.cards:
        (x, y), (card_width, card_height) = sheet.places[card.box.name], card.size
        left, right = (x - card_width / 2) / width, (x + card_width / 2) / width
        top, bottom = (y - card_height / 2) / height, (y + card_height / 2) / height
        boxes.append((card.box.name, left, top, right, bottom))
    return Image(f"data:image/svg+xml;base64,{encoded}", round(width), f"{drawing.title}流程图", tuple(boxes))


@cache
def _style() -> str:
    css = files("gateway.desk.graph").joinpath("page.css").read_text(encoding="utf-8")
    return f"{css}\n#sheet {{ font: 14px system-ui, 'Noto Sans CJK SC', sans-serif; }}"
