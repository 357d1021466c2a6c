"""Dates and months as callers name them: 上个月, 八月十五号, 上周五, 二零二六年三月, 20260305.

A hotline's callers ask about what has happened (bills, calls, complaints). So what isn't said is filled in from the
past: a month without a year is the last such month that has begun, a day without a month or year is the last such day,
today included.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from datetime import date, timedelta

from asr.text.numbers import DIGITS, NUMERALS, corrected, numerals, parse_integer, plain_digits
from asr.text.script import to_simplified

_YEARS = {"前年": -2, "去年": -1, "上年": -1, "今年": 0, "本年": 0, "明年": 1}
_DAYS = {
    "大前天": -3,
    "前天": -2,
    "前日": -2,
    "昨天": -1,
    "昨日": -1,
    "昨儿": -1,
    "昨晚": -1,
    "今天": 0,
    "今日": 0,
    "今儿": 0,
    "今晚": 0,
    "今早": 0,
    "明天": 1,
    "明日": 1,
    "后天": 2,
    "大后天": 3,
}
_WEEKDAYS = {char: index for index, char in enumerate("一二三四五六")} | {"日": 6, "天": 6}
_DATE_CHARACTERS = NUMERALS + "月天周晚"
_EARLIEST, _LATEST = 1900, 2099

_YEAR = rf"(?:(?P<year>[{NUMERALS}]{{2,7}})年|(?P<named_year>{'|'.join(_YEARS)})的?)?"
_MONTH = rf"(?:(?P<month>[{NUMERALS}]{{1,2}})月份?|(?P<shift>上上个?|上个?|下下个?|下个?|本|这个?|当)月份?)"
_DAY = rf"(?P<day>[{NUMERALS}]{{1,3}})"
_MONTH_SPAN = re.compile(rf"{_YEAR}的?{_MONTH}")
_MONTHS_AGO = re.compile(rf"(?P<count>[{NUMERALS}]{{1,3}})个月(?:以|之)?前")
_DATE_SPAN = re.compile(rf"{_YEAR}的?{_MONTH}的?{_DAY}(?:号|日)?(?![{NUMERALS}])")
_BARE_DAY = re.compile(rf"(?<![{NUMERALS}]){_DAY}[号日](?!线|码|楼)")
_NAMED_DAY = re.compile("|".join(sorted(_DAYS, key=len, reverse=True)))
_DAYS_AWAY = re.compile(rf"(?P<count>[{NUMERALS}]{{1,4}})天(?:以|之)?(?P<side>前|后)")
_WEEKDAY = re.compile(r"(?P<week>上上个?|上个?|本|这个?|下下个?|下个?)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天])")
_LUNAR = re.compile("农历|阴历|初[一二三四五六七八九十]")
_NUMERIC = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})(?:[-/.](\d{1,2}))?(?!\d)")


def parse_month(text: str, today: date) -> tuple[int, int] | None:
    """The month that was named as (year, month), or None; a bare `三月` is the last March that has begun.

    `三`, `03` and `202603` alone count too. None when several different months were named. Never raises.
    """
    spoken = corrected(_with_marks(text), _DATE_CHARACTERS)
    if ago := _MONTHS_AGO.search(spoken):
        count = parse_integer(ago["count"])
        return None if count is None else _shifted(today, -count)
    found = {_month_of(match, today) for match in _MONTH_SPAN.finditer(spoken)}
    if found:
        return found.pop() if len(found) == 1 else None
    if len(spoken) == len("202603") and all(char in DIGITS for char in spoken):
        digits = plain_digits(spoken)
        return _checked_month(int(digits[:4]), int(digits[4:]))
    number = parse_integer(spoken)
    return _last_month(number, today) if number is not None and len(spoken) <= 3 else None


def parse_date(text: str, today: date) -> date | None:
    """The day that was named, or None when there is none, several, or it doesn't exist (二月三十号).

    A day without a year or month is the last such day, today included. `20260305` and `0305` alone count too.
    Never raises.
    """
    spoken = corrected(_with_marks(text), _DATE_CHARACTERS)
    if _LUNAR.search(spoken):
        return None
    readers = (_calendar_days, _named_days, _weekdays, _bare_days, _keyed_days)
    for reader in readers:
        found = reader(spoken, today)
        if found:
            return found.pop() if len(found) == 1 else None
    return None


def _calendar_days(spoken: str, today: date) -> set[date | None]:
    found: set[date | None] = set()
    for match in _DATE_SPAN.finditer(spoken):
        day, month = parse_integer(match["day"]), _month_of(match, today)
        if match["year"] or match["named_year"] or match["shift"]:
            found.add(_day(month, day))
        else:
            found.add(_last_day_of_year(parse_integer(match["month"]), day, today))
    return found


def _named_days(spoken: str, today: date) -> set[date | None]:
    found: set[date | None] = {_moved(today, _DAYS[match[0]]) for match in _NAMED_DAY.finditer(spoken)}
    for match in _DAYS_AWAY.finditer(spoken):
        count = parse_integer(match["count"])
        found.add(None if count is None else _moved(today, -count if match["side"] == "前" else count))
    return found


def _weekdays(spoken: str, today: date) -> set[date | None]:
    return {_weekday(match["week"], _WEEKDAYS[match["weekday"]], today) for match in _WEEKDAY.finditer(spoken)}


def _weekday(week: str | None, weekday: int, today: date) -> date | None:
    days = weekday - today.weekday()
    if week is None:
        return _moved(today, days if days <= 0 else days - 7)
    return _moved(today, days + 7 * (week.count("下") - week.count("上")))


def _bare_days(spoken: str, today: date) -> set[date | None]:
    return {_last_such_day(parse_integer(match["day"]), today) for match in _BARE_DAY.finditer(spoken)}


def _keyed_days(spoken: str, today: date) -> set[date | None]:
    if not all(char in DIGITS for char in spoken):
        return set()
    digits = plain_digits(spoken)
    if len(digits) == len("20260305"):
        return {_day(_checked_month(int(digits[:4]), int(digits[4:6])), int(digits[6:]))}
    if len(digits) == len("0305"):
        return {_last_day_of_year(int(digits[:2]), int(digits[2:]), today)}
    return set()


def _with_marks(text: str) -> str:
    """`2026-03-05` and `2026/3` become 年月日 before the punctuation goes."""

    def spell(match: re.Match[str]) -> str:
        return f"{match[1]}年{match[2]}月" + (f"{match[3]}日" if match[3] else "")

    return numerals(_NUMERIC.sub(spell, to_simplified(text)))


def _month_of(match: re.Match[str], today: date) -> tuple[int, int] | None:
    if match["shift"]:
        shift = match["shift"]
        return _shifted(today, shift.count("下") - shift.count("上"))
    month = parse_integer(match["month"])
    if match["named_year"]:
        return _checked_month(today.year + _YEARS[match["named_year"]], month)
    if match["year"]:
        return _checked_month(_year(match["year"], today), month)
    return _last_month(month, today)


def _year(spoken: str, today: date) -> int | None:
    year = parse_integer(spoken)
    if len(spoken) == 2 and all(char in DIGITS for char in spoken):
        year = 2000 + int(plain_digits(spoken))  # 二六年; a year that is still far off was in the last century (六五年)
        if year > today.year + 1:
            year -= 100
    return year


def _checked_month(year: int | None, month: int | None) -> tuple[int, int] | None:
    if year is None or month is None or not (_EARLIEST <= year <= _LATEST and 1 <= month <= 12):
        return None
    return year, month


def _last_month(month: int | None, today: date) -> tuple[int, int] | None:
    if month is None:
        return None
    return _checked_month(today.year if month <= today.month else today.year - 1, month)


def _shifted(today: date, months: int) -> tuple[int, int] | None:
    years, month = divmod(today.year * 12 + today.month - 1 + months, 12)
    return _checked_month(years, month + 1)


def _day(month: tuple[int, int] | None, day: int | None) -> date | None:
    if month is None or day is None or not 1 <= day <= calendar.monthrange(*month)[1]:
        return None
    return dt.date(*month, day)


def _last_day_of_year(month: int | None, day: int | None, today: date) -> date | None:
    """The last such day of this year or the year before."""
    this_year, last_year = (_day(_checked_month(year, month), day) for year in (today.year, today.year - 1))
    return this_year if this_year is not None and this_year <= today else last_year


def _last_such_day(day: int | None, today: date) -> date | None:
    """The last such day of this month or the months before it that have one."""
    candidates = (_day(_shifted(today, -months), day) for months in range(3))
    return next((found for found in candidates if found is not None and found <= today), None)


def _moved(today: date, days: int) -> date | None:
    try:
        return today + timedelta(days=days)
    except OverflowError:
        return None
