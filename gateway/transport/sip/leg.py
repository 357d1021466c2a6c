"""A telephone caller as a leg: what the call above sees of SIP and RTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.media.frames import SILENCE, Frame
from gateway.transport.leg import CALLER_HUNG_UP, HandOver, HotlineState, LegInfo, LegInput
from gateway.transport.rtp.keys import KeyMerger
from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.media import MediaLine
from gateway.transport.timers import Timers

LAST_WORDS_MS = 300.0
"""How long the line stays up after our last frame: what is still queued here and in the caller's own play-out buffer
would be cut off by the BYE."""
SAME_KEY_MS = 1500.0
"""A key told by INFO and by the sound's own events within this time is one press."""


class Control(Protocol):
    """What the leg asks of its signalling."""

    def hang_up(self, reason: str) -> None:
        """End the call; idempotent."""

    def transfer(self, queue: str) -> None:
        """Begin to hand the caller over."""

    @property
    def transferring(self) -> bool:
        """The other side is handing the caller over, and hasn't said yet how that went."""


class SipLeg:
    """The `Leg` of one telephone call. Made when the call is answered."""

    def __init__(self, info: LegInfo, control: Control, line: MediaLine, config: SipConfig, timers: Timers) -> None:
        self._info = info
        self._control = control
        self._line = line
        self._config = config
        self._timers = timers
        self._held_since_ms: float | None = None
        self._resumed_ms = 0.0
        self._pressed: list[str] = []
        self._keys = KeyMerger(SAME_KEY_MS)
        self._handed_over: HandOver | None = None
        self._ended: str | None = None

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def line(self) -> Mapping[str, Any] | None:
        return self._line.report()

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:  # noqa: ARG002 - for scripted callers
        """What arrived since the last tick."""
        if self._ended is not None:
            return LegInput(SILENCE, hung_up=True, reason=self._ended, handed_over=self._told())
        if self._line.stream is None:
            return LegInput(SILENCE, handed_over=self._told())
        received = self._line.stream.receive(now_ms)
        at_ms = self._timers.now_ms()
        keys = tuple(key for key in received.keys if self._keys.accept(key, at_ms, "sound")) + tuple(self._pressed)
        self._pressed.clear()
        if reason := self._dead(now_ms):
            self._control.hang_up(reason)
            self.end(reason)
        return LegInput(received.frame, keys, on_hold=self._line.on_hold, handed_over=self._told())

    def send(self, frame: Frame) -> None:
        """Put one 20 ms frame on the line."""
        if self._ended is None and self._line.stream is not None:
            self._line.stream.send(frame)

    def transfer(self, queue: str) -> None:
        """Begin to hand the caller to the people of a queue, by REFER."""
        self._control.transfer(queue)

    def hang_up(self, reason: str) -> None:
        """End the call from our side; idempotent."""
        if self._ended is None:
            self.end(reason)
            self._timers.later(LAST_WORDS_MS, lambda: self._control.hang_up(reason))

    # ------------------------------------------------------------------------------------------ told by the signalling

    def press(self, key: str) -> None:
        """A key came by INFO."""
        if self._keys.accept(key, self._timers.now_ms(), "info"):
            self._pressed.append(key)

    def handed_over(self, outcome: HandOver) -> None:
        """How a transfer went."""
        self._handed_over = outcome

    def end(self, reason: str = CALLER_HUNG_UP) -> None:
        """The call is over; what ended it first stands."""
        self._ended = self._ended or reason

    def _told(self) -> HandOver | None:
        told, self._handed_over = self._handed_over, None
        return told

    def _dead(self, now_ms: float) -> str | None:
        """Why there is nobody any more, if so."""
        if self._line.on_hold:
            if self._held_since_ms is None:
                self._held_since_ms = now_ms
            return "hold_timeout" if now_ms - self._held_since_ms > self._config.hold_timeout_s * 1000 else None
        if self._held_since_ms is not None or self._control.transferring:  # then the caller listens to somebody else
            self._held_since_ms, self._resumed_ms = None, now_ms
        silent_ms = min(self._line.silent_ms(now_ms), now_ms - self._resumed_ms)
        return "rtp_timeout" if silent_ms > self._config.rtp_timeout_s * 1000 else None
