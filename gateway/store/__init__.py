"""What is remembered of calls: tables, the thread that writes them, and what can be asked.

`Store.open(directory)` owns a folder, `StoreWriter(store).emit` takes events, `queries` reads; beside an owner,
`Store.open_for_reading` is for reading alone.
"""

from __future__ import annotations

from gateway.store.queries import CallRecord, ToldCall, Wanted, events, get_call, list_calls, stream_calls
from gateway.store.store import Store
from gateway.store.writer import StoreWriter

__all__ = [
    "CallRecord",
    "Store",
    "StoreWriter",
    "ToldCall",
    "Wanted",
    "events",
    "get_call",
    "list_calls",
    "stream_calls",
]
