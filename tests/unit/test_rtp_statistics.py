"""Loss, copies, order and jitter, as RFC 3550 counts them."""

from __future__ import annotations

import pytest

from gateway.transport.rtp.statistics import ReceiveStatistics

pytestmark = pytest.mark.unit


def _feed(statistics: ReceiveStatistics, numbers: list[int], every_ms: float = 20.0) -> list[bool]:
    return [statistics.accept(number & 0xFFFF, number * 160 & 0xFFFFFFFF, number * every_ms) for number in numbers]


def test_lost_packets_are_those_that_never_came() -> None:
    statistics = ReceiveStatistics(8000)
    assert all(_feed(statistics, [n for n in range(100) if n % 10 != 5]))
    assert (statistics.expected, statistics.received, statistics.lost) == (100, 90, 10)
    assert statistics.loss_percent == 10.0


def test_the_share_lost_is_of_the_time_since_it_was_asked_last() -> None:
    statistics = ReceiveStatistics(8000)
    _feed(statistics, list(range(100)))
    assert statistics.fraction_lost() == 0
    _feed(statistics, [n for n in range(100, 200) if n % 4])
    assert statistics.fraction_lost() == 64
    _feed(statistics, list(range(200, 300)))
    assert statistics.fraction_lost() == 0
    assert statistics.fraction_lost() == 0


def test_copies_are_dropped_and_counted_and_do_not_hide_a_loss() -> None:
    statistics = ReceiveStatistics(8000)
    assert _feed(statistics, [1, 2, 2, 4, 1, 4]) == [True, True, False, True, False, False]
    assert (statistics.duplicates, statistics.lost, statistics.received) == (3, 1, 3)


def test_swapped_packets_are_neither_lost_nor_copies() -> None:
    statistics = ReceiveStatistics(8000)
    assert all(_feed(statistics, [2, 1, 4, 3, 6, 5]))
    assert (statistics.reordered, statistics.lost, statistics.duplicates) == (3, 0, 0)


def test_numbers_wrap_and_go_on_counting() -> None:
    statistics = ReceiveStatistics(8000)
    assert all(_feed(statistics, list(range(65_530, 65_550))))
    assert (statistics.expected, statistics.lost) == (20, 0)
    assert statistics.highest_extended == 65_549


def test_one_number_from_far_away_is_dropped_and_two_in_a_row_are_a_new_count() -> None:
    statistics = ReceiveStatistics(8000)
    _feed(statistics, [1, 2, 4])
    assert not statistics.accept(40_000, 0, 100)
    assert statistics.accept(5, 800, 100)
    assert not statistics.accept(50_000, 0, 120)
    assert statistics.accept(50_001, 160, 140)
    assert statistics.restarts == 1
    assert (statistics.received, statistics.lost) == (5, 1)
    assert statistics.accept(50_003, 480, 180)
    assert statistics.lost == 2


def test_jitter_is_the_smoothed_deviation_of_the_spacing() -> None:
    even = ReceiveStatistics(8000)
    _feed(even, list(range(100)))
    assert even.jitter_ms == pytest.approx(0)
    uneven = ReceiveStatistics(8000)
    for number in range(400):
        uneven.accept(number, number * 160, number * 20 + 10 * (number % 2))
    assert uneven.jitter_ms == pytest.approx(10, rel=0.01)
    assert uneven.jitter_ticks == pytest.approx(80, abs=1)


@pytest.mark.parametrize("jump", [16_000, 2**31 - 1, 2**31, 2**32 - 40_000])
def test_a_clock_that_begins_anew_is_no_jitter(jump: int) -> None:
    statistics = ReceiveStatistics(8000)
    for number in range(20):
        ticks = number * 160 + jump * (number >= 10)
        statistics.accept(number, ticks & 0xFFFF_FFFF, number * 20)
    assert statistics.jitter_ms == pytest.approx(0)


def test_packets_outside_the_flow_of_time_do_not_count_as_jitter() -> None:
    statistics = ReceiveStatistics(8000)
    for number in range(100):
        statistics.accept(number, None if number % 5 == 0 else number * 160, number * 20)
    assert statistics.jitter_ms == pytest.approx(0)
    assert statistics.lost == 0


def test_nothing_received_is_nothing_lost() -> None:
    statistics = ReceiveStatistics(8000)
    assert (statistics.expected, statistics.lost, statistics.loss_percent, statistics.fraction_lost()) == (0, 0, 0.0, 0)
