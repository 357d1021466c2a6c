"""What callers meant, by tables of what was heard; the misheard texts are the recogniser's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.dialogue.actions import Outcome
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.grammar.matcher import ACCEPT_SCORE, PhraseMatcher
from gateway.dialogue.load import load_flow

pytestmark = pytest.mark.unit

FLOW = Path(__file__).parents[2] / "ivr_flows" / "mobile_hotline" / "flow.yaml"
CLINIC = {
    "register": ["我要挂号", "预约挂号", "挂个号", "挂专家门诊"],
    "report": ["查化验单", "取体检报告", "检查结果出来了吗"],
    "pharmacy": ["药房在哪里", "怎么取药"],
}


@pytest.fixture(scope="module")
def main_menu() -> PhraseMatcher:
    choices = CompiledFlow(load_flow(FLOW)).choices("main").values()
    return PhraseMatcher({choice.name: choice.phrases for choice in choices})


@pytest.fixture(scope="module")
def clinic() -> PhraseMatcher:
    return PhraseMatcher(CLINIC)


@pytest.mark.parametrize(
    ("heard", "option"),
    [
        # other wordings, fillers around
        ("呃那个我想问一下我的话费还有多少谢谢", "balance"),
        ("你好麻烦帮我看看余额还有多少", "balance"),
        ("我这个月还有几个G的流量", "data_usage"),
        ("我现在的套餐不划算想换一个", "plan_change"),
        ("家里上不了网了", "broadband_fault"),
        ("凭什么多扣我钱我要投诉", "complaint"),
        ("我岁数大了听不清", "elderly"),
        ("我想跟真人说话", "agent"),
        ("听不懂你说的给我转人工", "agent"),
        ("没听清楚你再说一遍", "repeat"),
        ("返回上一级菜单", "back"),
        # the longer and more specific match
        ("投诉", "complaint"),
        ("我要投诉", "complaint"),
        ("投诉进度", "complaint_progress"),
        ("我投诉的事处理得怎么样了", "complaint_progress"),
        ("我上次投诉的事情到现在还没有结果", "complaint_progress"),
        # as misheard
        ("我想查音向化费", "balance"),
        ("帮我开一下余额", "balance"),
        ("查行本月圣于流量", "data_usage"),
        ("我想把套餐感一下", "plan_change"),
        ("宽带出股账了", "broadband_fault"),
        ("家里剩不了王", "broadband_fault"),
        ("移民服务态度太差了", "complaint"),
        ("我投诉的稀处里得怎么样呢?", "complaint_progress"),
        ("我岁数大了天不清", "elderly"),
        ("要你们克服来接电话", "agent"),
        ("再营工,再影工,转人工", "agent"),
        # negations
        ("我不是要投诉我要查话费", "balance"),
        ("不查流量，转人工", "agent"),
        ("要不转人工吧", "agent"),
        ("能不能给我转人工", "agent"),
    ],
)
def test_the_meaning_is_accepted(main_menu: PhraseMatcher, heard: str, option: str) -> None:
    match = main_menu.match(heard)
    assert (match.option, match.outcome) == (option, Outcome.ACCEPT)


@pytest.mark.parametrize(
    "heard",
    [
        "今天天气怎么样",
        "我想订一张去北京的火车票",
        "给我讲个笑话",
        "帮我查一下火车时刻表",
        "喂",
        "嗯",
        "咳",
        "你好",
        "好的",
        "谢谢",
        "李小红",
        "我姓刘",
        "上海",
        "一三五七九",
        "一百二十块",
        "银行卡密码忘了",
        "不转人工",
        "我不要投诉",
        "",
        "……",
        "with",
    ],
)
def test_what_belongs_to_no_option_is_refused(main_menu: PhraseMatcher, heard: str) -> None:
    match = main_menu.match(heard)
    assert (match.option, match.outcome) == (None, Outcome.NO_MATCH)


@pytest.mark.parametrize(
    ("heard", "option"),
    [
        ("我要挂号", "register"),
        ("你好我想挂一个专家号", "register"),
        ("我的化验单出来没有", "report"),
        ("请问在哪里取药", "pharmacy"),
        ("今天天气怎么样", None),
        ("我要查话费", None),
    ],
)
def test_another_hotline_needs_no_other_code(clinic: PhraseMatcher, heard: str, option: str | None) -> None:
    assert clinic.match(heard).option == option


def test_two_equal_options_are_asked_about() -> None:
    match = PhraseMatcher({"one": ["办理业务"], "two": ["办理业务"]}).match("办理业务")
    assert match.outcome is Outcome.CONFIRM
    assert match.score >= ACCEPT_SCORE, "sure enough, were it not for the other"


def test_a_doubted_scrap_needs_more_than_a_sure_one(clinic: PhraseMatcher) -> None:
    sure, doubted = clinic.match("取药", confidence=0.95), clinic.match("取药", confidence=0.2)
    assert doubted.score < sure.score


def test_what_the_recogniser_hardly_believes_is_asked_about(clinic: PhraseMatcher) -> None:
    sure, doubted = clinic.match("我要挂号", confidence=0.4), clinic.match("我要挂号", confidence=0.3)
    assert (sure.option, sure.outcome) == ("register", Outcome.ACCEPT)
    assert (doubted.option, doubted.outcome) == ("register", Outcome.CONFIRM)


def test_a_long_phrase_is_surer_than_a_short_one() -> None:
    matcher = PhraseMatcher({"short": ["挂号"], "long": ["检查结果出来了吗"]})
    assert matcher.match("检查结果出来了").score > matcher.match("挂上").score


def test_other_readings_of_the_sound_count_at_a_discount(clinic: PhraseMatcher) -> None:
    alone, helped = clinic.match("瓜蒿"), clinic.match("瓜蒿", ["我要挂号"])
    read_first = clinic.match("我要挂号", ["瓜蒿"])
    assert alone.score < helped.score < read_first.score
    assert read_first.option == "register"


def test_the_thresholds_decide_what_is_done() -> None:
    score = PhraseMatcher(CLINIC).match("在哪里取药").score
    assert PhraseMatcher(CLINIC, accept_score=score - 0.01).match("在哪里取药").outcome is Outcome.ACCEPT
    assert PhraseMatcher(CLINIC, accept_score=1.01, confirm_score=score - 0.01).match("在哪里取药").outcome is (
        Outcome.CONFIRM
    )
    refusing = PhraseMatcher(CLINIC, accept_score=1.01, confirm_score=1.01)
    assert refusing.match("在哪里取药").outcome is Outcome.NO_MATCH


def test_the_closest_phrase_is_told(clinic: PhraseMatcher) -> None:
    assert clinic.match("我想问一下药房在哪里").phrase == "药房在哪里"


def test_two_matchers_of_the_same_phrases_agree(clinic: PhraseMatcher) -> None:
    heard = "我想看看检查结果"
    assert PhraseMatcher(CLINIC).match(heard) == clinic.match(heard)


@pytest.mark.parametrize("phrases", [{}, {"mute": []}, {"mute": ["……"]}])
def test_a_menu_of_keys_only_matches_nothing(phrases: dict[str, list[str]]) -> None:
    assert PhraseMatcher(phrases).match("我要挂号").outcome is Outcome.NO_MATCH


@pytest.mark.parametrize(
    ("heard", "option"),
    [
        ("不要宽带了", "cancel"),
        ("我不要宽带了", "cancel"),
        ("不是宽带坏了", None),
        ("宽带坏了", "fault"),
        ("别的", "other"),
        ("还有别的", "other"),
    ],
)
def test_a_phrase_that_is_itself_a_refusal_is_meant(heard: str, option: str | None) -> None:
    phrases = {"cancel": ["不要宽带了", "不想用了"], "fault": ["宽带坏了", "宽带"], "other": ["别的", "还有别的事"]}
    assert PhraseMatcher(phrases).match(heard).option == option
