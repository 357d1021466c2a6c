"""What is said over a prompt: whether its words, and how sure the recogniser is of them, are a reason to stop."""

from __future__ import annotations

import numpy as np
import pytest

from asr.engine import ClosedAnswer, Transcript
from gateway.call.overheard import Overheard
from gateway.dialogue.actions import BargeIn, Listen, Say, Text
from gateway.media.frames import ms_to_samples
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.player import Player
from gateway.speech.events import SpeechStarted, Utterance

pytestmark = pytest.mark.unit

PROMPT = "您可以说查流量，或者转人工。"
MENU = Listen("main", hints=("查流量", "转人工", "一"))
DIGIT = Listen("digit", answer=ClosedAnswer("digits", 1, 1))


def convinces(text: str, confidence: float, question: Listen = MENU, *, cut: bool = False) -> bool:
    """`cut`: by its sound it was more than a back-channel, and the prompt has stopped already."""
    clip = np.full(ms_to_samples(4000), 1000, np.int16)
    player = Player(PromptCatalog({"您可以说查流量": clip, "或者转人工": clip}))
    player.play(Say("main", (Text(PROMPT),), BargeIn.SPEECH))
    overheard = Overheard(player)
    overheard.prompt_started(PROMPT)
    overheard.speech_started(SpeechStarted(1000.0, over_prompt=True))
    pcm = np.zeros(ms_to_samples(500), np.int16)
    overheard.take(Utterance(pcm, 1000.0, 1400.0, 2000.0, over_prompt=True, answers=cut))
    return overheard.convinces(question, Transcript(text, confidence))


@pytest.mark.parametrize(
    ("text", "confidence"), [("我要查流量", 0.4), ("转人工", 0.9), ("取消", 0.5), ("一", 0.6), ("一。", 0.6)]
)
def test_a_request_stops_the_prompt(text: str, confidence: float) -> None:
    assert convinces(text, confidence)


@pytest.mark.parametrize("text", ["哦，好的", "嗯嗯", "是的"])
def test_a_back_channel_does_not_however_well_it_was_heard(text: str) -> None:
    assert not convinces(text, 1.0)
    assert not convinces(text, 1.0, cut=True)


@pytest.mark.parametrize("text", ["炮灯", "费余额", "我，好的"])
def test_what_sounded_like_a_back_channel_and_is_hardly_believed_does_not(text: str) -> None:
    assert not convinces(text, 0.3)
    assert convinces(text, 0.3, cut=True)  # more than a back-channel by its sound: then the caller is asked


def test_a_syllable_that_the_menu_does_not_have_does_not() -> None:
    assert not convinces("去。", 0.8)
    assert convinces("去。", 0.8, cut=True)


def test_a_syllable_is_an_answer_where_one_is_asked_for() -> None:
    assert convinces("五", 0.8, DIGIT)


def test_nothing_but_noise_does_not() -> None:
    assert not convinces("", 0.0)
    assert not convinces("", 0.0, cut=True)
