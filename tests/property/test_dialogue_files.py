"""Whatever stands in a dialogue file, it is dialogues that can be held or a FlowError with places."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import FlowError
from tests.support.errands import Errands

pytestmark = pytest.mark.property


@cache
def errands() -> Errands:
    return Errands(Path(tempfile.mkdtemp(prefix="errands-")))


words = st.sampled_from(
    [
        "main",
        "where.district",
        "寄东西",
        "123#",
        "查快递",
        "fails",
        "none",
        "completed",
        "general",
        "30s",
        "2026-11-23 10:30",
    ]
)
odd: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 30) | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
STEP = (
    "at",
    "says",
    "talks_over",
    "keys",
    "silent",
    "records",
    "hangs_up",
    "confidence",
    "audio",
    "hears",
    "not_hears",
)
CASE = ("caller", "clock", "lookups", "agents", "ends", "slots", "mode", "ticket", "survey", "path", "strange")
steps = st.lists(st.dictionaries(st.sampled_from(STEP), odd, max_size=3) | odd, max_size=4)
cases = st.builds(
    lambda some, steps: some | {"steps": steps}, st.dictionaries(st.sampled_from(CASE), odd, max_size=4), steps
)


@given(st.dictionaries(words, cases | odd, max_size=2), st.dictionaries(st.sampled_from(CASE), odd, max_size=2))
def test_any_file_is_dialogues_or_mistakes_with_places(dialogues: dict[str, Any], shared: dict[str, Any]) -> None:
    text = json.dumps(shared | {"dialogues": dialogues}, ensure_ascii=False)
    try:
        held = errands().hold(text)
    except FlowError as error:
        refused = error.problems
    else:
        assert len(held) == len(dialogues)
        return
    assert refused
    assert all("some.yaml:" in problem for problem in refused)


acts = st.one_of(
    st.builds(lambda said: {"says": said}, st.text("寄东西查快递，。?1 a", max_size=8).map(lambda text: f"喂{text}")),
    st.builds(lambda keys: {"keys": keys}, st.text("0123456789*#", min_size=1, max_size=12)),
    st.just({"silent": 2}),
    st.just({"records": "5s"}),
    st.just({"talks_over": "寄东西"}),
    st.just({"says": "寄东西"}),
    st.just({"hangs_up": True}),
)


@given(st.lists(acts, min_size=1, max_size=6), st.booleans(), st.sampled_from(["13900001001", "13900001002", ""]))
def test_whatever_a_caller_does_a_dialogue_comes_to_an_end(steps: list[Any], agents: bool, number: str) -> None:
    case = {"caller": number, "steps": steps} | ({} if agents else {"agents": "none"})
    (held,) = errands().hold(json.dumps({"dialogues": {"one": case}}, ensure_ascii=True))
    assert held.exchanges
    assert held.tell()
