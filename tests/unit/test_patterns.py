"""Patterns of rule files: refused, found, cut off, switched off, and not even looked for."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from gateway.analytics.conversation import Segment
from gateway.analytics.flags import FlagRules
from gateway.analytics.patterns import MAX_CHARACTERS, MAX_OVERRUNS, Pattern
from gateway.analytics.required import required

pytestmark = pytest.mark.unit

ENDLESS = "(投|投投)+诉"
SLOW = "投" * 40 + "速"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("(", "在第 2 个字符：括号没有合上"),
        ("投**", "在第 3 个字符：重复的次数写了两遍"),
        ("投?", "什么都能匹配"),
        ("|投", "什么都能匹配"),
        ("(" * 5000, "不能当正则表达式读（RecursionError）"),
        ("投" * 20_000, "超过 10000 个字符"),
    ],
)
def test_a_bad_pattern_is_refused_with_the_place(text: str, why: str):
    with pytest.raises(ValueError, match=r".") as raised:
        Pattern(text)
    assert why in str(raised.value)
    assert len(str(raised.value)) < 200


def test_matches_come_from_left_to_right_and_without_case():
    assert list(Pattern("ab+").spans("xABBaab")) == [(1, 4), (5, 7)]
    assert Pattern("投诉").search("我要投诉") == (2, 4)
    assert Pattern("投诉").search("我要表扬") is None


def test_empty_matches_are_none():
    assert list(Pattern("投(?=诉)|(?=我)").spans("我投诉")) == [(1, 2)]


def test_a_text_is_cut():
    assert Pattern("诉").search("投" * MAX_CHARACTERS + "诉") is None


def test_an_endless_pattern_is_cut_off_and_then_switched_off_with_one_line(caplog: pytest.LogCaptureFixture):
    pattern = Pattern(ENDLESS, "flags.yaml:7")
    with caplog.at_level(logging.WARNING):
        for _ in range(MAX_OVERRUNS + 2):
            assert pattern.search(SLOW) is None
    assert pattern.off
    assert pattern.overruns == MAX_OVERRUNS
    assert pattern.search("投诉") is None
    (line,) = caplog.messages
    assert line.startswith("flags.yaml:7: ")


def test_the_other_rules_go_on_beside_an_endless_pattern(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    file = tmp_path / "flags.yaml"
    file.write_text(
        "flags:\n"
        "  slow: {title: 慢, severity: low, conditions: [{patterns: ['(投|投投)+诉']}]}\n"
        "  sure: {title: 准, severity: low, conditions: [{patterns: ['投速']}, {exact: [销户]}]}\n",
        encoding="utf-8",
    )
    rules = FlagRules.load(tmp_path)
    for n in range(MAX_OVERRUNS + 1):
        text = f"{SLOW}诉讼{n}"  # another text each time: known ones aren't searched again
        segment = Segment(index=0, participant="customer", text=text, begin_ms=0, end_ms=1)
        assert [flag.flag for flag in rules.in_text(segment)] == ["sure"]
    assert [message.partition(": ")[0] for message in caplog.messages] == [f"{file}:2"]


def test_many_endless_patterns_do_not_hold_a_sentence_up(tmp_path: Path):
    patterns = ", ".join(f"'(投|投投)+{char}'" for char in "甲乙丙丁戊己庚辛壬癸")
    (tmp_path / "flags.yaml").write_text(
        f"flags:\n  slow: {{title: 慢, severity: low, conditions: [{{patterns: [{patterns}]}}]}}\n", encoding="utf-8"
    )
    rules = FlagRules.load(tmp_path)
    text = "投" * 40 + "-".join("甲乙丙丁戊己庚辛壬癸")
    rules.in_text(
        Segment(index=0, participant="customer", text="投" * 40 + "速甲乙丙丁戊己庚辛壬癸", begin_ms=0, end_ms=1)
    )
    searched = [pattern.overruns for pattern, _ in rules._find.__wrapped__.__self__._patterns]
    assert sum(searched) == 3, text


@pytest.mark.parametrize(
    ("pattern", "needed"),
    [
        ("投诉", ["投", "诉"]),
        ("投诉?", ["投"]),
        ("投{2,}诉{0,3}", ["投"]),
        ("投{2}+诉*?讼??", ["投"]),
        ("(?:投|诉)讼", ["讼", "投诉"]),
        ("(投|诉*)讼", ["讼"]),
        ("[投诉]讼+?", ["讼", "投诉"]),
        ("[^投]讼", ["讼"]),
        ("[一-龥]讼", ["讼"]),
        ("(?<!不)投(?!诉)", ["投"]),
        ("(?=诉)投", ["投"]),
        (".\\d+投", ["投"]),
        ("投|sb", []),
        ("我甲乙丙丁戊", ["丁", "丙", "乙", "甲"]),
        ("(投)\\1", []),
        ("(?i)投", []),
        ("(?P<a>投)", []),
        ("投{e<=1}", []),
        ("[[:alpha:]]投", []),
        ("投)", []),
        ("(" * 100 + "投" + ")" * 100, []),
        ("[投", []),
        ("投\\", []),
    ],
)
def test_the_characters_that_a_pattern_needs(pattern: str, needed: list[str]):
    assert sorted("".join(sorted(one)) for one in required(pattern)) == sorted("".join(sorted(one)) for one in needed)


def test_a_pattern_says_where_it_is_not_worth_looking():
    pattern = Pattern("投诉(?:你们|客服)")
    assert pattern.possible(set("我要投诉客服"))
    assert not pattern.possible(set("我要投诉"))
    assert not pattern.possible(set())
