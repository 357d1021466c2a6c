"""Telephone calls by SIPp: from the INVITE to the BYE, whatever gets lost, repeated or crossed on the way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.sip_process import Event, SipServer
from tests.support.sipp import Sipp, caller

pytestmark = pytest.mark.peers

QUEUES = {"agents": "sip:agents@192.0.2.20"}


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SipServer]:
    """A server that answers at once."""
    with SipServer(tmp_path_factory.mktemp("at_once"), queues=QUEUES, transfer_timeout_s=2) as server:
        yield server


@pytest.fixture(scope="module")
def after_a_while(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SipServer]:
    """A server that lets it ring for half a second."""
    with SipServer(tmp_path_factory.mktemp("after_a_while"), answer_after_ms=500) as server:
        yield server


def call(server: SipServer, scenario: str, folder: Path, **options: Any) -> tuple[Sipp, Event]:
    """Make a call that comes to be one; how it went for SIPp, and how it ended for the server."""
    who = caller()
    sipp = Sipp(scenario, server.address, folder, caller=who, **options).finish()
    ended = server.ended(who)
    server.settled()
    return sipp, ended


def no_call(server: SipServer, scenario: str, folder: Path, **options: Any) -> Sipp:
    """Make a call that comes to nothing, and leaves nothing."""
    who = caller()
    sipp = Sipp(scenario, server.address, folder, caller=who, **options).finish()
    server.settled()
    assert not server.of(who, "began")
    assert len(server.of(who, "admitted")) == len(server.of(who, "released"))
    return sipp


# ------------------------------------------------------------------------------------------------------- begin and end


def test_a_caller_is_answered_and_hangs_up(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "call", tmp_path)
    assert ended["reason"] == "caller_hung_up"
    (answer,) = sipp.received("SIP/2.0 200", "INVITE")
    assert answer.header("Contact") == f"<sip:{at_once.address}>"
    assert not answer.header("Require"), "the caller didn't say that it knows session timers"
    for method in ("BYE", "CANCEL", "INFO", "UPDATE", "PRACK", "NOTIFY"):
        assert method in answer.header("Allow")


def test_we_hang_up_and_are_answered(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "hung_up", tmp_path, service="hangup-after-300")
    assert ended["reason"] == "done"
    assert len(sipp.received("BYE")) == 1


def test_a_bye_is_repeated_until_it_is_answered(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "late_bye_answer", tmp_path, service="hangup-after-300")
    assert ended["reason"] == "done"
    byes = sipp.received("BYE")
    assert len(byes) >= 2
    assert len({bye.text for bye in byes}) == 1, "one request, repeated"


def test_both_may_hang_up_at_once(at_once: SipServer, tmp_path: Path) -> None:
    _, ended = call(at_once, "bye_crossing", tmp_path, service="hangup-after-300")
    assert ended["reason"] == "done"


def test_a_server_that_stops_ends_its_calls_even_those_whose_ack_is_missing(tmp_path: Path) -> None:
    with SipServer(tmp_path) as server:
        callers = [caller(), caller()]
        runs = [
            Sipp(scenario, server.address, tmp_path, caller=who)
            for scenario, who in zip(("hung_up", "lost_ack"), callers, strict=True)
        ]
        server.wait(lambda event: event["event"] == "admitted" and event["caller"] == callers[1])
        server.wait(lambda event: event["event"] == "began" and event["caller"] == callers[0])
        stopped = server.stop()
        for sipp in runs:
            sipp.finish()
        ends = {event["caller"]: event["reason"] for event in server.events if event["event"] == "ended"}
        assert ends == dict.fromkeys(callers, "shutdown")
        assert (stopped["places"], stopped["echoes"]) == (0, 0)
        assert stopped["took_ms"] < 3000


def test_an_invite_that_comes_again_while_it_rings_is_one_call(after_a_while: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(after_a_while, "duplicate_before", tmp_path)
    assert ended["reason"] == "caller_hung_up"
    assert len(sipp.received("SIP/2.0 180")) == 2, "the copy gets the last answer again"


def test_an_invite_that_comes_again_after_the_200_is_one_call(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "duplicate_after", tmp_path)
    assert ended["reason"] == "caller_hung_up"
    answers = sipp.received("SIP/2.0 200", "INVITE")
    assert len(answers) >= 2, "repeated until the ACK"
    assert len({answer.text for answer in answers}) == 1


def test_an_invite_that_comes_by_two_ways_is_one_call(after_a_while: SipServer, tmp_path: Path) -> None:
    _, ended = call(after_a_while, "merged", tmp_path)
    assert ended["reason"] == "caller_hung_up"


# -------------------------------------------------------------------------------------------------------------- CANCEL


@pytest.mark.parametrize("ack_after_ms", ["10", "700"])
def test_a_call_taken_back_while_it_rings_is_none(after_a_while: SipServer, tmp_path: Path, ack_after_ms: str) -> None:
    sipp = no_call(after_a_while, "cancel", tmp_path, fill={"ack_after_ms": ack_after_ms})
    refusals = sipp.received("SIP/2.0 487")
    assert len(refusals) == (1 if ack_after_ms == "10" else 2), "repeated until the ACK"


def test_a_cancel_that_crosses_the_200_changes_nothing(at_once: SipServer, tmp_path: Path) -> None:
    _, ended = call(at_once, "cancel_crossing", tmp_path)
    assert ended["reason"] == "caller_hung_up"


# -------------------------------------------------------------------------------------------------------------- ringing


def test_it_rings_before_it_is_answered(after_a_while: SipServer, tmp_path: Path) -> None:
    _, ended = call(after_a_while, "ringing", tmp_path)
    assert ended["reason"] == "caller_hung_up"


@pytest.mark.parametrize(("prack_after_ms", "copies"), [("10", 1), ("900", 2)])
def test_reliable_ringing_is_repeated_until_it_is_acknowledged(
    after_a_while: SipServer, tmp_path: Path, prack_after_ms: str, copies: int
) -> None:
    fill = {"status": "180", "prack_after_ms": prack_after_ms}
    sipp, ended = call(after_a_while, "prack", tmp_path, fill=fill)
    assert ended["reason"] == "caller_hung_up"
    assert len(sipp.received("SIP/2.0 180")) == copies


# ----------------------------------------------------------------------------------------------------- offer and answer


def test_a_call_without_an_offer_is_made_one(at_once: SipServer, tmp_path: Path) -> None:
    _, ended = call(at_once, "late_offer", tmp_path)
    assert (ended["reason"], ended["line"]["codec"]) == ("caller_hung_up", "PCMA")


def test_an_offer_of_ours_that_is_not_answered_ends_the_call(at_once: SipServer, tmp_path: Path) -> None:
    _, ended = call(at_once, "late_offer_unanswered", tmp_path)
    assert ended["reason"] == "no_media"


def test_a_caller_holds_and_resumes_in_every_way(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "hold", tmp_path)
    assert ended["reason"] == "caller_hung_up"
    assert ended["holds"] == 4
    answers = [message.text for message in sipp.received("SIP/2.0 200") if "m=audio" in message.text]
    directions = [re.search(r"^a=(sendrecv|sendonly|recvonly|inactive)", text, re.MULTILINE) for text in answers]
    assert [found[1] for found in directions if found] == [
        *("sendrecv", "recvonly", "sendrecv", "inactive", "sendrecv"),
        *("sendrecv", "sendrecv", "recvonly", "sendrecv"),
    ]
    versions = [int(found[1]) for text in answers if (found := re.search(r"^o=- \d+ (\d+) ", text, re.MULTILINE))]
    assert versions == list(range(versions[0], versions[0] + 9)), "each says something else than the one before"


# ------------------------------------------------------------------------------------------------------ session timers


def test_a_caller_refreshes_the_session(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "refresh_by_caller", tmp_path)
    assert ended["reason"] == "caller_hung_up"
    agreed = [message for message in sipp.received("SIP/2.0 200") if not message.header("CSeq").endswith("BYE")]
    assert [message.header("Session-Expires") for message in agreed] == [
        "90;refresher=uac",
        "90;refresher=uac",
        "120;refresher=uac",
    ]
    assert all("timer" in message.header("Require") for message in agreed)
    (too_small,) = sipp.received("SIP/2.0 422")
    assert too_small.header("Min-SE") == "90"


# ----------------------------------------------------------------------------------------------------------------- keys


def test_keys_by_info_are_heard_however_they_are_written(at_once: SipServer, tmp_path: Path) -> None:
    _, ended = call(at_once, "info", tmp_path)
    assert ended["keys"] == "57*#", "an event above 15 is no key"


# ------------------------------------------------------------------------------------------------------------ transfers


@pytest.mark.parametrize(
    ("scenario", "outcome", "told", "reason"),
    [
        ("refer", "200", "ok", "transferred"),
        ("refer", "486", "486", "transfer_failed"),
        ("refer_refused", "", "603", "transfer_failed"),
        ("refer_bye", "", "ok", "caller_hung_up"),
        ("refer_silence", "", "timeout", "transfer_failed"),
    ],
)
def test_a_transfer_ends_as_the_other_side_tells(
    at_once: SipServer, tmp_path: Path, scenario: str, outcome: str, told: str, reason: str
) -> None:
    sipp, ended = call(at_once, scenario, tmp_path, service="transfer-agents", fill={"outcome": outcome})
    assert (ended["handed_over"], ended["reason"]) == ([told], reason)
    (refer,) = sipp.received("REFER")
    assert refer.header("Refer-To") == f"<{QUEUES['agents']}>"
    assert refer.header("Referred-By")


def test_a_queue_that_stands_nowhere_is_told_at_once(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "hung_up", tmp_path, service="transfer-nowhere")
    assert ended["handed_over"] == ["unknown_queue"]
    assert not sipp.received("REFER")


# ----------------------------------------------------------------------------------------------------------------- ways


def test_requests_of_ours_go_through_the_proxies_that_stay_in_the_way(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "record_route", tmp_path, service="hangup-after-300")
    assert ended["reason"] == "done"
    (bye,) = sipp.received("BYE")
    assert re.fullmatch(r"BYE sip:7\d+@127\.0\.0\.88:5080 SIP/2\.0", bye.first)
    routes = re.findall(r"^Route: (.+?)\s*$", bye.text, re.MULTILINE)
    assert [re.findall(r"proxy=(\w+)", route) for route in routes] in ([["near"], ["far"]], [["near", "far"]])
    (answer,) = sipp.received("SIP/2.0 200", "INVITE")
    assert re.findall(r"proxy=(\w+)", answer.text) == ["near", "far"]


def test_a_caller_behind_a_nat_is_reached_where_it_really_is(at_once: SipServer, tmp_path: Path) -> None:
    sipp, ended = call(at_once, "nat", tmp_path, service="hangup-after-300")
    assert ended["reason"] == "done"
    assert len(sipp.received("BYE")) == 1
