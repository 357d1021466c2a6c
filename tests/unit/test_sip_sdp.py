"""Session descriptions from the wire: what is read, and what is refused before a socket or a codec exists."""

from __future__ import annotations

import pytest

from gateway.transport.sip.sdp import AudioSection, SdpError, read_sdp
from tests.support.sip import sdp

pytestmark = pytest.mark.unit

NOWHERE = "0.0.0.0"  # noqa: S104 -- how RFC 2543 said hold


def audio(text: str) -> AudioSection:
    """The one section that is sound."""
    (section,) = read_sdp(text).audio
    return section


def test_an_ordinary_offer_is_read() -> None:
    section = audio(sdp("8 0 101", "a=ptime:30", "a=maxptime:60", "a=sendonly", "a=rtcp-mux", "a=crypto:1 x"))
    assert section.remote == ("192.0.2.10", 40_000)
    assert [one.encoding_name for one in section.maps] == ["PCMA", "PCMU", "telephone-event"]
    assert (section.ptime_ms, section.maxptime_ms, section.direction) == (30, 60, "sendonly")
    assert (section.rtcp_mux, section.rtcp, section.cryptos) == (True, None, ("1 x",))
    assert (section.profile, section.secure) == ("RTP/AVP", False)


def test_bare_line_ends_are_read() -> None:
    assert audio(sdp().replace("\r\n", "\n")).remote == ("192.0.2.10", 40_000)


@pytest.mark.parametrize(
    ("profile", "secure"), [("RTP/AVP", False), ("RTP/AVPF", False), ("RTP/SAVP", True), ("rtp/savpf", True)]
)
def test_four_profiles_are_sound(profile: str, secure: bool) -> None:
    assert audio(sdp(profile=profile)).secure is secure


@pytest.mark.parametrize("profile", ["UDP/TLS/RTP/SAVPF", "udptl", "TCP"])
def test_other_profiles_are_no_sound_for_us(profile: str) -> None:
    assert read_sdp(sdp(profile=profile)).audio == ()


@pytest.mark.parametrize(
    ("lines", "rtcp"),
    [
        ((), None),
        (("a=rtcp:53020",), ("192.0.2.10", 53020)),
        (("a=rtcp:53020 IN IP4 192.0.2.99",), ("192.0.2.99", 53020)),
        (("a=rtcp:53020 IN",), ("192.0.2.10", 53020)),
    ],
)
def test_rtcp_may_have_a_place_of_its_own(lines: tuple[str, ...], rtcp: tuple[str, int] | None) -> None:
    assert audio(sdp("8", *lines)).rtcp == rtcp


@pytest.mark.parametrize("value", ["", "x", "80", "70000", "-1", "9" * 5000, "53020 IN IP4 rtcp.example.com"])
def test_rtcp_at_no_place_is_refused(value: str) -> None:
    with pytest.raises(SdpError):
        read_sdp(sdp("8", f"a=rtcp:{value}"))


@pytest.mark.parametrize(
    "host",
    [
        "sip.example.com",  # a name is never looked up: it would be for every packet
        "localhost",
        "192.0.2.10/127",
        "224.2.1.1",
        "255.255.255.255",
        "ff02::1",
        "fe80::1",
        "192.0.2.999",
        "1234",
    ],
)
def test_an_address_that_is_not_one_partys_is_refused(host: str) -> None:
    with pytest.raises(SdpError):
        read_sdp(sdp(host=host))


@pytest.mark.parametrize("port", [-1, 22, 1023, 65536, 99999999])
def test_a_port_of_the_system_or_none_is_refused(port: int) -> None:
    with pytest.raises(SdpError):
        read_sdp(sdp(port=port))


@pytest.mark.parametrize("port", [1024, 65535])
def test_every_other_port_is_taken(port: int) -> None:
    assert audio(sdp(port=port)).remote == ("192.0.2.10", port)


def test_port_0_is_a_section_that_is_not_wanted() -> None:
    description = read_sdp(sdp(port=0))
    assert (len(description.sections), description.audio) == (1, ())


@pytest.mark.parametrize("host", [NOWHERE, "::"])
def test_the_unspecified_address_is_hold(host: str) -> None:
    assert audio(sdp(host=host)).remote is None


def test_ipv6_is_read() -> None:
    assert audio(sdp(host="2001:DB8::10")).remote == ("2001:db8::10", 40_000)


def test_a_sections_own_address_and_direction_count_more_than_the_sessions() -> None:
    text = sdp("8", "c=IN IP4 192.0.2.77", "a=recvonly").replace("t=0 0", "t=0 0\r\na=inactive")
    assert (audio(text).remote, audio(text).direction) == (("192.0.2.77", 40_000), "recvonly")
    assert audio(sdp("8").replace("t=0 0", "t=0 0\r\na=inactive")).direction == "inactive"
    assert audio(sdp("8")).direction == "sendrecv"


@pytest.mark.parametrize("value", ["", "x", "nan", "inf", "1e999"])
def test_a_packet_time_that_is_none_is_not_there(value: str) -> None:
    assert audio(sdp("8", f"a=ptime:{value}")).ptime_ms is None


def test_all_sections_are_kept_and_those_that_are_sound_are_told_by_their_place() -> None:
    more = "m=video 50000 RTP/AVP 99\r\nm=audio 0 RTP/AVP 8\r\nm=audio 50002 RTP/AVP 0\r\n"
    description = read_sdp(sdp("8", events=None, more=more))
    assert [section.media for section in description.sections] == ["audio", "video", "audio", "audio"]
    assert [section.index for section in description.audio] == [0, 3]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "v=0",
        "v=1\r\nm=audio 40000 RTP/AVP 8\r\n",
        "v=0\r\nm=audio 40000 RTP/AVP 8\r\n",  # no address
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio\r\n",
        "v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio x RTP/AVP 8\r\n",
        "v=x\r\nm=audio 40000 RTP/AVP 8\r\n",
        sdp("8", "a=rtpmap:x PCMA/8000"),
        sdp("8", "a=rtpmap:8 PCMA/x"),
        sdp(more="m=audio 0 RTP/AVP 8\r\n" * 16),
        sdp("8", *["a=x"] * 400),
        sdp("8 " * 10_000),
        sdp("8", more="m=video\r\n"),
        sdp("8", *["a=x"] * 400).replace("\r\n", "\r"),
    ],
)
def test_what_is_no_description_or_too_much_of_one_is_refused(text: str) -> None:
    with pytest.raises(SdpError):
        read_sdp(text)
