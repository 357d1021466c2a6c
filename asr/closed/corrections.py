"""What callers say to a value that was read back and is wrong: 不对，是 ...; 后四位是 ...; 不是三八是三九.

The words around the value are a part of the grammar: the sound is compared with whole corrections, so 是 before a
number is no 四, and 后四位是八零零一 has four digits. `asr.text.correct_digits` reads what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

from asr.closed.grammar import IMPOSSIBLE, STRAY_BESIDE_SHORT, Grammar, grammar_of, of_digits, up_to
from asr.closed.sounds import DIGITS, arabic
from asr.engine import AnswerKind, ClosedAnswer
from asr.text import correct_digits, parse_digits, parse_id_card

BY_DIGITS: frozenset[AnswerKind] = frozenset({"digits", "phone", "id_card"})

_NO = ("", "不", "不对", "不是", "错了", "不对不对", "不是不是")
_IS = ("", "是", "应该是", "我说的是", "号码是", "我的号码是")
_IS_THERE = ("", "是", "应该是", "不对是", "错了是", "不对应该是")
_COUNTED = ("后", "最后", "后面", "末尾", "前", "前面", "开头", "中间")
_COUNTS = {"两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "八": 8}
_NTH = "一二三四五六七八九十"
_OF_THREE = ("前面", "开头")
_OF_FOUR = ("尾号", "尾数", "后面", "最后", "中间")
"""Places that have no count: a mobile number is grouped three, four, four."""

_UNUSUAL = -4.0
"""The natural logarithm of how much rarer other counts are there ..."""
_BARE = -3.0
"""... and parts that aren't named at all."""
_ANOTHER_DIGIT = 2.0
"""How much likelier it is, as a natural logarithm, that a digit was heard right the first time."""
_MOST_DIFFERING = 3
_REFUSED = -8.0
_SHORTEST_BARE, _LONGEST_PART = 3, 8
_INSTEAD = re.compile(f"[{DIGITS}]{{1,5}}是[{DIGITS}]{{1,5}}")
COMMA = "，"
_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said before a value, and which values are behind it."""

    said: str
    written: str
    """Every no as `不对，`; `是` and the like are the same as nothing."""
    value: Grammar


def corrections_of(answer: ClosedAnswer) -> tuple[Grammar, ...]:
    """The grammars of what may be said to an answer that was read back, besides yes or no; none when nothing was.

    Args:
        answer: `corrects` says what was read back.
    """
    if answer.corrects is None:
        return ()
    whole = _again(answer.corrects, answer.min_digits, answer.max_digits)
    return (whole, _placed(), _bare()) if answer.corrects in BY_DIGITS else (whole,)


def nearness(text: str, answer: ClosedAnswer) -> float:
    """The natural logarithm of how likely it is, relative to the likeliest, that somebody says this.

    What was read back came from the same voice, so most of it is right: a number that differs from it in one digit is
    likelier than one that differs in three. What was refused is not said again.
    """
    number = number_in(text, answer)
    if number is None:
        return 0.0
    *refused, last = answer.read_back
    is_open = answer.kind == "yes_no" and COMMA not in text
    if number in refused or (number == last and not is_open):
        return _REFUSED
    return -_ANOTHER_DIGIT * max(0, min(_differing(number, last), _MOST_DIFFERING) - 1)


def number_in(text: str, answer: ClosedAnswer) -> str | None:
    """The whole number that a correction leads to, or that is said; None when there is none, or none was read back."""
    if not answer.read_back:
        return None
    corrected = correct_digits(answer.read_back[-1], text)
    return corrected or (parse_id_card(text) if answer.corrects == "id_card" else None) or parse_digits(text)


def _differing(one: str, other: str) -> int:
    if len(one) != len(other):
        return _MOST_DIFFERING
    return sum(left != right for left, right in zip(one, other, strict=True))


@cache
def _again(kind: AnswerKind, min_digits: int, max_digits: int) -> Grammar:
    """The whole answer."""
    value = grammar_of(ClosedAnswer(kind, min_digits, max_digits))
    return _behind([_Words(no + being, _comma(no), value) for no, being in product(_NO, _IS)])


@cache
def _placed() -> Grammar:
    """Digits behind the name of their place."""
    exactly = {count: _part({count: 0.0}) for count in (1, *_COUNTS.values())}
    about = {usual: _part(dict.fromkeys(range(2, _LONGEST_PART + 1), _UNUSUAL) | {usual: 0.0}) for usual in (3, 4)}
    places = {
        **{place + name + "位": exactly[count] for place, (name, count) in product(_COUNTED, _COUNTS.items())},
        **dict.fromkeys([*(f"第{nth}位" for nth in _NTH), "最后一位", "末位"], exactly[1]),
        **dict.fromkeys(_OF_THREE, about[3]),
        **dict.fromkeys(_OF_FOUR, about[4]),
    }
    return _behind(
        [
            _Words(no + place + being, f"{_comma(no)}{place}是", value)
            for no, (place, value), being in product(_NO, places.items(), _IS_THERE)
        ]
    )


@cache
def _bare() -> Grammar:
    """Digits alone; or two runs of them, not the one but the other."""
    part = _part(dict.fromkeys(range(_SHORTEST_BARE, _LONGEST_PART + 1), _BARE), STRAY_BESIDE_SHORT)
    instead = Grammar(
        DIGITS + "是", up_to(_LONGEST_PART), lambda said: 0.0 if _INSTEAD.fullmatch(said) else IMPOSSIBLE, arabic
    )
    words = [_Words(no + being, _comma(no), part) for no, being in product(_NO, _IS) if no + being != "不是"]
    return _behind([*words, _Words("不是", "不是", instead)])


def _part(priors: Mapping[int, float], stray: float = 0.0) -> Grammar:
    """So many digits, each count with how much rarer it is."""
    return of_digits(max(priors), lambda digits: priors.get(len(digits), IMPOSSIBLE), stray)


def _comma(no: str) -> str:
    return no and "不对" + COMMA


def _behind(before: Sequence[_Words]) -> Grammar:
    """A value behind some words."""
    words = {one.said: one for one in before}
    begun = {said[:end] for said in words for end in range(len(said) + 1)}
    longest = max(map(len, words))
    own = {syllable for one in before for syllable in one.value.syllables}

    def parts(said: str) -> list[tuple[_Words, str]]:
        """The words that it may begin with, and the value behind them."""
        ends = [end for end in range(min(longest, len(said)) + 1) if said[:end] in words]
        split = [(words[said[:end]], said[end:]) for end in ends]
        return [(one, rest) for one, rest in split if set(rest) <= set(one.value.syllables)]

    @lru_cache(_REMEMBERED)
    def allows(prefix: str, syllable: str) -> bool:
        if prefix + syllable in begun:
            return True
        behind = [(one.value, rest) for one, rest in parts(prefix) if syllable in one.value.syllables]
        return any(value.allows(rest, syllable) for value, rest in behind)

    @lru_cache(_REMEMBERED)
    def likeliest(said: str) -> tuple[float, str]:
        known = [(one.value.prior(rest), one.written + one.value.written(rest)) for one, rest in parts(said) if rest]
        return max(known, default=(IMPOSSIBLE, ""))

    around = "".join(sorted(set("".join(words)) - own))
    value = before[0].value
    return Grammar(
        "".join(sorted(own)) + around,
        allows,
        prior=lambda said: likeliest(said)[0],
        written=lambda said: likeliest(said)[1],
        stray=value.stray,
        passed_over=around + value.passed_over,
    )
