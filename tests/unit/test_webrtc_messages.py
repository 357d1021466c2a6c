"""What a page and its call say to each other beside the sound."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway import events
from gateway.transport.leg import HotlineState
from gateway.transport.webrtc.messages import MAX_MESSAGE_BYTES, Said, Teller, read_message, write_message

pytestmark = pytest.mark.unit

SPEAKING = HotlineState(speaking=True, listening=False)
LISTENING = HotlineState(speaking=False, listening=True)
BUSY = HotlineState(speaking=False, listening=False)
SPEECH = events.SpeechStarted(call_id="c", at_ms=0, onset_ms=0, over_prompt=False)


def prompt(text: str) -> events.PromptStarted:
    return events.PromptStarted(call_id="c", at_ms=0, node="main", text=text)


def heard(text: str) -> events.UtteranceHeard:
    return events.UtteranceHeard(
        call_id="c", at_ms=0, text=text, confidence=1.0, rejected=None, start_ms=0, end_ms=1, recognise_ms=1
    )


def told(message: str | None) -> dict[str, Any] | None:
    return None if message is None else json.loads(message)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type":"alive"}', Said("alive")),
        ('{"type":"bye"}', Said("bye")),
        ('{"type":"transferred"}', Said("transferred")),
        ('{"type":"key","key":"#"}', Said("key", "#")),
        ('{"type": "key", "key": "7", "more": 1}', Said("key", "7")),
    ],
)
def test_what_a_page_may_say_is_read(text: str, said: Said) -> None:
    assert read_message(text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "alive",
        "[]",
        "null",
        "1e999",
        '{"type":"shout"}',
        '{"type":["alive"]}',
        '{"type":"key"}',
        '{"type":"key","key":""}',
        '{"type":"key","key":"12"}',
        '{"type":"key","key":"x"}',
        '{"type":"key","key":1}',
        "[" * 400,
        '{"type":"alive","x":"' + "y" * MAX_MESSAGE_BYTES + '"}',
    ],
)
def test_anything_else_is_nothing(text: str) -> None:
    assert read_message(text) is None


def test_both_sides_words_are_captions_and_chinese_stays_readable() -> None:
    teller = Teller()
    assert teller.event(prompt("您好")) == '{"type":"said","who":"hotline","text":"您好"}'
    assert told(teller.event(heard("查话费"))) == {"type": "said", "who": "caller", "text": "查话费"}
    assert teller.event(heard("")) is None, "a noise has no words"


def test_a_state_is_told_once_until_it_changes() -> None:
    teller = Teller()
    assert told(teller.state(SPEAKING)) == {"type": "state", "state": "speaking"}
    assert teller.state(SPEAKING) is None
    assert told(teller.state(LISTENING)) == {"type": "state", "state": "listening"}
    assert told(teller.state(BUSY)) == {"type": "state", "state": "thinking"}


def test_a_voice_is_being_heard_until_its_words_are_there() -> None:
    teller = Teller()
    teller.state(LISTENING)
    teller.event(SPEECH)
    assert told(teller.state(LISTENING)) == {"type": "state", "state": "hearing"}
    assert told(teller.state(BUSY)) == {"type": "state", "state": "thinking"}
    teller.event(heard("查话费"))
    assert told(teller.state(LISTENING)) == {"type": "state", "state": "listening"}


def test_a_voice_over_a_prompt_that_goes_on_is_not_being_heard() -> None:
    teller = Teller()
    teller.state(SPEAKING)
    teller.event(SPEECH)
    assert teller.state(SPEAKING) is None
    teller.event(events.PromptEnded(call_id="c", at_ms=0, node="main", played_ms=1))
    assert told(teller.state(LISTENING)) == {"type": "state", "state": "listening"}


def test_a_voice_that_cuts_a_prompt_is_being_heard() -> None:
    teller = Teller()
    teller.state(SPEAKING)
    teller.event(SPEECH)
    assert teller.state(SPEAKING) is None, "it takes a moment until it is sure to be speech"
    teller.event(events.PromptEnded(call_id="c", at_ms=0, node="main", played_ms=1, cut_by="speech"))
    assert told(teller.state(LISTENING)) == {"type": "state", "state": "hearing"}


def test_who_waits_for_a_human_is_told_so_until_nobody_comes() -> None:
    teller = Teller()
    teller.event(events.TransferRequested(call_id="c", at_ms=0, queue="general", handed_over={}))
    assert told(teller.state(BUSY)) == {"type": "state", "state": "waiting"}
    failed = events.TransferFailed(call_id="c", at_ms=0, queue="general", reason="timeout")
    assert told(teller.event(failed)) == {"type": "transfer_failed"}
    assert told(teller.state(SPEAKING)) == {"type": "state", "state": "speaking"}


def test_keys_and_modes_are_shown_and_inner_matters_are_not() -> None:
    teller = Teller()
    key = events.KeyPressed(call_id="c", at_ms=0, key="5")
    mode = events.ModeChanged(call_id="c", at_ms=0, mode="elderly", reason="asked")
    inner = events.NodeEntered(call_id="c", at_ms=0, node="main", kind="menu")
    assert told(teller.event(key)) == {"type": "key", "key": "5"}
    assert told(teller.event(mode)) == {"type": "mode", "mode": "elderly"}
    assert teller.event(inner) is None
    slot = events.SlotFilled(call_id="c", at_ms=0, slot="phone", value="13800138000")
    assert teller.event(slot) is None


def test_a_message_is_one_line() -> None:
    assert write_message("ended", reason="call_ended") == '{"type":"ended","reason":"call_ended"}'
