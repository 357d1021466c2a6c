"""Whose packets are heard: the SDP's address at once, anybody else only for want of it, and nobody twice."""

from __future__ import annotations

import pytest

from gateway.transport.rtp.latch import PACKETS_IN_A_ROW, QUIET_MS, Arrived, Latch, Verdict
from gateway.transport.rtp.packet import RtpPacket

pytestmark = pytest.mark.unit

SDP = ("192.0.2.1", 4000)
NAT = ("198.51.100.7", 31_000)
INJECTOR = ("203.0.113.66", 9)


def _say(
    latch: Latch, source: tuple[str, int], number: int, at_ms: float, *, ssrc: int = 1, expected: bool = True
) -> Verdict:
    packet = RtpPacket(8, number & 0xFFFF, number * 160, ssrc, b"x", False)
    return latch.judge(source, Arrived(packet, at_ms), expected=expected)


def test_the_address_of_the_sdp_is_believed_at_once() -> None:
    latch = Latch(SDP)
    assert _say(latch, SDP, 1, 0) is Verdict.PINNED
    assert len(latch.taken) == 1
    assert _say(latch, SDP, 2, 20) is Verdict.HEARD
    assert (latch.source, latch.ssrc) == (SDP, 1)


def test_another_address_is_believed_after_three_packets_in_a_row_and_none_of_them_is_lost() -> None:
    latch = Latch(SDP)
    verdicts = [_say(latch, NAT, 65_534 + number, number * 20) for number in range(4)]
    assert verdicts == [Verdict.FOREIGN, Verdict.FOREIGN, Verdict.PINNED, Verdict.HEARD]
    assert [arrived.packet.sequence for arrived in latch.taken] == [65_534, 65_535, 0]
    assert latch.source == NAT


def test_a_flood_is_not_taken_for_sound() -> None:
    latch = Latch(SDP)
    assert {_say(latch, INJECTOR, number, number * 0.1) for number in range(100)} == {Verdict.FOREIGN}


def test_packets_out_of_a_row_or_of_types_that_nobody_agreed_on_pin_nothing() -> None:
    latch = Latch(SDP)
    assert {_say(latch, NAT, number * 100, number * 20) for number in range(50)} == {Verdict.FOREIGN}
    assert {_say(latch, NAT, number, number * 20, expected=False) for number in range(50)} == {Verdict.FOREIGN}
    assert _say(latch, SDP, 1, 0, expected=False) is Verdict.FOREIGN
    assert latch.source is None


def test_once_pinned_nobody_else_is_heard() -> None:
    latch = Latch(SDP)
    _say(latch, SDP, 1, 0)
    for source in (NAT, INJECTOR, (SDP[0], 4002)):
        assert {_say(latch, source, number, number * 20) for number in range(50)} == {Verdict.FOREIGN}
    assert latch.source == SDP


def test_a_better_claim_replaces_a_worse_one_and_never_the_other_way_round() -> None:
    latch = Latch(SDP)
    same_host = (SDP[0], 5000)
    assert [_say(latch, INJECTOR, number, number * 20) for number in range(3)][-1] is Verdict.PINNED
    assert [_say(latch, same_host, number, number * 20, ssrc=2) for number in range(3)][-1] is Verdict.PINNED
    assert {_say(latch, INJECTOR, number, number * 20) for number in range(3, 50)} == {Verdict.FOREIGN}
    assert _say(latch, SDP, 1, 1000, ssrc=3) is Verdict.PINNED
    assert {_say(latch, same_host, number, number * 20, ssrc=2) for number in range(3, 50)} == {Verdict.FOREIGN}
    assert (latch.source, latch.ssrc) == (SDP, 3)


def test_a_sender_that_begins_anew_with_another_ssrc_is_taken_after_three_packets() -> None:
    latch = Latch(SDP)
    _say(latch, SDP, 1, 0)
    at_ms = QUIET_MS + 20
    verdicts = [_say(latch, SDP, 500 + number, at_ms + number * 20, ssrc=9) for number in range(PACKETS_IN_A_ROW)]
    assert verdicts == [Verdict.FOREIGN, Verdict.FOREIGN, Verdict.PINNED]
    assert latch.ssrc == 9


def test_another_ssrc_is_not_taken_while_the_first_one_goes_on() -> None:
    latch = Latch(SDP)
    for number in range(50):
        _say(latch, SDP, number, number * 20)
        assert _say(latch, SDP, 900 + number, number * 20 + 5, ssrc=9) is Verdict.FOREIGN
    assert latch.ssrc == 1


def test_nobody_is_heard_before_there_is_an_sdp_and_another_one_opens_a_new_search() -> None:
    latch = Latch(None)
    assert {_say(latch, NAT, number, number * 20) for number in range(9)} == {Verdict.FOREIGN}
    assert not latch.may_be(NAT)
    latch.reopen(SDP)
    assert latch.may_be(NAT)
    assert _say(latch, SDP, 1, 0) is Verdict.PINNED
    assert not latch.may_be(NAT)
    latch.reopen(NAT)
    assert latch.source is None
    assert _say(latch, NAT, 1, 0) is Verdict.PINNED


def test_a_thousand_strangers_take_no_more_memory_than_a_few() -> None:
    latch = Latch(SDP)
    for number in range(1000):
        _say(latch, (INJECTOR[0], 1000 + number), 1, number, ssrc=number)
    assert len(latch._candidates) <= 32


def test_a_caller_whose_nat_chooses_another_port_is_followed_once_nothing_comes_from_the_old_one() -> None:
    latch, moved = Latch(SDP), (NAT[0], NAT[1] + 1)
    for number in range(10):
        _say(latch, NAT, number, number * 20)
    assert latch.may_be(moved)
    verdicts = [_say(latch, moved, number, number * 20) for number in range(10, 16)]
    assert verdicts == [Verdict.FOREIGN] * 4 + [Verdict.PINNED, Verdict.HEARD]
    assert [arrived.packet.sequence for arrived in latch.taken] == [10, 11, 12, 13, 14]
    assert latch.source == moved


def test_nobody_moves_a_caller_who_goes_on_or_whose_host_and_ssrc_they_do_not_have() -> None:
    latch, moved = Latch(SDP), (NAT[0], NAT[1] + 1)
    for number in range(50):
        _say(latch, NAT, number, number * 20)
        _say(latch, moved, number, number * 20 + 5)
    assert latch.source == NAT
    assert {_say(latch, moved, number, 2000 + number * 20, ssrc=9) for number in range(50)} == {Verdict.FOREIGN}
    assert {_say(latch, INJECTOR, number, 3000 + number * 20) for number in range(50)} == {Verdict.FOREIGN}
    assert not latch.may_be(INJECTOR)
