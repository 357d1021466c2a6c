"""One written form for one thing said, so that scoring counts hearing errors and not spelling habits."""

from __future__ import annotations

import re
from decimal import Decimal

from asr.text.amounts import AMOUNT, read_amount
from asr.text.numbers import DIGIT_VALUES, DIGITS, PLAIN_NUMBER, parse_value, plain_digits
from asr.text.script import compact, strip_punctuation

_SINGLE_DIGITS = str.maketrans({char: str(value) for char, value in DIGIT_VALUES.items()})
_CODE_WORDS = str.maketrans("洞拐勾", "079")
_DICTATED = re.compile(rf"[{DIGITS}洞拐勾]{{4,}}")
_DIGITS_PER_CODE_WORD = 1  # 洞 and 拐 are ordinary words too; beside as many digits they are digits
_TRILLIONS = re.compile(r"(\d+?)(0000)?0{8}")
# Digits. No phone number is as long; and 一万亿 heard wrong shall cost its own length, not that of twelve zeros.
_SHORTEST_TRILLION = 12
_NUMBER = re.compile(
    rf"百分之百|(?P<sign>-)?(?P<percent>百分之)?"
    rf"(?P<number>{PLAIN_NUMBER})(?P<sign_after>%)?"
)


def normalize_for_scoring(text: str) -> str:
    """The form in which reference and hypothesis are compared, character by character.

    Simplified, lower case, without punctuation and spaces. Numbers are in Arabic digits however they were written:
    `三十五块六`, `三十五元六角` and `35.6元` are `35元6角`; `幺三八`, `一三八` and `138` are `138`; `50%` and
    `百分之五十` are `百分之50`. Total.
    """
    spoken = compact(text).translate(str.maketrans("〇○", "零零"))
    spoken = _DICTATED.sub(_plain_code_words, spoken)
    spoken = AMOUNT.sub(_written_amount, spoken)
    return strip_punctuation(_NUMBER.sub(_written_number, spoken)).translate(_SINGLE_DIGITS)


def _plain_code_words(run: re.Match[str]) -> str:
    code_words = sum(char in "洞拐勾" for char in run[0])
    return run[0].translate(_CODE_WORDS) if code_words * _DIGITS_PER_CODE_WORD < len(run[0]) - code_words else run[0]


def _written_amount(span: re.Match[str]) -> str:
    value = None if span["only_fen"] else read_amount(span)
    if value is None or (cents := value * 100) != int(cents):
        return span[0]
    yuan, (jiao, fen) = abs(int(cents)) // 100, divmod(abs(int(cents)) % 100, 10)
    written = [f"{yuan}元"] if yuan or not cents else []
    written += [f"{jiao}角"] if jiao else []
    written += [f"{fen}分"] if fen else []
    return ("负" if cents < 0 else "") + "".join(written)


def _written_number(span: re.Match[str]) -> str:
    if span["number"] is None:
        return "百分之100"
    sign = "负" if span["sign"] else ""
    percent = "百分之" if span["percent"] or span["sign_after"] else ""
    return sign + percent + _arabic(span["number"])


def _arabic(number: str) -> str:
    if number[0] in "0零" and all(char in DIGITS for char in number):
        return plain_digits(number)  # not its value: the zeros that lead a digit string are spoken too
    value = parse_value(number)
    if value is None:
        return number
    written = _plain(value)
    if len(written) >= _SHORTEST_TRILLION and (match := _TRILLIONS.fullmatch(written)):
        return match[1] + ("万" if match[2] else "") + "亿"
    return written.replace(".", "点")


def _plain(value: Decimal) -> str:
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written
