"""The search on made-up sound."""

from __future__ import annotations

import numpy as np
import pytest

from asr.closed.grammar import grammar_of
from asr.closed.search import find
from asr.closed.sounds import CLASS_OF
from asr.engine import ClosedAnswer
from tests.support.syllables import PAUSE, heard, row

pytestmark = pytest.mark.unit

PHONE = grammar_of(ClosedAnswer("phone", 5, 12))


def test_what_was_said_is_found_with_a_score_of_about_nothing() -> None:
    best = find(heard("幺三八零零一三八零零零"), PHONE)[0]
    assert best.syllables == "幺三八零零一三八零零零"
    assert best.score == pytest.approx(0.0, abs=0.1)


def test_a_digit_said_twice_is_two_digits_and_one_held_long_is_one() -> None:
    grammar = grammar_of(ClosedAnswer("digits", 1, 6))
    assert find(heard("八八"), grammar)[0].syllables == "八八"
    held = np.repeat(heard("八")[1:2], 20, axis=0)
    assert find(held, grammar)[0].syllables == "八"


def test_an_uncertain_digit_gives_both_readings_likeliest_first() -> None:
    texts = [one.syllables for one in find(heard("幺三八零零一三八零零/"), PHONE)[:2]]
    assert texts == ["幺三八零零一三八零零六", "幺三八零零一三八零零九"]


def test_the_form_decides_between_readings_that_sound_alike() -> None:
    """An eleventh digit that may as well be none: ten digits are no number."""
    sound = heard("幺三八零零一三八零零零")
    sound[-3:-1] = row((CLASS_OF["零"], 0.3), (PAUSE, 0.7))
    assert find(sound, PHONE)[0].syllables == "幺三八零零一三八零零零"


def test_words_around_a_number_are_passed_over() -> None:
    best = find(heard("???是幺三八零零一三八零零零??"), PHONE)[0]
    assert best.syllables == "幺三八零零一三八零零零"
    assert best.score > -1.0


def test_a_syllable_among_other_words_is_no_answer() -> None:
    """我不知道 has a 不 and is no no."""
    found = find(heard("?不??"), grammar_of(ClosedAnswer("yes_no")))
    assert all(one.score < -10.0 for one in found)


def test_other_words_are_no_number() -> None:
    assert all(one.score < -10.0 for one in find(heard("????"), PHONE))
