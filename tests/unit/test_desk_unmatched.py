"""What nobody understood, grouped by sound, and what the evidence says of each group."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from gateway.desk.proposals import Places, yaml_lines
from gateway.desk.sounds import Groups
from gateway.desk.trace import in_order, steps
from gateway.desk.unmatched import Group, NoEvidence, Proposal, Understood, Unmatched, judged
from gateway.dialogue.actions import Outcome
from gateway.dialogue.grammar.matcher import Match
from tests.support.small_flow import SMALL, small_flow
from tests.support.stored import StoredCall

pytestmark = pytest.mark.unit

PHRASES = {"bill": ("账单", "花了多少"), "pin": ("密码",), "agent": ("人工",)}


def heard(*calls: StoredCall, max_texts: int = 100) -> Unmatched:
    unmatched = Unmatched(max_texts)
    for call in calls:
        unmatched.add(steps(in_order(call.events)))
    return unmatched


def call(text: str, *then: str, node: str = "main", **answer: str) -> StoredCall:
    """Not understood; then, if an answer is given, that one is accepted."""
    told = StoredCall("c").enters(node).says(text, node)
    return told.keys("1", node, *then, **answer) if answer else told


def group(text: str = "看手机费", votes: Mapping[str, int] | None = None, *others: str) -> Group:
    return Group("main", 5, ((text, 4), *((other, 1) for other in others)), tuple((votes or {}).items()))


def no_rank(node: str, text: str) -> Match | None:
    raise AssertionError("the callers' own choices settle it")


def rank(option: str, score: float, outcome: Outcome = Outcome.NO_MATCH):
    taken = None if outcome is Outcome.NO_MATCH else option
    return lambda node, text: Match(taken, score, score, outcome, ranking=((option, score), ("other", 0.01)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("补卡", "不卡"),
        ("停机保号", "听机报号"),
        ("看手机费", "嗯，我想看看手机费吧"),
        ("查余额", "查鱼儿"),
        ("看下那个钱", "看一下那个钱"),
        ("OK", "ok"),
    ],
)
def test_what_sounds_alike_is_one_thing(one: str, other: str) -> None:
    groups = Groups()
    assert [groups.place(text) for text in (one, other, one)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("one", "other"), [("交话费", "查话费"), ("充话费", "查话费"), ("补卡", "办卡"), ("？", "。"), ("开发票", "查流量")]
)
def test_what_means_something_else_is_another(one: str, other: str) -> None:
    groups = Groups()
    assert [groups.place(text) for text in (one, other, one)] == [0, 1, 0]


def test_groups_don_t_depend_on_the_order_of_calls() -> None:
    calls = [call("停机保号"), call("听机报号"), call("补卡"), call("停机保号"), call("不卡", node="more")]
    told = heard(*calls).groups()
    assert told == heard(*reversed(calls)).groups()
    assert [(one.node, one.count, one.texts) for one in told] == [
        ("main", 3, (("停机保号", 2), ("听机报号", 1))),
        ("main", 1, (("补卡", 1),)),
        ("more", 1, (("不卡", 1),)),
    ]


def test_a_vote_is_the_next_accepted_answer_at_that_node() -> None:
    agreed = StoredCall("c").enters("main").says("看手机费").says("账蛋", outcome="confirm", matched="bill")
    agreed.says("对", "main", "bill:lookup", matched="yes").enters("more").keys("8", "more", matched="nothing")
    elsewhere = StoredCall("c").enters("main").says("看手机费", "main", "pin").keys("1234", "pin", matched="pin")
    (one,) = heard(agreed, elsewhere, call("看手机费", "pin:collect", matched="pin"), call("看手机费")).groups()
    assert (one.count, one.votes) == (4, (("bill", 1), ("pin", 1)))


def test_numbers_are_masked_before_anything_is_held() -> None:
    (one,) = heard(call("我的号码是13812345678")).groups()
    assert one.texts == (("我的号码是138****5678", 1),)
    assert judged(one, PHRASES, no_rank) == NoEvidence((), is_phrase=False)


def test_too_many_different_texts_are_counted_and_not_held() -> None:
    unmatched = heard(call("停机保号"), call("补卡"), call("国际漫游"), call("补卡"), max_texts=2)
    assert unmatched.left_out == 1
    assert [(one.texts[0][0], one.count) for one in unmatched.groups()] == [("补卡", 2), ("停机保号", 1)]


def test_keys_and_silence_are_no_phrases() -> None:
    silent = StoredCall("c").enters("main").silent().keys("5", "main")
    assert heard(silent).groups() == []


@pytest.mark.parametrize(
    ("votes", "ranked", "verdict"),
    [
        ({"bill": 4, "pin": 1}, None, Proposal("bill", ("看手机费",), 4, 5)),
        ({"bill": 1}, ("bill", 0.3), Proposal("bill", ("看手机费",), 1, 1, 0.3)),
        ({}, ("bill", 0.3), Proposal("bill", ("看手机费",), 0, 0, 0.3)),
        ({}, ("bill", 0.05), NoEvidence()),
        ({"bill": 2, "pin": 2}, ("agent", 0.3), NoEvidence((("bill", 2), ("pin", 2)))),
        ({"number": 9}, ("bill", 0.3), NoEvidence((("number", 9),))),
        ({"agent": 9}, ("bill", 0.1), NoEvidence((("agent", 9),))),
        ({"agent": 9, "bill": 2}, None, Proposal("bill", ("看手机费",), 2, 2)),
        ({"agent": 9}, ("agent", 0.3), Proposal("agent", ("看手机费",), 0, 0, 0.3)),
    ],
)
def test_the_evidence_decides(votes, ranked, verdict) -> None:
    asked = rank(*ranked) if ranked else no_rank
    assert judged(group(votes=votes), PHRASES, asked) == verdict


def test_what_the_flow_has_learned_meanwhile_is_not_proposed_again() -> None:
    assert judged(group("看看", {"pin": 5}, "花了，多少"), PHRASES, no_rank) == Understood("bill")
    assert judged(group(), PHRASES, rank("bill", 0.7, Outcome.ACCEPT)) == Understood("bill")


def test_where_nothing_can_be_chosen_nothing_is_proposed() -> None:
    assert judged(group(votes={"bill": 5}), {}, no_rank) == NoEvidence((("bill", 5),))


@pytest.mark.parametrize(
    ("node", "choice", "place"),
    [
        ("main", "bill", "nodes main options bill phrases"),
        ("more", "bill", "nodes main options bill phrases"),
        ("more", "nothing", "nodes more options nothing phrases"),
        ("main", "agent", "universals agent phrases"),
        ("pin", "repeat", "universals repeat phrases"),
        ("main", "elderly", "modes elderly enter_on phrases"),
        ("main", "standard", "modes elderly leave_on phrases"),
        ("town", "north", "slots town options north phrases"),
        ("ask.where", "west", "subflows ask slots side options west phrases"),
        ("rate", "5", None),
    ],
)
def test_where_phrases_are_written(tmp_path: Path, node: str, choice: str, place: str | None) -> None:
    more = """\
  town: {collect: 哪里？, slot: town, confirm: never, then: rate}
  rate: {survey: 请打分。, then: part}
  part: {call: ask, then: goodbye}
subflows:
  ask:
    entry: where
    slots: {side: {type: choice, options: {west: {label: 西边, phrases: [西边]}}}}
    nodes:
      where: {collect: 哪边？, slot: side, confirm: never, then: return}
"""
    text = SMALL.replace(
        "words: text}", "words: text, town: {type: choice, options: {north: {label: 北, phrases: [北]}}}}"
    )
    assert text != SMALL
    places = Places(small_flow(tmp_path, text.rstrip() + "\n" + more))
    assert choice in places.phrases(node)
    assert places.of(node, choice) == (tuple(place.split()) if place else None)


def test_nodes_that_ask_nothing_or_are_gone_have_no_phrases(tmp_path: Path) -> None:
    places = Places(small_flow(tmp_path))
    assert places.phrases("bill") == places.phrases("gone") == {}


def test_the_lines_to_paste_are_yaml() -> None:
    bill, pin = ("nodes", "main", "options", "bill", "phrases"), ("nodes", "main", "options", "pin", "phrases")
    lines = yaml_lines(
        [(bill, ("看手机费", "5G"), "5 次"), (pin, ("改密",), "2 次"), (bill, ("看手机费", "no"), "3 次")]
    )
    assert lines[:6] == [
        "nodes:",
        "  main:",
        "    options:",
        "      bill:",
        "        phrases:",
        "          - 看手机费  # 5 次",
    ]
    assert YAML(typ="safe").load(StringIO("\n".join(lines))) == {
        "nodes": {"main": {"options": {"bill": {"phrases": ["看手机费", "5G", "no"]}, "pin": {"phrases": ["改密"]}}}}
    }
