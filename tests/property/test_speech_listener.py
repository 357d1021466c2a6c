"""Whatever a line brings: every question ends in time, with one answer, and what was heard is one piece of the call."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialogue.actions import BargeIn, KeyEntry, Listen, Record
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES
from gateway.speech import events
from tests.support.ears import Timeline

pytestmark = pytest.mark.property

frame_times = st.integers(0, 1000).map(lambda number: number * FRAME_MS)


def spans(longest_frames: int) -> st.SearchStrategy[list[tuple[float, float]]]:
    """Speech and pauses in turn, as (from, to) in ms."""

    def cut(lengths: list[int]) -> list[tuple[float, float]]:
        edges = [float(edge * FRAME_MS) for edge in itertools.accumulate(lengths)]
        return list(zip(edges[::2], edges[1::2], strict=False))

    return st.lists(st.integers(1, longest_frames), max_size=60).map(cut)


questions = st.builds(
    Listen,
    node=st.just("q"),
    timeout_ms=st.integers(500, 8000),
    speech_timeout_ms=st.integers(200, 2500),
    max_speech_ms=st.integers(1000, 8000),
    keys=st.builds(
        KeyEntry,
        max_digits=st.integers(1, 6),
        finish_on_key=st.none() | st.just("#"),
        inter_digit_timeout_ms=st.integers(300, 3000),
    ),
)
records = st.builds(
    Record,
    node=st.just("q"),
    timeout_ms=st.integers(500, 8000),
    speech_timeout_ms=st.integers(200, 4000),
    max_speech_ms=st.integers(1000, 8000),
)
lines = st.builds(
    Timeline,
    speech=spans(8) | spans(200),
    keys=st.dictionaries(frame_times, st.sampled_from("0129*#"), max_size=5),
    prompt=st.none() | frame_times.map(lambda end_ms: (0.0, end_ms / 2)),
    barge_in=st.sampled_from(BargeIn),
    faded=spans(20),
    cuttable=st.booleans(),
)


def answers(line: Timeline) -> list[object]:
    utterances = [utterance for utterance in line.all(events.Utterance) if utterance.answers]
    return [*utterances, *line.all(events.Message), *line.all(events.KeysEntered), *line.all(events.NoInput)]


@settings(deadline=None, max_examples=150)
@given(lines, questions | records)
def test_a_question_ends_in_time_with_exactly_one_answer(line: Timeline, question: Listen | Record) -> None:
    prompt_ms = line.prompt[1] if line.prompt else 0.0
    longest_ms = question.timeout_ms + question.max_speech_ms + question.speech_timeout_ms
    digits_ms = 5 * 3000
    line.run(prompt_ms + longest_ms + digits_ms + 10_000, question)
    assert len(answers(line)) == 1
    assert not line.listener.armed
    assert len(line.all(events.BargeIn)) <= 1
    if line.barge_in is BargeIn.OFF or not prompt_ms:
        assert not line.all(events.BargeIn)


@settings(deadline=None, max_examples=150)
@given(lines, questions | records)
def test_every_utterance_is_one_unbroken_piece_of_the_call(line: Timeline, question: Listen | Record) -> None:
    for _ in range(6):
        line.run(line.now_ms + 5000, question)
    last_end_ms = 0.0
    for utterance in [*line.all(events.Utterance), *line.all(events.Message)]:
        marks = utterance.pcm[::FRAME_SAMPLES].astype(int)
        assert np.array_equal(utterance.pcm, np.repeat(marks, FRAME_SAMPLES))
        assert np.array_equal(marks, np.arange(marks[0], marks[0] + len(marks)))
        begins_ms, ends_ms = marks[0] * FRAME_MS, (marks[-1] + 1) * FRAME_MS
        assert max(0.0, last_end_ms) <= begins_ms <= utterance.start_ms <= begins_ms + 300
        assert utterance.end_ms <= ends_ms <= min(utterance.end_ms + 200, utterance.ended_at_ms)
        assert utterance.end_ms - utterance.start_ms <= max(question.max_speech_ms, 15_000) + FRAME_MS
        last_end_ms = utterance.end_ms


@settings(deadline=None, max_examples=150)
@given(lines, questions | records)
def test_what_is_told_about_speech_is_told_in_order(line: Timeline, question: Listen | Record) -> None:
    line.run(30_000, question)
    open_speech = False
    for event in line.heard:
        if isinstance(event, events.SpeechStarted):
            assert not open_speech
            open_speech = True
        elif isinstance(event, events.SpeechDropped | events.Utterance | events.Message):
            assert open_speech
            open_speech = False
    pressed = "".join(event.key for event in line.all(events.KeyPressed))
    assert "".join(entered.digits for entered in line.all(events.KeysEntered)) in pressed
