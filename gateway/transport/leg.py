"""What a call looks like from above its transport: frames both ways, keys, handing over to a human, and an end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from gateway.media.frames import Frame

CALLER_HUNG_UP = "caller_hung_up"
"""Why most legs end; any other reason is the line's fault or ours."""


@dataclass(frozen=True, slots=True)
class LegInfo:
    """Who calls whom, and how."""

    caller_number: str
    """Empty when withheld."""
    called_number: str
    transport: str
    """`loopback`, `sip+udp`, `sip+tls`, `webrtc`, ..."""
    trunk: str = ""
    """The line that the call came in on, as the settings name it; empty where there are none."""
    key: str = field(default="", repr=False)
    """A secret that the caller's side knows this call by; empty where no later call could name it."""
    resumes: str = field(default="", repr=False)
    """The `key` of a call whose line was lost, which this one goes on with; empty for most calls."""


@dataclass(frozen=True, slots=True)
class HandOver:
    """How the handing over of a caller went."""

    ok: bool
    reason: str = ""
    """Why it failed: `declined`, `timeout`, a SIP status such as `486`, ..."""


@dataclass(frozen=True, slots=True)
class LegInput:
    """What came from the caller during one 20 ms tick."""

    frame: Frame
    keys: tuple[str, ...] = ()
    hung_up: bool = False
    reason: str = CALLER_HUNG_UP
    """Why the leg ended, once it has."""
    handed_over: HandOver | None = None
    """How a `transfer` went; told once."""
    on_hold: bool = False
    """The caller has put us on hold: they neither hear us nor are they to be waited for."""


@dataclass(frozen=True, slots=True)
class HotlineState:
    """What the hotline is doing, told to the leg each tick so that a scripted caller can wait for it."""

    speaking: bool
    """A prompt is on the line."""
    listening: bool
    """The hotline waits for an answer and isn't working on one."""


@runtime_checkable
class Leg(Protocol):
    """One party's media. All methods are non-blocking; `receive` and `send` are called once per tick, in this order.

    Once either side has hung up, `receive` says so with every tick and `send` has no effect.
    """

    @property
    def info(self) -> LegInfo: ...

    @property
    def line(self) -> Mapping[str, Any] | None:
        """How the line was so far, JSON's own types only (codec, packets, loss, jitter); None without a network."""

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        """What arrived since the last tick; a frame of silence when nothing did."""

    def send(self, frame: Frame) -> None:
        """Put one 20 ms frame on the line."""

    def transfer(self, queue: str) -> None:
        """Begin to hand the caller to the people of a queue. A later `receive` says how it went, in bounded time."""

    def hang_up(self, reason: str) -> None:
        """End the leg from our side; idempotent."""
