"""What people read of findings: a title for each thing that can be found."""

from __future__ import annotations

from typing import get_args

import pytest

from gateway.analytics.tickets.lookups import TOLD
from gateway.analytics.tickets.rules import PRIORITIES, Priority
from gateway.analytics.titles import ENTITY_TITLES, SEVERITY_TITLES, TREND_TITLES
from gateway.findings import ENTITY_KINDS, SEVERITIES, Trend
from gateway.store.tickets import Status

pytestmark = pytest.mark.unit


def test_nothing_that_can_be_found_is_without_a_title_of_its_own() -> None:
    tables = (
        (ENTITY_TITLES, ENTITY_KINDS),
        (SEVERITY_TITLES, SEVERITIES),
        (TREND_TITLES, get_args(Trend)),
        (PRIORITIES, get_args(Priority)),
        (TOLD, get_args(Status)),
    )
    for titles, names in tables:
        assert set(titles) == set(names)
        assert len(set(titles.values())) == len(names)
