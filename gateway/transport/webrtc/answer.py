"""The answer to a page's offer (RFC 9429 section 5.3): sound, perhaps data, and a no to everything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aiortc import RTCDtlsFingerprint, RTCIceCandidate, RTCIceParameters
from aiortc.sdp import candidate_to_sdp

from gateway.transport.webrtc.offer import MediaLine, Offer

SCTP_PORT = 5000
"""aiortc's own, and everybody's; it is inside DTLS, so nothing is opened."""
MAX_MESSAGE_BYTES = 1024
"""Twice what a page's longest message has: a page that sends more is told so by its own browser."""
OPUS_PARAMETERS = ";".join(
    (
        "minptime=20",  # no parameter of RFC 7587, but browsers heed it: packets of 10 ms would cost us twice as many
        "maxplaybackrate=16000",  # the recogniser hears 16 kHz: bits for what is above would be wasted
        "sprop-maxcapturerate=16000",  # and so is what we say
        "maxaveragebitrate=24000",  # wideband speech is clean at that
        "stereo=0",  # we decode mono,
        "sprop-stereo=0",  # and send it
        "useinbandfec=0",  # would cost bits: lost frames are concealed, not decoded from the next packet
        "usedtx=0",  # with it the first frame after silence comes late, and the word's beginning with it
    )
)
"""RFC 7587 section 6.1: what we would like to receive, and (sprop) what we are going to send."""
PACKET_MS = 20
MAX_PACKET_MS = 60
EVENTS = "0-15"
"""Keys 0-9 * # A-D (RFC 4733 section 3.2)."""
_NOWHERE = "c=IN IP4 0.0.0.0"
"""With port 9: candidates say where (RFC 8840 section 4.1.1)."""
_STREAM = "hotline hotline-voice"
"""Names of the stream and of its one track, as the page sees them (RFC 8830)."""


@dataclass(frozen=True, slots=True)
class Ours:
    """Our side of the transport, known once candidates have been gathered."""

    ice: RTCIceParameters
    fingerprints: Sequence[RTCDtlsFingerprint]
    candidates: Sequence[RTCIceCandidate]
    """All that there will be."""
    ssrc: int
    """Of the sound that we send, unsigned 32 bits; random, so the session has its number too."""
    cname: str
    """RFC 7022: without white space."""


def write_answer(offer: Offer, ours: Ours) -> str:
    """The answer, CRLF line ends: one media section for each that was offered, in order.

    All that is copied from the offer has been checked to be plain words.
    """
    lines = ["v=0", f"o=- {ours.ssrc} 1 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if offer.bundle:
        lines.append(f"a=group:BUNDLE {' '.join(offer.bundle)}")
    if offer.trickle:
        lines.append("a=ice-options:trickle")
    lines.append("a=msid-semantic:WMS *")
    for line in offer.lines:
        if not line.accepted:
            lines += _refused(line)
        else:
            lines += _sound(line, offer, ours) if line.kind == "audio" else _data(line)
            lines += _transport(line, offer, ours)
    return "".join(f"{line}\r\n" for line in lines)


def _refused(line: MediaLine) -> Iterator[str]:
    """RFC 3264 section 6: port 0, and formats that mean nothing."""
    yield f"m={line.kind} 0 {line.protocol} {line.formats}"
    yield _NOWHERE
    yield from _mid(line)
    yield "a=inactive"


def _mid(line: MediaLine) -> Iterator[str]:
    if line.mid:
        yield f"a=mid:{line.mid}"


def _sound(line: MediaLine, offer: Offer, ours: Ours) -> Iterator[str]:
    """Opus and keys; no header extensions, no RTCP feedback: there is nothing in either for a call of sound alone."""
    types = " ".join(str(one) for one in (offer.opus, *offer.telephone_events))
    yield f"m=audio 9 {line.protocol} {types}"
    yield _NOWHERE
    yield from _mid(line)
    yield "a=sendrecv"
    yield f"a=msid:{_STREAM}"
    yield "a=rtcp-mux"
    yield f"a=rtpmap:{offer.opus} opus/48000/2"
    yield f"a=fmtp:{offer.opus} {OPUS_PARAMETERS}"
    for payload_type, rate_hz in offer.telephone_events.items():
        yield f"a=rtpmap:{payload_type} telephone-event/{rate_hz}"
        yield f"a=fmtp:{payload_type} {EVENTS}"
    yield f"a=ptime:{PACKET_MS}"
    yield f"a=maxptime:{MAX_PACKET_MS}"
    yield f"a=ssrc:{ours.ssrc} cname:{ours.cname}"


def _data(line: MediaLine) -> Iterator[str]:
    yield f"m=application 9 {line.protocol} {line.formats}"
    yield _NOWHERE
    yield from _mid(line)
    yield f"a=sctp-port:{SCTP_PORT}"
    yield f"a=max-message-size:{MAX_MESSAGE_BYTES}"


def _transport(line: MediaLine, offer: Offer, ours: Ours) -> Iterator[str]:
    """ICE and DTLS.

    In a BUNDLE the first line would do for all (RFC 9143 section 7.1.3). Browsers repeat all but the candidates, and
    some readers, aiortc's among them, miss them otherwise.
    """
    yield f"a=ice-ufrag:{ours.ice.usernameFragment}"
    yield f"a=ice-pwd:{ours.ice.password}"
    for one in ours.fingerprints:
        yield f"a=fingerprint:{one.algorithm} {one.value}"
    yield "a=setup:active"
    if not offer.bundle or line.mid == offer.bundle[0]:
        for candidate in ours.candidates:
            yield f"a=candidate:{candidate_to_sdp(candidate)}"
        yield "a=end-of-candidates"
