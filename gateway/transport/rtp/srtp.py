"""Encrypted RTP and RTCP (RFC 3711, by libsrtp) with keys that the SDP carries (SDES, RFC 4568)."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import pylibsrtp

Suite = Literal["AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32"]

_PROFILES: dict[str, int] = {
    "AES_CM_128_HMAC_SHA1_80": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": pylibsrtp.Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}
SUITES: tuple[Suite, ...] = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")
"""In our order of preference."""
KEY_BYTES = 30
"""AES-128 master key and 112 bits of master salt."""
_MAX_TEXT = 512
_CRYPTO = re.compile(r"(?:a=)?(?:crypto:)?(\d{1,9}) ([A-Za-z0-9_]+) inline:([A-Za-z0-9+/]+={0,2})((?:\|[^\s|;]+){0,2})")
_LIFETIME = re.compile(r"(2\^)?(\d{1,15})")
_MKI = re.compile(r"(\d{1,10}):(\d{1,3})")
_MAX_LIFETIME = 2**48
_MAX_PACKET_BYTES = 1500


@dataclass(frozen=True, slots=True)
class Crypto:
    """What one `a=crypto` line says. Two of one key are equal whatever their tags: a key under another name must go on
    counting its packets, or the same key stream would be used twice."""

    tag: int = field(compare=False)
    suite: Suite
    key: bytes = field(repr=False)
    """Master key and salt, 30 bytes."""

    def __str__(self) -> str:
        """The value of the SDP attribute `crypto`."""
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    """The keys of a stream: each side tells the one that it sends with. Both are of one suite."""

    ours: Crypto
    theirs: Crypto


def parse_crypto(text: str) -> Crypto:
    """Read the value of an `a=crypto` attribute, with or without its name.

    A lifetime is checked and then left alone: no call lives 2^48 packets, and a re-INVITE brings new keys.

    Raises:
        ValueError: malformed, an unknown suite, a key of the wrong length, several keys, an MKI (whose packets would
            carry bytes that we don't expect), or session parameters, which must not be ignored (RFC 4568 section 6.3).
    """
    found = _CRYPTO.fullmatch(text.strip()) if len(text) <= _MAX_TEXT else None
    if found is None:
        raise ValueError("no crypto attribute; it reads '1 AES_CM_128_HMAC_SHA1_80 inline:' and a key of 40 characters")
    tag, suite, coded, options = found.groups()
    if suite not in SUITES:
        raise ValueError(f"the crypto suite {suite!r} is not spoken here")
    try:
        key = base64.b64decode(coded, validate=True)
    except binascii.Error:
        raise ValueError("the key is no base64") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"the key has {len(key)} bytes, not {KEY_BYTES}")
    _check_options(options)
    return Crypto(int(tag), suite, key)


def _check_options(options: str) -> None:
    parts = options.split("|")[1:]
    if parts and (lifetime := _LIFETIME.fullmatch(parts[0])):
        number = int(lifetime[2])
        packets = (2**number if number <= 48 else 0) if lifetime[1] else number
        if not 0 < packets <= _MAX_LIFETIME:
            raise ValueError(f"'{parts[0]}' is no lifetime of a key")
        del parts[0]
    if parts:
        kind = "a master key index (MKI) is not spoken here" if _MKI.fullmatch(parts[0]) else "no lifetime and no MKI"
        raise ValueError(f"'{parts[0]}': {kind}")


def make_crypto(tag: int, suite: Suite) -> Crypto:
    """A new key for sending.

    Raises:
        ValueError: an unknown suite.
    """
    if suite not in SUITES:
        raise ValueError(f"the crypto suite {suite!r} is not spoken here")
    return Crypto(tag, suite, secrets.token_bytes(KEY_BYTES))


Transform = Callable[[bytes], bytes | None]
"""A datagram to what goes on the line or comes from it; None when it isn't genuine, is a copy, or is too long."""


def _session(crypto: Crypto, *, inbound: bool) -> pylibsrtp.Session:
    kind = pylibsrtp.Policy.SSRC_ANY_INBOUND if inbound else pylibsrtp.Policy.SSRC_ANY_OUTBOUND
    return pylibsrtp.Session(pylibsrtp.Policy(key=crypto.key, ssrc_type=kind, srtp_profile=_PROFILES[crypto.suite]))


def _guarded(work: Callable[[bytes], bytes]) -> Transform:
    def transform(data: bytes) -> bytes | None:
        if len(data) > _MAX_PACKET_BYTES:
            return None
        try:
            return work(data)
        except (pylibsrtp.Error, ValueError):
            return None

    return transform


class SrtpContext:
    """The four sessions of a stream. RTP and RTCP have each their own, as two threads may send them.

    libsrtp drops what fails authentication and what was there before (a replay window of 128 packets).
    """

    __slots__ = ("keys", "protect", "protect_rtcp", "unprotect", "unprotect_rtcp")

    def __init__(self, keys: SrtpKeys, before: SrtpContext | None = None) -> None:
        """Take over from `before` what has the same key: its counts of packets must go on."""
        self.keys = keys
        self.protect: Transform
        self.protect_rtcp: Transform
        self.unprotect: Transform
        self.unprotect_rtcp: Transform
        if before is not None and before.keys.ours == keys.ours:
            self.protect, self.protect_rtcp = before.protect, before.protect_rtcp
        else:
            self.protect = _guarded(_session(keys.ours, inbound=False).protect)
            self.protect_rtcp = _guarded(_session(keys.ours, inbound=False).protect_rtcp)
        if before is not None and before.keys.theirs == keys.theirs:
            self.unprotect, self.unprotect_rtcp = before.unprotect, before.unprotect_rtcp
        else:
            self.unprotect = _guarded(_session(keys.theirs, inbound=True).unprotect)
            self.unprotect_rtcp = _guarded(_session(keys.theirs, inbound=True).unprotect_rtcp)
