"""What is given up when recognition falls behind, and that it comes back by itself."""

from __future__ import annotations

import pytest

from gateway.speech.load import FALL_AFTER_MS, LATE_LIMIT_MS, RISE_AFTER_MS, LoadGauge, Step

pytestmark = pytest.mark.unit

LATE, FINE, BETWEEN = LATE_LIMIT_MS + 1, 0.0, LATE_LIMIT_MS * 0.75


def steps(gauge: LoadGauge, late_ms: float, from_ms: int, to_ms: int) -> list[Step]:
    return [gauge.note(float(now_ms), late_ms) for now_ms in range(from_ms, to_ms, 100)]


def test_a_burst_changes_nothing() -> None:
    gauge = LoadGauge()
    assert set(steps(gauge, LATE, 0, int(RISE_AFTER_MS))) == {Step.NORMAL}
    assert gauge.note(RISE_AFTER_MS, FINE) is Step.NORMAL
    assert set(steps(gauge, LATE, 700, 700 + int(RISE_AFTER_MS))) == {Step.NORMAL}, "it is counted anew"


def test_lasting_lateness_gives_up_one_thing_after_the_other_and_ends_at_the_last() -> None:
    gauge = LoadGauge()
    seen = steps(gauge, LATE, 0, 10_000)
    assert list(dict.fromkeys(seen)) == list(Step)
    assert seen.index(Step.NO_LOOKS) - seen.index(Step.QUICK) == RISE_AFTER_MS / 100
    assert seen[-1] is Step.FULL


def test_everything_comes_back_one_step_at_a_time() -> None:
    gauge = LoadGauge()
    steps(gauge, LATE, 0, 10_000)
    seen = steps(gauge, FINE, 10_000, 10_000 + 5 * int(FALL_AFTER_MS))
    assert list(dict.fromkeys(seen)) == list(reversed(Step))
    assert seen.index(Step.KEYS) == FALL_AFTER_MS / 100


def test_between_the_limits_nothing_is_given_up_and_nothing_comes_back() -> None:
    gauge = LoadGauge()
    steps(gauge, LATE, 0, 1300)
    assert gauge.step is Step.NO_LOOKS
    assert set(steps(gauge, BETWEEN, 1300, 60_000)) == {Step.NO_LOOKS}
