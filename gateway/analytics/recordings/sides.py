"""Who is where in a recording."""

from __future__ import annotations

import typing
from dataclasses import dataclass

from gateway.findings import Participant

SIDES: tuple[Participant, ...] = typing.get_args(Participant)


@dataclass(frozen=True, slots=True)
class Sides:
    """Who speaks in which channel."""

    left: Participant = "customer"
    right: Participant = "agent"
    mono: Participant | None = None
    """Who speaks in a mono file; None: whoever can be told apart."""
