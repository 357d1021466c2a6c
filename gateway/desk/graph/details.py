"""Everything about one node, for the panel beside the picture."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from ruamel.yaml import YAML

from gateway.desk.graph.drawing import KINDS, Arrow, Box, Drawing, Walk, Way
from gateway.desk.graph.wording import spoken
from gateway.dialogue.choices import Choice
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.routes import RETURN
from gateway.dialogue.state import STANDARD

_PLACES: Mapping[str, str] = {
    "again": "换个说法",
    "confirm_prompt": "确认",
    "confirm_again": "确认没听懂",
    "denied": "来电者说不对",
    "no_input": "没有声音",
    "no_match": "没听懂",
    "groups": "分组",
    "transfer": "转接前",
}
_TIMES: Mapping[str, str] = {
    "timeout": "等多久算没回答",
    "speech_timeout": "说完后静多久",
    "complete_timeout": "答完整了静多久",
    "incomplete_timeout": "没答完静多久",
    "inter_digit_timeout": "两次按键之间",
    "max_speech": "最多说多久",
}
_LENGTHENED = frozenset({"timeout", "inter_digit_timeout"})
"""By the whole factor of a mode."""


def details_of(compiled: CompiledFlow, drawing: Drawing, box: Box, written: Any) -> Element:  # noqa: ANN401
    """An `article`; `written` is what the file says about the node, as plain data."""
    article = Element("article", {"data-name": box.name, "hidden": "hidden", "tabindex": "-1"})
    SubElement(article, "h2").text = box.name
    kind = SubElement(article, "p", {"class": "about"})
    kind.text = " · ".join([f"{KINDS.get(box.kind, box.kind)} {box.kind}", *_about(drawing, box)])
    if box.kind != RETURN:
        node = compiled.node(box.name, STANDARD)
        _prompts(article, compiled, box.name, node)
        if isinstance(node, Question):
            _choices(article, compiled.choices(box.name))
            _times(article, compiled, drawing, node)
    _ways(article, "从哪里来", [(arrow.source, arrow) for arrow in drawing.arrows if arrow.target == box.name])
    _ways(article, "去哪里", [(arrow.target, arrow) for arrow in drawing.arrows if arrow.source == box.name])
    if written:
        SubElement(_section(article, "文件里的写法"), "pre").text = _yaml(written)
    return article


def _about(drawing: Drawing, box: Box) -> Iterator[str]:
    if box.subflow:
        yield f"子流程 {box.subflow}"
    if box.name == drawing.entry:
        yield "从这里开始"
    if drawing.mode:
        how = {Walk.TOLD: "会走到", Walk.ASKED: "说了才走到", Walk.NEVER: "走不到"}
        yield f"{drawing.mode_label}{how[box.walk]}"


def _section(parent: Element, title: str) -> Element:
    section = SubElement(parent, "section")
    SubElement(section, "h3").text = title
    return section


def _prompts(parent: Element, compiled: CompiledFlow, name: str, node: Node) -> None:
    usual = {place: spoken(prompt) for place, prompt in node.prompts()}
    wordings = [("提示语", usual)]
    for mode, overlay in compiled.flow.modes.items():
        own = {place: spoken(prompt) for place, prompt in compiled.node(name, mode).prompts()}
        changed = {place: text for place, text in own.items() if usual.get(place) != text}
        wordings.append((f"{overlay.label}的提示语", changed))
    for title, texts in wordings:
        if texts:
            section = _section(parent, title)
            section.set("class", "own" if texts is not usual else "usual")
            lines = SubElement(section, "dl")
            for place, text in texts.items():
                SubElement(lines, "dt").text = _place(node, place)
                SubElement(lines, "dd").text = text


def _place(node: Node, place: Place) -> str:
    name, *rest = place
    title = _PLACES.get(str(name), "问题" if isinstance(node, Question) else "说的话")
    number = next((part for part in rest if isinstance(part, int)), None)
    return title if number is None else f"{title} {number + 1}"


def _choices(parent: Element, choices: Mapping[str, Choice]) -> None:
    options = [choice for choice in choices.values() if choice.is_option or choice.value is not None]
    if not options:
        return
    table = SubElement(_section(parent, "选项"), "table")
    _row(table, "th", "按键", "选项", "说法")
    for choice in options:
        _row(table, "td", choice.key or "", choice.label, "、".join(choice.phrases))


def _row(table: Element, cell: str, *texts: str) -> None:
    row = SubElement(table, "tr")
    for text in texts:
        SubElement(row, cell).text = text


def _times(parent: Element, compiled: CompiledFlow, drawing: Drawing, node: Question) -> None:
    settings = compiled.settings(node)
    mode = compiled.flow.modes.get(drawing.mode or "")
    table = SubElement(_section(parent, "时间"), "table")
    _row(table, "th", "", "平时", *([mode.label] if mode else []))
    for name, title in _TIMES.items():
        value_ms = getattr(settings, name)
        if value_ms is None:
            continue
        longer = _seconds(value_ms * mode.times) if mode and name in _LENGTHENED else ""
        _row(table, "td", title, _seconds(value_ms), *([longer] if mode else []))
    _row(table, "td", "失败几次转走", str(settings.max_retries), *(["1" if mode.on_error else ""] if mode else []))


def _seconds(value_ms: float) -> str:
    return f"{value_ms / 1000:g} 秒"


def _ways(parent: Element, title: str, ways: list[tuple[str, Arrow]]) -> None:
    if not ways:
        return
    listed = SubElement(_section(parent, title), "ul")
    for name, arrow in ways:
        item = SubElement(listed, "li", {"class": "in-mode" if arrow.way is Way.MODE_FAILURE else "way"})
        SubElement(item, "button", {"type": "button", "data-go": name}).text = name
        SubElement(item, "span").text = arrow.text


def _yaml(written: Any) -> str:  # noqa: ANN401 -- YAML can hold anything
    out = StringIO()
    yaml = YAML()
    yaml.width = 60
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump(_lists(written), out)
    return out.getvalue()


def _lists(value: Any) -> Any:  # noqa: ANN401
    """Sequences are tuples after reading, which YAML would tag."""
    if isinstance(value, Mapping):
        return {name: _lists(item) for name, item in value.items()}
    return [_lists(item) for item in value] if isinstance(value, tuple | list) else value
