"""Our answer to a page: one section for each that was offered, nothing agreed to that wasn't asked for."""

from __future__ import annotations

import pytest
from aiortc import RTCDtlsFingerprint, RTCIceCandidate, RTCIceParameters
from aiortc.sdp import SessionDescription

from gateway.transport.webrtc.answer import MAX_MESSAGE_BYTES, OPUS_PARAMETERS, Ours, write_answer
from gateway.transport.webrtc.offer import parse_offer
from tests.support.webrtc_offers import BROWSERS, CHROMIUM, CRLF, FIREFOX, SAFARI, VIDEO, instead, section, without

pytestmark = pytest.mark.unit

OURS = Ours(
    ice=RTCIceParameters("ours", "OurOwnPasswordOfIce123"),
    fingerprints=[
        RTCDtlsFingerprint("sha-256", ":".join(["AB"] * 32)),
        RTCDtlsFingerprint("sha-384", ":".join(["CD"] * 48)),
    ],
    candidates=[
        RTCIceCandidate(1, "1f", "192.0.2.9", 40_000, 2130706431, "udp", "host"),
        RTCIceCandidate(1, "2f", "198.51.100.9", 40_001, 1694498815, "udp", "srflx", "192.0.2.9", 40_000),
    ],
    ssrc=4_000_000_000,
    cname="hotline",
)


def answer(offer: str) -> str:
    return write_answer(parse_offer(offer.encode()), OURS)


def test_the_whole_answer_to_a_chromium() -> None:
    assert answer(CHROMIUM).removesuffix(CRLF).split(CRLF) == [
        "v=0",
        "o=- 4000000000 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=ice-options:trickle",
        "a=msid-semantic:WMS *",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111 110 126",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        "a=sendrecv",
        "a=msid:hotline hotline-voice",
        "a=rtcp-mux",
        "a=rtpmap:111 opus/48000/2",
        f"a=fmtp:111 {OPUS_PARAMETERS}",
        "a=rtpmap:110 telephone-event/48000",
        "a=fmtp:110 0-15",
        "a=rtpmap:126 telephone-event/8000",
        "a=fmtp:126 0-15",
        "a=ptime:20",
        "a=maxptime:60",
        "a=ssrc:4000000000 cname:hotline",
        "a=ice-ufrag:ours",
        "a=ice-pwd:OurOwnPasswordOfIce123",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=fingerprint:sha-384 " + ":".join(["CD"] * 48),
        "a=setup:active",
        "a=candidate:1f 1 udp 2130706431 192.0.2.9 40000 typ host",
        "a=candidate:2f 1 udp 1694498815 198.51.100.9 40001 typ srflx raddr 192.0.2.9 rport 40000",
        "a=end-of-candidates",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=mid:1",
        "a=sctp-port:5000",
        f"a=max-message-size:{MAX_MESSAGE_BYTES}",
        "a=ice-ufrag:ours",
        "a=ice-pwd:OurOwnPasswordOfIce123",
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32),
        "a=fingerprint:sha-384 " + ":".join(["CD"] * 48),
        "a=setup:active",
    ]


def test_we_ask_for_mono_without_pauses() -> None:
    asked = dict(one.split("=") for one in OPUS_PARAMETERS.split(";"))
    assert (asked["stereo"], asked["usedtx"], asked["useinbandfec"]) == ("0", "0", "0")
    assert 6000 <= int(asked["maxaveragebitrate"]) <= 510_000  # RFC 7587 section 6.1
    assert 8000 <= int(asked["maxplaybackrate"]) <= 48_000


@pytest.mark.parametrize("browser", BROWSERS)
def test_an_independent_reader_finds_what_was_agreed(browser: str) -> None:
    offer = parse_offer(BROWSERS[browser].encode())
    read = SessionDescription.parse(answer(BROWSERS[browser]))
    assert [(one.kind, one.rtp.muxId) for one in read.media] == [(line.kind, line.mid) for line in offer.lines]
    assert [one.port != 0 for one in read.media] == [line.accepted for line in offer.lines]
    sound = next(one for one in read.media if one.kind == "audio")
    assert (sound.direction, sound.rtcp_mux, sound.fmt) == ("sendrecv", True, [offer.opus, *offer.telephone_events])
    assert sound.rtp.codecs[0].mimeType == "audio/opus"
    assert (sound.ice.usernameFragment, sound.ice.password) == ("ours", "OurOwnPasswordOfIce123")
    assert sound.dtls is not None
    assert sound.dtls.role == "client"
    assert [(one.ip, one.port) for one in sound.ice_candidates] == [("192.0.2.9", 40_000), ("198.51.100.9", 40_001)]
    assert sound.ice_candidates_complete
    assert [one.ssrc for one in sound.ssrc] == [4_000_000_000]
    assert [group.items for group in read.group] == [list(offer.bundle)]


def test_a_camera_is_refused_in_its_place() -> None:
    text = answer(FIREFOX)
    assert section(text, "video") == CRLF.join(
        ["m=video 0 UDP/TLS/RTP/SAVPF 120 121", "c=IN IP4 0.0.0.0", "a=mid:1", "a=inactive", ""]
    )
    assert "a=group:BUNDLE 0 2" in text
    assert text.index("m=video") < text.index("m=application")


def test_a_second_line_of_sound_is_refused() -> None:
    text = answer(CHROMIUM + instead(section(CHROMIUM, "audio"), "a=mid:0", "a=mid:2"))
    assert text.count("m=audio 0 ") == 1
    assert text.count("a=rtcp-mux") == 1
    assert text.endswith(CRLF.join(["a=mid:2", "a=inactive", ""]))


def test_candidates_stand_where_the_groups_transport_is_described() -> None:
    text = answer(instead(SAFARI, "BUNDLE audio data", "BUNDLE data audio"))
    assert "a=group:BUNDLE data audio" in text
    assert "a=candidate" not in section(text, "audio")
    assert section(text, "application").count("a=candidate") == 2
    assert section(text, "application").count("a=end-of-candidates") == 1


def test_nothing_is_bundled_or_trickled_that_wasnt_offered_so() -> None:
    text = answer(without(CHROMIUM, "a=group", "a=ice-options"))
    assert "BUNDLE" not in text
    assert "trickle" not in text
    assert "m=application 0 " in text
    assert "a=candidate" in section(text, "audio")


def test_a_line_without_a_mid_is_answered_without_one() -> None:
    assert "a=mid" not in answer(without(CHROMIUM, "a=mid:0", "a=mid:1", "a=group"))


def test_no_keys_are_agreed_on_where_none_are_offered() -> None:
    text = answer(without(instead(CHROMIUM, " 110 126", ""), "a=rtpmap:110", "a=rtpmap:126"))
    assert "telephone-event" not in text
    assert "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n" in text


def test_the_protocol_is_the_offers() -> None:
    assert "m=audio 9 RTP/SAVPF 111 " in answer(instead(CHROMIUM, "UDP/TLS/RTP/SAVPF", "RTP/SAVPF"))


def test_every_line_ends_as_sdp_wants_it() -> None:
    text = answer(CHROMIUM + VIDEO)
    assert text.endswith(CRLF)
    assert text.replace(CRLF, "").isprintable()
    assert all(line[1] == "=" for line in text.removesuffix(CRLF).split(CRLF))
