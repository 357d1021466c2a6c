"""What a call looks like from above its transport: frames both ways, keys, and an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from gateway.media.frames import Frame


@dataclass(frozen=True, slots=True)
class LegInfo:
    """Who calls whom, and how."""

    caller_number: str
    called_number: str
    transport: str


@dataclass(frozen=True, slots=True)
class LegInput:
    """What came from the caller during one 20 ms tick."""

    frame: Frame
    keys: tuple[str, ...] = ()
    hung_up: bool = False


@dataclass(frozen=True, slots=True)
class HotlineState:
    """What the hotline is doing, told to the leg each tick so that a scripted caller can wait for it."""

    speaking: bool
    """A prompt is on the line."""
    listening: bool
    """The hotline waits for an answer and isn't working on one."""


@runtime_checkable
class Leg(Protocol):
    """One party's media. All methods are non-blocking and called once per tick, in this order: receive, send.

    Once either side has hung up, `receive` says so with every tick and `send` has no effect.
    """

    @property
    def info(self) -> LegInfo: ...

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        """What arrived since the last tick; a frame of silence when nothing did."""

    def send(self, frame: Frame) -> None:
        """Put one 20 ms frame on the line."""

    def hang_up(self, reason: str) -> None:
        """End the leg from our side; idempotent."""
