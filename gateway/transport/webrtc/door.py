"""Who may come in by HTTP: the names that we go by, the pages that may call us, the token, how often. Pure."""

from __future__ import annotations

import hmac
import math
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.transport.limits import MAX_SOURCES, RateLimit
from gateway.transport.webrtc.config import WebrtcConfig

WRONG_TOKENS_PER_MINUTE = 20
"""That one address may send; then it has to wait. A page sends one twice: for what it has to know, and to call."""
BARRED_MS = 60_000.0
COMPLAINTS_PER_S = 0.1
"""Lines in the log about one address that is refused."""
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{1,255})(?::(\d{1,5}))?")
_ORIGIN = re.compile(r"(https?)://([^/]+)")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_CHALLENGE = 'Bearer realm="voice-gateway"'

IpAddress = IPv4Address | IPv6Address


class ProblemError(Exception):
    """Why a request is refused, as RFC 9457 tells it.

    Args:
        status: of HTTP, 400 to 599.
        reason: one machine word, which the page turns into Chinese.
        detail: one English sentence that names the thing and the remedy, without personal data.
        headers: what the answer carries besides.
    """

    def __init__(self, status: int, reason: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.detail = detail
        self.headers: Mapping[str, str] = headers or {}


@dataclass(frozen=True, slots=True)
class Visit:
    """What the door sees of one request."""

    client: str
    """Where it comes from, an IP address; empty when that can't be told any more."""
    hosts: Sequence[str]
    """Its Host headers."""
    origin: str | None = None
    """The Origin header: the site whose page sends it; browsers send none with plain navigation."""
    authorization: str | None = None
    """The Authorization header."""

    @property
    def source(self) -> str:
        """What limits count by: the address, of IPv6 its /64, as whoever has one address there has them all."""
        address = _address(self.client)
        if not isinstance(address, IPv6Address):
            return self.client
        return str(IPv6Network((int(address) >> 64 << 64, 64)))


class Door:
    """Decides about each request. Methods raise ProblemError for what is refused."""

    def __init__(self, config: WebrtcConfig) -> None:
        self._names = {"localhost", *(name.lower().rstrip(".") for name in config.host_names)}
        self._proxies = [ip_network(network) for network in config.trusted_proxies]
        token = config.access_token
        self._token = None if token is None else token.get_secret_value().encode()
        self._retry_s = math.ceil(60 / config.calls_per_minute)
        self._calls = RateLimit(config.calls_per_minute / 60, max(3.0, config.calls_per_minute / 4))
        self._wrong_tokens = RateLimit(WRONG_TOKENS_PER_MINUTE / 60, WRONG_TOKENS_PER_MINUTE)
        self._barred_until_ms: OrderedDict[str, float] = OrderedDict()
        self._complaints = RateLimit(COMPLAINTS_PER_S)

    @property
    def token_needed(self) -> bool:
        """Whoever calls must have the token."""
        return self._token is not None

    def client(self, peer: str | None, forwarded: Sequence[str]) -> str:
        """Whose request it is: the peer, or, of a trusted proxy, the last untrusted hop in its X-Forwarded-For.

        Args:
            peer: the address that the connection comes from.
            forwarded: the X-Forwarded-For headers, in order. What can't be read there ends the search.
        """
        client = _address(peer or "")
        hops = [hop for value in forwarded for hop in value.split(",")]
        while hops and client is not None and self._trusts(client):
            hop = _address(hops.pop().strip())
            if hop is None:
                break
            client = hop
        return "" if client is None else str(client)

    def _trusts(self, address: IpAddress) -> bool:
        return any(address in network for network in self._proxies)

    def check_site(self, visit: Visit) -> None:
        """Refuse names that aren't ours (421, or any site could have its name lead here: DNS rebinding), requests
        without a name (400, RFC 9112 section 3.2) and those of other sites' pages (403, RFC 6454 section 7)."""
        if len(visit.hosts) != 1:
            raise ProblemError(400, "host", "a request has exactly one Host header; correct the client")
        host = _authority(visit.hosts[0])
        if host is None or (_address(host[0]) is None and host[0] not in self._names):
            raise ProblemError(
                421, "host", "no page is served by that name; open it by its address, or add it to webrtc.host_names"
            )
        if visit.origin is not None and not _is_of(visit.origin, host):
            raise ProblemError(
                403, "origin", "the page comes from another site; open ours, or have the proxy pass Host on unchanged"
            )

    def check_rate(self, visit: Visit, now_ms: float) -> None:
        """Refuse more calls than one address may place (429)."""
        if not self._calls.allows(visit.source, now_ms):
            raise _too_many("too many calls from this address; try again later", self._retry_s)

    def check_token(self, visit: Visit, now_ms: float) -> None:
        """Refuse who needs the token and hasn't got it (401, RFC 6750), and who has tried too many others (429)."""
        if self._token is None:
            return
        given = _bearer(visit.authorization)
        if given is None:
            raise ProblemError(
                401, "token", "an access token is needed; send Authorization: Bearer", {"WWW-Authenticate": _CHALLENGE}
            )
        wait_ms = self._barred_until_ms.get(visit.source, now_ms) - now_ms
        if wait_ms > 0:  # before the token is looked at, or guessing would go on
            raise _too_many("too many wrong tokens from this address; try again later", math.ceil(wait_ms / 1000))
        if not hmac.compare_digest(given, self._token):
            self._note_wrong_token(visit.source, now_ms)
            headers = {"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'}
            raise ProblemError(401, "token", "the access token is not the right one; correct it", headers)

    def has_token(self, visit: Visit, now_ms: float) -> bool:
        """Whether `check_token` lets it through; a wrong token counts here too."""
        try:
            self.check_token(visit, now_ms)
        except ProblemError:
            return False
        return True

    def _note_wrong_token(self, source: str, now_ms: float) -> None:
        if not self._wrong_tokens.allows(source, now_ms):
            self._barred_until_ms.pop(source, None)
            self._barred_until_ms[source] = now_ms + BARRED_MS
            if len(self._barred_until_ms) > MAX_SOURCES:
                self._barred_until_ms.popitem(last=False)

    def is_news(self, visit: Visit, now_ms: float) -> bool:
        """The log hasn't been told of this address for a while."""
        return self._complaints.allows(visit.source, now_ms)


def _too_many(detail: str, retry_s: int) -> ProblemError:
    return ProblemError(429, "too_many", detail, {"Retry-After": str(retry_s)})


def _address(text: str) -> IpAddress | None:
    """Without a zone; an IPv4 address inside an IPv6 one (RFC 4291 section 2.5.5.2) is the former."""
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def _authority(text: str) -> tuple[str, int | None] | None:
    """Host in its usual writing, and port; None when it is neither name nor address."""
    found = _AUTHORITY.fullmatch(text)
    if not found:
        return None
    address = _address(found[1])
    name = found[1].lower().rstrip(".") if address is None else str(address)
    return name, int(found[2]) if found[2] else None


def _is_of(origin: str, host: tuple[str, int | None]) -> bool:
    """The page of `origin` has been had from `host`. The schemes may differ: behind a proxy we don't know ours."""
    found = _ORIGIN.fullmatch(origin)
    theirs = _authority(found[2]) if found else None
    if not found or theirs is None:
        return False
    default = _DEFAULT_PORTS[found[1]]
    return (theirs[0], theirs[1] or default) == (host[0], host[1] or default)


def _bearer(authorization: str | None) -> bytes | None:
    """The token of `Bearer TOKEN`; None for other schemes."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    return token.strip().encode("utf-8", "surrogateescape") if scheme.lower() == "bearer" else None
