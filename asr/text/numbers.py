"""Numbers as people say them: 两百五 is 250, 三千二 is 3200, 百分之三十 is 0.3.

Well-formed integers are read by cn2an; what stands around them (fractions, halves, percent, sentences, corrections) is
ours.
"""

from __future__ import annotations

import re
from decimal import Decimal

import cn2an

from asr.text.script import compact

DIGIT_VALUES = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"幺": 1, "两": 2}
DIGITS = "0123456789" + "".join(DIGIT_VALUES)
UNITS = "十百千万亿"
NUMERALS = DIGITS + UNITS

_VARIANTS = str.maketrans(
    {"〇": "零", "○": "零", "俩": "两", "仨": "三", "廿": "二十", "卅": "三十", "圆": "元"}
    | dict(zip("壹贰叁肆伍陆柒捌玖拾佰仟", "一二三四五六七八九十百千", strict=True))
)
_LONGEST_INTEGER = 32  # characters; 10^16 is as far as speech goes
_TEN_MILLIONS = re.compile(r"(.+亿)([一二三四五六七八九])")
_SCALES = {"百": 2, "千": 3, "万": 4, "亿": 8, "百万": 6, "千万": 7, "万亿": 12}
_NEIGHBOURS = re.compile("(?:一两|两三|三四|四五|五六|六七|七八|八九)[个块元天次位年角毛]")
_RANGE = re.compile(rf"[{NUMERALS}][块元]?(?:到|至|或者?)$")

# Words that contain a numeral and name no number. 一点五 and 五千万 are numbers all the same.
_IDIOMS = re.compile(
    f"(?<![{NUMERALS}])(?:一下子?|一点儿?(?![{DIGITS}])|一些|一样|一起|一直|一会儿?|一定|一般|一共|统一|唯一|万一|千万(?![{DIGITS}])|十分(?!钟))"
)
_CORRECTION = re.compile(r"不是.*?是(?!不是)(.+)$")
_TAKEN_BACK = re.compile(r"(?:说错了?|不对|错了|应该是)+")

# The bounds keep a recogniser's loop (一一一一...) from costing quadratic time.
INTEGER = rf"(?<![{NUMERALS}])[{NUMERALS}]{{1,{_LONGEST_INTEGER}}}(?![{NUMERALS}])"
PLAIN_NUMBER = rf"{INTEGER}(?:[点.][{DIGITS}]{{1,{_LONGEST_INTEGER}}}(?![{DIGITS}十])(?:[百千]?[万亿]{{1,2}}|[百千])?)?"
NUMBER = (
    rf"(?:负|-)?(?:一半|半|百分之百|百分之{PLAIN_NUMBER}|{PLAIN_NUMBER}%?(?:个半)?"
    r")"
)
_NUMBER = re.compile(NUMBER)
_PARTS = re.compile(rf"([{NUMERALS}]+)(?:[点.]([{DIGITS}]+)([百千万亿]*))?(%?)(个半)?")


def parse_number(text: str) -> Decimal | None:
    """The one number that was said, or None when there is none, or several, or only a rough one (三百多, 十几).

    Percentages come back as fractions (百分之三十 is 0.3). `不是三是五` is 5. Never raises.
    """
    spoken = corrected(numerals(text))
    return only(_exact_numbers(_IDIOMS.sub(" ", spoken)))


def parse_integer(spoken: str) -> int | None:
    """The value of a string made only of `NUMERALS` (两百五, 1万2, 一三八), or None when it isn't well formed."""
    if not spoken or len(spoken) > _LONGEST_INTEGER or not all(char in NUMERALS for char in spoken):
        return None
    if all(char in DIGITS for char in spoken):
        return int(plain_digits(spoken))
    if match := _TEN_MILLIONS.fullmatch(spoken):  # the one short form that cn2an doesn't know
        spoken = f"{match[1]}{match[2]}千万"
    try:
        return int(cn2an.cn2an(spoken, "smart"))
    except (ValueError, KeyError):  # KeyError: its look-up of a unit, on some malformed strings
        return None


def parse_value(spoken: str) -> Decimal | None:
    """The value of a whole string that matches `NUMBER`, or None when it isn't well formed."""
    if spoken[:1] in {"负", "-"}:
        value = parse_value(spoken[1:])
        return None if value is None else -value
    if spoken in {"半", "一半"}:
        return Decimal("0.5")
    if spoken.startswith("百分之"):
        value = Decimal(100) if spoken == "百分之百" else parse_value(spoken[3:])
        return None if value is None else value / 100
    match = _PARTS.fullmatch(spoken)
    return None if match is None else _assemble(*match.groups())


def _assemble(whole: str, fraction: str | None, scale: str | None, percent: str, half: str | None) -> Decimal | None:
    integer = parse_integer(whole)
    if integer is None or (scale and scale not in _SCALES):
        return None
    value = Decimal(integer)
    if fraction is not None:
        if len(fraction) > _LONGEST_INTEGER // 2:
            return None
        value = Decimal(f"{integer}.{plain_digits(fraction)}") * 10 ** (_SCALES[scale] if scale else 0)
    if half:
        value += Decimal("0.5")
    return value / 100 if percent else value


def numerals(text: str) -> str:
    """Compact text in which every numeral has its one common form (〇, 壹, 廿 are 零, 一, 二十)."""
    return compact(text).translate(_VARIANTS)


def plain_digits(spoken: str) -> str:
    """Digit characters as `0`-`9`: `一三8` is `138`. All of them must be in `DIGITS`."""
    return "".join(str(DIGIT_VALUES.get(char, char)) for char in spoken)


def corrected(spoken: str, about: str = NUMERALS + "半") -> str:
    """What counts after a correction, if it holds any of `about`: `不是五十是一百` is `一百`, so is `五十不对一百`."""
    match = _CORRECTION.search(spoken)
    if match and not set(about).isdisjoint(match[1]):
        return match[1]
    last = _TAKEN_BACK.split(spoken)[-1]
    return spoken if set(about).isdisjoint(last) else last


def only(values: list[Decimal | None]) -> Decimal | None:
    """The value that all agree on; None when there is none, when they differ, or when one couldn't be read."""
    return values[0] if values and all(value == values[0] for value in values) else None


def _exact_numbers(spoken: str) -> list[Decimal | None]:
    return [None if is_rough(spoken, match) else parse_value(match[0]) for match in _NUMBER.finditer(spoken)]


def is_rough(spoken: str, match: re.Match[str]) -> bool:
    """True for 三百多, 十几, 几百, 两三个, 二十到三十: a size, not a number."""
    before, after = spoken[: match.start()], spoken[match.end() :]
    if after.startswith(("多", "几", "来")) or before.endswith(("几", "好")):
        return True
    return _NEIGHBOURS.match(match[0] + after) is not None or _RANGE.search(before) is not None
