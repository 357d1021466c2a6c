"""Any bytes are a flow or a FlowError; whatever a caller does, a flow listens, asks, hands over or ends."""

from __future__ import annotations

import random
import tempfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialogue.actions import (
    Action,
    Hangup,
    Heard,
    Input,
    Keys,
    Listen,
    Lookup,
    LookupFailed,
    LookupSucceeded,
    NoInput,
    Transfer,
    TransferFailed,
    Understood,
)
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.dialogue.machine import Dialogue
from gateway.dialogue.model import Flow
from gateway.errors import FlowError
from tests.support.small_flow import SMALL
from tests.support.talk import NOW, PhraseInText

pytestmark = pytest.mark.property

HOTLINE = Path(__file__).parents[2] / "ivr_flows" / "mobile_hotline" / "flow.yaml"


def load(raw: bytes) -> Flow | FlowError:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flow.yaml"
        file.write_bytes(raw)
        try:
            return load_flow(file)
        except FlowError as error:
            refused = error
        assert refused.problems
        assert all(problem.startswith(f"{file}:") for problem in refused.problems)
        return refused


@given(st.binary(max_size=400))
def test_any_bytes_are_a_flow_or_a_flow_error(raw: bytes) -> None:
    assert isinstance(load(raw), FlowError)


yaml_like = st.text(st.sampled_from("ab1:-?[]{}&*!|>'\"%@`#,~<= \n\t查。\x85\ufeff\u2028"), max_size=120)


@given(yaml_like)
def test_any_text_of_yaml_signs_is_a_flow_error(text: str) -> None:
    assert isinstance(load(text.encode()), FlowError)


lines = st.integers(0, SMALL.count("\n") - 1)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(lines, st.sampled_from(["drop", "double", "swap", "cut", "junk"]), yaml_like), max_size=4))
def test_a_mutated_flow_is_a_flow_or_errors_with_places(changes: list[tuple[int, str, str]]) -> None:
    rows = SMALL.split("\n")
    for number, change, junk in changes:
        index = number % len(rows)
        row = rows[index]
        rows[index] = {
            "drop": "#",
            "double": f"{row}\n{row}",
            "swap": rows[-1 - index],
            "cut": row[: len(row) // 2],
            "junk": row.replace(": ", f": {junk}", 1),
        }[change]
    load("\n".join(rows).encode())


words = ["账单", "密码", "预约", "留言", "登记", "升级", "老年人", "快一点", "人工", "再说一遍", "返回", "没有了"]
words += ["再见", "账单?", "预约?", "对", "不对", "是的", "不是账单", "明天"]
spoken = st.one_of(
    st.sampled_from(words), st.text(max_size=20), st.sampled_from(["13800138000", "三十五块六", "一二三四", "上个月"])
)
records = st.dictionaries(
    st.sampled_from(["age", "due", "card", "known", "number", "balance", "left_mb", "status", "until", "has"]),
    st.one_of(
        st.none(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.booleans(),
        st.sampled_from(["金卡", "2026-11-30"]),
    ),
)
keyed = st.one_of(st.sampled_from(list("0123456789*#")), st.text("0123456789*#²a", max_size=14))
inputs: st.SearchStrategy[Input] = st.one_of(
    st.builds(Heard, spoken, st.floats(0, 1), st.lists(spoken, max_size=2).map(tuple)),
    st.builds(Keys, keyed, st.sampled_from(["finish_key", "length", "timeout"])),
    st.just(NoInput()),
    st.builds(LookupSucceeded, records),
    st.just(LookupFailed("down")),
    st.just(TransferFailed("busy")),
)


@cache
def flows() -> tuple[CompiledFlow, ...]:
    small = load(SMALL.encode())
    assert isinstance(small, Flow)
    return CompiledFlow(small, PhraseInText), CompiledFlow(load_flow(HOTLINE), PhraseInText)


def check(dialogue: Dialogue, given_: Input | None, actions: tuple[Action, ...]) -> None:
    understood = [action for action in actions if isinstance(action, Understood)]
    assert len(understood) == isinstance(given_, Heard | Keys | NoInput)
    stops = [action for action in actions if isinstance(action, Listen | Lookup | Transfer | Hangup)]
    assert len(stops) <= 1
    if stops:
        assert actions[-1] is stops[0] or isinstance(stops[0], Hangup)
    if isinstance(given_, Heard | Keys | NoInput) and not dialogue.ended and dialogue.state.waiting == "answer":
        assert stops
    assert dialogue.state.waiting != "nothing" or dialogue.ended
    assert dialogue.ended == (dialogue.state.ended or dialogue.state.waiting == "transfer")


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([0, 1]), st.sampled_from(["", "13900001001"]), st.lists(inputs, max_size=40))
def test_any_input_in_any_state_gets_a_legal_answer(which: int, number: str, given_: list[Input]) -> None:
    dialogue = Dialogue(flows()[which], {"number": number}, lambda: NOW)
    check(dialogue, None, dialogue.start())
    for one in given_:
        check(dialogue, one, dialogue.step(one))
    if dialogue.state.waiting == "lookup":
        check(dialogue, None, dialogue.step(LookupFailed("down")))


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([0, 1]), st.integers(0, 2**32))
def test_a_caller_who_is_never_understood_reaches_a_human_or_an_end(which: int, seed: int) -> None:
    chance = random.Random(seed)
    dialogue = Dialogue(flows()[which], {"number": "1"}, lambda: NOW)
    dialogue.start()
    dialogue.step(LookupFailed("down"))
    for _ in range(20):
        if dialogue.ended:
            break
        dialogue.step(chance.choice([NoInput(), Heard("哈哈哈"), Keys("##")]))
    assert dialogue.ended
