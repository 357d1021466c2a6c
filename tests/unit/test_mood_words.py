"""What callers' words say of their mood: kinds of sentences, and what is no mood at all."""

from __future__ import annotations

from functools import cache

import pytest

from gateway.analytics.conversation import Segment
from gateway.analytics.mood import MoodReader
from gateway.findings import Mood

pytestmark = pytest.mark.unit


@cache
def reader() -> MoodReader:
    return MoodReader.load()


def said(text: str) -> Segment:
    return Segment(index=3, participant="customer", text=text, begin_ms=1000.0, end_ms=2000.0)


def mood(text: str) -> Mood:
    return reader().turn(said(text))


@pytest.mark.parametrize(
    "text",
    [
        *("查一下话费", "家里宽带上不了网了", "我想换个便宜的套餐", "手机没信号", "转人工", "嗯", "我要销户"),
        *("怎么投诉", "投诉电话是多少", "我的投诉处理得怎么样了", "不满意的话按几"),
        *("垃圾短信怎么屏蔽", "接到一个诈骗电话", "我妈妈的手机号是多少", "差多少钱", "滚动播放的新闻怎么退"),
    ],
)
def test_who_asks_or_tells_plainly_is_neutral(text: str) -> None:
    assert (mood(text).polarity, mood(text).anger) == ("neutral", 0)


@pytest.mark.parametrize(
    ("text", "anger"),
    [
        ("宽带又断了", 1),
        ("怎么这么慢", 1),
        ("报修三天了还没人来", 1),
        ("打了三次电话都没人管", 1),
        ("我要投诉你们", 2),
        ("太过分了", 2),
        ("凭什么扣我钱", 2),
        ("你们还有脸收费", 2),
        ("再不解决我就去工信部投诉", 2),
        ("气死我了", 2),
        ("骗子公司", 3),
        ("他妈的又停机", 3),
        ("一群废物", 3),
        ("我跟你们没完", 3),
    ],
)
def test_discontent_is_negative_and_as_angry_as_its_words(text: str, anger: int) -> None:
    assert (mood(text).polarity, mood(text).anger) == ("negative", anger)


@pytest.mark.parametrize("text", ["谢谢", "解决了谢谢", "服务态度真好", "非常满意", "师傅修得很快", "给你们点个赞"])
def test_thanks_praise_and_relief_are_positive(text: str) -> None:
    assert (mood(text).polarity, mood(text).anger) == ("positive", 0)


@pytest.mark.parametrize("text", ["帮我查下话费谢谢", "麻烦转一下人工谢谢", "请问发票怎么开，多谢"])
def test_thanks_in_a_request_are_only_polite(text: str) -> None:
    assert mood(text).polarity == "neutral"


@pytest.mark.parametrize("text", ["不是不满意", "也不是说不好", "没有不满意", "不能说不好", "我没生气", "我不是要投诉"])
def test_a_denied_discontent_is_none(text: str) -> None:
    assert (mood(text).polarity, mood(text).anger) == ("neutral", 0)


@pytest.mark.parametrize("text", ["不满意", "不太满意", "谈不上满意", "不怎么满意", "一点都不满意"])
def test_a_denied_praise_is_negative(text: str) -> None:
    assert mood(text).polarity == "negative"


@pytest.mark.parametrize(
    "text", ["你们可真行啊", "服务好得很啊排队排了一个小时", "你们可真会做生意啊", "真厉害啊，一个月扣我三次"]
)
def test_sarcasm_is_negative_however_kind_its_words(text: str) -> None:
    assert mood(text).polarity == "negative"


def test_what_comes_last_weighs_most() -> None:
    assert mood("虽然等了很久但是解决了谢谢").polarity == "positive"
    assert mood("你们服务是不错，可就是解决不了问题").polarity == "negative"


@pytest.mark.parametrize(
    ("heard", "meant"), [("我要投速你们", "我要投诉你们"), ("凭神么扣我钱", "凭什么扣我钱"), ("太郭分了", "太过分了")]
)
def test_words_are_found_by_their_sound(heard: str, meant: str) -> None:
    assert (mood(heard).polarity, mood(heard).anger) == (mood(meant).polarity, mood(meant).anger)


def test_the_script_and_the_width_of_the_letters_are_no_matter() -> None:
    assert mood("服務太差了").anger == mood("服务太差了").anger == 1
    assert mood("ＳＢ").anger == mood("sb").anger == 3


def test_a_negation_does_not_reach_into_the_next_clause() -> None:
    assert mood("不用，态度很好").polarity == "positive"


def test_characters_that_stand_alone_are_read_together() -> None:
    assert mood("气 死 我 了").anger == 2


def test_a_turn_without_any_word_for_it_is_judged_by_what_was_learned() -> None:
    found = mood("修一次好两天，修一次好两天")
    assert (found.polarity, found.anger) == ("negative", 1)
    assert all(evidence.text in "修一次好两天，修一次好两天" for evidence in found.evidence)


def test_evidence_is_the_words_that_decided_with_their_milliseconds() -> None:
    (evidence,) = mood("我说，太过分了吧").evidence
    assert (evidence.segment, evidence.start, evidence.end, evidence.text) == (3, 3, 7, "太过分了")
    assert 1000 < evidence.begin_ms < evidence.end_ms < 2000


def test_the_score_is_between_minus_one_and_one_and_on_the_side_of_the_polarity() -> None:
    scores = [mood(text).words.score for text in ("滚，骗子公司，气死我了，凭什么", "怎么这么慢", "查话费", "谢谢")]
    assert -1 < scores[0] < scores[1] < scores[2] == 0 < scores[3] < 1


@pytest.mark.parametrize(
    "text",
    ["", "哈" * 100_000, "，。！？", "\ud800", "😀😡", "\x00\x07", "hello world", "привет", "不" * 5000, "投诉" * 5000],
    ids=["empty", "long", "marks", "surrogate", "emoji", "controls", "english", "russian", "no", "complaints"],
)
def test_any_text_has_a_mood(text: str) -> None:
    found = mood(text)
    assert 0 <= found.anger <= 3
    assert all(text[one.start : one.end] == one.text for one in found.evidence)
