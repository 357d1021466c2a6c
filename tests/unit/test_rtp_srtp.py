"""Keys in the SDP, and what becomes of packets that they don't fit."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest

from gateway.transport.rtp.packet import RtpPacket, pack_packet
from gateway.transport.rtp.rtcp import pack_report
from gateway.transport.rtp.srtp import SUITES, Crypto, SrtpContext, SrtpKeys, Suite, make_crypto, parse_crypto

pytestmark = pytest.mark.unit

KEY = bytes(range(30))
CODED = base64.b64encode(KEY).decode()
LINE = f"1 AES_CM_128_HMAC_SHA1_80 inline:{CODED}"


@pytest.mark.parametrize("suite", SUITES)
def test_a_line_that_we_write_is_read_back(suite: Suite) -> None:
    crypto = make_crypto(3, suite)
    assert parse_crypto(str(crypto)) == crypto
    assert parse_crypto(f"a=crypto:{crypto}") == crypto
    assert make_crypto(3, suite).key != crypto.key


@pytest.mark.parametrize("lifetime", ["|2^20", "|2^31", "|2^48", "|1048576"])
def test_a_lifetime_is_fine(lifetime: str) -> None:
    assert parse_crypto(LINE + lifetime) == Crypto(1, "AES_CM_128_HMAC_SHA1_80", KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "crypto",
        LINE.replace("80", "81"),
        LINE.replace("AES_CM_128_HMAC_SHA1_80", "F8_128_HMAC_SHA1_80"),
        LINE.replace("inline", "outline"),
        LINE[:-4],
        LINE[:-1] + "!",
        LINE + "AAAA",
        LINE + ";inline:" + CODED,
        LINE + "|2^49",
        LINE + "|2^999999999",
        LINE + "|0",
        LINE + "|2^20|1:4",
        LINE + "|1:4",
        LINE + "|x",
        LINE + " UNENCRYPTED_SRTP",
        "x" + LINE,
        LINE + " " * 600,
    ],
)
def test_what_is_malformed_or_would_have_to_be_obeyed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_crypto(text)


def test_a_key_is_not_told_by_accident() -> None:
    assert CODED not in repr(parse_crypto(LINE))
    assert repr(KEY) not in repr(SrtpKeys(parse_crypto(LINE), parse_crypto(LINE)))


def _pair(suite: Suite) -> tuple[SrtpContext, SrtpContext]:
    ours, theirs = make_crypto(1, suite), make_crypto(1, suite)
    return SrtpContext(SrtpKeys(ours, theirs)), SrtpContext(SrtpKeys(theirs, ours))


def _packet(number: int) -> bytes:
    return pack_packet(RtpPacket(8, number & 0xFFFF, number * 160, 77, bytes(160), False))


@pytest.mark.parametrize("suite", SUITES)
def test_packets_come_back_as_they_were_and_copies_and_forgeries_do_not(suite: Suite) -> None:
    us, them = _pair(suite)
    sealed = us.protect(_packet(1))
    assert sealed is not None
    assert bytes(160) not in sealed
    assert len(sealed) == 172 + (10 if suite.endswith("80") else 4)
    forged = sealed[:-1] + bytes([sealed[-1] ^ 1])
    assert them.unprotect(forged) is None
    assert them.unprotect(sealed) == _packet(1)
    assert them.unprotect(sealed) is None
    assert them.unprotect(_packet(2)) is None
    assert them.unprotect(b"") is None
    assert them.unprotect(bytes(3000)) is None


@pytest.mark.parametrize("suite", SUITES)
def test_reports_are_sealed_too(suite: Suite) -> None:
    us, them = _pair(suite)
    report = pack_report(77, "n", None, None)
    sealed = us.protect_rtcp(report)
    assert sealed is not None
    assert them.unprotect_rtcp(sealed) == report
    assert them.unprotect_rtcp(sealed) is None


def test_another_key_opens_nothing() -> None:
    us, _ = _pair("AES_CM_128_HMAC_SHA1_80")
    _, stranger = _pair("AES_CM_128_HMAC_SHA1_80")
    sealed = us.protect(_packet(1))
    assert sealed is not None
    assert stranger.unprotect(sealed) is None


def test_a_new_key_of_theirs_leaves_what_we_send_alone() -> None:
    us, them = _pair("AES_CM_128_HMAC_SHA1_80")
    for number in range(70_000):  # once around the 16 bits: the count of rounds is in no packet
        sealed = us.protect(_packet(number))
        assert sealed is not None
        if number % 8000 == 0 or number > 69_990:
            assert them.unprotect(sealed) == _packet(number)
    again = SrtpContext(SrtpKeys(us.keys.ours, make_crypto(1, "AES_CM_128_HMAC_SHA1_80")), us)
    sealed = again.protect(_packet(70_000))
    assert sealed is not None
    assert them.unprotect(sealed) == _packet(70_000)


def test_a_key_under_another_tag_goes_on_counting_its_packets() -> None:
    us, them = _pair("AES_CM_128_HMAC_SHA1_80")
    for number in range(65_600):
        sealed = us.protect(_packet(number))
        assert sealed is not None
        if number % 8000 == 0 or number > 65_500:
            assert them.unprotect(sealed) == _packet(number)
    renamed = replace(us.keys.ours, tag=7)
    assert renamed.tag == 7
    sealed = SrtpContext(SrtpKeys(renamed, us.keys.theirs), us).protect(_packet(65_600))
    assert sealed is not None
    assert them.unprotect(sealed) == _packet(65_600)
    sealed = us.protect(_packet(65_601))
    assert sealed is not None
    assert SrtpContext(SrtpKeys(them.keys.ours, renamed), them).unprotect(sealed) == _packet(65_601)
