"""The sound of one call, as its signalling sees it: ports, what was agreed, and the stream that does it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

from gateway.media.frames import FRAME_MS
from gateway.media.tones import ringing_frame
from gateway.transport.rtp.ports import PortPair, PortPool
from gateway.transport.rtp.sender import RtpSender
from gateway.transport.rtp.stream import RtpStream, StreamPlan
from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.hop import Local
from gateway.transport.sip.negotiate import Here, Negotiator
from gateway.transport.timers import Timer, Timers


class Sound:
    """Everything that calls share to have sound: ports and the thread that sends."""

    def __init__(self, config: SipConfig) -> None:
        self._config = config
        self._pools: dict[str, PortPool] = {}
        self.sender = RtpSender()

    def open(self, local: Local) -> MediaLine:
        """A line for a call that came in on `local`. Raises NoPortsError, and OSError."""
        host = local.media_host
        if host not in self._pools:
            self._pools[host] = PortPool(host, self._config.port_range)
        return MediaLine(self._config, self._pools[host].take(), self.sender, local.host)


class MediaLine:
    """The media of one call, from the offer to the end."""

    def __init__(self, config: SipConfig, sockets: PortPair, sender: RtpSender, advertised: str) -> None:
        self._sockets = sockets
        self._sender = sender
        self._negotiator = Negotiator(config, Here(advertised, sockets.port, sockets.address))
        self._tone: Timer | None = None
        self.stream: RtpStream | None = None
        self.plan: StreamPlan | None = None

    @property
    def on_hold(self) -> bool:
        """The other side doesn't want to hear us now."""
        return self.plan is not None and not self.plan.sends

    def silent_ms(self, now_ms: float) -> float:
        """How long sound that was agreed on has not come, on the call's clock."""
        return self.stream.silent_ms(now_ms) if self.stream and self.plan and self.plan.receives else 0.0

    def answer(self, offer: str) -> str:
        """Agree to an offer, from now on; our answer to it. Raises SdpError, and then all stays as it was."""
        agreement = self._negotiator.answer(offer)
        self._follow(agreement.plan)
        return agreement.sdp

    def offer(self) -> str:
        """What we want: all that we can, or once it is agreed, to go on as it is."""
        return self._negotiator.offer()

    def accept(self, answer: str) -> None:
        """The other side answered our offer. Raises SdpError."""
        self._follow(self._negotiator.accept(answer))

    def ring(self, timers: Timers) -> None:
        """Send the ringing tone until `quiet`."""
        numbers, began_ms = itertools.count(), timers.now_ms()

        def tick() -> None:
            number = next(numbers)
            if self.stream:
                self.stream.send(ringing_frame(number))
            next_ms = began_ms + (number + 1) * FRAME_MS  # absolute, or the tone would fall behind and have gaps
            self._tone = timers.later(max(0.0, next_ms - timers.now_ms()), tick)

        self.quiet()
        tick()

    def quiet(self) -> None:
        """No ringing tone any more; idempotent."""
        if self._tone:
            self._tone.cancel()
            self._tone = None

    def begin(self) -> None:
        """The call begins: what the other side sent before is no part of it."""
        if self.stream:
            self.stream.forget_unread()

    def report(self) -> dict[str, Any] | None:
        """How the line was; None before there was one."""
        return self.stream.report() if self.stream else None

    def close(self) -> None:
        """No more sound, and the ports are free again; idempotent."""
        self.quiet()
        if self.stream:
            self.stream.close()
        else:
            self._sockets.close()

    def _follow(self, plan: StreamPlan) -> None:
        if plan.remote is None and self.plan is not None:
            plan = replace(plan, remote=self.plan.remote)  # held the old way: where to, we know from before
        self.plan = plan
        if self.stream is None:
            self.stream = RtpStream(self._sockets, self._sender, plan)
        else:
            self.stream.update(plan)
