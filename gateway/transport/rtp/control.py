"""The RTCP of one stream: where reports come from and go to."""

from __future__ import annotations

import contextlib
import time

from gateway.transport.rtp.datagrams import Address, Send, Source, drain, sender_to
from gateway.transport.rtp.plan import MAX_PORT, StreamPlan
from gateway.transport.rtp.ports import PortPair
from gateway.transport.rtp.reporting import Reporting, Sent
from gateway.transport.rtp.rtcp import parse_report
from gateway.transport.rtp.sender import monotonic_ms
from gateway.transport.rtp.srtp import SrtpContext
from gateway.transport.rtp.statistics import ReceiveStatistics

_MAX_AT_ONCE = 8

Heard = tuple[int, ReceiveStatistics]
"""SSRC and figures of the source that is heard."""


class ControlChannel:
    """Reads and sends reports. They are believed from the host whose sound is heard, with its SSRC; the first of them
    pins the port, and reports go there from then on.

    Args:
        sockets: of the stream.
        reporting: what reports say.
    """

    __slots__ = ("_address", "_mux", "_pinned", "_send", "_sockets", "foreign", "reporting", "srtp")

    def __init__(self, sockets: PortPair, reporting: Reporting) -> None:
        self._sockets = sockets
        self.reporting = reporting
        self.srtp: SrtpContext | None = None
        self._mux = False
        self._address: Address | None = None
        self._pinned: Source | None = None
        self._send: Send | None = None
        self.foreign = 0
        """Packets that were not believed."""

    def aim(self, plan: StreamPlan, source: Address | None, srtp: SrtpContext | None) -> None:
        """Where reports go: what the SDP says of RTCP, else the port above the sound's own.

        Args:
            plan: what was agreed on.
            source: where sound comes from, once that is known.
            srtp: encryption.
        """
        self.srtp = srtp
        address = source or plan.destination
        if address is not None and not plan.rtcp_mux:
            # Behind a NAT, what the SDP says of RTCP is as wrong as what it says of the sound.
            named = plan.remote_rtcp if address == plan.remote else None
            address = named or (address[0], address[1] + 1)
        if (address, plan.rtcp_mux) != (self._address, self._mux):
            self._address, self._mux, self._pinned = address, plan.rtcp_mux, None
            self._point_at(address)

    def _point_at(self, address: Address | None) -> None:
        self._send = None
        if address is not None and 0 < address[1] <= MAX_PORT:
            sock = self._sockets.rtp if self._mux else self._sockets.rtcp
            with contextlib.suppress(OSError):  # a host of another family: no reports, and the call goes on
                self._send = sender_to(sock, address)

    def poll(self, now_ms: float, source: Address | None, heard: Heard | None) -> None:
        """Read what came to the port of RTCP."""
        for data, origin, arrival_ms in drain(
            self._sockets.rtcp, _MAX_AT_ONCE, now_ms, timestamps=self._sockets.timestamps
        ):
            self.accept(data, origin, arrival_ms, (source, heard))

    def accept(
        self, data: bytes, origin: Source, arrival_ms: float, known: tuple[Address | None, Heard | None]
    ) -> None:
        """Take a packet.

        Args:
            data: of RTCP or SRTCP, perhaps.
            origin: where it came from.
            arrival_ms: when.
            known: where sound comes from, and whose.
        """
        source, heard = known
        if source is None or heard is None or not self._believes(origin, source):
            self.foreign += 1
            return
        plain = data if self.srtp is None else self.srtp.unprotect_rtcp(data)
        report = parse_report(plain) if plain is not None else None
        if report is None or report.ssrc != heard[0]:
            self.foreign += 1
            return
        if self._pinned is None and not self._mux:
            self._pinned = origin
            self._point_at((origin[0], origin[1]))
        self.reporting.read(report, arrival_ms, time.time() - max(0.0, monotonic_ms() - arrival_ms) / 1000)

    def _believes(self, origin: Source, source: Address) -> bool:
        if self._mux:
            return origin[:2] == source
        if self._pinned is not None:
            return origin == self._pinned
        return origin[0] == source[0] or origin[:2] == self._address

    def send(self, now_ms: float, sent: Sent, heard: Heard | None, *, last: bool = False) -> None:
        """Send a report now; what can't be sent is left out."""
        if self._send is None:
            return
        data: bytes | None = self.reporting.write(now_ms, time.time(), sent, heard, last=last)
        if data is not None and self.srtp is not None:
            data = self.srtp.protect_rtcp(data)
        if data is not None:
            self._send(data)
