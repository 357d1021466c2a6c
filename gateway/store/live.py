"""Calls that are going on, as somebody watches them: which there are, and what happened in them since the last look.

Both questions are answered from an index: open calls from one that holds them alone (`ix_calls_going_on`), their new
events from the key of the events, behind the number that each call was read to. However many calls are stored, a look
costs what has happened since the one before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, String, and_, case, column, null, select, values

from gateway.store.store import Store
from gateway.store.tables import CallRow, EventRow

TOLD = (
    "node_entered",
    "mode_changed",
    "turn_finished",
    "turn_analyzed",
    "flag_raised",
    "transfer_requested",
    "call_ended",
    "call_analyzed",
)
"""The kinds of events that are told whole; of the others only when they were."""
MOST_CALLS = 1000
"""Calls that are watched; more than one machine can have up."""
MOST_EVENTS = 5000
"""Events of one look; what is beyond comes with the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call without an end."""

    id: str
    flow: str
    mode: str
    caller_number: str
    """Whole; whoever shows it masks it."""
    started_at: datetime
    """Aware, UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """An event of a watched call."""

    call_id: str
    seq: int
    at_ms: float
    """On the call's media clock."""
    kind: str
    body: Mapping[str, Any] | None
    """As `gateway.events.to_json` wrote it; None unless its kind is one of `TOLD`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one look found."""

    calls: tuple[OpenCall, ...]
    """Those that are open now."""
    events: tuple[Happening, ...]
    """By call, in the order they were told; also of calls that have ended since."""


def look(store: Store, after: Mapping[str, int]) -> Look:
    """What is going on.

    Args:
        after: of each call that was watched until now, the `seq` of the last event that is known; -1 for none.

    Raises:
        StoreError: the database can't be read.
    """
    names = ("id", "flow", "mode", "caller_number", "started_at")
    going_on = select(*(getattr(CallRow, name) for name in names)).where(CallRow.disposition.is_(None))
    with store.session() as session:
        rows = session.execute(going_on.order_by(CallRow.id).limit(MOST_CALLS)).mappings().all()
        places = {row["id"]: -1 for row in rows} | dict(after)
        told = session.execute(_behind(places)).mappings().all() if places else []
    return Look(calls=tuple(OpenCall(**row) for row in rows), events=tuple(Happening(**row) for row in told))


def _behind(places: Mapping[str, int]) -> Select[Any]:
    """The events behind a place in each call; one search of the key for each."""
    after = (
        values(column("call_id", String), column("seq", Integer), name="after").data(list(places.items())).cte("after")
    )
    body = case((EventRow.kind.in_(TOLD), EventRow.body), else_=null()).label("body")
    return (
        select(EventRow.call_id, EventRow.seq, EventRow.at_ms, EventRow.kind, body)
        .join(after, and_(EventRow.call_id == after.c.call_id, EventRow.seq > after.c.seq))
        .order_by(EventRow.call_id, EventRow.seq)
        .limit(MOST_EVENTS)
    )
