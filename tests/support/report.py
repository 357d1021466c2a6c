"""Rows of calls, for figures: what a test doesn't say is as in most calls."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from gateway.store import Store
from gateway.store.tables import CallRow, EventRow

CHINA = ZoneInfo("Asia/Shanghai")
NOW = dt.datetime(2026, 11, 29, 12, tzinfo=CHINA)
_numbers = count()


def row(call_id: str, disposition: str | None = "completed", **facts: Any) -> dict[str, Any]:
    """The columns of one call."""
    return {
        "id": call_id,
        "flow": "small",
        "flow_version": "1+aa",
        "caller_number": "13900001001",
        "called_number": "10086",
        "transport": "loopback",
        "trunk": "",
        "mode": "standard",
        "started_at": NOW - dt.timedelta(hours=1),
        "ended_at": None,
        "duration_ms": None if disposition is None else 60_000.0,
        "disposition": disposition,
        "reason": {"completed": "completed", "abandoned": "caller_hung_up", None: None}.get(disposition, "rtp_timeout"),
        "path": ["main"],
        "options": [],
        "slots": {},
        "tickets": [],
        "messages": [],
        **facts,
    }


def add_call(
    store: Store,
    disposition: str | None = "completed",
    *,
    ago: dt.timedelta | None = None,
    at: str = "",
    number: str = "13900001001",
    resumes: str = "",
    **facts: Any,
) -> str:
    """One call in the store, begun `ago` before `NOW`, or `at`; returns its id."""
    call_id = f"call{next(_numbers)}"
    began = dt.datetime.fromisoformat(at) if at else NOW - (ago or dt.timedelta(hours=1))
    columns = row(call_id, disposition, caller_number=number, started_at=began, **facts)
    if columns["duration_ms"] is not None:
        columns["ended_at"] = began + dt.timedelta(milliseconds=columns["duration_ms"])
    with store.session() as session, session.begin():
        session.execute(insert(CallRow), [columns])
        body = {"event": "call_started", "resumes": resumes}
        session.execute(
            insert(EventRow), [{"call_id": call_id, "seq": 0, "at_ms": 0.0, "kind": "call_started", "body": body}]
        )
    return call_id
