"""Which dictated digits are a telephone number, an identity card, a bank card, a code, or the number of something.

What a number is, its own form decides where it can (length, first digits, check digit), else the words before it, or
the question that it answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from asr.text import correct_digits, is_id_card
from gateway.analytics.entities.dictated import Stretch, Token, stretches
from gateway.analytics.entities.plain import BARRIER

NumberKind = Literal["phone", "id_card", "bank_card", "verification_code", "number"]

Asked = frozenset[NumberKind]
"""Of which kinds of number a question speaks."""
NOTHING: Asked = frozenset()

_MOBILE = re.compile(r"(?:(?:00)?86)?(1[3-9]\d{9})", re.ASCII)
_LANDLINE = re.compile(r"(?:(?:00)?86)?(0(?:10|2\d|[3-9]\d\d)[2-8]\d{6,7})", re.ASCII)
_FREE_CALL = re.compile(r"[48]00\d{7}", re.ASCII)
_MOBILES = re.compile(r"(?:1[3-9]\d{9}){2,}", re.ASCII)
_BANK_CARD_FIRST = "34569"
"""Of the numbers of cards that people have (ISO/IEC 7812: travel, banks, merchants; 9 for some of China's own)."""
_LONGEST = 22
"""Characters of a number: a mobile number said twice."""
_WINDOW = 16
"""Characters before a number in which a word may say what it is."""
_AFTER = 8
# Measured at 8 kHz: 验证码 comes out as 验证马, 燕重马, 验重码.
_CODE = re.compile(
    r"[验燕严演宴言眼焰][证正重政真整种症][码马吗嘛妈麻]|[校较叫]验[码马]|[动东]态[码马]|动态密码|短信码|确认码|随机码|密码|口令|puk|pin码?"
)
_CODE_AFTER = re.compile(r"(?:就?是|这个)?(?:我的|那个|这个)?(?:短信)?(?:验证码|校验码|动态码|密码)")
_ID_CARD = re.compile(r"身份证|证件")
_PHONE = re.compile(r"手机|电话|座机|固话|联系|号码|打给|拨")
_BANK_CARD = re.compile(r"银行卡|储蓄卡|信用卡|借记卡|卡号|账户")
_TICKET = re.compile(r"工单|单号|订单|编号|流水|受理|投诉单|报修单|账号|宽带号|合同号|发票号|号码是|快递")
_PART = re.compile(r"尾号|后[三四六八]个?位|前[三四六七]个?位|中间[三四]个?位|末[三四六]位")
WORDS: tuple[tuple[re.Pattern[str], NumberKind, int], ...] = (
    (_CODE, "verification_code", 4),
    (_ID_CARD, "id_card", 4),
    (_BANK_CARD, "bank_card", 4),
    (_PART, "number", 3),
    (_PHONE, "phone", 5),
)
"""Words that make digits after them a number, or a part of one, of that kind, from so many digits on."""
_SERVICE_NUMBER = re.compile(r"1[0-2]\d{3}|95\d{3}|1[12]\d", re.ASCII)
"""Public numbers of services (10086, 12315, 95588, 110): nobody's own."""
_CODE_LENGTHS = range(4, 9)
_SHORTEST_NUMBER, _SHORTEST_SAID = 6, 4
_GROUP_OF_CARD = 4
_DICTATED_LENGTH = 7


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a text: characters `start` to `end`."""

    kind: NumberKind
    value: str
    """Its digits."""
    start: int
    end: int


def kind_of(digits: str) -> NumberKind | None:
    """What digits are by their own form: an ID card or bank card with the right check digit, a telephone number."""
    if is_id_card(digits):
        return "id_card"
    if len(digits) in range(16, 20) and digits.isdigit() and digits[0] in _BANK_CARD_FIRST and passes_luhn(digits):
        return "bank_card"
    if _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits) or _FREE_CALL.fullmatch(digits):
        return "phone"
    return None


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is right (ISO/IEC 7812-1, annex B)."""
    doubled = (int(digit) * 2 if odd % 2 else int(digit) for odd, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def asked_about(question: str) -> Asked:
    """What numbers a plain question speaks of. An answer to it needs no words of its own to say what its digits are."""
    return frozenset(kind for words, kind, _ in WORDS if kind != "number" and words.search(question))


def find_numbers(text: str, asked: Asked = NOTHING) -> Iterator[Number]:
    """Every number in a plain text, from left to right; `asked`: what the question before it speaks of."""
    for stretch in stretches(text):
        yield from numbers_of(stretch, text, asked)


def numbers_of(stretch: Stretch, text: str, asked: Asked) -> Iterator[Number]:
    """The numbers in one stretch of a plain text."""
    before, after = before_it(text, stretch[0].start), text[stretch[-1].end : stretch[-1].end + _AFTER]
    certain = tuple(token for token in stretch if not token.soft)
    found = list(_formed(certain)) or (list(_formed(stretch)) if len(certain) < len(stretch) else [])
    if found and not _is_part(found, certain, before):
        yield from _corrected(found, stretch, text)
    elif said := _said(groups_of(certain), before, after, asked):
        yield said


def _is_part(found: list[Number], stretch: Stretch, before: str) -> bool:
    """A telephone number in an ID card or bank card that was misheard is none."""
    rest = sum(len(token.digits) for token in stretch) - sum(len(number.value) for number in found)
    asked = _ID_CARD.search(before) or _BANK_CARD.search(before)
    return asked is not None and rest >= _GROUP_OF_CARD and all(number.kind == "phone" for number in found)


def before_it(text: str, start: int) -> str:
    """The characters before a number that may say what it is."""
    return text[max(0, start - _WINDOW) : start].rpartition(BARRIER)[2]


def _formed(stretch: Stretch) -> Iterator[Number]:
    """What is a number by its form. It begins and ends where a group does: an ID card holds no telephone number."""
    at = 0
    while at < len(stretch):
        best = next(iter(_from(stretch, at)), None) if _begins(stretch, at) else None
        if best is None:
            at += 1
            continue
        number, at = best
        yield number


def _begins(stretch: Stretch, at: int) -> bool:
    """Whether a number may begin with a token, and another end before it: a word that only sounds like a digit may be
    of neither.
    """
    return not at or stretch[at].gap != "" or stretch[at].soft or stretch[at - 1].soft


def _from(stretch: Stretch, at: int) -> Iterable[tuple[Number, int]]:
    digits, fitting = "", []
    for end in range(at, len(stretch)):
        if end > at and stretch[end].gap == "back":
            break
        digits += stretch[end].digits
        if len(digits) > _LONGEST:
            break
        if end + 1 < len(stretch) and not _begins(stretch, end + 1) and stretch[end + 1].digits != "X":
            continue
        kind = kind_of(digits)
        if kind is None and _MOBILES.fullmatch(digits):
            kind, digits_read = "phone", digits[:11]
        else:
            digits_read = digits
        if kind:
            fitting.append((Number(kind, _without_country(digits_read), stretch[at].start, stretch[end].end), end + 1))
    order = ("id_card", "bank_card", "phone")
    return sorted(fitting, key=lambda one: (order.index(one[0].kind), -one[1]))


def _without_country(digits: str) -> str:
    whole = _MOBILE.fullmatch(digits) or _LANDLINE.fullmatch(digits)
    return whole[1] if whole else digits


def _corrected(found: list[Number], stretch: Stretch, text: str) -> Iterator[Number]:
    """What is said after a number to put it right belongs to it: 幺三八零零幺三八零零零不对后四位是八零零一."""
    for index, number in enumerate(found):
        rest = [token for token in stretch if token.start >= number.end]
        if index + 1 < len(found) or not rest or rest[0].gap != "back":
            yield number
            continue
        last = rest[-1].end
        value = correct_digits(number.value, text[number.end : last])
        yield Number(number.kind, value or number.value, number.start, last)


def groups_of(stretch: Stretch) -> list[Token]:
    """The digits between two pauses as one token each."""
    groups: list[Token] = []
    for token in stretch:
        near = token.gap == "space" or (not token.gap and groups and groups[-1].end == token.start)
        if groups and near:
            groups[-1] = Token(groups[-1].digits + token.digits, groups[-1].start, token.end, groups[-1].gap)
        else:
            groups.append(token)
    return groups


def _said(groups: list[Token], before: str, after: str, asked: Asked) -> Number | None:
    """What the words around it say it is, or what is long enough to be the number of something."""
    from_back = max((index for index, group in enumerate(groups) if group.gap == "back"), default=0)
    meant = groups[from_back:]
    digits = "".join(group.digits for group in meant)
    if not digits or "X" in digits:
        return None
    start, end = meant[0].start, meant[-1].end
    if len(digits) in _CODE_LENGTHS and (
        "verification_code" in asked or _CODE.search(before) or _CODE_AFTER.match(after)
    ):
        return Number("verification_code", digits, start, end)
    if _SERVICE_NUMBER.fullmatch(digits):
        return None
    if len(digits) in {7, 8} and digits[0] in "2345678" and re.search("电话|座机|固话", before):
        return Number("phone", digits, start, end)
    if len(digits) >= _SHORTEST_SAID and _TICKET.search(before):
        return Number("number", digits, start, end)
    longest = max(meant, key=lambda group: len(group.digits))
    if len(longest.digits) >= _SHORTEST_NUMBER:
        return Number("number", longest.digits, longest.start, longest.end)
    if len(digits) >= _DICTATED_LENGTH and all(len(group.digits) >= 2 for group in meant) and _PHONE.search(before):
        return Number("number", digits, start, end)
    return None


def is_public(stretch: Stretch) -> bool:
    """Whether it is a public number of a service: 10086, 12315."""
    return _SERVICE_NUMBER.fullmatch("".join(token.digits for token in stretch if not token.soft)) is not None
