"""Offer and answer: which codec, whose numbers, which keys; and nothing is ever promised that isn't there."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.transport.rtp.plan import StreamPlan
from gateway.transport.rtp.srtp import SUITES, make_crypto
from gateway.transport.sip.negotiate import Here, Negotiator
from gateway.transport.sip.sdp import AudioSection, SdpError, read_sdp
from tests.support.sip import sdp
from tests.support.sip_line import config

pytestmark = pytest.mark.unit

OPUS = "a=rtpmap:96 opus/48000/2"
KEY = f"a=crypto:{make_crypto(1, SUITES[0])}"
KEY_32 = f"a=crypto:{make_crypto(2, SUITES[1])}"
UNKNOWN_KEY = "a=crypto:3 AEAD_AES_256_GCM inline:AAAA"


def negotiator(host: str = "192.0.2.1", bound: str = "", **settings: Any) -> Negotiator:
    """Ours, at port 20000, known as `host`."""
    return Negotiator(config(**settings), Here(host, 20_000, bound or host))


def agreed(offer: str, **settings: Any) -> tuple[StreamPlan, AudioSection]:
    """The plan, and our answer as the other side reads it."""
    agreement = negotiator(**settings).answer(offer)
    (section,) = read_sdp(agreement.sdp).audio
    return agreement.plan, section


def version(body: str) -> int:
    """Of the o= line."""
    return int(body.split("\r\n")[1].split()[2])


# --------------------------------------------------------------------------------------------------------------- codecs


@pytest.mark.parametrize(
    ("formats", "lines", "settings", "name", "number"),
    [
        ("0 8", (), {}, "PCMA", 8),  # our order, not theirs; static numbers need no rtpmap
        ("0 8", (), {"codecs": ("PCMU", "PCMA")}, "PCMU", 0),
        ("0 9", (), {}, "PCMU", 0),
        ("9", (), {}, "G722", 9),
        ("96", (OPUS,), {}, "opus", 96),
        ("111 0", ("a=rtpmap:111 OPUS/48000/2",), {"codecs": ("opus", "PCMU")}, "opus", 111),
        ("97", ("a=rtpmap:97 pcma/8000/1",), {}, "PCMA", 97),
        ("18 8", (), {}, "PCMA", 8),
    ],
)
def test_the_first_of_ours_that_is_offered_is_agreed_on_by_their_number(
    formats: str, lines: tuple[str, ...], settings: dict[str, Any], name: str, number: int
) -> None:
    plan, section = agreed(sdp(formats, *lines, events=None), **settings)
    assert (plan.codec.name, plan.payload_type) == (name, number)
    assert [one.payload_type for one in section.maps] == [number]


@pytest.mark.parametrize(
    ("formats", "lines"),
    [
        ("18", ()),
        ("96", ()),  # a number of no meaning
        ("96", ("a=rtpmap:96 opus/48000",)),  # Opus is always 48000/2 (RFC 7587 7)
        ("96", ("a=rtpmap:96 opus/16000/2",)),
        ("97", ("a=rtpmap:97 PCMA/16000",)),
        ("8", ("a=rtpmap:8 speex/8000",)),  # what the rtpmap says counts
        ("72", ("a=rtpmap:72 PCMA/8000",)),  # would be taken for RTCP
        ("128", ("a=rtpmap:128 PCMA/8000",)),
        ("101", ()),  # keys alone are no sound
    ],
)
def test_without_a_codec_that_we_have_there_is_nothing_to_agree_on(formats: str, lines: tuple[str, ...]) -> None:
    with pytest.raises(SdpError):
        negotiator().answer(sdp(formats, *lines))


@pytest.mark.parametrize("number", [96, 97, 101, 127])
def test_keys_keep_the_number_that_the_other_side_gave_them(number: int) -> None:
    plan, section = agreed(sdp(f"8 {number}", events=number))
    assert plan.telephone_event == number
    assert [(one.payload_type, one.encoding_name) for one in section.maps][1:] == [(number, "telephone-event")]


def test_without_keys_offered_none_are_agreed_on() -> None:
    plan, section = agreed(sdp("8 13", events=None))
    assert (plan.telephone_event, len(section.maps)) == (None, 2)


def test_of_several_kinds_of_keys_those_on_the_sounds_clock_are_taken() -> None:
    offer = sdp("96 101 102", OPUS, "a=rtpmap:102 telephone-event/48000")
    assert agreed(offer)[0].telephone_event == 102
    assert agreed(sdp("96 101", OPUS))[0].telephone_event == 101


@pytest.mark.parametrize(
    ("formats", "wanted", "noise"),
    [("8 13", True, 13), ("8 13", False, None), ("8", True, None), ("96 13", True, None)],
)
def test_comfort_noise_is_agreed_on_where_both_want_it(formats: str, wanted: bool, noise: int | None) -> None:
    plan, section = agreed(sdp(formats, OPUS, events=None), comfort_noise=wanted)
    assert plan.comfort_noise == noise
    assert (13 in [one.payload_type for one in section.maps]) is (noise is not None)


@pytest.mark.parametrize(
    ("lines", "ours", "packet_ms"),
    [
        ((), 20, 20),
        ((), 40, 40),
        (("a=ptime:30",), 20, 30),
        (("a=ptime:25",), 20, 20),
        (("a=ptime:5",), 20, 10),
        (("a=ptime:200",), 20, 60),
        (("a=ptime:-20",), 20, 10),
        (("a=ptime:40", "a=maxptime:20"), 20, 20),
        (("a=maxptime:10",), 20, 10),
        (("a=maxptime:-1",), 20, 10),
    ],
)
def test_packets_are_as_long_as_the_other_side_likes_them(lines: tuple[str, ...], ours: int, packet_ms: int) -> None:
    plan, section = agreed(sdp("8", *lines), ptime_ms=ours)
    assert (plan.ptime_ms, section.ptime_ms) == (packet_ms, packet_ms)


def test_opus_has_no_packets_of_30_ms() -> None:
    assert agreed(sdp("96", OPUS, "a=ptime:30"))[0].ptime_ms == 20


# ------------------------------------------------------------------------------------------------------- hold, sections


@pytest.mark.parametrize(
    ("direction", "answered", "sends", "receives"),
    [
        ("sendrecv", "sendrecv", True, True),
        ("sendonly", "recvonly", False, True),
        ("recvonly", "sendonly", True, False),
        ("inactive", "inactive", False, False),
    ],
)
def test_each_direction_is_answered_with_its_opposite(
    direction: str, answered: str, sends: bool, receives: bool
) -> None:
    plan, section = agreed(sdp("8", f"a={direction}"))
    assert (section.direction, plan.sends, plan.receives) == (answered, sends, receives)


def test_hold_the_old_way_stops_our_sound() -> None:
    plan, _ = agreed(sdp("8", host="::"))
    assert (plan.remote, plan.sends, plan.receives) == (None, False, True)


def test_every_section_is_answered_in_its_place_and_those_not_wanted_with_port_0() -> None:
    more = "m=video 50000 RTP/AVP 99\r\nm=image 50002 udptl t38\r\nm=audio 50004 RTP/AVP 8\r\n"
    agreement = negotiator().answer(sdp("18", events=None, more=more))
    sections = read_sdp(agreement.sdp).sections
    assert [(one.media, one.port) for one in sections] == [("audio", 0), ("video", 0), ("image", 0), ("audio", 20_000)]
    assert [one.proto for one in sections] == ["RTP/AVP", "RTP/AVP", "udptl", "RTP/AVP"]
    assert agreement.plan.remote == ("192.0.2.10", 50_004)


def test_rtcp_goes_where_it_is_wanted() -> None:
    plan, section = agreed(sdp("8", "a=rtcp:41000", "a=rtcp-mux"))
    assert (plan.remote_rtcp, plan.rtcp_mux, section.rtcp_mux) == (("192.0.2.10", 41_000), True, True)
    assert not agreed(sdp("8"))[1].rtcp_mux


def test_ipv6_is_answered_from_ipv6_and_not_from_ipv4() -> None:
    offer = sdp("8", host="2001:db8::10")
    body = negotiator("2001:db8::1").answer(offer).sdp
    assert "c=IN IP6 2001:db8::1\r\n" in body
    for host, other in (("192.0.2.1", offer), ("2001:db8::1", sdp("8"))):
        with pytest.raises(SdpError):
            negotiator(host).answer(other)
    named = negotiator("voice.example.com", "::").answer(offer)
    assert named.plan.remote == ("2001:db8::10", 40_000)
    assert "c=IN IP6 voice.example.com\r\n" in named.sdp


# ----------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("policy", "profile", "lines", "secure"),
    [
        ("optional", "RTP/SAVP", (KEY,), True),
        ("optional", "RTP/SAVP", (UNKNOWN_KEY, KEY_32), True),
        ("optional", "RTP/AVP", (KEY,), True),
        ("optional", "RTP/AVP", (UNKNOWN_KEY,), False),
        ("optional", "RTP/AVP", (), False),
        ("required", "RTP/AVP", (KEY,), True),
        ("required", "RTP/SAVPF", (KEY,), True),
        ("off", "RTP/AVP", (KEY,), False),
        ("optional", "RTP/SAVP", (), None),  # never answered without keys
        ("optional", "RTP/SAVP", (UNKNOWN_KEY,), None),
        ("optional", "RTP/SAVP", ("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:short",), None),
        ("required", "RTP/AVP", (), None),
        ("off", "RTP/SAVP", (KEY,), None),
    ],
)
def test_sound_is_encrypted_as_agreed_or_refused(
    policy: str, profile: str, lines: tuple[str, ...], secure: bool | None
) -> None:
    offer = sdp("8", *lines, profile=profile)
    if secure is None:
        with pytest.raises(SdpError):
            negotiator(srtp=policy).answer(offer)
        return
    plan, section = agreed(offer, srtp=policy)
    assert (plan.srtp is not None, len(section.cryptos), section.profile) == (secure, int(secure), profile)
    if plan.srtp:
        assert section.cryptos == (str(plan.srtp.ours),)
        assert f"a=crypto:{plan.srtp.theirs}" == lines[-1]
        assert plan.srtp.ours.tag == plan.srtp.theirs.tag
        assert plan.srtp.ours.key != plan.srtp.theirs.key


def test_of_two_sections_the_encrypted_one_is_taken() -> None:
    offer = sdp("8", more=f"m=audio 50000 RTP/SAVP 8\r\n{KEY}\r\n")
    assert negotiator().answer(offer).plan.remote == ("192.0.2.10", 50_000)


def test_our_key_stays_for_the_whole_call() -> None:
    ours = negotiator()
    keys = [ours.answer(sdp("8", KEY, f"a={way}")).plan.srtp for way in ("sendrecv", "inactive", "sendrecv")]
    assert len({key.ours.key for key in keys if key}) == 1


def test_after_sound_in_clear_our_key_is_another_one() -> None:
    ours = negotiator()
    plans = [ours.answer(sdp("8", *lines)).plan.srtp for lines in ((KEY,), (), (KEY,))]
    assert plans[0] is not None
    assert plans[1] is None
    assert plans[2] is not None
    assert plans[0].ours.key != plans[2].ours.key, "the same one would begin its key stream again"


# ----------------------------------------------------------------------------------------------------------- our offers


def test_our_offer_has_all_that_we_can() -> None:
    (section,) = read_sdp(negotiator(ptime_ms=40).offer()).audio
    assert [(one.payload_type, one.encoding_name, one.clock_rate) for one in section.maps] == [
        (8, "PCMA", 8000),
        (0, "PCMU", 8000),
        (9, "G722", 8000),
        (96, "opus", 48_000),
        (101, "telephone-event", 8000),
        (102, "telephone-event", 48_000),
        (13, "", 0),
    ]
    assert (section.ptime_ms, section.direction, section.profile, len(section.cryptos)) == (
        40,
        "sendrecv",
        "RTP/AVP",
        1,
    )


@pytest.mark.parametrize(
    ("settings", "formats"),
    [
        ({"codecs": ("opus",)}, "96 102"),
        ({"codecs": ("PCMU",), "comfort_noise": False}, "0 101"),
    ],
)
def test_our_offer_has_only_what_is_wanted(settings: dict[str, Any], formats: str) -> None:
    body = negotiator(**settings).offer()
    assert f"m=audio 20000 RTP/AVP {formats}\r\n" in body
    assert "a=fmtp\r\n" not in body


@pytest.mark.parametrize(("policy", "profile", "keys"), [("off", "RTP/AVP", 0), ("required", "RTP/SAVP", 1)])
def test_our_offer_is_encrypted_as_the_settings_say(policy: str, profile: str, keys: int) -> None:
    (section,) = read_sdp(negotiator(srtp=policy).offer()).audio
    assert (section.profile, len(section.cryptos)) == (profile, keys)


def test_the_answer_to_our_offer_is_what_is_agreed() -> None:
    ours = negotiator()
    offer = ours.offer()
    plan = ours.accept(sdp("0 101", KEY, "a=ptime:30"))
    assert (plan.codec.name, plan.telephone_event, plan.ptime_ms) == ("PCMU", 101, 30)
    assert plan.srtp is not None
    assert str(plan.srtp.ours) in offer


@pytest.mark.parametrize(
    ("answer", "settings"),
    [
        (sdp("18", events=None), {}),
        (sdp(port=0), {}),
        (sdp("8", KEY_32), {}),  # keys of a suite that we didn't offer
        (sdp("8", KEY.replace("crypto:1", "crypto:7")), {}),
        (sdp("8"), {"srtp": "required"}),
        ("", {}),
    ],
)
def test_an_answer_to_something_else_is_refused(answer: str, settings: dict[str, Any]) -> None:
    ours = negotiator(**settings)
    ours.offer()
    with pytest.raises(SdpError):
        ours.accept(answer)


def test_the_version_goes_up_only_when_something_changes() -> None:
    ours = negotiator()
    bodies = [ours.answer(sdp("8", f"a={way}")).sdp for way in ("sendrecv", "sendrecv", "sendonly")]
    bodies += [ours.offer(), ours.offer()]
    assert [version(body) - version(bodies[0]) for body in bodies] == [0, 0, 1, 2, 2]
    assert len({body.split("\r\n")[1].split()[1] for body in bodies}) == 1


def test_offered_again_it_is_what_was_agreed_with_sound_both_ways() -> None:
    ours = negotiator()
    ours.answer(sdp("0 101", "a=sendonly", more="m=video 50000 RTP/AVP 99\r\n"))
    again = read_sdp(ours.offer())
    assert [(one.media, one.port) for one in again.sections] == [("audio", 20_000), ("video", 0)]
    assert [one.payload_type for one in again.audio[0].maps] == [0, 101]
    assert again.audio[0].direction == "sendrecv"


def test_after_a_bad_offer_everything_is_as_before() -> None:
    ours = negotiator()
    before = ours.answer(sdp("0", "a=sendonly", KEY)).sdp
    with pytest.raises(SdpError):
        ours.answer(sdp("18", events=None))
    assert ours.answer(sdp("0", "a=sendonly", KEY)).sdp == before
