"""What a closed answer may be: which syllable may follow which, when it is whole, and how likely its form is."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from asr.closed import dictation
from asr.closed.dictation import in_digits, rarity
from asr.closed.sounds import OF_KIND
from asr.engine import AnswerKind, ClosedAnswer
from asr.text import is_id_card, parse_amount, parse_date, parse_month, parse_number, parse_yes_no
from asr.text.id_cards import ID_CARD_LENGTH

_PHONE_FORMS = (
    (re.compile(r"1[3-9]\d{9}", re.ASCII), 0.0),
    (re.compile(r"0[1-9]\d{8,10}|[48]00\d{7}", re.ASCII), -3.0),
    (re.compile(r"[2-9]\d{6,7}|[149]\d{4,7}", re.ASCII), -6.0),
)
"""Forms of telephone numbers with how much rarer callers give them than a mobile number, as natural logarithms: one
digit of a mobile number missed makes none of the others, unless the sound says so clearly."""
_LONGEST_PHONE = 12
_LONGEST_WORDS = 12
"""Syllables of the longest amount or date: 二零二六年十二月二十八号."""
_ANY_DAY = date(2024, 12, 31)
"""Only whether it is a date matters here, not which: the dialogue reads it again on the day of the call."""

IMPOSSIBLE = float("-inf")

_LONG = 4
"""From so many digits on, words around them (我的电话是 ...) don't make it another answer; a single 一 or 不 among
other words is no answer at all."""
STRAY_BESIDE_SHORT = math.log(0.02)


def _written_words(syllables: str) -> str:
    return syllables.replace("幺", "一")


@dataclass(frozen=True, slots=True)
class Grammar:
    """The answers to one closed question, as strings of syllables."""

    syllables: str
    allows: Callable[[str, str], bool]
    """Whether the beginning of an answer may go on with a syllable, one of `syllables`."""
    prior: Callable[[str], float]
    """The natural logarithm of how likely a whole answer is by its form; minus infinity when it is no answer."""
    written: Callable[[str], str] = _written_words
    """The text of an answer: digits said one by one as `0`-`9`, anything else as it is said."""
    stray: float = STRAY_BESIDE_SHORT
    """What a frame of other syllables before or after the answer costs, as a natural logarithm."""
    passed_over: str = ""
    """Of `syllables`, those that also count as other ones where the answer doesn't go on with them."""


def grammar_of(answer: ClosedAnswer) -> Grammar:
    """The grammar of a question's answers."""
    kind = answer.kind
    match kind:
        case "digits":
            stray = 0.0 if answer.min_digits >= _LONG else STRAY_BESIDE_SHORT
            return of_digits(answer.max_digits, lambda digits: _of_length(digits, answer), stray)
        case "phone":
            longest = min(answer.max_digits, _LONGEST_PHONE)
            return of_digits(longest, lambda digits: _of_length(digits, answer) + _phone(digits), 0.0)
        case "id_card":
            return replace(of_digits(ID_CARD_LENGTH, _id_card, 0.0), written=_written_id_card)
    return Grammar(OF_KIND[kind], up_to(_LONGEST_WORDS), lambda text: 0.0 if _is_read(kind, text) else IMPOSSIBLE)


def of_digits(longest: int, prior: Callable[[str], float], stray: float) -> Grammar:
    """At most so many digits, dictated in any way; `prior` takes them as `0`-`9`."""
    return Grammar(
        dictation.SYLLABLES,
        lambda prefix, syllable: dictation.goes_on(prefix, syllable, longest),
        lambda said: rarity(said) + prior(in_digits(said)),
        in_digits,
        stray,
        passed_over=dictation.BESIDE_DIGITS,
    )


def up_to(longest: int) -> Callable[[str, str], bool]:
    """Any syllables, so many."""
    return lambda prefix, _: len(prefix) < longest


def _written_id_card(syllables: str) -> str:
    """The X at the end is no syllable of ours: where it fits the check digit, it was said."""
    digits = in_digits(syllables)
    return digits + "X" if is_id_card(digits + "X") else digits


def _of_length(digits: str, answer: ClosedAnswer) -> float:
    return 0.0 if answer.min_digits <= len(digits) <= answer.max_digits else IMPOSSIBLE


def _phone(digits: str) -> float:
    return next((prior for form, prior in _PHONE_FORMS if form.fullmatch(digits)), IMPOSSIBLE)


def _id_card(digits: str) -> float:
    return 0.0 if is_id_card(digits) or is_id_card(digits + "X") else IMPOSSIBLE


def _is_read(kind: AnswerKind, text: str) -> bool:
    match kind:
        case "number":
            return parse_number(text) is not None
        case "amount":
            return parse_amount(text) is not None
        case "month":
            return parse_month(text, _ANY_DAY) is not None
        case "date":
            return parse_date(text, _ANY_DAY) is not None
    return parse_yes_no(text) is not None
