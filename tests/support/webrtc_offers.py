"""Offers of browsers, whole: one as a Chromium 156 made it, and two in the manner of Firefox and Safari."""

from __future__ import annotations

import itertools

CRLF = "\r\n"


def _sdp(text: str) -> str:
    return "".join(line + CRLF for line in text.strip().split("\n"))


CHROMIUM = _sdp("""
v=0
o=- 6034758174255198039 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS e840ac1b-8f18-411f-9acc-6a11d792f0ea
m=audio 53255 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 127.0.0.1
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:4126400008 1 udp 2122260223 127.0.0.1 53255 typ host generation 0 network-id 1 network-cost 50
a=candidate:2339240709 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active generation 0 network-id 1 network-cost 50
a=ice-ufrag:NAlB
a=ice-pwd:tSrntTYuoaNlYcnqL43ceuxR
a=ice-options:trickle
a=fingerprint:sha-256 FA:49:06:F7:79:55:29:DE:C8:9A:27:CC:E7:17:6F:2A:E9:F6:6D:33:5D:52:1A:DC:29:4C:D7:43:98:F6:C2:1D
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time
a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01
a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid
a=sendrecv
a=msid:e840ac1b-8f18-411f-9acc-6a11d792f0ea 913b4ebf-7897-484b-8aba-46fba16702e1
a=rtcp-mux
a=rtcp-rsize
a=rtcp-xr:rcvr-rtt=all
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
a=ssrc:588040308 cname:iROm45YXvOrm5dQU
a=ssrc:588040308 msid:e840ac1b-8f18-411f-9acc-6a11d792f0ea 913b4ebf-7897-484b-8aba-46fba16702e1
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:NAlB
a=ice-pwd:tSrntTYuoaNlYcnqL43ceuxR
a=ice-options:trickle
a=fingerprint:sha-256 FA:49:06:F7:79:55:29:DE:C8:9A:27:CC:E7:17:6F:2A:E9:F6:6D:33:5D:52:1A:DC:29:4C:D7:43:98:F6:C2:1D
a=setup:actpass
a=mid:1
a=sctp-port:5000
a=max-message-size:262144
""")
"""Captured: sound and a data channel, all candidates, `bundlePolicy: "max-bundle"`."""

FIREFOX = _sdp("""
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 4820137421837498204 0 IN IP4 0.0.0.0
s=-
t=0 0
a=sendrecv
a=fingerprint:sha-256 0B:6E:44:2D:7F:4D:1F:36:58:5C:5E:7F:0B:A9:8B:51:70:3B:61:B4:0E:31:97:F6:BB:3E:6D:AB:3A:4B:14:C3
a=group:BUNDLE 0 1 2
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 55712 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 192.0.2.17
a=candidate:0 1 UDP 2122187007 3a1d6f52-2f0e-4b79-93a2-1d2f4f9fd1c9.local 55712 typ host
a=candidate:2 1 TCP 2105458943 3a1d6f52-2f0e-4b79-93a2-1d2f4f9fd1c9.local 9 typ host tcptype active
a=candidate:1 1 UDP 1685987327 192.0.2.17 55712 typ srflx raddr 0.0.0.0 rport 0
a=candidate:0 2 UDP 2122187006 192.0.2.17 55713 typ host
a=sendrecv
a=end-of-candidates
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
a=extmap:3 urn:ietf:params:rtp-hdrext:sdes:mid
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=fmtp:101 0-15
a=ice-pwd:5b3c8fd8e4f6a2c1d09e7b6a5f4c3d2e
a=ice-ufrag:7e1f03ab
a=mid:0
a=msid:{0f5c7a3e-8d1b-4a6f-9c2e-7b4d1a3f5e60} {9a1d3c5e-7f20-4b6d-8e91-2c4a6b8d0f13}
a=rtcp:55713 IN IP4 192.0.2.17
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=rtpmap:9 G722/8000/1
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:101 telephone-event/8000/1
a=setup:actpass
a=ssrc:2147483911 cname:{4b8f2c61-0d3e-47a9-b5c8-91e6f7a2d304}
m=video 0 UDP/TLS/RTP/SAVPF 120 121
c=IN IP4 0.0.0.0
a=bundle-only
a=sendrecv
a=fmtp:120 max-fs=12288;max-fr=60
a=mid:1
a=rtcp-fb:120 nack
a=rtcp-mux
a=rtpmap:120 VP8/90000
a=rtpmap:121 VP9/90000
a=setup:actpass
m=application 0 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=bundle-only
a=sendrecv
a=mid:2
a=setup:actpass
a=sctp-port:5000
a=max-message-size:1073741823
""")
"""Direction, fingerprint and ICE options of the session; a camera; lines that are `bundle-only`; RTCP's component."""

SAFARI = _sdp("""
v=0
o=- 7725893016482940155 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE audio data
a=extmap-allow-mixed
a=msid-semantic: WMS 1c3a5e70-92b4-4d68-8f0a-2c4e6a8c0e21
m=audio 9 UDP/TLS/RTP/SAVPF 103 9 102 0 8 105 13 110 113 126
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:+x/Q
a=ice-pwd:Lq0Y7bEr+TjWm3Zc/9sVfKxh
a=ice-options:trickle
a=fingerprint:sha-256 5c:10:3e:a8:27:9b:60:4d:f1:8a:c3:72:0e:b6:95:d4:1f:38:6a:e7:50:c9:2b:84:fd:13:76:a0:ce:49:b2:0d
a=setup:actpass
a=mid:audio
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:1c3a5e70-92b4-4d68-8f0a-2c4e6a8c0e21 6f8b0d2e-4c6a-4e80-a1c3-d5f7092b4c6e
a=rtcp-mux
a=rtpmap:103 opus/48000/2
a=rtcp-fb:103 transport-cc
a=fmtp:103 minptime=10;useinbandfec=1
a=rtpmap:9 G722/8000
a=rtpmap:102 ILBC/8000
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:105 CN/16000
a=rtpmap:13 CN/8000
a=rtpmap:110 telephone-event/48000
a=rtpmap:113 telephone-event/16000
a=rtpmap:126 telephone-event/8000
a=ssrc:1790312345 cname:9mRkQe2LxVh0uTpW
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=ice-ufrag:+x/Q
a=ice-pwd:Lq0Y7bEr+TjWm3Zc/9sVfKxh
a=ice-options:trickle
a=fingerprint:sha-256 5c:10:3e:a8:27:9b:60:4d:f1:8a:c3:72:0e:b6:95:d4:1f:38:6a:e7:50:c9:2b:84:fd:13:76:a0:ce:49:b2:0d
a=setup:actpass
a=mid:data
a=sctp-port:5000
a=max-message-size:65536
""")
"""No candidate yet, lower-case digits, mids that are words, events at 16 kHz too."""

BROWSERS = {"chromium": CHROMIUM, "firefox": FIREFOX, "safari": SAFARI}

VIDEO = _sdp("""
m=video 9 UDP/TLS/RTP/SAVPF 96 97
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:NAlB
a=ice-pwd:tSrntTYuoaNlYcnqL43ceuxR
a=setup:actpass
a=mid:v
a=sendrecv
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
""")
"""A section to put into another offer."""

FRAGMENT = _sdp("""
a=ice-ufrag:NAlB
a=ice-pwd:tSrntTYuoaNlYcnqL43ceuxR
m=audio 9 UDP/TLS/RTP/SAVPF 0
a=mid:0
a=candidate:4126400008 1 udp 2122260223 192.0.2.5 53255 typ host generation 0 ufrag NAlB network-cost 999
a=candidate:1510613869 1 udp 2122129151 2001:db8::5 53256 typ host generation 0 ufrag NAlB network-cost 999
a=candidate:2339240709 1 tcp 1518280447 192.0.2.5 9 typ host tcptype active generation 0 ufrag NAlB
a=end-of-candidates
""")
"""In the manner of RFC 9725 section 4.3.2."""


def without(offer: str, *starts: str) -> str:
    """The offer without the lines that begin so. A test whose lines aren't there fails."""
    lines = offer.split(CRLF)
    kept = [line for line in lines if not line.startswith(starts)]
    assert len(kept) < len(lines), starts
    return CRLF.join(kept)


def instead(offer: str, old: str, new: str) -> str:
    """The offer with other words everywhere. A test whose words aren't there fails."""
    assert old in offer, old
    return offer.replace(old, new)


def section(offer: str, kind: str) -> str:
    """The media section of that kind, the first one."""
    lines = itertools.dropwhile(lambda line: not line.startswith(f"m={kind} "), offer.split(CRLF))
    first = next(lines)
    rest = itertools.takewhile(lambda line: line and not line.startswith("m="), lines)
    return "".join(line + CRLF for line in (first, *rest))
