"""Finding calls among many: filters, words, order, a page at a time; limited to the calls that somebody may see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Literal, Protocol

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from gateway.findings import SEVERITIES
from gateway.store.fulltext import matching
from gateway.store.places import FAR_MS, MAX_TEXT, Sort, order_of, place_of, plain, read_place
from gateway.store.queries import CallRecord, get_call
from gateway.store.store import Store
from gateway.store.tables import CallRow, FlagRow, ReviewRow

Review = Literal["open", "done"]
GOING_ON = "going_on"
"""As a disposition: calls that haven't ended."""
COUNTED = 10_000
"""Calls beyond this are not counted: "more than 10,000" is as good to who looks for one."""
PAGE_ROWS = 50
MAX_ROWS = 500
"""Of a page."""
MAX_VALUES = 50
"""Values of one field, any of which will do."""


class ScopeLike(Protocol):
    """Whose calls somebody sees; `gateway.console.rights.Scope` is one. A view that is unknown sees nothing."""

    @property
    def view(self) -> str:
        """`own`, `team` (calls handed to `queues`), `floor` (calls of `hotlines`) or `all`."""

    @property
    def queues(self) -> Sequence[str]:
        """Of `own` and `team`."""

    @property
    def hotlines(self) -> Sequence[str]:
        """Of `floor`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What calls are asked for: all of what is given has to be true, and of several values of one field any. Values
    that nothing can have find nothing."""

    flags: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    """The severity of the call's gravest flag."""
    routes: tuple[str, ...] = ()
    polarities: tuple[str, ...] = ()
    anger: int | None = None
    """At least, 1 to 3."""
    hotlines: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    number: str = ""
    """The caller's: all of it, or its last digits."""
    since: datetime | None = None
    """Began then or later; aware."""
    until: datetime | None = None
    """Began before; aware."""
    shortest_ms: float | None = None
    longest_ms: float | None = None
    dispositions: tuple[str, ...] = ()
    """Also `GOING_ON`."""
    review: Review | None = None
    """`open`: a flag of it awaits somebody's verdict; `done`: it has flags, all with a verdict."""
    satisfaction: tuple[int, ...] = ()
    words: str = ""
    """What the caller said, in words apart by white space, all of which occur; see `gateway.store.fulltext`."""
    sort: Sort = "newest"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageWanted:
    """Which page."""

    rows: int = PAGE_ROWS
    """1 to `MAX_ROWS`."""
    after: str = ""
    """`Page.next` of the page before; empty for the first."""
    count: bool = True
    """Count the calls as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RaisedFlag:
    """A flag of a call in the list."""

    flag: str
    title: str
    severity: str
    verdict: str
    """`confirmed`, `dismissed`, or empty while nobody has looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCall:
    """A call in the list; None where `CallRecord` has None."""

    id: str
    started_at: datetime
    """Aware, UTC."""
    caller_number: str
    """Whole; whoever shows it masks it."""
    flow: str
    mode: str
    route: str | None
    polarity: str | None
    anger: int | None
    duration_ms: float | None
    disposition: str | None
    queue: str | None
    """Whom it was handed to."""
    satisfaction: int | None
    flags: tuple[RaisedFlag, ...] = ()
    """The gravest first."""

    @property
    def review(self) -> Review | None:
        """None for a call without flags."""
        if not self.flags:
            return None
        return "done" if all(flag.verdict for flag in self.flags) else "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some of the calls."""

    rows: tuple[FoundCall, ...]
    total: int | None
    """How many there are, to `COUNTED`; None when it wasn't asked for and isn't plain from the page."""
    capped: bool
    """There are more than `total`."""
    next: str | None
    """Where the next page begins; None after the last."""


def find_calls(store: Store, wanted: Filter, scope: ScopeLike, page: PageWanted | None = None) -> Page:
    """The calls that `wanted` asks for, of those in `scope`. A page begins behind the last call of the one before,
    wherever that is by then: calls that are added meanwhile leave no gap and show none twice.

    Raises:
        ValueError: `page.after` isn't one of ours, or is of another order.
        StoreError: the database can't be read.
    """
    page = page or PageWanted()
    conditions = [in_scope(scope), *_conditions(wanted)]
    size = max(1, min(page.rows, MAX_ROWS))
    with store.session() as session:
        rows = _rows(session, conditions, wanted.sort, page.after, size + 1)
        shown = rows[:size]
        flags = _flags(session, [row["id"] for row in shown])
        is_all = len(rows) <= size and not page.after  # then nobody has to walk along all calls again
        total = len(rows) if is_all else _count(session, conditions) if page.count else None
    return Page(
        rows=tuple(FoundCall(**row, flags=flags.get(row["id"], ())) for row in shown),
        total=None if total is None else min(total, COUNTED),
        capped=total is not None and total > COUNTED,
        next=place_of(wanted.sort, shown[-1]) if len(rows) > size else None,
    )


def stream_found(store: Store, wanted: Filter, scope: ScopeLike, most: int) -> Iterator[FoundCall]:
    """The calls that `find_calls` finds, at most so many; nothing is held open while the caller works on a page.

    Raises:
        StoreError: the database can't be read.
    """
    page = PageWanted(rows=MAX_ROWS, count=False)
    left = most
    while left > 0:
        found = find_calls(store, wanted, scope, page)
        yield from found.rows[:left]
        left -= len(found.rows)
        if found.next is None:
            return
        page = replace(page, after=found.next)


def sees(store: Store, scope: ScopeLike, call_id: str) -> bool:
    """Whether there is such a call in the scope. Raises StoreError."""
    with store.session() as session:
        return bool(session.scalar(select(exists().where(CallRow.id == plain(call_id), in_scope(scope)))))


def find_call(store: Store, scope: ScopeLike, call_id: str) -> CallRecord | None:
    """One call, if it is in the scope. Raises StoreError."""
    return get_call(store, plain(call_id)) if sees(store, scope, call_id) else None


def flags_of(store: Store, call_ids: Sequence[str]) -> dict[str, tuple[RaisedFlag, ...]]:
    """The flags of calls with what people made of them. Raises StoreError."""
    with store.session() as session:
        return _flags(session, call_ids)


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What occurs in the stored calls, in order."""

    hotlines: tuple[str, ...]
    modes: tuple[str, ...]
    queues: tuple[str, ...]


def values(store: Store, scope: ScopeLike) -> Values:
    """What there is to filter by, of the calls in the scope. Raises StoreError."""
    with store.session() as session:

        def occur(column: InstrumentedAttribute[Any]) -> tuple[str, ...]:
            found = session.scalars(select(column).where(in_scope(scope)).distinct())
            return tuple(sorted(value for value in found if value))

        return Values(hotlines=occur(CallRow.flow), modes=occur(CallRow.mode), queues=occur(CallRow.queue))


def in_scope(scope: ScopeLike) -> ColumnElement[bool]:
    """The condition on `CallRow` that every query for somebody has to carry."""
    match scope.view:
        case "all":
            return true()
        case "floor" if scope.hotlines:
            return CallRow.flow.in_(list(scope.hotlines))
        case "own" | "team" if scope.queues:
            return CallRow.queue.in_(list(scope.queues))
        case _:
            return false()


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    """Values are cut and cleaned here, wherever they come from; they only ever are parameters."""
    if wanted.flags:
        names = [plain(flag) for flag in wanted.flags[:MAX_VALUES]]
        raised = (CallRow.flags.contains(f" {name} ", autoescape=True) for name in names if name and " " not in name)
        yield or_(false(), *raised)
    if wanted.severities:
        yield CallRow.severity.in_([SEVERITIES.index(one) for one in SEVERITIES if one in wanted.severities])
    for column, chosen in (
        (CallRow.route, wanted.routes),
        (CallRow.polarity, wanted.polarities),
        (CallRow.flow, wanted.hotlines),
        (CallRow.mode, wanted.modes),
    ):
        if chosen:
            yield column.in_([plain(value) for value in chosen[:MAX_VALUES]])
    if wanted.anger is not None:
        yield CallRow.anger >= max(-1, min(wanted.anger, 9))
    if wanted.satisfaction:
        yield CallRow.satisfaction.in_([star for star in wanted.satisfaction[:MAX_VALUES] if 0 <= star <= 9])
    yield from _when(wanted)
    if wanted.dispositions:
        yield _ended(wanted.dispositions)
    if wanted.number:
        yield _numbered(plain(wanted.number))
    if wanted.review:
        yield CallRow.severity.is_not(None)
        awaits = _awaits()
        yield awaits if wanted.review == "open" else ~awaits
    if wanted.words.strip():
        found = matching(" ".join(map(plain, wanted.words[:MAX_TEXT].split())))
        yield false() if found is None else CallRow.words_id.in_(found)


def _when(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    if wanted.since is not None:
        yield CallRow.started_at >= wanted.since
    if wanted.until is not None:
        yield CallRow.started_at < wanted.until
    if wanted.shortest_ms is not None:
        yield CallRow.duration_ms >= max(0.0, min(wanted.shortest_ms, FAR_MS))
    if wanted.longest_ms is not None:
        yield CallRow.duration_ms <= max(0.0, min(wanted.longest_ms, FAR_MS))


def _ended(dispositions: Sequence[str]) -> ColumnElement[bool]:
    how = CallRow.disposition.in_([plain(one) for one in dispositions[:MAX_VALUES] if one != GOING_ON])
    return or_(how, CallRow.disposition.is_(None)) if GOING_ON in dispositions else how


def _numbered(number: str) -> ColumnElement[bool]:
    if not number:
        return false()
    digits = re.sub(r"[\s()+-]", "", number)
    if not (digits.isascii() and digits.isdigit()):
        return CallRow.caller_number == number
    return CallRow.caller_number.endswith(digits, autoescape=True)


def _awaits() -> ColumnElement[bool]:
    looked_at = exists().where(ReviewRow.call_id == FlagRow.call_id, ReviewRow.flag == FlagRow.flag)
    return exists().where(FlagRow.call_id == CallRow.id, ~looked_at).correlate(CallRow)


_SHOWN = tuple(field.name for field in fields(FoundCall) if field.name != "flags")


def _rows(
    session: Session, conditions: Sequence[ColumnElement[bool]], sort: Sort, after: str, size: int
) -> Sequence[RowMapping]:
    keys, falling = order_of(sort)
    found = select(*(getattr(CallRow, name) for name in _SHOWN)).where(*conditions)
    if after:
        values = read_place(sort, after)
        last = tuple_(*(literal(value, key.type) for value, key in zip(values, keys, strict=True)))
        found = found.where(tuple_(*keys) < last if falling else tuple_(*keys) > last)
    order = [key.desc() if falling else key.asc() for key in keys]
    return session.execute(found.order_by(*order).limit(size)).mappings().all()


def _count(session: Session, conditions: Sequence[ColumnElement[bool]]) -> int:
    some = select(literal(1)).select_from(CallRow).where(*conditions).limit(COUNTED + 1).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _flags(session: Session, call_ids: Sequence[str]) -> dict[str, tuple[RaisedFlag, ...]]:
    told = (
        select(FlagRow.call_id, FlagRow.flag, FlagRow.severity, FlagRow.body, ReviewRow.verdict)
        .outerjoin(ReviewRow, and_(ReviewRow.call_id == FlagRow.call_id, ReviewRow.flag == FlagRow.flag))
        .where(FlagRow.call_id.in_(call_ids))
        .order_by(FlagRow.at_ms, FlagRow.flag)
    )
    found: dict[str, list[RaisedFlag]] = {}
    for call_id, flag, severity, body, verdict in session.execute(told):
        title = str(body.get("title") or flag)
        found.setdefault(call_id, []).append(
            RaisedFlag(flag=flag, title=title, severity=severity, verdict=verdict or "")
        )
    ranks: dict[str, int] = {severity: rank for rank, severity in enumerate(SEVERITIES)}
    return {
        call_id: tuple(sorted(flags, key=lambda flag: -ranks.get(flag.severity, 0))) for call_id, flags in found.items()
    }
