"""Where transports bring their calls: who may come in is decided above, before anything is answered."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from gateway.events import Emit
from gateway.transport.leg import Leg, LegInfo


class Refusal(StrEnum):
    """Why a call is not taken."""

    UNKNOWN_NUMBER = "unknown_number"
    """No hotline has the number that was called (SIP 404)."""
    BUSY = "busy"
    """The trunk it comes on has all the calls it may have (SIP 486)."""
    FULL = "full"
    """The gateway has all the calls it may have; later, or elsewhere, there is room (SIP 503)."""
    DRAINING = "draining"
    """The gateway is shutting down (SIP 503)."""


class Place(Protocol):
    """Room for one call, held from the moment it is admitted. Exactly one of the two is called."""

    def take(self, leg: Leg, watch: Emit | None = None) -> None:
        """The call is answered: run it. Returns at once; the call is owned by the switchboard.

        Args:
            leg: the caller.
            watch: told everything that happens in the call, as it happens; for a caller who sees what is said.
        """

    def release(self) -> None:
        """It didn't come to a call."""


class Switchboard(Protocol):
    """What a transport knows of the gateway. Non-blocking, for the event loop's thread."""

    @property
    def accepting(self) -> bool:
        """New calls are welcome: neither draining nor full. What a health probe is told."""

    def admit(self, info: LegInfo) -> Place | Refusal:
        """Ask for a place for a call that comes in."""
