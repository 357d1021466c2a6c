"""Recognisers that are made of others, by their settings."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.engines import open_engines
from gateway.errors import SettingsError
from gateway.settings import Settings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("engines", "told"),
    [
        ({"live": {"kind": "segmenting", "of": "live"}}, ("engines.live.of", "made of itself")),
        ({"live": {"kind": "segmenting", "of": "far"}}, ("engines.live.of", "no engine 'far'", "whisper, live")),
        (
            {"one": {"kind": "segmenting", "of": "two"}, "two": {"kind": "segmenting", "of": "one"}},
            ("engines.one.of", "made of itself"),
        ),
        ({"safe": {"kind": "fallback", "of": ("whisper", "far")}}, ("engines.safe.of", "no engine 'far'")),
    ],
)
def test_an_engine_made_of_itself_or_of_none_is_refused(engines: dict[str, Any], told: tuple[str, ...]) -> None:
    name = next(iter(engines))
    with pytest.raises(SettingsError) as refused:
        open_engines(Settings(engines=engines, engine=name))
    for part in told:
        assert part in str(refused.value)
