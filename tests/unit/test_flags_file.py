"""flags.yaml with mistakes: all of them, each at its place."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from gateway.analytics.flags import FlagRules
from gateway.analytics.rulefiles import BUNDLED
from gateway.errors import RulesError
from tests.support.chinese import not_chinese

pytestmark = pytest.mark.unit

GOOD = """\
parts:
  多次: '[两三]次'
flags:
  price:
    title: 嫌贵
    severity: low
    conditions:
      - words: [太贵]
      - patterns: ['涨价<多次>']
      - long_silence: {gap_ms: 9000, waited: 3}
"""


def problems(folder: Path, text: str) -> list[str]:
    (folder / "flags.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as raised:
        FlagRules.load(folder)
    told = [line.removeprefix(f"{folder / 'flags.yaml'}:") for line in raised.value.problems]
    assert not_chinese(told) == []
    return told


def test_the_example_is_right(tmp_path: Path):
    (tmp_path / "flags.yaml").write_text(GOOD, encoding="utf-8")
    FlagRules.load(tmp_path)


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        ("'涨价<多次>'", "'涨(价'", r"9:20: `涨\(价` 不是正则表达式，在第 4 个字符：括号没有合上；请改正"),
        ("'涨价<多次>'", "'价*'", r"9:20: `价\*` 什么都能匹配"),
        ("'涨价<多次>'", "'涨价<多回>'", r"9:20: 没有片段 `多回`；这里有：`多次`"),
        ("'[两三]次'", "'[两-三]次'", r"2:7: .* 不是正则表达式.*：方括号里的范围不对"),
        ("severity: low", "severity: lov", r"6:15: `severity` 不能是 `lov`；是不是 `low`？"),
        ("- words", "- wrods", r"8:9: 不认识的键 `wrods`；是不是 `words`？"),
        ("[太贵]", "['！']", r"8:17: 这里不能写 `！`；请写能说出来的字"),
        ("[太贵]", "[]", r"8:9: .*一个条件要么写话.*，要么写一种"),
        ("- words: [太贵]", "- words: [太贵]\n        loop: {asked: 3, rounds: 3}", r"8:9: .*一个条件要么写话"),
        ("waited: 3", "waited: 0", r"10:46: `waited` 不能小于 1；请改正"),
        (", waited: 3", "", r"10:23: 缺少 `waited`；请补上"),
        ("  price:", "  Price:", r"4:3: 这里不能写 `Price`；请写小写字母开头的名字"),
        ("title: 嫌贵", "title: 嫌贵\n    title: 贵", r"6:5: `title` 在这里写了两次"),
    ],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, was: str, becomes: str, told: str):
    assert was in GOOD
    found = problems(tmp_path, GOOD.replace(was, becomes))
    assert any(re.match(told, line) for line in found), found


def test_all_mistakes_are_told(tmp_path: Path):
    broken = GOOD.replace("'涨价<多次>'", "'(', '[', '涨价'") + "      - asked_for_human: {times: 3, patterns: ['*']}\n"
    assert [line.partition(" ")[0] for line in problems(tmp_path, broken)] == ["9:20:", "9:25:", "11:48:"]


def test_a_pattern_of_unless_has_its_place_too(tmp_path: Path):
    broken = GOOD.replace("    severity: low", "    severity: low\n    unless: {patterns: ['贵(']}") + (
        "      - {words: [涨], unless: {patterns: ['涨(']}}\n"
    )
    assert [line.partition(" ")[0] for line in problems(tmp_path, broken)] == ["7:25:", "12:42:"]


def test_the_example_of_the_manual_is_right(tmp_path: Path):
    manual = (Path(__file__).parents[2] / "docs/flags.zh.md").read_text(encoding="utf-8")
    example = manual.partition("```yaml\n")[2].partition("```")[0]
    (tmp_path / "flags.yaml").write_text("parts: {运营商: '联通|移动'}\n" + example, encoding="utf-8")
    FlagRules.load(tmp_path)


def test_parts_in_parts_can_not_grow_without_end(tmp_path: Path):
    names = "甲乙丙丁戊己"
    parts = ["  甲: '次次次次次次次次次次次次'"]
    parts += [f"  {name}: '{f'<{before}>' * 12}'" for before, name in pairwise(names)]
    broken = GOOD.replace("parts:\n", "parts:\n" + "\n".join(parts) + "\n")
    assert "片段放进去以后超过 10000 个字符" in problems(tmp_path, broken)[0]


def test_the_package_file_and_the_manual_name_the_flags_of_the_house():
    text = (BUNDLED / "flags.yaml").read_text(encoding="utf-8")
    manual = (Path(__file__).parents[2] / "docs/flags.zh.md").read_text(encoding="utf-8")
    names = re.findall(r"^  ([a-z_]+):$", text.partition("\nflags:\n")[2], re.MULTILINE)
    assert re.findall(r"^\| `(\w+)` \|", manual, re.MULTILINE) == names
    assert set(names) == {
        *("regulator", "churn", "abuse", "repeat_contact", "vulnerable", "asked_for_human_repeatedly"),
        *("loop", "silent_abandon", "elderly_not_offered_human", "long_silence", "low_confidence"),
    }
