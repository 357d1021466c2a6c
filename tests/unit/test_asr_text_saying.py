"""Values as the hotline says them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from asr.text import (
    VOCABULARY,
    say_amount,
    say_data_volume,
    say_date,
    say_day,
    say_decimal,
    say_digits,
    say_integer,
    say_month,
)

pytestmark = pytest.mark.unit

INTEGERS = {
    0: "零",
    2: "二",
    10: "十",
    12: "十二",
    20: "二十",
    22: "二十二",
    99: "九十九",
    100: "一百",
    102: "一百零二",
    110: "一百一十",
    112: "一百一十二",
    120: "一百二十",
    200: "两百",
    202: "两百零二",
    250: "两百五十",
    1005: "一千零五",
    1050: "一千零五十",
    2000: "两千",
    2200: "两千两百",
    2222: "两千两百二十二",
    10000: "一万",
    10030: "一万零三十",
    12000: "一万两千",
    20000: "两万",
    100000: "十万",
    120000: "十二万",
    220000: "二十二万",
    1020000: "一百零二万",
    2000000: "两百万",
    200000000: "两亿",
    200020000: "两亿零两万",
    1200000000: "十二亿",
    1000000000000: "一万亿",
    -15: "负十五",
}
AMOUNTS = {
    "0": "零元",
    "0.05": "五分",
    "0.20": "二角",
    "0.25": "二角五分",
    "1": "一元",
    "2": "两元",
    "2.5": "两元五角",
    "15.80": "十五元八角",
    "35.60": "三十五元六角",
    "35.06": "三十五元零六分",
    "35.65": "三十五元六角五分",
    "100": "一百元",
    "100.5": "一百元五角",
    "250": "两百五十元",
    "1200.01": "一千两百元零一分",
    "12.345": "十二元三角五分",
    "-35.6": "负三十五元六角",
    "-0.001": "零元",
}
DATA_VOLUMES = {
    "0": "零兆",
    "2": "两兆",
    "512": "五百一十二兆",
    "3.456": "三点四六兆",
    "1023.999": "一G",
    "1024": "一G",
    "2048": "两G",
    "12800": "十二点五G",
    "204800": "两百G",
}


@pytest.mark.parametrize(("value", "spoken"), INTEGERS.items())
def test_integers(value: int, spoken: str) -> None:
    assert say_integer(value) == spoken


@pytest.mark.parametrize(
    ("value", "spoken"),
    [
        ("3.5", "三点五"),
        ("12.50", "十二点五"),
        ("0.05", "零点零五"),
        ("2.2", "二点二"),
        ("-1.5", "负一点五"),
        ("1E+3", "一千"),
    ],
)
def test_decimals(value: str, spoken: str) -> None:
    assert say_decimal(Decimal(value)) == spoken


@pytest.mark.parametrize(("value", "spoken"), AMOUNTS.items())
def test_amounts(value: str, spoken: str) -> None:
    assert say_amount(Decimal(value)) == spoken


@pytest.mark.parametrize(("megabytes", "spoken"), DATA_VOLUMES.items())
def test_data_volumes(megabytes: str, spoken: str) -> None:
    assert say_data_volume(Decimal(megabytes)) == spoken


def test_digits_have_the_habits_of_the_phone() -> None:
    assert say_digits("13800138000") == "幺三八零零幺三八零零零"


def test_dates_and_months() -> None:
    assert say_date(date(2026, 3, 5)) == "二零二六年三月五日"
    assert say_date(date(2020, 12, 31)) == "二零二零年十二月三十一日"
    assert say_day(date(2026, 3, 5)) == "三月五日"
    assert say_month(2026, 10) == "二零二六年十月"


def test_every_word_of_the_vocabulary_is_needed() -> None:
    said = [say_integer(value) for value in INTEGERS] + [say_amount(Decimal(value)) for value in AMOUNTS]
    said += [say_data_volume(Decimal(value)) for value in DATA_VOLUMES]
    said += [say_decimal(Decimal("6.7")), say_digits("1"), say_date(date(2026, 3, 4))]
    assert set("".join(said)) == VOCABULARY


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), Decimal(10) ** 16])
def test_what_cannot_be_said_is_refused(value: Decimal) -> None:
    for say in (say_decimal, say_amount):
        with pytest.raises(ValueError, match="said"):
            say(value)


def test_the_other_limits() -> None:
    with pytest.raises(ValueError, match="too large"):
        say_integer(10**16)
    with pytest.raises(ValueError, match="data volume"):
        say_data_volume(-1)
    with pytest.raises(ValueError, match="digits"):
        say_digits("13八")
    with pytest.raises(ValueError, match="digits"):
        say_digits("")
    with pytest.raises(ValueError, match="month"):
        say_month(2026, 13)
