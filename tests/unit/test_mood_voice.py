"""The voice against the caller's own beginning of the call, and what it adds to the words."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from gateway.analytics.conversation import Segment
from gateway.analytics.mood import MoodReader
from gateway.analytics.mood.voice import voice_mood
from gateway.findings import Voice, VoiceMood

pytestmark = pytest.mark.unit

CALM = Voice(loudness_dbfs=-26.0, pitch_hz=200.0, pitch_high_hz=240.0, speech_ms=1500.0)
SHOUTED = replace(CALM, loudness_dbfs=-13.0, pitch_hz=300.0, pitch_high_hz=360.0)
WORDS = "我想查一下话费"


@cache
def reader() -> MoodReader:
    return MoodReader.load()


def turn(index: int, voice: Voice | None, text: str = WORDS, *, interrupts: bool = False) -> Segment:
    return Segment(
        index=index, participant="customer", text=text, begin_ms=0, end_ms=1000, voice=voice, interrupts=interrupts
    )


def prompt(index: int) -> Segment:
    return Segment(index=index, participant="system", text="请说您要办的事", begin_ms=0, end_ms=1000)


def found(now: Voice, *before: Voice | None, interrupts: bool = False) -> VoiceMood:
    mood = voice_mood(turn(9, now, interrupts=interrupts), [turn(i, voice) for i, voice in enumerate(before)])
    assert mood is not None
    return mood


def test_the_same_voice_has_no_arousal() -> None:
    assert found(CALM, CALM) == VoiceMood(arousal=0.0, louder_db=0.0, higher=0.0, faster=0.0, interrupts=False)


def test_what_is_louder_higher_and_faster_is_told_apart() -> None:
    mood = found(replace(SHOUTED, speech_ms=750.0), CALM)
    assert (mood.louder_db, mood.higher, mood.faster) == (13.0, 0.5, 1.0)
    assert 0.85 < mood.arousal <= 1


def test_each_sign_adds_and_none_decides_alone() -> None:
    louder = found(replace(CALM, loudness_dbfs=-16.0), CALM).arousal
    higher = found(replace(CALM, pitch_hz=280.0, pitch_high_hz=336.0), CALM).arousal
    both = found(replace(CALM, loudness_dbfs=-16.0, pitch_hz=280.0, pitch_high_hz=336.0), CALM).arousal
    assert 0 < louder < both
    assert 0 < higher < both < louder + higher
    assert found(CALM, CALM, interrupts=True).arousal == pytest.approx(0.2)


def test_a_calmer_voice_has_no_arousal() -> None:
    mood = found(CALM, SHOUTED)
    assert mood.louder_db < 0
    assert mood.arousal == 0


def test_one_shout_at_the_start_is_not_what_the_rest_is_measured_by() -> None:
    assert found(SHOUTED, SHOUTED, CALM, CALM).louder_db == 13.0
    assert found(SHOUTED, SHOUTED, CALM).louder_db == 13.0


def test_only_the_first_turns_are_the_beginning() -> None:
    assert found(SHOUTED, CALM, CALM, CALM, SHOUTED, SHOUTED, SHOUTED, SHOUTED).louder_db == 13.0


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (None, [CALM]),
        (CALM, []),
        (CALM, [None, None]),
        (CALM, [replace(CALM, speech_ms=900.0)]),
        (CALM, [replace(CALM, speech_ms=200.0)] * 3),
        (replace(CALM, speech_ms=100.0), [CALM]),
    ],
    ids=["no voice", "no beginning", "no sound before", "too short a beginning", "only 嗯", "too short now"],
)
def test_without_enough_to_compare_there_is_no_mood_of_the_voice(now: Voice | None, before: list[Voice | None]) -> None:
    assert voice_mood(turn(9, now), [turn(index, voice) for index, voice in enumerate(before)]) is None


def test_the_hotlines_own_voice_is_no_beginning() -> None:
    assert voice_mood(turn(2, CALM), [replace(prompt(0), voice=SHOUTED), prompt(1)]) is None


def test_a_voice_without_pitch_is_compared_by_the_rest() -> None:
    whispered = replace(CALM, pitch_hz=None, pitch_high_hz=None, loudness_dbfs=-20.0)
    assert found(whispered, CALM).higher == 0.0
    assert found(whispered, CALM).louder_db == 6.0


def heard(text: str, voice: Voice, *, interrupts: bool = False) -> tuple[str, int]:
    mood = reader().turn(turn(2, voice, text, interrupts=interrupts), [turn(0, CALM), prompt(1)])
    return mood.polarity, mood.anger


def test_a_shout_makes_negative_words_angrier_by_one_step() -> None:
    assert heard("怎么这么慢", CALM) == ("negative", 1)
    assert heard("怎么这么慢", SHOUTED) == ("negative", 2)
    assert heard("我要投诉你们", SHOUTED) == ("negative", 3)
    assert heard("骗子公司", SHOUTED) == ("negative", 3)


def test_the_voice_alone_makes_nobody_angry() -> None:
    assert heard("查话费", SHOUTED, interrupts=True) == ("neutral", 1)
    assert heard("太谢谢你们了", SHOUTED, interrupts=True) == ("positive", 0)


def test_words_and_voice_are_told_apart() -> None:
    mood = reader().turn(turn(2, SHOUTED, "怎么这么慢"), [turn(0, CALM), prompt(1)])
    assert mood.words.anger == 1
    assert mood.voice is not None
    assert mood.voice.louder_db == 13.0
