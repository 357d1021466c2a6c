"""Keys: none lost, none doubled, none out of order, whatever is asked and however they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialogue.actions import KeyEntry
from gateway.speech.keys import MAX_TYPED_AHEAD, KeyCollector

pytestmark = pytest.mark.property

presses = st.lists(st.tuples(st.sampled_from("0123456789*#"), st.integers(0, 6000)), max_size=MAX_TYPED_AHEAD)
entries = st.builds(
    KeyEntry,
    max_digits=st.integers(1, 20),
    finish_on_key=st.none() | st.sampled_from("#*"),
    inter_digit_timeout_ms=st.integers(1, 5000),
)


@given(presses, entries, st.integers(0, 3000))
def test_every_key_is_in_exactly_one_entry_in_order(
    keys: list[tuple[str, int]], entry: KeyEntry, first_ms: int
) -> None:
    collector, now_ms, entered = KeyCollector(), 0.0, []
    for key, wait_ms in [*keys, ("", 6000), ("", 6000)]:
        now_ms += wait_ms
        for _ in range(2 * MAX_TYPED_AHEAD):
            done = collector.collect(entry, now_ms) if now_ms >= first_ms else None
            if done is None:
                break
            entered.append(done)
        if key:
            collector.press(key, now_ms)
    while (done := collector.collect(entry, now_ms)) is not None:
        entered.append(done)
    came_out = "".join(done.digits for done in entered)
    assert came_out == "".join(key for key, _ in keys if key != entry.finish_on_key)
    assert not collector.entering
    assert not collector.waiting
    for done in entered:
        assert len(done.digits) <= entry.max_digits
        assert done.start_ms <= done.end_ms <= done.ended_at_ms
        if done.finished_by == "length":
            assert len(done.digits) == entry.max_digits
        if done.finished_by == "timeout":
            assert 0 < len(done.digits) < entry.max_digits
