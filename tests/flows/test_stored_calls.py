"""Real calls, stored as they were told: counted node by node, and replayed through the flow that they went through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.desk.funnel import Funnel, NodeFigures
from gateway.desk.replay import Replay
from gateway.desk.trace import KINDS, in_order, steps
from gateway.events import TurnFinished
from gateway.store import Store, ToldCall, Wanted, stream_calls
from tests.support.after_hours import after_hours
from tests.support.calls import ELDER, EVERYDAY, OPEN_COMPLAINT, SAMPLES, hotline, place_call

pytestmark = pytest.mark.flows

SPEECH = str(SAMPLES / "demo" / "balance.wav")
NOBODY = ""
"""A withheld number: the caller is asked for one, which is then confirmed."""
CALLS = (
    (EVERYDAY, [SPEECH, SPEECH, SPEECH], ["今天天气怎么样", "查话费", "没有了"]),
    (EVERYDAY, ["wait:8", f"over:{SPEECH}"], ["转人工"]),
    (EVERYDAY, ["dtmf:5", SPEECH, "dtmf:1"], ["上个月多扣了我三十块钱套餐费"]),
    (NOBODY, ["dtmf:1", SPEECH, SPEECH, SPEECH], ["幺三九零零零零幺零零一", "不对", "一三九零零零零一零零一"]),
    (ELDER, [SPEECH], ["今天天气怎么样"]),
    (OPEN_COMPLAINT, ["wait:2", "hangup"], []),
)
WORDS = str(SAMPLES / "demo" / "angry_words.wav")
"""10 s of speech with pauses in it."""
MESSAGES = {
    "finish key": [WORDS, "wait:0.5", "dtmf:#", "wait:1", "dtmf:4"],
    "idle key": [WORDS, "wait:0.5", "dtmf:5", "wait:1", "dtmf:4"],
    "wish for a human": [WORDS, "wait:0.5", "dtmf:0"],
    "silence": [WORDS, "wait:6", "dtmf:4"],
    "length": [*[WORDS, "wait:0.2"] * 19, "wait:3", "dtmf:4"],
    "way back": [WORDS, "wait:0.5", "dtmf:#", SPEECH, "wait:1", "dtmf:4"],
    "hang-up": [WORDS, "wait:0.5", "hangup"],
    "nothing said": ["wait:60"],
    "key before it": ["wait:5", "dtmf:5", "wait:2", WORDS, "dtmf:#", "wait:1", "dtmf:4"],
}
"""Calls with a message, by what ends it or follows it."""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ToldCall]]:
    folder: Path = tmp_path_factory.mktemp("calls")
    for caller, does, heard in CALLS:
        place_call(folder, list(does), list(heard), caller=caller)
    with Store.open_for_reading(folder) as store:
        yield list(stream_calls(store, Wanted(flow="mobile_hotline"), KINDS))


def test_each_answer_stands_at_its_node_before_what_it_led_to(calls: list[ToldCall]) -> None:
    """So the order in which a real call tells its events is the one that is undone here."""
    answered = [call for call in calls if any(isinstance(event, TurnFinished) for event in call.events)]
    assert len(answered) == len(CALLS) - 1
    for call in answered:
        at = ""
        for step in steps(in_order(call.events)):
            at = step.path[-1] if step.path else at
            assert step.turn.node == at
    first, second, third = steps(in_order(answered[0].events))
    assert first.entered == []
    assert (second.failures, second.choice) == (1, "balance")
    assert third.entered[-1] == ("goodbye", "hangup")


def test_the_funnel_of_real_calls(calls: list[ToldCall]) -> None:
    funnel = Funnel(hotline().flow)
    for call in calls:
        funnel.add(call)
    nodes: dict[str, NodeFigures] = {figures.node: figures for figures in funnel.nodes}
    main = nodes["main"]
    assert (main.calls, main.no_match, main.asked_human, main.hung_up) == (6, 2, 1, 1)
    assert main.talked_over >= 1
    assert main.went_on == main.entered - main.hung_up
    assert nodes["human"].calls == 2
    assert all(figures.in_flow for figures in funnel.nodes)
    assert [group.texts for group in funnel.unmatched.groups()] == [(("今天天气怎么样", 2),)]


def test_calls_through_an_unchanged_flow_go_where_they_went(calls: list[ToldCall]) -> None:
    replay = Replay(hotline().flow)
    for call in calls:
        replay.add(call)
    assert replay.differences == []
    assert replay.calls == len(CALLS)
    assert replay.same == replay.answers - sum(replay.unplaced.values())
    assert sum(replay.unplaced.values()) <= 1, "who hangs up while words are being recognised"


@pytest.mark.parametrize("ended_by", MESSAGES)
def test_a_call_with_a_message_goes_where_it_went(tmp_path: Path, ended_by: str) -> None:
    hotline = after_hours(tmp_path)
    heard = ["我家的", "宽带坏了", "返回"] if ended_by == "way back" else ["我家的宽带坏了"] * 60
    place_call(tmp_path / "calls", MESSAGES[ended_by], heard, to=hotline)
    with Store.open_for_reading(tmp_path / "calls") as store:
        (call,) = stream_calls(store, Wanted(flow="after_hours"), KINDS)
    replay = Replay(hotline.flow)
    replay.add(call)
    assert replay.differences == []
    assert replay.same + sum(replay.unplaced.values()) == replay.answers > 0
    assert replay.unplaced == ({"unknown": 1} if ended_by == "hang-up" else {})
    at = ""
    for step in steps(in_order(call.events)):
        at = step.path[-1] if step.path else at
        assert step.turn.node == at


def test_the_funnel_of_messages(tmp_path: Path) -> None:
    hotline = after_hours(tmp_path)
    for does in MESSAGES.values():
        place_call(tmp_path / "calls", does, ["我家的宽带坏了"] * 60, to=hotline)
    funnel = Funnel(hotline.flow)
    with Store.open_for_reading(tmp_path / "calls") as store:
        for call in stream_calls(store, Wanted(flow="after_hours"), KINDS):
            funnel.add(call)
    leave = next(figures for figures in funnel.nodes if figures.node == "leave")
    assert (leave.calls, leave.entered, leave.asked_human, leave.hung_up) == (9, 9, 1, 0)
    assert (leave.no_input, leave.no_match, leave.went_on) == (2, 1, 8)
