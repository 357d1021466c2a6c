"""The matcher takes any string, and its distance behaves like one."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialogue.actions import Outcome
from gateway.dialogue.grammar.matcher import PhraseMatcher
from gateway.dialogue.grammar.pinyin import distance, spoken

pytestmark = pytest.mark.property

MENU = {"refund": ["我要退票", "退票"], "change": ["改签", "我要改签", "换一班车"], "lost": ["东西丢了", "失物招领"]}
han = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=12)


@cache
def matcher() -> PhraseMatcher:
    return PhraseMatcher(MENU)


@given(st.text(max_size=200))
def test_any_text_can_be_spoken(text: str) -> None:
    sound = spoken(text)
    assert len(sound.chars) == len(sound.readings) == len(sound.syllables)
    assert all(sound.readings)


@given(st.one_of(st.text(max_size=20), han), st.one_of(st.text(max_size=20), han))
def test_distance_is_bounded_and_symmetric(a: str, b: str) -> None:
    assert 0.0 <= distance(a, b) <= 1.0
    assert distance(a, b) == pytest.approx(distance(b, a), abs=1e-5)


@given(han)
def test_a_text_is_no_distance_from_itself(text: str) -> None:
    assert distance(text, text) == 0.0


@given(
    st.lists(st.sampled_from(["话化画", "费废肺", "余鱼渔", "流留刘", "工公宫"]), min_size=1, max_size=8),
    st.randoms(),
)
def test_homophones_are_no_distance_apart(groups: list[str], chance) -> None:
    one, other = ("".join(chance.choice(group) for group in groups) for _ in range(2))
    assert distance(one, other) == 0.0


@given(st.one_of(st.text(max_size=300), han), st.floats(0.0, 1.0), st.lists(st.text(max_size=20), max_size=5))
@settings(deadline=None)
def test_matching_is_total(text: str, confidence: float, alternatives: list[str]) -> None:
    match = matcher().match(text, alternatives, confidence)
    assert 0.0 <= match.margin <= match.score <= 1.0 + 1e-9
    assert (match.option is None) == (match.outcome is Outcome.NO_MATCH)
    assert match.option is None or match.option in MENU


@given(st.text(max_size=40))
@settings(deadline=None, max_examples=30)
def test_the_same_text_is_matched_the_same(text: str) -> None:
    assert matcher().match(text) == matcher().match(text)
