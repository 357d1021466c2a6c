"""Flowcharts that Mermaid reads: every line is of its grammar, whatever stands in the flow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gateway.desk.graph.draw import draw
from gateway.desk.graph.mermaid import mermaid
from tests.support.small_flow import small_flow
from tests.support.whole_flow import WHOLE

pytestmark = pytest.mark.unit

ID = r"[a-z][a-z0-9_.]*"
TEXT = r'"(?:[^"#<>`{}\[\]()|]|#\d+;|<br>)*"'
"""In quotes, nothing in it that Mermaid, Markdown or HTML knows but a line break."""
SHAPES = ("()", "{{}}", "[//]", "{}", "[()]", r"[/\]", "([])", r"[\/]", ">]", "[[]]", "((()))", "(())", "[]")
NODE = "|".join(
    re.escape(shape[: (len(shape) + 1) // 2]) + TEXT + re.escape(shape[(len(shape) + 1) // 2 :]) for shape in SHAPES
)
LINES = {
    "node": rf"(?P<node>{ID})(?:{NODE})(?::::[a-z]+)?",
    "arrow": rf"(?P<source>{ID}) (?:-->|-\.->)(?:\|{TEXT}\|)? (?P<target>{ID})",
    "subgraph": rf"subgraph {ID}\[{TEXT}\]",
    "end": "end",
    "direction": "direction TB",
    "legend": rf"{ID}(?: ~~~ {ID})*",
    "classDef": r"classDef [a-z]+ [a-z0-9:#,\- ]+",
    "class": rf"class (?P<styled>{ID}(?:,{ID})*) [a-z]+",
    "linkStyle": r"linkStyle (?P<links>\d+(?:,\d+)*) [a-z0-9:#,\-]+",
}


def read(text: str) -> list[tuple[str, re.Match[str]]]:
    """Every line with its kind; fails on one that is none."""
    front, *lines = text.split("\nflowchart LR\n")
    assert re.fullmatch(rf"---\ntitle: {TEXT}\n---", front)
    found = []
    for line in lines[0].splitlines():
        kinds = ((kind, re.fullmatch(pattern, line.strip())) for kind, pattern in LINES.items())
        matching = [(kind, match) for kind, match in kinds if match]
        assert matching, f"not Mermaid: {line}"
        found.append(matching[0])
    return found


@pytest.fixture(params=[False, True], ids=["usual", "in the mode"])
def chart(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return mermaid(draw(small_flow(tmp_path, WHOLE)), in_mode=request.param)


def test_every_line_is_of_the_grammar(chart: str) -> None:
    lines = read(chart)
    nodes = {match["node"] for kind, match in lines if kind == "node"}
    arrows = [match for kind, match in lines if kind == "arrow"]
    assert {match["source"] for match in arrows} | {match["target"] for match in arrows} <= nodes
    styled = {name for kind, match in lines if kind == "class" for name in match["styled"].split(",")}
    assert styled <= nodes
    links = {int(index) for kind, match in lines if kind == "linkStyle" for index in match["links"].split(",")}
    assert max(links) < len(arrows)
    kinds = [kind for kind, _ in lines]
    assert kinds.count("subgraph") == kinds.count("end") == 2


def test_no_name_is_a_word_of_mermaid_s_own(chart: str) -> None:
    assert 'n_end[["end<br>' in chart
    assert "n_ask_day.return" in chart


def test_awkward_words_are_written_as_numbers(chart: str) -> None:
    assert "报修#34;上门#34; #91;加急#93; #124; #60;b#62;#38;#35;;" in chart


def test_the_mode_shows_its_wording_and_its_way_to_a_human(tmp_path: Path) -> None:
    drawing = draw(small_flow(tmp_path, WHOLE))
    usual, own = mermaid(drawing), mermaid(drawing, in_mode=True)
    assert "请说要办什么。" in usual
    assert "第一次失败" not in usual
    assert "长辈您好，请说。" in own
    assert 'n_main -.->|"长辈服务：第一次失败"| n_human' in own


def test_the_path_of_the_mode_is_marked_in_both(chart: str) -> None:
    classes = {match[0].split()[-1]: match["styled"].split(",") for kind, match in read(chart) if kind == "class"}
    assert {"n_main", "n_bill", "n_human"} <= set(classes["told"])
    assert "n_pin" in classes["asked"]
    assert classes["own"] == ["n_main", "n_ask_day.ask"]
