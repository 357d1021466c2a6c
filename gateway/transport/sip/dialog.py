"""A dialog (RFC 3261 chapter 12), as the side that was called: who is at the other end, and how they are reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address

from aiosipua import SipRequest, SipResponse
from aiosipua.dialog import create_dialog_from_request
from aiosipua.message import SipMessage
from aiosipua.utils import format_addr, generate_tag

from gateway.transport.sip.hop import Hop, Local
from gateway.transport.sip.message import (
    METHODS,
    SERVER,
    address_of,
    cseq_of,
    parse_scheme,
    reply,
    target_of,
    top_via,
    unquoted,
    uri_address,
)

DialogId = tuple[str, str, str]
"""Call-ID, our tag, their tag."""


def dialog_id(request: SipRequest) -> DialogId | None:
    """The dialog that a request of theirs belongs to; None for one outside any."""
    ours = address_of(request, "to").tag
    return (request.call_id or "", ours, address_of(request, "from").tag or "") if ours else None


def contact_of(local: Local) -> str:
    """How requests reach us, as a Contact header."""
    transport = "" if local.carrier == "udp" else f";transport={local.carrier}"
    return f"<sip:{format_addr(local.host, local.port)}{transport}>"


class Dialog:
    """The dialog that an INVITE of theirs begins; ours is the To tag.

    Names are never looked up: where a route or a contact is not a numeric address, requests go back the way that the
    INVITE came. So they do when the INVITE came through a NAT, from another address than its sender believes.
    """

    def __init__(self, invite: SipRequest, hop: Hop) -> None:
        self._dialog = create_dialog_from_request(invite, local_tag=generate_tag())
        self._dialog.remote_target = _contact(invite) or f"sip:{format_addr(*hop.remote)}"
        self._dialog.remote_tag = address_of(invite, "from").tag or ""
        self._dialog.route_set = list(invite.headers.get("record-route"))  # in order (12.1.1); aiosipua turns it round
        self._ours = f"{invite.headers.get_first('to')};tag={self.tag}"
        self._theirs = invite.headers.get_first("from") or ""
        self._came_by = hop
        self._behind_nat = top_via(invite).host.strip("[]") != hop.remote[0]
        self._allow = _allowed(invite)

    @property
    def id(self) -> DialogId:
        return self._dialog.id

    @property
    def tag(self) -> str:
        """Ours."""
        return self._dialog.local_tag

    @property
    def local(self) -> Local:
        """Our address on the way that the call came."""
        return self._came_by.local

    def allows(self, method: str) -> bool:
        """The other side said that it understands this method; nothing said means no."""
        return method in self._allow

    def reply(
        self, request: SipRequest, status: int, headers: Mapping[str, str] | None = None, sdp: str | None = None
    ) -> SipResponse:
        """An answer within the dialog."""
        response = reply(request, status, tag=self.tag, headers=headers)
        if status > 100:
            response.headers.set_single("Contact", contact_of(self.local))
            response.headers.set_single("Allow", ", ".join(METHODS))
        if sdp is not None:
            response.content_type = "application/sdp"
            response.text = sdp
        return response

    def request(self, method: str, headers: Mapping[str, str] | None = None, sdp: str | None = None) -> SipRequest:
        """A new request of ours, the next in order."""
        local = self.local
        request = self._dialog.create_request(
            method, via_host=local.host, via_port=local.port, via_transport=local.carrier.upper()
        )
        request.headers.set_single("From", self._ours)
        request.headers.set_single("To", self._theirs)
        request.headers.set_single("Contact", contact_of(local))
        request.headers.set_single("User-Agent", SERVER)
        self._route(request)
        for name, value in (headers or {}).items():
            request.headers.set_single(name, value)
        if sdp is not None:
            request.content_type = "application/sdp"
            request.text = sdp
        return request

    def _route(self, request: SipRequest) -> None:
        """A strict router (RFC 2543), without `lr`, wants its own address first and ours to them last (12.2.1.1)."""
        routes = self._dialog.route_set
        if not routes or "lr" in target_of(_uri_in(routes[0])).params:
            return
        request.uri = _uri_in(routes[0])
        request.headers.remove("Route")
        for route in (*routes[1:], f"<{self._dialog.remote_target}>"):
            request.headers.append("Route", route)

    def ack(self, invite: SipRequest) -> SipRequest:
        """The ACK of a 2xx to an INVITE of ours (13.2.2.4): a request of its own, with the INVITE's number."""
        ack = self.request("ACK")
        number, _ = cseq_of(invite)
        ack.headers.set_single("CSeq", f"{number} ACK")
        self._dialog.local_cseq = max(number, self._dialog.local_cseq - 1)
        return ack

    def hop(self) -> Hop:
        """The way that a request of ours takes now. A connection that the call came by is good until it breaks."""
        if self._came_by.connected:
            return self._came_by
        if self._behind_nat and not self._dialog.route_set:
            return self._came_by
        routes = self._dialog.route_set
        first = _uri_in(routes[0]) if routes else self._dialog.remote_target
        address = uri_address(target_of(first))
        return self._came_by.towards(address) if self._reachable(address) else self._came_by

    def _reachable(self, address: tuple[str, int]) -> bool:
        """It is numeric, and of the family that our socket speaks."""
        try:
            families = {ip_address(host.partition("%")[0]).version for host in (address[0], self._came_by.remote[0])}
        except ValueError:
            return False
        return len(families) == 1 and 0 < address[1] < 65536

    def in_order(self, request: SipRequest) -> bool:
        """Whether a request of theirs comes after the one before (12.2.2); notes it if so."""
        number, _ = cseq_of(request)
        if number <= self._dialog.remote_cseq:
            return False
        self._dialog.remote_cseq = number
        return True

    def refresh(self, message: SipMessage) -> None:
        """The other side says where it is now, and what it understands (a target refresh)."""
        self._dialog.remote_target = _contact(message) or self._dialog.remote_target
        self._allow = _allowed(message) or self._allow


def _contact(message: SipMessage) -> str | None:
    """Where requests to them go; None when it says nothing that a request could begin with."""
    uri = _uri_in(message.headers.get_first("contact") or "")
    plain = parse_scheme(uri) in ("sip", "sips") and target_of(uri).host and not re.search(r'[\s<>"]', uri)
    return uri if plain else None


def _uri_in(raw: str) -> str:
    """Of a Contact or Route, with brackets or without."""
    raw = unquoted(raw)
    uri = (raw.partition("<")[2].partition(">")[0] if "<" in raw else raw.partition(";")[0]).strip()
    user, at, host = uri.rpartition("@")
    return user + at + host.partition("?")[0]  # headers have no place in a Request-URI (19.1.1)


def _allowed(message: SipMessage) -> frozenset[str]:
    return frozenset(value.strip().upper() for value in message.headers.get("allow"))
