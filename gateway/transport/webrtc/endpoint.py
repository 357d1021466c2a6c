"""The browser transport: what listens, and which calls there are."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import secrets
import ssl
from contextlib import suppress

from gateway.errors import TransportError
from gateway.transport.config import BROWSER
from gateway.transport.leg import LegInfo
from gateway.transport.rtp.sender import RtpSender, monotonic_ms
from gateway.transport.switchboard import Refusal, Switchboard
from gateway.transport.webrtc.call import BrowserCall, Office
from gateway.transport.webrtc.calls import Opened, Wanted
from gateway.transport.webrtc.certificate import OwnCertificate
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.listeners import Listeners
from gateway.transport.webrtc.offer import Offer
from gateway.transport.webrtc.site import web_app

log = logging.getLogger(__name__)

STOP_WITHIN_S = 5.0
"""How long stopping waits for calls to say their last words and to close."""
_RENEW_BEFORE = dt.timedelta(days=2)


def _no_pass_phrase() -> str:
    """OpenSSL would ask for it on the terminal, and a service would wait there for ever."""
    raise ValueError("the key has a pass phrase")


class WebrtcTransport:
    """Browser calls for a switchboard. Everything happens on the event loop that `start` ran in.

    Implements `gateway.transport.webrtc.calls.Calls`.

    Args:
        config: the settings.
        switchboard: decides who may come in, and runs the calls.
        title: what the page says it calls.
    """

    def __init__(self, config: WebrtcConfig, switchboard: Switchboard, title: str) -> None:
        self._config = config
        self._switchboard = switchboard
        self._title = title
        self._sender = RtpSender()
        self._certificate: OwnCertificate | None = None
        self._stopping = False
        self._calls: dict[str, BrowserCall] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: Listeners | None = None
        self.addresses: list[str] = []
        """Where it listens, with the ports that were chosen."""

    # --------------------------------------------------------------------------------------------------- start and stop

    async def start(self) -> None:
        """Listen.

        Raises:
            TransportError: an address can't be had, the certificate can't be read, or the page's files are missing.
                Nothing listens then.
        """
        tls = self._tls()
        app = web_app(self._config, self, title=self._title, now_ms=monotonic_ms)
        self._listeners = Listeners(app, monotonic_ms)
        try:
            for address in self._config.addresses:
                self.addresses.append(await self._listeners.open(address, tls))
        except BaseException:
            await self._listeners.close()
            raise
        self._sender.start()

    def _tls(self) -> ssl.SSLContext | None:
        certificate, key = self._config.tls_certificate, self._config.tls_key
        if certificate is None or key is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(certificate, key, password=_no_pass_phrase)
        except (OSError, ValueError) as error:
            raise TransportError(
                f"the certificate or its key can't be used: {error}",
                where=f"webrtc.tls_certificate: {certificate}",
                remedy="name PEM files that belong together and that this user may read",
            ) from error
        return context

    def withdraw(self) -> None:
        """No more calls are wanted: whoever asks is told so by the switchboard. Nothing to do here."""

    async def stop(self) -> None:
        """End what is left of the calls, and let go of everything; bounded."""
        self._stopping = True
        for call in list(self._calls.values()):
            call.end("shutdown")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=STOP_WITHIN_S)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._listeners is not None:
            await self._listeners.close()
        self._sender.close()

    # -------------------------------------------------------------------------------------------------------- the calls

    @property
    def accepting(self) -> bool:
        """New calls are welcome."""
        return self._switchboard.accepting

    @property
    def calls(self) -> int:
        """Calls that are there, those being connected included."""
        return len(self._calls)

    def get(self, key: str) -> BrowserCall | None:
        """The call of that key, until it has ended."""
        return self._calls.get(key)

    async def open(self, offer: Offer, wanted: Wanted) -> Opened | Refusal:
        """Answer an offer, if there is room."""
        info = LegInfo(
            caller_number=wanted.claimed_number,
            called_number=wanted.number,
            transport="webrtc",
            trunk=BROWSER,
            key=secrets.token_urlsafe(24),
            resumes=wanted.resumes,
        )
        place = self._switchboard.admit(info)
        if isinstance(place, Refusal):
            return place
        office = Office(self._config, self._sender, self._own_certificate(), self._forget)
        call = BrowserCall(office, offer, info, place)
        try:
            answer = await call.answer()
        except ConnectionError as error:
            log.error("a page could not be answered: %s", error)
            await call.close()
            return Refusal.FULL
        except BaseException:
            await call.close()
            raise
        if self._stopping:  # in the meantime
            await call.close()
            return Refusal.DRAINING
        self._calls[call.key] = call
        task = asyncio.create_task(call.run(), name="browser call")
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return Opened(call.key, call.etag, answer)

    def _own_certificate(self) -> OwnCertificate:
        """One for all calls of some weeks."""
        known = self._certificate
        if known is None or known.expires < dt.datetime.now(dt.UTC) + _RENEW_BEFORE:
            known = self._certificate = OwnCertificate.generateCertificate()
        return known

    def _forget(self, call: BrowserCall) -> None:
        with suppress(KeyError):
            del self._calls[call.key]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a browser call ended by an error of ours", exc_info=error)
