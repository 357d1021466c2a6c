"""What was heard in a recording becomes turns with times, and interruptions show."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.analytics.recordings.conversation import Said, conversation_of, cuts_in
from gateway.analytics.recordings.hearing import Heard
from gateway.analytics.recordings.roles import agent_of
from gateway.analytics.recordings.speech import Piece, pieces_of
from gateway.findings import Participant, Voice

pytestmark = pytest.mark.unit

VOICE = Voice(loudness_dbfs=-20.0, pitch_hz=200.0, pitch_high_hz=250.0, speech_ms=900.0)


def said(
    who: Participant, begin_ms: float, end_ms: float, text: str, *, follows: bool = False, voice: Voice | None = VOICE
) -> Said:
    piece = Piece(0, np.zeros(0, np.int16), begin_ms, end_ms, follows)
    return Said(who, Heard(piece, text, 0.8, voice))


def test_who_goes_on_unanswered_is_still_at_the_same_turn():
    conversation = conversation_of(
        "r1",
        [
            said("agent", 0, 1000, "您好"),
            said("customer", 1500, 2500, "我的宽带"),
            said("customer", 3000, 4000, "又断了"),
            said("agent", 4200, 5000, "我看看"),
            said("customer", 9000, 9500, "好的"),
        ],
        10_000,
    )
    told = [(one.index, one.participant, one.text, one.begin_ms, one.end_ms) for one in conversation.segments]
    assert told == [
        (0, "agent", "您好", 0, 1000),
        (1, "customer", "我的宽带，又断了", 1500, 4000),
        (2, "agent", "我看看", 4200, 5000),
        (3, "customer", "好的", 9000, 9500),
    ]
    assert (conversation.source, conversation.ended, conversation.duration_ms) == ("recording", True, 10_000)


def test_a_long_pause_begins_another_turn():
    conversation = conversation_of("r", [said("customer", 0, 1000, "喂"), said("customer", 3000, 4000, "喂")], 5000)
    assert [one.text for one in conversation.segments] == ["喂", "喂"]


def test_what_was_cut_in_mid_sentence_is_joined_without_a_comma():
    parts = [said("customer", 0, 8000, "我想把我现在的"), said("customer", 8000, 9000, "套餐改了", follows=True)]
    assert conversation_of("r", parts, 9000).segments[0].text == "我想把我现在的套餐改了"


def test_a_monologue_becomes_several_turns():
    parts = [said("customer", start * 1000, start * 1000 + 5500, "说话") for start in range(0, 60, 6)]
    conversation = conversation_of("r", parts, 60_000)
    assert len(conversation.segments) == 2
    assert max(one.end_ms - one.begin_ms for one in conversation.segments) <= 30_000


def test_every_character_has_its_place_in_the_recording():
    parts = [said("customer", 1000, 2000, "查话费"), said("customer", 3000, 3400, "谢谢")]
    segment = conversation_of("r", parts, 4000).segments[0]
    assert segment.text == "查话费，谢谢"
    assert segment.moment(0, 3) == pytest.approx((1000, 2000))
    assert segment.moment(4, 6) == pytest.approx((3000, 3400))


def test_a_turn_sounds_as_its_pieces_do_by_how_much_speech_is_in_each():
    quiet = Voice(loudness_dbfs=-40.0, pitch_hz=100.0, pitch_high_hz=None, speech_ms=300.0)
    parts = [said("customer", 0, 1000, "好"), said("customer", 1100, 1400, "好", voice=quiet)]
    voice = conversation_of("r", parts, 2000).segments[0].voice
    assert voice is not None
    assert (voice.speech_ms, voice.pitch_hz, voice.pitch_high_hz) == (1200.0, 175.0, 250.0)
    assert voice.loudness_dbfs == pytest.approx(-21.2, abs=0.1)


@pytest.mark.parametrize(
    ("begin_ms", "end_ms", "expected"),
    [
        (3000, 6000, True),
        (3800, 6000, False),  # a quick answer
        (1000, 6000, False),  # the other went on for 3 s: nobody gave way
        (3000, 3400, False),  # 嗯: the other went on
        (100, 6000, False),  # both began at once
        (4500, 6000, False),
    ],
)
def test_an_interruption_begins_amid_speech_that_then_gives_way(begin_ms: float, end_ms: float, expected: bool):
    assert cuts_in(("customer", begin_ms, end_ms), [("agent", 0, 4000)]) is expected


def test_nobody_interrupts_themselves():
    assert not cuts_in(("agent", 3000, 6000), [("agent", 0, 4000)])


AGENT = ["您好，很高兴为您服务，请问有什么可以帮您", "请稍等，我帮您查询一下"]
CALLER = ["我想问一下我的话费怎么多了", "好的"]


@pytest.mark.parametrize(
    ("sides", "agent"),
    [
        ([AGENT, CALLER], 0),
        ([CALLER, AGENT], 1),
        ([["你好，很高性为您福务"], ["查话费"]], 0),  # as a recogniser hears it
        ([["喂"], ["嗯"]], None),
        ([CALLER, CALLER], None),
        ([AGENT], 0),
        ([CALLER], None),
        ([["您好"]], None),
    ],
)
def test_the_agent_is_who_talks_like_one_and_nobody_when_nobody_does(sides: list[list[str]], agent: int | None):
    assert agent_of(sides) == agent


def test_silence_and_noise_have_no_pieces():
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 300, 32_000).astype(np.int16)
    assert pieces_of(np.zeros(32_000, np.int16)) == []
    assert pieces_of(noise) == []
    assert pieces_of(np.zeros(0, np.int16)) == []
