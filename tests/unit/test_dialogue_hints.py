"""What the recogniser is told to expect: what can be meant now, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.small_flow import SMALL, STEPS, small_flow
from tests.support.talk import Talk

pytestmark = pytest.mark.unit


def hints(talk: Talk) -> tuple[str, ...]:
    return talk.listen.hints


def test_a_mode_is_left_only_when_one_is_in_force(tmp_path: Path) -> None:
    talk = Talk(small_flow(tmp_path, SMALL), "1")
    assert "老年人" in hints(talk)
    assert "快一点" not in hints(talk)
    talk.says("老年人")
    assert "老年人" not in hints(talk)
    assert "快一点" in hints(talk)


def test_a_confirmation_expects_a_yes_or_a_no_and_no_commands(tmp_path: Path) -> None:
    talk = Talk(small_flow(tmp_path, SMALL), "1")
    talk.says("账单?")
    assert hints(talk) == ("对", "是的", "不对", "不是", "人工", "再说一遍")


def test_a_survey_expects_two_wordings_of_each_score_first(tmp_path: Path) -> None:
    talk = Talk(small_flow(tmp_path, STEPS), "1")
    talk.dialogue.state.node = "main"
    talk.says("打分")
    scores = ("非常满意", "满意", "一般", "不满意", "非常不满意", "五分", "四分", "三分", "两分", "一分")
    assert set(hints(talk)[:11]) >= set(scores[:5])
    assert set(hints(talk)) >= set(scores)
    assert "很满意" not in hints(talk)


def test_a_choice_expects_all_its_phrases(tmp_path: Path) -> None:
    talk = Talk(small_flow(tmp_path, STEPS), "1")
    talk.keys("13800138000")
    talk.keys("1")
    assert {"武昌", "汉口"} <= set(hints(talk))
