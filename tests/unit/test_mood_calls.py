"""The mood of a whole call: over all, at its worst, at its end, and where it went."""

from __future__ import annotations

from functools import cache

import pytest

from gateway.analytics.conversation import Segment
from gateway.analytics.mood import MoodReader
from gateway.findings import CallMood

pytestmark = pytest.mark.unit


@cache
def reader() -> MoodReader:
    return MoodReader.load()


def call(*texts: str) -> CallMood:
    said = [
        Segment(index=2 * at, participant="customer", text=text, begin_ms=at * 5000.0, end_ms=at * 5000.0 + 2000)
        for at, text in enumerate(texts)
    ]
    return reader().call(said, {segment.index: reader().turn(segment) for segment in said})


def test_a_call_without_words_is_neutral() -> None:
    assert call() == CallMood(polarity="neutral", anger=0, at_end="neutral", trend="steady")


def test_a_plain_call_is_neutral_and_thanks_at_its_end_are_how_it_ended() -> None:
    mood = call("查一下话费", "就查这个月的", "好的谢谢")
    assert (mood.anger, mood.at_end) == (0, "positive")


def test_a_call_that_gets_worse_ends_negative_at_its_angriest() -> None:
    mood = call("宽带坏了帮我报修", "怎么还没人来修", "太过分了我要投诉你们")
    assert (mood.polarity, mood.anger, mood.at_end, mood.trend) == ("negative", 2, "negative", "worse")
    assert mood.evidence[0].segment == 4, "the angriest first"


def test_a_call_that_is_put_right_gets_better() -> None:
    mood = call("你们怎么乱扣费", "凭什么扣我钱", "好的那麻烦你了", "解决了，非常满意，谢谢")
    assert (mood.anger, mood.at_end, mood.trend) == (2, "positive", "better")


def test_polite_thanks_do_not_make_an_angry_call_a_good_one() -> None:
    mood = call("你们服务太差了", "我要投诉你们", "气死我了", "行吧谢谢")
    assert (mood.polarity, mood.anger) == ("negative", 2)


def test_a_nod_at_the_end_says_nothing_of_how_it_ended() -> None:
    assert call("查话费", "太过分了凭什么扣我钱", "嗯").at_end == "negative"


def test_only_what_has_a_mood_counts() -> None:
    segment = Segment(index=0, participant="customer", text="气死我了", begin_ms=0, end_ms=1)
    assert reader().call([segment], {}).anger == 0


def test_the_evidence_of_a_long_call_is_short() -> None:
    assert len(call(*["凭什么扣我钱，太过分了"] * 40).evidence) == 5
