"""The offer that a Chromium makes for a call, as a text with blanks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

CRLF = "\r\n"
OPUS_TYPE = 111
KEY_TYPES = {48_000: 110, 8000: 126}
"""Clock rate -> payload type of telephone-event."""
_AUDIO = """\
m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
{transport}
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:stream track
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=rtpmap:9 G722/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:126 telephone-event/8000
a=ssrc:{ssrc} cname:caller
a=ssrc:{ssrc} msid:stream track"""
_DATA = """\
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
{transport}
a=mid:1
a=sctp-port:5000
a=max-message-size:262144"""
_SESSION = """\
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE {mids}
a=extmap-allow-mixed
a=msid-semantic: WMS stream"""


@dataclass(frozen=True, slots=True)
class Blanks:
    """What differs from call to call; usable as it is where nobody will connect."""

    ufrag: str = "uFrg"
    password: str = "pwpwpwpwpwpwpwpwpwpwpwpw"  # noqa: S105 - of an ICE session that never was
    fingerprint: str = ":".join(["AB"] * 32)
    ssrc: int = 1_234_567_890
    data: bool = True
    """With a data channel."""
    candidates: Sequence[str] = ()
    """Without `a=candidate:`. A page that posts at once has none yet."""


def offer(blanks: Blanks | None = None, **changes: object) -> str:
    """SDP with CRLF line ends.

    Args:
        blanks: what to fill in.
        changes: fields of `Blanks`.
    """
    blanks = replace(blanks or Blanks(), **changes)  # type: ignore[arg-type]
    transport = "\n".join(
        [
            *(f"a=candidate:{candidate}" for candidate in blanks.candidates),
            f"a=ice-ufrag:{blanks.ufrag}",
            f"a=ice-pwd:{blanks.password}",
            "a=ice-options:trickle",
            f"a=fingerprint:sha-256 {blanks.fingerprint}",
            "a=setup:actpass",
        ]
    )
    parts = [_SESSION.format(mids="0 1" if blanks.data else "0"), _AUDIO.format(transport=transport, ssrc=blanks.ssrc)]
    if blanks.data:
        parts.append(_DATA.format(transport=transport))
    return "".join(line + CRLF for part in parts for line in part.split("\n"))
