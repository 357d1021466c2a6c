"""Rule files and texts of any kind: refused or read, searched without an error, evidence inside the text."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.analytics.conversation import Segment
from gateway.analytics.flags import FlagRules
from gateway.analytics.flags.heard import heard
from gateway.analytics.flags.sounds import Repair
from gateway.analytics.patterns import Pattern
from gateway.analytics.required import required
from gateway.errors import RulesError

pytestmark = pytest.mark.property

CHARACTERS = st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"])
TELLING = st.sampled_from("我不是要没有投诉工公信部转网王销户人三次遍打了垃圾他妈的老八十岁，。 ABab12３5\ud800\x00😀")
TEXTS = st.text(st.one_of(TELLING, CHARACTERS), max_size=60)

PIECES = st.sampled_from(
    ["投", "诉", "讼", "我", "a", "A", "1", ".", "[投诉]", "[^投]", "[一-龥]", "\\d", "(?!诉)", "(?<=投)", "^"]
)
PATTERNS = st.recursive(
    PIECES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})"),
        st.tuples(inner, st.sampled_from(["?", "*", "+", "{2}", "{0,2}", "+?"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda part: f"({part})"),
    ),
    max_leaves=8,
)


@functools.cache
def bundled() -> FlagRules:
    return FlagRules.load()


@given(TEXTS)
@settings(max_examples=150)
def test_any_text_is_looked_at_and_evidence_lies_inside(text: str):
    segment = Segment(index=3, participant="customer", text=text, begin_ms=0, end_ms=1000)
    for flag in bundled().in_text(segment):
        assert flag.evidence
        for one in flag.evidence:
            assert 0 <= one.start < one.end <= len(text)
            assert one.text == text[one.start : one.end]


@given(TEXTS)
def test_the_plain_form_leads_back_to_the_text(text: str):
    plain = heard(text)
    assert len(plain.chars) == len(plain.places)
    assert list(plain.places) == sorted(set(plain.places))
    assert plain.clauses[0] == 0
    assert all(place < len(text) for place in plain.places)


@given(st.lists(TEXTS.map(lambda text: heard(text).chars[:5]), max_size=4), TEXTS)
def test_putting_right_keeps_every_place_and_is_done_once(words: list[str], text: str):
    repair = Repair(words)
    chars = heard(text).chars
    assert len(repair(chars)) == len(chars)
    for word in words:
        assert repair(word) == word


@given(PATTERNS, st.text("投诉讼我要aA1", max_size=6))
@settings(max_examples=250)
def test_a_text_that_matches_has_what_the_pattern_needs(pattern: str, text: str):
    try:
        compiled = regex.compile(pattern, regex.IGNORECASE)
    except regex.error:
        return
    if compiled.search(text):
        assert all(not needed.isdisjoint(text) for needed in required(pattern))


@given(st.text(st.sampled_from("投诉(|)[]{}?*+\\^$.,-<>=!:#PRe1\n"), max_size=12))
@settings(max_examples=150)
def test_any_pattern_is_read_or_refused(text: str):
    required(text)
    try:
        pattern = Pattern(text)
    except ValueError:
        return
    assert all(start < end for start, end in pattern.spans("投诉投诉"))


VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(-2, 40), st.sampled_from(["", "投诉", "low", "(", "<甲>", "customer"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(
                ["title", "severity", "conditions", "words", "patterns", "unless", "loop", "times", "甲", "x"]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=12,
)


@given(value=VALUES, flags=st.booleans())
@settings(max_examples=80)
def test_any_file_is_read_or_refused_with_places(tmp_path_factory: pytest.TempPathFactory, value, flags: bool):
    import json

    folder = tmp_path_factory.mktemp("rules")
    file: Path = folder / "flags.yaml"
    file.write_text(json.dumps({"flags": {"price": value}} if flags else value, ensure_ascii=False), encoding="utf-8")
    problems = None
    try:
        FlagRules.load(folder)
    except RulesError as error:
        problems = error.problems
    assert problems is None or problems
    assert all(line.startswith(f"{file}:1:") for line in problems or ())
