"""The connection to one browser: ICE finds the way, DTLS makes the keys, SRTP carries sound, SCTP carries messages.

aiortc's transports are used one by one (as in ORTC), without its `RTCPeerConnection`, senders and receivers. Those
answer whatever is offered, keep a receive buffer in which one lost packet costs 320 ms and 200 ms of delay for the rest
of the call, encode in stereo at 96 kbit/s, and need three times the CPU. What is reached into here, in `ice`
and in `sctp`: the SRTP sessions that DTLS has made, ICE's datagrams on their way to it, and SCTP's fragments.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pylibsrtp
from aiortc import (
    RTCCertificate,
    RTCDtlsTransport,
    RTCIceCandidate,
    RTCIceGatherer,
    RTCIceTransport,
)
from aiortc.exceptions import InvalidStateError
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcdtlstransport import RTCDtlsFingerprint
from aiortc.rtcicetransport import RTCIceParameters, candidate_from_aioice, candidate_to_aioice
from aiortc.rtcsctptransport import RTCSctpCapabilities

from gateway.transport.rtp.datagrams import Send
from gateway.transport.rtp.packet import is_rtcp
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.ice import IceConnection, send_over
from gateway.transport.webrtc.offer import Offer
from gateway.transport.webrtc.sctp import BoundedSctp

log = logging.getLogger(__name__)

CLOSE_WITHIN_S = 3.0
MAX_QUEUED_MESSAGES = 200
"""Written before the data channel is open; a page without one gets none."""
MAX_BUFFERED_BYTES = 65_536
"""That a page hasn't acknowledged: one that reads nothing gets no more."""
MAX_SOURCES = 32
"""SSRCs of one page: libsrtp keeps each for the whole call, and looks for them one after the other."""
MAX_CANDIDATES = 64
"""Of one page, all its fragments together."""
_STREAM = 0
_CHANNEL = RTCDataChannelParameters(label="call", negotiated=True, id=_STREAM)


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what comes from the browser; all in the event loop's thread."""

    sound: Callable[[bytes], None]
    """A packet of RTP, decrypted."""
    control: Callable[[bytes], None]
    """A packet of RTCP, decrypted."""
    message: Callable[[str], None]
    """A text of the data channel."""
    unreachable: Callable[[], None]
    """From here on nothing may be sent; perhaps more than once."""
    closed: Callable[[], None]
    """The browser has said good-bye, or the way to it is lost; at most once, and not because of `close`."""


class Peer:
    """One browser. Make it, `gather`, tell the browser, `connect`, and `close` it in any case.

    Args:
        config: addresses, ports and servers.
        certificate: ours, of any number of calls.
        listener: told what comes.
    """

    def __init__(self, config: WebrtcConfig, certificate: RTCCertificate, listener: Listener) -> None:
        self._config = config
        self._certificate = certificate
        self._listener = listener
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._connection = IceConnection(config, self._datagram, listener.unreachable)
        self._gatherer._connection = self._connection  # noqa: SLF001 - see above
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [certificate])
        self._sctp: BoundedSctp | None = None
        self._channel: RTCDataChannel | None = None
        self._waiting: list[str] = []
        self._lock = threading.Lock()
        self._open = self._closing = False
        self._sources: set[bytes] = set()
        self._remote_candidates = 0
        self._kinds: str | None = None
        self.said_goodbye = False
        """The browser has closed the connection itself."""
        self.not_authentic = 0
        """Datagrams that SRTP refused: forged, or copied."""

    # ---------------------------------------------------------------------------------------------------------- set-up

    async def gather(self) -> None:
        """Open our sockets. Bounded by the time-outs of STUN and TURN servers.

        Raises:
            NoAddressError: there is nothing to listen on.
        """
        await self._gatherer.gather()

    @property
    def ice(self) -> RTCIceParameters:
        """Our name and password for ICE."""
        return self._gatherer.getLocalParameters()

    @property
    def fingerprints(self) -> Sequence[RTCDtlsFingerprint]:
        """Of our certificate, SHA-256 alone: every browser knows it."""
        return [one for one in self._certificate.getFingerprints() if one.algorithm == "sha-256"]

    @property
    def candidates(self) -> Sequence[RTCIceCandidate]:
        """Where we are, by the public address where there is one."""
        found = [candidate_from_aioice(one) for one in self._connection.local_candidates]
        for candidate in found:
            if candidate.type == "host":
                candidate.ip = self._config.advertised(candidate.ip)
        return found

    async def add_candidates(self, candidates: Sequence[RTCIceCandidate]) -> None:
        """Where the browser may be, too. That these are all is never passed on: its checks from elsewhere count."""
        for candidate in candidates:
            if self._remote_candidates >= MAX_CANDIDATES or self._closing:
                return
            self._remote_candidates += 1
            await self._connection.add_remote_candidate(candidate_to_aioice(candidate))

    async def connect(self, offer: Offer) -> None:
        """Find the way, agree on keys, open the data channel. The caller limits the time.

        Raises:
            ConnectionError: there is no way, or whoever is there isn't the browser that made the offer.
        """
        await self.add_candidates(offer.candidates)
        self._connection.ice_controlling = offer.ice.iceLite
        self._dtls._set_role("client")  # noqa: SLF001 - our answer says active, whatever our ICE role
        await self._ice.start(offer.ice)
        if self._ice.state != "completed":
            raise ConnectionError("no way to the page was found")
        await self._dtls.start(offer.dtls)
        if self._dtls.state != "connected":
            raise ConnectionError("the page's certificate isn't that of its offer, or DTLS failed")
        self._open = True
        if (pair := self._connection.selected) is not None:
            self._kinds = f"{pair.local_candidate.type}/{pair.remote_candidate.type}"
        self._dtls.on("statechange", self._changed)
        self._ice.on("statechange", self._changed)
        if offer.sctp_port is not None and offer.data_mid is not None:
            await self._open_channel(offer.sctp_port, offer.max_message_size)

    async def _open_channel(self, port: int, max_message_size: int) -> None:
        self._sctp = BoundedSctp(self._dtls, _STREAM)
        self._channel = channel = RTCDataChannel(self._sctp, _CHANNEL)
        channel.on("open", self._flush)
        channel.on("message", self._heard)
        await self._sctp.start(RTCSctpCapabilities(maxMessageSize=max_message_size), port)

    # ----------------------------------------------------------------------------------------------------------- sound

    def _datagram(self, data: bytes) -> None:
        """SRTP or SRTCP, from anybody."""
        session = self._dtls._rx_srtp  # noqa: SLF001 - see above
        if session is None or self._closing:  # the page may have its keys a moment before us
            return
        control = is_rtcp(data)
        source = data[4:8] if control else data[8:12]
        if source not in self._sources and len(self._sources) >= MAX_SOURCES:
            self.not_authentic += 1
            return
        try:
            plain = session.unprotect_rtcp(data) if control else session.unprotect(data)
        except (pylibsrtp.Error, ValueError):
            self.not_authentic += 1
            return
        self._sources.add(source)
        (self._listener.control if control else self._listener.sound)(plain)

    def protect(self, packet: bytes) -> bytes | None:
        """Encrypt a packet of RTP, in any thread; None after the end."""
        return self._protect(packet, control=False)

    def _protect(self, packet: bytes, *, control: bool) -> bytes | None:
        with self._lock:  # a session has one buffer, and two threads send
            session = self._dtls._tx_srtp  # noqa: SLF001
            if session is None or self._closing:
                return None
            try:
                return bytes(session.protect_rtcp(packet) if control else session.protect(packet))
            except (pylibsrtp.Error, ValueError):
                return None

    @property
    def way(self) -> Send | None:
        """How to send on the way that was found; None before and after."""
        pair = self._connection.selected
        return send_over(pair) if pair is not None else None

    @property
    def selected(self) -> object:
        """Another object when ICE has chosen another way."""
        return self._connection.selected

    def describe(self) -> dict[str, str | int | None]:
        """The kinds of addresses that the call goes over (no addresses), its encryption, and what that refused."""
        srtp = "DTLS-SRTP" if self._kinds is not None else None
        return {"ice": self._kinds, "srtp": srtp, "not_authentic": self.not_authentic}

    def send_control(self, packet: bytes, way: Send) -> None:
        """Encrypt and send a packet of RTCP."""
        if (protected := self._protect(packet, control=True)) is not None:
            way(protected)

    # -------------------------------------------------------------------------------------------------------- messages

    def tell(self, text: str) -> None:
        """Send a text, now or when the data channel opens; dropped when there is none, or nobody reads."""
        channel = self._channel
        if self._closing:
            return
        if channel is None or channel.readyState == "connecting":
            if len(self._waiting) < MAX_QUEUED_MESSAGES:
                self._waiting.append(text)
        elif channel.readyState == "open" and channel.bufferedAmount < MAX_BUFFERED_BYTES:
            try:
                channel.send(text)
            except (InvalidStateError, ValueError):  # longer than the page takes, or gone in the meantime
                log.warning("a message to a page was too long, or came too late")

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        for text in waiting:
            self.tell(text)

    def _heard(self, message: str | bytes) -> None:
        if isinstance(message, str) and not self._closing:
            self._listener.message(message)

    # ------------------------------------------------------------------------------------------------------------- end

    def _changed(self) -> None:
        """A transport has another state."""
        if self._open and not self._closing and (self._dtls.state != "connected" or self._ice.state != "completed"):
            self._open = False
            self.said_goodbye = not self._connection.gone
            self._listener.closed()

    async def close(self) -> None:
        """Say good-bye and let go of everything, in bounded time; idempotent."""
        if self._closing:
            return
        with self._lock:
            self._closing = True
        for part in (self._sctp, self._dtls, self._ice):
            if part is None:
                continue
            try:
                async with asyncio.timeout(CLOSE_WITHIN_S):
                    await part.stop()
            except Exception as error:  # noqa: BLE001 - whatever one has come to, the others must be closed
                log.error("a connection to a page doesn't close as it should: %r", error)
        for transport in (self._dtls, self._ice, *((self._channel,) if self._channel is not None else ())):
            transport.remove_all_listeners()
