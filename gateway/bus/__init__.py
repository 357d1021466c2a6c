"""Telling one thing to several listeners; for now within the process only."""

from __future__ import annotations

import logging

from gateway.events import Emit, Event

log = logging.getLogger(__name__)


def fan_out(*listeners: Emit) -> Emit:
    """One `Emit` that passes each event to `listeners` in order; one that raises is logged and spares the others."""

    def emit(event: Event) -> None:
        for listener in listeners:
            try:
                listener(event)
            except Exception:
                log.exception("a listener failed on %s", event.event)

    return emit
