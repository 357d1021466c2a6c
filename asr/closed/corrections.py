"""What callers say to a value that was read back and is wrong: 不对，是 ...; 后四位是 ...; 不是三八是三九.

The words around the value are a part of the grammar: the sound is compared with whole corrections, so 是 before a
number is no 四, and 后四位是八零零一 has four digits. `asr.text.correct_digits` reads what is found here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product

from asr.closed.grammar import IMPOSSIBLE, Grammar, grammar_of, of_digits, up_to
from asr.closed.sounds import DIGITS, arabic
from asr.engine import AnswerKind, ClosedAnswer
from asr.text import correct_digits, parse_digits

_BY_DIGITS: frozenset[AnswerKind] = frozenset({"digits", "phone", "id_card"})

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
_COMMA = "，"
_REMEMBERED = 4096

Prior = Callable[[str], float]


@dataclass(frozen=True, slots=True)
class _Words:
    """What is said before a value."""

    said: str
    written: str
    """With a comma behind a no; `是` and the like are the same as nothing."""
    prior: Prior
    """Of each value behind them, as in `Grammar`."""


def corrections_of(answer: ClosedAnswer) -> tuple[Grammar, ...]:
    """The grammars of what may be said to an answer that was read back, besides yes or no; none when nothing was.

    Args:
        answer: `corrects` says what was read back.
    """
    if answer.corrects is None:
        return ()
    whole = _again(answer.corrects, answer.min_digits, answer.max_digits)
    return (whole, _placed(), _bare()) if answer.corrects in _BY_DIGITS else (whole,)


def nearness(text: str, answer: ClosedAnswer) -> float:
    """The natural logarithm of how likely it is, relative to the likeliest, that somebody says this.

    What was read back came from the same voice, so most of it is right: a number that differs from it in one digit is
    likelier than one that differs in three. What was refused is not said again.
    """
    if not answer.read_back:
        return 0.0
    number = correct_digits(answer.read_back[-1], text) or parse_digits(text)
    if number is None:
        return 0.0
    refused = answer.read_back[:-1] if answer.kind == "yes_no" else answer.read_back
    if number in refused or (number == answer.read_back[-1] and _COMMA in text):
        return _REFUSED
    return -_ANOTHER_DIGIT * max(0, min(_differing(number, answer.read_back[-1]), _MOST_DIFFERING) - 1)


def _differing(one: str, other: str) -> int:
    if len(one) != len(other):
        return _MOST_DIFFERING
    return sum(left != right for left, right in zip(one, other, strict=True))


@cache
def _again(kind: AnswerKind, min_digits: int, max_digits: int) -> Grammar:
    """The whole answer."""
    value = grammar_of(ClosedAnswer(kind, min_digits, max_digits))
    return _behind([_Words(no + being, _comma(no), value.prior) for no, being in product(_NO, _IS)], value)


@cache
def _placed() -> Grammar:
    """Digits behind the name of their place."""
    places = {
        **{place + count + "位": _exactly(number) for place, (count, number) in product(_COUNTED, _COUNTS.items())},
        **{"第" + nth + "位": _exactly(1) for nth in _NTH},
        **dict.fromkeys(("最后一位", "末位"), _exactly(1)),
        **dict.fromkeys(_OF_THREE, _about(3)),
        **dict.fromkeys(_OF_FOUR, _about(4)),
    }
    words = [
        _Words(no + place + being, f"{_comma(no)}{place}是", prior)
        for no, (place, prior), being in product(_NO, places.items(), _IS_THERE)
    ]
    return _behind(words, _part(lambda _: 0.0))


@cache
def _bare() -> Grammar:
    """Digits alone, or two runs of them: not the one but the other."""
    words = [_Words(no + being, _comma(no), _of_a_bare_part) for no, being in product(_NO, _IS)]
    words = [one for one in words if one.said != "不是"]
    words.append(_Words("不是", "不是", lambda text: 0.0 if _INSTEAD.fullmatch(text) else _of_a_bare_part(text)))
    return _behind(words, Grammar(DIGITS + "是", up_to(2 * _LONGEST_PART), _of_a_bare_part, arabic))


def _comma(no: str) -> str:
    return no and no + _COMMA


def _exactly(count: int) -> Prior:
    return _part(lambda digits: 0.0 if len(digits) == count else IMPOSSIBLE).prior


def _about(usual: int) -> Prior:
    def prior(digits: str) -> float:
        if len(digits) == usual:
            return 0.0
        return _UNUSUAL if 1 < len(digits) <= _LONGEST_PART else IMPOSSIBLE

    return _part(prior).prior


def _part(prior: Prior) -> Grammar:
    return of_digits(_LONGEST_PART, prior, 0.0)


def _of_a_bare_part(text: str) -> float:
    return _BARE if _SHORTEST_BARE <= len(text) <= _LONGEST_PART and "是" not in text else IMPOSSIBLE


def _behind(before: Sequence[_Words], value: Grammar) -> Grammar:
    """`value` behind some words."""
    words = {one.said: one for one in before}
    begun = {said[:end] for said in words for end in range(len(said) + 1)}
    longest, own = max(map(len, words)), set(value.syllables)

    def parts(said: str) -> list[tuple[_Words, str]]:
        """The words that it may begin with, and the value behind them."""
        ends = [end for end in range(min(longest, len(said)) + 1) if said[:end] in words]
        return [(words[said[:end]], said[end:]) for end in ends if set(said[end:]) <= own]

    @lru_cache(_REMEMBERED)
    def allows(prefix: str, syllable: str) -> bool:
        if prefix + syllable in begun:
            return True
        return syllable in own and any(value.allows(rest, syllable) for _, rest in parts(prefix))

    @lru_cache(_REMEMBERED)
    def likeliest(said: str) -> tuple[float, str]:
        known = [(one.prior(rest), one.written + value.written(rest)) for one, rest in parts(said) if rest]
        return max(known, default=(IMPOSSIBLE, ""))

    around = "".join(sorted(set("".join(words)) - own))
    return Grammar(
        value.syllables + around,
        allows,
        prior=lambda said: likeliest(said)[0],
        written=lambda said: likeliest(said)[1],
        stray=value.stray,
        passed_over=around,
    )
