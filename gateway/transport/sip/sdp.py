"""Session descriptions from the wire (RFC 8866), validated before any socket or codec exists.

Addresses must be numeric: a host name that is looked up for every packet has hung servers. Nothing here decides what
is agreed; that is `negotiate`.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from aiosipua.sdp import Codec as RtpMap
from aiosipua.sdp import MediaDescription, SdpMessage, parse_sdp

MAX_CHARACTERS = 16_384
MAX_LINES = 400
MAX_SECTIONS = 16
MIN_PORT = 1024
"""Sound is never asked for on a system's own ports; what asks for it wants something else."""
MAX_PORT = 65535
PROFILES = ("RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF")
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


class SdpError(ValueError):
    """A session description that can't be read, or asks for what must not be."""


@dataclass(frozen=True, slots=True)
class AudioSection:
    """One `m=audio` of the other side."""

    index: int
    """Which section it is."""
    profile: str
    remote: tuple[str, int] | None
    """Where it wants sound; None for `c=0.0.0.0`, the old way to say hold (RFC 3264 8.4)."""
    rtcp: tuple[str, int] | None
    rtcp_mux: bool
    direction: str
    """As the other side sees it."""
    ptime_ms: int | None
    maxptime_ms: int | None
    maps: tuple[RtpMap, ...]
    cryptos: tuple[str, ...]
    """Values of `a=crypto`."""

    @property
    def secure(self) -> bool:
        """The profile demands SRTP."""
        return "SAVP" in self.profile


@dataclass(frozen=True, slots=True)
class Description:
    """What the other side described: every section, and those that are sound we could talk about."""

    sections: tuple[MediaDescription, ...]
    audio: tuple[AudioSection, ...]


def read_sdp(text: str) -> Description:
    """Read a body.

    Raises:
        SdpError: it is none, or an audio section in it names no place that sound may be sent to.
    """
    if len(text) > MAX_CHARACTERS or len(text.splitlines()) > MAX_LINES:
        raise SdpError("too long")
    try:
        message = parse_sdp(text)
    except (ValueError, TypeError, IndexError) as error:
        raise SdpError("not a session description") from error
    if not text.lstrip().startswith("v=0") or not message.media:
        raise SdpError("not a session description")
    if not all(section.media and section.formats for section in message.media):
        raise SdpError("a media section that says nothing")
    if len(message.media) > MAX_SECTIONS:
        raise SdpError("too many media sections")
    audio = [
        _audio(message, index, section)
        for index, section in enumerate(message.media)
        if section.media == "audio" and section.port and section.proto.upper() in PROFILES
    ]
    return Description(tuple(message.media), tuple(audio))


def _audio(message: SdpMessage, index: int, section: MediaDescription) -> AudioSection:
    connection = section.connection or message.connection
    if connection is None:
        raise SdpError("no connection address")
    host = _host(connection.address)
    attributes = section.attributes
    return AudioSection(
        index=index,
        profile=section.proto.upper(),
        remote=(host, _port(section.port)) if host else None,
        rtcp=_rtcp(attributes.get("rtcp", []), host),
        rtcp_mux="rtcp-mux" in attributes,
        direction=_direction(section, message),
        ptime_ms=_milliseconds(attributes.get("ptime", [])),
        maxptime_ms=_milliseconds(attributes.get("maxptime", [])),
        maps=tuple(section.codecs),
        cryptos=tuple(attributes.get("crypto", [])),
    )


def _host(text: str) -> str | None:
    """A unicast address; None for the unspecified one."""
    try:
        address = ip_address(text)
    except ValueError:
        raise SdpError("the connection address is not an IP address") from None
    if address.is_unspecified:
        return None
    if address.is_multicast or text == "255.255.255.255" or (address.version == 6 and address.is_link_local):
        raise SdpError("the connection address is not one party's")
    return str(address)


def _port(port: int) -> int:
    if not MIN_PORT <= port <= MAX_PORT:
        raise SdpError(f"no sound goes to port {port}")
    return port


def _rtcp(values: list[str], host: str | None) -> tuple[str, int] | None:
    """`a=rtcp:53020` or `a=rtcp:53020 IN IP4 192.0.2.1` (RFC 3605)."""
    if not values or host is None:
        return None
    first, *rest = values[0].split() or [""]
    if not first.isascii() or not first.isdigit() or len(first) > 5:
        raise SdpError("bad a=rtcp")
    return (_host(rest[2]) or host) if len(rest) == 3 else host, _port(int(first))


def _direction(section: MediaDescription, message: SdpMessage) -> str:
    for attributes in (section.attributes, message.attributes):
        for direction in DIRECTIONS:
            if direction in attributes:
                return direction
    return "sendrecv"


def _milliseconds(values: list[str]) -> int | None:
    try:
        return int(float(values[0])) if values else None
    except (ValueError, OverflowError):
        return None
