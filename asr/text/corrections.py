"""What a caller corrects in a number that was read back: 不是，后四位是八零零一; 不是三八是三九; 不是，是一三九.

The words are cut into places (后四位, 尾号, 第三位), denials, and the digits between them; each place with its digits
is one statement about the number. What could mean two different numbers means none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate, combinations, pairwise

from asr.text.digits import parse_digits
from asr.text.id_cards import ID_CARD_LENGTH, is_id_card, with_letter_x
from asr.text.numbers import NUMERALS, numerals, parse_integer
from asr.text.script import strip_punctuation

_GROUP = 4
_SHAPE = re.compile(r"\d+|\d{17}X", re.ASCII)
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_LANDLINE = re.compile(r"(0(?:10|2\d|[3-9]\d\d))\d{7,8}", re.ASCII)
_ALMOST_MOBILE = 12  # digits of a number that may be a mobile number in which too much was heard
_SHORTEST_WHOLE = 7
_CLEARLY = 2  # more wrong digits in the second nearest group than in the nearest

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
_HEARD_AS_IS = "14"  # 是 beside digits is heard as 十 or 四

_Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Place:
    kind: str
    count: int | None = None


@dataclass(slots=True)
class _Statement:
    """Some words about one place, or about no named one."""

    place: _Place | None
    order: str = ""
    """What was said in turn: V a value, N not, W wrong, R right, C instead, I is."""
    values: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Change:
    new: str
    old: str | None = None


def correct_digits(old: str, said: str) -> str | None:
    """The whole number after a caller to whom `old` was read back said what is wrong with it.

    Args:
        old: digits; the last of 18 may be X.
        said: what was heard.

    Returns:
        A number as long as `old`, or a complete new number of any length, never `old` itself; None when nothing, or
        nothing certain, was put right. Total: any strings work.
    """
    spoken = strip_punctuation(numerals(said))
    if not old or _QUESTION.search(spoken):
        return None
    corrected = _corrected(old, spoken)
    return _corrected(old, _restored(spoken)) if corrected is None else corrected


def _corrected(old: str, spoken: str) -> str | None:
    statements = _statements(with_letter_x(spoken))
    if statements is None:
        return None
    number = old
    for statement in statements:
        corrected = _after(number, statement)
        if corrected is None:
            return None
        number = corrected
    return number if number != old and _SHAPE.fullmatch(number) else None


def reading_groups(digits: str) -> list[str]:
    """A number in the groups in which people read it.

    Mobile numbers 3-4-4, landlines their area code and the rest, identity numbers 3-3-4-4-4 (region, birth, order),
    anything else, and the rest of landlines, as even as it comes in groups of at most 4.
    """
    if area := _LANDLINE.fullmatch(digits):
        return [area[1], *_even(digits[len(area[1]) :])]
    lengths = {11: (3, 4, 4), ID_CARD_LENGTH: (3, 3, 4, 4, 4)}.get(len(digits))
    return _cut(digits, accumulate(lengths)) if lengths else _even(digits)


def _restored(spoken: str) -> str:
    for heard, said in _MISHEARD:
        spoken = heard.sub(said, spoken)
    return spoken


def _even(digits: str) -> list[str]:
    groups = max(1, -(-len(digits) // _GROUP))
    return _cut(digits, (round(len(digits) * k / groups) for k in range(1, groups + 1)))


def _cut(digits: str, ends: Iterable[int]) -> list[str]:
    return [digits[start:end] for start, end in pairwise([0, *ends])]


# ---------------------------------------------------------------------------------------------------- what was stated


def _statements(spoken: str) -> list[_Statement] | None:
    """What was said, cut up; None when there are digits in it that can't be read."""
    spoken = _NOISE.sub("", spoken)
    statements = [_Statement(None)]
    at = 0
    for token in _TOKEN.finditer(spoken):
        if not _take_value(spoken[at : token.start()], statements[-1]):
            return None
        at = token.end()
        kind = token.lastgroup or ""
        if kind in _ORDER:
            statements[-1].order += _ORDER[kind]
        else:
            statements.append(_Statement(_place(token)))
    return _suffixed(statements) if _take_value(spoken[at:], statements[-1]) else None


_ORDER = {"not": "N", "right": "R", "wrong": "W", "instead": "C", "is": "I"}


def _take_value(words: str, statement: _Statement) -> bool:
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


def _place(token: re.Match[str]) -> _Place:
    if token["segment"]:
        return _Place("segment", parse_integer(token["nth"]))
    kind = str(token.lastgroup)
    if kind in {"end", "start"}:
        return _Place({"end": "last", "start": "first"}[kind], 1)
    plain = {"tail": "last", "head": "first", "centre": "middle"}
    return _Place(plain[kind]) if kind in plain else _Place(kind, parse_integer(token[kind]))


def _suffixed(statements: list[_Statement]) -> list[_Statement]:
    """一三九开头的: the place follows its digits."""
    *_, before, last = [_Statement(None), *statements]
    if (
        before.place is None
        and last.place
        and last.place.count is None
        and not last.values
        and before.order[-1:] == "V"
    ):
        return [*statements[:-2], _Statement(last.place, before.order, before.values)]
    return statements


def _change(statement: _Statement, within: str) -> _Change | None:
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
    return _Change(new[0], wrong[0] if wrong else None)


# ----------------------------------------------------------------------------------------------------- what it changes


def _after(number: str, statement: _Statement) -> str | None:
    if not statement.values:
        # 前三位没错 says nothing new; 后四位不对 doesn't say what is right
        return number if statement.place is None or "R" in statement.order else None
    change = _change(statement, number)
    if change is None:
        return None
    if _is_complete(number, change.new) and (statement.place is None or len(change.new) >= _SHORTEST_WHOLE):
        return change.new
    if statement.place is not None:
        if not {"I", "C"} & set(statement.order):
            change = _without_is(statement.place, change)
        span = _span(statement.place, number, len(change.new))
        if span and change.old not in {None, number[slice(*span)]}:
            return None
    else:
        span = _only_place(number, change) if change.old else _nearest_group(number, change.new)
    if span is None:
        return None
    return number[: span[0]] + change.new + number[span[1] :]


def _is_complete(old: str, new: str) -> bool:
    phone = _MOBILE.fullmatch(new) or _LANDLINE.fullmatch(new)
    if _MOBILE.fullmatch(old) or _LANDLINE.fullmatch(old):
        return phone is not None
    mobile = _MOBILE.fullmatch(new) is not None and len(old) <= _ALMOST_MOBILE
    return mobile or len(new) >= len(old) or is_id_card(new)


def _without_is(place: _Place, change: _Change) -> _Change:
    """后四位是八零零一 may be heard as 后四位18001: one digit more than the place has."""
    count = 1 if place.kind in {"nth", "from_end"} else place.count
    if count and len(change.new) == count + 1 and change.new[0] in _HEARD_AS_IS:
        return _Change(change.new[1:], change.old)
    return change


def _span(place: _Place, number: str, length: int) -> _Span | None:
    """Where in the number the place is, when `length` digits fit it."""
    if place.kind in {"nth", "from_end", "segment", "area"}:
        spans = _exact(place, number)
    elif place.count not in {None, length}:
        spans = []
    elif place.kind == "middle":
        spans = [(start, end) for start, end in _runs(number) if start > 0 and end < len(number)]
    else:
        spans = [(0, length)] if place.kind == "first" else [(len(number) - length, len(number))]
    spans = [(start, end) for start, end in spans if 0 <= start < end <= len(number) and end - start == length]
    return spans[0] if len(spans) == 1 else None


def _exact(place: _Place, number: str) -> list[_Span]:
    at = (place.count or 1) - 1
    match place.kind:
        case "nth":
            return [(at, at + 1)]
        case "from_end":
            return [(len(number) - at - 1, len(number) - at)]
        case "area" if not _LANDLINE.fullmatch(number):
            return []
    return list(pairwise(_cuts(number)))[at : at + 1]


def _cuts(number: str) -> list[int]:
    return [0, *accumulate(len(group) for group in reading_groups(number))]


def _runs(number: str) -> list[_Span]:
    """Every stretch of whole groups, except the whole number."""
    return [(start, end) for start, end in combinations(_cuts(number), 2) if end - start < len(number)]


def _only_place(number: str, change: _Change) -> _Span | None:
    """The one place of the wrong digits. They were heard in groups, so what begins in one and ends in another may not
    have been meant when something else may.
    """
    wrong = change.old or ""
    if len(wrong) != len(change.new):
        return None
    found = [(at, at + len(wrong)) for at in range(len(number)) if number.startswith(wrong, at)]
    groups, runs = list(pairwise(_cuts(number))), _runs(number)
    heard = [span for span in found if span in runs or any(a <= span[0] and span[1] <= b for a, b in groups)]
    spans = heard or found
    return spans[0] if len(spans) == 1 else None


def _nearest_group(number: str, new: str) -> _Span | None:
    """The stretch of groups that the digits are meant for: as long, at least half the same, and no other nearly so."""
    ranked = sorted(
        (sum(a != b for a, b in zip(number[start:end], new, strict=True)), (start, end))
        for start, end in _runs(number)
        if end - start == len(new)
    )
    if not ranked or ranked[0][0] * 2 > len(new) or (len(ranked) > 1 and ranked[1][0] - ranked[0][0] < _CLEARLY):
        return None
    return ranked[0][1]
