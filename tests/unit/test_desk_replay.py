"""Stored calls given to a changed flow: what counts as a difference, and what can't be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.desk.recall import Recalled
from gateway.desk.replay import Replay
from gateway.desk.retrace import Where
from gateway.store import ToldCall
from tests.support.small_flow import SMALL, small_flow
from tests.support.stored import StoredCall

pytestmark = pytest.mark.unit

BEGINS = ("profile:lookup", "main")
STAYS = Where("stays")


def told(call: StoredCall, *, reason: str = "completed", handed_over: Mapping[str, Any] | None = None) -> ToldCall:
    return ToldCall(
        id=call.call_id,
        flow_version="1",
        caller_number="13900001001",
        started_at=datetime(2026, 11, 21, 2, tzinfo=UTC),
        disposition="completed",
        reason=reason,
        transfer={"queue": "general", "handed_over": dict(handed_over)} if handed_over else None,
        events=tuple(call.events),
    )


def goes(node: str) -> Where:
    return Where("goes", node)


def replayed(folder: Path, *calls: StoredCall | ToldCall, changes: Mapping[str, str] | None = None) -> Replay:
    """Through the small flow, with some of its text replaced."""
    text = SMALL
    for old, new in (changes or {}).items():
        assert old in text
        text = text.replace(old, new)
    replay = Replay(small_flow(folder, text))
    for call in calls:
        replay.add(call if isinstance(call, ToldCall) else told(call))
    return replay


def differences(replay: Replay) -> list[tuple[str, Where, Where]]:
    return [(one.node, one.before, one.now) for one in replay.differences]


def test_an_answer_that_is_now_understood(tmp_path: Path) -> None:
    call = StoredCall("c1").enters(*BEGINS).says("看花费").says("账单", "main", "bill:lookup", matched="bill")
    replay = replayed(tmp_path, call, changes={"phrases: [账单,": "phrases: [看花费, 账单,"})
    assert differences(replay) == [("main", STAYS, goes("bill"))]
    assert (replay.calls, replay.calls_elsewhere, replay.answers, replay.same, replay.different) == (1, 1, 2, 1, 1)
    assert replay.changes == {("main", STAYS, goes("bill")): 1}
    assert replay.differences[0].said == "看花费"


def test_an_answer_that_now_leads_elsewhere(tmp_path: Path) -> None:
    call = StoredCall("c1").enters(*BEGINS).keys("1", "main", "bill:lookup", matched="bill")
    replay = replayed(tmp_path, call, changes={'key: "1", go: bill': 'key: "1", go: pin'})
    assert differences(replay) == [("main", goes("bill"), goes("pin"))]


def test_a_retry_that_now_comes_too_late(tmp_path: Path) -> None:
    """The third failure leads to a human: with two retries the second does."""
    call = (
        StoredCall("c1").enters(*BEGINS).says("密码", "main", "pin:collect", matched="pin").silent("pin").silent("pin")
    )
    call.says("一二三四", "pin", "pin=1234", "more", matched="pin")
    replay = replayed(tmp_path, call, changes={"    slot: pin\n": "    slot: pin\n    max_retries: 2\n"})
    assert differences(replay) == [("pin", STAYS, goes("human"))]


def test_a_confirmation_that_is_now_asked_for_and_one_that_is_not(tmp_path: Path) -> None:
    asked = StoredCall("c1").enters(*BEGINS).says("预约", "main", "day:collect", matched="day")
    asked.says("二零二六年十二月一号", "day", outcome="confirm", matched="day")
    asked.says("对", "day", "day=2026-12-01", "more", matched="yes")
    never = replayed(
        tmp_path, asked, changes={"    slot: day\n    confirm: always\n": "    slot: day\n    confirm: never\n"}
    )
    assert differences(never) == [("day", Where("asks", "day"), goes("more"))], "the yes after it still settles it"
    straight = StoredCall("c2").enters(*BEGINS).says("密码", "main", "pin:collect", matched="pin")
    straight.says("一二三四", "pin", "pin=1234", "more", matched="pin")
    always = replayed(tmp_path, straight, changes={"    slot: pin\n": "    slot: pin\n    confirm: always\n"})
    assert differences(always) == [("pin", goes("more"), Where("asks", "pin"))]


def test_a_mode_that_is_now_entered_later(tmp_path: Path) -> None:
    call = StoredCall("c1").enters(*BEGINS).silent().silent("main", "mode=elderly").silent("main", "human:transfer")
    replay = replayed(tmp_path, call, changes={"errors: 2": "errors: 3"})
    assert differences(replay) == [("main", Where("changes", "elderly"), STAYS)]
    assert replay.same == 2, "in the mode the first failure leads to a human, as it did"


def test_hearing_a_question_again_forgives_no_failure(tmp_path: Path) -> None:
    call = StoredCall("c1").enters(*BEGINS).silent().keys("9", matched="repeat").silent("main", "mode=elderly")
    assert differences(replayed(tmp_path, call)) == []


def test_a_mode_that_is_gone_is_the_standard_one(tmp_path: Path) -> None:
    call = StoredCall("c1").enters(*BEGINS).says("老年人", "main", "mode=senior", matched="senior").silent()
    assert differences(replayed(tmp_path, call)) == [("main", Where("changes", "senior"), Where("changes", "elderly"))]


def test_nodes_that_are_gone_or_ask_nothing_any_more(tmp_path: Path) -> None:
    call = StoredCall("c1").enters("profile:lookup", "old").says("账单", "old", "bill", matched="bill")
    call.says("什么", "bill", "main").keys("0", "main", "human:transfer", matched="agent")
    replay = replayed(tmp_path, call)
    assert replay.unplaced == {"gone": 1, "asks_nothing": 1}
    assert (replay.same, replay.different) == (1, 0)


def test_a_caller_who_was_gone_before_the_reply(tmp_path: Path) -> None:
    """What they said last was understood, and nothing followed."""
    call = StoredCall("c1").enters(*BEGINS).silent().says("账单", matched="bill", turn_latency_ms=None)
    gone = replayed(tmp_path, told(call, reason="caller_hung_up"))
    assert (gone.unplaced, gone.same, gone.different) == ({"unknown": 1}, 1, 0)


@pytest.mark.parametrize(("disposition", "reason"), [("failed", "rtp_timeout"), ("completed", "drain_forced")])
def test_a_call_that_was_cut_off_before_the_reply(tmp_path: Path, disposition: str, reason: str) -> None:
    call = StoredCall("c1").enters(*BEGINS).silent().says("账单", matched="bill", turn_latency_ms=None)
    gone = replayed(tmp_path, replace(told(call, reason=reason), disposition=disposition))
    assert (gone.unplaced, gone.same, gone.different) == ({"unknown": 1}, 1, 0)


def test_a_confirmation_of_what_is_no_option_any_more(tmp_path: Path) -> None:
    call = StoredCall("c1").enters(*BEGINS).says("账单?", outcome="confirm", matched="old_option")
    replay = replayed(tmp_path, call.says("对", "main", "bill:lookup", matched="yes"))
    assert differences(replay) == [("main", Where("asks", "old_option"), Where("asks", "bill"))]
    assert replay.unplaced == {"unknown": 1}


@pytest.mark.parametrize("asked", [True, False])
def test_a_question_skipped_by_what_isn_t_stored_is_no_difference(tmp_path: Path, asked: bool) -> None:
    """Whether the caller was known isn't told: the question may have been put or passed over."""
    call = StoredCall("c1").enters(*BEGINS).says("留言", "main", "words:collect", matched="talk")
    call.says("我要说的话很长很长", "words", "words=x", "number:collect" if asked else "more", matched="words")
    changes = {"skip_when: caller.number or slots.number": "skip_when: caller.known"}
    assert differences(replayed(tmp_path, call, changes=changes)) == []
    if asked:
        assert differences(replayed(tmp_path, call)) == [("words", goes("number"), goes("more"))], (
            "the number is stored"
        )


def test_a_difference_names_where_it_leads_if_the_question_is_skipped(tmp_path: Path) -> None:
    ask = "  ask: {collect: 几次？, slot: count, skip_when: caller.known, confirm: never, then: sure}\n  goodbye: {"
    changes = {'key: "2", go: pin}': 'key: "2", go: ask}', "  goodbye: {": ask}
    replay = replayed(
        tmp_path, StoredCall("c1").enters("main").keys("2", "main", "pin", matched="pin"), changes=changes
    )
    assert differences(replay) == [("main", goes("pin"), goes("ask"))]
    assert [one.now.or_else for one in replay.differences] == ["sure"]


def test_a_sub_flow_that_takes_the_place_of_a_question_is_a_new_place(tmp_path: Path) -> None:
    """Its `call` node is only the way there."""
    call = StoredCall("c1").enters(*BEGINS).says("密码", "main", "pin:collect", matched="pin")
    changes = {
        'key: "2", go: pin}': 'key: "2", go: ask_pin}',
        "  goodbye: {hangup: 再见。}\n": "  goodbye: {hangup: 再见。}\n  ask_pin: {call: ask, then: more}\nsubflows:\n"
        "  ask: {entry: where, nodes: {where: {collect: 密码？, slot: pin, confirm: never, then: return}}}\n",
    }
    assert differences(replayed(tmp_path, call, changes=changes)) == [("main", goes("pin"), goes("ask.where"))]


LEAVE = "  goodbye: {hangup: 再见。}\n  leave: {message: 请留言。, then: more}\n"
"""Ends like the small flow, and has a message."""


def with_messages(**changes: str) -> dict[str, str]:
    return {"  goodbye: {hangup: 再见。}\n": LEAVE.replace("then: more", changes.get("leave", "then: more"))}


@pytest.mark.parametrize(
    ("key", "then", "matched"),
    [("", "more", "message"), ("5", "more", "message"), ("0", "human:transfer", "agent"), ("9", "", "repeat")],
)
def test_a_message_and_the_key_that_ended_it_are_one_answer(tmp_path: Path, key: str, then: str, matched: str) -> None:
    call = StoredCall("c1").enters(*BEGINS, "leave:message")
    call.leaves("leave", *filter(None, [then]), key=key, matched=matched)
    call.keys("0", *(("leave",) if key == "9" else ("more",)), "human:transfer", matched="agent").hears()
    replay = replayed(tmp_path, call, changes=with_messages())
    assert (replay.answers, replay.same, differences(replay)) == (2, 2, [])


def test_a_key_that_has_become_the_finish_key(tmp_path: Path) -> None:
    call = StoredCall("c1").enters(*BEGINS, "leave:message").keys("*", "leave")
    call.leaves("leave", "main", key="*", matched="back").hears()
    replay = replayed(tmp_path, call, changes=with_messages(leave='then: more, finish_on_key: "*"'))
    assert differences(replay) == [("leave", goes("main"), goes("more"))]
    assert replay.differences[0].said == "*"


def test_a_message_that_now_leads_elsewhere(tmp_path: Path) -> None:
    call = StoredCall("c1").enters(*BEGINS, "leave:message").leaves("leave", "more", matched="message").hears()
    again = StoredCall("c2").enters(*BEGINS, "leave:message").leaves("leave", "more", key="5", matched="message")
    replay = replayed(tmp_path, call, again.hears(), changes=with_messages(leave="then: goodbye"))
    assert differences(replay) == [("leave", goes("more"), goes("goodbye"))] * 2


def test_numbers_are_masked(tmp_path: Path) -> None:
    call = (
        StoredCall("c1").enters(*BEGINS).says("我是13812345678", "main", "pin", matched="x").keys("13812345678", "pin")
    )
    kept = replayed(tmp_path, call).differences
    assert [one.said for one in kept] == ["我是138****5678"]
    keyed = StoredCall("c1").enters("number:collect").keys("13812345678", "number", "main", matched="number")
    assert [one.said for one in replayed(tmp_path, keyed).differences] == ["138****5678"]


def test_only_the_first_differences_are_kept(tmp_path: Path) -> None:
    replay = Replay(small_flow(tmp_path), max_kept=2)
    for number in range(5):
        replay.add(told(StoredCall(f"c{number}").enters(*BEGINS).silent("main", "human:transfer")))
    assert [one.call_id for one in replay.differences] == ["c0", "c1"]
    assert (replay.different, replay.calls_elsewhere) == (5, 5)


def test_what_a_human_was_told_is_known_and_the_rest_are_samples(tmp_path: Path) -> None:
    packet = {"caller": {"age": 70, "known": "perhaps"}, "records": {"bill": {"due": "35.60"}, "other": {"a": 1}}}
    flow = small_flow(tmp_path)
    state = Recalled(flow, told(StoredCall("c"), handed_over=packet)).dialogue().state
    assert state.caller == {"number": "13900001001", "age": 70, "known": None}
    assert state.saved == {"bill": {"due": Decimal("35.60"), "card": "金卡"}}


def test_slots_are_read_back_by_their_type(tmp_path: Path) -> None:
    changes = "words: text, town: {type: choice, options: {north: {label: 北, phrases: [北]}}}}"
    flow = small_flow(tmp_path, SMALL.replace("words: text}", changes))
    recalled = Recalled(flow, told(StoredCall("c")))
    texts = {
        "number": "139",
        "day": "2026-12-01",
        "much": "35.6",
        "month": "2026-11-01",
        "sure": "True",
        "town": "north",
    }
    known = recalled.slots(texts | {"no_such_slot": "x"}, {})
    assert known == {
        "number": "139",
        "day": date(2026, 12, 1),
        "much": Decimal("35.6"),
        "month": date(2026, 11, 1),
        "sure": True,
        "town": "north",
    }
    assert known["town"].label == "北"
    assert recalled.slots({"day": "soon", "town": "gone", "sure": "maybe"}, {}) == dict.fromkeys(
        ("day", "town", "sure")
    )
    own = Decimal("35.6")
    assert recalled.slots({"much": "35.6"}, {"much": own})["much"] is own


def test_a_call_that_goes_on_with_a_lost_one_is_set_aside(tmp_path: Path) -> None:
    lost = StoredCall("c1").enters(*BEGINS).keys("2", "main", "pin:collect", matched="pin")
    again = StoredCall("c2", resumes="c1").enters("pin:collect")
    again.keys("1234", "pin", "pin=1234", "main", matched="pin").says("什么")
    replay = replayed(tmp_path, lost, again, StoredCall("c3", resumes="c1").enters("pin:collect"))
    assert (replay.calls, replay.answers, replay.same, replay.different) == (3, 3, 1, 0)
    assert replay.unplaced == {"resumed": 2}
