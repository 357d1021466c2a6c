"""Offers and fragments of pages: what is taken, what is left out, and what is refused in which words."""

from __future__ import annotations

import time

import pytest
from aiortc import RTCIceCandidate

from gateway.transport.webrtc.fragment import MAX_BODY_BYTES, MAX_CANDIDATES, MAX_LINE_CHARACTERS, MAX_MEDIA_LINES
from gateway.transport.webrtc.offer import Fragment, MediaLine, Offer, OfferError, parse_fragment, parse_offer
from tests.support.webrtc_offers import CHROMIUM, CRLF, FIREFOX, FRAGMENT, SAFARI, VIDEO, instead, section, without

pytestmark = pytest.mark.unit

AUDIO_ONLY = instead(instead(CHROMIUM, section(CHROMIUM, "application"), ""), "BUNDLE 0 1", "BUNDLE 0")
SHA_256 = ":".join(["AB"] * 32)
PROMPTLY_S = 1.0


def read(text: str) -> Offer:
    return parse_offer(text.encode())


def why_not(text: str | bytes) -> str:
    """The sentence that an offer is refused with."""
    with pytest.raises(OfferError) as caught:
        parse_offer(text if isinstance(text, bytes) else text.encode())
    return str(caught.value)


def with_candidates(*lines: str) -> tuple[RTCIceCandidate, ...]:
    added = "".join(f"a=candidate:{line}{CRLF}" for line in lines)
    return read(instead(without(AUDIO_ONLY, "a=candidate"), "a=mid:0" + CRLF, "a=mid:0" + CRLF + added)).candidates


def test_a_chromiums_offer_is_taken() -> None:
    offer = read(CHROMIUM)
    assert offer.lines == (
        MediaLine("audio", "0", "UDP/TLS/RTP/SAVPF", "111 63 9 0 8 13 110 126", True),
        MediaLine("application", "1", "UDP/DTLS/SCTP", "webrtc-datachannel", True),
    )
    assert (offer.audio_mid, offer.data_mid, offer.bundle) == ("0", "1", ("0", "1"))
    assert (offer.opus, offer.telephone_events) == (111, {110: 48_000, 126: 8000})
    assert (offer.ice.usernameFragment, offer.ice.password) == ("NAlB", "tSrntTYuoaNlYcnqL43ceuxR")
    assert (offer.ice.iceLite, offer.trickle, offer.candidates_end) == (False, True, False)
    (fingerprint,) = offer.dtls.fingerprints
    assert (fingerprint.algorithm, fingerprint.value[:8], offer.dtls.role) == ("sha-256", "FA:49:06", "server")
    (candidate,) = offer.candidates  # the one over TCP is left out
    assert candidate == RTCIceCandidate(1, "4126400008", "127.0.0.1", 53255, 2122260223, "udp", "host", sdpMid="0")
    assert (offer.sctp_port, offer.max_message_size) == (5000, 262_144)


def test_a_firefoxs_offer_is_taken_without_its_camera() -> None:
    offer = read(FIREFOX)
    assert [line.accepted for line in offer.lines] == [True, False, True]
    assert (offer.data_mid, offer.bundle) == ("2", ("0", "2"))  # bundle-only with port 0, RFC 9143
    assert (offer.opus, offer.telephone_events) == (109, {101: 8000})
    assert [(one.ip, one.type) for one in offer.candidates] == [("192.0.2.17", "srflx")]  # not its .local name
    assert (offer.candidates_end, offer.trickle) == (True, True)
    assert offer.dtls.fingerprints[0].value.startswith("0B:6E:44")  # of the session


def test_a_safaris_offer_is_taken() -> None:
    offer = read(SAFARI)
    assert (offer.audio_mid, offer.data_mid, offer.opus) == ("audio", "data", 103)
    assert offer.telephone_events == {110: 48_000, 126: 8000}  # not those at 16 kHz
    assert offer.dtls.fingerprints[0].value.startswith("5C:10:3E:A8")
    assert offer.candidates == ()


def test_bare_line_ends_are_read() -> None:
    assert read(CHROMIUM.replace(CRLF, "\n")) == read(CHROMIUM)


def test_sound_alone_is_a_call() -> None:
    offer = read(AUDIO_ONLY)
    assert (offer.data_mid, offer.sctp_port, offer.bundle) == (None, None, ("0",))


@pytest.mark.parametrize("protocol", ["UDP/TLS/RTP/SAVP", "RTP/SAVPF", "RTP/SAVP"])
def test_older_names_of_the_protocol_are_taken_and_kept(protocol: str) -> None:
    assert read(instead(AUDIO_ONLY, "UDP/TLS/RTP/SAVPF", protocol)).lines[0].protocol == protocol


def test_a_line_without_a_mid_is_taken_alone() -> None:
    offer = read(without(CHROMIUM, "a=mid:0"))
    assert (offer.audio_mid, offer.data_mid, offer.bundle) == ("", None, ())


def test_of_two_lines_of_sound_the_first_that_can_be_taken_is() -> None:
    second = instead(section(CHROMIUM, "audio"), "a=mid:0", "a=mid:2")
    assert read(CHROMIUM + second).audio_mid == "0"
    offer = read(without(CHROMIUM, "a=sendrecv") + second)
    assert offer.audio_mid == "0"  # sendrecv is what no direction means
    offer = read(instead(CHROMIUM, "a=sendrecv", "a=recvonly") + second)
    assert (offer.audio_mid, offer.data_mid) == ("2", None)  # the data was bundled with the other
    assert [line.accepted for line in offer.lines] == [False, False, True]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("m=audio 53255 ", "m=audio 0 ", "has port 0"),
        ("UDP/TLS/RTP/SAVPF", "RTP/AVP", "is RTP/AVP; offer UDP/TLS/RTP/SAVPF"),
        ("a=sendrecv", "a=sendonly", "is sendonly; a call needs sendrecv"),
        ("a=sendrecv", "a=inactive", "is inactive"),
        ("opus/48000/2", "speex/16000", "doesn't offer opus/48000/2"),
        ("opus/48000/2", "opus/48000", "doesn't offer opus/48000/2"),
        ("a=rtcp-mux" + CRLF, "", "lacks a=rtcp-mux"),
    ],
)
def test_sound_that_we_cant_talk_on_is_refused_with_the_reason(old: str, new: str, words: str) -> None:
    sentence = why_not(instead(CHROMIUM, old, new))
    assert sentence.startswith("The m=audio line with mid 0 ")
    assert words in sentence


def test_the_first_line_of_sound_says_why_none_is_taken() -> None:
    second = instead(instead(section(CHROMIUM, "audio"), "a=mid:0", "a=mid:2"), "a=rtcp-mux" + CRLF, "")
    assert "recvonly" in why_not(instead(CHROMIUM, "a=sendrecv", "a=recvonly") + second)


def test_the_sessions_direction_counts_where_the_line_has_none() -> None:
    assert "recvonly" in why_not(instead(without(AUDIO_ONLY, "a=sendrecv"), "t=0 0", "t=0 0" + CRLF + "a=recvonly"))


@pytest.mark.parametrize(
    "text", [instead(CHROMIUM, section(CHROMIUM, "audio"), ""), instead(CHROMIUM, section(CHROMIUM, "audio"), VIDEO)]
)
def test_no_sound_is_no_call(text: str) -> None:
    assert "no m=audio line" in why_not(text)


def test_opus_among_rtcps_numbers_is_refused() -> None:
    assert "no payload type" in why_not(instead(AUDIO_ONLY, "111", "72"))
    assert "no payload type" in why_not(instead(AUDIO_ONLY, "SAVPF 111", "SAVPF opus 111"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("BUNDLE 0 1", "BUNDLE 0"),
        ("a=group:BUNDLE 0 1" + CRLF, ""),
        ("a=group:BUNDLE", "a=group:LS"),
        ("m=application 9", "m=application 0"),
        ("UDP/DTLS/SCTP", "TCP/DTLS/SCTP"),
        ("webrtc-datachannel", "chat"),
        ("a=sctp-port:5000" + CRLF, ""),
        ("a=sctp-port:5000", "a=sctp-port:0"),
        ("a=sctp-port:5000", "a=sctp-port:٥"),
        ("a=sctp-port:5000", "a=sctp-port:65536"),
    ],
)
def test_data_that_cant_be_taken_is_left_out_and_the_call_stands(old: str, new: str) -> None:
    offer = read(instead(CHROMIUM, old, new))
    assert (offer.data_mid, offer.sctp_port, offer.lines[1].accepted) == (None, None, False)
    assert offer.lines[0].accepted


def test_only_one_data_line_is_taken() -> None:
    second = instead(section(CHROMIUM, "application"), "a=mid:1", "a=mid:2")
    offer = read(instead(CHROMIUM, "BUNDLE 0 1", "BUNDLE 0 1 2") + second)
    assert [line.accepted for line in offer.lines] == [True, True, False]


def test_the_old_way_to_say_the_sctp_port_is_read() -> None:
    assert read(instead(CHROMIUM, "a=sctp-port:5000", "a=sctpmap:5001 webrtc-datachannel 1024")).sctp_port == 5001


@pytest.mark.parametrize(("text", "size"), [("0", 0), ("1024", 1024), ("x", 65_536), ("-1", 65_536), ("", 65_536)])
def test_the_longest_message_has_a_default(text: str, size: int) -> None:
    assert read(instead(CHROMIUM, "size:262144", f"size:{text}")).max_message_size == size


def test_the_first_accepted_line_of_the_group_describes_the_transport() -> None:
    """RFC 9143 section 7.3.1: not the first media line, and none that is refused."""
    other = instead(section(CHROMIUM, "application"), "NAlB", "data")
    text = instead(CHROMIUM, section(CHROMIUM, "application"), instead(VIDEO, "NAlB", "video") + other)
    offer = read(instead(text, "BUNDLE 0 1", "BUNDLE v 1 0"))
    assert (offer.ice.usernameFragment, offer.bundle) == ("data", ("1", "0"))
    assert offer.candidates == ()  # those of the sound's line aren't of this transport


def test_sound_without_a_transport_of_its_own_takes_that_of_the_data() -> None:
    text = instead(CHROMIUM, "m=audio 53255", "m=audio 0")
    text = instead(text, "a=rtcp-mux", "a=rtcp-mux" + CRLF + "a=bundle-only")
    assert read(text).bundle == ("1", "0")
    assert "bundle-only with a line that isn't taken" in why_not(instead(text, "m=application 9", "m=application 0"))


def test_ice_and_dtls_may_be_said_of_the_session() -> None:
    names = ("a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup", "a=ice-options")
    lines = dict.fromkeys(line for line in CHROMIUM.split(CRLF) if line.startswith(names))
    said = CRLF.join(["t=0 0", *lines, "a=ice-lite", "a=end-of-candidates"])
    offer = read(instead(without(CHROMIUM, *names), "t=0 0", said))
    assert (offer.ice.usernameFragment, offer.ice.iceLite, offer.candidates_end) == ("NAlB", True, True)
    assert (offer.dtls, offer.trickle) == (read(CHROMIUM).dtls, True)


def test_a_lines_fingerprint_beats_the_sessions() -> None:
    offer = read(instead(CHROMIUM, "t=0 0", f"t=0 0{CRLF}a=fingerprint:sha-256 {SHA_256}"))
    assert [one.value[:5] for one in offer.dtls.fingerprints] == ["FA:49"]


@pytest.mark.parametrize("ufrag", ["abc", "a" * 257, "ab cd", "ab-d", "äbcd", ""])
def test_a_bad_ufrag_is_refused(ufrag: str) -> None:
    assert "a=ice-ufrag" in why_not(instead(CHROMIUM, "ice-ufrag:NAlB", f"ice-ufrag:{ufrag}"))


@pytest.mark.parametrize("password", ["a" * 21, "a" * 257, "a" * 21 + "="])
def test_a_bad_ice_password_is_refused(password: str) -> None:
    assert "a=ice-pwd" in why_not(instead(CHROMIUM, "tSrntTYuoaNlYcnqL43ceuxR", password))


@pytest.mark.parametrize("name", ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"])
def test_what_a_connection_needs_is_missed(name: str) -> None:
    assert name in why_not(without(CHROMIUM, name))


@pytest.mark.parametrize("setup", ["active", "holdconn", "x" * 500])
def test_only_a_page_that_lets_us_begin_is_answered(setup: str) -> None:
    assert why_not(instead(CHROMIUM, "setup:actpass", f"setup:{setup}")).endswith("write a=setup:actpass (RFC 8842).")
    assert read(instead(CHROMIUM, "setup:actpass", "setup:passive")).dtls.role == "server"


@pytest.mark.parametrize(
    ("lines", "algorithms"),
    [
        (["SHA-256 " + SHA_256.lower()], ["sha-256"]),
        (["sha-1 " + ":".join(["AB"] * 20), "sha-512 " + ":".join(["AB"] * 64)], ["sha-512"]),
        (["sha-256 AB:CD", "sha-384 " + ":".join(["AB"] * 48)], ["sha-384"]),
        (["sha-256 " + SHA_256] * 50, ["sha-256"] * 8),
    ],
)
def test_fingerprints_that_say_enough_are_kept(lines: list[str], algorithms: list[str]) -> None:
    said = CRLF.join(f"a=fingerprint:{line}" for line in lines)
    offer = read(instead(without(AUDIO_ONLY, "a=fingerprint"), "a=setup", said + CRLF + "a=setup"))
    assert [one.algorithm for one in offer.dtls.fingerprints] == algorithms
    assert all(one.value.startswith("AB:AB:AB") for one in offer.dtls.fingerprints)


@pytest.mark.parametrize("value", ["sha-1 " + ":".join(["AB"] * 20), "sha-256 " + SHA_256[:-1] + "G", "sha-256", ""])
def test_no_fingerprint_that_proves_anything_is_refused(value: str) -> None:
    said = f"a=fingerprint:{value}{CRLF}a=setup"
    assert "a=fingerprint of sha-256" in why_not(instead(without(AUDIO_ONLY, "a=fingerprint"), "a=setup", said))


@pytest.mark.parametrize(
    ("line", "ip"),
    [
        ("1 1 udp 2122260223 192.0.2.1 5000 typ host", "192.0.2.1"),
        ("1 1 UDP 2122260223 192.0.2.1 65535 typ srflx raddr 10.0.0.1 rport 9", "192.0.2.1"),
        ("a/+9 1 udp 1 2001:DB8::1 1 typ relay generation 0", "2001:db8::1"),
        ("1 1 udp 1 ::1 5000 typ prflx", "::1"),
    ],
)
def test_candidates_that_sound_can_be_sent_to_are_kept(line: str, ip: str) -> None:
    (candidate,) = with_candidates(line)
    assert (candidate.ip, candidate.protocol, candidate.component) == (ip, "udp", 1)
    assert (candidate.relatedAddress, candidate.relatedPort) == (None, None)


@pytest.mark.parametrize(
    "line",
    [
        "1 2 udp 1 192.0.2.1 5000 typ host",
        "1 1 tcp 1 192.0.2.1 9 typ host tcptype active",
        "1 1 udp 1 3a1d6f52-2f0e-4b79-93a2-1d2f4f9fd1c9.local 5000 typ host",
        "1 1 udp 1 hotline.example.com 5000 typ host",
        "1 1 udp 1 192.0.2.1 0 typ host",
        "1 1 udp 1 192.0.2.1 65536 typ host",
        "1 1 udp 1 192.0.2.1 99999999 typ host",
        "1 1 udp 0 192.0.2.1 5000 typ host",
        "1 1 udp 4294967296 192.0.2.1 5000 typ host",
        "1 1 udp -1 192.0.2.1 5000 typ host",
        "1 1 udp 1 192.0.2.256 5000 typ host",
        "1 1 udp 1 192.0.2.1/8 5000 typ host",
        "1 1 udp 1 0.0.0.0 5000 typ host",
        "1 1 udp 1 224.0.0.251 5353 typ host",
        "1 1 udp 1 255.255.255.255 5000 typ host",
        "1 1 udp 1 :: 5000 typ host",
        "1 1 udp 1 ff02::fb 5353 typ host",
        "1 1 udp 1 fe80::1 5000 typ host",
        "1 1 udp 1 fe80::1%eth0 5000 typ host",
        "1 1 udp 1 ::ffff:224.0.0.251 5353 typ host",
        "1 1 udp 1 192.0.2.1 5000 typ name",
        "1 1 udp 1 192.0.2.1 5000 host",
        "1 1 udp 1 192.0.2.1 5000 typ",
        "é 1 udp 1 192.0.2.1 5000 typ host",
        "1 1 udp ٣ 192.0.2.1 5000 typ host",
        "",
        "x",
    ],
)
def test_other_candidates_are_left_out_without_a_word(line: str) -> None:
    assert with_candidates(line) == ()


def test_candidates_are_kept_once_and_not_without_end() -> None:
    lines = [f"1 1 udp 1 10.0.{n // 250}.{n % 250 + 1} 5000 typ host" for n in range(300)]
    assert len(with_candidates(*lines)) == MAX_CANDIDATES
    assert len(with_candidates(*lines[:3], *lines[:3])) == 3


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "no session description"),
        (b"{}", "Line 1 of the offer is no SDP: '{}'"),
        (b"<html>", "is no SDP"),
        (b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n", "no session description"),
        (instead(CHROMIUM, "v=0", "v=1").encode(), "no session description"),
        (b"v=0\r\ns=\xff\r\n", "isn't UTF-8"),
        (b"v=0\r\ns=\x00\r\n", "Line 2 of the offer has a control character"),
        ("v=0\r\ns=\u2028m=audio 9 RTP/AVP 0\r\n".encode(), "control character"),
        (b"v=0\rs=-\r\n", "control character"),
        (b"v=0\r\ns=" + b"a" * MAX_LINE_CHARACTERS, f"longer than {MAX_LINE_CHARACTERS} characters"),
        (b"v=0\n" * (MAX_BODY_BYTES // 4 + 1), f"larger than {MAX_BODY_BYTES} bytes"),
        (b"v=0\n" + b"m=audio 9 RTP/AVP 0\n" * (MAX_MEDIA_LINES + 1), f"more than {MAX_MEDIA_LINES} media lines"),
        (b"v=0\nm=audio\n", "Line 2 of the offer is no media line: 'm=audio'"),
        (b"v=0\nm=audio 65536 RTP/AVP 0\n", "no media line"),
        (b"v=0\nm=audio 9/2 RTP/AVP 0\n", "no media line"),
        (b"v=0\nm=audio -9 RTP/AVP 0\n", "no media line"),
        (b"v=0\nm=audio 9 RTP/AVP\n", "no media line"),
        (b"v=0\nm=audio 9 rtp 0\n", "no media line"),
        (b"v=0\nt=x y\nm=audio 9 RTP/AVP 0\n", "a number that isn't one"),
        (instead(CHROMIUM, "opus/48000", "opus/fast").encode(), "a number that isn't one"),
        (instead(CHROMIUM, "a=mid:1", "a=mid:0").encode(), "the same a=mid"),
        (instead(CHROMIUM, "a=mid:1", "a=mid:" + "m" * 33).encode(), "a=mid is bad"),
        (instead(CHROMIUM, "a=mid:1", "a=mid:1 2").encode(), "a=mid is bad"),
    ],
)
def test_what_is_no_offer_is_refused_in_words(body: bytes, words: str) -> None:
    sentence = why_not(body)
    assert words in sentence
    assert len(sentence) < 200
    assert sentence.isprintable()


@pytest.mark.parametrize("line", ["a=b\n", "\n", "a=rtpmap:96 a/1\n", "a=candidate:1 1 udp 1 ::1 9 typ host\n"])
def test_a_body_as_large_as_may_be_is_read_promptly(line: str) -> None:
    """The event loop waits meanwhile. Measured: 20 ms."""
    body = AUDIO_ONLY.encode()
    body += line.encode() * ((MAX_BODY_BYTES - len(body)) // len(line))
    began = time.perf_counter()
    assert parse_offer(body).opus == 111
    assert time.perf_counter() - began < PROMPTLY_S


def test_a_fragment_is_read() -> None:
    fragment = parse_fragment(FRAGMENT.encode())
    assert (fragment.ufrag, fragment.password, fragment.end) == ("NAlB", "tSrntTYuoaNlYcnqL43ceuxR", True)
    assert [(one.ip, one.port, one.sdpMid) for one in fragment.candidates] == [
        ("192.0.2.5", 53255, "0"),
        ("2001:db8::5", 53256, "0"),
    ]
    assert parse_fragment(FRAGMENT.replace(CRLF, "\n").encode()) == fragment


def test_a_fragment_may_say_little() -> None:
    assert parse_fragment(b"") == Fragment(None, None, (), False)
    assert parse_fragment(b"a=end-of-candidates\n") == Fragment(None, None, (), True)
    only_ufrag = parse_fragment(b"m=audio 9 RTP/AVP 0\na=ice-ufrag:NAlB\n")
    assert only_ufrag == Fragment("NAlB", None, (), False)


def test_a_fragment_may_say_its_session_in_every_line_of_media() -> None:
    lines = "a=ice-ufrag:NAlB\nm=audio 9 RTP/AVP 0\na=ice-ufrag:NAlB\nm=application 9 UDP/DTLS/SCTP x\n"
    assert parse_fragment((lines + "a=ice-ufrag:NAlB\n").encode()).ufrag == "NAlB"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"a=ice-ufrag:NAlB\na=ice-ufrag:other\n", "more than one a=ice-ufrag"),
        (b"a=ice-pwd:" + b"a" * 22 + b"\nm=audio 9 RTP/AVP 0\na=ice-pwd:" + b"b" * 22, "more than one a=ice-pwd"),
        (b"a=ice-ufrag:?\n", "a=ice-ufrag is bad"),
        (b"a=ice-pwd:short\n", "a=ice-pwd is bad"),
        (b"a=mid:two words\n", "a=mid is bad"),
        (b'{"candidate": "..."}', "Line 1 of the fragment is no SDP"),
        (b"\xff", "The fragment isn't UTF-8"),
        (b"a=x\n" * 20_000, "The fragment is larger than"),
        (b"m=audio 9 RTP/AVP 0\n" * 17, "The fragment has more than 16 media lines"),
    ],
)
def test_what_is_no_fragment_is_refused_in_words(body: bytes, words: str) -> None:
    with pytest.raises(OfferError, match=words):
        parse_fragment(body)


def test_a_fragments_candidates_are_bounded() -> None:
    lines = "".join(f"a=candidate:1 1 udp 1 192.0.2.1 {port} typ host\n" for port in range(1, 1000))
    assert len(parse_fragment(lines.encode()).candidates) == MAX_CANDIDATES
