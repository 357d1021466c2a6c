"""Telling a registrar where we are, for as long as we run (RFC 3261 chapter 10)."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable

from aiosipua import SipRequest, SipResponse
from aiosipua.auth import SipDigestAuth, answer_challenge
from aiosipua.headers import Via, parse_uri, stringify_via
from aiosipua.utils import format_addr, generate_branch, generate_call_id, generate_tag

from gateway.transport.sip.config import Registration
from gateway.transport.sip.dialog import contact_of
from gateway.transport.sip.hop import Hop
from gateway.transport.sip.message import SERVER, BadMessageError, number_of
from gateway.transport.sip.transactions import ClientTransaction, Outcome, TransactionLayer
from gateway.transport.timers import Timer

log = logging.getLogger(__name__)

REFRESH_AT = 0.8
"""Of the time that the registrar granted."""
LONGEST_S = 86_400
"""No registration is for longer, whatever the registrar says."""
FIRST_RETRY_MS, LONGEST_RETRY_MS = 5_000, 300_000


class Registrar:
    """Keeps one address registered; tried again, more and more rarely, while the registrar doesn't answer or refuses.

    `begin` and `end` return at once.

    Args:
        left: called when, after `end`, the registrar has answered or won't.
    """

    def __init__(
        self, registration: Registration, transactions: TransactionLayer, hop: Hop, left: Callable[[], None]
    ) -> None:
        self._left = left
        self._registration = registration
        self._transactions = transactions
        self._hop = hop
        self._call_id = generate_call_id(hop.local.host)
        self._tag = generate_tag()
        self._number = 0
        self._expires_s = registration.expires_s
        self._retry_ms = FIRST_RETRY_MS
        self._timer: Timer | None = None
        self._asking: ClientTransaction | None = None
        self._leaving = False
        self.registered = False
        """The registrar knows us, as far as we know."""

    @property
    def ending(self) -> bool:
        """The registrar is being told that we are going."""
        return self._leaving and self._asking is not None

    def begin(self) -> None:
        """Register, and again before it runs out."""
        self._ask()

    def end(self) -> None:
        """Take it back; idempotent."""
        if self._leaving:
            return
        self._cancel()
        self._leaving = True
        if self.registered:
            self._ask()

    def abandon(self) -> None:
        """Wait for nothing more; idempotent."""
        self._cancel()

    def _cancel(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._asking:
            self._asking.abandon()
        self._timer = self._asking = None

    def _ask(self, proof: tuple[str, str] | None = None) -> None:
        request = self._request()
        if proof:
            request.headers.set_single(*proof)
        may_prove = proof is None
        outcome = Outcome(lambda response: self._answered(response, request.uri, may_prove=may_prove), self._failed)
        self._asking = self._transactions.request(request, self._hop, outcome)

    def _request(self) -> SipRequest:
        local, ours = self._hop.local, parse_uri(self._registration.address)
        self._number += 1
        request = SipRequest(method="REGISTER", uri=f"{ours.scheme}:{ours.host}")
        via = Via(
            transport=local.carrier.upper(),
            host=local.host,
            port=local.port,
            params={"branch": generate_branch(), "rport": None},
        )
        contact = contact_of(local).replace("<sip:", f"<sip:{ours.user}@" if ours.user else "<sip:")
        for name, value in {
            "Via": stringify_via(via),
            "From": f"<{self._registration.address}>;tag={self._tag}",
            "To": f"<{self._registration.address}>",
            "Call-ID": self._call_id,
            "CSeq": f"{self._number} REGISTER",
            "Max-Forwards": "70",
            "Contact": contact,
            "Expires": "0" if self._leaving else str(self._expires_s),
            "User-Agent": SERVER,
        }.items():
            request.headers.set_single(name, value)
        return request

    def _answered(self, response: SipResponse, uri: str, *, may_prove: bool) -> None:
        self._asking = None
        status = response.status_code
        if status < 300:
            self._succeeded(response)
            return
        if status in (401, 407) and may_prove and (proof := self._proof(response, uri)):
            self._ask(proof)
            return
        wanted_s = min(_number(response, "min-expires"), LONGEST_S)
        if status == 423 and not self._leaving and wanted_s > self._expires_s:
            self._expires_s = wanted_s
            self._ask()
            return
        self._failed(str(status))

    def _proof(self, response: SipResponse, uri: str) -> tuple[str, str] | None:
        registration = self._registration
        if registration.username is None or registration.password is None:
            return None
        credentials = SipDigestAuth(registration.username, registration.password.get_secret_value())
        return answer_challenge(credentials, response, response.status_code, "REGISTER", uri)

    def _succeeded(self, response: SipResponse) -> None:
        self.registered = not self._leaving
        if self._leaving:
            self._left()
            return
        self._retry_ms = FIRST_RETRY_MS
        granted_s = self._granted_s(response)
        log.info("registered at %s for %d s", format_addr(*self._hop.remote), granted_s)
        self._timer = self._transactions.timers.later(granted_s * 1000 * REFRESH_AT, self._ask)

    def _granted_s(self, response: SipResponse) -> int:
        """Of our own contact, else of all, else what we asked for; never so short that it would be a flood."""
        here = format_addr(self._hop.local.host, self._hop.local.port)
        for contact in response.contact:
            told = contact.params.get("expires") or ""
            is_number = told.isascii() and told.isdigit() and len(told) <= 10
            if is_number and here == format_addr(contact.uri.host, contact.uri.port or 5060):
                return max(5, min(int(told), LONGEST_S))
        return max(5, min(_number(response, "expires") or self._expires_s, LONGEST_S))

    def _failed(self, reason: str = "no answer") -> None:
        self._asking = None
        self.registered = False
        if self._leaving:
            self._left()
            return
        pause_ms = self._retry_ms * random.uniform(0.8, 1.2)  # noqa: S311 -- so that not all come back at once
        log.warning("not registered at %s (%s), trying again", format_addr(*self._hop.remote), reason)
        self._retry_ms = min(self._retry_ms * 2, LONGEST_RETRY_MS)
        self._timer = self._transactions.timers.later(pause_ms, self._ask)


def _number(response: SipResponse, name: str) -> int:
    try:
        return number_of(response, name) or 0
    except BadMessageError:
        return 0
