"""Alerts: which figures have crossed their line just now."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.analytics.report.figures import FIGURES
from gateway.analytics.report.query import Asked, report
from gateway.analytics.report.sums import Sums
from gateway.analytics.report.thresholds import Line, Thresholds
from gateway.findings import Severity
from gateway.store import Store
from gateway.store.search import ScopeLike

EVERY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A figure that crossed its line."""

    alert: str
    """A name of thresholds.yaml."""
    title: str
    """What supervisors read."""
    severity: Severity
    figure: str
    hotline: str
    """Empty: all together."""
    value: float
    limit: float
    is_above: bool
    """It ought to be at most `limit`; else at least."""
    calls: int
    """Below the line of the figure's formula."""
    since: dt.datetime
    until: dt.datetime


def alerts(
    store: Store,
    rules: Thresholds,
    now: dt.datetime,
    scope: ScopeLike | None = None,
) -> tuple[Alert, ...]:
    """What has crossed its line, in the rules' order. It tells again as long as it is so: who shows it remembers.

    Args:
        now: aware.
        scope: whose calls; None: everybody's.

    Raises:
        StoreError: the database can't be read.
    """
    sums = _Sums(store, rules, now, scope)
    return tuple(alert for name, line in rules.alerts.items() for alert in _of(name, line, sums))


def _of(name: str, line: Line, sums: _Sums) -> Iterator[Alert]:
    for hotline, some in sums.of(line).items():
        figure = FIGURES[line.figure]
        value, calls = figure.value(some), figure.denominator(some)
        limit = line.below if line.above is None else line.above
        if value is None or limit is None or calls < line.at_least:
            continue
        is_above = line.above is not None
        if value > limit if is_above else value < limit:
            yield Alert(
                alert=name,
                title=line.title,
                severity=line.severity,
                figure=line.figure,
                hotline=hotline,
                value=value,
                limit=limit,
                is_above=is_above,
                calls=calls,
                since=sums.now - line.over_last,
                until=sums.now,
            )


class _Sums:
    """The store's sums at one moment; each stretch of time is asked for once."""

    def __init__(self, store: Store, rules: Thresholds, now: dt.datetime, scope: ScopeLike | None) -> None:
        self.now = now
        self._scope = scope
        self._store = store
        self._days = rules.repeat_days
        self._known: dict[dt.timedelta, Mapping[str, Sums]] = {}

    def of(self, line: Line) -> dict[str, Sums]:
        """By hotline; all together under the empty name."""
        if line.over_last not in self._known:
            since = self.now - line.over_last
            asked = Asked(since=since, by="hotline", repeat_days=self._days, scope=self._scope)
            self._known[line.over_last] = report(self._store, asked, self.now).groups
        groups = self._known[line.over_last]
        if line.hotline is None:
            return {"": sum(groups.values(), Sums())}
        return {name: sums for name, sums in groups.items() if name in line.hotline or EVERY in line.hotline}
