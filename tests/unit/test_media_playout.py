"""The play-out buffer on simulated lines: in order, once, with as little delay as the line allows."""

from __future__ import annotations

import itertools

import pytest

from gateway.media.playout import MAX_HELD_MS, MAX_PACKETS, Kind, PlayoutBuffer
from tests.support.rtp_line import CLOCK_HZ, Played, arrivals, play

pytestmark = pytest.mark.unit

TICKS = 160
LEAST_DELAY_MS = 40.0
"""One packet, and what the phase of the ticks adds."""


def _once_and_in_order(played: Played) -> bool:
    return all(one < two for one, two in itertools.pairwise(played.numbers()))


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 60])
def test_on_a_perfect_line_everything_is_played_and_nothing_made_up(ptime_ms: int) -> None:
    buffer = PlayoutBuffer(CLOCK_HZ, ptime_ms)
    coming, _ = arrivals(30, ptime_ms=ptime_ms)
    played = play(buffer, coming, 29, ptime_ms=ptime_ms)
    assert played.numbers() == list(range(len(played.numbers())))
    assert len(played.numbers()) >= 28_500 // ptime_ms
    assert played.concealed(after_ms=200) == 0
    assert buffer.delay_ms(29_000) <= ptime_ms + 20


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_at_five_percent_loss_exactly_the_lost_packets_are_missing(seed: int) -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    coming, lost = arrivals(60, loss=0.05, seed=seed)
    played = play(buffer, coming, 59)
    last = played.numbers()[-1]
    assert set(range(last + 1)) - set(played.numbers()) == {number for number in lost if number <= last}
    assert _once_and_in_order(played)
    kinds = [kind for _, kind, _, _ in played.pieces]
    first, after = kinds.index(Kind.SOUND), len(kinds) - kinds[::-1].index(Kind.SOUND)
    made_up = sum(kind in (Kind.LOST, Kind.HOLD) for kind in kinds[first:after])
    assert made_up == len([number for number in lost if played.numbers()[0] < number < last])
    assert made_up * 20 <= buffer.concealed_ms <= (made_up + len(kinds) - after) * 20
    assert buffer.late == 0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_30_ms_of_jitter_under_one_percent_is_made_up_after_the_first_second(seed: int) -> None:
    coming, _ = arrivals(60, delay=lambda chance: chance.uniform(0, 30), seed=seed)
    played = play(PlayoutBuffer(CLOCK_HZ), coming, 59)
    assert _once_and_in_order(played)
    assert played.concealed(after_ms=1000) < 0.01 * 58 * 50


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_with_a_long_tail_of_jitter_the_delay_grows_as_far_as_needed_and_few_packets_are_late(seed: int) -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    coming, _ = arrivals(60, delay=lambda chance: chance.expovariate(1 / 20), seed=seed)
    played = play(buffer, coming, 59)
    assert _once_and_in_order(played)
    assert buffer.late < 0.02 * 59 * 50
    assert 60 < buffer.aim_ms <= 140


def test_after_a_stall_of_half_a_second_the_delay_is_back_within_ten_seconds() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    coming, _ = arrivals(40, stall=(20_000, 20_500))
    played = play(buffer, coming, 39)
    assert max(delay_ms for at_ms, delay_ms in played.delays if at_ms < 20_000) <= LEAST_DELAY_MS
    assert max(delay_ms for _, delay_ms in played.delays) > 300
    assert all(delay_ms <= LEAST_DELAY_MS for at_ms, delay_ms in played.delays if at_ms > 30_500)
    assert _once_and_in_order(played)
    assert len(set(range(1900)) - set(played.numbers())) <= 6, "only what is more than 400 ms may go"


def test_what_is_left_out_to_get_rid_of_delay_is_never_two_packets_within_200_ms() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    coming, _ = arrivals(40, stall=(20_000, 20_500))
    played = play(buffer, coming, 39)
    skipped = [at_ms for at_ms, _, _, skip in played.pieces if skip]
    assert len(skipped) > 10
    assert all(later - earlier >= 200 for earlier, later in itertools.pairwise(skipped))
    assert buffer.shrunk_ms == len(skipped) * 20


@pytest.mark.parametrize("drift", [1.0005, 0.9995])
def test_a_senders_clock_that_is_off_neither_builds_up_delay_nor_loses_packets(drift: float) -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    coming, _ = arrivals(300, drift=drift)
    played = play(buffer, coming, 295)
    assert played.numbers() == list(range(played.numbers()[-1] + 1))
    assert all(-20 <= delay_ms <= 60 for at_ms, delay_ms in played.delays if at_ms > 1000)


def test_numbers_and_time_stamps_wrap() -> None:
    coming, _ = arrivals(10)
    played = play(PlayoutBuffer(CLOCK_HZ), coming, 9, first=(0xFFFF - 100, 0xFFFFFFFF - 200 * TICKS))
    assert played.numbers() == list(range(played.numbers()[-1] + 1))
    assert played.concealed(after_ms=200) == 0


def _put(
    buffer: PlayoutBuffer, number: int, at_ms: float, timestamp: int | None = None, *, noise: bool = False
) -> None:
    ticks = 0 if noise else TICKS
    buffer.put((number, number * TICKS if timestamp is None else timestamp, bytes([number])), ticks, at_ms, noise=noise)


def _pull(buffer: PlayoutBuffer, now_ms: float) -> tuple[Kind, int]:
    piece = buffer.pull(now_ms, TICKS)
    return piece.kind, piece.payload[0] if piece.payload else -1


def test_swapped_and_doubled_packets_come_out_once_and_in_order() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    for number in (1, 3, 3, 2, 1, 2):
        _put(buffer, number, 0)
    assert [_pull(buffer, 20 + 20 * tick) for tick in range(4)] == [
        (Kind.SOUND, 1),
        (Kind.SOUND, 2),
        (Kind.SOUND, 3),
        (Kind.HOLD, -1),
    ]


def test_of_two_packets_for_one_time_the_first_is_played() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    _put(buffer, 1, 0)
    _put(buffer, 2, 0, timestamp=TICKS)
    assert [_pull(buffer, now_ms) for now_ms in (20, 40)] == [(Kind.SOUND, 1), (Kind.HOLD, -1)]


def test_a_gap_with_something_behind_it_is_lost_and_one_with_nothing_is_waited_for() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    _put(buffer, 1, 0)
    _put(buffer, 3, 20)
    assert [_pull(buffer, now_ms)[0] for now_ms in (20, 40, 60, 80)] == [Kind.SOUND, Kind.LOST, Kind.SOUND, Kind.HOLD]
    _put(buffer, 4, 100)
    assert _pull(buffer, 100) == (Kind.SOUND, 4)
    assert buffer.concealed_ms == 40


def test_a_wait_that_turns_out_to_be_a_loss_is_not_concealed_twice() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    _put(buffer, 1, 0)
    assert [_pull(buffer, now_ms)[0] for now_ms in (20, 40)] == [Kind.SOUND, Kind.HOLD]
    _put(buffer, 3, 50)
    assert _pull(buffer, 60) == (Kind.SOUND, 3)
    assert buffer.concealed_ms == 20


def test_a_pause_of_the_sender_is_no_loss() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    _put(buffer, 1, 0)
    waited = [_pull(buffer, 20 + 20 * tick)[0] for tick in range(25)]
    assert waited == [Kind.SOUND, *[Kind.HOLD] * 24]
    _put(buffer, 2, 520, timestamp=27 * TICKS)  # the next number, 26 packets later in time
    assert [_pull(buffer, 520 + 20 * tick)[0] for tick in range(2)] == [Kind.SILENT, Kind.SOUND]
    assert buffer.concealed_ms == 0


def test_packets_that_hold_no_sound_are_not_lost() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    _put(buffer, 1, 0)
    for number in (2, 3, 4):
        buffer.passed(number)
    assert [_pull(buffer, now_ms)[0] for now_ms in (20, 40, 60)] == [Kind.SOUND, Kind.HOLD, Kind.HOLD]
    _put(buffer, 5, 80, timestamp=5 * TICKS)
    assert [_pull(buffer, now_ms)[0] for now_ms in (80, 100)] == [Kind.SILENT, Kind.SOUND]
    assert buffer.concealed_ms == 0


def test_comfort_noise_takes_its_turn_and_what_follows_is_silence_of_the_sender() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    _put(buffer, 1, 0)
    _put(buffer, 2, 20, noise=True)
    assert [_pull(buffer, now_ms)[0] for now_ms in (20, 40)] == [Kind.SOUND, Kind.NOISE]
    assert {_pull(buffer, now_ms)[0] for now_ms in range(40, 400, 20)} == {Kind.HOLD}
    _put(buffer, 4, 400, timestamp=21 * TICKS)  # the noise packet between them is lost, which hurts nobody
    assert [_pull(buffer, now_ms)[0] for now_ms in (400, 420)] == [Kind.SILENT, Kind.SOUND]
    assert buffer.concealed_ms == 0


def test_after_two_seconds_of_nothing_the_next_packet_waits_for_its_time_again() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    _put(buffer, 1, 0)
    for tick in range(150):
        _pull(buffer, 20 + 20 * tick)
    _put(buffer, 2, 3010, timestamp=2 * TICKS + 3000 * 8)
    assert [_pull(buffer, now_ms)[0] for now_ms in (3020, 3040)] == [Kind.HOLD, Kind.SOUND]
    assert buffer.concealed_ms == 0


def test_a_jump_of_the_time_stamps_is_believed_when_the_next_packet_agrees() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    for number in range(1, 4):
        _put(buffer, number, 20.0 * number)
    _put(buffer, 4, 80, timestamp=0x7000_0000)
    assert buffer.restarts == 0
    _put(buffer, 5, 100, timestamp=0x7000_0000 + TICKS)
    assert buffer.restarts == 1
    assert [_pull(buffer, 120)] == [(Kind.SOUND, 5)]


def test_one_packet_with_a_broken_time_stamp_is_dropped() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    _put(buffer, 1, 0)
    _put(buffer, 2, 20, timestamp=0x7000_0000)
    _put(buffer, 3, 40)
    assert [_pull(buffer, 40 + 20 * tick)[0] for tick in range(3)] == [Kind.SOUND, Kind.LOST, Kind.SOUND]
    assert buffer.restarts == 0


def test_it_never_holds_more_than_it_may() -> None:
    buffer = PlayoutBuffer(CLOCK_HZ)
    for number in range(200):
        _put(buffer, number % 256, 0, timestamp=number * TICKS % (1900 * 8))
        assert buffer.held_ms <= MAX_HELD_MS + 20
    tiny = PlayoutBuffer(CLOCK_HZ)
    for number in range(1000):
        tiny.put((number, number, b"x"), 1, 0)
    assert tiny.dropped == 1000 - MAX_PACKETS
