"""What a closed answer may be, and how it is written."""

from __future__ import annotations

import math

import pytest

from asr.closed.grammar import grammar_of
from asr.engine import ClosedAnswer

pytestmark = pytest.mark.unit

PHONE = ClosedAnswer("phone", 5, 12)


@pytest.mark.parametrize("number", ["一三八零零一三八零零零", "幺五九三七二六四零八五"])
def test_a_mobile_number_is_the_likeliest_telephone_number(number: str) -> None:
    assert grammar_of(PHONE).prior(number) == 0.0


@pytest.mark.parametrize("number", ["零幺零六二三四五六七八", "四零零八二零八八二零", "六二三四五六七八", "幺零零八六"])
def test_other_telephone_numbers_are_possible_and_rarer(number: str) -> None:
    assert -math.inf < grammar_of(PHONE).prior(number) < 0.0


@pytest.mark.parametrize("number", ["", "一二零零一三八零零零零", "一三八零零一三八零零", "一三八零零一三八零零零零"])
def test_a_mobile_number_with_a_digit_too_few_or_too_many_is_none(number: str) -> None:
    assert grammar_of(PHONE).prior(number) == -math.inf


def test_the_question_sets_how_many_digits_there_are() -> None:
    grammar = grammar_of(ClosedAnswer("digits", 4, 6))
    assert [grammar.prior("一" * count) for count in (3, 4, 6)] == [-math.inf, 0.0, 0.0]
    assert grammar.allows("一" * 5, "幺")
    assert not grammar.allows("一" * 6, "幺")
    assert "月" not in grammar.syllables


def test_an_identity_number_has_its_check_digit() -> None:
    grammar = grammar_of(ClosedAnswer("id_card"))
    assert grammar.prior("幺幺零幺零五幺九四九幺二三幺零零二") == 0.0  # the X that ends it is no syllable of ours
    assert grammar.prior("幺幺零幺零五幺九四九幺二三幺零零三") == -math.inf
    assert grammar.written("幺幺零幺零五幺九四九幺二三幺零零二") == "11010519491231002X"


@pytest.mark.parametrize(
    ("kind", "said", "not_said"),
    [
        ("month", "十二月", "十三月"),
        ("amount", "十二块五", "元元"),
        ("date", "二月二十九号", "二月三十号"),
        ("number", "三百二十", "百"),
        ("yes_no", "不要", "的"),
    ],
)
def test_words_are_answers_when_the_dialogue_can_read_them(kind: str, said: str, not_said: str) -> None:
    grammar = grammar_of(ClosedAnswer(kind))  # type: ignore[arg-type]
    assert grammar.prior(said) == 0.0
    assert grammar.prior(not_said) == -math.inf


def test_digits_are_written_as_digits_and_words_as_words() -> None:
    assert grammar_of(PHONE).written("幺三八零零") == "13800"
    assert grammar_of(ClosedAnswer("amount")).written("一百二十八元") == "一百二十八元"
