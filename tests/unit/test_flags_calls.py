"""Flags that the course of a call raises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.flags import FlagRules
from gateway.analytics.flags.conditions.loop import going_round
from gateway.findings import Flag

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def rules() -> FlagRules:
    return FlagRules.load()


def call(*segments: dict, **fields) -> Conversation:
    """A call of the caller's answers, 5 s each; `ended` and its like in `fields`."""
    made = []
    for index, one in enumerate(segments):
        given = {"index": index, "participant": "customer", "begin_ms": index * 5000.0, "end_ms": index * 5000.0 + 4000}
        made.append(Segment(**(given | one)))
    end_ms = max((one.end_ms for one in made), default=0.0)
    given = {"id": "c", "source": "call", "segments": tuple(made), "ended": False, "duration_ms": max(10_000.0, end_ms)}
    return Conversation(**(given | fields))


def raised(rules: FlagRules, conversation: Conversation, name: str) -> Flag | None:
    return next((flag for flag in rules.flags(conversation, {}) if flag.flag == name), None)


SILENCE = {"kind": "silence", "outcome": "no_input"}
UNHEARD = {"text": "嗯那个", "outcome": "no_match", "confidence": 0.9, "node": "main"}
GAVE_UP = {"ended": True, "disposition": "abandoned"}


@pytest.mark.parametrize(("days", "found"), [((1, 3), True), ((1,), False), ((1, 8), False), ((-1, 1), False)])
def test_the_same_number_again_within_days(rules: FlagRules, days: tuple[int, ...], found: bool):
    conversation = call(started_at=NOW, earlier_contacts=tuple(NOW - timedelta(days=n) for n in days))
    assert (raised(rules, conversation, "repeat_contact") is not None) == found


def test_a_recording_without_a_beginning_has_no_days(rules: FlagRules):
    earlier = (NOW, NOW)
    assert raised(rules, call(earlier_contacts=earlier), "repeat_contact") is None


def test_a_human_asked_for_three_times_in_vain(rules: FlagRules):
    asked = {"text": "转人工", "matched": "agent", "outcome": "accept"}
    key = {"kind": "keys", "text": "0", "matched": "agent", "outcome": "accept"}
    other_words = {"text": "给我找个活人", "outcome": "no_match"}
    flag = raised(rules, call(asked, key, other_words), "asked_for_human_repeatedly")
    assert flag is not None
    assert flag.severity == "high"
    assert 10_000 < flag.at_ms < 14_000  # in the third answer, where the words begin
    assert [one.text for one in flag.evidence] == ["转人工", "0", "找个活人"]
    assert raised(rules, call(asked, key), "asked_for_human_repeatedly") is None
    assert raised(rules, call(asked, key, other_words, transferred=True), "asked_for_human_repeatedly") is None


def test_a_yes_to_the_question_whether_a_human_is_wanted_is_no_second_request(rules: FlagRules):
    asked = {"text": "转人工", "matched": "agent", "outcome": "confirm"}
    yes = {"text": "对", "matched": "agent", "outcome": "accept"}
    assert raised(rules, call(asked, yes, asked, yes), "asked_for_human_repeatedly") is None
    assert raised(rules, call(asked, yes, asked, yes, asked, yes), "asked_for_human_repeatedly") is not None


def test_the_same_question_without_an_answer_is_a_loop(rules: FlagRules):
    flag = raised(rules, call(*[UNHEARD] * 4), "loop")
    assert flag is not None
    assert flag.at_ms == 15_000.0
    assert {one.segment for one in flag.evidence} == {0, 1, 2, 3}
    answered = UNHEARD | {"outcome": "accept"}
    assert raised(rules, call(UNHEARD, UNHEARD, answered, UNHEARD, UNHEARD), "loop") is None


def test_the_same_way_three_times_is_a_loop(rules: FlagRules):
    answers = [UNHEARD | {"outcome": "accept"}] * 3
    path = ("welcome", *("main", "bill", "tell") * 3)
    flag = raised(rules, call(*answers, path=path), "loop")
    assert flag is not None
    assert flag.at_ms == 10_000.0
    assert raised(rules, call(*answers, path=path[:-1]), "loop") is None


@pytest.mark.parametrize(
    ("path", "nodes"),
    [("abcabcabc", "abc"), ("xaaa", "a"), ("ababab", "ab"), ("abcabdabc", ""), ("aabb", ""), ("", "")],
)
def test_a_stretch_that_follows_itself(path: str, nodes: str):
    assert going_round(path, 3) == frozenset(nodes)


def test_who_was_silent_and_is_gone(rules: FlagRules):
    flag = raised(rules, call(SILENCE, SILENCE, **GAVE_UP), "silent_abandon")
    assert flag is not None
    assert (flag.at_ms, len(flag.evidence)) == (0.0, 2)
    assert raised(rules, call(**GAVE_UP), "silent_abandon") is not None


@pytest.mark.parametrize(
    ("segments", "fields"),
    [
        ([SILENCE], {}),  # not over
        ([SILENCE], GAVE_UP | {"disposition": "completed"}),
        ([SILENCE], GAVE_UP | {"transferred": True}),
        ([SILENCE], GAVE_UP | {"duration_ms": 3000.0}),
        ([{"text": "查话费", "outcome": "accept"}, SILENCE], GAVE_UP),
        ([SILENCE, UNHEARD], GAVE_UP),
    ],
)
def test_who_said_something_or_was_served_was_not_silent(rules: FlagRules, segments: list, fields: dict):
    assert raised(rules, call(*segments, **fields), "silent_abandon") is None


def test_an_elderly_caller_who_was_left_alone(rules: FlagRules):
    left = GAVE_UP | {"mode": "elderly"}
    assert raised(rules, call(UNHEARD, **left), "elderly_not_offered_human") is not None
    for served in ({"mode": "standard"}, {"transfer_asked": True}, {"transferred": True}, {"ended": False}):
        assert raised(rules, call(UNHEARD, **left | served), "elderly_not_offered_human") is None


def test_a_long_gap_and_many_silences(rules: FlagRules):
    late = {"text": "喂", "begin_ms": 20_000.0, "end_ms": 21_000.0}
    flag = raised(rules, call({"text": "查话费"}, late), "long_silence")
    assert flag is not None
    assert [(one.begin_ms, one.end_ms, one.text) for one in flag.evidence] == [(4000.0, 20_000.0, "")]
    assert raised(rules, call({"text": "查话费"}, {"text": "喂"}), "long_silence") is None
    assert raised(rules, call({"text": "喂"}, SILENCE, SILENCE), "long_silence") is None
    many = raised(rules, call({"text": "喂"}, SILENCE, SILENCE, SILENCE), "long_silence")
    assert many is not None
    assert {one.segment for one in many.evidence} >= {1, 2, 3}


def test_the_silence_at_the_end_counts_once_the_call_is_over(rules: FlagRules):
    spoken = {"text": "查话费"}
    assert raised(rules, call(spoken, duration_ms=30_000.0), "long_silence") is None
    assert raised(rules, call(spoken, duration_ms=30_000.0, ended=True), "long_silence") is not None
    assert raised(rules, call(spoken, duration_ms=30_000.0, ended=True, transferred=True), "long_silence") is None


def test_a_run_or_a_share_of_doubtful_utterances(rules: FlagRules):
    good, bad = {"text": "查话费", "confidence": 0.9}, {"text": "叉花飞", "confidence": 0.2}
    flag = raised(rules, call(good, bad, UNHEARD, bad), "low_confidence")
    assert flag is not None
    assert (flag.at_ms, [one.segment for one in flag.evidence]) == (15_000.0, [1, 2, 3])
    assert raised(rules, call(bad, good, bad, good), "low_confidence") is not None
    assert raised(rules, call(bad, good, bad), "low_confidence") is None
    assert raised(rules, call(good, bad, good, good), "low_confidence") is None


def test_nothing_is_said_of_a_call_that_has_nothing(rules: FlagRules):
    assert rules.flags(call(), {}) == ()
