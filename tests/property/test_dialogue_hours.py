"""Reading opening hours is total, and what is read is what holds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialogue.hours import Hours
from gateway.dialogue.mistakes import validated

pytestmark = pytest.mark.property

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CHINA = ZoneInfo("Asia/Shanghai")
written = st.sampled_from(
    [
        "08:00-20:00",
        "22:00-06:00",
        "2026-10-01",
        "2026-10-01..2026-10-07",
        "UTC",
        "mon",
        "open",
        "8-9",
        "24:00-25:00",
        "",
    ]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12) | written,
    lambda inner: (
        st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=4) | written | st.sampled_from(DAYS), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(st.sampled_from(["weekly", "closed", "open", "timezone", "?"]), anything),
    st.integers(-(2**31), 2**33),
)
def test_whatever_is_written_is_read_or_refused_with_a_remedy(raw: dict[str, Any], now_s: int) -> None:
    hours, mistakes = validated(Hours, raw, ())
    assert hours is not None or mistakes
    assert all(mistake.what for mistake in mistakes)
    if hours is not None:
        assert isinstance(hours.is_open(datetime.fromtimestamp(now_s, CHINA)), bool)


@given(st.sampled_from(DAYS), st.integers(0, 1439), st.integers(0, 1439), st.integers(0, 7 * 1440 - 1))
def test_one_span_is_open_from_its_start_to_its_end(day: str, start: int, end: int, minute: int) -> None:
    if start == end:
        return
    text = "-".join(f"{each // 60:02d}:{each % 60:02d}" for each in (start, end))
    hours = Hours.model_validate({"weekly": {day: text}})
    monday = datetime(2026, 11, 23, tzinfo=CHINA)
    since_opening = (minute - DAYS.index(day) * 1440 - start) % (7 * 1440)
    assert hours.is_open(monday + timedelta(minutes=minute)) == (since_opening < (end - start) % 1440)
