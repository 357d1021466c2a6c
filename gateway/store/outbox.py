"""What is to be sent: documents that wait in the store, in the order in which they are to arrive."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from gateway.store.tables import OutboxRow


def put(session: Session, call_id: str, topic: str, key: str, body: dict[str, Any], created_at: datetime) -> None:
    """Add a document to the open transaction of `session`; one whose `key` is there already is not added again."""
    row = {"call_id": call_id, "topic": topic, "key": key, "body": body, "created_at": created_at}
    session.execute(insert(OutboxRow).values(row).on_conflict_do_nothing(index_elements=["key"]))
