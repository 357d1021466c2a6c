"""The page: one file that needs nothing else, with picture, panel and search, and the script that moves them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from string import Template
from typing import Any
from xml.etree.ElementTree import Element, tostring

from gateway.desk.graph.details import details_of
from gateway.desk.graph.drawing import Drawing
from gateway.desk.graph.picture import picture
from gateway.desk.graph.sheet import sheet_of
from gateway.dialogue.compiled import CompiledFlow


def page(compiled: CompiledFlow, drawing: Drawing, written: Mapping[str, Any], *, in_mode: bool = False) -> str:
    """The page's HTML, opened in the mode if wanted; `written` is what the file says about each node, by full name."""
    style, script = _part("page.css"), _part("page.js")
    articles = [details_of(compiled, drawing, box, written.get(box.name)) for box in drawing.boxes]
    return Template(_part("page.html")).substitute(
        title=escape(drawing.title),
        version=escape(drawing.version),
        policy=f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'",
        style=style,
        script=script,
        mode=escape(drawing.mode_label),
        modeless="" if drawing.mode else " hidden",
        checked=" checked" if in_mode and drawing.mode else "",
        count=len(drawing.boxes),
        picture=_html(picture(drawing, sheet_of(drawing))),
        details="\n".join(map(_html, articles)),
    )


def _part(name: str) -> str:
    return (files(__package__ or "") / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    digest = hashlib.sha256(content.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _html(element: Element) -> str:
    return tostring(element, encoding="unicode", method="html")
