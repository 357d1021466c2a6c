"""Money, amounts of data, and days, as callers name them: 三十五块六, 一百多块, 三十个G, 上个月三号."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from asr.text import parse_date, parse_month
from asr.text.amounts import AMOUNT, read_amount
from asr.text.numbers import DIGITS, NUMERALS, is_rough, parse_value

_CENT = Decimal("0.01")
_N = f"[{NUMERALS}]"
_COUNT = rf"(?<!{_N})(?:半|{_N}{{1,12}}(?:[点.][{DIGITS}]{{1,3}})?)"
_LARGEST = Decimal(10) ** 9

# 块 is often written 快, 元 often 员: asr.text.amounts reads those too.
_MONEY = re.compile("[块元毛角分¥快员]")
_MORE_THAN = re.compile(rf"(?<!{_N})(?P<count>{_N}{{1,8}})(?:多|来|几)(?:个)?(?:块钱?|元钱?|快钱?)")
_ONE_PIECE = re.compile(r"一[块快](?!钱)")
_NO_MONEY = re.compile(r"[儿去来办用走给的地说弄了打工屏砖]|$")
_CHARGED = re.compile(
    r"(?:扣|没|收|充|交|缴|欠|花|退|赔|余额|话费|月租|费用|一个月|每月|多出?|少)(?:了|我|你|您|们|的|是|还有|掉|值|到|要|个|有)*$"
)
_BARE = re.compile(
    rf"(?<!{_N})(?:[一二两三四五六七八九1-9][百千]{_N}{{0,6}}|[二三四五六七八九]十{_N}?|\d{{2,5}}(?:\.\d{{1,2}})?)(?!{_N})"
)
_MEASURE_WORD = re.compile(r"[个gm兆天年月号日次遍点分秒小岁%人条位楼路栋室度类套本通句页件张枚.多几来]")

_VOLUME = re.compile(
    rf"(?P<count>{_COUNT})(?P<half>个半)?(?:多|来)?(?P<of>个)?(?P<unit>gb?|mb?|tb?|兆|[季鸡寄计记级际](?=的?(?:流量|国内|通用|定向)|[啊呢吧了]?$|[，,。]))(?![a-z])"
)
_LINE_RATE = re.compile(r"的?(?:宽带|光纤|光宽|带宽|网速|的?网|宽)")
_GENERATIONS = ("2", "3", "4", "5", "二", "三", "四", "五")
_LEFT = re.compile(r"(?:剩|用|送|加|给|有|超|够|下载)(?:了|下|出|的|我|还|只|不到)*$")

_DAY_WORD = re.compile("[月号日天周期拜昨今明\\-/晚]")
_YEAR = rf"(?:(?:{_N}{{2,4}}年|去年|前年|今年|明年)的?)?"
_MONTH = rf"(?:{_N}{{1,2}}月份?|(?:上上|上|下|这|本|当)个?月份?)"
_DATE = re.compile(
    rf"\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}(?!\d)"
    rf"|{_YEAR}{_MONTH}的?{_N}{{1,3}}(?:[号日](?!线|楼|店)|(?!{_N}|[个多分块元点年天次月gm兆]))"
    rf"|{_YEAR}{_MONTH}"
    r"|大前[天日]|前[天日]|昨[天日儿晚]|今[天日儿晚早]|明[天日]|大?后天"
    rf"|(?<!{_N}){_N}{{1,4}}(?:天|个月)[以之]?前"
    r"|(?:(?:上上|上|这|本|下)个?)?(?:周|星期|礼拜)[一二三四五六日天](?!天)"
    rf"|(?<!{_N}|第){_N}{{1,3}}[号日](?!线|码|楼|院|店|栋|机|用户|套餐|键|柜|窗口|{_N})"
)
_NOT_A_DAY = re.compile(r"(?:路|街|巷|弄|道|村|苑|园|区|工|编|尾|型|按|拨|第)$")


@dataclass(frozen=True, slots=True)
class Measure:
    """An amount, an amount of data or a day: characters `start` to `end` of a text."""

    kind: Literal["amount", "data_volume", "date"]
    value: str
    start: int
    end: int


def find_measures(text: str, today: date) -> Iterator[Measure]:
    """All in a plain text. `35.60`, `100+` for a hundred and something; `30G`, `500M`; `2026-10-03`, `2026-10`.

    Days are those that have been, as in `asr.text.dates`, unless the words say otherwise.
    """
    if _MONEY.search(text):
        yield from _amounts(text)
    yield from _bare_amounts(text)
    yield from _volumes(text)
    if _DAY_WORD.search(text):
        yield from _days(text, today)


def _amounts(text: str) -> Iterator[Measure]:
    for span in AMOUNT.finditer(text):
        start, end = span.span()
        if _ONE_PIECE.fullmatch(span[0]) and _NO_MONEY.match(text, end) and not _CHARGED.search(text[:start]):
            continue
        if text[end - 1] == "员" and text[end : end + 1] in {"工", "额"}:
            continue
        value = read_amount(span)
        if value is not None and abs(value) < _LARGEST and value == value.quantize(_CENT):
            yield Measure("amount", f"{value:.2f}" + ("+" if is_rough(text, span) else ""), start, end)
    for found in _MORE_THAN.finditer(text):
        value = parse_value(found["count"])
        if value is not None and value < _LARGEST:
            yield Measure("amount", f"{value:.2f}+", *found.span())


def _bare_amounts(text: str) -> Iterator[Measure]:
    """扣了我两百五: no unit, but the word before it is about money."""
    for found in _BARE.finditer(text):
        if not _CHARGED.search(text[max(0, found.start() - 8) : found.start()]) or _MEASURE_WORD.match(
            text, found.end()
        ):
            continue
        value = parse_value(found[0])
        if value is not None and value < _LARGEST:
            yield Measure("amount", f"{value:.2f}", *found.span())


def _volumes(text: str) -> Iterator[Measure]:
    for found in _VOLUME.finditer(text):
        unit = found["unit"][0]
        unit = {"g": "G", "m": "M", "t": "T", "兆": "M"}.get(unit, "G")
        if unit == "G" and found["unit"] not in {"g", "gb"} and not found["of"]:
            continue
        if _LINE_RATE.match(text, found.end()):
            continue  # 五百兆的宽带: how fast, not how much
        if found["count"] in _GENERATIONS and _is_network(found, unit, text):
            continue
        value = parse_value(found["count"])
        if value is not None and value < _LARGEST:
            value += Decimal("0.5") if found["half"] else 0
            yield Measure("data_volume", _plain(value) + unit, *found.span())


def _is_network(found: re.Match[str], unit: str, text: str) -> bool:
    """5G信号, but not 还剩5G or 五个G."""
    said_as_one = unit == "G" and not found["of"] and not found["half"]
    return said_as_one and not _LEFT.search(text[max(0, found.start() - 8) : found.start()])


def _plain(value: Decimal) -> str:
    written = format(value, "f")
    return written.rstrip("0").rstrip(".") if "." in written else written


def _days(text: str, today: date) -> Iterator[Measure]:
    for found in _DATE.finditer(text):
        if _NOT_A_DAY.search(text[max(0, found.start() - 1) : found.start()]):
            continue
        if day := parse_date(found[0], today):
            yield Measure("date", day.isoformat(), *found.span())
        elif "月" in found[0] and (month := parse_month(found[0], today)):
            yield Measure("date", f"{month[0]}-{month[1]:02d}", *found.span())
