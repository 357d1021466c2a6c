"""What is remembered of calls: tables, the thread that writes them, and what can be asked.

`Store.open(directory)` owns a folder, `StoreWriter(store).emit` takes events, `queries` reads.
"""

from __future__ import annotations

from gateway.store.queries import CallRecord, events, get_call, list_calls
from gateway.store.store import Store
from gateway.store.writer import StoreWriter

__all__ = ["CallRecord", "Store", "StoreWriter", "events", "get_call", "list_calls"]
