"""Phrases of different options that sound alike."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.grammar.confusable import CONFUSABLE, Confusable, confusable_pairs
from gateway.dialogue.grammar.pinyin import distance
from gateway.dialogue.load import load_flow
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.routes import stops

pytestmark = pytest.mark.unit

FLOW = Path(__file__).parents[2] / "ivr_flows/mobile_hotline/flow.yaml"


def pairs(*phrases: str, limit: float = CONFUSABLE) -> list[tuple[str, str]]:
    """Among these phrases, each of an option of its own."""
    found = confusable_pairs({f"option_{n}": [phrase] for n, phrase in enumerate(phrases)}, limit)
    return [(pair.phrase_a, pair.phrase_b) for pair in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("四", "是"),
        ("四", "十"),
        ("一", "七"),
        ("六", "九"),
        ("查话费", "查花费"),
        ("退订", "推定"),
        ("身份", "身分"),
        ("身份", "生份"),
        ("流量", "牛娘"),
        ("开户", "开付"),
        ("余额", "鱼儿"),
        ("办里", "办理"),
        ("开通", "开动"),
        ("宽带报修", "宽带保修"),
        ("查话费。", "查 话费"),
        ("按1", "按一"),
        ("G", "几"),
    ],
)
def test_what_sounds_alike_is_found(one: str, other: str) -> None:
    assert pairs(one, other) == [(one, other)]
    assert pairs(other, one) == [(other, one)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("第一个", "第二个"),
        ("有红灯", "没有红灯"),
        ("确认", "不确认"),
        ("我要投诉", "我要报修"),
        ("查话费", "查流量"),
        ("余额查询", "投诉查询"),
        ("说快一点", "说慢一点"),
        ("换个号码", "用这个号码"),
        ("开通", "取消"),
        ("武汉", "武昌"),
        ("好", "要"),
        ("对", "不"),
        ("投诉", "投诉进度"),
    ],
)
def test_what_one_clear_syllable_tells_apart_is_not(one: str, other: str) -> None:
    assert pairs(one, other) == []


def test_a_pair_names_its_options_and_its_distance() -> None:
    found = confusable_pairs({"cancel": ["退订"], "guess": ["推定"], "plan": ["改套餐"]})
    assert found == [Confusable("cancel", "退订", "guess", "推定", pytest.approx(distance("退订", "推定")))]


def test_the_same_phrase_in_two_options_is_no_distance_apart() -> None:
    found = confusable_pairs({"a": ["查话费", "余额"], "b": ["余额"], "c": ["余额"]})
    assert [(pair.option_a, pair.option_b, pair.distance) for pair in found] == [
        ("a", "b", 0.0),
        ("a", "c", 0.0),
        ("b", "c", 0.0),
    ]


def test_phrases_of_one_option_may_sound_alike() -> None:
    assert confusable_pairs({"a": ["查话费", "查花费", "查话费"], "b": ["改套餐"]}) == []


def test_the_likeliest_pair_comes_first() -> None:
    assert pairs("四", "十", "是", "退订", "推定", "身份", "身分") == [
        ("身份", "身分"),
        ("退订", "推定"),
        ("四", "是"),
        ("十", "是"),
        ("四", "十"),
    ]


def test_the_limit_is_of_the_worst_syllable() -> None:
    assert pairs("第一个", "第二个", limit=0.34) == []
    assert pairs("第一个", "第二个", limit=0.36) == [("第一个", "第二个")]
    assert pairs("身份", "身分", limit=0.0) == [("身份", "身分")]


def test_what_cannot_be_said_is_passed_over() -> None:
    assert pairs("……", "？", "", "余额") == []
    assert confusable_pairs({}) == []
    assert confusable_pairs({"a": []}) == []


def test_many_phrases_are_compared_as_few_are() -> None:
    said = ["".join(each) for each in itertools.product("四是十七机", repeat=4)]
    option_of = {phrase: f"option_{index % 3}" for index, phrase in enumerate(said)}
    options = {
        option: [phrase for phrase in said if option_of[phrase] == option] for option in sorted(set(option_of.values()))
    }
    found = {frozenset((pair.phrase_a, pair.phrase_b)) for pair in confusable_pairs(options)}
    expected = {
        frozenset((one, other))
        for one, other in itertools.combinations(said[::23], 2)
        if option_of[one] != option_of[other] and pairs(one, other)
    }
    assert expected
    assert expected == {pair for pair in found if pair <= set(said[::23])}


def test_no_question_of_the_bundled_hotline_has_any() -> None:
    flow = load_flow(FLOW)
    compiled = CompiledFlow(flow)
    questions = [stop.name for stop in stops(flow) if isinstance(stop.node, Question)]
    assert len(questions) > 5
    for question in questions:
        phrases = {name: choice.phrases for name, choice in compiled.choices(question).items()}
        assert confusable_pairs(phrases) == []
