"""The noise floor of a line, from its levels."""

from __future__ import annotations

import numpy as np
import pytest

from asr.vad.noise import HIGHEST_DBFS, LOWEST_DBFS, NoiseFloor

pytestmark = pytest.mark.unit


def heard(floor: NoiseFloor, levels_dbfs: list[float]) -> float:
    for level_dbfs in levels_dbfs:
        floor.hear(level_dbfs)
    return floor.level_dbfs


def noise(level_dbfs: float, frames: int) -> list[float]:
    """The levels of 20 ms of white noise at a telephone's bandwidth."""
    power = np.random.default_rng(3).chisquare(120, frames) / 120
    return list(level_dbfs + 10 * np.log10(power))


@pytest.mark.parametrize("level_dbfs", [-70.0, -55.0, -40.0])
def test_the_floor_is_the_level_of_steady_noise(level_dbfs: float) -> None:
    floor = NoiseFloor()
    for seconds in range(20):
        assert heard(floor, noise(level_dbfs, 50)) == pytest.approx(level_dbfs, abs=2.0), seconds


def test_speech_with_pauses_does_not_raise_it() -> None:
    floor = NoiseFloor()
    heard(floor, noise(-60, 100))
    sentence = [-20.0] * 60 + noise(-60, 8)
    assert heard(floor, sentence * 10) == pytest.approx(-60, abs=2.5)


def test_it_follows_a_line_that_gets_louder_within_three_seconds() -> None:
    floor = NoiseFloor()
    heard(floor, noise(-65, 200))
    assert heard(floor, noise(-45, 150)) == pytest.approx(-45, abs=2.0)


def test_it_follows_a_line_that_gets_quieter_within_100_ms() -> None:
    floor = NoiseFloor()
    heard(floor, noise(-45, 200))
    assert heard(floor, noise(-65, 5)) == pytest.approx(-65, abs=2.5)


def test_it_has_bounds() -> None:
    assert NoiseFloor().level_dbfs == LOWEST_DBFS
    assert heard(NoiseFloor(), [-120.0] * 200) == pytest.approx(LOWEST_DBFS, abs=1.5)
    assert heard(NoiseFloor(), [-10.0] * 200) == HIGHEST_DBFS


def test_after_a_reset_it_knows_nothing() -> None:
    floor = NoiseFloor()
    heard(floor, noise(-40, 200))
    floor.reset()
    assert floor.level_dbfs == LOWEST_DBFS
    assert heard(floor, noise(-60, 50)) == pytest.approx(-60, abs=2.0)
