"""SDP from a page: what is read of offers and fragments alike, and fragments with candidates found later (RFC 8840).

The reading itself is aiosipua's, which keeps every attribute of every section and judges none; ours are the bounds
that come first and the meaning that comes after. aiortc's parser isn't used: one odd attribute in a video line that
nobody wants fails the whole offer, by whatever exception, and what decides here (port 0, `bundle-only`, directions of
the session) it drops.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import islice

from aiortc import RTCIceCandidate
from aiosipua.sdp import SdpMessage, parse_sdp

MAX_BODY_BYTES = 65_536
"""Ten times what a Chromium offers with sound, video and a data channel."""
MAX_LINE_CHARACTERS = 2048
MAX_MEDIA_LINES = 16
MAX_CANDIDATES = 64
"""A machine with many networks has about twenty."""
MAX_PORT = 65535
MAX_PRIORITY = 2**31 - 1
_TOKEN = r"[!#-'*+\-.0-9A-Z^-~]"  # noqa: S105 -- RFC 8866 section 9
_MEDIA_LINE = re.compile(rf"m={_TOKEN}{{1,32}} \d{{1,5}} (?=[A-Z/]{{1,32}} )[A-Z]+(/[A-Z]+)*( {_TOKEN}+)+", re.ASCII)
_LINE = re.compile(r"[a-z]=.*")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029]")
"""No SDP has them, and readers differ in whether a line ends there."""
_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
_MID = re.compile(rf"{_TOKEN}{{1,32}}")
_CANDIDATE = re.compile(
    r"([A-Za-z0-9+/]{1,32}) 1 udp (\d{1,10}) ([0-9A-Fa-f.:]{2,45}) (\d{1,5}) typ (host|srflx|prflx|relay)( .*)?",
    re.ASCII | re.IGNORECASE,
)
"""RFC 8839 section 5.1. Names (`*.local`) are not addresses: to look one up is to ask the network we are in."""
Attributes = Mapping[str, list[str]]
"""Values by name; a name without values is a flag."""


class OfferError(ValueError):
    """SDP that can't be answered: one English sentence that names the line and says what to do about it."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """What a page found out after its offer (RFC 8840 section 9)."""

    ufrag: str | None
    """Of the ICE session that the candidates belong to, where it is said."""
    password: str | None
    candidates: tuple[RTCIceCandidate, ...]
    """Usable ones, at most `MAX_CANDIDATES`, each with its line's mid where it is said."""
    end: bool
    """There won't be more."""


def parse_fragment(body: bytes) -> Fragment:
    """Read `application/trickle-ice-sdpfrag`. Total, and bounded as offers are.

    Raises:
        OfferError: it is none, or it speaks of two ICE sessions.
    """
    message = read_body(body, "fragment")
    places: list[Attributes] = [message.attributes, *(section.attributes for section in message.media)]
    ufrag, password = _only("ice-ufrag", places), _only("ice-pwd", places)
    return Fragment(
        ufrag=ufrag if ufrag is None else checked_ufrag(ufrag),
        password=password if password is None else checked_password(password),
        candidates=usable(one for place in places for one in _candidates(place)),
        end=any("end-of-candidates" in place for place in places),
    )


def _only(name: str, places: list[Attributes]) -> str | None:
    said = {text for place in places for text in place.get(name, [])}
    if len(said) > 1:
        raise OfferError(f"The fragment has more than one a={name}; send one fragment for each ICE session.")
    return said.pop() if said else None


def read_body(body: bytes, what: str) -> SdpMessage:
    """Split SDP into its sections, in bounded time; CRLF or bare LF.

    Every media line of the result is whole: a token, a port, an upper-case protocol and at least one format.

    Args:
        body: as it came.
        what: what to call it in sentences, `offer` or `fragment`.

    Raises:
        OfferError: it is too large, no text, or no SDP.
    """
    if len(body) > MAX_BODY_BYTES:
        raise OfferError(f"The {what} is larger than {MAX_BODY_BYTES} bytes; leave out what isn't needed for a call.")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise OfferError(f"The {what} isn't UTF-8; send SDP as the browser made it.") from None
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    for number, line in enumerate(lines, 1):
        if line:
            _check_line(line, f"Line {number} of the {what}")
    if sum(line.startswith("m=") for line in lines) > MAX_MEDIA_LINES:
        raise OfferError(f"The {what} has more than {MAX_MEDIA_LINES} media lines; offer one for sound, one for data.")
    try:
        return parse_sdp("\n".join(lines))
    except (ValueError, TypeError, IndexError):
        raise OfferError(f"The {what} has a number that isn't one; send SDP as the browser made it.") from None


def _check_line(line: str, where: str) -> None:
    if len(line) > MAX_LINE_CHARACTERS:
        raise OfferError(f"{where} is longer than {MAX_LINE_CHARACTERS} characters; shorten or remove it.")
    if _CONTROL.search(line):
        raise OfferError(f"{where} has a control character in it; remove it.")
    if not _LINE.fullmatch(line):
        raise OfferError(f"{where} is no SDP: {line[:40]!r}; a line is a letter, = and a value.")
    if line.startswith("m=") and not (_MEDIA_LINE.fullmatch(line) and int(line.split(" ")[1]) <= MAX_PORT):
        raise OfferError(f"{where} is no media line: {line[:40]!r}; write m=audio 9 UDP/TLS/RTP/SAVPF 111.")


def value(name: str, *places: Attributes) -> str | None:
    """The first value of an attribute in the first place that has one; None when none has."""
    return next((place[name][0] for place in places if place.get(name)), None)


def checked_ufrag(text: str) -> str:
    """RFC 8839 section 5.4. Raises OfferError."""
    if not _UFRAG.fullmatch(text):
        raise OfferError("The line a=ice-ufrag is bad; it has 4 to 256 letters, digits, + and / (RFC 8839).")
    return text


def checked_password(text: str) -> str:
    """RFC 8839 section 5.4. Raises OfferError."""
    if not _PASSWORD.fullmatch(text):
        raise OfferError("The line a=ice-pwd is bad; it has 22 to 256 letters, digits, + and / (RFC 8839).")
    return text


def checked_mid(text: str) -> str:
    """RFC 5888 section 4, at most 32 characters. Raises OfferError."""
    if not _MID.fullmatch(text):
        raise OfferError("A line a=mid is bad; it is one word of at most 32 characters (RFC 5888).")
    return text


def usable(candidates: Iterable[RTCIceCandidate]) -> tuple[RTCIceCandidate, ...]:
    """The first `MAX_CANDIDATES` of different addresses."""
    by_address: dict[tuple[str, int], RTCIceCandidate] = {}
    for one in candidates:
        by_address.setdefault((one.ip, one.port), one)
    return tuple(islice(by_address.values(), MAX_CANDIDATES))


def _candidates(place: Attributes) -> Iterator[RTCIceCandidate]:
    mid = value("mid", place)
    return candidates_of(place, mid if mid is None else checked_mid(mid))


def candidates_of(place: Attributes, mid: str | None) -> Iterator[RTCIceCandidate]:
    """Those that sound can be sent to: UDP, numeric, one party's. Others are left out without a word.

    Related addresses are dropped: nothing uses them.
    """
    for line in place.get("candidate", ()):
        found = _CANDIDATE.fullmatch(line)
        host = _host(found[3]) if found else None
        if found and host and 0 < int(found[4]) <= MAX_PORT and 0 < int(found[2]) <= MAX_PRIORITY:
            yield RTCIceCandidate(
                component=1,
                foundation=found[1],
                ip=host,
                port=int(found[4]),
                priority=int(found[2]),
                protocol="udp",
                type=found[5].lower(),
                sdpMid=mid,
            )


def _host(text: str) -> str | None:
    """A unicast address, written the usual way. None of those that no packet is sent to or that need a zone."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if address.is_multicast or address.is_unspecified:
        return None
    if address.version == 4:
        return None if address.is_reserved else str(address)  # class E, and broadcast
    return None if address.is_link_local or address.ipv4_mapped else str(address)
