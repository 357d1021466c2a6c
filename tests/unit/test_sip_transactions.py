"""Transactions on virtual time: a request is acted on once, what is lost is repeated, and in the end all is over."""

from __future__ import annotations

import pytest
from aiosipua import SipRequest, SipResponse

from gateway.transport.sip import transactions
from gateway.transport.sip.hop import Hop
from gateway.transport.sip.message import read_message, reply
from gateway.transport.sip.transactions import Outcome, ServerTransaction, TransactionLayer
from gateway.transport.timers import VirtualTimers
from tests.support.sip import text
from tests.support.sip_line import LIFE, Wire, WireHop, brief

pytestmark = pytest.mark.unit


class Bench:
    """A layer whose user notes what it is told and answers when the test says so."""

    def __init__(self, *, reliable: bool = False) -> None:
        self.timers = VirtualTimers()
        self.wire = Wire()
        self.hop = WireHop(self.wire, reliable=reliable)
        self.layer = TransactionLayer(self.timers, self)
        self.asked: list[ServerTransaction] = []
        self.acks: list[SipRequest] = []
        self.cancelled: list[ServerTransaction] = []
        self.outcomes: list[str] = []

    def on_request(self, request: SipRequest, transaction: ServerTransaction) -> None:
        self.asked.append(transaction)

    def on_ack(self, ack: SipRequest, hop: Hop) -> None:
        self.acks.append(ack)

    def on_cancel(self, cancelled: ServerTransaction) -> None:
        self.cancelled.append(cancelled)

    def receive(self, method: str, branch: str = "z9hG4bK1", number: int = 1, **other: str) -> list[str]:
        """A request of theirs comes; what was sent at once."""
        headers = {
            "Via": f"SIP/2.0/UDP 192.0.2.10:5060;branch={branch}",
            "From": "<sip:a@192.0.2.10>;tag=a",
            "To": "<sip:b@192.0.2.1>",
            "Call-ID": "c",
            "CSeq": f"{number} {method}",
            **other,
        }
        self.layer.receive(read_message(text(f"{method} sip:b@192.0.2.1 SIP/2.0", headers).encode()), self.hop)
        return self.new()

    def answer(self, status: int) -> list[str]:
        """The user answers the last request."""
        self.asked[-1].respond(reply(self.asked[-1].request, status, tag="b"))
        return self.new()

    def ask(self, method: str, accepted: bool = True) -> None:
        """A request of ours."""
        request = SipRequest(method=method, uri="sip:a@192.0.2.10")
        for name, value in {
            "Via": "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport",
            "From": "<sip:b@192.0.2.1>;tag=b",
            "To": "<sip:a@192.0.2.10>;tag=a",
            "Call-ID": "c",
            "CSeq": f"7 {method}",
            "Max-Forwards": "70",
            "Route": "<sip:192.0.2.99;lr>",
        }.items():
            request.headers.set_single(name, value)
        outcome = Outcome(
            lambda response: self.outcomes.append(str(response.status_code)),
            lambda: self.outcomes.append("timed out"),
            (lambda _: self._ack(request)) if accepted else None,
        )
        self.layer.request(request, self.hop, outcome)

    def _ack(self, invite: SipRequest) -> bytes:
        ack = SipRequest(method="ACK", uri=invite.uri, headers=invite.headers.copy())
        ack.headers.set_single("CSeq", "7 ACK")
        ack.headers.set_single("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKack;rport")
        return bytes(ack)

    def told(self, status: int, method: str = "INVITE") -> list[str]:
        """They answer our request."""
        request = self.wire.last(method)
        response = SipResponse(status_code=status, reason_phrase="Said")
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            response.headers.set_single(name, request.headers.get(name)[0])
        self.layer.receive(read_message(bytes(response)), self.hop)
        return self.new()

    def new(self) -> list[str]:
        """What was sent since the last time."""
        return [brief(message) for message in self.wire.new()]

    def over(self) -> bool:
        """Nothing is left."""
        return len(self.layer) == 0 and self.timers.pending == 0


def sends_in(bench: Bench, until_ms: float) -> list[float]:
    """When something was sent, as times from now, in steps of 100 ms."""
    times, at = [], 0.0
    while at < until_ms:
        bench.timers.advance(100)
        at += 100
        times.extend([at] * len(bench.new()))
    return times


# ------------------------------------------------------------------------------------------------------ their requests


def test_copies_of_an_invite_get_the_last_answer_and_make_no_second_call() -> None:
    bench = Bench()
    bench.receive("INVITE")
    assert bench.receive("INVITE") == []  # nothing was answered yet
    assert bench.answer(180) == ["180 INVITE"]
    assert bench.receive("INVITE") == ["180 INVITE"]
    assert len(bench.asked) == 1


def test_copies_of_an_invite_that_was_accepted_are_swallowed_for_32_s_after_the_200() -> None:
    bench = Bench()
    bench.receive("INVITE")
    assert bench.answer(200) == ["200 INVITE"]
    assert bench.receive("INVITE") == []  # the call itself repeats its 2xx
    bench.timers.advance(LIFE - 1)
    assert bench.receive("INVITE") == []
    assert len(bench.asked) == 1
    bench.timers.advance(1)
    assert bench.over()
    bench.receive("INVITE")
    assert len(bench.asked) == 2


def test_a_refusal_is_repeated_until_its_ack_and_copies_get_it_again() -> None:
    bench = Bench()
    bench.receive("INVITE")
    assert bench.answer(486) == ["486 INVITE"]
    assert sends_in(bench, 8000) == [500, 1500, 3500, 7500]  # T1, doubled up to T2
    assert bench.receive("INVITE") == ["486 INVITE"]
    for method in ("ACK", "INVITE", "ACK"):  # a late copy of either is swallowed
        assert bench.receive(method) == []
    assert (len(bench.asked), bench.acks) == (1, [])
    assert sends_in(bench, LIFE) == []
    assert bench.over()


def test_a_refusal_without_an_ack_is_given_up_after_32_s() -> None:
    bench = Bench()
    bench.receive("INVITE")
    bench.answer(404)
    assert len(sends_in(bench, LIFE)) == 10  # 0.5, 1.5, 3.5, 7.5, then every 4 s up to 31.5
    assert bench.over()


def test_the_ack_of_a_200_goes_to_the_user_also_when_it_wrongly_has_the_branch_of_the_invite() -> None:
    bench = Bench()
    bench.receive("INVITE")
    bench.answer(200)
    bench.receive("ACK", branch="z9hG4bK2")
    bench.receive("ACK")
    assert len(bench.acks) == 2


@pytest.mark.parametrize("second", [200, 486, 180])
@pytest.mark.parametrize("first", [486, 200])
def test_after_a_final_answer_only_the_same_2xx_is_sent_again(first: int, second: int) -> None:
    bench = Bench()
    bench.receive("INVITE")
    bench.answer(first)
    assert bench.answer(second) == (["200 INVITE"] if first == second == 200 else [])


def test_answers_to_other_requests_are_kept_for_copies_for_32_s() -> None:
    bench = Bench()
    bench.receive("BYE")
    assert bench.receive("BYE") == []
    assert bench.answer(200) == ["200 BYE"]
    assert sends_in(bench, LIFE - 100) == []
    assert bench.receive("BYE") == ["200 BYE"]
    assert len(bench.asked) == 1
    bench.timers.advance(100)
    assert bench.over()


def test_over_a_reliable_transport_a_refusal_is_sent_once_and_answers_are_not_kept() -> None:
    bench = Bench(reliable=True)
    bench.receive("INVITE")
    bench.answer(486)
    assert sends_in(bench, LIFE) == []
    bench.receive("BYE", branch="z9hG4bK2", number=2)
    bench.answer(200)
    bench.timers.advance(0)
    assert bench.over()


# -------------------------------------------------------------------------------------------------------------- CANCEL


def test_a_cancel_before_the_answer_is_told_once_and_answered_200() -> None:
    bench = Bench()
    bench.receive("INVITE")
    assert bench.receive("CANCEL") == ["200 CANCEL"]
    assert bench.cancelled == bench.asked
    assert bench.receive("CANCEL") == ["200 CANCEL"]  # a copy
    assert len(bench.cancelled) == 1
    assert bench.wire.last("200 CANCEL").to_addr.tag


@pytest.mark.parametrize("status", [200, 486])
def test_a_cancel_after_the_answer_is_answered_200_and_changes_nothing(status: int) -> None:
    bench = Bench()
    bench.receive("INVITE")
    bench.answer(status)
    assert bench.receive("CANCEL") == ["200 CANCEL"]
    assert bench.cancelled == []


def test_a_cancel_of_nothing_is_answered_481() -> None:
    bench = Bench()
    bench.receive("INVITE")
    assert bench.receive("CANCEL", branch="z9hG4bK2") == ["481 CANCEL"]
    assert bench.wire.last("481 CANCEL").to_addr.tag
    assert bench.cancelled == []


# --------------------------------------------------------------------------------------------------- telling them apart


def test_requests_without_the_magic_cookie_are_told_apart_as_rfc_2543_did() -> None:
    bench = Bench()
    bench.receive("INVITE", branch="1")
    bench.receive("INVITE", branch="1")
    assert len(bench.asked) == 1
    bench.receive("INVITE", branch="1", number=2)
    bench.receive("INVITE", branch="1", **{"Call-ID": "other"})
    bench.receive("INVITE", branch="1", From="<sip:a@192.0.2.10>;tag=other")
    assert len(bench.asked) == 4


def test_the_cookie_alone_is_no_branch() -> None:
    bench = Bench()
    bench.receive("OPTIONS", branch="z9hG4bK")
    bench.receive("OPTIONS", branch="z9hG4bK", **{"Call-ID": "other"})
    assert len(bench.asked) == 2


def test_an_old_style_ack_and_cancel_find_their_invite() -> None:
    bench = Bench()
    bench.receive("INVITE", branch="1")
    assert bench.receive("CANCEL", branch="1") == ["200 CANCEL"]
    assert len(bench.cancelled) == 1
    bench.answer(487)
    bench.receive("ACK", branch="1", To="<sip:b@192.0.2.1>;tag=b")
    assert bench.acks == []
    assert sends_in(bench, 5000) == []


def test_the_same_branch_from_another_sender_is_another_request() -> None:
    bench = Bench()
    bench.receive("INVITE")
    bench.receive("INVITE", Via="SIP/2.0/UDP 192.0.2.10:5070;branch=z9hG4bK1")
    bench.receive("INVITE", Via="SIP/2.0/UDP 192.0.2.11:5060;branch=z9hG4bK1")
    assert len(bench.asked) == 3


@pytest.mark.parametrize("bound", ["MAX_TRANSACTIONS", "MAX_KEPT_BYTES"])
def test_no_more_requests_are_taken_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setattr(transactions, "_bytes_of", lambda _: 1)
    monkeypatch.setattr(transactions, bound, 3)
    bench = Bench()
    for number in range(5):
        bench.receive("OPTIONS", branch=f"z9hG4bK{number}")
    assert (len(bench.asked), bench.layer.dropped) == (3, 2)
    bench.answer(200)
    bench.timers.advance(LIFE)
    bench.receive("OPTIONS", branch="z9hG4bKlater")
    assert len(bench.asked) == 4


def test_a_request_is_as_large_as_its_body_and_its_headers() -> None:
    bench = Bench()
    bench.receive("OPTIONS", branch="z9hG4bKsmall")
    bench.receive("OPTIONS", branch="z9hG4bKlarge", Subject="x" * 5000)
    small, large = (transaction.kept_bytes for transaction in bench.asked)
    assert 5000 <= large - small < 5010


# -------------------------------------------------------------------------------------------------------- our requests


def test_a_request_of_ours_is_repeated_ever_more_slowly_and_times_out_after_32_s() -> None:
    bench = Bench()
    bench.ask("BYE")
    assert bench.new() == ["BYE"]
    assert sends_in(bench, LIFE) == [500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500]
    assert bench.outcomes == ["timed out"]
    assert bench.over()


def test_an_invite_of_ours_doubles_its_pause_to_the_end() -> None:
    bench = Bench()
    bench.ask("INVITE")
    bench.new()
    assert sends_in(bench, LIFE) == [500, 1500, 3500, 7500, 15500, 31500]
    assert bench.outcomes == ["timed out"]
    assert bench.over()


def test_a_sign_of_life_slows_the_repeating_down_and_stops_it_for_an_invite() -> None:
    bench = Bench()
    bench.ask("UPDATE")
    bench.told(100, "UPDATE")
    assert sends_in(bench, 9000) == [500, 4500, 8500]
    bench = Bench()
    bench.ask("INVITE")
    bench.told(180)
    assert sends_in(bench, 9000) == []


def test_an_answer_ends_the_repeating_and_is_told_once() -> None:
    bench = Bench()
    bench.ask("BYE")
    bench.new()
    assert bench.told(200, "BYE") == []
    bench.told(200, "BYE")
    assert bench.outcomes == ["200"]
    assert sends_in(bench, 5000) == []
    assert bench.over()  # after T4


def test_a_refused_invite_of_ours_is_acknowledged_in_its_transaction_for_each_copy() -> None:
    bench = Bench()
    bench.ask("INVITE")
    bench.new()
    assert bench.told(488) == ["ACK"]
    assert bench.told(488) == ["ACK"]
    ack = bench.wire.last("ACK")
    assert ack.headers.get("via") == ["SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKours;rport"]
    assert ack.headers.get("cseq") == ["7 ACK"]
    assert ack.headers.get("route") == ["<sip:192.0.2.99;lr>"]
    assert bench.outcomes == ["488"]
    bench.timers.advance(LIFE)
    assert bench.over()


def test_an_accepted_invite_of_ours_gets_the_ack_of_the_dialog_for_each_copy_of_the_200() -> None:
    bench = Bench()
    bench.ask("INVITE")
    bench.new()
    assert bench.told(200) == ["ACK"]
    bench.timers.advance(LIFE - 100)
    assert bench.told(200) == ["ACK"]
    assert "z9hG4bKack" in bench.wire.last("ACK").headers.get("via")[0]
    assert bench.outcomes == ["200"]
    bench.timers.advance(LIFE)
    assert bench.over()


def test_over_a_reliable_transport_our_requests_are_sent_once_and_still_time_out() -> None:
    bench = Bench(reliable=True)
    bench.ask("BYE")
    bench.new()
    assert sends_in(bench, LIFE) == []
    assert bench.outcomes == ["timed out"]
    assert bench.over()


def test_an_answer_to_nothing_that_we_asked_is_dropped() -> None:
    bench = Bench()
    bench.ask("BYE")
    bench.new()
    response = reply(bench.wire.last("BYE"), 200)
    response.headers.set_single("CSeq", "7 INVITE")
    bench.layer.receive(response, bench.hop)
    response.headers.set_single("CSeq", "7 BYE")
    response.headers.set_single("Via", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKother")
    bench.layer.receive(response, bench.hop)
    assert bench.outcomes == []


def test_what_is_abandoned_leaves_nothing_and_tells_nobody() -> None:
    bench = Bench()
    bench.ask("REGISTER")
    (transaction,) = bench.layer._clients.values()
    transaction.abandon()
    bench.new()
    assert sends_in(bench, LIFE) == []
    assert (bench.outcomes, bench.over()) == ([], True)


@pytest.mark.parametrize("status", [200, 487, None])
def test_an_abandoned_invite_is_still_acknowledged(status: int | None) -> None:
    bench = Bench()
    bench.ask("INVITE")
    (transaction,) = bench.layer._clients.values()
    transaction.abandon()
    bench.new()
    assert (bench.told(status) if status else ["ACK"]) == ["ACK"]
    bench.timers.advance(LIFE)
    assert (bench.outcomes, bench.over()) == ([], True)
