"""Digits in the ways in which people dictate them."""

from __future__ import annotations

import math

import pytest

from asr.closed.corrections import corrections_of
from asr.closed.dictation import SYLLABLES, goes_on, in_digits, rarity
from asr.closed.grammar import grammar_of
from asr.closed.search import find
from asr.engine import ClosedAnswer
from asr.text import parse_digits
from tests.support.syllables import heard

pytestmark = pytest.mark.unit

PHONE = ClosedAnswer("phone", 11, 11)
SAID = {
    "幺三八零零幺三八零零零": "13800138000",
    "幺三八双零幺三八三个零": "13800138000",
    "幺三八两个零一三八三个零": "13800138000",
    "幺三八零零幺三八千": "13800138000",
    "一八六四个九五六七八": "18699995678",
    "幺三八零零幺三两千": "13800132000",
    "洞幺零六二三四五拐八勾": "01062345789",
    "一三两零零幺三八零零零": "13200138000",
}


@pytest.mark.parametrize(("said", "digits"), SAID.items())
def test_what_was_dictated_is_read_as_the_text_of_a_decoder_is(said: str, digits: str) -> None:
    assert in_digits(said) == digits
    if "千" not in said:
        assert parse_digits(said) == digits


@pytest.mark.parametrize(("said", "digits"), SAID.items())
def test_it_is_heard(said: str, digits: str) -> None:
    best = find(heard(said), grammar_of(PHONE))[0]
    assert best.text == digits
    assert best.score > -12.5  # three rare names, and no mobile number


def test_a_plain_digit_is_likelier_than_a_group_of_one_and_that_than_a_rare_name() -> None:
    assert 0.0 == rarity("八八八") > rarity("三个八") == rarity("双八") > rarity("两八八") > rarity("拐八八")
    assert rarity("两个八") == rarity("三个八")
    assert rarity("三个") == rarity("双") == -math.inf


@pytest.mark.parametrize(
    "said", ["个", "八个", "双个", "双双", "三个四个", "三个双", "千", "零千", "八千八", "八千个", "三个八千", "双八千"]
)
def test_what_nobody_says_is_not_allowed(said: str) -> None:
    assert not goes_on(said[:-1], said[-1], 12)


def test_groups_count_as_many_digits_as_they_are() -> None:
    assert goes_on("四个", "八", 4)
    assert not goes_on("四个八", "零", 4)
    assert not goes_on("零四", "个", 4)
    assert not goes_on("零零", "双", 3)
    assert not goes_on("零八", "千", 4)
    assert {syllable for syllable in SYLLABLES if not goes_on("", syllable, 1)} == set("个双千")


def test_words_around_a_number_may_have_its_groupings_syllables() -> None:
    best = find(heard("?个?双是幺三八零零幺三八零零零?个"), grammar_of(PHONE))[0]
    assert best.text == "13800138000"
    assert best.score > -1.0


def test_the_last_digits_that_are_put_right_may_be_grouped() -> None:
    answer = ClosedAnswer("yes_no", 11, 11, corrects="phone")
    found = [one for grammar in corrections_of(answer) for one in find(heard("不对后四位是四个八"), grammar)]
    assert max(found, key=lambda one: one.score).text == "不对，后四位是8888"
