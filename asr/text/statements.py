"""What somebody says about a number that was read to them, cut into places, denials and the digits between them.

后四位不是八零零零，是八零零一 is one statement: about the last four digits, with 8000 denied and 8001 put there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from asr.text.digits import parse_digits
from asr.text.id_cards import with_letter_x
from asr.text.numbers import NUMERALS, numerals, parse_integer
from asr.text.script import strip_punctuation

_DIGIT = rf"[{NUMERALS}双洞拐勾x]"
_QUESTION = re.compile(r"(?<!不)(?:是不是|对不对)|吗$")
_NOISE = re.compile(
    r"(?:我?再?[说报念来讲]|重复|等|听|看|查|改)一?[遍次下]|等等|一下子?|一共|一定|一样|有[一几两][个位](?:数字?|号码?)?"
    r"|[啊呀哦噢呢哈唉诶哎呃额喂嗯]|把(?=.{1,30}[改换])"
)

_COUNT = "[一二两三四五六七八九1-9]|十[一二三四五六七八九]?|1[0-9]"
# 后四个八 is four eights at the end, 后四个八零零一 the last four digits.
_UNIT = rf"(?:位数?|个(?!{_DIGIT}(?!{_DIGIT})))(?:数字?|号码?|字母?)?"
_OF_IT = r"(?:的|那|这|几位|一?[组段]|部分|数字?|号码?)*"
_TOKEN = re.compile(
    rf"倒数第(?P<from_end>{_COUNT}){_UNIT}|第(?P<nth>{_COUNT})(?:{_UNIT}|(?P<segment>[段组节]))"
    rf"|(?:最后[面边]?|后[面边]?|末尾?|尾[号数巴]?)的?[这那]?(?P<last>{_COUNT}){_UNIT}|(?P<end>末位|尾位)"
    rf"|(?:最?前[面边]?|开头|打?头)的?[这那]?(?P<first>{_COUNT}){_UNIT}|(?P<start>首位)"
    rf"|(?:正?中间|当中)的?[这那]?(?P<middle>{_COUNT}){_UNIT}|(?P<area>区号)"
    rf"|(?P<tail>尾[号数巴]|末尾|最后[面边]?|后[面边]|后(?=(?:{_COUNT})个)|结尾){_OF_IT}"
    rf"|(?P<head>开头|打头|起头|一开始|最?前[面边]){_OF_IT}|(?P<centre>正?中间|当中){_OF_IT}"
    r"|(?P<not>不是的?)|(?P<right>没有?错|没有?问题|是?对的?|正确)"
    r"|(?P<wrong>不对|不正确|有误|有错|[说听记搞弄写念报]?错了?|不+(?!是))"
    r"|(?P<instead>(?:应[该当]|而)是?|[改换变][成为])|(?P<is>[就那该]?是)"
)
_ORDER = {"not": "N", "right": "R", "wrong": "W", "instead": "C", "is": "I"}
_AN = re.compile(rf"^一?个(?={_DIGIT})")

# Measured at 8 kHz: 不是 comes out as 无视, 不适, 五十; 尾号 as 伪后; 后四位 as 厚速位; 前三位 as 咸酸味.
_PLACE = "[位味未为]"
_MISHEARD = tuple(
    (re.compile(heard), said)
    for heard, said in (
        (rf"^(?:无视|[不补部][是适事视试式市士四十]|五十(?={_DIGIT}))", "不是"),
        (rf"[后厚候][四速素座似是](?={_PLACE})", "后四"),
        (rf"[前钱浅先咸][三酸山散](?={_PLACE})", "前三"),
        (r"[尾委伪维][号后好]", "尾号"),
        (r"中[间天尖](?=的?[那这]?四)", "中间"),
        (rf"[第顶地](?=[{NUMERALS}]{_PLACE})", "第"),
        (r"最后[一1因依]为", "最后一位"),
        (rf"(?<=[四三])(?!位){_PLACE}", "位"),
    )
)


@dataclass(frozen=True, slots=True)
class Place:
    """A named part of a number: its last, first or middle `count` digits, or as many as are said; its `count`-th digit
    from the front (`nth`) or from the end (`from_end`); its `count`-th group (`segment`); its area code (`area`).
    """

    kind: str
    count: int | None = None


@dataclass(slots=True)
class Statement:
    """Some words about one place, or about no named one."""

    place: Place | None
    order: str = ""
    """What was said in turn: V a value, N not, W wrong, R right, C instead, I is."""
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Change:
    """Which digits are to stand there, and instead of which."""

    new: str
    old: str | None = None


def statements(said: str) -> list[Statement] | None:
    """What was said, cut up; None when it is a question, or there are digits in it that can't be read."""
    spoken = strip_punctuation(numerals(said))
    return None if _QUESTION.search(spoken) else _cut(with_letter_x(spoken))


def misheard(said: str) -> str:
    """The words as they may have been said before a telephone line blurred them."""
    spoken = strip_punctuation(numerals(said))
    for heard, meant in _MISHEARD:
        spoken = heard.sub(meant, spoken)
    return spoken


def _cut(spoken: str) -> list[Statement] | None:
    spoken = _NOISE.sub("", spoken)
    found = [Statement(None)]
    at = 0
    for token in _TOKEN.finditer(spoken):
        if not _take_value(spoken[at : token.start()], found[-1]):
            return None
        at = token.end()
        kind = token.lastgroup or ""
        if kind in _ORDER:
            found[-1].order += _ORDER[kind]
        else:
            found.append(Statement(_place(token)))
    return _suffixed(found) if _take_value(spoken[at:], found[-1]) else None


def _take_value(words: str, statement: Statement) -> bool:
    """Add the digits among these words to the statement; False when there are some that can't be read."""
    words = _AN.sub("", words)
    letter = words.endswith("x")
    digits = parse_digits(words.removesuffix("x"))
    if digits is None and letter and len(words) == 1:
        digits = ""
    if digits is None:
        return re.search(_DIGIT, words) is None
    statement.values.append(digits + "X" * letter)
    statement.order += "V"
    return True


def _place(token: re.Match[str]) -> Place:
    if token["segment"]:
        return Place("segment", parse_integer(token["nth"]))
    kind = str(token.lastgroup)
    if kind in {"end", "start"}:
        return Place({"end": "last", "start": "first"}[kind], 1)
    plain = {"tail": "last", "head": "first", "centre": "middle"}
    return Place(plain[kind]) if kind in plain else Place(kind, parse_integer(token[kind]))


def _suffixed(found: list[Statement]) -> list[Statement]:
    """一三九开头的: the place follows its digits."""
    *_, before, last = [Statement(None), *found]
    if (
        before.place is None
        and last.place
        and last.place.count is None
        and not last.values
        and before.order[-1:] == "V"
    ):
        return [*found[:-2], Statement(last.place, before.order, before.values)]
    return found


def change_in(statement: Statement, within: str) -> Change | None:
    """Which digits are to stand there, and instead of which; None when it isn't said, or in too many ways."""
    order = re.sub("N(?!V)", "W", statement.order)
    places = [match.start() for match in re.finditer("V", order)]
    denied = [at > 0 and order[at - 1] == "N" for at in places]
    given_up = [order[at + 1 : at + 2] in {"W", "C"} for at in places]
    new = [v for v, no, up in zip(statement.values, denied, given_up, strict=True) if not no and not up]
    wrong = [v for v, no in zip(statement.values, denied, strict=True) if no]
    if not new and not any(given_up):  # 不，是一三九 sounds like 不是一三九, but what wasn't read back can't be denied
        new, wrong = [v for v in wrong if v not in within], [v for v in wrong if v in within]
    wrong += [v for v, up in zip(statement.values, given_up, strict=True) if up and v in within]
    if len(new) != 1 or len(wrong) > 1:
        return None
    return Change(new[0], wrong[0] if wrong else None)
