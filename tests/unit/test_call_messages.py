"""Messages of one call, tick by tick: kept whole, heard beside the call, and on its record whatever ends it."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway import events
from gateway.dialogue.actions import (
    Action,
    Hangup,
    Heard,
    Keys,
    Lookup,
    NoInput,
    Outcome,
    Record,
    Recorded,
    SlotFilled,
    SurveyAnswered,
    TicketOpened,
    Transfer,
    Understood,
)
from tests.support.bench import QUESTION, Bench, bench, say

pytestmark = pytest.mark.unit

LEAVE = Record("leave", timeout_ms=3000, speech_timeout_ms=1000, max_speech_ms=60_000)
TICKET = TicketOpened("open", "repair", "坏了", "2026-11-23T09:00:00+08:00", "601")


def names(made: Bench) -> list[str]:
    return [type(event).__name__ for event in made.told]


def the_turn(made: Bench) -> events.Turn:
    """The turn of the message, told once and as it is on the record."""
    turns = [event.turn for event in made.all(events.TurnFinished) if event.turn.node == "leave"]
    (turn,) = turns
    assert turn == made.session.result.turns[turn.index]
    return turn


def test_a_message_is_answered_at_once_and_its_words_come_while_the_call_goes_on(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        await b.run(400)
        await b.run(3000, speech=True)
        await b.run(4000)
        assert b.mind.given == [Recorded(3000.0)]
        assert not b.all(events.TurnFinished), "its words are still to come"
        await b.run(200, key="5")
        b.recogniser.release.set()
        await b.run(20_000)

    replies: list[tuple[Action, ...]] = [(LEAVE,), (say("回答"), QUESTION), (say("再问"), Hangup())]
    made = bench(replies, ["我家的宽带坏了"], talk, tmp_path)
    ended = made.session.result
    turn = the_turn(made)
    assert (turn.kind, turn.text, turn.outcome, turn.index) == ("speech", "我家的宽带坏了", "accept", 0)
    assert (turn.silence_window_ms, turn.turn_latency_ms) == (1000, 980), "nobody waits for the recogniser"
    assert turn.voice is not None
    assert [turn.keys for turn in ended.turns] == ["", "5"]
    assert [heard.text for heard in made.all(events.UtteranceHeard)] == ["我家的宽带坏了"]
    assert made.recogniser.awaited == [False], "answers go first"
    (kept,) = made.all(events.MessageRecorded)
    assert ended.messages == [{"node": "leave", "path": kept.path, "start_ms": 400.0, "end_ms": 3400.0}]
    assert kept.path == str(tmp_path / "c-message-1.wav")
    sound, rate_hz = soundfile.read(kept.path, dtype="int16")
    assert (rate_hz, len(sound)) == (16_000, (300 + 3000 + 200) * 16)
    assert np.array_equal(sound[300 * 16 : -200 * 16], np.full(3000 * 16, 9000))


@pytest.mark.parametrize(("speech_ms", "disposition"), [(3000, "completed"), (400, "abandoned")])
@pytest.mark.parametrize("silence_ms", [0, 500])
def test_who_hangs_up_in_the_middle_has_left_a_message(
    tmp_path: Path, speech_ms: int, disposition: str, silence_ms: int
) -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(speech_ms, speech=True)
        if silence_ms:
            await b.run(silence_ms)
        await b.run(500, hang_up=True)
        assert b.session.over
        assert not b.session.ended, "its words are waited for"
        b.recogniser.release.set()
        await b.run(20_000, hang_up=True)

    made = bench([(LEAVE,), (say("回答"), Lookup("x", {}, 1000))], ["明天再说"], talk, tmp_path)
    ended = made.session.result
    assert made.mind.given == [Recorded(float(speech_ms))]
    assert (ended.disposition, ended.reason) == (disposition, "caller_hung_up")
    assert ended.duration_ms == 200 + speech_ms + silence_ms, "nobody was on the line after that"
    assert the_turn(made).text == "明天再说"
    assert len(ended.messages) == 1
    assert Path(ended.messages[0]["path"]).is_file()
    assert names(made)[-1] == "CallEnded"
    assert "PromptStarted" not in names(made)
    assert "LookupFinished" not in names(made), "nothing is done for a caller who has gone"


@pytest.mark.parametrize(("speech_ms", "opened"), [(3000, True), (400, False)])
def test_the_order_for_a_message_is_opened_though_the_caller_has_hung_up(
    tmp_path: Path, speech_ms: int, opened: bool
) -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        b.lookups.release.set()
        await b.run(200)
        await b.run(speech_ms, speech=True)
        await b.run(20_000, hang_up=True)

    replies = [(LEAVE,), (say("回答"), Lookup("ticket.create", {}, 1000)), (TICKET, say("回答"), Lookup("x", {}, 1000))]
    made = bench(replies, ["明天再说"], talk, tmp_path)
    ended = made.session.result
    assert len(ended.tickets) == len(made.all(events.LookupFinished)) == opened
    assert ended.disposition == ("completed" if opened else "abandoned")
    assert ended.duration_ms == 200 + speech_ms
    assert "PromptStarted" not in names(made)


def test_another_key_ends_a_message_which_is_kept_and_is_answered_itself(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(200)
        await b.run(2000, speech=True)
        await b.run(200, speech=True, key="0")
        await b.run(8000)

    made = bench([(LEAVE,), (say("回答"), Transfer("general", {}))], ["算了转人工"], talk, tmp_path)
    assert made.mind.given == [Keys("0", "length", after_message=True)]
    ended = made.session.result
    assert [(turn.node, turn.text, turn.keys, turn.outcome) for turn in ended.turns] == [
        ("leave", "算了转人工", "", "accept"),
        ("leave", "", "0", "accept"),
    ]
    assert ended.disposition == "transferred"
    assert ended.transfer is not None
    assert ended.transfer["handed_over"]["messages"] == ended.messages
    assert [said["text"] for said in ended.transfer["handed_over"]["transcript"]] == ["算了转人工", "0"]
    assert len(ended.messages) == 1


@pytest.mark.parametrize("key", ["#", ""])
def test_no_word_is_no_message(tmp_path: Path, key: str) -> None:
    async def talk(b: Bench) -> None:
        await b.run(400)
        await b.run(8000, key=key)

    made = bench([(LEAVE,), (say("再问"), Hangup("no_message"))], [], talk, tmp_path)
    assert made.mind.given == [NoInput()]
    assert made.session.result.disposition == "abandoned"
    assert [turn.kind for turn in made.session.result.turns] == ["silence"]
    assert list(tmp_path.iterdir()) == []


def test_the_goodbye_is_not_drawn_out_by_words_that_are_still_to_come(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(2000, speech=True)
        await b.run(6000)
        assert b.session.over
        assert not b.session.ended
        b.recogniser.release.set()
        await b.run(20_000)

    made = bench([(LEAVE,), (say("回答"), Hangup())], ["请回电"], talk, tmp_path)
    ended = made.session.result
    assert (ended.disposition, ended.reason) == ("completed", "completed")
    assert ended.duration_ms < 7000 < ended.at_ms
    assert the_turn(made).text == "请回电"


def test_a_call_that_is_ended_from_outside_tells_its_message_without_words(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(2000, speech=True)
        await b.run(1500)
        b.session.end("failed", "cancelled")

    made = bench([(LEAVE,), (say("回答"), QUESTION)], [], talk, tmp_path)
    assert the_turn(made).text == ""
    assert len(made.session.result.messages) == 1
    assert names(made)[-1] == "CallEnded"


def test_what_ended_a_call_stands_while_words_are_waited_for(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        await b.run(200)
        await b.run(2000, speech=True)
        await b.run(200, hang_up=True)
        b.session.end("failed", "cancelled")

    ended = bench([(LEAVE,), (Hangup(),)], [], talk, tmp_path).session.result
    assert (ended.disposition, ended.reason) == ("completed", "caller_hung_up")


def test_a_message_that_cannot_be_written_costs_neither_the_call_nor_its_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)

    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(200)
        await b.run(2000, speech=True)
        await b.run(6000)

    made = bench([(LEAVE,), (say("回答"), Hangup())], ["请回电"], talk, tmp_path / "gone")
    ended = made.session.result
    assert (ended.disposition, ended.messages) == ("completed", [])
    assert the_turn(made).text == "请回电"
    assert made.account.loss is not None
    assert "c-message-1.wav: the message can't be written" in str(made.account.loss)
    assert "only in the call's recording" in caplog.text


def test_a_long_message_is_heard_in_pieces_and_what_was_heard_before_a_failure_is_kept(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(200)
        await b.run(28_000, speech=True)
        await b.run(6000)

    said: list[str | Exception] = ["第一段，", "第二段，", RuntimeError("broken"), "第四段"]
    made = bench([(LEAVE,), (say("回答"), Hangup())], said, talk, tmp_path)
    assert the_turn(made).text == "第一段，第二段，"
    assert made.recogniser.awaited == [False] * 3


def test_each_message_has_a_file_of_its_own(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(200)
        await b.run(2000, speech=True)
        await b.run(3000)
        await b.run(2000, speech=True)
        await b.run(3000)

    made = bench([(LEAVE,), (LEAVE,), (Hangup(),)], ["一", "二"], talk, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c-message-1.wav", "c-message-2.wav"]
    assert [turn.text for turn in made.session.result.turns] == ["一", "二"]


# -------------------------------------------------------------------------------------------- tickets and satisfaction


def test_tickets_and_satisfaction_are_events_and_on_the_record() -> None:
    async def talk(b: Bench) -> None:
        await b.run(40, key="5")
        await b.run(2000)

    made = bench([(TICKET, QUESTION), (SurveyAnswered("rate", 5), Hangup())], [], talk)
    ended = made.session.result
    ticket = {"category": "repair", "summary": "坏了", "due": "2026-11-23T09:00:00+08:00", "number": "601"}
    assert ended.tickets == [ticket]
    assert ended.satisfaction == 5
    (opened,) = made.all(events.TicketOpened)
    assert {name: getattr(opened, name) for name in ticket} == ticket
    assert [event.score for event in made.all(events.SurveyAnswered)] == [5]


def test_an_emptied_slot_is_empty_on_the_record() -> None:
    async def talk(b: Bench) -> None:
        await b.run(2000)

    made = bench([(SlotFilled("number", "600"), SlotFilled("number", None), Hangup())], [], talk)
    assert [event.value for event in made.all(events.SlotFilled)] == ["600", ""]
    assert made.session.result.slots == {"number": ""}


def test_a_human_is_told_of_the_tickets() -> None:
    async def talk(b: Bench) -> None:
        await b.run(2000)

    made = bench([(TICKET, Transfer("general", {"reason": "asked"}))], [], talk)
    transfer = made.session.result.transfer
    assert transfer is not None
    assert [ticket["number"] for ticket in transfer["handed_over"]["tickets"]] == ["601"]


def test_who_says_how_content_they_are_and_hangs_up_is_counted() -> None:
    async def talk(b: Bench) -> None:
        b.recogniser.release.set()
        await b.run(200)
        await b.run(600, speech=True)
        await b.run(20_000, hang_up=True)

    facts = (Understood("rate", Outcome.ACCEPT, "5", 1.0), SurveyAnswered("rate", 5))
    made = bench([(QUESTION,), (*facts, say("回答"), Hangup())], ["非常满意"], talk)
    assert made.mind.given == [Heard("非常满意", 0.9)]
    assert made.session.result.satisfaction == 5


def test_a_ticket_that_is_being_opened_when_the_caller_hangs_up_is_on_the_record() -> None:
    async def talk(b: Bench) -> None:
        await b.run(100)
        await b.run(100, hang_up=True)
        assert not b.session.ended
        b.lookups.release.set()
        await b.run(20_000, hang_up=True)

    made = bench([(Lookup("ticket.create", {}, 1000),), (TICKET, say("回答"), QUESTION)], [], talk)
    ended = made.session.result
    assert [ticket["number"] for ticket in ended.tickets] == ["601"]
    assert (ended.disposition, ended.duration_ms) == ("abandoned", 100)
    assert [event.ok for event in made.all(events.LookupFinished)] == [True]
    assert "PromptStarted" not in names(made)
