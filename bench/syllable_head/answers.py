"""What is said in the training of the syllable head: invented answers to closed questions, and what isn't one.

Pure, and the same for the same generator. Half of it is telephone numbers, because they are what plain decoding gets
wrong most. `phrases.py` has what callers say otherwise.
"""

# ruff: noqa: SIM905  word lists are read and changed more easily in one string

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

DIGITS = "零一二三四五六七八九"

COMMANDS = (
    "转人工 返回 我不知道 帮我查一下话费 你再说一遍 等一下 我没有手机 什么意思 我要投诉 我忘了 宽带坏了 查流量 "
    "套餐太贵了 没听清 怎么办 人工服务 上一步 老人手机停机了 办理业务 今天天气很好 你们几点下班 密码忘记了 谢谢你 再见 "
    "请稍等 小区断网 网速太慢 家里电话 查询账单 充值缴费 喂你好 听得见吗 明天上午 国际漫游 积分兑换 修改地址 开发票 "
    "那个什么 嗯那个 就这个吧 帮忙看看 退订 流量包 身份证丢了 北京市朝阳区 孩子 吃饭了"
).split()
BEFORE_A_NUMBER = "我的电话是 电话 号码是 我的号码 手机号码是 嗯 那个 我的手机号是 你记一下 好的 是 就是 喂".split()
YES_OR_NO = (
    "对 是 好 不 嗯 行 是的 不是 对的 不对 没有 好的 可以 不用 不要 没错 对对 有 要 不行 是 对 好 不 对对对 好好 没 "
    "不好 行的 不可以 嗯嗯 是是 对是的 不要了 不用了 不是的 没有了 要的 有的 好吧 对呀"
).split()
SHORT: list[str] = [
    *(list("零一二三四五六七八九幺") * 2),
    *"对是好不嗯行没有要",
    *YES_OR_NO,
    *"一月 十二月 五月份 二十元 一百块 三百 十五块 五十块钱 三个 十二个".split(),
    *"喂 哦 啊 查 停 谢谢 再见 人工".split(),
]
"""One and two syllables: in long answers the head never meets 五 between two silences."""

_MOBILE_PREFIXES = ["13", "15", "17", "18", "19"]
_GROUPINGS = [(3, 4, 4), (3, 4, 4), (11,), (3, 3, 5), (4, 4, 3), (3, 8), (3, 2, 2, 2, 2)]
_GROUPED = 0.5
_COUNTED = {2: "两", 3: "三", 4: "四"}
_DIGIT_COUNTS = [1, 1, 1, 2, 3, 4, 4, 6, 6, 8]


def sentence(chance: random.Random) -> str:
    """An answer or a sentence, in Chinese characters with `，` where the speaker pauses."""
    kind = chance.random()
    yao = chance.random() < 0.7
    if kind < 0.5:
        return _telephone_number(chance, yao=yao)
    if kind < 0.68:
        return _spoken(_digits(chance, chance.choice(_DIGIT_COUNTS)), yao=yao)
    if kind < 0.83:
        return _value(chance)
    if kind < 0.92:
        return chance.choice(YES_OR_NO)
    return chance.choice(COMMANDS) + chance.choice(["", "", chance.choice(COMMANDS)])


def short(chance: random.Random, number: int) -> str:
    """The short answer of this number: first each of `SHORT`, then any."""
    return SHORT[number] if number < len(SHORT) else chance.choice(SHORT)


def _digits(chance: random.Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def _spoken(digits: str, *, yao: bool, grouped: Callable[[], float] = lambda: 1.0) -> str:
    """Digit by digit; `yao` says 幺 for 1. `grouped` draws which equal digits in a row are said as 三个八 or 双八."""
    said = ""
    for digit, run in itertools.groupby(digits):
        name, count, chance = "幺" if digit == "1" and yao else DIGITS[int(digit)], len(list(run)), grouped()
        if count in _COUNTED and chance < _GROUPED:
            said += "双" + name if count == 2 and chance < _GROUPED / 4 else _COUNTED[count] + "个" + name
        else:
            said += name * count
    return said


def _telephone_number(chance: random.Random, *, yao: bool) -> str:
    """Eleven digits in groups, mobile or not, with doubled and tripled digits more often than chance gives them."""
    any_eleven = chance.random() < 0.6
    number = _digits(chance, 11) if any_eleven else chance.choice(_MOBILE_PREFIXES) + _digits(chance, 9)
    if chance.random() < 0.4:
        place, times = chance.randrange(0, 9), chance.choice([2, 2, 3])
        number = (number[:place] + number[place] * times + number[place + times :])[:11]
    groups, place = [], 0
    for length in chance.choice(_GROUPINGS):
        groups.append(_spoken(number[place : place + length], yao=yao, grouped=chance.random))
        place += length
    before = chance.choice(BEFORE_A_NUMBER) + chance.choice(["", "，"])
    return chance.choice(["", "", "", before]) + chance.choice(["，", "，", ""]).join(groups)


def _counted(number: int) -> str:
    """0 to 99 as a count: 20 is 二十."""
    tens = "" if number < 10 else "十" if number < 20 else DIGITS[number // 10] + "十"
    return tens + (DIGITS[number % 10] if number % 10 or number == 0 else "")


def _value(chance: random.Random) -> str:
    """A month, a date or an amount."""
    kind = chance.randrange(6)
    if kind == 0:
        year = chance.choice(["", "二零二六年", "今年", "去年"])
        return year + _counted(chance.randrange(1, 13)) + chance.choice(["月", "月", "月份"])
    if kind == 1:
        month = _counted(chance.randrange(1, 13))
        return month + "月" + _counted(chance.randrange(1, 32)) + chance.choice(["号", "日"])
    if kind == 2:
        return _counted(chance.randrange(1, 100)) + chance.choice(["元", "块", "块钱", "", "个"])
    if kind == 3:
        hundreds, ones, tens, more = (DIGITS[chance.randrange(1, 10)] for _ in range(4))
        rest = chance.choice(["", "零" + ones, tens + "十" + more])
        return hundreds + "百" + rest + chance.choice(["元", "块", "块钱", ""])
    if kind == 4:
        thousands = chance.choice(["一", "两", "三", "五", "八"])
        return thousands + "千" + chance.choice(["", "五百", "两百"]) + chance.choice(["元", "块"])
    return _counted(chance.randrange(10, 60)) + "块" + DIGITS[chance.randrange(1, 10)] + chance.choice(["", "毛"])
