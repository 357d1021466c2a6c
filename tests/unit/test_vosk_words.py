from __future__ import annotations

import json
from itertools import pairwise, product

import pytest

from asr.engines.vosk_words import Grammar, every_pair, grammar_of, join_words, segment, without_noises

pytestmark = pytest.mark.unit

VOCABULARY = {
    *("查", "话", "费", "查话", "话费", "宽", "带", "宽带", "报修", "流量", "套餐"),
    *("g", "五", "wifi", "上", "不", "了", "网", "上网", "고객", "센터", "一", "二", "三"),
}


def knows(word: str) -> bool:
    return word in VOCABULARY


@pytest.mark.parametrize(
    ("phrase", "words"),
    [
        ("查话费", ("查话", "费")),
        ("宽带报修", ("宽带", "报修")),
        ("宽带，报修。", ("宽带", "报修")),
        ("上不了网", ("上", "不", "了", "网")),
        ("流量", ("流量",)),
        ("5G套餐", ("五", "g", "套餐")),
        ("WiFi", ("wifi",)),
        ("고객 센터", ("고객", "센터")),
        ("고객센터", ("고객", "센터")),
    ],
)
def test_a_phrase_is_cut_into_the_fewest_words_that_the_model_has(phrase: str, words: tuple[str, ...]) -> None:
    assert segment(phrase, knows) == words


@pytest.mark.parametrize("phrase", ["", "，。", "改套餐", "查话费吧", "wifis", "wif"])
def test_a_phrase_with_a_part_that_the_model_lacks_is_left_out(phrase: str) -> None:
    assert segment(phrase, knows) is None


def test_cutting_looks_ahead_and_takes_no_dead_end() -> None:
    assert segment("甲乙丙丁", {"甲乙丙", "甲", "乙", "丙丁"}.__contains__) == ("甲", "乙", "丙丁")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["查", "话费"], "查话费"),
        (["一", "二", "三"], "一二三"),
        (["5", "g", "套餐"], "5 g 套餐"),
        (["查", "wi", "fi", "密", "码"], "查 wi fi 密码"),
        (["고객", "센터"], "고객 센터"),
        (["[unk]", "查", "<unk>", "话费", "[laughter]"], "查话费"),
        ([], ""),
    ],
)
def test_han_is_joined_and_other_scripts_keep_their_spaces(words: list[str], text: str) -> None:
    assert join_words(words) == text


def test_a_grammar_has_each_known_hint_once_and_the_unknown_where_the_model_has_it() -> None:
    grammar = grammar_of(["查话费", "改套餐", "查，话费", "宽带"], (), knows)
    assert grammar is not None
    assert json.loads(grammar.json) == ["查话 费", "查 话费", "宽带"]
    with_unknown = grammar_of(["宽带"], (), lambda word: knows(word) or word == "[unk]")
    assert with_unknown is not None
    assert json.loads(with_unknown.json) == ["宽带", "[unk]"]


@pytest.mark.parametrize("hints", [[], ["改"], ["", "，"]])
def test_without_a_known_hint_there_is_no_grammar(hints: list[str]) -> None:
    assert grammar_of(hints, (), knows) is None
    assert grammar_of(hints, ("digits",), lambda word: False) is None


def test_a_closed_answer_brings_the_words_of_its_kind_that_the_model_has() -> None:
    grammar = grammar_of(["宽带"], ("phone",), knows)
    assert grammar is not None
    assert set(grammar.closed) == {"一", "二", "三", "五"}
    assert json.loads(grammar.json)[:2] == ["宽带", "一"]
    assert grammar.covers(["三", "一", "一", "二"])
    assert grammar.covers(["三", "一", "宽带"])


def test_a_confirmation_has_the_words_of_what_is_confirmed_too() -> None:
    grammar = grammar_of([], ("yes_no", "phone"), lambda _word: True)
    assert grammar is not None
    assert {"对", "不", "八", "幺"} <= set(grammar.closed)
    assert len(grammar.closed) == len(set(grammar.closed))


@pytest.mark.parametrize("count", [0, 1, 2, 3, 11])
def test_in_a_run_of_every_pair_each_word_follows_each_exactly_once(count: int) -> None:
    words = [str(number) for number in range(count)]
    assert sorted(pairwise(every_pair(words))) == sorted(product(words, repeat=2))


@pytest.mark.parametrize(
    ("words", "covered"),
    [
        ("查 话费", True),
        ("[unk] 查 话费 <unk>", True),
        ("查", False),
        ("话费 查", False),
        ("查 话费 宽带", False),
        ("查 话费 费", False),
        ("[unk]", False),
        ("", False),
    ],
)
def test_one_whole_hint_is_covered_and_scraps_or_several_are_not(words: str, covered: bool) -> None:
    assert Grammar((("查", "话费"), ("宽带",))).covers(words.split()) is covered


def test_a_hint_that_begins_another_does_not_hide_it() -> None:
    assert Grammar((("查",), ("查", "话费"))).covers(("查", "话费"))


def test_noises_are_no_words() -> None:
    assert without_noises(["[unk]", "!SIL", "查"]) == ("查",)
