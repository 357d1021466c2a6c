"""Whole calls: real sound, detector, flow and recordings; only what the recogniser makes of it is written down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.events import (
    CallStarted,
    KeyPressed,
    LookupFinished,
    ModeChanged,
    PromptEnded,
    TransferFailed,
    TransferRequested,
    TurnFinished,
    UtteranceHeard,
)
from gateway.settings import Settings
from gateway.store import Store, get_call
from gateway.store import events as stored_events
from gateway.transport.leg import HandOver
from gateway.transport.loopback.leg import LoopbackLeg
from tests.support.calls import ELDER, IN_ARREARS, SAMPLES, hotline, place_call

pytestmark = pytest.mark.flows

SPEECH = str(SAMPLES / "demo" / "balance.wav")
LONG_SPEECH = str(SAMPLES / "demo" / "angry_words.wav")


def test_a_balance_is_asked_for_and_told(tmp_path: Path) -> None:
    told = place_call(tmp_path, [SPEECH, SPEECH], ["查话费", "没有了"])
    ended = told.ended
    assert ended.disposition == "completed"
    assert ended.options == ["balance", "nothing"]
    assert [turn.text for turn in ended.turns] == ["查话费", "没有了"]
    assert ended.turns[0].matched == "balance"
    assert "您的话费余额为三十五元六角" in told.said[2]
    assert ended.path[-1] == "goodbye"
    assert told.all(LookupFinished)[0].name == "caller.profile"
    assert isinstance(told.events[0], CallStarted)


def test_what_was_said_has_the_voice_that_said_it_and_keys_have_none(tmp_path: Path) -> None:
    spoken, keyed = place_call(tmp_path, [SPEECH, "wait:1", "dtmf:8"], ["查话费"]).ended.turns
    assert spoken.voice is not None
    assert spoken.voice.pitch_hz is not None
    assert 150 < spoken.voice.pitch_hz < 400
    assert -40 < spoken.voice.loudness_dbfs < -10
    assert 200 < spoken.voice.speech_ms <= spoken.heard_ms
    assert keyed.voice is None


def test_turn_latency_is_the_silence_window_and_what_of_the_work_it_does_not_hide(tmp_path: Path) -> None:
    hotline().warm()  # as in service: nobody waits for a matcher to be made
    turn = place_call(tmp_path, [str(SAMPLES / "balance_1.wav")], ["查话费"]).ended.turns[0]
    assert turn.turn_latency_ms is not None
    assert 450 <= turn.silence_window_ms <= 520, "a sure phrase is over sooner than one that may go on"
    assert turn.silence_window_ms <= turn.turn_latency_ms <= turn.silence_window_ms + max(60, turn.recognise_ms)
    assert turn.turn_latency_ms % 20 == 0, "a reply begins on a frame of the media clock"
    assert turn.heard_ms == turn.end_ms - turn.start_ms > 300


def test_a_caller_who_hangs_up_with_the_answer_has_been_served(tmp_path: Path) -> None:
    assert place_call(tmp_path, [SPEECH], ["查话费"]).ended.disposition == "completed"


def test_a_caller_who_hangs_up_before_it_abandons(tmp_path: Path) -> None:
    told = place_call(tmp_path, ["wait:2", "hangup"])
    assert told.ended.disposition == "abandoned"
    assert told.ended.reason == "caller_hung_up"
    assert told.ended.turns == []


def test_keys_alone_walk_the_menu(tmp_path: Path) -> None:
    told = place_call(tmp_path, ["dtmf:1", "wait:1", "dtmf:8"])
    assert told.ended.options == ["balance", "nothing"]
    assert [key.key for key in told.all(KeyPressed)] == ["1", "8"]
    assert [turn.kind for turn in told.ended.turns] == ["keys", "keys"]
    assert {turn.score for turn in told.ended.turns} == {1.0}


def test_a_key_cuts_the_prompt_and_is_not_lost(tmp_path: Path) -> None:
    told = place_call(tmp_path, ["wait:9", "dtmf:0"])
    assert told.ended.options == ["agent"]
    cut = [event for event in told.all(PromptEnded) if event.cut_by]
    assert [event.cut_by for event in cut] == ["keys"]


def test_speech_over_a_prompt_cuts_it_and_is_the_answer(tmp_path: Path) -> None:
    told = place_call(tmp_path, ["wait:8", f"over:{SPEECH}"], ["转人工"])
    assert told.ended.disposition == "transferred"
    assert "speech" in {event.cut_by for event in told.all(PromptEnded)}


def test_a_72_year_old_is_greeted_in_the_elderly_mode_and_reaches_a_human(tmp_path: Path) -> None:
    told = place_call(tmp_path, [SPEECH], ["我要找人工"], caller=ELDER)
    ended = told.ended
    assert ended.mode == "elderly"
    assert ended.disposition == "transferred"
    assert ended.transfer is not None
    assert ended.transfer["queue"] == "elderly"
    assert ended.transfer["handed_over"]["transcript"] == [{"node": "main", "text": "我要找人工"}]
    assert told.all(ModeChanged)[0].at_ms < 2000
    assert "长辈" in told.said[0]


def test_an_elder_reaches_a_human_at_the_first_failure(tmp_path: Path) -> None:
    ended = place_call(tmp_path, ["wait:60"], caller=ELDER).ended
    assert ended.disposition == "transferred"
    assert [turn.kind for turn in ended.turns] == ["silence"]


def test_silence_ends_at_a_human_after_three_askings_each_in_other_words(tmp_path: Path) -> None:
    told = place_call(tmp_path, ["wait:120"])
    assert told.ended.disposition == "transferred"
    assert [turn.outcome for turn in told.ended.turns] == ["no_input"] * 3
    asked = told.said[1:-1]
    assert len(set(asked)) == len(asked) >= 3


def test_noise_is_no_answer_and_does_not_hang_the_call(tmp_path: Path) -> None:
    told = place_call(tmp_path, [SPEECH] * 12, [])
    assert told.ended.disposition == "transferred"
    assert all(heard.text == "" for heard in told.all(UtteranceHeard))
    assert {turn.outcome for turn in told.ended.turns} == {"no_input"}


def test_an_angry_caller_leaves_a_complaint_with_a_number_by_keys(tmp_path: Path) -> None:
    steps = ["wait:8", f"over:{SPEECH}", LONG_SPEECH, "dtmf:2", "dtmf:13900001004#", SPEECH, SPEECH]
    told = place_call(tmp_path, steps, ["我要投诉", "你们乱扣我的钱", "对", "没有了"], caller=IN_ARREARS)
    ended = told.ended
    assert ended.disposition == "completed"
    assert ended.options[0] == "complaint"
    assert ended.slots["matter"] == "你们乱扣我的钱"
    assert ended.slots["callback"] == "13900001004"
    assert any("工单号是" in text for text in told.said)


def test_when_no_human_can_be_reached_the_caller_is_told(tmp_path: Path) -> None:
    told = place_call(tmp_path, ["dtmf:0"], handing_over=HandOver(ok=False, reason="486"))
    assert (told.ended.disposition, told.ended.reason, told.ended.transfer) == ("abandoned", "no_agent", None)
    assert [event.reason for event in told.all(TransferFailed)] == ["486"]
    assert "人工坐席都在忙" in told.said[-1]


def test_a_transfer_that_nobody_answers_for_is_given_up(tmp_path: Path) -> None:
    told = place_call(tmp_path, ["dtmf:0"], handing_over=None)
    (asked,), (failed,) = told.all(TransferRequested), told.all(TransferFailed)
    assert failed.at_ms - asked.at_ms == pytest.approx(90_000, abs=40)
    assert told.ended.reason == "no_agent"


class _Broken:
    """An engine that fails as a library may."""

    name = "broken"

    def __init__(self) -> None:
        from asr.engine import Capabilities

        self.capabilities = Capabilities(streaming=False, hints=False, word_times=False)

    def stream(self, hints: object = (), **_: object) -> _Broken:
        return self

    def accept(self, pcm: object) -> None:
        return None

    def finish(self) -> None:
        raise RuntimeError("out of memory")

    def close(self) -> None:
        return None


def test_a_failing_engine_costs_turns_and_not_the_call(tmp_path: Path) -> None:
    told = place_call(tmp_path, [SPEECH] * 12, _Broken())
    assert told.ended.disposition == "transferred"
    assert {heard.rejected for heard in told.all(UtteranceHeard)} == {"failed"}


def test_keys_work_when_the_engine_does_not(tmp_path: Path) -> None:
    told = place_call(tmp_path, [SPEECH, "wait:1", "dtmf:1"], _Broken())
    assert told.ended.options == ["balance"]


def test_a_call_that_nothing_else_ends_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reasons: list[str] = []
    monkeypatch.setattr(LoopbackLeg, "hang_up", lambda _, reason: reasons.append(reason))
    told = place_call(tmp_path, ["wait:600"], settings=Settings(max_call_s=10))
    assert reasons == ["max_call_time"], "the caller's side is told why"
    assert told.ended.disposition == "failed"
    assert told.ended.reason == "max_call_time"
    assert told.ended.duration_ms == pytest.approx(10_000, abs=40)


def test_the_recording_has_each_side_in_its_place(tmp_path: Path) -> None:
    ended = place_call(tmp_path, [SPEECH], ["查话费"]).ended
    assert ended.recording is not None
    sound, rate_hz = soundfile.read(ended.recording, dtype="int16")
    assert rate_hz == 16_000
    assert sound.shape == (pytest.approx(ended.duration_ms * 16, abs=640), 2)
    turn = ended.turns[0]
    caller, hotline_side = sound[int(turn.start_ms * 16) : int(turn.end_ms * 16)].astype(float).T
    assert np.sqrt((caller**2).mean()) > 500, "the caller speaks on the left"
    assert np.abs(hotline_side).max() == 0, "while the hotline listens on the right"


def test_what_was_told_is_what_is_stored(tmp_path: Path) -> None:
    told = place_call(tmp_path, [SPEECH], ["查话费"])
    store = Store.open(tmp_path)
    try:
        call = get_call(store, told.ended.call_id)
        assert call is not None
        assert call.disposition == "completed"
        assert list(call.turns) == told.ended.turns
        assert stored_events(store, told.ended.call_id) == told.events
    finally:
        store.close()
    assert len(told.all(TurnFinished)) == len(told.ended.turns)
