"""Questions put for keys, while words can't be heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.dialogue.actions import BargeIn, Listen, Say
from gateway.dialogue.load import load_flow
from gateway.errors import FlowError
from gateway.prompts.render import render
from tests.support.calls import hotline
from tests.support.small_flow import SMALL, small_flow
from tests.support.talk import Talk

pytestmark = pytest.mark.unit

WORDING = """\
keys_only:
  notice: 请用按键。
  option: "{option | text}，请按{key | number}。"
"""


def busy(folder: Path, flow: str = SMALL) -> Talk:
    talk = Talk(small_flow(folder, flow.replace("entry: ", f"{WORDING}entry: ", 1)), "13900001001")
    talk.dialogue.keys_only = True
    return talk


def test_a_menu_names_what_has_a_key_and_a_human(tmp_path: Path) -> None:
    talk = busy(tmp_path)
    heard = talk.keys("*")
    assert heard.startswith("请用按键。<text 查账单>，请按<number 1>。<text 密码>，请按<number 2>。")
    assert heard.endswith("<text 人工>，请按<number 0>。")
    assert "登记" not in heard, "it has no key"
    assert talk.listen.keys_only
    assert {said.barge_in for said in talk.last if isinstance(said, Say)} == {BargeIn.DTMF}


def test_keys_lead_on_and_a_value_is_asked_for_as_ever(tmp_path: Path) -> None:
    talk = busy(tmp_path)
    heard = talk.keys("2")
    assert heard.startswith("请用按键。")
    assert "密码" in heard
    assert talk.listen.keys_only


def test_who_goes_on_failing_reaches_a_human(tmp_path: Path) -> None:
    talk = busy(tmp_path)
    assert talk.silent().count("请用按键") == 1
    talk.silent()
    talk.silent()
    assert "human" in talk.dialogue.state.path


def test_it_is_over_with_the_next_question(tmp_path: Path) -> None:
    talk = busy(tmp_path)
    talk.keys("*")
    talk.dialogue.keys_only = False
    assert "请用按键" not in talk.keys("*")
    assert not talk.listen.keys_only


def test_a_flow_that_does_not_say_how_asks_as_ever(tmp_path: Path) -> None:
    talk = Talk(small_flow(tmp_path), "13900001001")
    talk.dialogue.keys_only = True
    assert "请说要办什么" in talk.keys("*")
    assert not talk.listen.keys_only


@pytest.mark.parametrize(
    ("option", "notice", "wrong"),
    [
        ("请按{key | number}。", "请用按键。", "这里念一个选项"),
        ("{option | text}，请按{key | digits}。", "请用按键。", "这里念一个选项"),
        ("{option | text}，请按{key | number}，{caller.age | number}。", "请用按键。", "这里念一个选项"),
        ("{option | text}，请按{key | number}。", "{caller.age | number}岁请用按键。", "请不要写 `{…}`"),
    ],
)
def test_wordings_that_could_not_be_said_are_mistakes(tmp_path: Path, option: str, notice: str, wrong: str) -> None:
    path = tmp_path / "flow.yaml"
    given = f"keys_only: {{notice: '{notice}', option: '{option}'}}\nentry: "
    path.write_text(SMALL.replace("entry: ", given, 1), encoding="utf-8")
    with pytest.raises(FlowError, match=wrong):
        load_flow(path)


def test_the_bundled_hotline_can_offer_all_its_main_menu_in_its_recorded_voice() -> None:
    talk = Talk(hotline().flow, "13900001001")
    talk.dialogue.keys_only = True
    talk.keys("*")
    said = [one for one in talk.last if isinstance(one, Say)]
    assert len(said) > 3
    assert all(len(render(one, hotline().prompts).pcm) > 0 for one in said)
    assert isinstance(talk.last[-1], Listen)
