"""A page's offer (RFC 9429), judged before anything is opened for it: one line of sound, perhaps one of data.

Everything else that it offers is answered as not wanted, so a page with a camera gets its call too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from aiortc import RTCDtlsFingerprint, RTCDtlsParameters, RTCIceCandidate, RTCIceParameters
from aiosipua.sdp import MediaDescription, SdpMessage

from gateway.transport.webrtc.fragment import (
    MAX_PORT,
    Attributes,
    Fragment,
    OfferError,
    candidates_of,
    checked_mid,
    checked_password,
    checked_ufrag,
    parse_fragment,
    read_body,
    usable,
    value,
)

__all__ = ["Fragment", "MediaLine", "Offer", "OfferError", "parse_fragment", "parse_offer"]

SOUND_PROTOCOLS = ("UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP")
"""RFC 9429 section 5.1.2 has readers take the looser names for the first."""
DATA_PROTOCOL = "UDP/DTLS/SCTP"
DATA_FORMAT = "webrtc-datachannel"
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
OPUS_HZ = 48_000
EVENT_RATES_HZ = (8000, 48_000)
DEFAULT_MESSAGE_BYTES = 65_536
"""RFC 8841 section 6.1."""
MAX_FINGERPRINTS = 8
_HASH_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""Hashes that the browser's certificate may be known by (RFC 8122); older ones can be forged."""
_HEX = re.compile(r"[0-9A-F]{2}(:[0-9A-F]{2})*")
_PAYLOAD_TYPE = re.compile(r"\d{1,3}", re.ASCII)
_SHARED_WITH_RTCP = range(64, 96)
"""RFC 5761 section 4: with rtcp-mux, these would be taken for RTCP."""


@dataclass(frozen=True, slots=True)
class MediaLine:
    """One `m=` line of the offer, as the answer mirrors it. Plain ASCII, so it can be written as it is."""

    kind: str
    mid: str
    """Empty where none is given."""
    protocol: str
    formats: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page offers, as far as we take it."""

    lines: tuple[MediaLine, ...]
    """All of them, in order."""
    audio_mid: str
    data_mid: str | None
    """Of the data channel's line; None when there is none that we can take."""
    opus: int
    """Payload type."""
    telephone_events: Mapping[int, int]
    """Payload type -> clock rate, Hz: 8000 or 48000."""
    ice: RTCIceParameters
    dtls: RTCDtlsParameters
    """Fingerprints: at least one. Role: `server`, since the answer says that we begin."""
    candidates: tuple[RTCIceCandidate, ...]
    """Usable ones: UDP, numeric, at most 64."""
    candidates_end: bool
    """There won't be more. No hint that there is one: names (`*.local`) have been left out."""
    sctp_port: int | None
    """None without a data channel."""
    max_message_size: int
    """Bytes that the page takes in one message; 0: any number (RFC 8841 section 6.1)."""
    bundle: tuple[str, ...] = ()
    """Mids of the accepted lines that share one transport, the one that describes it first; empty: no BUNDLE."""
    trickle: bool = False
    """The page may send more candidates, and understands being sent some."""


@dataclass(frozen=True, slots=True)
class _Section:
    """A media section with what has been decided about it."""

    mid: str
    media: MediaDescription

    @property
    def attributes(self) -> Attributes:
        return self.media.attributes

    @property
    def wanted(self) -> bool:
        """Not disabled: port 0 is all right of a line that others lend their transport (RFC 9143 section 6)."""
        return self.media.port != 0 or "bundle-only" in self.attributes

    def __str__(self) -> str:
        return f"The m={self.media.media} line" + (f" with mid {self.mid}" if self.mid else "")


def parse_offer(body: bytes) -> Offer:
    """Read an offer. Total: any bytes, in bounded time.

    Raises:
        OfferError: there is no call to be had from it.
    """
    message = read_body(body, "offer")
    if not body.startswith(b"v=0") or not message.media:
        raise OfferError("The offer is no session description with media lines; send the browser's, which begins v=0.")
    sections = _sections(message)
    audio = _sound(sections, message.attributes)
    group = _group(message, audio)
    data = next((section for section in sections if section.mid in group and _carries_data(section)), None)
    accepted = [section for section in (audio, data) if section is not None]
    transport = _transport(accepted, group)
    places = (transport.attributes, message.attributes)
    return Offer(
        lines=tuple(_line(section, section in accepted) for section in sections),
        audio_mid=audio.mid,
        data_mid=data.mid if data else None,
        opus=_opus(audio) or 0,
        telephone_events={
            codec.payload_type: codec.clock_rate
            for codec in audio.media.codecs
            if codec.encoding_name.lower() == "telephone-event" and codec.clock_rate in EVENT_RATES_HZ
        },
        ice=_ice(places),
        dtls=_dtls(places),
        candidates=usable(candidates_of(transport.attributes, transport.mid or None)),
        candidates_end=any("end-of-candidates" in place for place in places),
        sctp_port=_sctp_port(data) if data else None,
        max_message_size=_message_bytes(data) if data else DEFAULT_MESSAGE_BYTES,
        bundle=_bundle(accepted, transport) if group else (),
        trickle="trickle" in (value("ice-options", *places) or "").split(),
    )


def _sections(message: SdpMessage) -> list[_Section]:
    """All media sections, with mids that can be told apart."""
    mids = [value("mid", media.attributes) for media in message.media]
    given = [checked_mid(mid) for mid in mids if mid is not None]
    if len(set(given)) < len(given):
        raise OfferError("Two media lines of the offer have the same a=mid; give each its own (RFC 5888).")
    sections = [_Section(mid or "", media) for mid, media in zip(mids, message.media, strict=True)]
    for section in sections:
        if section.media.media in ("audio", "video") and not all(map(_is_payload_type, section.media.formats)):
            raise OfferError(f"{section} has a format that is no payload type; use 96 to 127, or 35 to 63 (RFC 5761).")
    return sections


def _is_payload_type(text: str) -> bool:
    return bool(_PAYLOAD_TYPE.fullmatch(text)) and int(text) < 128 and int(text) not in _SHARED_WITH_RTCP


def _sound(sections: list[_Section], session: Attributes) -> _Section:
    """The first line of sound that we can talk on; of several that we can't, the first says why."""
    audio = [section for section in sections if section.media.media == "audio"]
    if not audio:
        raise OfferError("The offer has no m=audio line; add the microphone's track before making the offer.")
    problems = [_problem(section, session) for section in audio]
    if all(problems):
        raise OfferError(f"{audio[0]} {problems[0]}")
    return audio[problems.index(None)]


def _problem(section: _Section, session: Attributes) -> str | None:
    """Why we can't talk on a line of sound; None when we can."""
    said = (name for place in (section.attributes, session) for name in DIRECTIONS if name in place)
    direction = next(said, "sendrecv")
    if section.media.proto not in SOUND_PROTOCOLS:
        return f"is {section.media.proto}; offer {SOUND_PROTOCOLS[0]}."
    if not section.wanted:
        return "has port 0, which means that it isn't wanted; offer it with port 9."
    if direction != "sendrecv":
        return f"is {direction}; a call needs sendrecv: send the microphone and let sound be received."
    if _opus(section) is None:
        return "doesn't offer opus/48000/2, the only codec spoken here; leave opus among its codecs."
    if "rtcp-mux" not in section.attributes:
        return "lacks a=rtcp-mux; sound and its RTCP share one port here."
    return None


def _opus(section: _Section) -> int | None:
    """Payload type of `opus/48000/2` (RFC 7587 section 7), the first one named."""
    wanted = ("opus", OPUS_HZ, 2)
    codecs = section.media.codecs
    found = (one.payload_type for one in codecs if (one.encoding_name.lower(), one.clock_rate, one.channels) == wanted)
    return next(found, None)


def _group(message: SdpMessage, audio: _Section) -> list[str]:
    """Mids that share a transport with the sound, in the order that they are offered in (RFC 9143)."""
    for text in message.attributes.get("group", []):
        semantics, *mids = text.split() or [""]
        if semantics == "BUNDLE" and audio.mid in mids:
            return mids
    return []


def _carries_data(section: _Section) -> bool:
    """A data channel's line as RFC 8841 section 5 has it."""
    media = section.media
    written = (media.media, media.proto, media.formats) == ("application", DATA_PROTOCOL, [DATA_FORMAT])
    return written and section.wanted and _sctp_port(section) is not None


def _sctp_port(section: _Section) -> int | None:
    """`a=sctp-port:5000` (RFC 8841 section 5.1), or the older `a=sctpmap:5000 webrtc-datachannel 1024`."""
    text = value("sctp-port", section.attributes) or value("sctpmap", section.attributes) or ""
    port = text.split(" ")[0]
    return int(port) if re.fullmatch(r"[0-9]{1,5}", port) and 0 < int(port) <= MAX_PORT else None


def _message_bytes(section: _Section) -> int:
    text = value("max-message-size", section.attributes) or ""
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else DEFAULT_MESSAGE_BYTES


def _transport(accepted: list[_Section], group: list[str]) -> _Section:
    """The accepted line that describes the transport: the group's first that has one (RFC 9143 section 7.3.1)."""
    in_order = sorted(accepted, key=lambda section: group.index(section.mid)) if group else accepted
    for section in in_order:
        if section.media.port != 0:
            return section
    raise OfferError(f"{in_order[0]} is bundle-only with a line that isn't taken; offer it with port 9.")


def _bundle(accepted: list[_Section], transport: _Section) -> tuple[str, ...]:
    return (transport.mid, *(section.mid for section in accepted if section is not transport))


def _line(section: _Section, accepted: bool) -> MediaLine:
    media = section.media
    return MediaLine(media.media, section.mid, media.proto, " ".join(media.formats), accepted)


def _ice(places: tuple[Attributes, Attributes]) -> RTCIceParameters:
    ufrag, password = value("ice-ufrag", *places), value("ice-pwd", *places)
    if ufrag is None or password is None:
        raise OfferError("The offer lacks a=ice-ufrag or a=ice-pwd; send it after setLocalDescription.")
    return RTCIceParameters(checked_ufrag(ufrag), checked_password(password), iceLite="ice-lite" in places[1])


def _dtls(places: tuple[Attributes, Attributes]) -> RTCDtlsParameters:
    """Those of the section beat those of the session (RFC 8122 section 5)."""
    said = next((place["fingerprint"] for place in places if place.get("fingerprint")), [])
    fingerprints = [one for one in map(_fingerprint, said) if one is not None][:MAX_FINGERPRINTS]
    if not fingerprints:
        raise OfferError("The offer lacks a=fingerprint of sha-256, sha-384 or sha-512; leave the browser's in.")
    setup = value("setup", *places)
    if setup not in ("actpass", "passive"):
        raise OfferError(
            f"The offer says a=setup {setup[:20]!r}; write a=setup:actpass (RFC 8842)."
            if setup
            else "The offer lacks a=setup; write a=setup:actpass (RFC 8842)."
        )
    return RTCDtlsParameters(fingerprints=fingerprints, role="server")


def _fingerprint(text: str) -> RTCDtlsFingerprint | None:
    """RFC 8122 section 5, written as aiortc compares it; None of a hash that isn't taken."""
    algorithm, _, digits = text.partition(" ")
    algorithm, digits = algorithm.lower(), digits.strip().upper()
    length = _HASH_BYTES.get(algorithm, 0) * 3 - 1
    return RTCDtlsFingerprint(algorithm, digits) if len(digits) == length and _HEX.fullmatch(digits) else None
