"""Offer and answer (RFC 3264): what both sides can do becomes one plan for the stream, and the words that say so."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from aiosipua.sdp import Codec as RtpMap
from aiosipua.sdp import ConnectionData, MediaDescription, Origin, SdpMessage, serialize_sdp

from gateway.media.codecs import CODECS, Codec
from gateway.transport.rtp.srtp import SUITES, Crypto, SrtpKeys, make_crypto, parse_crypto
from gateway.transport.rtp.stream import StreamPlan
from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.sdp import AudioSection, Description, SdpError, read_sdp

_OPPOSITE = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}
_EVENTS = "telephone-event"
_NOISE = 13
_OFFERED = {"opus": 96}
_OFFERED_EVENTS = {8000: 101, 48_000: 102}
"""Dynamic payload types of our own offers; of keys by their clock."""
_EVENT_RANGE = "0-15"
_SHORTEST_MS, _LONGEST_MS = 10, 60


@dataclass(frozen=True, slots=True)
class Here:
    """Where we want sound."""

    host: str
    """As others reach it."""
    port: int
    bound: str
    """The numeric address that our socket has, which says what family we can send to."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed, and our answer that says so."""

    plan: StreamPlan
    sdp: str


@dataclass(frozen=True, slots=True)
class _Pick:
    """The section that is talked about, and how."""

    section: AudioSection
    codec: Codec
    payload_type: int
    events: RtpMap | None
    noise: bool
    crypto: Crypto | None


class Negotiator:
    """Both sides' descriptions in one call: makes our offers and answers, each with the next version (RFC 3264 8)."""

    def __init__(self, config: SipConfig, here: Here) -> None:
        self._config = config
        self._here = here
        self._session_id = str(secrets.randbelow(2**62))
        self._version = 0
        self._body: str | None = None
        self._crypto: Crypto | None = None
        """Our own key; kept for the whole call."""
        self._agreed: tuple[_Pick, Sequence[MediaDescription]] | None = None
        """What was agreed, with all sections that were talked about."""

    def answer(self, text: str) -> Agreement:
        """Answer an offer.

        Raises:
            SdpError: it can't be read, or there is nothing in it that we can do.
        """
        description = read_sdp(text)
        pick = self._pick(description)
        plan = self._plan(pick, pick.section.direction)
        self._agreed = pick, description.sections
        return Agreement(plan, self._write(self._sections(_OPPOSITE[pick.section.direction])))

    def offer(self) -> str:
        """All that we can do; once something is agreed, that again, with sound both ways (a hold is theirs to keep)."""
        return self._write(self._sections("sendrecv")) if self._agreed else self._first_offer()

    def _first_offer(self) -> str:
        maps = [(CODECS[name], _payload_type(CODECS[name])) for name in self._config.codecs]
        formats = [str(number) for _, number in maps]
        rtpmaps = [_rtpmap(codec, number) for codec, number in maps]
        attributes: dict[str, list[str]] = {"rtpmap": rtpmaps, "fmtp": []}
        clocks = sorted({codec.rtp_clock_hz for codec, _ in maps})
        for clock_hz in clocks:  # keys are told on the clock of the sound beside them (RFC 4733 2.1)
            number = _OFFERED_EVENTS[clock_hz]
            formats.append(str(number))
            rtpmaps.append(f"{number} {_EVENTS}/{clock_hz}")
            attributes["fmtp"].append(f"{number} {_EVENT_RANGE}")
        if self._config.comfort_noise and 8000 in clocks:
            formats.append(str(_NOISE))
        attributes["ptime"] = [str(self._config.ptime_ms)]
        if self._config.srtp != "off":
            self._crypto = self._crypto or make_crypto(1, SUITES[0])
            attributes["crypto"] = [str(self._crypto)]
        attributes["sendrecv"] = []
        profile = "RTP/SAVP" if self._config.srtp == "required" else "RTP/AVP"
        return self._write([MediaDescription("audio", self._here.port, profile, formats, attributes=attributes)])

    def accept(self, text: str) -> StreamPlan:
        """Read the answer to our offer. Raises SdpError, as `answer` does."""
        description = read_sdp(text)
        pick = self._pick(description)
        ours, theirs = self._crypto, pick.crypto
        if theirs and (ours is None or (theirs.tag, theirs.suite) != (ours.tag, ours.suite)):
            raise SdpError("keys for something that we didn't offer")  # RFC 4568 5.1.3
        plan = self._plan(pick, pick.section.direction)
        self._agreed = pick, description.sections
        return plan

    # --------------------------------------------------------------------------------------------------------- choosing

    def _pick(self, description: Description) -> _Pick:
        picks = [pick for section in description.audio if (pick := self._pick_in(section))]
        if not picks:
            raise SdpError("no sound that we can speak")
        return max(picks, key=lambda pick: pick.crypto is not None)  # secure, where there is a choice

    def _pick_in(self, section: AudioSection) -> _Pick | None:
        if section.remote and ip_address(section.remote[0]).version != ip_address(self._here.bound).version:
            return None
        crypto = self._crypto_of(section)
        if crypto is None and (section.secure or self._config.srtp == "required"):
            return None
        for name in self._config.codecs:
            codec = CODECS[name]
            found = next((offered for offered in section.maps if _same(codec, offered)), None)
            if found is not None:
                noise = codec.rtp_clock_hz == 8000 and any(one.payload_type == _NOISE for one in section.maps)
                events = _events(section.maps, codec)
                noise = noise and self._config.comfort_noise
                return _Pick(section, codec, found.payload_type, events, noise, crypto)
        return None

    def _crypto_of(self, section: AudioSection) -> Crypto | None:
        if self._config.srtp == "off":
            return None
        for value in section.cryptos:
            try:
                return parse_crypto(value)
            except ValueError:
                continue  # a suite we don't have, or none at all
        return None

    def _plan(self, pick: _Pick, direction: str) -> StreamPlan:
        section = pick.section
        keys = None
        if pick.crypto is None:
            self._crypto = None  # encrypted again, then by a new key: this one's count of packets is gone with it
        else:
            if self._crypto is None or self._crypto.suite != pick.crypto.suite:
                self._crypto = make_crypto(pick.crypto.tag, pick.crypto.suite)
            self._crypto = replace(self._crypto, tag=pick.crypto.tag)
            keys = SrtpKeys(ours=self._crypto, theirs=pick.crypto)
        held = section.remote is None
        return StreamPlan(
            codec=pick.codec,
            payload_type=pick.payload_type,
            telephone_event=pick.events.payload_type if pick.events else None,
            comfort_noise=_NOISE if pick.noise else None,
            ptime_ms=self._packet_ms(pick),
            remote=section.remote,
            remote_rtcp=section.rtcp,
            rtcp_mux=section.rtcp_mux,
            sends=direction in ("sendrecv", "recvonly") and not held,
            receives=direction in ("sendrecv", "sendonly"),
            srtp=keys,
            inband_dtmf=self._config.inband_dtmf,
        )

    def _packet_ms(self, pick: _Pick) -> int:
        section = pick.section
        wanted = section.ptime_ms or self._config.ptime_ms
        if section.maxptime_ms:
            wanted = min(wanted, section.maxptime_ms)
        return pick.codec.packet_ms(max(_SHORTEST_MS, min(_LONGEST_MS, wanted)))

    # --------------------------------------------------------------------------------------------------------- wording

    def _sections(self, direction: str) -> list[MediaDescription]:
        """All sections of what was agreed, in their order, the one that is sound with our direction."""
        if self._agreed is None:
            return []
        pick, sections = self._agreed
        return [
            self._section(pick, direction) if index == pick.section.index else _refused(section)
            for index, section in enumerate(sections)
        ]

    def _section(self, pick: _Pick, direction: str) -> MediaDescription:
        formats = [str(pick.payload_type)]
        attributes: dict[str, list[str]] = {"rtpmap": [_rtpmap(pick.codec, pick.payload_type)]}
        if pick.events:
            number = pick.events.payload_type
            formats.append(str(number))
            attributes["rtpmap"].append(f"{number} {_EVENTS}/{pick.events.clock_rate}")
            attributes["fmtp"] = [f"{number} {_EVENT_RANGE}"]
        if pick.noise:
            formats.append(str(_NOISE))
        attributes["ptime"] = [str(self._packet_ms(pick))]
        if pick.crypto and self._crypto:
            attributes["crypto"] = [str(self._crypto)]
        if pick.section.rtcp_mux:
            attributes["rtcp-mux"] = []
        attributes[direction] = []
        return MediaDescription("audio", self._here.port, pick.section.profile, formats, attributes=attributes)

    def _write(self, sections: Sequence[MediaDescription]) -> str:
        family = "IP6" if ":" in self._here.bound else "IP4"

        def body() -> str:
            return serialize_sdp(
                SdpMessage(
                    origin=Origin("-", self._session_id, str(self._version), "IN", family, self._here.host),
                    session_name="voice-gateway",
                    connection=ConnectionData("IN", family, self._here.host),
                    media=list(sections),
                )
            )

        if body() != self._body:
            self._version += 1
        self._body = body()
        return self._body


def _same(codec: Codec, offered: RtpMap) -> bool:
    rate_fits = offered.clock_rate == codec.rtp_clock_hz
    channels_fit = (offered.channels or 1) == codec.channels
    return offered.encoding_name.lower() == codec.name.lower() and rate_fits and channels_fit and _usable(offered)


def _usable(offered: RtpMap) -> bool:
    return 0 <= offered.payload_type < 128 and not 64 <= offered.payload_type < 96  # RFC 5761 4: those look like RTCP


def _events(maps: Sequence[RtpMap], codec: Codec) -> RtpMap | None:
    """Keys on the codec's own clock, or on any: telephones offer 8000 beside Opus and mean it."""
    found = [one for one in maps if one.encoding_name.lower() == _EVENTS and _usable(one)]
    return next((one for one in found if one.clock_rate == codec.rtp_clock_hz), found[0] if found else None)


def _payload_type(codec: Codec) -> int:
    return _OFFERED[codec.name] if codec.static_payload_type is None else codec.static_payload_type


def _rtpmap(codec: Codec, number: int) -> str:
    channels = f"/{codec.channels}" if codec.channels > 1 else ""
    return f"{number} {codec.name}/{codec.rtp_clock_hz}{channels}"


def _refused(section: MediaDescription) -> MediaDescription:
    return MediaDescription(section.media, 0, section.proto, section.formats[:1] or ["0"])
