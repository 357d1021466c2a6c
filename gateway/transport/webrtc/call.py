"""One browser call, from its offer to its end; every wait is bounded, and every way out frees everything.

    gather, answer             ICE, DTLS                   hang-up by either side, gone, silent
OFFERED ──────────▶ CONNECTING ──────────▶ TALKING ─────────────────▶ ENDED
                        └── connect_timeout_s ────────────────────────▶┘
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from aiortc import RTCCertificate

from gateway.transport.leg import CALLER_HUNG_UP, LegInfo
from gateway.transport.limits import RateLimit
from gateway.transport.rtp.sender import RtpSender, monotonic_ms
from gateway.transport.switchboard import Place
from gateway.transport.webrtc.answer import Ours, write_answer
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.leg import CONNECTION_LOST, WebrtcLeg
from gateway.transport.webrtc.messages import read_message
from gateway.transport.webrtc.offer import Fragment, Offer
from gateway.transport.webrtc.peer import Listener, Peer
from gateway.transport.webrtc.stream import BrowserStream, new_ssrc

log = logging.getLogger(__name__)

LAST_WORDS_S = 0.3
"""How long the line stays up after our last frame: what is still queued here and in the page's own buffer."""
MESSAGES_PER_S = 20.0
_PAGE = "page"


@dataclass(frozen=True, slots=True)
class Office:
    """What the calls of an endpoint share."""

    config: WebrtcConfig
    sender: RtpSender
    certificate: RTCCertificate
    forget: Callable[[BrowserCall], None]
    """The call is over, and everything of it is freed."""


class BrowserCall:
    """A call that was let in: it has its place. `answer` once, then `run` to its end; `close` where that isn't reached.

    Implements `gateway.transport.webrtc.calls.OpenCall`.
    """

    def __init__(self, office: Office, offer: Offer, info: LegInfo, place: Place) -> None:
        self.key = info.key
        self.etag = secrets.token_hex(8)
        self._office = office
        self._offer = offer
        self._place: Place | None = place
        self._over = asyncio.Event()
        self._messages = RateLimit(MESSAGES_PER_S)
        self._ssrc, self._cname = new_ssrc(), secrets.token_urlsafe(12)
        self._stream = BrowserStream(
            office.sender, offer.opus, offer.telephone_events, ssrc=self._ssrc, cname=self._cname
        )
        stream = self._stream
        listener = Listener(stream.accept, stream.accept_control, self._message, stream.halt, self._lost)
        self._peer = Peer(office.config, office.certificate, listener)
        self._leg = WebrtcLeg(info, self, self._stream, office.config, self._peer.describe)

    @property
    def ufrag(self) -> str:
        """The page's."""
        return self._offer.ice.usernameFragment or ""

    async def answer(self) -> str:
        """Open our sockets and answer the offer. Bounded.

        Raises:
            ConnectionError: there is nothing to listen on.
        """
        await self._peer.gather()
        peer = self._peer
        return write_answer(
            self._offer, Ours(peer.ice, peer.fingerprints, peer.candidates, ssrc=self._ssrc, cname=self._cname)
        )

    async def add_candidates(self, fragment: Fragment) -> None:
        """Take candidates that the page found later."""
        await self._peer.add_candidates(fragment.candidates)

    async def run(self) -> None:
        """Connect, hand the call to the switchboard, and wait until it is over."""
        try:
            if await self._connected() and self._place is not None:
                place, self._place = self._place, None
                self._stream.begin(self._peer)
                place.take(self._leg, self._leg.event)
                await self._over.wait()
        finally:
            await self.close()

    async def _connected(self) -> bool:
        """Whether the page could be reached. One that hangs up in the meantime isn't waited for."""
        connecting = asyncio.create_task(self._peer.connect(self._offer))
        over = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait(
                {connecting, over}, timeout=self._office.config.connect_timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            over.cancel()
            connecting.cancel()
            done = await asyncio.gather(connecting, over, return_exceptions=True)
        if self._over.is_set():
            return False
        if done[0] is None:
            return True
        known = isinstance(done[0], ConnectionError | asyncio.CancelledError)
        log.warning("a page could not be connected: %s", done[0] if isinstance(done[0], ConnectionError) else "no way")
        if not known:
            log.error("connecting a page failed by an error of ours", exc_info=done[0])
        return False

    async def close(self) -> None:
        """Free everything. Bounded; idempotent."""
        self._leg.end(CALLER_HUNG_UP)
        self._over.set()
        if self._place is not None:
            self._place.release()
            self._place = None
        try:
            self._stream.close()
            with suppress(asyncio.CancelledError):
                await asyncio.shield(self._peer.close())
        finally:
            self._office.forget(self)

    # ---------------------------------------------------------------------------------------------- from page and call

    def tell(self, message: str) -> None:
        """The leg's: a message to the page."""
        self._peer.tell(message)

    def hang_up(self, reason: str = CALLER_HUNG_UP) -> None:
        """The leg's, and the page's DELETE: the call is over. Our own last words are waited for."""
        if reason == CALLER_HUNG_UP:
            self._leg.end(reason)
            self._over.set()
        elif not self._over.is_set():
            asyncio.get_running_loop().call_later(LAST_WORDS_S, self._over.set)

    def end(self, reason: str) -> None:
        """The transport's: end it from our side."""
        if self._place is not None:  # not connected yet
            self._over.set()
        self._leg.hang_up(reason)

    def _message(self, text: str) -> None:
        if self._messages.allows(_PAGE, monotonic_ms()) and (said := read_message(text)) is not None:
            self._leg.said(said)

    def _lost(self) -> None:
        """The page closed the connection (it says good-bye by DTLS), or ICE has lost it."""
        self._leg.end(CALLER_HUNG_UP if self._peer.said_goodbye else CONNECTION_LOST)
        self._over.set()
