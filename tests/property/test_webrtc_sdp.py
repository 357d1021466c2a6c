"""A page's SDP against anything: readers are total, and what is accepted can be answered so that others read it."""

from __future__ import annotations

import contextlib
from ipaddress import ip_address

import pytest
from aiortc import RTCDtlsFingerprint, RTCIceCandidate, RTCIceParameters
from aiortc.sdp import SessionDescription
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.transport.webrtc.answer import Ours, write_answer
from gateway.transport.webrtc.fragment import MAX_CANDIDATES, MAX_MEDIA_LINES
from gateway.transport.webrtc.offer import Offer, OfferError, parse_fragment, parse_offer
from tests.support.fuzz import Fuzzer
from tests.support.webrtc_offers import BROWSERS, CHROMIUM, CRLF, FRAGMENT, VIDEO, instead, section

pytestmark = pytest.mark.property

OURS = Ours(
    ice=RTCIceParameters("ours", "OurOwnPasswordOfIce123"),
    fingerprints=[RTCDtlsFingerprint("sha-256", ":".join(["AB"] * 32))],
    candidates=[RTCIceCandidate(1, "1f", "192.0.2.9", 40_000, 2130706431, "udp", "host")],
    ssrc=1,
    cname="hotline",
)
WHOLE = [offer.encode() for offer in BROWSERS.values()]
SECTIONS = [section(CHROMIUM, "audio"), section(CHROMIUM, "application"), VIDEO, "m=text 9 RTP/AVP 98" + CRLF]

attributes = st.sampled_from(
    [line + CRLF for offer in (*BROWSERS.values(), VIDEO, FRAGMENT) for line in offer.split(CRLF) if line[:2] == "a="]
    + ["a=bundle-only\r\n", "a=mid\r\n", "a=ice-lite\r\n", "a=sctpmap:5000 webrtc-datachannel\r\n", "a=group:\r\n"]
    + ["a=setup:passive\r\n", "a=rtpmap:111 opus/48000/2/2\r\n", "a=fmtp:1\r\n", "a=candidate:\r\n", "\r\n"]
)
texts = st.text(max_size=300) | st.lists(st.text(max_size=20), max_size=20).map("\n".join)
noise = st.binary(max_size=300) | texts.map(str.encode)


@st.composite
def arranged(draw: st.DrawFn) -> bytes:
    """An offer of sections that make sense, in an order and with mids, groups and ports that may not."""
    parts = draw(st.lists(st.sampled_from(SECTIONS), min_size=1, max_size=MAX_MEDIA_LINES + 1))
    mids = draw(st.lists(st.sampled_from("0123456789abcdef-"), min_size=len(parts), max_size=len(parts), unique=True))
    head = CHROMIUM[: CHROMIUM.index("m=audio")]
    group = " ".join(draw(st.permutations(mids))[: draw(st.integers(0, len(mids)))])
    text = instead(head, "BUNDLE 0 1", f"BUNDLE {group}")
    for part, mid in zip(parts, mids, strict=True):
        first, *rest = part.removesuffix(CRLF).split(CRLF)
        kind, _, formats = first.split(" ", 2)
        lines = [f"a=mid:{mid}" if line.startswith("a=mid") else line for line in rest]
        extra = draw(st.lists(attributes, max_size=2))
        port = draw(st.sampled_from([9, 9, 9, 0]))
        text += CRLF.join([f"{kind} {port} {formats}", *lines, ""]) + "".join(extra)
    return text.encode()


def check(offer: Offer, body: bytes) -> None:
    """What everybody above may rely on."""
    assert len(offer.lines) == sum(line.startswith(b"m=") for line in body.split(b"\n")) <= MAX_MEDIA_LINES
    assert [line.mid for line in offer.lines if line.accepted and line.kind == "audio"] == [offer.audio_mid]
    assert (offer.data_mid is None) is (offer.sctp_port is None)
    assert set(offer.bundle) <= {offer.audio_mid, offer.data_mid}
    assert offer.dtls.fingerprints
    assert len(offer.candidates) <= MAX_CANDIDATES
    assert all(0 < one.port < 65536 and not ip_address(one.ip).is_multicast for one in offer.candidates)
    answer = write_answer(offer, OURS)
    read = SessionDescription.parse(answer)
    assert [(one.kind, one.rtp.muxId) for one in read.media] == [(line.kind, line.mid) for line in offer.lines]
    assert [one.port != 0 for one in read.media] == [line.accepted for line in offer.lines]
    assert sum(one.port != 0 for one in read.media) == (1 if offer.data_mid is None else 2)
    assert sum(bool(one.ice_candidates) for one in read.media) == 1


@given(noise)
def test_anything_is_an_offer_or_not(body: bytes) -> None:
    with contextlib.suppress(OfferError):
        parse_offer(body)


@given(noise)
def test_anything_is_a_fragment_or_not(body: bytes) -> None:
    with contextlib.suppress(OfferError):
        parse_fragment(body)


@settings(max_examples=600)
@given(st.sampled_from(WHOLE), st.integers(0, 2**32))
def test_a_spoilt_offer_is_refused_or_can_be_answered(body: bytes, seed: int) -> None:
    spoilt = Fuzzer(seed).text(body)
    with contextlib.suppress(OfferError):
        check(parse_offer(spoilt), spoilt)


@settings(max_examples=300)
@given(st.integers(0, 2**32))
def test_a_spoilt_fragment_is_refused_or_read(seed: int) -> None:
    with contextlib.suppress(OfferError):
        assert len(parse_fragment(Fuzzer(seed).text(FRAGMENT.encode())).candidates) <= MAX_CANDIDATES


@settings(max_examples=300)
@given(st.sampled_from(WHOLE), st.lists(st.tuples(st.floats(0, 1), attributes), max_size=6))
def test_an_offer_with_attributes_out_of_place_is_refused_or_can_be_answered(
    body: bytes, added: list[tuple[float, str]]
) -> None:
    lines = body.decode().splitlines(keepends=True)
    for where, line in added:
        lines.insert(1 + int(where * (len(lines) - 1)), line)
    body = "".join(lines).encode()
    with contextlib.suppress(OfferError):
        check(parse_offer(body), body)


@settings(max_examples=300)
@given(arranged())
def test_sections_in_any_order_are_refused_or_can_be_answered(body: bytes) -> None:
    with contextlib.suppress(OfferError):
        check(parse_offer(body), body)


def test_most_of_what_is_tried_here_is_answered() -> None:
    """Properties that hold because nothing is accepted say nothing."""
    answered = 0
    for seed in range(200):
        with contextlib.suppress(OfferError):
            parse_offer(Fuzzer(seed).text(WHOLE[seed % len(WHOLE)]))
            answered += 1
    assert answered > 50
