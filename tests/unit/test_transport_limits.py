"""How often one address may ask."""

from __future__ import annotations

import pytest

from gateway.transport import limits
from gateway.transport.limits import RateLimit

pytestmark = pytest.mark.unit


def test_a_seconds_worth_at_once_and_then_as_time_goes_by() -> None:
    limit = RateLimit(4)
    assert [limit.allows("a", 0) for _ in range(6)] == [True] * 4 + [False] * 2
    assert not limit.allows("a", 249)
    assert limit.allows("a", 250)
    assert not limit.allows("a", 251)
    assert [limit.allows("a", 60_000) for _ in range(5)] == [True] * 4 + [False]


def test_less_than_once_a_second_is_once_in_a_while() -> None:
    limit = RateLimit(0.1)
    assert [limit.allows("a", at_ms) for at_ms in (0, 5000, 9999, 10_000, 15_000)] == [True, False, False, True, False]


def test_asking_in_vain_costs_nothing() -> None:
    limit = RateLimit(1)
    assert limit.allows("a", 0)
    assert not any(limit.allows("a", at_ms) for at_ms in range(1, 1000))
    assert limit.allows("a", 1000)


def test_each_address_has_its_own() -> None:
    limit = RateLimit(1)
    assert limit.allows("a", 0)
    assert limit.allows("b", 0)
    assert not limit.allows("a", 0)


def test_only_so_many_addresses_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_SOURCES", 2)
    limit = RateLimit(1)
    for source in "abc":
        assert limit.allows(source, 0)
    assert not limit.allows("c", 0)
    assert limit.allows("a", 0)  # forgotten: of all, it was not heard of for the longest time
    assert len(limit._sources) == 2
