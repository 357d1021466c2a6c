"""Words for a drawing: what a node says or does in one line, cut to fit, and how wide it will be."""

from __future__ import annotations

import re
import unicodedata

from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.template import Field, Template

_CLAUSE = re.compile(r"[^。！？；，]*[。！？；，]?")
_TOKEN = re.compile(r"‹[^›]*›|[A-Za-z0-9_.]+|.")
_NO_BEGINNING = frozenset("，。！？；：、”》）")
"""Marks that don't begin a line; they may stand in its margin."""
_NARROW_EM = 0.6
"""Of Latin letters and digits, at the wide end, so that nothing overflows in another font."""


def spoken(prompt: Template) -> str:
    """A prompt with its values as ‹account.balance›."""
    return "".join(f"‹{part.expression.source.strip()}›" if isinstance(part, Field) else part for part in prompt.parts)


def gist(node: Node) -> str:
    """What a node says; what it does, when it says nothing."""
    match node:
        case Lookup():
            return f"{node.lookup} → {node.save}"
        case Ticket():
            return f"{node.ticket.category} → {node.save}"
        case Menu() if node.groups:
            return f"分 {len(node.groups)} 组念：{spoken(node.groups[0].say)}"
        case Call():
            return f"进入 {node.call}"
    return next((spoken(prompt) for _, prompt in node.prompts()), "")


def width_em(text: str) -> float:
    """How wide a text is at most, in units of the font's size."""
    return sum(1.0 if unicodedata.east_asian_width(letter) in "WFA" else _NARROW_EM for letter in text)


def cut(text: str, limit_em: float) -> str:
    """The text, or as much of its beginning as fits with an ellipsis."""
    if width_em(text) <= limit_em:
        return text
    kept = text
    while kept and width_em(kept) > limit_em - 1:
        kept = kept[:-1]
    return f"{kept}…"


def first_clauses(text: str, limit_em: float) -> str:
    """As many whole clauses as fit, with an ellipsis when there are more; a first one that is too long is cut."""
    kept = ""
    for clause in _CLAUSE.findall(text):
        if width_em(kept + clause) > limit_em:
            break
        kept += clause
    if not kept:
        return cut(text, limit_em)
    return kept if kept == text else f"{kept.rstrip('，')}…"


def wrapped(text: str, limit_em: float, lines: int) -> list[str]:
    """The text in at most so many lines, broken between Chinese characters and words; cut when it goes on."""
    rows = [""]
    for token in _TOKEN.findall(text):
        fits = width_em(rows[-1] + token) <= limit_em or token in _NO_BEGINNING
        if not fits and rows[-1] and len(rows) < lines:
            rows.append("")
        rows[-1] += token
    return [cut(row.strip(), limit_em + 1) for row in rows if row]
