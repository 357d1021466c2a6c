"""Whatever callers do, a call replayed through the very flow that it went through goes where it went."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.desk.replay import Replay
from gateway.dialogue.actions import (
    Action,
    EnterNode,
    Heard,
    Input,
    Keys,
    Lookup,
    LookupFailed,
    LookupSucceeded,
    ModeChanged,
    NoInput,
    Record,
    Recorded,
    SlotFilled,
    Transfer,
    Understood,
)
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.machine import Dialogue
from gateway.store import ToldCall
from tests.support.small_flow import SMALL, small_flow
from tests.support.stored import StoredCall

pytestmark = pytest.mark.property

NUMBER = "13900001001"
MORE = """\
  part: {call: ask, with: {why: "'金卡'"}, then: rate}
  rate: {survey: 请打分。, then: leave}
  leave: {message: 请留言。, then: more}
subflows:
  ask:
    entry: where
    slots: {side: {type: choice, options: {west: {label: 西边, phrases: [西边]}, east: {label: 东边, phrases: [东边]}}}}
    variables: {why: text}
    nodes:
      where: {collect: "为{vars.why | text}，哪边？", slot: side, confirm_prompt: "是{value | text}吗？", then: known}
      known: {collect: 几号？, slot: count, skip_when: caller.known, confirm: never, then: return}
"""
TEXT = SMALL.replace("      agent: {}\n", "      agent: {}\n      part: {phrases: [分部], go: part}\n", 1) + MORE
WORDS = (
    *("账单", "密码", "预约", "留言", "登记", "升级", "分部", "老年人", "快一点", "人工", "再说一遍", "返回", "再见"),
    *("没有了", "对", "不对", "不是，是密码", "一二三四", "十二月一号", "三十块", "十一月", "五次", "西边", "东边"),
    *("满意", "我要说的话很长很长很长", NUMBER, "什么"),
)
MESSAGE_KEYS = [Keys(key, after_message=True) for key in ("0", "1", "9", "*")]
ANSWERS = st.one_of(
    st.sampled_from(WORDS).flatmap(lambda text: st.sampled_from([Heard(text), Heard(text + "?", 0.3)])),
    st.sampled_from(["0", "1", "2", "3", "4", "7", "8", "9", "*", "1234", "20261201", NUMBER]).map(Keys),
    st.just(NoInput()),
    st.sampled_from(MESSAGE_KEYS),
)
RECORDS = st.fixed_dictionaries(
    {
        "known": st.booleans(),
        "age": st.sampled_from([30, 70]),
        "due": st.sampled_from([0, 500]),
        "card": st.just("金卡"),
    }
)


@cache
def flow() -> CompiledFlow:
    with TemporaryDirectory() as folder:
        return small_flow(Path(folder), TEXT)


class Line:
    """A call told to the store as a real one is, from a dialogue that runs without one."""

    def __init__(self, record: dict[str, Any] | None) -> None:
        self._record = record
        began = datetime(2026, 11, 21, 2, tzinfo=UTC)
        self._dialogue = Dialogue(flow(), {"number": NUMBER}, began.astimezone)
        self.call = StoredCall("c")
        self._now = self._run(self._dialogue.start())
        self._tell(self._now)

    def _run(self, actions: tuple[Action, ...]) -> list[Action]:
        """What happens until the caller is waited for, look-ups answered."""
        done = list(actions)
        while isinstance(done[-1], Lookup):
            answer = LookupFailed("none") if self._record is None else LookupSucceeded(self._record)
            done += self._dialogue.step(answer)
        return done

    def _tell(self, actions: list[Action]) -> None:
        for action in actions:
            match action:
                case EnterNode():
                    self.call.enters(f"{action.node}:{action.kind}")
                case SlotFilled():
                    self.call.fills(action.slot, str(action.value))
                case ModeChanged():
                    self.call.changes_mode(action.mode)

    @property
    def over(self) -> bool:
        return self._dialogue.ended

    def takes(self, given: Input) -> None:
        if isinstance(self._now[-1], Record):
            given = Recorded(900.0) if isinstance(given, Heard) else given
        elif isinstance(given, Keys):
            given = Keys(given.digits)
        node = self._dialogue.state.node
        self._now = self._run(self._dialogue.step(given))
        (understood,) = [action for action in self._now if isinstance(action, Understood)]
        kinds = {Keys: "keys", NoInput: "silence"}
        told: dict[str, Any] = {"kind": kinds.get(type(given), "speech"), "turn_latency_ms": 900.0}
        if isinstance(given, Keys):
            told |= {"keys": given.digits}
        if isinstance(given, Heard):
            told |= {"text": given.text, "confidence": given.confidence}
        outcome = {"outcome": understood.outcome.value, "matched": understood.matched, "score": understood.score}
        if isinstance(given, Recorded):
            self.call.records(node, lambda: self._tell(self._now), turn_latency_ms=900.0, **outcome)
        elif isinstance(given, Keys) and given.after_message:
            self.call.records(node, lambda: self._tell(self._now), given.digits, **outcome)
        else:
            self.call.answers(node, lambda: self._tell(self._now), **told, **outcome)

    def told(self) -> ToldCall:
        self.call.hears()
        transfer = next((action for action in self._now if isinstance(action, Transfer)), None)
        return ToldCall(
            id="c",
            flow_version="1",
            caller_number=NUMBER,
            started_at=datetime(2026, 11, 21, 2, tzinfo=UTC),
            disposition="abandoned",
            reason="caller_hung_up",
            transfer={"queue": "general", "handed_over": dict(transfer.handed_over)} if transfer else None,
            events=tuple(self.call.events),
        )


def replayed(record: dict[str, Any] | None, answers: list[Input]) -> Replay:
    line = Line(record)
    for given_ in answers:
        if line.over:
            break
        line.takes(given_)
    replay = Replay(flow())
    replay.add(line.told())
    return replay


@settings(max_examples=150, deadline=None)
@given(record=st.one_of(st.none(), RECORDS), answers=st.lists(ANSWERS, max_size=14))
def test_a_call_goes_where_it_went(record: dict[str, Any] | None, answers: list[Input]) -> None:
    replay = replayed(record, answers)
    assert replay.differences == []
    assert not replay.unplaced
    assert replay.same == replay.answers


@settings(max_examples=50, deadline=None)
@given(
    record=st.one_of(st.none(), RECORDS),
    messages=st.lists(st.sampled_from([Heard("留言内容"), *MESSAGE_KEYS]), min_size=1, max_size=3),
    after=st.lists(ANSWERS, max_size=4),
)
def test_a_call_with_messages_goes_where_it_went(
    record: dict[str, Any] | None, messages: list[Input], after: list[Input]
) -> None:
    """Each is left after the part and the score are given, and the call goes on from the last."""
    way = [Heard("分部"), Heard("西边"), Heard("五次"), Keys("5")]
    answers = [one for message in messages for one in (*way, message)]
    replay = replayed(record, [*answers, *after])
    assert replay.differences == []
    assert not replay.unplaced
    assert replay.same == replay.answers
