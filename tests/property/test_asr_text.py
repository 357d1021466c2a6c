"""Reading is total, and what is said is read back."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.scoring import character_error_rate
from asr.text import (
    VOCABULARY,
    normalize_for_scoring,
    parse_amount,
    parse_date,
    parse_digits,
    parse_month,
    parse_number,
    parse_yes_no,
    say_amount,
    say_data_volume,
    say_date,
    say_decimal,
    say_digits,
    say_integer,
    say_month,
    strip_punctuation,
    to_simplified,
)

pytestmark = pytest.mark.property

TODAY = date(2026, 11, 21)
DENSE = (
    "零〇一二三四五六七八九十百千万亿两幺廿半点负分之元块角毛年月日号天周上下个前后去今昨"
    "不是对没有的双洞拐勾要多几0123456789.%-/¥ ，"
)
texts = st.one_of(
    st.text(), st.text(alphabet=DENSE, max_size=40), st.text(alphabet="一二十百千万亿零1点.", max_size=60)
)
integers = st.one_of(st.integers(0, 10**4), st.integers(0, 10**12))
cents = st.one_of(st.integers(-(10**5), 10**5), st.integers(-(10**13), 10**13))
dates = st.dates(date(1900, 1, 1), date(2099, 12, 31))


@given(texts)
def test_every_string_is_read_without_an_error(text: str) -> None:
    parse_number(text)
    parse_digits(text)
    parse_amount(text)
    parse_date(text, TODAY)
    parse_month(text, TODAY)
    parse_yes_no(text)
    strip_punctuation(text)
    to_simplified(text)
    normalize_for_scoring(text)


@given(texts, st.dates())
def test_any_day_can_be_today(text: str, today: date) -> None:
    parse_date(text, today)
    parse_month(text, today)


@given(texts)
def test_what_is_read_has_the_shape_that_is_promised(text: str) -> None:
    digits, amount, month = parse_digits(text), parse_amount(text), parse_month(text, TODAY)
    assert digits is None or (digits.isascii() and digits.isdigit())
    assert amount is None or amount.as_tuple().exponent == -2
    assert month is None or 1 <= month[1] <= 12


@given(st.text(alphabet="0123456789", min_size=1, max_size=20))
def test_digits_are_read_back(digits: str) -> None:
    assert parse_digits(say_digits(digits)) == digits
    assert parse_digits(digits) == digits


@given(integers)
def test_integers_are_read_back(value: int) -> None:
    assert parse_number(say_integer(value)) == value
    assert parse_number(str(value)) == value
    assert parse_number(say_integer(-value)) == -value


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=3))
def test_decimals_are_read_back(value: Decimal) -> None:
    assert parse_number(say_decimal(value)) == value


@given(cents)
def test_amounts_are_read_back(value: int) -> None:
    amount = Decimal(value) / 100
    assert parse_amount(say_amount(amount)) == amount
    assert parse_amount(f"{amount:.2f}元") == amount


@given(dates)
def test_dates_and_months_are_read_back(day: date) -> None:
    assert parse_date(say_date(day), TODAY) == day
    assert parse_date(day.isoformat(), TODAY) == day
    assert parse_month(say_month(day.year, day.month), TODAY) == (day.year, day.month)


@given(dates, st.dates(date(1950, 1, 1), date(2090, 1, 1)))
def test_a_day_without_a_year_is_in_the_past(day: date, today: date) -> None:
    found = parse_date(f"{day.month}月{day.day}号", today)
    assert found is None or today - timedelta(days=2 * 366) < found <= today
    assert (found is None) == (day.month == 2 and day.day == 29 and not _leap_day_within_two_years(today))


def _leap_day_within_two_years(today: date) -> bool:
    for year in (today.year, today.year - 1):
        if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) and date(year, 2, 29) <= today:
            return True
    return False


@given(integers, cents, dates)
def test_only_words_of_the_vocabulary_are_said(value: int, amount: int, day: date) -> None:
    said = say_integer(value) + say_amount(Decimal(amount) / 100) + say_date(day) + say_data_volume(value)
    assert set(said) <= VOCABULARY


@given(integers, cents)
def test_spoken_and_written_numbers_score_as_equal(value: int, amount: int) -> None:
    assert normalize_for_scoring(say_integer(value)) == normalize_for_scoring(str(value))
    yuan = abs(Decimal(amount) / 100)
    assert normalize_for_scoring(say_amount(yuan)) == normalize_for_scoring(f"{yuan:.2f}元")


@given(texts, texts)
def test_errors_are_bounded_by_the_longer_text(reference: str, hypothesis: str) -> None:
    errors = character_error_rate(reference, hypothesis)
    expected, heard = normalize_for_scoring(reference), normalize_for_scoring(hypothesis)
    assert errors.reference_length == len(expected)
    assert abs(len(expected) - len(heard)) <= errors.errors <= max(len(expected), len(heard))
    assert errors.insertions - errors.deletions == len(heard) - len(expected)
    assert (errors.errors == 0) == (expected == heard)


@given(texts, texts)
def test_distance_is_the_same_both_ways(one: str, other: str) -> None:
    assert character_error_rate(one, other).errors == character_error_rate(other, one).errors
