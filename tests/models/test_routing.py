"""The package's own router, as it ships."""

from __future__ import annotations

import pytest

from gateway.analytics.routing import Router
from gateway.analytics.routing.features import MAX_CHARACTERS
from tests.support.routing import said

pytestmark = pytest.mark.models

UNSEEN = {
    "billing_query": "麻烦报一下我这个月账单总共是多少钱",
    "billing_dispute": "我压根没用过这个服务你们凭什么扣了我四十块",
    "data_usage": "帮忙瞧瞧我这个月还剩几个G的流量",
    "plan_change": "我想把现在的套餐换成月租便宜一点的那种",
    "recharge": "我用微信充了两百块话费怎么还没到账",
    "broadband_fault": "我们家光猫一直亮红灯宽带上不去",
    "broadband_install": "下个礼拜搬新家想把宽带移过去",
    "mobile_network": "我这手机在屋里一点信号都没有电话打不出去",
    "number_port": "不换号码我想转到联通那边去怎么办",
    "sim_identity": "手机卡丢了我要补办一张要带什么证件",
    "roaming": "过两天去日本国际漫游怎么开通",
    "spam_call": "老是有推销贷款的骚扰电话能不能拦掉",
    "invoice": "给我们公司开一张话费的电子发票",
    "value_added": "那个视频彩铃我不想用了给我取消掉",
    "service_attitude": "刚才那个客服态度特别差还挂我电话",
    "complaint_progress": "我上周投诉的那个事情现在处理得怎么样了",
    "agent": "别跟我说这些了给我转人工客服",
    "other": "不好意思啊我打错电话了",
}
"""A sentence for each route of the issue."""


@pytest.fixture(scope="module")
def router() -> Router:
    return Router.load()


def test_the_shipped_model_belongs_to_the_shipped_routes_and_has_all_of_them(router: Router) -> None:
    assert list(router.book.rules.routes) == list(UNSEEN)


def test_no_sentence_here_is_an_example(router: Router) -> None:
    assert not set(UNSEEN.values()) & {text for text, _ in router.book.examples()}


@pytest.mark.parametrize("route", UNSEEN)
def test_an_unseen_sentence_of_each_route_is_known(router: Router, route: str) -> None:
    found = router.route_text(UNSEEN[route])
    assert (found.route, found.skill_group) == (route, router.book.rules.routes[route].skill_group)
    assert found.probability > 0.5
    assert 1 <= len(found.evidence) <= 3


@pytest.mark.parametrize(
    ("text", "route"),
    [
        ("我想查一下这个月的化费于额", "billing_query"),
        ("喂给我转人公课服", "agent"),
        ("我家的宽代从早上断到现在", "broadband_fault"),
        ("帮我看看刘量还省多少", "data_usage"),
        ("我要办携号专网到店信", "number_port"),
        ("帮我把采零取消了", "value_added"),
    ],
)
def test_homophones_do_not_hide_the_matter(router: Router, text: str, route: str) -> None:
    assert router.route_text(text).route == route


@pytest.mark.parametrize("text", ["", " ", "。？！", "😀", "\ud800\ud800", "\x00\x07"])
def test_what_holds_no_word_is_other_for_sure(router: Router, text: str) -> None:
    found = router.route_text(text)
    assert (found.route, found.probability, found.evidence) == ("other", 1.0, ())


@pytest.mark.parametrize("text", ["blah xyzzy plugh", "очень приятно", "昃叝龘靐", "今晚月色真美风也温柔"])
def test_what_is_no_matter_of_the_hotline_is_other(router: Router, text: str) -> None:
    assert router.route_text(text).route == "other"


def test_only_the_beginning_of_an_endless_text_is_read(router: Router) -> None:
    begin = "我要开发票" * (MAX_CHARACTERS // 5)
    assert router.route_text(begin + "宽带坏了" * 25_000) == router.route_text(begin)


def test_evidence_is_in_the_text_and_tells_when_it_was_said(router: Router) -> None:
    (segment,) = said("喂你好，天天有骚扰电话打进来，烦死了")
    found = router.route(segment)
    assert found.route == "spam_call"
    assert any("骚扰电话" in one.text for one in found.evidence)
    for one in found.evidence:
        assert segment.text[one.start : one.end] == one.text
        assert segment.begin_ms <= one.begin_ms < one.end_ms <= segment.end_ms


def test_a_call_is_about_what_was_disputed_in_it(router: Router) -> None:
    segments = said("查话费", "好的", "怎么多扣了我五十块钱", "对", "转人工")
    turns = [router.route(segment) for segment in segments]
    found = router.call(segments, turns)
    assert (found.route, found.skill_group) == ("billing_dispute", "billing_dispute")
    assert router.call(segments[:2], turns[:2]).route == "billing_query"
