"""Packets at their time: no drift, no burst, no delay that stays, however late the loop or the sender is."""

from __future__ import annotations

import pytest

from gateway.media.pacer import LEAD_MS, MAX_BURST, Pacer, Slot

pytestmark = pytest.mark.unit


def _named(slots: list[Slot]) -> list[str]:
    return ["-" if slot.payload is None else slot.payload.decode() for slot in slots]


def _due(pacer: Pacer, now_ms: float) -> list[Slot]:
    slots = []
    while (slot := pacer.take(now_ms)) is not None:
        slots.append(slot)
    return slots


def _run(pacer: Pacer, pushes: dict[int, str], until_ms: int) -> list[Slot]:
    """Push what is named at its time (several letters: several packets), and take each 10 ms."""
    slots = []
    for now_ms in range(0, until_ms, 10):
        for name in pushes.get(now_ms, ""):
            pacer.push(name.encode(), now_ms)
        slots += _due(pacer, now_ms)
    return slots


def test_nothing_is_due_before_the_first_push() -> None:
    pacer = Pacer(20)
    assert _due(pacer, 1e9) == []
    pacer.push(b"a", 1e9)
    assert pacer.next_ms >= 1e9 + LEAD_MS


def test_deadlines_are_multiples_of_10_and_absolute_however_unevenly_it_is_asked() -> None:
    pacer = Pacer(20)
    pacer.push(b"a", 1003.7)
    assert pacer.next_ms == 1030
    deadlines = [slot.deadline_ms for now_ms in (1029.9, 1030, 1057, 1071, 1099, 1111) for slot in _due(pacer, now_ms)]
    assert deadlines == [1030, 1050, 1070, 1090, 1110]


def test_a_steady_loop_is_played_as_it_is() -> None:
    pacer = Pacer(20)
    slots = _run(pacer, {20 * n: name for n, name in enumerate("abcdefgh")}, 180)
    assert _named(slots) == list("abcdefgh")
    assert [slot.follows for slot in slots] == [False, *[True] * 7]
    assert (pacer.missed, pacer.late, pacer.overfull, pacer.skipped) == (0, 0, 0, 0)


@pytest.mark.parametrize("late_ms", [10, 20])
def test_a_loop_that_is_a_little_late_is_not_heard(late_ms: int) -> None:
    pacer = Pacer(20)
    pushes = {0: "a", 20: "b", 40 + late_ms: "c", 60 + late_ms: "d", 80 + late_ms: "e", 100: "f", 120: "g"}
    if 100 in pushes and 80 + late_ms == 100:
        pushes[100] = "ef"
    assert _named(_run(pacer, pushes, 160)) == list("abcdefg")
    assert pacer.missed == 0


def test_a_frame_too_late_for_its_slot_is_dropped_and_the_rest_keeps_its_place() -> None:
    pacer = Pacer(20)
    # The loop stands still from 40 to 130 ms and then catches up.
    slots = _run(pacer, {0: "a", 20: "b", 130: "cdefg", 140: "h", 160: "i", 180: "j"}, 230)
    assert _named(slots) == ["a", "b", "-", "-", "-", "f", "g", "h", "i", "j"]
    assert (pacer.missed, pacer.late, pacer.overfull) == (3, 3, 0)


def test_a_loop_that_leaves_out_time_loses_no_more_than_a_few_frames_for_it() -> None:
    pacer = Pacer(20)
    names = "cdefghijklmnop"
    # It stands still from 40 to 400 ms and goes on as if nothing had been.
    slots = _run(pacer, {0: "a", 20: "b"} | {400 + 20 * n: name for n, name in enumerate(names)}, 700)
    said = [name for name in _named(slots) if name != "-"]
    assert said == ["a", "b", *names[names.index(said[2]) :][: len(said) - 2]]
    assert names.index(said[2]) <= 2
    assert len(said) >= 12


def test_what_is_pushed_far_ahead_is_bounded_and_the_oldest_goes() -> None:
    pacer = Pacer(20)
    slots = _run(pacer, {0: "abcdefgh", 20: "i", 40: "j", 60: "k"}, 130)
    assert _named(slots)[:4] == ["h", "i", "j", "k"]
    assert pacer.overfull == 7


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 50, 60])
def test_every_packet_time_is_played_without_a_gap(ptime_ms: int) -> None:
    pacer, made, slots = Pacer(ptime_ms), 0, []
    for now_ms in range(3, 6003, 10):
        if now_ms % 20 == 3:
            complete = (now_ms - 3 + 20) // ptime_ms
            while made < complete:
                pacer.push(made.to_bytes(2, "big"), now_ms)
                made += 1
        slots += _due(pacer, now_ms)
    numbers = [int.from_bytes(slot.payload or b"\xff\xff", "big") for slot in slots]
    assert numbers == list(range(len(slots)))
    assert len(slots) >= 5800 // ptime_ms
    assert (pacer.missed, pacer.late, pacer.overfull) == (0, 0, 0)


def test_after_a_stall_of_the_sender_old_slots_are_skipped_and_the_grid_is_kept() -> None:
    pacer = Pacer(20)
    pacer.push(b"a", 0)
    assert [slot.deadline_ms for slot in _due(pacer, 30)] == [30]
    slots = _due(pacer, 1030)
    assert [slot.deadline_ms for slot in slots] == [1030 - 20 * back for back in reversed(range(MAX_BURST))]
    assert pacer.skipped == 50 - MAX_BURST
    assert [slot.follows for slot in slots] == [False, True, True]
    assert pacer.next_ms == 1050


def test_a_late_sender_sends_a_few_packets_at_once_and_loses_none() -> None:
    pacer = Pacer(20)
    for name in "ab":
        pacer.push(name.encode(), 0)
    pacer.take(29)
    assert _named(_due(pacer, 55)) == ["a", "b"]
