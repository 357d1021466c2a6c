"""Flags that words raise: in many wordings, by their sound, and not where they are taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.flags import FlagRules
from gateway.analytics.flags.heard import MAX_CHARACTERS, heard
from gateway.findings import Mood, WordMood

pytestmark = pytest.mark.unit

OWN = """
heard_as: [投诉]
keep: [消耗品]
parts: {多次: '[两三四五]次'}
flags:
  price:
    title: 嫌贵
    severity: low
    conditions:
      - words: [太贵了, 消好品]
        unless: {words: [不嫌太贵了]}
      - patterns: ['涨价<多次>', '投诉涨价']
        severity: high
  greeting:
    title: 没有问好
    severity: low
    conditions:
      - exact: [您好]
        participant: agent
  rage:
    title: 发火
    severity: medium
    conditions:
      - {exact: [够了], anger: 2}
      - {exact: [骂], lifted_by: [report]}
"""


@pytest.fixture(scope="module")
def rules() -> FlagRules:
    return FlagRules.load()


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> FlagRules:
    folder = tmp_path_factory.mktemp("rules")
    (folder / "flags.yaml").write_text(OWN, encoding="utf-8")
    return FlagRules.load(folder)


def said(text: str, index: int = 0, **fields) -> Segment:
    start = index * 10_000
    return Segment(
        **{"index": index, "participant": "customer", "text": text, "begin_ms": start, "end_ms": start + 1000} | fields
    )


def names(rules: FlagRules, text: str, **fields) -> set[str]:
    return {flag.flag for flag in rules.in_text(said(text, **fields))}


@pytest.mark.parametrize(
    ("text", "flags"),
    [
        ("再不处理我就投诉到公信部", "regulator"),
        ("我打幺二三幺五投诉你们", "regulator"),
        ("携号转王怎么办理", "churn"),
        ("給我銷戶", "churn"),
        ("我要销 乎", "churn"),
        ("你们就是一群骗子", "abuse"),
        ("拉圾公司", "abuse"),
        ("我都打了三次电话了", "repeat_contact"),
        ("反映过好几遍了没人处理", "repeat_contact"),
        ("我今年六十八了", "vulnerable"),
        ("耳朵背听不清", "vulnerable"),
        ("说了三遍转人公", "asked_for_human_repeatedly"),
        ("都说了多少次要人工", "asked_for_human_repeatedly"),
        ("打了五次没人管 我要找律师", "regulator repeat_contact"),
    ],
)
def test_a_flag_is_found_in_the_words_of_callers(rules: FlagRules, text: str, flags: str):
    assert names(rules, text) == set(flags.split())


@pytest.mark.parametrize(
    "text",
    [
        "我不是要销户",
        "我不是要携号转网",
        "不用转网",
        "转网就不用了",
        "没打算投诉工信部",
        "别跟我提销户",
        "听说有人销户了",
        "取消呼叫转移",
        "换联通卡槽",
        "移动电源怎么换",
        "当律师要考律师证吗",
        "有人冒充记者",
        "我的手机号是13812315678",
        "垃圾短信太多",
        "接到骗子电话",
        "是他妈给他充的",
        "别滚屏了",
        "骚扰电话一天打我十几次",
        "密码输了三次",
        "六十八块钱的套餐",
        "老人机多少钱",
        "对方听不清我说话",
        "我要转人工",
        "身份证号我说了三遍了还识别不出来 转人工吧",
        "您好",
    ],
)
def test_what_only_looks_like_it_raises_nothing(rules: FlagRules, text: str):
    assert names(rules, text) == set()


@pytest.mark.parametrize(
    "text", ["凭什么不让我转网", "异地不给销户是吧", "会不会给我转网", "怎么还不给我销户", "不是要销户吗，怎么还扣钱"]
)
def test_a_refusal_a_demand_and_a_rhetorical_question_negate_nothing(rules: FlagRules, text: str):
    assert names(rules, text) == {"churn"}


def test_a_negation_ends_with_its_clause(rules: FlagRules):
    assert names(rules, "不是，我要销户") == {"churn"}
    assert names(rules, "开个发票都不会 废物") == {"abuse"}


def test_spaces_between_all_words_are_no_pauses(rules: FlagRules):
    assert names(rules, "我 不 是 要 销 户") == set()


def test_evidence_is_the_stretch_of_the_text_as_it_was_written(rules: FlagRules):
    (flag,) = rules.in_text(said("嗯，我要找【公 信部】！"))
    (evidence,) = flag.evidence
    assert (evidence.start, evidence.end, evidence.text) == (6, 10, "公 信部")
    assert 0 < evidence.begin_ms < evidence.end_ms < 1000
    assert flag.at_ms == evidence.begin_ms


def test_the_severity_is_that_of_the_gravest_condition(rules: FlagRules):
    assert [flag.severity for flag in rules.in_text(said("我要打12315"))] == ["high"]
    assert [flag.severity for flag in rules.in_text(said("我要打12315还要起诉"))] == ["critical"]


def test_a_flag_comes_once_with_the_evidence_of_all_segments(rules: FlagRules):
    segments = said("我要销户", 0), said("转人工", 1), said("给我转网", 2), said("我要找记者", 3)
    call = Conversation(id="c", source="call", segments=segments, ended=False, duration_ms=40_000)
    flags = rules.flags(call, {})
    assert [flag.flag for flag in flags] == ["churn", "regulator"]
    assert [(one.segment, one.text) for one in flags[0].evidence] == [(0, "销户"), (2, "转网")]
    assert flags[0].at_ms < 1000


def test_only_the_caller_counts_unless_a_rule_says_so(own: FlagRules):
    assert names(own, "太贵了", participant="agent") == set()
    assert names(own, "您好", participant="agent") == {"greeting"}
    assert names(own, "您好") == set()


def test_keys_and_silences_have_no_words(own: FlagRules):
    assert names(own, "太贵了", kind="keys") == set()
    assert names(own, "") == set()


def test_a_supervisor_adds_a_flag_with_words_and_patterns_only(own: FlagRules):
    assert names(own, "泰贵了") == {"price"}
    assert names(own, "涨价三次") == {"price"}
    assert [flag.severity for flag in own.in_text(said("涨价三次"))] == ["high"]
    assert names(own, "我也不嫌太贵了") == set()


def test_patterns_see_words_that_were_written_by_their_sound(own: FlagRules):
    assert names(own, "头树涨价") == set()  # two syllables: only the tone may differ
    assert names(own, "偷速涨价") == {"price"}


def test_a_word_that_is_kept_is_not_taken_for_another(own: FlagRules):
    assert names(own, "消耗品") == set()
    assert names(own, "消号品") == {"price"}


def test_words_may_need_an_angry_mood(own: FlagRules):
    call = Conversation(id="c", source="call", segments=(said("够了"),), ended=False, duration_ms=1000)
    moods = [Mood(polarity="negative", anger=n, words=WordMood(polarity="negative", score=-1, anger=n)) for n in (1, 2)]
    assert [own.flags(call, {0: mood}) != () for mood in moods] == [False, True]
    assert own.flags(call, {}) == own.in_text(call.segments[0]) == ()


def test_a_condition_chooses_what_takes_it_back(own: FlagRules):
    assert names(own, "我没骂") == {"rage"}
    assert names(own, "我朋友骂") == set()


def test_texts_are_cut(own: FlagRules):
    assert names(own, "好" * (MAX_CHARACTERS - 3) + "太贵了") == {"price"}
    assert names(own, "好" * MAX_CHARACTERS + "太贵了") == set()
    assert len(heard("好" * 100_000).chars) == MAX_CHARACTERS


def test_each_sentence_is_searched_once_however_long_the_call(own: FlagRules, monkeypatch: pytest.MonkeyPatch):
    looked: list[str] = []
    find = own._find.__wrapped__
    from functools import lru_cache

    monkeypatch.setattr(own, "_find", lru_cache(4096)(lambda text: looked.append(text) or find(text)))
    segments = tuple(said(f"第{n}句", n) for n in range(100))
    for turns in range(1, 101):
        call = Conversation(id="c", source="call", segments=segments[:turns], ended=False, duration_ms=turns * 10_000)
        own.flags(call, {})
    assert len(looked) == 100


def test_the_package_says_nothing_of_a_folder_without_the_file(tmp_path: Path, rules: FlagRules):
    assert names(FlagRules.load(tmp_path), "我要销户") == {"churn"}
