"""Reports by RTCP: written by the standard, read without trust, and what the two sides learn from them."""

from __future__ import annotations

import struct

import pytest

from gateway.transport.rtp.reporting import Reporting, Sent
from gateway.transport.rtp.rtcp import Report, ReportBlock, SenderInfo, ntp_time, pack_report, parse_report
from gateway.transport.rtp.statistics import ReceiveStatistics

pytestmark = pytest.mark.unit

BLOCK = ReportBlock(0x11, 64, -3, 70_000, 80, 0x12345678, 65_536)
SENDER = SenderInfo(ntp_time(1_700_000_000.5), 0xFFFFFFFF, 1000, 160_000)


@pytest.mark.parametrize("sender", [SENDER, None])
@pytest.mark.parametrize("block", [BLOCK, None])
@pytest.mark.parametrize("goodbye", [True, False])
def test_what_is_written_is_read_back(sender: SenderInfo | None, block: ReportBlock | None, *, goodbye: bool) -> None:
    data = pack_report(7, "name", sender, block, goodbye=goodbye)
    assert len(data) % 4 == 0
    assert data[1] == (201 if sender is None else 200)
    assert parse_report(data) == Report(7, sender, () if block is None else (block,), goodbye)


def test_a_sender_report_lies_in_its_bytes_as_the_standard_draws_it() -> None:
    data = pack_report(7, "ab", SENDER, None)
    assert struct.unpack_from("!BBHIIIIII", data) == (0x80, 200, 6, 7, 3_908_988_800, 2**31, 0xFFFFFFFF, 1000, 160_000)
    assert data[28:] == bytes.fromhex("81 ca 0003 00000007 01 02") + b"ab" + bytes(4)


@pytest.mark.parametrize("length", [0, 1, 2, 3, 255, 400])
def test_a_name_of_any_length_ends_on_a_boundary(length: int) -> None:
    assert parse_report(pack_report(7, "n" * length, None, None)) == Report(7)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        pack_report(7, "n", None, None)[8:],
        pack_report(7, "n", SENDER, BLOCK)[:-4],
        b"\x40" + pack_report(7, "n", None, None)[1:],
        pack_report(7, "n", None, None) + b"\x81",
        bytes.fromhex("80 c9 ffff 00000007"),
    ],
    ids=["empty", "no report first", "cut", "version 1", "a byte too many", "length"],
)
def test_what_is_no_compound_packet_is_none(data: bytes) -> None:
    assert parse_report(data) is None


def test_a_count_of_blocks_that_are_not_there_reads_those_that_are() -> None:
    data = bytearray(pack_report(7, "n", None, BLOCK))
    data[0] |= 31
    assert parse_report(bytes(data)) == Report(7, None, (BLOCK,))


def test_a_goodbye_of_somebody_else_is_not_the_sources() -> None:
    ours, theirs = pack_report(7, "n", None, None), pack_report(9, "n", None, None, goodbye=True)
    assert parse_report(ours + theirs[-8:]) == Report(7)


def _exchange(way_ms: float, thinking_ms: float) -> Reporting:
    """We report, the other side answers, over a way of so many ms each way, its clocks far from ours."""
    us, them = Reporting(1, "us", 0), Reporting(2, "them", 0)
    figures = ReceiveStatistics(8000)
    for number in range(100):
        figures.accept(number, number * 160, number * 20)
    ours = us.write(5000, 1_700_000_005.0, Sent(0, 100, 16_000), None)
    theirs_at_ms = 777_000 + 5000 + way_ms
    heard = parse_report(ours)
    assert heard is not None
    assert heard.sender is not None
    them.read(heard, theirs_at_ms, 1_600_000_000.0)
    answer = parse_report(
        them.write(theirs_at_ms + thinking_ms, 1_600_000_000.0 + thinking_ms / 1000, Sent(0, 0, 0), (1, figures))
    )
    assert answer is not None
    us.read(answer, 0, 1_700_000_005.0 + (2 * way_ms + thinking_ms) / 1000)
    return us


@pytest.mark.parametrize("way_ms", [0.0, 12.0, 400.0])
@pytest.mark.parametrize("thinking_ms", [0.0, 4321.0])
def test_the_round_trip_is_the_way_alone(way_ms: float, thinking_ms: float) -> None:
    assert _exchange(way_ms, thinking_ms).round_trip_ms == pytest.approx(2 * way_ms, abs=0.2)


def test_loss_at_the_far_end_is_told_to_us() -> None:
    us = Reporting(1, "us", 0)
    us.read(Report(2, None, (ReportBlock(99, 255, 9, 0, 0, 0, 0), ReportBlock(1, 64, 12, 0, 80, 0, 0))), 0, 0.0)
    assert (us.loss_percent, us.lost, us.jitter_ticks, us.round_trip_ms) == (25.0, 12, 80, None)


def test_a_report_that_refers_to_nothing_of_ours_gives_no_round_trip() -> None:
    us = Reporting(1, "us", 0)
    us.read(Report(2, None, (ReportBlock(1, 0, 0, 0, 0, 0x7000_0000, 0),)), 0, 1_700_000_000.0)
    assert us.round_trip_ms is None or us.round_trip_ms <= 60_000


def test_reports_are_due_at_uneven_times_around_five_seconds() -> None:
    us, due, gaps = Reporting(1, "us", 0), 0.0, []
    for now_ms in range(0, 400_000, 20):
        if us.is_due(now_ms):
            gaps.append(now_ms - due)
            due = now_ms
            us.write(now_ms, 0.0, Sent(0, 0, 0), None)
    assert 1250 <= gaps[0] <= 3750 + 20
    assert all(2500 <= gap <= 7520 for gap in gaps[1:])
    assert len({round(gap / 500) for gap in gaps[1:]}) > 3


def test_who_has_sent_nothing_since_writes_a_receiver_report() -> None:
    us = Reporting(1, "us", 0)
    assert us.write(0, 0.0, Sent(0, 5, 800), None)[1] == 200
    assert us.write(0, 0.0, Sent(0, 5, 800), None)[1] == 201
    assert us.write(0, 0.0, Sent(0, 6, 960), None)[1] == 200
