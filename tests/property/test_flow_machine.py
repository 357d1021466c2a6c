"""Flows made up at random: whatever a caller does in one, it listens, asks, hands over or ends; none gets stuck.

Those without an error at `flow check` keep more promises: a caller who says nothing, or nothing to the point, comes to
an end, and whoever asks for a human gets to one.
"""

from __future__ import annotations

import json
import random
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

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
    Record,
    Recorded,
    Transfer,
    TransferFailed,
    Understood,
)
from gateway.dialogue.check import lint
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.dialogue.machine import MAX_HOPS, Dialogue
from gateway.dialogue.model import Flow
from gateway.dialogue.state import Waiting
from tests.support.small_flow import STEPS
from tests.support.talk import NOW, PhraseInText

pytestmark = pytest.mark.property

ANSWERS = Heard | Keys | Recorded | NoInput
WAITS = Listen | Record | Lookup | Transfer | Hangup
WORDS = ["甲", "乙", "丙", "人工", "返回", "重复", "其他", "老人", "快点", "对", "不对", "嗯", "五"]
NUMBER = "一三八零零一三八零零零"
MOST_SILENT_STEPS = 60
"""Failures of the longest random flow's questions, one after another."""


class Maker:
    """Makes up flows that load. The order of nodes is a way through; other targets lead anywhere."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.names: list[str] = []
        self.inside = False

    def flow(self) -> dict[str, Any]:
        chance = self.chance
        self.inside = True
        part = self.nodes("s", chance.randrange(1, 4), "return")
        self.inside = False
        nodes = self.nodes("n", chance.randrange(2, 9), "bye")
        agent = {"phrases": ["人工"], "key": "0", "go": "human"}
        flow: dict[str, Any] = {
            "flow": "made_up",
            "title": "随机",
            "version": "1",
            "entry": "hello",
            "slots": {
                "number": "phone",
                "word": "text",
                "pick": {"type": "choice", "options": {"x": {"label": "甲", "phrases": ["甲"], "key": "1"}}},
            },
            "variables": {"count": {"type": "number", "value": 0}},
            "records": {"record": {"amount": "amount", "day": "date"}},
            "answers": {
                "confirm_prompt": "是{option | text}吗？",
                "confirm_again": ["对吗？"],
                "denied": "好的。",
                "no_input": ["没听到。"],
                "no_match": ["没听懂。"],
                "max_retries": chance.randrange(1, 4),
            },
            "universals": {"agent": agent, "repeat": {"phrases": ["重复"]}, "back": {"phrases": ["返回"]}},
            "subflows": {"part": {"entry": "s0", "nodes": part}},
            "nodes": {
                "hello": {"play": "您好，本次通话将被录音。", "then": "n0"},
                **nodes,
                "human": {"transfer": {"queue": "q", "say": "请稍候。"}, "unavailable": "bye"},
                "bye": {"hangup": "再见。"},
            },
        }
        if chance.random() < 0.5:
            flow["universals"]["more"] = {"phrases": ["其他"]}
        if chance.random() < 0.6:
            flow["modes"] = {"elderly": self.mode()}
        return flow

    def mode(self) -> dict[str, Any]:
        mode: dict[str, Any] = {
            "label": "长辈",
            "enter_on": {"phrases": ["老人"], "errors": self.chance.randrange(1, 4)},
            "leave_on": {"phrases": ["快点"]},
            "entered": "慢慢说。",
            "struggling": "别急。",
            "left": "好了。",
        }
        if self.chance.random() < 0.5:
            mode["on_error"] = "human"
        if self.chance.random() < 0.5:
            mode["enter_when"] = "record.amount > 5"
        return mode

    def nodes(self, prefix: str, count: int, last: str) -> dict[str, Any]:
        self.names = [f"{prefix}{index}" for index in range(count)]
        return {name: self.node((*self.names, last)[index + 1]) for index, name in enumerate(self.names)}

    def target(self, onward: str) -> str:
        return self.chance.choice([onward, onward, "human", *self.names])

    def node(self, onward: str) -> dict[str, Any]:
        chance = self.chance
        wrong = {"on_error": self.target(onward)} if chance.random() < 0.7 else {}
        again = {"again": ["换句话。", "再换一句。"]} if chance.random() < 0.7 else {}
        order = {"category": "c", "summary": "'事'", "deadline": "2h"}
        when = chance.choice(["vars.count > 1", "slots.number", "record.amount", "mode == 'elderly'"])
        return chance.choice(
            [
                {"play": self.said(), "then": onward, **wrong, **self.counted()},
                {"menu": "选一个。", "options": self.options(onward), **wrong, **again},
                {"collect": "请说。", "then": onward, **self.slot(), **wrong, **again},
                {"branch": [{"when": when, "go": self.target(onward)}], "otherwise": onward},
                {"lookup": "a.b", "with": {"n": "vars.count"}, "save": "record", "then": onward, **wrong},
                {"ticket": order, "save": "record", "then": onward, **wrong},
                {"survey": "请打分。", "then": onward, **again},
                {"message": "请留言。", "then": onward, **again},
                {"play": "说一句。", "then": onward} if self.inside else {"call": "part", "then": onward, **wrong},
            ]
        )

    def said(self) -> str:
        return self.chance.choice(
            ["说一句。", "{record.amount | amount}。", "{slots.word | text}。", "{today | day}。"]
        )

    def counted(self) -> dict[str, Any]:
        return {"set": {"count": "vars.count + 1"}} if self.chance.random() < 0.3 else {}

    def slot(self) -> dict[str, Any]:
        asked = {"number": "{value | digits}对吗？", "pick": "{value | text}对吗？"}
        slot = self.chance.choice(["word", *asked])
        return {"slot": slot, **({"confirm_prompt": asked[slot]} if slot in asked else {})}

    def options(self, onward: str) -> dict[str, Any]:
        kept = {"set": {"word": "'甲'"}} if self.chance.random() < 0.3 else {}
        options: dict[str, Any] = {"a": {"phrases": ["甲"], "key": "1", "go": onward, **kept}}
        for name, phrase, key in (("b", "乙", "2"), ("c", "丙", "3")):
            if self.chance.random() < 0.6:
                options[name] = {"phrases": [phrase], "key": key, "go": self.target(onward)}
        return options


def read(text: str) -> Flow:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "flow.yaml"
        file.write_text(text, encoding="utf-8")
        return load_flow(file)


def made_up(seed: int) -> Flow:
    """JSON is YAML."""
    return read(json.dumps(Maker(seed).flow(), ensure_ascii=False))


def passes(flow: Flow) -> bool:
    """The machine's promises hang on the rules' errors; the rest is about being good to callers."""
    return not any(finding.severity == "error" for finding in lint(flow))


def started(flow: Flow) -> Dialogue:
    dialogue = Dialogue(CompiledFlow(flow, PhraseInText), {"number": "13900001001"}, lambda: NOW)
    check(dialogue, None, dialogue.start())
    return dialogue


def check(dialogue: Dialogue, given_: Input | None, actions: tuple[Action, ...]) -> None:
    """The dialogue waits for one thing, and says what, or it has ended."""
    understood = [action for action in actions if isinstance(action, Understood)]
    assert len(understood) == isinstance(given_, ANSWERS)
    stops = [action for action in actions if isinstance(action, WAITS)]
    assert len(stops) <= 1
    assert not stops or actions[-1] is stops[0]
    assert dialogue.ended or dialogue.state.waiting is not Waiting.NOTHING
    if actions and not dialogue.ended and isinstance(given_, ANSWERS | None):
        assert stops


def settle(dialogue: Dialogue, chance: random.Random) -> None:
    """Look-ups and transfers answered, well or badly, until the caller is asked or the call is over."""
    for _ in range(2 * MAX_HOPS):
        if dialogue.state.waiting is Waiting.LOOKUP:
            good = LookupSucceeded({"amount": chance.choice([3, 8, None]), "day": "2026-11-30", "number": "12"})
            given_: Input = chance.choice([good, LookupFailed("down"), LookupSucceeded({"amount": "x"})])
        elif dialogue.state.waiting is Waiting.TRANSFER and not dialogue.state.ended:
            given_ = TransferFailed("busy")
        else:
            return
        check(dialogue, given_, dialogue.step(given_))
    raise AssertionError("look-ups without an end")


def anything(chance: random.Random) -> Input:
    return chance.choice(
        [
            Heard(chance.choice([*WORDS, NUMBER]), chance.random()),
            Heard(chance.choice(WORDS) + "?", chance.random()),
            Keys(chance.choice(["0", "1", "2", "3", "5", "9", "*", "#", "", "13800138000"])),
            NoInput(),
            Recorded(2000.0),
            LookupFailed("late"),
            TransferFailed("late"),
        ]
    )


def wander(dialogue: Dialogue, chance: random.Random, steps: int) -> None:
    """Do anything, so many times."""
    for _ in range(steps):
        settle(dialogue, chance)
        given_ = anything(chance)
        check(dialogue, given_, dialogue.step(given_))
    settle(dialogue, chance)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_a_caller_does_in_a_made_up_flow_it_goes_on_or_ends(seed: int) -> None:
    wander(started(made_up(seed)), random.Random(seed), 25)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_in_a_flow_that_passes_the_check_silence_and_nonsense_come_to_an_end(seed: int) -> None:
    flow = made_up(seed)
    if not passes(flow):
        return
    chance = random.Random(seed)
    dialogue = started(flow)
    for _ in range(MOST_SILENT_STEPS):
        settle(dialogue, chance)
        if dialogue.ended:
            return
        dialogue.step(chance.choice([NoInput(), Heard("嗯"), Keys("8")]))
    raise AssertionError(f"still going on at {dialogue.state.node}")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 6))
def test_in_a_flow_that_passes_the_check_a_human_is_one_key_away(seed: int, steps: int) -> None:
    flow = made_up(seed)
    if not passes(flow):
        return
    dialogue = started(flow)
    wander(dialogue, random.Random(seed), steps)
    if dialogue.state.waiting is Waiting.ANSWER:
        assert any(isinstance(action, Transfer) for action in dialogue.step(Keys("0")))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 12))
def test_wherever_a_caller_is_asked_something_another_session_asks_it_again_and_goes_on(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    flow = read(STEPS) if chance.random() < 0.3 else made_up(seed)
    dialogue = started(flow)
    wander(dialogue, chance, steps)
    state = dialogue.snapshot()
    assert (state is not None) == (dialogue.state.waiting is Waiting.ANSWER and not dialogue.state.ended)
    if state is None:
        return
    resumed = Dialogue(dialogue._flow, {}, lambda: NOW, state)
    actions = resumed.start()
    check(resumed, None, actions)
    assert isinstance(actions[-1], Listen | Record)
    assert resumed.state == replace(state, errors=0)
    wander(resumed, chance, 10)


def test_enough_made_up_flows_pass_the_check_for_this_to_mean_something() -> None:
    passed = sum(passes(made_up(seed)) for seed in range(40))
    assert passed >= 8


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_every_kind_of_step_bears_any_input(seed: int) -> None:
    wander(started(read(STEPS)), random.Random(seed), 40)
