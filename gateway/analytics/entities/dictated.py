"""Digits that somebody dictates: 幺三八，嗯，零零幺三，八千; cut out of a sentence with what stands between them.

A digit is one syllable, so a recogniser often writes another character of the same sound (要 for 幺, 久 for 九). Those
are kept as `soft`: whoever reads the digits tries them as digits when the others alone make no number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from asr.text.numbers import parse_integer, plain_digits

DIGIT = "0-9零一二两三四五六七八九幺洞拐勾"
_PHONE_DIGITS = str.maketrans("洞拐勾", "079")
_SOFT = {
    **dict.fromkeys("要腰药妖摇邀", "1"),
    **dict.fromkeys("灵林铃另凌", "0"),
    **dict.fromkeys("久酒就旧", "9"),
    **dict.fromkeys("吧巴爸把班", "8"),
    **dict.fromkeys("期起器气其", "7"),
    **dict.fromkeys("留刘流溜", "6"),
    **dict.fromkeys("无舞午吴武", "5"),
    **dict.fromkeys("是死似事", "4"),
    **dict.fromkeys("伞散山", "3"),
    **dict.fromkeys("而儿耳尔", "2"),
}
_NON_ZERO = "1-9一二两三四五六七八九"
_UNIT = "十百千万亿"
_COUNTED = "次遍回个天年月块元岁"
"""What a numeral counts: 10086三次 ends before 三."""
# What is said between digits. No digit may hide in it: 一下 and 三位 would be taken for ones.
_BACK = "不对不对|不对|错了|说错了|哦不是|不是|应该是|更正|重新说"
_BETWEEN = (
    r"[,，、.。;；:：\-—－·_/()（）~ ]|嗯|呃|额|啊|哦|噢|哎|诶|那个|这个|然后|接着|再|还有|后面的?是?|完了之?后?|"
    r"杠|横杠|就是|等一?下|稍等|等等|我?看一?[看下]|我?想一?[想下]|前面的?是?|中间的?是?|最后的?是?|尾号是?|[前后]面?[三四八]个?位的?是?|"
    r"区号是?|转分机|分机|转|的|对吧?|好像是?|是吧"
)
_X = r"(?:大写的?|小写的?|英文的?|字母|一?个)*(?:x|[艾爱埃][克可][斯丝]|叉|\*)"
_TOKEN = (
    rf"(?P<times>[2-8二三四五六七八两])[个连](?P<repeated>[{DIGIT}])(?![{_UNIT}])"
    rf"|双(?P<double>[{DIGIT}])|(?P<placed>[{_NON_ZERO}]千(?:[{_NON_ZERO}]百)?(?:零[{_NON_ZERO}])?)(?![{_UNIT}{DIGIT}块元])"
    rf"|(?P<digit>[0-9]|[{DIGIT}](?![{_UNIT}{_COUNTED}]))|(?P<x>{_X})|(?P<back>{_BACK})|(?P<between>{_BETWEEN})|(?P<soft>[{''.join(_SOFT)}])"
)
_TOKENS = re.compile(_TOKEN)
_MAX_BETWEEN = 4
"""Words in a row between two digits; more of them, and what follows is another matter."""
_MOST_TOKENS = 400
"""Of one stretch: a recogniser's loop (一一一一...) ends there, and the next stretch begins."""
SHORTEST = 3
"""Digits of a stretch that is told of."""


@dataclass(frozen=True, slots=True)
class Token:
    """Some digits (`X` for the letter) and the characters of the text that they were read from."""

    digits: str
    start: int
    end: int
    gap: str = ""
    """What is before it: nothing, a `space`, `between` (a filler), or `back`: what came before is taken back."""
    soft: bool = False
    """A character that sounds like a digit and may be a word."""


Stretch = tuple[Token, ...]
"""Digits with nothing but fillers between them; begins and ends with what is a digit for certain, or with soft ones
right beside it."""


def stretches(text: str) -> Iterator[Stretch]:
    """All stretches of at least `SHORTEST` digits, from left to right. `text` is plain (`entities.plain`)."""
    found: list[Token] = []
    gap, words, at = "", 0, -1
    for match in _TOKENS.finditer(text):
        kind = match.lastgroup or ""
        if kind == "repeated":
            kind = "times"
        if match.start() != at or words > _MAX_BETWEEN or len(found) >= _MOST_TOKENS:
            yield from _finished(found)
            found, gap, words = [], "", 0
        at = match.end()
        if kind in {"between", "back"}:
            gap = _gap(gap, "space" if match[0] == " " else kind)
            words += 1
            continue
        if kind == "soft":
            words += 1
        else:
            words = 0
        found.append(Token(_digits(match, kind), match.start(), match.end(), gap, kind == "soft"))
        gap = ""
    yield from _finished(found)


def _gap(before: str, kind: str) -> str:
    """The weightier of two."""
    return max(before, kind, key=("", "space", "between", "back").index)


def _digits(match: re.Match[str], kind: str) -> str:
    match kind:
        case "times":
            return _plain(match["repeated"]) * int(plain_digits(match["times"]))
        case "double":
            return _plain(match["double"]) * 2
        case "placed":
            return str(parse_integer(match["placed"]) or "")
        case "x":
            return "X"
        case "soft":
            return _SOFT[match["soft"]]
    return _plain(match["digit"])


def _plain(digit: str) -> str:
    return plain_digits(digit.translate(_PHONE_DIGITS))


def _finished(found: list[Token]) -> Iterator[Stretch]:
    """The stretch without what can't begin or end it, when there are enough digits in it."""
    certain = [index for index, token in enumerate(found) if not token.soft and token.digits != "X"]
    if sum(len(found[index].digits) for index in certain) < SHORTEST:
        return
    first, last = certain[0], certain[-1]
    while first and found[first - 1].soft and found[first - 1].end == found[first].start:
        first -= 1
    while last + 1 < len(found) and not found[last + 1].gap:
        last += 1
    if last + 1 < len(found) and found[last + 1].digits == "X":  # 最后是叉
        last += 1
    yield tuple(found[first : last + 1])
