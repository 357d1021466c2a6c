"""A caller in a browser as a leg: what the call above sees of the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from gateway.events import Event
from gateway.media.frames import FRAME_MS, SILENCE, Frame
from gateway.transport.leg import CALLER_HUNG_UP, HandOver, HotlineState, LegInfo, LegInput
from gateway.transport.rtp.keys import KeyMerger
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.messages import Said, Teller, write_message
from gateway.transport.webrtc.stream import BrowserStream

CONNECTION_LOST = "connection_lost"
"""Nothing at all comes any more, or the way to the page broke: the page may call again and go on."""
RTP_TIMEOUT = "rtp_timeout"
"""The page is there and sends no sound."""
SAME_KEY_MS = 1500.0
"""A key told by message and by the sound's own events within this time is one press."""
_ALIVE_EVERY_MS = 1000.0
_ANY_QUEUE = "*"


class Control(Protocol):
    """What the leg asks of its call."""

    def tell(self, message: str) -> None:
        """Send a message to the page; lost when it can't be."""

    def hang_up(self, reason: str) -> None:
        """End the call; idempotent."""


class WebrtcLeg:
    """The `Leg` of one browser call. Made when the call is offered; its ticks begin once it is connected."""

    def __init__(
        self,
        info: LegInfo,
        control: Control,
        stream: BrowserStream,
        config: WebrtcConfig,
        describe: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._info = info
        self._control = control
        self._stream = stream
        self._config = config
        self._describe = describe
        self._teller = Teller()
        self._keys = KeyMerger(SAME_KEY_MS)
        self._pressed: list[str] = []
        self._now_ms = 0.0
        self._heard_ms = 0.0
        self._told_ms = 0.0
        self._asked_ms: float | None = None
        """Since when the caller has a link to a human before them."""
        self._handed_over: HandOver | None = None
        self._ended: str | None = None

    @property
    def info(self) -> LegInfo:
        return self._info

    @property
    def line(self) -> Mapping[str, Any] | None:
        return {**self._stream.report(), **self._describe()}

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        """What arrived since the last tick."""
        if self._ended is not None:
            return LegInput(SILENCE, hung_up=True, reason=self._ended, handed_over=self._told())
        self._now_ms = now_ms
        received = self._stream.receive(now_ms)
        keys = tuple(key for key in received.keys if self._keys.accept(key, now_ms, "sound")) + tuple(self._pressed)
        self._pressed.clear()
        self._watch(now_ms)
        self._tell(now_ms, state)
        return LegInput(received.frame, keys, handed_over=self._told())

    def send(self, frame: Frame) -> None:
        """Put one 20 ms frame on the line."""
        if self._ended is None:
            self._stream.send(frame)

    def transfer(self, queue: str) -> None:
        """Offer the caller the link to the people of a queue, and wait whether they follow it."""
        link = self._config.queues.get(queue) or self._config.queues.get(_ANY_QUEUE)
        self._control.tell(write_message("transfer", queue=queue, to=link))
        if link is None:
            self._handed_over = HandOver(ok=False, reason="unknown_queue")
        else:
            self._asked_ms = self._now_ms

    def hang_up(self, reason: str) -> None:
        """End the leg from our side; idempotent."""
        if self._ended is None:
            self.end(reason)
            self._control.tell(write_message("ended", reason=reason))
            self._control.hang_up(reason)

    # ------------------------------------------------------------------------------------------------ told by the call

    def event(self, event: Event) -> None:
        """Something happened in the call: show it to the caller."""
        if (message := self._teller.event(event)) is not None:
            self._control.tell(message)

    def said(self, said: Said) -> None:
        """The page has said something; what it says shows that it is there."""
        self._heard_ms = self._now_ms
        match said.kind:
            case "key" if self._keys.accept(said.key, self._now_ms, "message"):
                self._pressed.append(said.key)
            case "transferred" if self._asked_ms is not None:
                self._asked_ms, self._handed_over = None, HandOver(ok=True)
            case "bye":
                self.end()
                self._control.hang_up(CALLER_HUNG_UP)
            case _:
                pass

    def end(self, reason: str = CALLER_HUNG_UP) -> None:
        """The call is over; what ended it first stands."""
        self._ended = self._ended or reason

    # ------------------------------------------------------------------------------------------------------- each tick

    def _told(self) -> HandOver | None:
        told, self._handed_over = self._handed_over, None
        return told

    def _watch(self, now_ms: float) -> None:
        """End a call whose page has gone, and a transfer that nobody follows."""
        silent_ms = self._stream.silent_ms(now_ms)
        if min(silent_ms, now_ms - self._heard_ms) > self._config.vanished_after_ms:
            self.hang_up(CONNECTION_LOST)
        elif silent_ms > self._config.rtp_timeout_s * 1000:
            self.hang_up(RTP_TIMEOUT)
        if self._asked_ms is not None and now_ms - self._asked_ms > self._config.transfer_timeout_s * 1000:
            self._asked_ms, self._handed_over = None, HandOver(ok=False, reason="timeout")

    def _tell(self, now_ms: float, state: HotlineState) -> None:
        if (message := self._teller.state(state)) is not None:
            self._control.tell(message)
        if now_ms - self._told_ms >= _ALIVE_EVERY_MS - FRAME_MS / 2:
            self._told_ms = now_ms
            self._control.tell(write_message("alive"))
