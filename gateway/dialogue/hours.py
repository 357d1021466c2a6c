"""Opening hours as a designer writes them: by weekday, with closed dates and dates with hours of their own (调休).

A date in `closed` or `open` has only the hours written there. Every other date has those of its weekday, and what
crosses midnight from the day before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from gateway.dialogue.fields import Strict
from gateway.dialogue.mistakes import suggestion
from gateway.dialogue.quoting import quoted

_DAY = 24 * 60
_CHINA = "Asia/Shanghai"
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)

_Minutes = tuple[int, int]
"""Minutes of the day at which a span begins and ends; beyond 1440 on the next day."""


def _span(value: Any) -> _Minutes:  # noqa: ANN401 -- a designer can write anything
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if not match:
        fix = "请写成 `08:00-20:00`（最晚到 24:00），不营业的日子不写"
        raise ValueError(f"{_called(value)}不是时间段；{fix}")
    start = int(match[1]) * 60 + int(match[2])
    end = int(match[3]) * 60 + int(match[4]) if match[3] else _DAY
    if end == start:
        raise ValueError(f"{quoted(value)} 一分钟也没有；全天请写 `00:00-24:00`")
    return start, end if end > start else end + _DAY


def _spans(value: Any) -> tuple[_Minutes, ...]:  # noqa: ANN401
    several = value if isinstance(value, list | tuple) else (value,)
    if not several:
        raise ValueError("时间段是空的；请写成 `08:00-20:00`，不营业的日子不写")
    spans = tuple(_span(each) for each in several)
    for one, other in pairwise(sorted(spans)):
        if other[0] < one[1]:
            raise ValueError(f"{_written(one)} 和 {_written(other)} 重叠；请合成一段，或错开")
    return spans


def _written(span: _Minutes) -> str:
    return "-".join(f"{minute // 60:02d}:{minute % 60:02d}" for minute in (span[0], span[1] % _DAY or _DAY))


def _date(value: Any) -> date:  # noqa: ANN401
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(f"日历里没有 {quoted(value)}；请改正") from error
    raise ValueError(f"{_called(value)}不是日期；请写成 `2026-10-01`")


def _called(value: Any) -> str:  # noqa: ANN401
    return f"{quoted(value)} " if isinstance(value, str) else "这里"


def _dates(value: Any) -> tuple[date, date]:  # noqa: ANN401
    if not isinstance(value, str):
        raise ValueError("这里不是日期；请写成 `2026-10-01` 或 `2026-10-01..2026-10-07`")
    first, dots, last = value.partition("..")
    first_day = _date(first)
    last_day = _date(last) if dots else first_day
    if last_day < first_day:
        raise ValueError(f"{quoted(value)} 的结束早于开始；请把早的日期写在前面")
    return first_day, last_day


def _zone(value: Any) -> ZoneInfo:  # noqa: ANN401
    if not isinstance(value, str):
        raise ValueError(f"这里不是时区；请写成 {quoted(_CHINA)}")
    try:
        return ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        known = available_timezones()
        if _CHINA not in known:
            raise ValueError("这台机器没有时区数据；请安装 Python 包 `tzdata`") from error
        area = value.partition("/")[0]
        near = {name for name in known if name.partition("/")[0] == area} or known
        raise ValueError(f"没有时区 {quoted(value)}；{suggestion(value, near)}") from error


_ONE_SPAN = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d-(([01]\d|2[0-3]):[0-5]\d|24:00)$"}
_ONE_DATE = r"\d{4}-\d{2}-\d{2}"

Spans = Annotated[
    tuple[_Minutes, ...],
    BeforeValidator(_spans),
    WithJsonSchema({"anyOf": [_ONE_SPAN, {"type": "array", "items": _ONE_SPAN, "minItems": 1}]}),
]
"""Written 08:00-20:00, or a list of such; 22:00-06:00 ends on the next day."""

Day = Annotated[date, BeforeValidator(_date), WithJsonSchema({"type": "string", "pattern": f"^{_ONE_DATE}$"})]
Days = Annotated[
    tuple[date, date],
    BeforeValidator(_dates),
    WithJsonSchema({"type": "string", "pattern": rf"^{_ONE_DATE}(\.\.{_ONE_DATE})?$"}),
]
"""Written 2026-10-01 or 2026-10-01..2026-10-07, both included."""

Zone = Annotated[ZoneInfo, BeforeValidator(_zone), WithJsonSchema({"type": "string"})]
"""An IANA name."""


class Week(Strict):
    """The usual hours; a day that is left out is closed."""

    mon: Spans = ()
    tue: Spans = ()
    wed: Spans = ()
    thu: Spans = ()
    fri: Spans = ()
    sat: Spans = ()
    sun: Spans = ()

    @property
    def days(self) -> tuple[tuple[_Minutes, ...], ...]:
        """From Monday on."""
        return self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun

    @model_validator(mode="after")
    def _apart(self) -> Week:
        if not any(self.days):
            raise ValueError('没有营业时间；请写成 `mon: "08:00-20:00"`')
        named = list(zip(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), self.days, strict=True))
        for (day, spans), (following, next_spans) in pairwise([*named, named[0]]):
            for one, other in _overlapping(spans, next_spans):
                what = f"{quoted(day)} 的 {_written(one)} 和 {quoted(following)} 的 {_written(other)} 重叠"
                raise ValueError(f"{what}；请让前一段到 {_written(other)[:5]} 结束")
        return self


def _overlapping(spans: tuple[_Minutes, ...], following: tuple[_Minutes, ...]) -> Iterator[tuple[_Minutes, _Minutes]]:
    """What runs past midnight, and what it runs into on the next day."""
    return ((one, other) for one in spans for other in following if other[0] + _DAY < one[1])


class Hours(Strict):
    """When a hotline, or a part of it, is open."""

    weekly: Week
    closed: tuple[Days, ...] = ()
    """Dates without hours."""
    open: dict[Day, Spans] = Field(default_factory=dict)
    """Dates with hours of their own, also when they are in `closed`."""
    timezone: Zone = Field(default=_CHINA, validate_default=True)

    def is_open(self, now: datetime) -> bool:
        """Whether it is open at this moment; a span's end is no longer in it. Raises ValueError for a naive time."""
        if now.tzinfo is None:
            raise ValueError("opening hours need to know the time zone of `now`")
        local = now.astimezone(self.timezone)
        today, minute = local.date(), local.hour * 60 + local.minute
        if any(start <= minute < end for start, end in self._spans(today)):
            return True
        if self._is_special(today):
            return False
        return any(minute + _DAY < end for _, end in self._spans(today - timedelta(days=1)))

    def _spans(self, day: date) -> tuple[_Minutes, ...]:
        if self._is_special(day):
            return self.open.get(day, ())
        return self.weekly.days[day.weekday()]

    def _is_special(self, day: date) -> bool:
        return day in self.open or any(first <= day <= last for first, last in self.closed)
