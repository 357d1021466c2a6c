"""Digits as people dictate them: one by one, 幺 for 1, 三个八 for 888, 双八 for 88, 八千 at the end for 8000.

`asr.text.parse_digits` reads the same in a decoder's text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from asr.closed.sounds import DIGITS, arabic

TIMES, DOUBLE, THOUSAND = "个", "双", "千"
_COUNTS = {"两": 2, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6}
_RARE = {"两": ("2", -1.5), "洞": ("0", -3.0), "拐": ("7", -3.0), "勾": ("9", -3.0)}
"""Other names of digits, with how much rarer they are, as natural logarithms."""
_GROUPED = -0.5
"""The same for each 三个八."""
_AS_THOUSANDS = -2.0
BESIDE_DIGITS = "".join(_RARE) + TIMES + DOUBLE + THOUSAND
SYLLABLES = DIGITS + BESIDE_DIGITS

_THOUSANDS = {*DIGITS, "两"} - {"零"}
_ANY = f"[{DIGITS}{''.join(_RARE)}]"
_GROUP = re.compile(f"([{''.join(_COUNTS)}]){TIMES}({_ANY})|{DOUBLE}({_ANY})|({_ANY}){THOUSAND}$")
_REMEMBERED = 8192


@lru_cache(_REMEMBERED)
def in_digits(said: str) -> str:
    """What was dictated, as `0`-`9`: 幺三八双零三个八 is 13800888."""
    return arabic(_GROUP.sub(_written_out, said)).translate(_NAMED)


def _written_out(group: re.Match[str]) -> str:
    count, repeated, doubled, thousands = group.groups()
    return repeated * _COUNTS[count] if count else doubled * 2 if doubled else thousands + "零零零"


_NAMED = str.maketrans({name: digit for name, (digit, _) in _RARE.items()})


def goes_on(prefix: str, syllable: str, longest: int) -> bool:
    """Whether at most `longest` digits may be dictated so."""
    before, earlier = prefix[-1:], prefix[-2:-1]
    if before == THOUSAND:
        return False
    if before in {TIMES, DOUBLE} and syllable in {TIMES, DOUBLE, THOUSAND}:
        return False
    if syllable == TIMES and (before not in _COUNTS or earlier in {TIMES, DOUBLE}):
        return False
    if syllable == THOUSAND and (before not in _THOUSANDS or earlier in {TIMES, DOUBLE}):
        return False
    unfinished = "零" if syllable in {TIMES, DOUBLE} else ""
    return len(in_digits(prefix + syllable + unfinished)) <= longest


@lru_cache(_REMEMBERED)
def rarity(said: str) -> float:
    """How much rarer it is than digit by digit, as a natural logarithm; minus infinity for what is unfinished."""
    if said[-1:] in {TIMES, DOUBLE}:
        return float("-inf")
    groups = said.count(TIMES) + said.count(DOUBLE)
    alone = re.sub(f"两(?={TIMES}|{THOUSAND}$)", "", said)
    names = sum(rare * alone.count(name) for name, (_, rare) in _RARE.items())
    return _GROUPED * groups + names + (_AS_THOUSANDS if said[-1:] == THOUSAND else 0.0)
