"""Values as a Chinese hotline says them, from a small closed set of words that can be recorded one by one.

两 stands before 百 and 千, before a leading 万 or 亿, and alone before 元, G and 兆; 二 everywhere else (十二, 二十,
一百零二).
"""

from __future__ import annotations

import re
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import cn2an

VOCABULARY = frozenset("零一二两三四五六七八九幺十百千万亿点负元角分年月日兆G")
"""Every character that the functions of this module can return."""

_LIMIT = 10**16
_MB_PER_GB = 1024
_LEADING_TWO = re.compile(r"二(?=[百千])|(?<![十百千])(?<![十百千万]零)二(?=[万亿])")
_PHONE_DIGITS = str.maketrans("0123456789", "零幺二三四五六七八九")
_PLAIN_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


def say_integer(value: int) -> str:
    """两百五十, 一千零五, 一万零三十. Raises ValueError from 10^16 on."""
    if abs(value) >= _LIMIT:
        raise ValueError(f"{value} is too large to be said; the limit is 10^16")
    spoken: str = cn2an.an2cn(str(abs(value)))
    return ("负" if value < 0 else "") + _LEADING_TWO.sub("两", spoken)


def say_decimal(value: Decimal) -> str:
    """十二点五; zeros at the end are not said. Raises ValueError for NaN, infinity and from 10^16 on."""
    if not value.is_finite():
        raise ValueError(f"{value} cannot be said as a number")
    whole, _, fraction = format(abs(value), "f").partition(".")
    spoken = say_integer(int(whole))
    if fraction.rstrip("0"):
        spoken += "点" + fraction.rstrip("0").translate(_PLAIN_DIGITS)
    return ("负" if value < 0 else "") + spoken


def say_amount(value: Decimal) -> str:
    """三十五元六角, 三十五元零六分, 五分, 一百元; rounded half up to the cent. Raises ValueError like `say_decimal`."""
    if not value.is_finite():
        raise ValueError(f"{value} cannot be said as an amount")
    cents = int((value * 100).quantize(Decimal(1), ROUND_HALF_UP))
    yuan, (jiao, fen) = abs(cents) // 100, divmod(abs(cents) % 100, 10)
    spoken = _counted(yuan) + "元" if yuan or not cents else ""
    if jiao:
        spoken += say_integer(jiao) + "角"
    if fen:
        spoken += ("零" if yuan and not jiao else "") + say_integer(fen) + "分"
    return ("负" if cents < 0 else "") + spoken


def say_digits(digits: str) -> str:
    """Digits one by one as on the phone, 1 as 幺. Raises ValueError for anything but `0`-`9`."""
    if not (digits.isascii() and digits.isdigit()):
        raise ValueError("only the digits 0-9 can be said one by one")
    return digits.translate(_PHONE_DIGITS)


def say_month(year: int, month: int) -> str:
    """二零二六年三月. Raises ValueError for a month that doesn't exist."""
    first = date(year, month, 1)
    return f"{first.year:04d}".translate(_PLAIN_DIGITS) + "年" + say_integer(first.month) + "月"


def say_date(day: date) -> str:
    """二零二六年三月五日."""
    return say_month(day.year, day.month) + say_integer(day.day) + "日"


def say_day(day: date) -> str:
    """三月五日: a date whose year goes without saying."""
    return f"{say_integer(day.month)}月{say_integer(day.day)}日"


def say_data_volume(megabytes: Decimal | int) -> str:
    """十二点五G from 1024 MB on, 五百一十二兆 below, to two places. Raises ValueError when negative or not finite."""
    volume = Decimal(megabytes)
    if not volume.is_finite() or volume < 0:
        raise ValueError(f"{megabytes} MB is not a data volume")
    rounded = _two_places(volume)
    if rounded < _MB_PER_GB:
        return _counted(rounded) + "兆"
    return _counted(_two_places(volume / _MB_PER_GB)) + "G"


def _two_places(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _counted(value: Decimal | int) -> str:
    return "两" if value == 2 else say_decimal(Decimal(value))
