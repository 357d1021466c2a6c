"""Digit strings as people dictate them on the phone: 幺三八, 零零一三八, 八千, 三个八, 双八.

A digit is one syllable, so a recogniser often writes another character of the same sound (要 for 幺, 久 for 九). Those
are read as digits too, but only where the rest of the utterance shows that digits are being dictated.
"""

from __future__ import annotations

import functools
import re

from asr.text.numbers import DIGIT_VALUES, UNITS, numerals, parse_integer, plain_digits
from asr.text.script import strip_punctuation

_PHONE_DIGITS = {"洞": "0", "拐": "7", "勾": "9"}
_DIGITS = "0123456789" + "".join(DIGIT_VALUES) + "".join(_PHONE_DIGITS)
_NON_ZERO = "123456789一二三四五六七八九两"
_LONG_RUN = 3  # shorter runs beside other words are words (一下, 两个), not dictated digits

# What people say around and between the digits. Longer ones first where one begins another.
_FILLERS = re.compile(
    r"(?:移动|联通|电信)?(?:我的?|您的?|他的?|她的?|这个|那个)?(?:手机|电话|联系|身份证|证件|宽带|订单|工单|服务)?(?:号码|卡号|账号|密码|号)(?:就?是)?"
    r"|(?:查|记|听|看|报|等)一?下|我要|我有|我说|我是|我的|我这个|[尾委][号后]|[前后]面的?是?|前三位|后[四八]位|最后|尾数"
    r"|(?:让?我)?(?:想一?想|看一?看)|稍等|等等|[是对好]吧|喂|[您你]好|那个|这个|然后|接着|就是|应该|谢谢|横杠|横线|空格"
    r"|[呃嗯额啊哦噢唉诶哎恩杠减是的呢哈了好对]|吧$"
)
_NOT_THIS_BUT_THAT = re.compile(r"不是(.+?)而?是(?=.)")
_TAKEN_BACK = re.compile(r"不是|不对|错了|说错了?|纠正|不{2,}")

# Toneless pinyin of the digits, with the confusions that can't be another digit: lin for ling, shan for san, diao for
# a clipped yao.
_DIGIT_SOUNDS = {
    **dict.fromkeys(("ling", "lin", "dong"), "0"),
    **dict.fromkeys(("yi", "yao", "diao"), "1"),
    **dict.fromkeys(("er", "liang"), "2"),
    **dict.fromkeys(("san", "shan"), "3"),
    "si": "4",
    "wu": "5",
    "liu": "6",
    "ba": "8",
    **dict.fromkeys(("qi", "guai"), "7"),
    **dict.fromkeys(("jiu", "gou"), "9"),
}
# Measured at 8 kHz: 幺 at the start comes out as 有, and 三个八 as 三个班. 有 before a 1 is a word (我有一三八...).
_MISHEARD = ((re.compile("^有(?=[3-9三四五六七八九])"), "幺"), (re.compile(f"(?<=[{_NON_ZERO}]个)班"), "八"))
_LONGEST_MISHEARD = 3  # characters in a row; more than that is a phrase
_LONGEST_NUMBER = 19  # digits of a bank card; what is longer and in two equal halves was said twice

_REST = rf"(?:[{_NON_ZERO}]?十[{_NON_ZERO}]?|零[{_NON_ZERO}])"
_PLACED = (
    rf"[{_NON_ZERO}]千(?:[{_NON_ZERO}]百{_REST}?|{_REST})?|[{_NON_ZERO}]百{_REST}?"
    rf"|[{_NON_ZERO}]?十[{_NON_ZERO}]?|[{_NON_ZERO}]万"
)
_TOKEN = re.compile(
    rf"(?P<times>[2-8二三四五六七八两])[个连](?P<repeated>[{_DIGITS}])|双(?P<double>[{_DIGITS}])"
    rf"|(?P<placed>{_PLACED})|(?P<digit>[{_DIGITS}])|(?P<other>.)",
    re.DOTALL,
)
_SPOKEN_SHORT = re.compile(rf"[{_NON_ZERO}][百千][{_NON_ZERO}]")
# One strange character near an end of the digits is a digit that wasn't understood, and not a word beside them.
_LOST_DIGIT = re.compile(
    rf"^[{_DIGITS}]{{1,2}}[^{_DIGITS}{UNITS}][{_DIGITS}]|[{_DIGITS}][^{_DIGITS}{UNITS}][{_DIGITS}]{{1,2}}$"
)
_NOT_DIGITS = re.compile(rf"[^{_DIGITS}{UNITS}个连双]+")


def parse_digits(text: str) -> str | None:
    """The digits that were dictated, in order, as `0`-`9`; None when there are none or they can't be told for sure.

    Words around the digits are passed over; words between two long runs of digits are not, unless they are fillers or
    take the first run back (`一三九不对一三八零零` is 13800). Never raises.
    """
    spoken = _NOT_THIS_BUT_THAT.sub(r"\1不对", strip_punctuation(numerals(text)))
    taken_back = [_read(part) for part in _TAKEN_BACK.split(spoken)]
    last, earlier = taken_back[-1], [part for part in taken_back[:-1] if part]
    # A correction shorter than what it corrects replaces some of it, and nobody can say which part.
    return None if last is None or any(len(part) > len(last) for part in earlier) else last


def _read(spoken: str) -> str | None:
    plain = _FILLERS.sub("", spoken)
    for heard, said in _MISHEARD:
        plain = heard.sub(said, plain)
    plain = _restore_homophones(plain)
    if _SPOKEN_SHORT.fullmatch(plain):  # 一百三 is 130 when nothing else is said
        return str(parse_integer(plain))
    tokens = [_token_digits(token) for token in _TOKEN.finditer(plain)]
    runs = "".join(" " if digits is None else digits for digits in tokens).split()
    if None not in tokens:
        return _once(runs[0]) if runs else None
    longest = max(runs, key=len, default="")
    # 一三九开头的, or the same number once more, is about the longest run and adds nothing to it.
    others_add_nothing = all(run in longest for run in runs if len(run) >= _LONG_RUN)
    return longest if len(longest) >= _LONG_RUN and others_add_nothing and not _LOST_DIGIT.search(plain) else None


def _once(digits: str) -> str:
    half = len(digits) // 2
    return digits[:half] if len(digits) > _LONGEST_NUMBER and digits[:half] == digits[half:] else digits


def _token_digits(token: re.Match[str]) -> str | None:
    if token["times"]:
        return _digit(token["repeated"]) * int(plain_digits(token["times"]))
    if token["double"]:
        return _digit(token["double"]) * 2
    if token["placed"]:
        value = parse_integer(token["placed"])
        return None if value is None else str(value)
    return _digit(token["digit"]) if token["digit"] else None


def _digit(char: str) -> str:
    return _PHONE_DIGITS.get(char) or plain_digits(char)


def _restore_homophones(spoken: str) -> str:
    certain = sum(char in _DIGITS or char in UNITS for char in spoken)
    sounding = sum(char not in _DIGITS and _sounds_like(char) is not None for char in spoken)
    mostly_digits = certain * 2 >= len(spoken) or (certain + sounding == len(spoken) and certain * 3 >= len(spoken))
    if not certain or not mostly_digits:
        return spoken
    return _NOT_DIGITS.sub(_restore_group, spoken)


def _restore_group(group: re.Match[str]) -> str:
    if len(group[0]) > (_LONGEST_MISHEARD if group.start() else 1):  # a first word of two sounds is a word: 移动
        return group[0]
    sounds = [_sounds_like(char) for char in group[0]]
    return group[0] if None in sounds else "".join(filter(None, sounds))


@functools.lru_cache(maxsize=4096)
def _sounds_like(char: str) -> str | None:
    from pypinyin import lazy_pinyin

    return _DIGIT_SOUNDS.get(lazy_pinyin(char)[0])
