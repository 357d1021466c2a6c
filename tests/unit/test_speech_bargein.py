"""When speech over a prompt is to stop it, frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.frames import FRAME_SAMPLES
from gateway.speech.bargein import BargeInJudge

pytestmark = pytest.mark.unit

FRAME = np.zeros(FRAME_SAMPLES, np.int16)
QUIET_DBFS = -70.0


def stops_after(judge: BargeInJudge, *parts: tuple[int, float | None]) -> int | None:
    """Feed (ms, level of voice or None for silence) one after another; ms until the prompt is to stop."""
    now_ms = 0
    for length_ms, level_dbfs in parts:
        for _ in range(length_ms // 20):
            now_ms += 20
            voiced = level_dbfs is not None
            if judge.hear(FRAME, QUIET_DBFS if level_dbfs is None else level_dbfs, voiced):
                return now_ms
    return None


def judge(*, backchannel: bool = False) -> BargeInJudge:
    return BargeInJudge(lambda _: backchannel)


def test_what_is_plainly_a_request_stops_the_prompt_after_300_ms() -> None:
    assert stops_after(judge(), (1000, -20.0)) == 300


def test_what_may_be_a_back_channel_is_waited_for_and_stops_the_prompt_only_by_going_on() -> None:
    assert stops_after(judge(backchannel=True), (1000, -20.0)) == 600
    ended = judge(backchannel=True)
    assert stops_after(ended, (580, -20.0), (1000, None)) is None
    assert ended.undecided


def test_what_was_too_short_for_a_look_is_not_undecided() -> None:
    cough = judge(backchannel=True)
    assert stops_after(cough, (280, -20.0), (1000, None)) is None
    assert not cough.undecided


def test_coughs_and_words_with_pauses_between_do_not_add_up() -> None:
    assert stops_after(judge(), *[(200, -20.0), (80, None)] * 10) is None
    assert stops_after(judge(backchannel=True), (440, -20.0), (100, None), (440, -20.0)) is None


def test_who_pauses_and_goes_on_stops_the_prompt() -> None:
    assert stops_after(judge(backchannel=True), *[(440, -20.0), (100, None)] * 3) == 1380


def test_a_gap_within_a_word_does_not_begin_anew() -> None:
    assert stops_after(judge(), (200, -20.0), (60, None), (400, -20.0)) == 360


def test_the_beginning_that_the_detector_was_not_yet_sure_of_counts() -> None:
    late = judge()
    for _ in range(4):
        assert not late.hear(FRAME, -25.0, voiced=False)
    assert stops_after(late, (1000, -20.0)) == 220


def test_faint_sound_before_the_voice_does_not_count() -> None:
    late = judge()
    for _ in range(4):
        assert not late.hear(FRAME, -35.0, voiced=False)
    assert stops_after(late, (1000, -20.0)) == 300


def test_the_look_is_at_the_voice_from_its_onset() -> None:
    seen = []
    watching = BargeInJudge(lambda sound: bool(seen.append(sound)))
    for number in range(40):
        frame = np.full(FRAME_SAMPLES, number, np.int16)
        if watching.hear(frame, QUIET_DBFS if number < 10 else -20.0, voiced=number >= 10):
            break
    (sound,) = seen
    assert np.array_equal(sound, np.repeat(np.arange(10, 25), FRAME_SAMPLES))


def test_who_speaks_far_fainter_than_the_caller_is_somebody_behind_them() -> None:
    knowing = judge()
    knowing.learn((np.sin(np.arange(16_000)) * 4600).astype(np.int16))  # -20 dBFS
    assert stops_after(knowing, (2000, -35.0)) is None
    knowing.begin()
    assert stops_after(knowing, (2000, -29.0)) == 300


def test_a_short_answer_does_not_tell_how_loud_the_caller_is() -> None:
    knowing = judge()
    knowing.learn((np.sin(np.arange(4000)) * 4600).astype(np.int16))
    assert stops_after(knowing, (2000, -35.0)) == 300


def test_another_question_begins_anew() -> None:
    again = judge(backchannel=True)
    assert stops_after(again, (400, -20.0)) is None
    again.begin()
    assert not again.undecided
    assert stops_after(again, (1000, -20.0)) == 600
