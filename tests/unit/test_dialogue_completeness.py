"""How much silence an answer needs: whole ones little, half ones much; by words alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.dialogue.actions import Heard
from gateway.dialogue.completeness import Completeness
from tests.support.calls import hotline
from tests.support.small_flow import small_flow
from tests.support.talk import Talk

pytestmark = pytest.mark.unit

COMPLETE, UNSURE, INCOMPLETE = Completeness.COMPLETE, Completeness.UNSURE, Completeness.INCOMPLETE
HESITATIONS = ["嗯", "嗯，那个", "喂，你好", "我想", "我想问一下", "请问", "你好，我要", "呃，就是"]


@pytest.fixture
def talk(tmp_path: Path) -> Talk:
    return Talk(small_flow(tmp_path), "13900001001")


def said(talk: Talk, text: str) -> Completeness:
    return talk.dialogue.completeness(Heard(text))


@pytest.mark.parametrize("text", HESITATIONS)
def test_a_hesitation_is_no_answer_yet(talk: Talk, text: str) -> None:
    assert said(talk, text) is INCOMPLETE


@pytest.mark.parametrize("text", ["账单", "我要查账单。", "密码", "人工", "再说一遍"])
def test_a_sure_phrase_is_a_whole_answer(talk: Talk, text: str) -> None:
    assert said(talk, text) is COMPLETE


@pytest.mark.parametrize("text", ["账单，还有", "查账单然后", "账单?", "今天天气真好"])
def test_what_goes_on_or_may_mean_nothing_is_none(talk: Talk, text: str) -> None:
    assert said(talk, text) is not COMPLETE


def at(talk: Talk, *said: str) -> Talk:
    for text in said:
        talk.says(text)
    return talk


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("139", INCOMPLETE),
        ("一三九零零零零", INCOMPLETE),
        ("我的号码是139", INCOMPLETE),
        ("13900001001", COMPLETE),
        ("一三九，零零零零，幺零零幺。", COMPLETE),
        ("人工", COMPLETE),
        ("嗯", INCOMPLETE),
        ("要把是", INCOMPLETE),
        ("我也不知道自己的号码呀", UNSURE),
    ],
)
def test_a_number_is_whole_when_all_its_digits_are_there(text: str, expected: Completeness) -> None:
    talk = Talk(hotline().flow, "")
    talk.says("查话费")
    if "手机号" not in talk.heard:  # the bundled hotline asks who it is, when the line doesn't say
        pytest.fail(f"the hotline says {talk.heard}")
    assert said(talk, text) is expected


@pytest.mark.parametrize(("text", "expected"), [("对", COMPLETE), ("是的", COMPLETE), ("不对", UNSURE)])
def test_a_yes_is_whole_and_after_a_no_what_is_right_may_follow(talk: Talk, text: str, expected: Completeness) -> None:
    talk.says("账单?")
    assert "对吗" in talk.heard
    assert said(talk, text) is expected


def test_looking_changes_nothing(talk: Talk) -> None:
    before = talk.dialogue.snapshot()
    for text in ("账单", "", "13900001001", "不对", "，。"):
        said(talk, text)
    assert talk.dialogue.snapshot() == before


def test_without_a_question_nothing_is_sure(tmp_path: Path) -> None:
    talk = Talk(small_flow(tmp_path), "13900001001")
    talk.says("再见")
    assert said(talk, "账单") is UNSURE
