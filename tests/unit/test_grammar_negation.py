"""What callers don't want."""

from __future__ import annotations

import pytest

from gateway.dialogue.grammar.negation import negation_start

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("before", "start"),
    [
        ("我不是要", 1),
        ("不", 0),
        ("不要给我", 0),
        ("你别", 1),
        ("我没说要", 1),
        ("我今天不想", 3),
        ("要不", None),  # proposes
        ("怎么还不", None),  # demands
        ("我不知道怎么", None),
        ("我要", None),
        ("", None),
    ],
)
def test_a_negation_right_before_a_phrase_is_found(before: str, start: int | None) -> None:
    assert negation_start(before + "退票", "退票", len(before)) == start


@pytest.mark.parametrize("text", ["能不能退票", "是不是退票了", "可不可以退票", "要不要退票"])
def test_asking_is_no_negation(text: str) -> None:
    assert negation_start(text, "退票", text.index("退票")) is None


def test_a_phrase_may_begin_inside_the_question() -> None:
    assert negation_start("能不能退票", "能退票", 2) is None


@pytest.mark.parametrize(
    ("text", "phrase", "start"),
    [
        ("我不要退票", "我要退票", 1),
        ("我就不退票", "我退票", 2),
        ("我要退票", "我要退票", None),
        ("我不满意", "我不满意", None),
    ],
)
def test_a_negation_may_stand_inside_a_phrase_that_has_none(text: str, phrase: str, start: int | None) -> None:
    assert negation_start(text, phrase, 0) == start
