"""Who may call: addresses, and digest authentication of calls that come in (RFC 3261 22, RFC 7616, RFC 8760)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from aiosipua import SipRequest
from aiosipua.headers import parse_auth

from gateway.transport.sip.config import SipConfig, Trunk

NONCE_LIFE_S = 120
MAX_NONCES = 10_000
"""Nonces whose use counts are remembered."""
ALGORITHMS: dict[str, str] = {"MD5": "md5", "SHA-256": "sha256"}
"""As digests name them, and as hashlib does. MD5 first: telephones that know only it take the first challenge."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """This caller may call; `trunk` is None for an address that is allowed without being one."""

    trunk: Trunk | None


@dataclass(frozen=True, slots=True)
class Challenged:
    """It must prove itself first: the values of the WWW-Authenticate headers."""

    challenges: tuple[str, ...]


class Forbidden:
    """Nobody knows it."""


Verdict = Admitted | Challenged | Forbidden


class DoorKeeper:
    """Decides on every call that comes in.

    Args:
        wall_s: the time of day, s: nonces carry it.
    """

    def __init__(self, config: SipConfig, wall_s: Callable[[], float] = time.time) -> None:
        self._trunks = [(trunk, tuple(map(ip_network, trunk.addresses))) for trunk in config.trunks]
        self._allowed = tuple(map(ip_network, config.allow))
        self._digest = Digest(config.realm, wall_s)

    def decide(self, request: SipRequest, source: str) -> Verdict:
        """Whether a request from `source` (a numeric address) may begin a call."""
        address = _address(source)
        trunk = next((trunk for trunk, networks in self._trunks if _inside(address, networks)), None)
        if trunk is not None:
            return self._proven(request, [trunk]) if trunk.username else Admitted(trunk)
        if _inside(address, self._allowed):
            return Admitted(None)
        anywhere = [trunk for trunk, networks in self._trunks if not networks]
        return self._proven(request, anywhere) if anywhere else Forbidden()

    def knows(self, source: str) -> bool:
        """Whether an address may ask anything at all."""
        address = _address(source)
        return (
            _inside(address, self._allowed)
            or any(_inside(address, networks) for _, networks in self._trunks)
            or any(not networks for _, networks in self._trunks)
        )

    def _proven(self, request: SipRequest, trunks: Sequence[Trunk]) -> Verdict:
        passwords = {trunk.username or "": trunk.password.get_secret_value() for trunk in trunks if trunk.password}
        proof = self._digest.check(request, passwords)
        if proof.username is not None:
            return Admitted(next(trunk for trunk in trunks if trunk.username == proof.username))
        return Challenged(self._digest.challenges(stale=proof.stale))


@dataclass(frozen=True, slots=True)
class Proof:
    """What a request proves: whose it is, or None; `stale`: it was right, but its nonce is too old."""

    username: str | None = None
    stale: bool = False


class Digest:
    """Challenges and what answers them. A nonce is the time and a signature: nothing is kept of those never used."""

    def __init__(self, realm: str, wall_s: Callable[[], float]) -> None:
        self._realm = realm
        self._wall_s = wall_s
        self._secret = secrets.token_bytes(32)
        self._used: OrderedDict[str, int] = OrderedDict()

    def challenges(self, *, stale: bool = False) -> tuple[str, ...]:
        """Values of WWW-Authenticate, one for each algorithm, with a nonce of their own."""
        again = ", stale=true" if stale else ""
        nonce = self._nonce(int(self._wall_s()))
        return tuple(
            f'Digest realm="{self._realm}", nonce="{nonce}", algorithm={name}, qop="auth"{again}' for name in ALGORITHMS
        )

    def check(self, request: SipRequest, passwords: dict[str, str]) -> Proof:
        """What the request's Authorization proves; each use of a nonce must count further than the one before."""
        for value in request.headers.get("authorization"):
            credentials = parse_auth(value, credentials=True)
            told = {name.lower(): text for name, text in credentials.params.items()}
            if credentials.scheme.lower() == "digest" and told.get("realm") == self._realm:
                return self._check_one(request.method, told, passwords)
        return Proof()

    def _check_one(self, method: str, told: dict[str, str], passwords: dict[str, str]) -> Proof:
        username, nonce = told.get("username", ""), told.get("nonce", "")
        algorithm = ALGORITHMS.get(told.get("algorithm", "MD5").upper())
        password = passwords.get(username)
        if algorithm is None or password is None or told.get("qop", "").lower() != "auth":
            return Proof()

        def hashed(*parts: str) -> str:
            return hashlib.new(algorithm, ":".join(parts).encode(), usedforsecurity=False).hexdigest()

        mine = hashed(
            hashed(username, self._realm, password),
            nonce,
            told.get("nc", ""),
            told.get("cnonce", ""),
            "auth",
            hashed(method, told.get("uri", "")),
        )
        if not hmac.compare_digest(mine.encode(), told.get("response", "").lower().encode()):
            return Proof()
        return Proof(username) if self._fresh(nonce, told.get("nc", "")) else Proof(stale=True)

    def _fresh(self, nonce: str, count: str) -> bool:
        try:
            issued_s, uses = int(nonce.partition(".")[0], 16), int(count, 16)
        except ValueError:
            return False
        ours = self._nonce(issued_s, nonce.partition(".")[2][:16])
        if not hmac.compare_digest(ours.encode(), nonce.encode()):
            return False
        if not -1 <= self._wall_s() - issued_s <= NONCE_LIFE_S or uses <= self._used.get(nonce, 0):
            return False
        self._used[nonce] = uses
        if len(self._used) > MAX_NONCES:
            self._used.popitem(last=False)
        return True

    def _nonce(self, at_s: int, salt: str | None = None) -> str:
        salt = salt or secrets.token_hex(8)
        signature = hmac.new(self._secret, f"{at_s:x}.{salt}".encode(), "sha256").hexdigest()[:32]
        return f"{at_s:x}.{salt}{signature}"


def _address(source: str) -> IPv4Address | IPv6Address:
    """Also of an IPv4 address that came in on an IPv6 socket, and of one with a zone."""
    address = ip_address(source.partition("%")[0])
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _inside(address: IPv4Address | IPv6Address, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)
