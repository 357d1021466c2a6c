"""Dates and months, told on Saturday, 21 November 2026."""

from __future__ import annotations

from datetime import date

import pytest

from asr.text import parse_date, parse_month

pytestmark = pytest.mark.unit

TODAY = date(2026, 11, 21)

MONTHS = {
    "二零二六年三月": (2026, 3),
    "二〇二六年三月份": (2026, 3),
    "两千零二十六年三月": (2026, 3),
    "二六年三月": (2026, 3),
    "2026年3月": (2026, 3),
    "２０２６年３月": (2026, 3),
    "2026-03": (2026, 3),
    "2026/3": (2026, 3),
    "202603": (2026, 3),
    "二零二六零三": (2026, 3),
    "去年十二月": (2025, 12),
    "去年的三月": (2025, 3),
    "前年一月": (2024, 1),
    "今年三月": (2026, 3),
    "上个月": (2026, 10),
    "上月": (2026, 10),
    "上上个月": (2026, 9),
    "本月": (2026, 11),
    "这个月": (2026, 11),
    "這個月": (2026, 11),
    "当月": (2026, 11),
    "下个月": (2026, 12),
    "三个月前": (2026, 8),
    "十一月份": (2026, 11),
    "十月": (2026, 10),
    "十二月": (2025, 12),  # December has not begun: the last one is meant
    "3月": (2026, 3),
    "三": (2026, 3),
    "03": (2026, 3),
    "12": (2025, 12),
    "帮我查一下三月份的账单": (2026, 3),
    "上个月的话费": (2026, 10),
    "不是三月是四月": (2026, 4),
    "三月不对四月": (2026, 4),
    "三月，三月": (2026, 3),
    "八月十五号": (2026, 8),
}
NOT_MONTHS = [
    "",
    "话费",
    "十三月",
    "零月",
    "今年",
    "昨天",
    "三月到五月",
    "13",
    "202613",
    "三千年三月",
    "一八八八年三月",
]

DATES = {
    "八月十五号": date(2026, 8, 15),
    "八月十五": date(2026, 8, 15),
    "八月十五日": date(2026, 8, 15),
    "3月5日": date(2026, 3, 5),
    "3月5号": date(2026, 3, 5),
    "二零二六年三月五号": date(2026, 3, 5),
    "2026年3月5日": date(2026, 3, 5),
    "2026-03-05": date(2026, 3, 5),
    "2026/3/5": date(2026, 3, 5),
    "2026.3.5": date(2026, 3, 5),
    "20260305": date(2026, 3, 5),
    "0305": date(2026, 3, 5),
    "二零二六零三零五": date(2026, 3, 5),
    "1225": date(2025, 12, 25),
    "二零二四年二月二十九号": date(2024, 2, 29),
    "六五年三月五号": date(1965, 3, 5),
    "去年十二月三十一号": date(2025, 12, 31),
    "前年十月一日": date(2024, 10, 1),
    "十二月一号": date(2025, 12, 1),
    "十一月二十一号": date(2026, 11, 21),
    "十一月二十二号": date(2025, 11, 22),
    "上个月十五号": date(2026, 10, 15),
    "上个月的十五号": date(2026, 10, 15),
    "下个月三号": date(2026, 12, 3),
    "本月五号": date(2026, 11, 5),
    "十五号": date(2026, 11, 15),
    "二十二号": date(2026, 10, 22),
    "三十一号": date(2026, 10, 31),
    "今天": date(2026, 11, 21),
    "昨天": date(2026, 11, 20),
    "昨日": date(2026, 11, 20),
    "前天": date(2026, 11, 19),
    "大前天": date(2026, 11, 18),
    "明天": date(2026, 11, 22),
    "后天": date(2026, 11, 23),
    "大后天": date(2026, 11, 24),
    "三天前": date(2026, 11, 18),
    "两天后": date(2026, 11, 23),
    "上周五": date(2026, 11, 13),
    "上个星期天": date(2026, 11, 15),
    "上礼拜一": date(2026, 11, 9),
    "上上周一": date(2026, 11, 2),
    "这周三": date(2026, 11, 18),
    "下周一": date(2026, 11, 23),
    "周五": date(2026, 11, 20),
    "周六": date(2026, 11, 21),
    "星期天": date(2026, 11, 15),
    "就是昨天下午的事": date(2026, 11, 20),
    "不是昨天是前天": date(2026, 11, 19),
}
NOT_DATES = [
    "",
    "话费",
    "二月三十号",
    "二零二六年二月二十九号",
    "十三月一号",
    "四月三十一号",
    "三十二号",
    "零号",
    "农历八月十五",
    "正月初五号",
    "8号线",
    "三月",
    "昨天或者前天",
    "99999999",
    "1332",
    "三月五号到三月八号",
]


@pytest.mark.parametrize(("spoken", "month"), MONTHS.items())
def test_a_month_is_read(spoken: str, month: tuple[int, int]) -> None:
    assert parse_month(spoken, TODAY) == month


@pytest.mark.parametrize("spoken", NOT_MONTHS)
def test_what_names_no_month_is_refused(spoken: str) -> None:
    assert parse_month(spoken, TODAY) is None


@pytest.mark.parametrize(("spoken", "day"), DATES.items())
def test_a_date_is_read(spoken: str, day: date) -> None:
    assert parse_date(spoken, TODAY) == day


@pytest.mark.parametrize("spoken", NOT_DATES)
def test_what_names_no_single_day_is_refused(spoken: str) -> None:
    assert parse_date(spoken, TODAY) is None


def test_months_turn_over_the_year() -> None:
    assert parse_month("上个月", date(2026, 1, 5)) == (2025, 12)
    assert parse_month("下个月", date(2026, 12, 5)) == (2027, 1)


def test_a_day_that_the_last_month_lacks_is_found_in_the_one_before() -> None:
    assert parse_date("三十号", date(2026, 3, 5)) == date(2026, 1, 30)


def test_days_before_the_calendar_begins_are_refused() -> None:
    assert parse_date("大前天", date.min) is None
    assert parse_date("三天后", date.max) is None
