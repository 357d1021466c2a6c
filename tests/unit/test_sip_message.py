"""What is let through as a SIP message, what is refused with which status, and what is read out of one."""

from __future__ import annotations

from typing import Any

import pytest
from aiosipua import SipRequest, SipResponse

from gateway.transport.sip.message import (
    REASONS,
    BadMessageError,
    number_called,
    number_calling,
    option_tags,
    read_message,
    sdp_of,
    stamp_source,
    target_of,
    uri_address,
)
from tests.support.sip import text

pytestmark = pytest.mark.unit

HEADERS: dict[str, Any] = {
    "Via": "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1;rport",
    "From": '"Li" <sip:13800138000@192.0.2.10>;tag=a',
    "To": "<sip:10086@192.0.2.1>",
    "Call-ID": "c@192.0.2.10",
    "CSeq": "1 INVITE",
    "Contact": "<sip:13800138000@192.0.2.10>",
    "Max-Forwards": "70",
}
FIRST = "INVITE sip:10086@192.0.2.1 SIP/2.0"
RESPONSE = {name: HEADERS[name] for name in ("Via", "From", "To", "Call-ID", "CSeq")}


def request(body: str = "", first: str = FIRST, **headers: Any) -> SipRequest:
    """A good request but for what is given."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    message = read_message(text(first, HEADERS | named, body).encode())
    assert isinstance(message, SipRequest)
    return message


def refusal(data: bytes | str, *, stream: bool = False) -> BadMessageError:
    """Why it isn't let through."""
    with pytest.raises(BadMessageError) as caught:
        read_message(data.encode() if isinstance(data, str) else data, stream=stream)
    return caught.value


# ---------------------------------------------------------------------------------------------------------- let through


def test_a_request_and_a_response_are_told_apart() -> None:
    assert request().method == "INVITE"
    answer = read_message(text("SIP/2.0 180 Ringing", RESPONSE).encode())
    assert isinstance(answer, SipResponse)
    assert answer.status_code == 180


@pytest.mark.parametrize(
    "first", ["SIP/2.0 200 OK", "SIP/2.0 200", "SIP/2.0 200 ", "sip/2.0 200 OK", "SIP/2.0 200 嗯 好"]
)
def test_answers_come_with_or_without_a_reason(first: str) -> None:
    answer = read_message(text(first, RESPONSE).encode())
    assert isinstance(answer, SipResponse)
    assert answer.status_code == 200


def test_empty_lines_before_a_message_are_passed_over() -> None:
    assert read_message(b"\r\n\r\n\r\n" + text(FIRST, HEADERS).encode()).headers.get("call-id") == ["c@192.0.2.10"]


def test_line_ends_may_be_bare() -> None:
    message = read_message(text(FIRST, HEADERS, "v=0").replace("\r\n", "\n").encode())
    assert message.body == b"v=0"


def test_short_header_names_are_read() -> None:
    short = {"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "c": "Content-Type", "k": "Supported"}
    long = HEADERS | {"Content-Type": "application/sdp", "Supported": "timer"}
    names = {name: key for key, name in short.items()}
    renamed = {names.get(name, name): value for name, value in long.items()} | {
        "x": "600",
        "o": "refer",
        "r": "<sip:q>",
    }
    message = read_message(text(FIRST, renamed, "v=0").replace("Content-Length", "l").encode())
    for name in long:
        assert message.headers.get(name) == [long[name]]
    assert message.headers.get("session-expires") == ["600"]
    assert message.headers.get("event") == ["refer"]
    assert message.headers.get("refer-to") == ["<sip:q>"]


def test_what_is_beyond_the_declared_length_is_no_part_of_the_body() -> None:
    data = text(FIRST, HEADERS, "v=0").encode() + b"garbage"
    assert read_message(data).body == b"v=0"


def test_spaces_in_a_via_are_allowed_and_tidied() -> None:
    via = "SIP  /   2.0\t/UDP\t 192.0.2.2 ; branch = z9hG4bK390skdjuw"
    assert request(Via=via).via[0].branch == "z9hG4bK390skdjuw"


@pytest.mark.parametrize(
    "sender",
    [
        '"J \\"Rosenberg\\"" <sip:j@192.0.2.10>;tag=a',
        '"one \\" quote" <sip:j@192.0.2.10>;tag=a',
        '"<not this>;tag=b" <sip:j@192.0.2.10>;tag=a',
        "sip:j@192.0.2.10;tag=a",
        "Li <tel:+8613800138000>;tag=a",
        "<sip:j;x=y@192.0.2.10>  ;  tag  =  a",
    ],
)
def test_names_and_numbers_are_written_in_many_ways(sender: str) -> None:
    assert request(From=sender).headers.get("from") == [sender]


# -------------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Via": ()}, 400),
        ({"From": ()}, 400),
        ({"To": ()}, 400),
        ({"Call-ID": ()}, 400),
        ({"CSeq": ()}, 400),
        ({"From": ""}, 400),
        ({"To": (HEADERS["To"], HEADERS["To"])}, 400),
        ({"From": (HEADERS["From"], HEADERS["From"])}, 400),
        ({"Call-ID": ("a", "a")}, 400),
        ({"CSeq": ("1 INVITE", "2 INVITE")}, 400),
        ({"Max-Forwards": ("70", "70")}, 400),
        ({"Content-Type": ("application/sdp", "application/sdp")}, 400),
        ({"From": "<sip:a@192.0.2.10>"}, 400),  # no tag
        ({"CSeq": "1 BYE"}, 400),
        ({"CSeq": "INVITE"}, 400),
        ({"CSeq": "-1 INVITE"}, 400),
        ({"CSeq": "2147483648 INVITE"}, 400),
        ({"CSeq": f"{'9' * 5000} INVITE"}, 400),
        ({"Via": "UDP 192.0.2.10"}, 400),
        ({"Via": "SIP/2.0/UDP"}, 400),
        ({"Via": "SIP/2.0/UDP two words;branch=z9hG4bK1"}, 400),
        ({"Via": "SIP/2.0/UDP 192.0.2.10:0;branch=z9hG4bK1"}, 400),
        ({"Via": "SIP/2.0/UDP 192.0.2.10:65536;branch=z9hG4bK1"}, 400),
        ({"Via": ("SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1", ";;")}, 400),
        ({"To": '"Unterminated <sip:a@192.0.2.1>'}, 400),
        ({"To": "<sip:a@192.0.2.1"}, 400),
        ({"To": "<sip:a@192.0.2.1>x;tag=b"}, 400),
        ({"To": "<sip:a@192.0.2.1> <sip:b@192.0.2.1>"}, 400),
        ({"To": "<sip:>"}, 400),
        ({"Max-Forwards": "many"}, 400),
        ({"Expires": "-1"}, 400),
        ({"Min-SE": "²"}, 400),
        ({"Session-Expires": "9" * 400}, 400),
    ],
)
def test_what_a_server_may_not_act_on_is_refused(change: dict[str, Any], status: int) -> None:
    assert refusal(text(FIRST, HEADERS | change)).status == status


@pytest.mark.parametrize(
    ("first", "status"),
    [
        ("INVITE sip:10086@192.0.2.1 SIP/3.0", 505),
        ("INVITE sip:10086@192.0.2.1 SIP/7.0", 505),
        ("INVITE sip:10086@192.0.2.1", 400),
        ("INVITE sip:100 86@192.0.2.1 SIP/2.0", 400),
        ("INVITE <sip:10086@192.0.2.1> SIP/2.0", 400),
        ("INVITE  sip:10086@192.0.2.1  SIP/2.0", 400),
        ("INVITE http://192.0.2.1 SIP/2.0", 416),
        ("INVITE 10086 SIP/2.0", 416),
        ("INVITE sip:10086@192.0.2.1?Route=%3Csip:x%3E SIP/2.0", 400),
        ("GET / HTTP/1.1", 400),
        ("SIP/2.0 999 Nothing", 400),
        ("SIP/2.0 20 Short", 400),
        ("SIP/2.0 4294967301 Big", 400),
        ("SIP/7.0 200 OK", 400),
    ],
)
def test_a_first_line_that_is_none_is_refused(first: str, status: int) -> None:
    assert refusal(text(first, HEADERS)).status == status


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"\x00\x01\x02", b"\xff" * 100, b"INVITE", b"SIP/2.0 200 OK\r\n\r\n"]
)
def test_what_is_no_message_is_refused_and_not_to_be_answered(data: bytes) -> None:
    assert refusal(data).request is None


def test_a_body_shorter_than_declared_is_refused_but_for_a_stream_that_counted_it() -> None:
    data = text(FIRST, HEADERS, "v=0").replace("Content-Length: 3", "Content-Length: 30")
    assert refusal(data).status == 400
    assert read_message(data.encode(), stream=True).body == b"v=0"


@pytest.mark.parametrize("length", ["-1", "three", "3, 4", "99999999999"])
def test_a_length_that_is_none_is_refused(length: str) -> None:
    data = text(FIRST, HEADERS, "v=0").replace("Content-Length: 3", f"Content-Length: {length}")
    assert refusal(data).status == 400


def test_a_refusal_can_be_answered_when_the_request_says_where_to() -> None:
    assert refusal(text(FIRST, HEADERS | {"Max-Forwards": "x"})).request is not None
    assert refusal(text("INVITE sip:a b SIP/2.0", HEADERS)).request is not None
    assert refusal(text(FIRST, HEADERS | {"Call-ID": ()})).request is None
    assert refusal(text(FIRST, HEADERS | {"Via": "nonsense"})).request is None
    bad_ack = text("ACK sip:a SIP/2.0", HEADERS | {"CSeq": "1 ACK", "Max-Forwards": "x"})
    assert refusal(bad_ack).request is None  # nobody answers an ACK
    assert refusal(text("sip/2.0 700 Odd", HEADERS)).request is None  # nor an answer


def test_too_many_headers_or_too_long_ones_are_refused() -> None:
    assert refusal(text(FIRST, HEADERS | {"Subject": "x" * 20_000})).status == 400
    assert refusal(text(FIRST, HEADERS | {f"X-{number}": "1" for number in range(300)})).status == 400


# --------------------------------------------------------------------------------------------------------- what is read


@pytest.mark.parametrize(
    ("uri", "number"),
    [
        ("sip:10086@192.0.2.1", "10086"),
        ("sip:+8610086@192.0.2.1;user=phone", "+8610086"),
        ("sip:10086;phone-context=+86@192.0.2.1;user=phone", "10086"),
        ("sip:10086:secret@192.0.2.1", "10086"),
        ("sips:%31%30086@192.0.2.1", "10086"),
        ("sip:%2A21%23@192.0.2.1", "*21#"),
        ("tel:+86-10086;phone-context=x", "+86-10086"),
        ("sip:192.0.2.1", ""),
        ("sip:%00%0A@192.0.2.1", ""),
    ],
)
def test_the_number_called_is_the_user_part(uri: str, number: str) -> None:
    assert number_called(uri) == number


@pytest.mark.parametrize(
    ("headers", "trusted", "number"),
    [
        ({}, False, "13800138000"),
        ({"From": "sip:02012345678@192.0.2.10;tag=a"}, False, "02012345678"),
        ({"From": "<tel:+8613800138000;cpc=ordinary>;tag=a"}, False, "13800138000"),
        ({"From": "<sip:008613800138000@192.0.2.10>;tag=a"}, False, "13800138000"),
        ({"From": "<sip:+861012345678@192.0.2.10>;tag=a"}, False, "+861012345678"),  # a landline keeps its code
        ({"From": "<sip:+14155550100@192.0.2.10>;tag=a"}, False, "+14155550100"),
        ({"From": '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=a'}, False, ""),
        ({"From": "<sip:Restricted@192.0.2.10>;tag=a"}, False, ""),
        ({"From": '"<sip:110@x>" <sip:13800138000@192.0.2.10>;tag=a'}, False, "13800138000"),
        ({"Privacy": "id"}, False, ""),
        ({"Privacy": "user; id; critical"}, True, ""),
        ({"Privacy": "none"}, False, "13800138000"),
        ({"P-Asserted-Identity": "<sip:+8613900139000@carrier>"}, True, "13900139000"),
        ({"P-Asserted-Identity": "<sip:+8613900139000@carrier>"}, False, "13800138000"),
        ({"P-Asserted-Identity": '"Wang" <tel:+8613900139000>, <sip:x@y>'}, True, "13900139000"),
        ({"P-Asserted-Identity": "<sip:+8613900139000@carrier>", "Privacy": "id"}, True, ""),
    ],
)
def test_the_number_calling_is_told_unless_it_is_withheld(headers: dict[str, str], trusted: bool, number: str) -> None:
    message = read_message(text(FIRST, HEADERS | headers).encode())
    assert isinstance(message, SipRequest)
    assert number_calling(message, trusted=trusted) == number


def test_option_tags_are_read_without_case_and_from_several_headers() -> None:
    assert option_tags(request(Require=("Timer, 100REL", " path ")), "require") == {"timer", "100rel", "path"}
    assert option_tags(request(), "require") == frozenset()


def test_where_a_message_came_from_is_written_into_its_topmost_via() -> None:
    message = request(Via=("SIP/2.0/UDP 10.0.0.5:5060;rport;branch=z9hG4bK1", "SIP/2.0/UDP 10.0.0.6;branch=z9hG4bK2"))
    stamp_source(message, ("192.0.2.10", 40_000))
    top, other = message.via
    assert (top.received, top.rport, top.host, top.port) == ("192.0.2.10", "40000", "10.0.0.5", 5060)
    assert (other.received, other.rport) == (None, None)
    plain = request(Via="SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1")
    stamp_source(plain, ("192.0.2.10", 40_000))
    assert (plain.via[0].received, plain.via[0].rport) == (None, None)


def test_usual_ports_stand_in_for_missing_ones() -> None:
    uris = ("sip:192.0.2.1", "sips:a@192.0.2.1", "sip:192.0.2.1;transport=tls", "sip:a;b?c@[2001:db8::1]:5070")
    assert [uri_address(target_of(uri)) for uri in uris] == [
        ("192.0.2.1", 5060),
        ("192.0.2.1", 5061),
        ("192.0.2.1", 5061),
        ("2001:db8::1", 5070),
    ]


# --------------------------------------------------------------------------------------------------------------- bodies


def test_a_description_may_be_a_part_of_a_body() -> None:
    parts = (
        "--b\r\nContent-Type: application/isup\r\nContent-Transfer-Encoding: binary\r\n\r\n\x01\x02\r\n"
        "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\ns=-\r\n\r\n--b--\r\n"
    )
    sdp = sdp_of(request(parts, Content_Type='multipart/mixed;boundary="b"'))
    assert sdp is not None
    assert sdp.split() == ["v=0", "s=-"]
    assert sdp_of(request("v=0", Content_Type="Application/SDP; charset=utf-8")) == "v=0"
    assert sdp_of(request()) is None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", "v=0"),
        ("", "v=0"),
        ("multipart/mixed;boundary=b", "--b\r\nContent-Type: application/isup\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/mixed", "no boundary"),
        (
            "multipart/mixed;boundary=b",
            "".join(f"--b\r\nContent-Type: multipart/x;boundary=b{n}\r\n\r\n" for n in range(3)),
        ),
    ],
)
def test_a_body_of_another_kind_is_refused(kind: str, body: str) -> None:
    with pytest.raises(BadMessageError) as caught:
        sdp_of(request(body, Content_Type=kind))
    assert caught.value.status == 415


def test_parts_within_parts_without_end_are_refused() -> None:
    body = "".join(f"--b{n}\r\nContent-Type: multipart/x;boundary=b{n + 1}\r\n\r\n" for n in range(1200))
    with pytest.raises(BadMessageError) as caught:
        sdp_of(request(body, Content_Type="multipart/x;boundary=b0"))
    assert caught.value.status == 400


def test_every_status_that_we_give_has_a_reason() -> None:
    assert all(reason and reason[0].isupper() for reason in REASONS.values())
