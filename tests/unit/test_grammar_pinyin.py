"""Text as syllables, and which syllables sound alike."""

from __future__ import annotations

import pytest

from gateway.dialogue.grammar.pinyin import codes, costs, distance, spoken

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "syllables"),
    [
        ("查话费", ("cha", "hua", "fei")),
        ("查，话费！", ("cha", "hua", "fei")),
        ("5个G", ("u", "ge", "ji")),
        ("餘額", ("v", "e")),
        ("", ()),
        ("?! \n", ()),
        ("🙂", ()),
    ],
)
def test_what_is_pronounceable_becomes_syllables(text: str, syllables: tuple[str, ...]) -> None:
    assert spoken(text).syllables == syllables


def test_a_character_keeps_its_other_readings() -> None:
    (readings,) = spoken("行").readings
    assert {reading.toneless for reading in readings} >= {"xing", "hang"}


@pytest.mark.parametrize(
    ("near", "far"),
    [
        (("流量", "牛娘"), ("流量", "手长")),  # n and l
        (("是", "四"), ("是", "大")),  # sh and s
        (("话费", "花卉"), ("话费", "套餐")),  # f and h
        (("宽带", "矿带"), ("宽带", "可带")),  # an and ang
        (("进度", "净度"), ("进度", "家度")),  # in and ing
        (("人工", "仍工"), ("人工", "如工")),  # en and eng
        (("余额", "鱼儿"), ("余额", "天气")),
        (("人工", "隐工"), ("人工", "天工")),  # r lost
    ],
)
def test_confusions_cost_less_than_other_syllables(near: tuple[str, str], far: tuple[str, str]) -> None:
    assert distance(*near) < 0.35
    assert distance(*near) < distance(*far)


def test_a_wrong_tone_costs_little_but_something() -> None:
    assert 0.0 < distance("话费", "花肥") < 0.1


def test_nothing_is_as_far_as_it_gets_from_something() -> None:
    assert distance("", "话费") == 1.0
    assert distance("", "!") == 0.0


def test_costs_are_a_table_of_every_pair() -> None:
    table = costs(codes(spoken("话费").readings), codes(spoken("花费卡").readings))
    assert table.shape == (2, 3)
    assert table[1, 1] == 0.0
    assert table[0, 0] < table[0, 2]
