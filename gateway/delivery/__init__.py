"""Sending on: documents leave the store's outbox for webhooks, files and listeners, at least once, in order per call.

`Courier.open(settings.delivery, store, settings.now)`, `start()` on the event loop, `notify()` after something was
put into the outbox, `await stop()` before the store is closed. docs/sending.md tells the receivers' side.
"""

from __future__ import annotations

from gateway.delivery.config import DeliveryConfig
from gateway.delivery.courier import Courier

__all__ = ["Courier", "DeliveryConfig"]
