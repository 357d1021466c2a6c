"""Whole calls to a hotline that takes messages: real sound and detector, and files that hold what was said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.events import MessageRecorded, SurveyAnswered, TicketOpened, TurnFinished, UtteranceHeard
from gateway.hotline import Hotline
from gateway.store import Store, get_call
from tests.support.after_hours import after_hours
from tests.support.calls import SAMPLES, place_call

pytestmark = pytest.mark.flows

WORDS = str(SAMPLES / "demo" / "angry_words.wav")
"""10 s of speech with pauses in it."""


@pytest.fixture
def hotline(tmp_path: Path) -> Hotline:
    return after_hours(tmp_path)


def test_a_message_leads_to_a_ticket_and_the_question_how_content_the_caller_is(
    tmp_path: Path, hotline: Hotline
) -> None:
    told = place_call(tmp_path / "out", [WORDS, "wait:0.5", "dtmf:#", "dtmf:4"], ["我家的宽带坏了"], to=hotline)
    ended = told.ended
    assert (ended.disposition, ended.path) == ("completed", ["leave", "open", "rate", "goodbye"])
    assert [(turn.node, turn.kind, turn.text or turn.keys) for turn in ended.turns] == [
        ("leave", "speech", "我家的宽带坏了"),
        ("rate", "keys", "4"),
    ]
    assert [turn.outcome for turn in ended.turns] == ["accept", "accept"]
    assert len(told.all(TurnFinished)) == len(told.all(UtteranceHeard)) + 1 == 2
    (opened,) = told.all(TicketOpened)
    assert (opened.category, opened.summary, opened.number) == ("broadband_fault", "留言", "60112735")
    assert [ticket["number"] for ticket in ended.tickets] == ["60112735"]
    assert [event.score for event in told.all(SurveyAnswered)] == [ended.satisfaction] == [4]
    with Store.open(tmp_path / "out") as store:
        call = get_call(store, ended.call_id)
    assert call is not None
    assert (list(call.tickets), list(call.messages), call.satisfaction) == (ended.tickets, ended.messages, 4)
    assert list(call.turns) == ended.turns


def test_the_file_of_a_message_is_that_piece_of_the_recording(tmp_path: Path, hotline: Hotline) -> None:
    told = place_call(tmp_path / "out", [WORDS], ["我家的宽带坏了"], to=hotline)
    (kept,) = told.all(MessageRecorded)
    message, rate_hz = soundfile.read(kept.path, dtype="int16")
    assert rate_hz == 16_000
    assert kept.end_ms - kept.start_ms > 8000, "pauses end no message"
    recording, _ = soundfile.read(told.ended.recording, dtype="int16")
    caller = recording[int(kept.start_ms * 16) : int(kept.end_ms * 16), 0]
    for before_ms in range(0, 320, 20):
        if np.array_equal(message[before_ms * 16 :][: len(caller)], caller):
            break
    else:
        pytest.fail("the message isn't in the recording at the time it says")
    assert Path(kept.path).parent == Path(told.ended.recording or "").parent
    assert Path(kept.path).name == f"{told.ended.call_id}-message-1.wav"


def test_who_hangs_up_in_the_message_has_completed_the_call(tmp_path: Path, hotline: Hotline) -> None:
    ended = place_call(tmp_path / "out", [WORDS, "wait:1", "hangup"], ["我家的宽带坏了"], to=hotline).ended
    assert (ended.disposition, ended.reason, ended.path) == ("completed", "caller_hung_up", ["leave"])
    assert [turn.text for turn in ended.turns] == ["我家的宽带坏了"]
    assert len(ended.messages) == 1
    assert [ticket["number"] for ticket in ended.tickets] == ["60112735"], "somebody has to listen to it"


def test_another_key_in_the_message_is_what_the_caller_wants(tmp_path: Path, hotline: Hotline) -> None:
    ended = place_call(tmp_path / "out", [WORDS, "wait:0.5", "dtmf:0"], ["算了"], to=hotline).ended
    assert ended.disposition == "transferred"
    assert [turn.text or turn.keys for turn in ended.turns] == ["算了", "0"]
    assert ended.transfer is not None
    assert len(ended.transfer["handed_over"]["messages"]) == 1


@pytest.mark.parametrize("key", ["5", "*"])
def test_a_key_that_means_nothing_ends_a_message_like_any_other(tmp_path: Path, hotline: Hotline, key: str) -> None:
    steps = [WORDS, "wait:0.5", f"dtmf:{key}", "wait:1", "dtmf:4"]
    ended = place_call(tmp_path / "out", steps, ["我家的宽带坏了"], to=hotline).ended
    assert ended.path == ["leave", "open", "rate", "goodbye"]
    assert [turn.outcome for turn in ended.turns] == ["accept", "accept", "accept"]
    assert len(ended.tickets) == len(ended.messages) == 1


@pytest.mark.parametrize("steps", [["wait:60"], ["wait:5", "dtmf:#", "wait:60"]])
def test_nothing_said_is_no_message(tmp_path: Path, hotline: Hotline, steps: list[str]) -> None:
    told = place_call(tmp_path / "out", steps, to=hotline)
    assert told.ended.messages == []
    assert told.ended.path[-1] == "goodbye"
    assert {turn.kind for turn in told.ended.turns} == {"silence"}
    assert [file.suffix for file in (tmp_path / "out" / "recordings").iterdir()] == [".wav"]


def test_three_minutes_are_kept_and_heard_in_pieces(tmp_path: Path, hotline: Hotline) -> None:
    steps = [WORDS, "wait:0.2"] * 19 + ["hangup"]
    told = place_call(tmp_path / "out", steps, [f"{piece}；" for piece in range(100)], to=hotline)
    (kept,) = told.all(MessageRecorded)
    assert kept.end_ms - kept.start_ms == pytest.approx(180_000, abs=1000)
    pieces = told.ended.turns[0].text.split("；")[:-1]
    assert pieces == [str(number) for number in range(len(pieces))]
    assert 22 < len(pieces) <= 90
