"""Opening hours: when a hotline is open, and what a designer is told who writes them wrongly."""

from __future__ import annotations

import sys
import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.dialogue.hours import Hours
from gateway.dialogue.mistakes import validated
from tests.support.chinese import not_chinese

pytestmark = pytest.mark.unit

CHINA = ZoneInfo("Asia/Shanghai")
SERVICE: dict[str, Any] = {
    "weekly": {
        **dict.fromkeys(("mon", "tue", "wed", "thu"), "08:00-20:00"),
        "fri": "08:00-24:00",
        "sat": ("09:00-12:00", "13:00-17:00"),
    },
    "closed": ("2026-10-01..2026-10-07", "2026-12-31"),
    "open": {"2026-10-10": "08:00-20:00", "2026-10-05": ("10:00-11:00",), "2026-10-11": ("09:00-10:00", "11:00-12:00")},
}
NIGHT: dict[str, Any] = {
    "weekly": {**dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), "22:00-06:00"), "sun": "20:00-00:00"},
    "closed": ("2026-11-18",),
    "open": {"2026-11-20": "01:00-02:00", "2026-11-21": "23:00-03:00"},
}


def is_open(raw: dict[str, Any], when: str) -> bool:
    hours, mistakes = validated(Hours, raw, ())
    assert hours is not None
    assert not mistakes
    return hours.is_open(datetime.fromisoformat(when).replace(tzinfo=CHINA))


def mistakes_of(patch: dict[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    _, mistakes = validated(Hours, SERVICE | patch, ("hours", "service"))
    assert not_chinese(mistake.what for mistake in mistakes) == []
    return [(mistake.place[2:], mistake.what) for mistake in mistakes]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-23T07:59:59", False),  # a Monday
        ("2026-11-23T08:00", True),
        ("2026-11-23T19:59:59", True),
        ("2026-11-23T20:00", False),
        ("2026-11-27T23:59:59", True),  # Friday to 24:00
        ("2026-11-28T00:00", False),
        ("2026-11-28T11:59", True),  # Saturday, with a noon break
        ("2026-11-28T12:00", False),
        ("2026-11-28T13:00", True),
        ("2026-11-29T10:00", False),  # Sunday
        # National Day
        ("2026-09-30T10:00", True),
        ("2026-10-01T10:00", False),
        ("2026-10-07T10:00", False),
        ("2026-10-08T10:00", True),
        ("2026-12-31T10:00", False),
        # hours of their own: in the holidays, on a Saturday and a Sunday to make up for them
        ("2026-10-05T10:30", True),
        ("2026-10-05T11:30", False),
        ("2026-10-10T12:30", True),
        ("2026-10-10T19:00", True),
        ("2026-10-11T09:30", True),
        ("2026-10-11T10:30", False),
        ("2026-10-18T09:30", False),
    ],
)
def test_it_is_open_when_the_designer_says(when: str, expected: bool) -> None:
    assert is_open(SERVICE, when) is expected


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-11-23T03:00", False),  # Monday: nothing runs over from Sunday, which ends at midnight
        ("2026-11-22T23:59", True),
        ("2026-11-23T00:00", False),
        ("2026-11-23T22:00", True),
        ("2026-11-24T00:00", True),
        ("2026-11-24T05:59", True),
        ("2026-11-24T06:00", False),
        ("2026-11-28T05:00", True),  # Saturday morning belongs to Friday's night
        ("2026-11-28T22:30", False),
        ("2026-11-17T23:00", True),
        ("2026-11-18T03:00", False),  # a closed date is closed from midnight to midnight
        ("2026-11-18T23:00", False),
        ("2026-11-19T03:00", False),
        ("2026-11-19T23:00", True),
        ("2026-11-20T00:30", False),  # a date with hours of its own has no others
        ("2026-11-20T01:30", True),
        ("2026-11-20T23:00", False),
        ("2026-11-21T23:00", True),
        ("2026-11-22T02:59", True),
        ("2026-11-22T03:00", False),
    ],
)
def test_a_night_goes_on_after_midnight(when: str, expected: bool) -> None:
    assert is_open(NIGHT, when) is expected


def test_all_day_is_all_day() -> None:
    always = {"weekly": dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), "00:00-24:00")}
    start = datetime.fromisoformat("2026-11-23T00:00")
    assert all(is_open(always, (start + timedelta(hours=hour)).isoformat()) for hour in range(7 * 24 + 1))


def test_the_hours_are_those_of_their_time_zone() -> None:
    hours = Hours.model_validate(SERVICE)
    assert hours.timezone == CHINA
    assert hours.is_open(datetime(2026, 11, 23, 0, 0, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 11, 23, 12, 0, tzinfo=UTC))
    berlin = Hours.model_validate(SERVICE | {"timezone": "Europe/Berlin"})
    assert not berlin.is_open(datetime(2026, 7, 6, 5, 59, tzinfo=UTC))
    assert berlin.is_open(datetime(2026, 7, 6, 6, 0, tzinfo=UTC))  # summer time
    assert not berlin.is_open(datetime(2026, 11, 23, 6, 0, tzinfo=UTC))


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 11, 23, 9, 0, tzinfo=UTC).replace(tzinfo=None)
    with pytest.raises(ValueError, match="time zone"):
        Hours.model_validate(SERVICE).is_open(naive)


MON = ("weekly", "mon")
WRONG: list[tuple[dict[str, Any], tuple[str | int, ...], str]] = [
    ({"weekly": {"mon": "8-20"}}, MON, "`mon`：`8-20` 不是时间段；请写成 `08:00-20:00`"),
    ({"weekly": {"mon": "8:00-20:00"}}, MON, "`mon`：`8:00-20:00` 不是时间段；请写成 `08:00-20:00`"),
    ({"weekly": {"mon": "08:00-25:00"}}, MON, "`mon`：`08:00-25:00` 不是时间段"),
    ({"weekly": {"mon": "24:00-08:00"}}, MON, "`mon`：`24:00-08:00` 不是时间段"),
    ({"weekly": {"mon": "08:00-20:00 "}}, MON, "不是时间段"),
    ({"weekly": {"mon": "０８:00-20:00"}}, MON, "不是时间段"),
    (
        {"weekly": {"mon": None}},
        MON,
        "`mon`：这里不是时间段；请写成 `08:00-20:00`（最晚到 24:00），不营业的日子不写",
    ),
    ({"weekly": {"mon": 8}}, MON, "`mon`：这里不是时间段"),
    ({"weekly": {"mon": ()}}, MON, "`mon`：时间段是空的；请写成 `08:00-20:00`"),
    ({"weekly": {"mon": "08:00-08:00"}}, MON, "`mon`：`08:00-08:00` 一分钟也没有；全天请写 `00:00-24:00`"),
    (
        {"weekly": {"mon": ("11:00-13:00", "08:00-12:00")}},
        MON,
        "`mon`：08:00-12:00 和 11:00-13:00 重叠；请合成一段，或错开",
    ),
    ({"weekly": {"mon": ("22:00-06:00", "23:00-24:00")}}, MON, "`mon`：22:00-06:00 和 23:00-24:00 重叠"),
    (
        {"weekly": {"mon": "22:00-06:00", "tue": ("05:00-09:00",)}},
        ("weekly",),
        "`mon` 的 22:00-06:00 和 `tue` 的 05:00-09:00 重叠；请让前一段到 05:00 结束",
    ),
    (
        {"weekly": {"sun": "22:00-06:00", "mon": "05:00-09:00"}},
        ("weekly",),
        "`sun` 的 22:00-06:00 和 `mon` 的 05:00-09:00 重叠",
    ),
    ({"weekly": {}}, ("weekly",), '`weekly`：没有营业时间；请写成 `mon: "08:00-20:00"`'),
    ({"weekly": "always"}, ("weekly",), "`weekly` 要写成 `键: 值` 的形式"),
    ({"weekly": {"monday": "08:00-20:00"}}, ("weekly", "monday"), "不认识的键 `monday`；是不是 `mon`？"),
    ({"closed": "2026-10-01"}, ("closed",), "`closed` 要写成列表"),
    ({"closed": ("2026-10-07..2026-10-01",)}, ("closed", 0), "的结束早于开始；请把早的日期写在前面"),
    ({"closed": ("2026-10-01", "2026-02-30")}, ("closed", 1), "日历里没有 `2026-02-30`；请改正"),
    ({"closed": ("10-01",)}, ("closed", 0), "`10-01` 不是日期；请写成 `2026-10-01`"),
    ({"closed": ("2026-10-01..",)}, ("closed", 0), "`` 不是日期；请写成 `2026-10-01`"),
    ({"closed": (20261001,)}, ("closed", 0), "这里不是日期；请写成 `2026-10-01` 或 `2026-10-01..2026-10-07`"),
    ({"open": {"2026-13-10": "08:00-20:00"}}, ("open", "2026-13-10"), "日历里没有 `2026-13-10`"),
    ({"open": {"saturday": "08:00-20:00"}}, ("open", "saturday"), "`saturday` 不是日期；请写成 `2026-10-01`"),
    ({"open": {"2026-10-10": "always"}}, ("open", "2026-10-10"), "`always` 不是时间段"),
    ({"timezone": "Asia/Shangai"}, ("timezone",), "没有时区 `Asia/Shangai`；是不是 `Asia/Shanghai`？"),
    ({"timezone": "Asia"}, ("timezone",), "没有时区 `Asia`"),
    ({"timezone": "../etc/passwd"}, ("timezone",), "没有时区 `../etc/passwd`"),
    ({"timezone": "北京"}, ("timezone",), "没有时区 `北京`；请检查拼写"),
    ({"timezone": 8}, ("timezone",), "`timezone`：这里不是时区；请写成 `Asia/Shanghai`"),
    ({"holidays": ()}, ("holidays",), "不认识的键 `holidays`"),
]


@pytest.mark.parametrize(("patch", "place", "what"), WRONG)
def test_a_mistake_is_told_with_its_place_and_remedy(
    patch: dict[str, Any], place: tuple[str | int, ...], what: str
) -> None:
    ((found, told),) = mistakes_of(patch)
    assert found == place
    assert what in told


def test_mistakes_are_told_all_at_once() -> None:
    patch = {"weekly": {"mon": "8-20", "tue": "9-17"}, "closed": ("10-01",), "timezone": "China"}
    assert [place for place, _ in mistakes_of(patch)] == [MON, ("weekly", "tue"), ("closed", 0), ("timezone",)]


@pytest.fixture
def no_time_zones(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine without a zone database, such as Windows or a slim container without tzdata."""
    for name in [name for name in sys.modules if name.startswith("tzdata.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=[str(tmp_path)])
    ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    ZoneInfo.clear_cache()


@pytest.mark.usefixtures("no_time_zones")
def test_a_machine_without_time_zones_is_told_what_it_lacks() -> None:
    ((place, what),) = mistakes_of({})
    assert place == ("timezone",)
    assert what == "`timezone`：这台机器没有时区数据；请安装 Python 包 `tzdata`"
