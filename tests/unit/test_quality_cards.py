"""Scorecards: points, the fatal rule, which conversations a card is for; and mistakes in quality.yaml."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.analytics.quality import Scorecards
from gateway.errors import RulesError
from tests.support.chinese import not_chinese
from tests.support.quality import cards, faults, talk, turn

pytestmark = pytest.mark.unit

FILE = """\
cards:
  service:
    title: 服务
    base: 90
    applies_when: {hotline: [a, b]}
    rules:
      hello:
        title: 问候
        must: {keywords: {any: [您好]}}
        points: -10
      rude:
        title: 禁语
        must_not: {keywords: {any: [不知道]}}
        points: -30
      swears:
        title: 辱骂
        must_not: {keywords: {any: [闭嘴]}}
        fatal: true
      thanks:
        title: 道谢
        bonus: {keywords: {any: [感谢]}}
        points: 5
      bills:
        title: 话费
        applies_when: {route: [billing_query], mode: [elderly], participant: [customer, agent]}
        must: {keywords: {any: [账单]}}
        points: -7
"""


@pytest.mark.parametrize(
    ("said", "score", "failed", "broken"),
    [
        ("您好", 90, False, set()),
        ("您好，感谢来电", 95, False, set()),
        ("喂", 80, False, {"hello"}),
        ("喂，我不知道", 50, False, {"hello", "rude"}),
        ("您好，闭嘴", 0, True, {"swears"}),
    ],
)
def test_points_are_taken_and_given(tmp_path: Path, said: str, score: float, failed: bool, broken: set[str]):
    (card,) = cards(tmp_path, FILE).score(talk(f"坐：{said}", hotline="a"), ())
    assert (card.score, card.failed, faults(card)) == (score, failed, broken)
    assert [hit.rule for hit in card.hits] == ["hello", "rude", "swears", "thanks"]


def test_a_bonus_that_is_not_earned_is_no_fault(tmp_path: Path):
    (card,) = cards(tmp_path, FILE).score(talk("坐：您好", hotline="a"), ())
    thanks = card.hits[-1]
    assert (thanks.rule, thanks.passed, thanks.points) == ("thanks", True, 0.0)


def test_a_score_stays_between_0_and_100(tmp_path: Path):
    file = FILE.replace("base: 90", "base: 100").replace("points: -30", "points: -100")
    score = cards(tmp_path, file).score
    assert score(talk("坐：您好感谢", hotline="a"), ())[0].score == 100
    assert score(talk("坐：不知道", hotline="a"), ())[0].score == 0


def test_a_card_is_for_its_hotlines_alone(tmp_path: Path):
    assert cards(tmp_path, FILE).score(talk("坐：您好", hotline="c"), ()) == ()


def test_a_rule_applies_when_all_of_its_conditions_are_so(tmp_path: Path):
    score = cards(tmp_path, FILE).score
    call = talk("坐：您好", "客：查话费", hotline="a", mode="elderly")
    routed = [turn(1, route="billing_query")]
    assert faults(score(call, routed)[0]) == {"bills"}
    assert faults(score(call, [turn(1, route="roaming")])[0]) == set()
    assert faults(score(replace(call, mode="standard"), routed)[0]) == set()
    assert faults(score(replace(call, segments=call.segments[1:]), routed)[0]) == {"hello"}


def test_a_conversation_that_goes_on_is_not_scored(tmp_path: Path):
    """What wasn't said yet is no fault."""
    assert cards(tmp_path, FILE).score(talk("坐：喂", hotline="a", ended=False), ()) == ()


RULE = "cards:\n  c:\n    title: 卡\n    rules:\n      r:\n        title: 条\n        points: -5\n        %s\n"


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("must: {^keyword: {any: [您好]}}", "不认识的键 `keyword`；是不是 `keywords`？"),
        ("must: {keywords: {^anny: [您好]}}", "是不是 `any`？"),
        ("must: {keywords: ^{}}", "请写在 `any`、`all` 或 `none` 里"),
        ("must: {keywords: {any: ^[]}}", "至少要写 1 项"),
        ("must: {keywords: {any: [您好, ^'，。']}}", "没有能说出来的字"),
        ("must: {keywords: {any: [您好, ^12315]}}", "要写成文字"),
        ("must: {keywords: {any: [您好], participant: ^clerk}}", "不能是 `clerk`"),
        ("must: {keywords: {any: [您好], opening: ^soon}}", "请写几句，如 `2`，或多久，如 `20s`"),
        ("must: {keywords: {any: [您好], opening: ^0}}", "1 到 1000"),
        ("must: {pattern: {regex: ^'(您好'}}", "不是正则表达式，在第 4 个字符：括号没有合上"),
        ("must: {pattern: {regex: ^'您*'}}", "什么都能匹配"),
        ("must: {silence: {longer: ^8}}", "请写成 `800ms`、`8s` 或 `5m`"),
        ("must: {silence: {longer: ^25h}}", "最多 `24h`"),
        ("must: {similar: {sentences: [您好], at_least: ^2}}", "at_least"),
        ("must: {pace: ^{over: 5, under: 2}}", "`over` 和 `under` 要写一个，也只能写一个"),
        ("must: {mood: ^{}}", "请写 `anger`、`negative_turns`、`ends` 或 `improved`"),
        ("must: {mood: {anger: ^4}}", "anger"),
        ("must: {duration: ^{of: turn, under: 5s}}", "只有整通电话才能太短"),
        ("must: {duration: ^{over: 5s, participant: agent}}", "只有 `turn` 才分谁说的"),
        ("must: {call: ^{}}", "请写上 `disposition`"),
        ("must: ^{}", "一个条件只写一种：`keywords`、`pattern`"),
        ("must: {any: ^[]}", "至少要写 1 项"),
        ("must: {any: [{mood: {anger: 1}}, {pattern: {regex: ^'['}}]}", "不是正则表达式"),
        ("must: ^{keywords: {any: [您好]}, mood: {anger: 1}}", "一个条件只写一种：`keywords`、`pattern`"),
        ("applies_when: {source: ^call2}\n        must: {mood: {anger: 1}}", "是不是 `call`？"),
    ],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, rule: str, what: str):
    """The place is where `^` stands."""
    before, _, _ = (RULE % rule).partition("^")
    line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
    with pytest.raises(RulesError) as refused:
        cards(tmp_path, RULE % rule.replace("^", ""))
    (problem,) = refused.value.problems
    assert problem.startswith(f"{tmp_path / 'quality.yaml'}:{line}:{column}: ")
    assert what in problem
    assert not_chinese([problem.partition("quality.yaml:")[2]]) == []


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("bonus: {mood: {anger: 1}}", "`bonus` 是加分"),
        (
            "must: {mood: {anger: 1}}\n        must_not: {mood: {anger: 1}}",
            "`must`、`must_not`、`bonus` 要写一个，也只能写一个",
        ),
        ("fatal: true", "`must`、`must_not`、`bonus` 要写一个，也只能写一个"),
    ],
)
def test_a_rule_that_makes_no_sense_is_told_where_it_stands(tmp_path: Path, rule: str, what: str):
    with pytest.raises(RulesError, match=rf":6:9: .*{what}"):
        cards(tmp_path, RULE % rule)


@pytest.mark.parametrize(
    ("points", "what"),
    [("5", "请写 `points: -5`，或改成 `bonus`"), ("0", "不起作用"), ("-101", "`points` 不能小于 -100")],
)
def test_points_of_the_wrong_sign_or_size_are_refused(tmp_path: Path, points: str, what: str):
    with pytest.raises(RulesError, match=what):
        cards(tmp_path, (RULE % "must: {mood: {anger: 1}}").replace("points: -5", f"points: {points}"))


def test_all_mistakes_are_told_at_once(tmp_path: Path):
    rules = FILE.replace("points: -10", "points: 10").replace("base: 90", "base: 900").replace("any: [闭嘴]", "any: []")
    with pytest.raises(RulesError) as refused:
        cards(tmp_path, rules)
    assert len(refused.value.problems) == 3


def test_a_folder_that_is_not_there_is_refused_and_one_without_the_file_takes_ours(tmp_path: Path):
    with pytest.raises(RulesError, match="没有这个文件夹"):
        Scorecards.load(tmp_path / "nowhere")
    assert list(Scorecards.load(tmp_path).cards) == ["ivr", "agent"]


GOOD = (
    "坐：您好，工号八零二一为您服务，请问有什么可以帮您",
    "客：我的会员我没订过，怎么扣我二十块钱，太过分了",
    "坐：非常抱歉给您带来不便，我先跟您核对一下，您是机主本人吗",
    "客：是我本人",
    "坐：请您稍等，我帮您查一下",
    "坐：让您久等了，已经给您登记退费，二十四小时内到账",
    "客：那好吧，谢谢",
    "坐：请问还有其他可以帮您的吗",
    "客：没有了",
    "坐：感谢您的来电，祝您生活愉快，再见",
)
BAD = (
    "坐：喂",
    "客：我的会员我没订过，怎么扣我二十块钱，太过分了，我要投诉你们",
    "坐：这个我不知道，不归我管@12-15",
    "客：那我找谁",
    "坐：你自己查吧",
)


def test_a_good_call_of_an_agent_keeps_its_points_and_a_bad_one_loses_them():
    """The package's own card, on one call of each kind."""
    score = Scorecards.load().score
    (good,) = score(talk(*GOOD), [turn(1, "negative", 2), turn(3), turn(6, "positive"), turn(8)])
    assert (good.card, faults(good), good.score) == ("agent", set(), 100)
    (bad,) = score(talk(*BAD), [turn(1, "negative", 2), turn(3, "negative", 1)])
    assert faults(bad) >= {"opening", "forbidden", "empathy", "complaint_recorded", "confirm_solved", "closing"}
    assert bad.score < 50
    shown = {hit.rule: [piece.text for piece in hit.evidence] for hit in bad.hits}
    assert shown["forbidden"] == ["不知道", "不归我管", "自己查"]


def test_swearing_at_a_caller_fails_the_card():
    (card,) = Scorecards.load().score(talk("坐：您好", "坐：你有病吧"), ())
    assert card.failed
    assert card.score == 0


def test_a_machines_call_gets_the_machines_card():
    lines = ("机：您好，欢迎致电，请说您要办的事", "客：查话费", "机：您的话费是三十元", "客：谢谢")
    (card,) = Scorecards.load().score(
        talk(*lines, source="call", disposition="completed"), [turn(1), turn(3, "positive")]
    )
    assert (card.card, faults(card), card.score) == ("ivr", set(), 100)
    lost = talk(
        "机：请说", "客：人工@2-3", "机：请说@12-13", source="call", transfer_asked=True, disposition="abandoned"
    )
    (card,) = Scorecards.load().score(lost, [turn(1, "negative", 2)])
    assert faults(card) >= {"greeting", "human_offered", "dead_air", "angry_without_human", "left_unhappy"}
