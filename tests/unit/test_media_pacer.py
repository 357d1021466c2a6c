"""Frames at their time: no drift, no burst, and nothing left to say after a flush."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.frames import SILENCE
from gateway.media.pacer import MAX_LATE, MAX_QUEUED, Pacer
from tests.support.sound import marked_frame

pytestmark = pytest.mark.unit


def test_deadlines_are_absolute_however_unevenly_it_is_ticked() -> None:
    pacer = Pacer(1000)
    sent = [slot for now_ms in (1000, 1013, 1027, 1047.5, 1059, 1061) for slot, _ in pacer.tick(now_ms)]
    assert sent == [0, 1, 2, 3]
    assert pacer.next_ms == 1080


def test_nothing_is_due_before_the_start() -> None:
    assert Pacer(1000).tick(999.9) == []


def test_queued_frames_go_out_in_order_and_silence_fills_the_rest() -> None:
    pacer = Pacer(0)
    pacer.push(marked_frame(1))
    pacer.push(marked_frame(2))
    assert [int(frame[0]) for _, frame in pacer.tick(40)] == [1, 2, 0]


def test_no_more_than_two_frames_wait_below_the_player() -> None:
    pacer = Pacer(0)
    for number in range(MAX_QUEUED):
        assert pacer.room == MAX_QUEUED - number
        pacer.push(marked_frame(number))
    with pytest.raises(ValueError, match="only while there is room"):
        pacer.push(marked_frame(9))


def test_a_flushed_prompt_is_silent_with_the_next_frame() -> None:
    pacer = Pacer(0)
    pacer.push(marked_frame(1))
    pacer.push(marked_frame(2))
    pacer.tick(0)
    assert pacer.flush() == 1
    assert [np.array_equal(frame, SILENCE) for _, frame in pacer.tick(20)] == [True]


def test_after_a_stall_old_slots_are_skipped_and_the_grid_is_kept() -> None:
    pacer = Pacer(0)
    pacer.tick(0)
    sent = pacer.tick(1000)
    assert [slot for slot, _ in sent] == list(range(51 - MAX_LATE, 51))
    assert pacer.skipped == 50 - MAX_LATE
    assert pacer.next_ms == 1020
