"""Resident identity numbers (GB 11643-1999): 17 digits and a check character, which may be X.

People say the X as a letter (艾克斯) or as a cross (叉); a recogniser writes either in many ways. The check character
(ISO 7064 MOD 11-2) tells a number that was heard right from one that was not, so guessing its sound is safe.
"""

from __future__ import annotations

import re
from datetime import date

from asr.text.digits import parse_digits
from asr.text.numbers import NUMERALS, numerals, parse_integer
from asr.text.script import strip_punctuation

ID_CARD_LENGTH = 18
X_KEY = "*"
"""The key of the telephone that stands for X."""

_SHAPE = re.compile(r"[1-9]\d{5}((?:19|20)\d{6})\d{3}[\dX]", re.ASCII)
_CHECK_CHARACTERS = "10X98765432"
_LAST_ONE_IS = re.compile(r"(?:最后|末|尾)[一1]?[位个](?:数字?|字母|号码?)?(?:就?是)?")
_ANY_DIGIT = rf"{NUMERALS}洞拐勾"
_X = re.compile(
    r"(?:[一1]?个)?(?:大写的?|小写的?|英文的?|字母|打)*"
    rf"(?:x|ⅹ|[艾挨爱埃哎癌唉矮哀碍][克可客科](?:[^{_ANY_DIGIT}x](?=[的了吧呢啊]*$)|[斯思丝司死撕]?)|[大红]?叉号?"
    # measured at 8 kHz: 叉 comes out as 参
    rf"|(?<=[是位个{_ANY_DIGIT}])[插差岔茶擦参查察](?=[的了吧呢啊]*$))"
)
_ONE_MISHEARD = str.maketrans(dict.fromkeys("悠优有又由友", "幺"))
_BIRTH = re.compile(rf"年([{NUMERALS}]{{1,3}})月([{NUMERALS}]{{1,3}})[日号]")


def is_id_card(text: str) -> bool:
    """Whether this is a whole number as written or keyed (`*` for X): shape, date of birth, check character."""
    card = text.replace(X_KEY, "X").upper()
    shape = _SHAPE.fullmatch(card)
    return shape is not None and _is_date(shape[1]) and card[-1] == check_character(card[:-1])


def check_character(digits: str) -> str:
    """The 18th character for the first 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * pow(2, len(digits) - index, 11) for index, digit in enumerate(digits))
    return _CHECK_CHARACTERS[total % 11]


def parse_id_card(text: str) -> str | None:
    """The number that was said or written, its X as a capital; None when there is none or it can't be right.

    The numbers of 15 digits that were valid until 2012 are none. Never raises.
    """
    spoken = _LAST_ONE_IS.sub("", with_letter_x(_BIRTH.sub(_digits_of_date, strip_punctuation(numerals(text)))))
    return _card(spoken) or _card(spoken.translate(_ONE_MISHEARD))


def _card(spoken: str) -> str | None:
    *bodies, rest = spoken.split("x")
    if not bodies:
        cards = {parse_digits(spoken)}
    elif parse_digits(rest) is not None:  # the X is the last character, or it isn't one
        return None
    else:
        cards = {f"{parse_digits(body)}X" for body in bodies}  # said twice, or once
    card = cards.pop()
    return card if card and not cards and is_id_card(card) else None


def with_letter_x(spoken: str) -> str:
    """Compact text in which the letter X is `x`, however it was said."""
    return _X.sub("x", spoken)


def _digits_of_date(match: re.Match[str]) -> str:
    parts = [parse_integer(part) for part in match.groups()]
    return "".join("" if part is None else f"{part:02d}" for part in parts)


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
