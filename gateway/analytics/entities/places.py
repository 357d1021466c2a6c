"""Where somebody lives or is: provinces and cities by name, roads and estates by their last character, and addresses.

An address is a road, an estate or a village with a number, or two numbers that only houses have (三栋二单元五零二).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from asr.text.numbers import NUMERALS
from gateway.analytics.entities.named import Names
from gateway.analytics.entities.rules import Places

_FILL = r"[,，、 ]?(?:嗯|呃|额|啊|那个|就是|然后|的|是)?"
_N = rf"(?:[{NUMERALS}]{{1,6}}|[a-z]\d?|[甲乙丙丁]|[东南西北])"
_HOUSE = rf"{_N}(?:号楼|号院|号|栋|幢|座|单元|层|楼|室|房间?|户|弄|组|队|门)(?!线|码|机|店|厅)"
_ROOM = rf"(?<![{NUMERALS}])[{NUMERALS}]{{3,4}}(?![{NUMERALS}]|[个块元兆gm年月天])"
_STREET = r"(?:路|大街|街|大道|道|巷|弄|胡同|里)[东西南北中]?(?:[一二三四五六七八九]?段)?"
_ESTATE = r"(?:小区|花园|花苑|家园|公寓|新村|社区|大厦|广场|村|镇|乡|街道|苑|府|湾|庭|居|宿舍|家属院|大院)"
_NAME = r"[\u4e00-\u9fff]{1,8}?"
_NUMBERED = rf"(?:{_HOUSE}{_FILL}){{1,5}}(?:{_ROOM})?"
_ADDRESS = re.compile(
    rf"{_NAME}(?:{_STREET}|{_ESTATE})(?:{_FILL}{_NAME}{_ESTATE})?{_FILL}{_NUMBERED}"
    rf"|(?:{_NAME})??{_HOUSE}{_FILL}(?:(?:{_HOUSE}{_FILL}){{1,4}}(?:{_ROOM})?|{_ROOM})"
)
_HOUSE_WORD = re.compile(rf"{_N}(?:号楼|号院|号|栋|幢|座|单元|层|楼|室|户|弄)")
_ONLY_HOUSES = re.compile("[栋幢座室户]|单元|号楼|号院")
"""What nothing but a house has. Days have a 号, shops a floor."""
_NAMED = re.compile(
    r"[\u4e00-\u9fff]{2,8}?(?:小区|花园|花苑|家园|公寓|新村|社区|大厦|路|大街|大道|胡同|街道|镇|乡|县|区)"
)
_SUFFIX = re.compile("小区|花园|花苑|家园|公寓|新村|社区|大厦|路|街|大道|胡同|镇|乡|县|区")
# What stands before a name and isn't of it; the last of them counts.
_STOP = re.compile(
    r"我们?|你们?|他们?|她|家里?的?|住在?|在|是|到|去|这边|那边|这个|那个|这里|于|来|给|搬|从|了|叫|就|地址|和|跟|有|说|要|为|把|让|请|改|换"
    r"|嗯|呃|额|啊|查|的|帮|不|没|装|哦|,|，|。|、|\x00"
)
_MAYBE_HOUSE = re.compile("[号栋幢座室户层楼]|单元")
_NO_ROAD = re.compile(
    r"(?:线|电|网|通|思|一|半|走|铁|公|套|马|道|各|迷|让|问|上|出|水|回|门|来|末|死|活|绝|赶|顺|修|带|领|三|短|断|开|退|条)路$|"
    r"(?:小|地|片|本|社|市|城|郊|山|辖|校|园|厂|景|老|新|库|误|禁|盲|大|专|分|服务|整个|哪个|一个|我们|你们|全)区$|"
    r"(?:哪个|一个|这个|那个|我们|你们|整个|本|全|在|老)小区$|(?:城|乡|小|村)镇$|(?:城|老|家|同|回|下|故|家)乡$|(?:一个|哪个|我们|这个)(?:街道|社区|镇|乡|县)$|(?:小)?县$"
)


@dataclass(frozen=True, slots=True)
class Where:
    """A place or an address: characters `start` to `end` of a text."""

    kind: Literal["place", "address"]
    value: str
    start: int
    end: int


class Gazetteer:
    """Finds places and addresses.

    Args:
        places: the provinces and cities that are known.
    """

    def __init__(self, places: Places) -> None:
        plain = [name for name in (*places.provinces, *places.cities) if name not in places.ambiguous]
        provinces, cities = set(places.provinces), set(places.cities)
        whole = [f"{name}省" for name in provinces] + [f"{name}市" for name in cities | provinces]
        self._names = Names([*((name, name) for name in plain), *((name, name) for name in whole)])

    def find(self, text: str) -> Iterator[Where]:
        """All in a plain text; a place may lie in an address."""
        if _MAYBE_HOUSE.search(text):
            yield from _addresses(text)
        if _SUFFIX.search(text):
            yield from _named(text)
        for name in self._names.find(text):
            yield Where("place", name.value, name.start, name.end)


def _addresses(text: str) -> Iterator[Where]:
    at = 0
    while found := _ADDRESS.search(text, at):
        at = found.end()
        start = _trimmed(text, found.start(), found.end())
        whole = text[start : found.end()].rstrip("的是,，、 ")
        houses = _HOUSE_WORD.findall(whole)
        if not houses or (len(houses) < 2 and not _has_name(whole, houses[0])) or not _is_house(whole, houses):
            continue
        yield Where("address", whole, start, start + len(whole))


def _is_house(whole: str, houses: list[str]) -> bool:
    """Something in it that days (三号) and bus stops don't have, or a name before it."""
    return _ONLY_HOUSES.search("".join(houses)) is not None or _has_name(whole, houses[0])


def _has_name(whole: str, house: str) -> bool:
    name = whole[: whole.find(house)]
    street = re.search(rf"{_STREET}|{_ESTATE}", name)
    return street is not None and len(name) >= 3 and not _NO_ROAD.search(name[: street.end()])


def _trimmed(text: str, start: int, end: int) -> int:
    """Where the name begins: after the last word before it that isn't of it, and as far back as characters go."""
    first = _HOUSE_WORD.search(text, start, end)
    name_end = first.start() if first else end
    begin = max(0, name_end - 24)
    stops = [stop.end() for stop in _STOP.finditer(text, begin, name_end)]
    left = stops[-1] if stops else begin
    while left < name_end and not "\u4e00" <= text[left] <= "\u9fff":
        left += 1
    return left


def _named(text: str) -> Iterator[Where]:
    for found in _NAMED.finditer(text):
        start = found.start()
        stops = [stop.end() for stop in _STOP.finditer(text, start, found.end())]
        start = stops[-1] if stops else start
        name = text[start : found.end()]
        if len(name) >= 3 and not _NO_ROAD.search(name) and not re.search(rf"^[{NUMERALS}]", name):
            yield Where("place", name, start, found.end())
