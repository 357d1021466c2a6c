"""What was heard over a prompt, by its words."""

from __future__ import annotations

import pytest

from gateway.speech.words import is_backchannel, resembles

pytestmark = pytest.mark.unit

PROMPT = "请直接说您要办的事，比如，查话费，查流量，宽带报修。"
PHRASES = ("查话费", "查流量", "宽带报修")


@pytest.mark.parametrize(
    "text", ["嗯", "嗯嗯", "哦。", "啊", "好的", "哦，好的。", "对对对", "是的", "好的好的", "知道了", "行啊", "嗯，对"]
)
def test_who_only_shows_that_they_listen_says_nothing(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "不",
        "不是",
        "没有",
        "不对",
        "好，查话费",
        "对，没错，就是这个",
        "是不是",
        "人工",
        "喂",
        "你好",
        "好难用",
        "号",
        "了",
        "好的" * 5,
    ],
)
def test_whoever_says_more_means_it(text: str) -> None:
    assert not is_backchannel(text)


def test_a_yes_near_the_end_of_a_yes_or_no_question_is_its_answer() -> None:
    assert not is_backchannel("对", yes_no=True, prompt_left_ms=900)
    assert not is_backchannel("嗯，好的", yes_no=True, prompt_left_ms=2500)
    assert is_backchannel("对", yes_no=True, prompt_left_ms=6000)
    assert is_backchannel("哦", yes_no=True, prompt_left_ms=900)
    assert is_backchannel("对", yes_no=False, prompt_left_ms=900)


@pytest.mark.parametrize("text", ["请直接说您要办的事", "直接说你要半的是，比如", "比如查话费，查流量"])
def test_a_piece_of_the_prompt_is_its_echo_even_if_misheard(text: str) -> None:
    assert resembles(text, PROMPT, PHRASES)


@pytest.mark.parametrize(
    "text", ["查话费", "宽带报修", "我家的宽带上不了网了", "我要办的事情很多", "宽带报修，我家的", "", "您"]
)
def test_a_caller_s_own_words_are_none_even_where_the_prompt_names_them(text: str) -> None:
    assert not resembles(text, PROMPT, PHRASES)


def test_an_option_that_is_a_long_piece_of_the_prompt_is_an_answer() -> None:
    prompt = "您可以说，我要办理套餐变更，或者，转人工。"
    assert not resembles("我要办理套餐变更", prompt, ("我要办理套餐变更",))
    assert resembles("我要办理套餐变更", prompt)


def test_nothing_resembles_an_empty_prompt() -> None:
    assert not resembles("请直接说您要办的事", "")
