"""The page: complete, harmless, needing nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gateway.desk.graph.draw import draw
from gateway.desk.graph.page import page
from gateway.desk.graph.written import written_nodes
from tests.support.small_flow import small_flow
from tests.support.whole_flow import AWKWARD, WHOLE

pytestmark = pytest.mark.unit


class Read(HTMLParser):
    """A page's tags, and the text of the style, the script and of each article."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag in {"style", "script", "article"}:
            self._inside = given.get("data-name") or tag

    def handle_endtag(self, tag: str) -> None:
        if tag in {"style", "script", "article"}:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        self.texts[self._inside] = self.texts.get(self._inside, "") + data


def drawn(folder: Path, *, in_mode: bool = False) -> str:
    compiled = small_flow(folder, WHOLE)
    return page(compiled, draw(compiled), written_nodes(folder / "flow.yaml"), in_mode=in_mode)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    return Read(drawn(tmp_path))


def test_every_node_has_a_card_and_its_details(read: Read) -> None:
    cards = [given for tag, given in read.tags if tag == "g" and "card" in (given.get("class") or "").split()]
    articles = [given["data-name"] for tag, given in read.tags if tag == "article"]
    assert [given["data-name"] for given in cards] == articles
    assert {"main", "ask_day.ask", "ask_day.return"} <= set(articles)
    assert all(given["tabindex"] == "0" and given["role"] == "button" and given["aria-label"] for given in cards)


def test_everything_that_can_be_gone_to_exists(read: Read) -> None:
    articles = {given["data-name"] for tag, given in read.tags if tag == "article"}
    assert {given["data-go"] for _, given in read.tags if "data-go" in given} <= articles
    ends = [given for _, given in read.tags if "data-from" in given]
    assert {given[end] for given in ends for end in ("data-from", "data-to")} <= articles


def test_nothing_is_fetched_and_only_its_own_style_and_script_are_allowed(read: Read) -> None:
    assert not {"link", "img", "iframe", "object", "base"} & {tag for tag, _ in read.tags}
    for _, given in read.tags:
        assert not {"src", "href", "style", "action"} & set(given)
        assert not [name for name in given if name.startswith("on")]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttpRequest|import\(", read.texts["style"] + read.texts["script"])
    (policy,) = [given["content"] or "" for tag, given in read.tags if tag == "meta" and "http-equiv" in given]
    for part in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(read.texts[part].encode()).digest()).decode()
        assert f"{part}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none';")


def test_details_hold_prompts_options_times_and_what_the_file_says(read: Read) -> None:
    main = read.texts["main"]
    for text in ("请说要办什么。", "可以说账单。", "长辈您好，请说。", "查账单", "账单、花了多少", "phrases:"):
        assert text in main
    assert "等多久算没回答4 秒8 秒" in main
    ask = read.texts["ask_day.ask"]
    assert "等多久算没回答9 秒18 秒" in ask
    assert "timeout: 9s" in ask
    assert "您慢慢说，哪一天？" in ask
    assert "deadline: 24h" in read.texts["open"]
    assert "非常满意" in read.texts["rate"]


def test_awkward_words_stay_words(tmp_path: Path) -> None:
    text = drawn(tmp_path)
    assert "<b>" not in text
    assert AWKWARD in Read(text).texts["more"]


def test_it_opens_in_the_mode_when_told_to(tmp_path: Path) -> None:
    for in_mode in (False, True):
        boxes = [given for tag, given in Read(drawn(tmp_path, in_mode=in_mode)).tags if given.get("id") == "mode"]
        assert ["checked" in given for given in boxes] == [in_mode]


def test_a_flow_without_modes_has_no_switch(tmp_path: Path) -> None:
    text = re.sub(r"^modes:\n(?: .*\n)+", "", WHOLE, flags=re.MULTILINE)
    text = re.sub(r"^    modes: .*\n|^      elderly: .*\n", "", text, flags=re.MULTILINE)
    compiled = small_flow(tmp_path, text)
    drawing = draw(compiled)
    assert drawing.mode is None
    read = Read(page(compiled, drawing, {}, in_mode=True))
    (switch,) = [given for tag, given in read.tags if tag == "label" and given.get("class") == "switch"]
    assert "hidden" in switch
