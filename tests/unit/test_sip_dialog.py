"""How the other side of a call is reached: routes, contacts, NAT; and names are never looked up."""

from __future__ import annotations

from typing import Any

import pytest
from aiosipua import SipRequest

from gateway.transport.sip.dialog import Dialog, contact_of, dialog_id
from gateway.transport.sip.hop import Carrier
from gateway.transport.sip.message import read_message, reply
from tests.support.sip import text
from tests.support.sip_line import PHONE, Wire, WireHop, local

pytestmark = pytest.mark.unit

PHONE_6 = ("2001:db8::10", 5060)


def invite(**headers: Any) -> SipRequest:
    """From a telephone that says where it is."""
    told: dict[str, Any] = {
        "Via": "SIP/2.0/UDP 192.0.2.10:5060;branch=z9hG4bK1",
        "From": "<sip:a@192.0.2.10>;tag=theirs",
        "To": "<sip:b@192.0.2.1;user=phone>",
        "Call-ID": "c",
        "CSeq": "3 INVITE",
        "Contact": "<sip:a@192.0.2.10:5070>",
    }
    message = read_message(text("INVITE sip:b@192.0.2.1 SIP/2.0", told | headers).encode())
    assert isinstance(message, SipRequest)
    return message


def way(dialog: Dialog) -> tuple[str, int]:
    """Where a request of ours goes."""
    return dialog.hop().remote


def hop(remote: tuple[str, int] = PHONE, carrier: Carrier = "udp", host: str = "192.0.2.1", **how: bool) -> WireHop:
    """The way that the INVITE came."""
    return WireHop(Wire(), remote, local(carrier, host), **how)


# ------------------------------------------------------------------------------------------------------- identification


def test_a_dialog_is_known_by_its_call_id_and_both_tags() -> None:
    dialog = Dialog(invite(), hop())
    answer = dialog.reply(invite(), 200)
    assert answer.headers.get("to") == [f"<sip:b@192.0.2.1;user=phone>;tag={dialog.tag}"]
    later = invite(To=answer.headers.get("to")[0], CSeq="4 INVITE")
    assert dialog_id(later) == dialog.id == ("c", dialog.tag, "theirs")
    assert dialog_id(invite()) is None
    assert dialog_id(invite(To=f"sip:b@192.0.2.1;tag={dialog.tag}")) == dialog.id
    assert dialog_id(invite(To=f'"<;tag=x \\"" <sip:b@192.0.2.1>;tag={dialog.tag}')) == dialog.id


def test_two_dialogs_have_different_tags() -> None:
    assert Dialog(invite(), hop()).tag != Dialog(invite(), hop()).tag


def test_our_requests_have_our_side_in_from_and_count_up() -> None:
    dialog = Dialog(invite(), hop())
    first, second = dialog.request("UPDATE", {"X": "y"}), dialog.request("INVITE", sdp="v=0\r\n")
    assert first.headers.get("from") == [f"<sip:b@192.0.2.1;user=phone>;tag={dialog.tag}"]
    assert first.headers.get("to") == ["<sip:a@192.0.2.10>;tag=theirs"]
    assert [one.headers.get("cseq") for one in (first, second)] == [["1 UPDATE"], ["2 INVITE"]]
    assert first.via[0].branch != second.via[0].branch
    assert second.headers.get("content-type") == ["application/sdp"]
    ack = dialog.ack(second)
    assert ack.headers.get("cseq") == ["2 ACK"]
    assert ack.via[0].branch != second.via[0].branch
    assert dialog.request("BYE").headers.get("cseq") == ["3 BYE"]


def test_their_requests_must_count_up() -> None:
    dialog = Dialog(invite(), hop())
    assert [dialog.in_order(invite(CSeq=f"{number} INVITE")) for number in (3, 5, 5, 4, 6)] == [
        False,
        True,
        False,
        False,
        True,
    ]


# ------------------------------------------------------------------------------------------------------- where they are


@pytest.mark.parametrize(
    ("contact", "to"),
    [
        ("<sip:a@192.0.2.10:5070>", ("192.0.2.10", 5070)),
        ("<sip:a@192.0.2.99>", ("192.0.2.99", 5060)),
        ("sip:a@192.0.2.99:5061;expires=10", ("192.0.2.99", 5061)),
        ("<sip:a;x=y?z@192.0.2.99:5080;ob>", ("192.0.2.99", 5080)),
        ('"x <y>" <sip:a@192.0.2.99:5080>', ("192.0.2.99", 5080)),
        ("<sips:a@192.0.2.99>", ("192.0.2.99", 5061)),
        ("<sip:a@phone.example.com:5080>", PHONE),  # a name is never looked up: back the way it came
        ("<sip:a@192.0.2.99:0>", ("192.0.2.99", 5060)),
        ("<sip:a@192.0.2.99:99999>", PHONE),
        ("<sip:a@[2001:db8::99]:5080>", PHONE),  # our socket speaks the other family
        ("<sip:a b@192.0.2.99>", PHONE),
        ("<sip:>", PHONE),
        ("*", PHONE),
    ],
)
def test_requests_go_to_the_contact_or_back_the_way_the_call_came(contact: str, to: tuple[str, int]) -> None:
    assert way(Dialog(invite(Contact=contact), hop())) == to


@pytest.mark.parametrize(
    "contact", ["<sip:a@192.0.2.99:5070;transport=udp>", "<sip:+861380013;phone-context=x@192.0.2.9>"]
)
def test_the_contact_is_what_we_ask_for_to_the_letter(contact: str) -> None:
    assert Dialog(invite(Contact=contact), hop()).request("BYE").uri == contact[1:-1]


def test_headers_in_a_contact_are_left_out_of_the_request() -> None:
    request = Dialog(invite(Contact="<sip:a?b@192.0.2.99?Route=%3Csip:x%3E>"), hop()).request("BYE")
    assert request.uri == "sip:a?b@192.0.2.99"


@pytest.mark.parametrize("contact", ["<sip:a b@192.0.2.99>", "<>", "", "<tel:10086>", "<http://192.0.2.9>", "<sip:>"])
def test_without_a_usable_contact_the_address_it_came_from_is_asked(contact: str) -> None:
    assert Dialog(invite(Contact=contact), hop()).request("BYE").uri == "sip:192.0.2.10:5060"


def test_through_a_nat_requests_go_back_the_way_the_call_came() -> None:
    dialog = Dialog(invite(Via="SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1", Contact="<sip:a@10.0.0.5:5060>"), hop())
    assert way(dialog) == PHONE
    assert dialog.request("BYE").uri == "sip:a@10.0.0.5:5060"


def test_a_connection_that_is_still_there_is_used() -> None:
    assert way(Dialog(invite(), hop(carrier="tcp", reliable=True, connected=True))) == PHONE
    assert way(Dialog(invite(), hop(carrier="tcp", reliable=True, connected=False))) == ("192.0.2.10", 5070)


def test_a_refresh_moves_the_target_and_one_without_a_contact_does_not() -> None:
    dialog = Dialog(invite(Allow="INVITE"), hop())
    dialog.refresh(invite(Contact="<sip:a@192.0.2.55:5090>", Allow="INVITE, update"))
    assert (way(dialog), dialog.allows("UPDATE")) == (("192.0.2.55", 5090), True)
    dialog.refresh(invite(Contact=()))
    assert (way(dialog), dialog.allows("UPDATE")) == (("192.0.2.55", 5090), True)
    assert dialog.request("BYE").uri == "sip:a@192.0.2.55:5090"


def test_ipv6_is_reached_and_written_in_brackets() -> None:
    came = hop(PHONE_6, host="2001:db8::1")
    dialog = Dialog(
        invite(
            Via="SIP/2.0/UDP [2001:db8::10]:5060;branch=z9hG4bK1",
            Contact="<sip:a@[2001:db8::99]:5070>",
        ),
        came,
    )
    assert way(dialog) == ("2001:db8::99", 5070)
    bye = dialog.request("BYE")
    assert bye.headers.get("via")[0].startswith("SIP/2.0/UDP [2001:db8::1]:5060;")
    assert bye.headers.get("contact") == ["<sip:[2001:db8::1]:5060>"]


def test_an_ipv4_caller_on_an_ipv6_socket_is_answered_over_that() -> None:
    came = hop(("::ffff:192.0.2.10", 5060), host="2001:db8::1")
    assert way(Dialog(invite(), came)) == ("::ffff:192.0.2.10", 5060)


@pytest.mark.parametrize(
    ("carrier", "contact"),
    [
        ("udp", "<sip:192.0.2.1:5060>"),
        ("tcp", "<sip:192.0.2.1:5060;transport=tcp>"),
        ("tls", "<sip:192.0.2.1:5060;transport=tls>"),
    ],
)
def test_via_and_contact_name_the_carrier(carrier: Carrier, contact: str) -> None:
    assert contact_of(local(carrier)) == contact
    request = Dialog(invite(), hop(carrier=carrier)).request("BYE")
    assert request.headers.get("contact") == [contact]
    assert request.headers.get("via")[0].startswith(f"SIP/2.0/{carrier.upper()} 192.0.2.1:5060;branch=z9hG4bK")


# -------------------------------------------------------------------------------------------------------------- routes


def test_routes_are_kept_in_order_and_the_first_is_asked() -> None:
    routes = ("<sip:192.0.2.201:5062;lr;ftag=x>", "<sip:192.0.2.202;lr>")
    request = invite(**{"Record-Route": ", ".join(routes)})
    dialog = Dialog(request, hop(("192.0.2.201", 5060)))
    bye = dialog.request("BYE")
    assert bye.headers.get("route") == list(routes)  # 12.1.1: as the one who was called, in order
    assert bye.uri == "sip:a@192.0.2.10:5070"
    assert way(dialog) == ("192.0.2.201", 5062)
    assert dialog.reply(request, 200).headers.get("record-route") == list(routes)
    assert dialog.ack(dialog.request("INVITE")).headers.get("route") == list(routes)


def test_a_route_with_a_name_goes_back_the_way_the_call_came() -> None:
    dialog = Dialog(invite(**{"Record-Route": "<sip:proxy.example.com;lr>"}), hop(("192.0.2.201", 5060)))
    assert way(dialog) == ("192.0.2.201", 5060)


def test_a_strict_router_gets_its_own_address_first_and_the_target_last() -> None:
    dialog = Dialog(invite(**{"Record-Route": ("<sip:192.0.2.201:5062>", "<sip:192.0.2.202;lr>")}), hop())
    bye = dialog.request("BYE")
    assert bye.uri == "sip:192.0.2.201:5062"
    assert bye.headers.get("route") == ["<sip:192.0.2.202;lr>", "<sip:a@192.0.2.10:5070>"]
    assert way(dialog) == ("192.0.2.201", 5062)


def test_a_route_set_stands_when_the_target_moves() -> None:
    dialog = Dialog(invite(**{"Record-Route": "<sip:192.0.2.201;lr>"}), hop())
    dialog.refresh(invite(**{"Record-Route": "<sip:192.0.2.222;lr>", "Contact": "<sip:a@192.0.2.55>"}))
    bye = dialog.request("BYE")
    assert (bye.uri, bye.headers.get("route")) == ("sip:a@192.0.2.55", ["<sip:192.0.2.201;lr>"])


# ------------------------------------------------------------------------------------------------------------- answers


def test_answers_copy_what_the_rfc_wants_copied() -> None:
    request = invite(Via=("SIP/2.0/UDP 192.0.2.201;branch=z9hG4bK2", "SIP/2.0/UDP 192.0.2.10;branch=z9hG4bK1"))
    answer = reply(request, 404, tag="ours")
    for name in ("via", "from", "call-id", "cseq"):
        assert answer.headers.get(name) == request.headers.get(name)
    assert (answer.reason_phrase, answer.headers.get("to")) == ("Not Found", ["<sip:b@192.0.2.1;user=phone>;tag=ours"])
    assert read_message(bytes(answer)).headers.get("via") == request.headers.get("via")


def test_a_tag_that_is_there_is_left_alone() -> None:
    request = invite(To='"a <b>" <sip:b@192.0.2.1>;tag=there')
    assert reply(request, 481, tag="new").headers.get("to") == ['"a <b>" <sip:b@192.0.2.1>;tag=there']
