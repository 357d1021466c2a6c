"""Telling one thing to several listeners; for now within the process only."""

from __future__ import annotations

import logging

from gateway.events import Emit, Event

log = logging.getLogger(__name__)


def fan_out(*listeners: Emit) -> Emit:
    """One `Emit` that passes each event to `listeners` in order; one that raises is told no more, the others are."""
    listening = list(listeners)

    def emit(event: Event) -> None:
        for listener in tuple(listening):
            try:
                listener(event)
            except Exception:
                listening.remove(listener)
                log.exception("a listener failed on %s and is told no more of this call", event.event)

    return emit
