"""Corrections are total, keep what was not corrected, and are never mistaken for another place."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.text import correct_digits, reading_groups, say_digits

pytestmark = pytest.mark.property

WORDS = [
    *(
        "不是",
        "不对",
        "是",
        "应该是",
        "改成",
        "错了",
        "没错",
        "对",
        "后四位",
        "前三位",
        "中间四位",
        "最后一位",
        "第三位",
    ),
    *(
        "倒数第二位",
        "第二组",
        "尾号",
        "开头",
        "中间",
        "区号",
        "后两个",
        "三个",
        "双",
        "八千",
        "八千零一",
        "一三八",
        "一三九",
    ),
    *"零一二三八九幺洞十X叉，的把吗0138",
]
digits = st.text(alphabet="0123456789", min_size=1, max_size=19)
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
sayings = st.lists(st.sampled_from(WORDS), max_size=12).map("".join)


@given(st.text() | digits, st.text() | sayings)
def test_any_two_strings_are_taken(old: str, said: str) -> None:
    assert correct_digits(old, said) != old


@given(digits, sayings)
def test_only_a_complete_number_has_another_length(old: str, said: str) -> None:
    corrected = correct_digits(old, said)
    assert corrected is None or len(corrected) >= min(len(old), 11)
    assert corrected is None or re.fullmatch("[0-9]+|[0-9]{17}X", corrected)


@given(mobiles, mobiles)
def test_the_whole_number_said_again_counts(old: str, new: str) -> None:
    assert correct_digits(old, f"不是，是{say_digits(new)}") == (None if new == old else new)


@given(
    mobiles, st.sampled_from([("前三位", 0, 3), ("中间四位", 3, 7), ("后四位", 7, 11), ("最后一位", 10, 11)]), digits
)
def test_a_named_place_and_nothing_else_is_changed(old: str, place: tuple[str, int, int], given_digits: str) -> None:
    name, start, end = place
    new = given_digits.ljust(end - start, "7")[: end - start]
    meant = old[:start] + new + old[end:]
    assert correct_digits(old, f"不对，{name}是{say_digits(new)}") == (None if meant == old else meant)


@given(mobiles, st.integers(1, 11), st.integers(0, 9))
def test_one_position_and_nothing_else_is_changed(old: str, position: int, digit: int) -> None:
    meant = old[: position - 1] + str(digit) + old[position:]
    corrected = correct_digits(old, f"第{position}位是{say_digits(str(digit))}")
    assert corrected == (None if meant == old else meant)


@given(mobiles, st.integers(0, 2), st.integers(0, 3), st.integers(0, 9))
def test_a_group_with_one_digit_put_right_is_never_put_elsewhere(old: str, group: int, at: int, digit: int) -> None:
    groups = reading_groups(old)
    at %= len(groups[group])
    groups[group] = groups[group][:at] + str(digit) + groups[group][at + 1 :]
    corrected = correct_digits(old, f"不是，是{say_digits(groups[group])}")
    assert corrected in {None, "".join(groups)}


@given(digits)
def test_groups_are_the_number(number: str) -> None:
    groups = reading_groups(number)
    assert "".join(groups) == number
    assert all(1 <= len(group) <= 4 for group in groups)
