"""A call while too many speak at once: keys lead through it, and when that is over, words do again."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.events import UtteranceHeard
from gateway.speech.load import Step
from gateway.speech.workers import RecognitionPool
from tests.support.calls import SAMPLES, place_call

pytestmark = pytest.mark.flows

SPEECH = str(SAMPLES / "balance_1.wav")
NOTICE = "现在来电较多，请您用按键。"


def test_the_hotline_offers_keys_and_recognises_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecognitionPool, "step", Step.KEYS)
    told = place_call(tmp_path, ["wait:25", "dtmf:1", SPEECH, "dtmf:8"], ["查话费"])
    assert NOTICE in told.said
    assert any("请按一" in said for said in told.said), "the menu is offered by keys"
    assert not told.all(UtteranceHeard)
    assert "balance" in told.ended.options
    assert told.ended.turns[0].keys == "1"
    assert (told.ended.disposition, told.ended.reason) == ("completed", "completed")


def test_with_the_next_question_words_count_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = iter([Step.KEYS] * 4)
    monkeypatch.setattr(RecognitionPool, "step", property(lambda _: next(steps, Step.NORMAL)))
    told = place_call(tmp_path, ["wait:25", "dtmf:1", SPEECH], ["没有了"])
    assert NOTICE in told.said
    assert [heard.text for heard in told.all(UtteranceHeard)] == ["没有了"]
    assert told.ended.reason == "completed"
