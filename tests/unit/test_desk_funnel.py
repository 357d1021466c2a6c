"""Stored calls counted node by node."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from gateway.desk.funnel import Funnel, NodeFigures
from gateway.desk.trace import KINDS, in_order, steps
from gateway.store import Store, Wanted, stream_calls
from tests.support.small_flow import SMALL, small_flow
from tests.support.stored import StoredCall, store_calls

pytestmark = pytest.mark.unit

BEGINS = ("profile:lookup", "main")


@pytest.fixture
def funnel(tmp_path: Path) -> Funnel:
    return Funnel(small_flow(tmp_path))


def count(funnel: Funnel, folder: Path, calls: Iterable[StoredCall]) -> dict[str, NodeFigures]:
    store_calls(folder, calls)
    with Store.open_for_reading(folder) as store:
        for call in stream_calls(store, Wanted(flow="small"), KINDS):
            funnel.add(call)
    return {figures.node: figures for figures in funnel.nodes}


def figures(node: NodeFigures) -> dict[str, int]:
    """Those that are not nothing."""
    told = ("calls", "entered", "no_input", "no_match", "talked_over", "asked_human", "hung_up", "went_on")
    return {name: value for name in told if (value := getattr(node, name))}


def test_a_turn_stands_before_what_it_led_to() -> None:
    call = StoredCall("c").enters(*BEGINS).says("账单", "main", "bill:lookup", "card=x", "mode=elderly", matched="bill")
    told = [event.event for event in call.events]
    assert told[-4:] == ["node_entered", "slot_filled", "mode_changed", "turn_finished"]
    assert [event.event for event in in_order(call.events)][-4:] == [
        "turn_finished",
        "node_entered",
        "slot_filled",
        "mode_changed",
    ]


def test_a_step_knows_where_it_stood_and_what_it_led_to() -> None:
    call = StoredCall("c").enters(*BEGINS).silent().says("什么", "main", "mode=elderly").silent()
    call.says("密码", "main", "pin:collect", matched="pin").keys("1234", "pin", "pin=1234", "more", matched="pin")
    first, second, third, fourth, fifth = steps(in_order(call.events))
    assert [step.failures for step in (first, second, third, fourth, fifth)] == [0, 1, 0, 1, 0]
    assert [step.mode for step in (first, second, third)] == ["standard", "standard", "elderly"]
    assert (first.path, second.mode_after, fourth.entered) == (("profile", "main"), "elderly", [("pin", "collect")])
    assert (fifth.slots, fifth.path, fifth.entered) == ({}, ("pin",), [("more", "menu")])


def test_a_yes_settles_what_it_confirms() -> None:
    call = StoredCall("c").enters(*BEGINS).says("账蛋", outcome="confirm", matched="bill")
    call.silent().says("对", "main", "bill:lookup", matched="yes")
    asked, unanswered, agreed = steps(in_order(call.events))
    assert (asked.choice, unanswered.choice, agreed.choice) == (None, None, "bill")
    assert [step.failures for step in (asked, unanswered, agreed)] == [0, 0, 1]


def test_a_no_settles_nothing_and_is_a_failure() -> None:
    call = StoredCall("c").enters(*BEGINS).says("账蛋", outcome="confirm", matched="bill").says("不对", matched="no")
    refused, again = steps(in_order(call.says("人工", "main", "human:transfer", matched="agent").events))[1:]
    assert (refused.choice, again.choice) == (None, "agent")
    assert (again.failures, again.confirming) == (1, None)


def test_a_message_stands_where_it_was_left_however_late_its_words_come() -> None:
    call = StoredCall("c").enters("leave:message").leaves("leave", "more", matched="message")
    call.keys("8", "more", "goodbye:hangup", matched="nothing")
    told = [event.turn.index for event in call.events if event.event == "turn_finished"]
    assert told == [1, 0]
    message, key = steps(in_order(call.events))
    assert (message.path, message.turn.kind, message.entered) == (("leave",), "speech", [("more", "menu")])
    assert (key.path, key.turn.keys, key.entered) == (("more",), "8", [("goodbye", "hangup")])


def test_a_message_and_the_key_that_ended_it_are_one_step() -> None:
    call = StoredCall("c").enters("leave:message").silent("leave")
    call.leaves("leave", "human:transfer", key="0", matched="agent").hears()
    silent, ended = steps(in_order(call.events))
    assert silent.entered == []
    assert ended.message is not None
    assert (ended.message.index, ended.turn.index, ended.turn.keys, ended.failures) == (1, 2, "0", 1)
    assert (ended.choice, ended.entered) == ("agent", [("human", "transfer")])


def test_messages_are_counted_where_they_were_left(funnel: Funnel, tmp_path: Path) -> None:
    """A visit to the same node again has figures of its own."""
    call = StoredCall("c").enters("leave:message").silent("leave").leaves("leave", "more", matched="message")
    call.says("留言", "more", "leave:message", matched="talk").silent("leave")
    call.leaves("leave", "human:transfer", key="0", matched="agent").ends("transferred")
    nodes = count(funnel, tmp_path, [call])
    assert figures(nodes["leave"]) == {"calls": 1, "entered": 2, "no_input": 2, "asked_human": 1, "went_on": 2}
    assert figures(nodes["more"]) == {"calls": 1, "entered": 1, "went_on": 1}


def test_each_figure_of_a_node(funnel: Funnel, tmp_path: Path) -> None:
    through = StoredCall("c1").enters(*BEGINS).cuts("main").silent().says("嗯")
    through.says("账单", "main", "bill:lookup", matched="bill").enters("bill_branch:branch", "tell_bill:play", "more")
    through.silent("more").silent("more").ends()
    human = StoredCall("c2").enters(*BEGINS).cuts("main", "shutdown")
    human.says("人工", "main", "human:transfer", matched="agent").ends("transferred")
    nodes = count(funnel, tmp_path, [through, human, StoredCall("c3").enters(*BEGINS).ends()])
    assert nodes["main"] == NodeFigures(
        node="main",
        kind="menu",
        in_flow=True,
        calls=3,
        entered=3,
        no_input=1,
        no_match=1,
        talked_over=1,
        asked_human=1,
        hung_up=1,
        went_on=2,
    )
    assert figures(nodes["more"]) == {"calls": 1, "entered": 1, "no_input": 1, "hung_up": 1}, "each visit counts once"
    assert figures(nodes["human"]) == {"calls": 1, "entered": 1}
    assert figures(nodes["words"]) == {}
    assert (funnel.calls, funnel.versions) == (3, {"1+aa": 3})


def test_two_visits_of_one_call_are_two(funnel: Funnel, tmp_path: Path) -> None:
    call = StoredCall("c").enters(*BEGINS).silent().says("密码", "main", "pin:collect", matched="pin")
    call.says("返回", "pin", "main", matched="back").silent().ends("completed")
    assert figures(count(funnel, tmp_path, [call])["main"]) == {"calls": 1, "entered": 2, "no_input": 2, "went_on": 1}


def test_asking_for_a_human_by_a_confirmed_answer_or_an_option_that_leads_there(tmp_path: Path) -> None:
    asking = SMALL.replace('elderly: {key: "7"}', 'elderly: {key: "7"}\n      people: {phrases: [柜台], go: human}')
    funnel = Funnel(small_flow(tmp_path, asking))
    by_option = StoredCall("c1").enters(*BEGINS).says("柜台", "main", "human:transfer", matched="people")
    confirmed = StoredCall("c2").enters(*BEGINS).says("人弓", outcome="confirm", matched="agent")
    confirmed.says("对", "main", "human:transfer", matched="yes")
    by_errors = StoredCall("c3").enters(*BEGINS).says("啊").says("啊").says("啊", "main", "human:transfer")
    nodes = count(funnel, tmp_path, [call.ends("transferred") for call in (by_option, confirmed, by_errors)])
    assert figures(nodes["main"])["asked_human"] == 2, "who was only not understood did not ask"


def test_nodes_that_the_flow_has_no_more_come_last(funnel: Funnel, tmp_path: Path) -> None:
    call = (
        StoredCall("c").enters("profile:lookup", "old_menu").says("人工", "old_menu", "human:transfer", matched="agent")
    )
    nodes = count(funnel, tmp_path, [call.ends("transferred")])
    assert next(iter(nodes)) == "profile"
    assert list(nodes)[-1] == "old_menu"
    assert (nodes["old_menu"].in_flow, nodes["old_menu"].kind) == (False, "menu")
    assert figures(nodes["old_menu"]) == {"calls": 1, "entered": 1, "asked_human": 1, "went_on": 1}


def test_who_hangs_up_when_all_is_done_is_not_lost(funnel: Funnel, tmp_path: Path) -> None:
    calls = [
        StoredCall("c1").enters(*BEGINS, "more").ends("completed", "caller_hung_up"),
        StoredCall("c2").enters(*BEGINS, "busy:hangup").ends("abandoned", "no_agent"),
    ]
    nodes = count(funnel, tmp_path, calls)
    assert [node for node, told in nodes.items() if told.hung_up] == []


def test_a_call_that_goes_on_with_a_lost_one_does_not_count_its_visit_again(funnel: Funnel, tmp_path: Path) -> None:
    lost = StoredCall("a").enters(*BEGINS).silent().cuts("main").ends("failed", "rtp_timeout")
    again = StoredCall("b", at="2026-11-21T10:01:00+08:00", resumes="a").changes_mode("elderly").enters("main")
    again.silent().cuts("main").says("账单", "main", "bill:lookup", matched="bill").enters("more").says(
        "嗯", "more"
    ).ends()
    nodes = count(funnel, tmp_path, [lost, again])
    assert figures(nodes["profile"]) == {"calls": 1, "entered": 1, "went_on": 1}
    assert figures(nodes["main"]) == {"calls": 1, "entered": 1, "no_input": 1, "talked_over": 1, "went_on": 1}
    assert figures(nodes["more"]) == {"calls": 1, "entered": 1, "no_match": 1, "hung_up": 1}
    assert funnel.calls == 2


def test_such_a_call_that_comes_back_to_the_node_visits_it_anew(funnel: Funnel, tmp_path: Path) -> None:
    again = StoredCall("b", resumes="a").enters("main").keys("2", "main", "pin:collect", matched="pin")
    again.keys("*", "pin", "main", matched="back").silent().ends()
    nodes = count(funnel, tmp_path, [again])
    assert figures(nodes["main"]) == {"entered": 1, "no_input": 1, "went_on": 1, "hung_up": 1}
