"""What stands in the address of the page of calls, its export and its API: the same names everywhere. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from urllib.parse import parse_qsl, urlencode

from gateway.console.rights import Right, Visitor
from gateway.store.places import MAX_TEXT, SORTS, Sort
from gateway.store.search import Filter

WHENS: dict[str, str] = {"today": "今天", "yesterday": "昨天", "7d": "最近 7 天", "30d": "最近 30 天"}
NAMES = (
    "q", "flag", "severity", "route", "mood", "anger", "hotline", "mode", "number", "when", "from", "to", "min_s",
    "max_s", "end", "review", "stars", "sort",
)  # fmt: skip
"""Of the parameters that make a filter, in the order of the address."""
MASKED_DIGITS = 4
"""Last digits that may be looked for by who sees no more of a number; else, digit by digit, they would learn it."""
WHOLE_DIGITS = 11
MAX_LENGTH = 20_000
"""Characters of an address's query."""
MOST = 50
"""Values of one name."""
_YEARS = range(1990, 2101)
_MAX_S = 10_000_000.0
Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A filter as somebody asked for it."""

    filter: Filter
    mistakes: tuple[str, ...] = ()
    """Parameters that can't be read, in Chinese; the filter is without them."""


def query_of(address: str) -> dict[str, list[str]]:
    """The parameters of a filter among those of an address's query (`flag=churn&q=流量`); empty values are left out."""
    return clean(parse_qsl(address.removeprefix("?")[:MAX_LENGTH], max_num_fields=None, errors="ignore"))


def clean(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Those with a name of ours, cut to what can be looked for, in our order."""
    found: dict[str, list[str]] = {name: [] for name in NAMES}
    for name, value in pairs:
        kept = value[:MAX_TEXT].encode(errors="ignore").decode().strip()
        if name in found and kept and kept not in found[name] and len(found[name]) < MOST:
            found[name].append(kept)
    return {name: values for name, values in found.items() if values}


def address_of(query: Query) -> str:
    """`flag=churn&q=...`, of what isn't empty; for an address."""
    return urlencode([(name, value) for name in NAMES for value in query.get(name, ()) if value])


def asked(query: Query, now: datetime, visitor: Visitor) -> Asked:
    """The filter that a query means at `now`, an aware moment in the zone in which days are counted.

    Whoever may not see numbers can look for one by its last four digits, or the whole of it.
    """
    reader = _Reader(query, now)
    since, until = reader.days()
    number = reader.one("number")
    digits = "".join(char for char in number if char.isdigit())
    if number and not visitor.may(Right.UNMASK) and not len(digits) <= MASKED_DIGITS and len(digits) < WHOLE_DIGITS:
        reader.mistakes.append(f"您的角色只能按号码的后 {MASKED_DIGITS} 位或完整号码查找")
        number = "#"  # finds nothing: an answer without the condition would be no answer
    shortest, longest = reader.figure("min_s", _MAX_S), reader.figure("max_s", _MAX_S)
    anger, review = reader.figure("anger", 3), reader.known("review", ("open", "done"))
    found = Filter(
        flags=reader.all("flag"),
        severities=reader.all("severity"),
        routes=reader.all("route"),
        polarities=reader.all("mood"),
        anger=None if anger is None else int(anger),
        hotlines=reader.all("hotline"),
        modes=reader.all("mode"),
        number=number,
        since=since,
        until=until,
        shortest_ms=None if shortest is None else shortest * 1000,
        longest_ms=None if longest is None else longest * 1000,
        dispositions=reader.all("end"),
        review=review,  # type: ignore[arg-type]  # one of the two that were named
        satisfaction=reader.stars(),
        words=reader.one("q"),
        sort=_sort(reader.known("sort", SORTS)),
    )
    return Asked(found, tuple(reader.mistakes))


def told(query: Query) -> dict[str, str]:
    """For the audit: the query in short, the number as its last digits."""
    short = {name: ",".join(values)[:60] for name, values in query.items() if name != "number"}
    number = "".join(query.get("number", ()))
    return short | ({"number": f"*{number[-MASKED_DIGITS:]}"} if number else {})


def _sort(name: str | None) -> Sort:
    return next((sort for sort in SORTS if sort == name), "newest")


class _Reader:
    """Reads values out of a query, and notes those that can't be read."""

    def __init__(self, query: Query, now: datetime) -> None:
        self._query = query
        self._now = now
        self.mistakes: list[str] = []

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(self._query.get(name, ()))

    def one(self, name: str) -> str:
        return next(iter(self._query.get(name, ())), "")

    def known(self, name: str, values: Sequence[str]) -> str | None:
        value = self.one(name)
        if value and value not in values:
            self.mistakes.append(f"{name} 只能是 {'、'.join(values)}")
            return None
        return value or None

    def figure(self, name: str, most: float) -> float | None:
        """0 to `most`."""
        value = self.one(name)
        if not value:
            return None
        try:
            figure = float(value)
        except ValueError:
            figure = -1.0
        if not 0 <= figure <= most:  # nan neither
            self.mistakes.append(f"{name} 要写 0 到 {most:.0f} 的数")
            return None
        return figure

    def stars(self) -> tuple[int, ...]:
        given = self.all("stars")
        if any(value not in {"1", "2", "3", "4", "5"} for value in given):
            self.mistakes.append("stars 要写 1 到 5")
        return tuple(int(value) for value in given if value in {"1", "2", "3", "4", "5"})

    def days(self) -> tuple[datetime | None, datetime | None]:
        """From when until when; a day that is named alone is in until its end."""
        midnight = datetime.combine(self._now.date(), time(), self._now.tzinfo)
        match self.known("when", tuple(WHENS)):
            case "today":
                return midnight, None
            case "yesterday":
                return midnight - timedelta(days=1), midnight
            case "7d":
                return midnight - timedelta(days=6), None
            case "30d":
                return midnight - timedelta(days=29), None
        return self._moment("from", whole_day=False), self._moment("to", whole_day=True)

    def _moment(self, name: str, *, whole_day: bool) -> datetime | None:
        value = self.one(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value.replace("/", "-"))
        except ValueError:
            moment = None
        if moment is None or moment.year not in _YEARS:
            self.mistakes.append(f"{name} 要写日期，例如 2026-11-29 或 2026-11-29T08:30")
            return None
        if whole_day and len(value) <= len("2026-11-29"):
            moment += timedelta(days=1)
        return moment if moment.tzinfo else moment.replace(tzinfo=self._now.tzinfo)
