"""What only time ends: lost ACKs, lost answers, sessions that nobody refreshes. All of it at once, for it is waiting.

RFC 3261's timers are constants (32 s), and no session is shorter than 90 s (RFC 4028), of which we refresh after half
and give up after two thirds: a good minute in all.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.sip_process import Event, SipServer
from tests.support.sipp import Sipp, caller

pytestmark = [pytest.mark.peers, pytest.mark.timeout(150)]

WAITS = {
    "lost_ack": "echo",
    "lost_bye_answer": "hangup-after-300",
    "prack_lost": "echo",
    "cancel": "echo",
    "refresh_by_update": "echo",
    "refresh_by_reinvite": "echo",
    "refresh_never": "echo",
    "refresh_gone": "echo",
}
"""Scenario -> how the server behaves."""
YOUNG = 3
"""Transactions that begin after 45 s or later, and keep copies of answers away for another 32 s: our re-INVITE, and two
BYEs of callers."""


@dataclass
class Waited:
    """What came of it."""

    server: SipServer
    runs: dict[str, tuple[str, Sipp]]
    """Scenario -> caller, and how it went for SIPp."""
    least: Event
    """The server's counters at the end."""

    def sipp(self, scenario: str) -> Sipp:
        return self.runs[scenario][1].finish()

    def reason(self, scenario: str) -> str:
        """Why the scenario's only call ended, for the server."""
        return str(self.server.ended(self.runs[scenario][0], within_s=1)["reason"])


@pytest.fixture(scope="module")
def waited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Waited]:
    """All scenarios against one server, to their ends."""
    folder = tmp_path_factory.mktemp("timers")
    with SipServer(folder, answer_after_ms=100, rtp_timeout_s=3600) as server:
        runs = {}
        for scenario, service in WAITS.items():
            who = caller()
            fill = {"ack_after_ms": "34000"}
            sipp = Sipp(scenario, server.address, folder, caller=who, service=service, fill=fill, timeout_s=80)
            runs[scenario] = who, sipp
        try:
            for _, sipp in runs.values():
                sipp.end()
            least = server.settled()
            deadline = time.monotonic() + 10
            while least["transactions"] > YOUNG and time.monotonic() < deadline:
                time.sleep(0.2)
                least = server.counters()
            yield Waited(server, runs, least)
        finally:
            for _, sipp in runs.values():
                sipp.kill()


def test_a_200_is_repeated_for_32_s_and_then_the_call_is_given_up(waited: Waited) -> None:
    sipp = waited.sipp("lost_ack")
    answers = sipp.received("SIP/2.0 200", "INVITE")
    assert len(answers) == 11, "at 0, 0.5, 1.5, 3.5, 7.5 s and then every 4 s"
    assert waited.reason("lost_ack") == "ack_timeout"
    assert len(sipp.received("BYE")) == 1


def test_a_bye_that_nobody_answers_is_given_up(waited: Waited) -> None:
    byes = waited.sipp("lost_bye_answer").received("BYE")
    assert len(byes) == 11
    assert waited.reason("lost_bye_answer") == "done"


def test_reliable_ringing_that_nobody_acknowledges_ends_the_call_before_it_is_one(waited: Waited) -> None:
    sipp = waited.sipp("prack_lost")
    assert len(sipp.received("SIP/2.0 180")) == 7, "at 0, 0.5, 1.5, 3.5, 7.5, 15.5, 31.5 s"
    who = waited.runs["prack_lost"][0]
    assert [event["event"] for event in waited.server.of(who)] == ["admitted", "released"]


def test_a_refusal_that_nobody_acknowledges_is_repeated_for_32_s(waited: Waited) -> None:
    assert len(waited.sipp("cancel").received("SIP/2.0 487")) == 11


@pytest.mark.parametrize(("scenario", "method"), [("refresh_by_update", "UPDATE"), ("refresh_by_reinvite", "INVITE")])
def test_we_refresh_the_session_when_that_is_ours_to_do(waited: Waited, scenario: str, method: str) -> None:
    sipp = waited.sipp(scenario)
    (refresh,) = sipp.received(method)
    assert refresh.header("Session-Expires") == "90;refresher=uac"
    assert "timer" in refresh.header("Supported")
    assert waited.reason(scenario) == "caller_hung_up"


@pytest.mark.parametrize("scenario", ["refresh_never", "refresh_gone"])
def test_a_session_whose_other_side_has_gone_ends(waited: Waited, scenario: str) -> None:
    assert len(waited.sipp(scenario).received("BYE")) == 1
    assert waited.reason(scenario) == "session_expired"


def test_nothing_is_left_in_the_end(waited: Waited) -> None:
    assert waited.least["calls"] == waited.least["places"] == 0
    assert waited.least["transactions"] <= YOUNG
