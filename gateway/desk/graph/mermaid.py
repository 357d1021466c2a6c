"""A flow as a Mermaid flowchart, for documents and merge requests."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from gateway.desk.graph.drawing import KINDS, Anywhere, Arrow, Box, Drawing, Walk, Way
from gateway.desk.graph.wording import cut, first_clauses
from gateway.dialogue.routes import RETURN

_SHAPES: Mapping[str, tuple[str, str]] = {
    "play": ("(", ")"),
    "menu": ("{{", "}}"),
    "collect": ("[/", "/]"),
    "branch": ("{", "}"),
    "lookup": ("[(", ")]"),
    "ticket": ("[/", "\\]"),
    "transfer": ("([", "])"),
    "survey": ("[\\", "/]"),
    "message": (">", "]"),
    "call": ("[[", "]]"),
    "hangup": ("(((", ")))"),
    RETURN: ("((", "))"),
}
_SPECIAL = re.compile(r'["#&<>`\\|{}\[\]()*~$]')
_NODE_EM, _EDGE_EM = 22, 16
_STYLES = (
    "classDef told fill:#fff3e0,stroke:#c2410c,stroke-width:3px,color:#431407",
    "classDef asked stroke:#c2410c,stroke-dasharray:5 4",
    "classDef own font-weight:bold",
    "classDef legend fill:none,stroke:#888,stroke-dasharray:2 3",
)
_TOLD_LINE = "stroke:#c2410c,stroke-width:3px"
_FAILED_LINE = "stroke:#6b7280"


def mermaid(drawing: Drawing, *, in_mode: bool = False) -> str:
    """The flowchart's text, in the usual wording or in the mode's; the mode's path is marked either way."""
    arrows = [arrow for arrow in drawing.arrows if in_mode or arrow.way is not Way.MODE_FAILURE]
    lines = ["---", f"title: {_quoted(f'{drawing.title} {drawing.version}')}", "---", "flowchart LR"]
    lines += _indented(_boxes(drawing, in_mode))
    lines += _indented(_legend(drawing))
    lines += _indented(_arrow(arrow) for arrow in arrows)
    lines.append(
        f"    {' ~~~ '.join(_legend_ids(drawing))}"
    )  # one under the other; after the arrows, which are numbered
    lines += _indented(_STYLES)
    lines += _indented(_classes(drawing.boxes))
    lines += _indented(_line_styles(drawing, arrows))
    return "\n".join(lines) + "\n"


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _boxes(drawing: Drawing, in_mode: bool) -> Iterator[str]:
    yield from (_box(box, in_mode) for box in drawing.boxes if box.subflow is None)
    for subflow in dict.fromkeys(box.subflow for box in drawing.boxes if box.subflow):
        yield f"subgraph sub_{subflow}[{_quoted(f'子流程 {subflow}')}]"
        yield from (f"    {_box(box, in_mode)}" for box in drawing.boxes if box.subflow == subflow)
        yield "end"


def _box(box: Box, in_mode: bool) -> str:
    opening, closing = _SHAPES.get(box.kind, ("[", "]"))
    says = box.says_in_mode if in_mode and box.says_in_mode else box.says
    text = f"{_escaped(box.name)}<br>{KINDS.get(box.kind, box.kind)}"
    if says:
        text += f"<br>{_escaped(first_clauses(says, _NODE_EM))}"
    return f'{_id(box.name)}{opening}"{text}"{closing}'


def _legend(drawing: Drawing) -> Iterator[str]:
    yield f"subgraph anywhere[{_quoted('任何时候都可以')}]"
    yield "    direction TB"
    for index, said in enumerate(drawing.anywhere):
        yield f"    any_{index}[{_quoted(anywhere_text(said))}]:::legend"
    if drawing.mode:
        yield f'    any_told["{_escaped(drawing.mode_label)}会走到"]:::told'
        yield f'    any_asked["{_escaped(drawing.mode_label)}：提示里不念，说了才走到"]:::asked'
    yield "end"


def _legend_ids(drawing: Drawing) -> list[str]:
    return [
        *(f"any_{index}" for index in range(len(drawing.anywhere))),
        *(("any_told", "any_asked") if drawing.mode else ()),
    ]


def anywhere_text(said: Anywhere) -> str:
    """One line about what can be said at any moment."""
    key = f"，按 {said.key}" if said.key else ""
    target = f" → {said.target}" if said.target else ""
    return f"说“{said.phrase}”{key}：{said.label}{target}"


def _arrow(arrow: Arrow) -> str:
    line = {Way.FAILURE: "-.->", Way.MODE_FAILURE: "-.->", Way.INCLUDED: "-.->"}.get(arrow.way, "-->")
    label = f"|{_quoted(cut(arrow.text, _EDGE_EM))}|" if arrow.text else ""
    return f"{_id(arrow.source)} {line}{label} {_id(arrow.target)}"


def _classes(boxes: Iterable[Box]) -> Iterator[str]:
    every = [*boxes]
    for name, chosen in (
        ("told", [box for box in every if box.walk is Walk.TOLD]),
        ("asked", [box for box in every if box.walk is Walk.ASKED]),
        ("own", [box for box in every if box.says_in_mode is not None]),
    ):
        if chosen:
            yield f"class {','.join(_id(box.name) for box in chosen)} {name}"


def _line_styles(drawing: Drawing, arrows: list[Arrow]) -> Iterator[str]:
    walks = {box.name: box.walk for box in drawing.boxes}
    told = [
        index
        for index, arrow in enumerate(arrows)
        if arrow.walk is Walk.TOLD and walks.get(arrow.source) is Walk.TOLD and arrow.way is not Way.FAILURE
    ]
    failed = [index for index, arrow in enumerate(arrows) if arrow.way is Way.FAILURE]
    for indexes, style in ((told, _TOLD_LINE), (failed, _FAILED_LINE)):
        if indexes:
            yield f"linkStyle {','.join(map(str, indexes))} {style}"


def _id(name: str) -> str:
    """A node's id: with a prefix no name is one of Mermaid's own words, such as `end`."""
    return f"n_{name}"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Everything that Mermaid, Markdown or HTML could take for its own as `#NUMBER;`."""
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};", text)
