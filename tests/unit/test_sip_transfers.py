"""Handing over by REFER and keys by INFO, on virtual time."""

from __future__ import annotations

import pytest

from gateway.transport.leg import HandOver
from gateway.transport.rtp.keys import KeyMerger
from gateway.transport.sip.leg import SAME_KEY_MS
from tests.support.sip import Caller, Exchange, sdp, talking, until_over
from tests.support.sip_line import LIFE

pytestmark = pytest.mark.unit

QUEUES = {"general": "sip:agents@192.0.2.20", "*": "sip:all@192.0.2.21"}


def transferring(queue: str = "general") -> Caller:
    """A caller whose hotline has just asked for a transfer."""
    caller = talking(queues=QUEUES)
    caller.exchange.leg.transfer(queue)
    return caller


def outcome(caller: Caller) -> HandOver | None:
    """How it went; told once."""
    told = caller.exchange.tick().handed_over
    assert caller.exchange.tick().handed_over is None
    return told


def is_clean(caller: Caller) -> bool:
    """The call can still be ended, and nothing stays behind."""
    if caller.exchange.transport.calls:
        caller.bye()
    until_over(caller.exchange)
    return caller.exchange.left() == []


# ---------------------------------------------------------------------------------------------------------------- REFER


@pytest.mark.parametrize(("queue", "target"), [("general", QUEUES["general"]), ("billing", QUEUES["*"])])
def test_a_transfer_asks_the_other_side_to_call_the_queue(queue: str, target: str) -> None:
    caller = transferring(queue)
    assert caller.heard() == ["REFER"]
    refer = caller.last("REFER")
    assert refer.headers.get("refer-to") == [f"<{target}>"]
    assert refer.headers.get("referred-by") == ["<sip:192.0.2.1:5060>"]
    assert refer.to_addr.tag == caller.tag
    assert is_clean(caller)


def test_it_succeeds_when_a_notify_says_so() -> None:
    caller = transferring()
    caller.answer("REFER", 202)
    for fragment in ("SIP/2.0 100 Trying", "SIP/2.0 180 Ringing"):
        assert caller.notify(fragment) == ["200 NOTIFY"]
        assert outcome(caller) is None
    assert caller.notify("SIP/2.0 200 OK", "terminated;reason=noresource") == ["200 NOTIFY"]
    assert outcome(caller) == HandOver(ok=True)
    assert caller.notify("SIP/2.0 486 Busy Here") == ["200 NOTIFY"]  # said already
    assert outcome(caller) is None
    assert is_clean(caller)


@pytest.mark.parametrize(
    ("fragment", "state", "reason"),
    [
        ("SIP/2.0 486 Busy Here", "terminated", "486"),
        ("SIP/2.0 603 Decline", "active", "603"),
        ("SIP/2.0 302 Moved", "terminated", "302"),
        ("SIP/2.0 180 Ringing", "terminated;reason=timeout", "unknown"),
        ("", "terminated", "unknown"),
        ("nonsense", "Terminated", "unknown"),
    ],
)
def test_it_fails_when_a_notify_says_so_and_the_call_goes_on(fragment: str, state: str, reason: str) -> None:
    caller = transferring()
    caller.answer("REFER", 202)
    assert caller.notify(fragment, state) == ["200 NOTIFY"]
    assert outcome(caller) == HandOver(ok=False, reason=reason)
    assert not caller.exchange.tick().hung_up
    assert is_clean(caller)


@pytest.mark.parametrize("status", [300, 403, 405, 603])
def test_a_refused_refer_is_a_failed_transfer(status: int) -> None:
    caller = transferring()
    caller.answer("REFER", status)
    assert outcome(caller) == HandOver(ok=False, reason=str(status))
    assert not caller.exchange.tick().hung_up
    assert is_clean(caller)


def test_a_transfer_of_which_nothing_more_is_heard_fails_in_time() -> None:
    caller = transferring()
    caller.answer("REFER", 202)
    caller.notify("SIP/2.0 180 Ringing")
    caller.exchange.timers.advance(29_999)
    assert outcome(caller) is None
    caller.exchange.timers.advance(1)
    assert outcome(caller) == HandOver(ok=False, reason="timeout")
    assert is_clean(caller)


def test_a_refer_without_an_answer_fails_in_time() -> None:
    caller = transferring()
    caller.exchange.timers.advance(LIFE)
    assert outcome(caller) == HandOver(ok=False, reason="timeout")
    assert is_clean(caller)


def test_a_bye_after_an_accepted_refer_says_that_the_caller_was_taken_over() -> None:
    caller = transferring()
    caller.answer("REFER", 202)
    caller.notify("SIP/2.0 100 Trying")
    caller.bye()
    heard = caller.exchange.tick()
    assert (heard.hung_up, heard.handed_over) == (True, HandOver(ok=True))
    assert is_clean(caller)


def test_who_hangs_up_before_the_refer_is_answered_was_not_taken_over() -> None:
    caller = transferring()
    caller.bye()
    assert caller.exchange.tick().handed_over == HandOver(ok=False, reason="caller_hung_up")
    caller.heard()
    caller.exchange.timers.advance(10_000)
    assert caller.heard() == []  # nobody is asked any more
    assert is_clean(caller)


def test_a_queue_that_stands_nowhere_cannot_be_reached() -> None:
    caller = talking(queues={"general": QUEUES["general"]})
    caller.exchange.leg.transfer("billing")
    assert caller.heard() == []
    assert outcome(caller) == HandOver(ok=False, reason="unknown_queue")


def test_a_second_transfer_waits_for_the_first() -> None:
    caller = transferring()
    caller.exchange.leg.transfer("billing")
    assert outcome(caller) == HandOver(ok=False, reason="not_now")
    caller.answer("REFER", 202)
    caller.notify("SIP/2.0 486 Busy Here")
    assert outcome(caller) == HandOver(ok=False, reason="486")
    caller.exchange.leg.transfer("billing")
    assert caller.heard()[-1] == "REFER"
    assert is_clean(caller)


def test_notifies_of_something_else_are_refused_and_those_after_the_end_too() -> None:
    caller = transferring()
    assert caller.request("NOTIFY", {"Event": "message-summary"})[-1] == "489 NOTIFY"
    assert caller.request("NOTIFY", {"o": "refer;id=1", "Subscription-State": "active"}) == ["200 NOTIFY"]
    caller.bye()
    assert caller.notify("SIP/2.0 200 OK") == ["481 NOTIFY"]


# ----------------------------------------------------------------------------------------------------------------- keys


@pytest.mark.parametrize(
    ("kind", "body", "keys"),
    [
        ("application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", ("5",)),
        ("application/dtmf-relay", "Signal= 5\r\nDuration= 160", ("5",)),
        ("application/dtmf-relay;charset=utf-8", "duration=100\nsignal=#\n", ("#",)),
        ("Application/DTMF-Relay", "Signal=*", ("*",)),
        ("application/dtmf-relay", "Signal=10", ("*",)),
        ("application/dtmf-relay", "Signal=11", ("#",)),
        ("application/dtmf-relay", "Signal=d", ("D",)),
        ("application/dtmf-relay", "Signal=16", ()),  # flash
        ("application/dtmf-relay", "Signal=hf", ()),
        ("application/dtmf-relay", "Signal=", ()),
        ("application/dtmf-relay", "", ()),
        ("application/dtmf-relay", "Signal=123", ()),
        ("application/dtmf", "5", ("5",)),
        ("application/dtmf", " #\r\n", ("#",)),
        ("application/dtmf", "10", ("*",)),
        ("application/dtmf", "17", ()),
        ("application/dtmf", "hello", ()),
    ],
)
def test_keys_come_by_info(kind: str, body: str, keys: tuple[str, ...]) -> None:
    caller = talking()
    assert caller.info(body, kind) == ["200 INFO"]
    assert caller.exchange.tick().keys == keys
    assert caller.exchange.tick().keys == ()


def test_an_info_that_is_no_key_is_refused_and_an_empty_one_is_not() -> None:
    caller = talking()
    assert caller.info("<xml/>", "application/media_control+xml") == ["415 INFO"]
    assert caller.request("INFO") == ["200 INFO"]
    assert caller.exchange.tick().keys == ()


def test_a_copy_of_an_info_is_no_second_press_but_another_info_is() -> None:
    caller = talking()
    message = caller.build("INFO", {"Content-Type": "application/dtmf"}, "7")
    assert caller.send(message) == ["200 INFO"]
    assert caller.send(message) == ["200 INFO"]
    assert caller.exchange.tick().keys == ("7",)
    caller.info("7", "application/dtmf")
    caller.info("7", "application/dtmf")
    assert caller.exchange.tick().keys == ("7", "7")


@pytest.mark.parametrize("info_first", [True, False])
def test_a_press_told_by_info_and_by_the_sound_counts_once(info_first: bool) -> None:
    caller = talking()
    stream = caller.exchange.line.stream
    assert stream is not None
    keys: tuple[str, ...] = ()
    for _ in range(2):  # two presses of the same key, each told in both ways
        for by_info in (info_first, not info_first):
            if by_info:
                caller.info("Signal=5")
            else:
                stream.keys.append("5")
            keys += caller.exchange.tick().keys
            caller.exchange.timers.advance(100)
    assert keys == ("5", "5")


def test_the_same_key_in_another_way_much_later_is_another_press() -> None:
    keys = KeyMerger(SAME_KEY_MS)
    assert keys.accept("5", 0, "info")
    assert keys.accept("5", 1501, "rtp")
    assert not keys.accept("5", 1502, "info")
    assert keys.accept("6", 1503, "info")


def test_keys_before_the_call_is_answered_are_nobodys() -> None:
    caller = Caller(exchange := Exchange(answer_after_ms=100))
    caller.invite()
    assert caller.info("Signal=5") == ["200 INFO"]
    exchange.timers.advance(100)
    assert exchange.line.stream is not None
    exchange.line.stream.keys.append("6")  # by the sound, which nobody reads yet
    caller.ack()
    assert exchange.tick().keys == ()


# ------------------------------------------------------------------------------------------- the line during a transfer


def test_a_caller_who_hears_somebody_else_while_being_handed_over_is_not_a_lost_line() -> None:
    caller = talking(queues=QUEUES, transfer_timeout_s=60, rtp_timeout_s=5)
    exchange = caller.exchange
    assert exchange.line.stream is not None
    exchange.leg.transfer("general")
    caller.answer("REFER", 202)
    exchange.line.stream.lost = True
    for _ in range(59):
        exchange.timers.advance(1000)
        assert not exchange.tick().hung_up
    caller.notify("SIP/2.0 486 Busy Here", "terminated;reason=noresource")
    assert outcome(caller) == HandOver(ok=False, reason="486")
    exchange.timers.advance(5000)
    assert not exchange.tick().hung_up, "it has as long again to come back"
    exchange.timers.advance(1000)
    exchange.tick()
    assert exchange.tick().reason == "rtp_timeout"


def test_a_caller_may_be_held_while_being_handed_over() -> None:
    caller = transferring()
    caller.answer("REFER", 202)
    assert caller.reinvite(sdp("8 101", "a=sendonly")) == ["200 INVITE"]
    caller.ack()
    assert caller.exchange.tick().on_hold
    assert caller.notify("SIP/2.0 200 OK", "terminated;reason=noresource") == ["200 NOTIFY"]
    assert outcome(caller) == HandOver(ok=True)
    assert is_clean(caller)
