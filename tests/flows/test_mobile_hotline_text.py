"""The bundled hotline, talked through in text with the real matcher and the real sample back end."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from gateway.call.lookups import SampleLookups
from gateway.dialogue.actions import BargeIn, Outcome, Served, TransferFailed
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.transfer import Transfer
from tests.support.talk import TODAY, Talk

pytestmark = pytest.mark.flows

HOTLINE = Path(__file__).parents[2] / "ivr_flows" / "mobile_hotline"
PLAIN, ELDERLY, COMPLAINED, OWING, FAULTY, BIG, JUST_65 = (f"1390000100{i}" for i in range(1, 8))
STRANGER = "13700000000"


@cache
def hotline() -> CompiledFlow:
    return CompiledFlow(load_flow(HOTLINE / "flow.yaml"))


def call(number: str = PLAIN) -> Talk:
    return Talk(hotline(), number, SampleLookups(HOTLINE / "customers.yaml", today=lambda: TODAY))


# --------------------------------------------------------------------------------------------------------- main menu


@pytest.mark.parametrize(
    ("said", "option"),
    [
        ("查话费", "balance"),
        ("我的话费还剩多少", "balance"),
        ("嗯你好帮我看一下余额", "balance"),
        ("帮我看一下鱼儿", "balance"),
        ("查一下我还剩多少话费", "balance"),
        ("我想查一下流量", "data_usage"),
        ("我还有几个G的流量", "data_usage"),
        ("流量还剩多少啊", "data_usage"),
        ("我要换个套餐", "plan_change"),
        ("有没有便宜一点的套餐", "plan_change"),
        ("给我改一下套餐", "plan_change"),
        ("宽带坏了", "broadband_fault"),
        ("我家里的宽带上不了网", "broadband_fault"),
        ("家里网断了帮我报修", "broadband_fault"),
        ("我要投诉", "complaint"),
        ("我要投诉你们的服务", "complaint"),
        ("投诉进度", "complaint_progress"),
        ("我投诉的事处理得怎么样了", "complaint_progress"),
        ("帮我查一下投诉处理到哪一步了", "complaint_progress"),
        ("老年人服务", "elderly"),
        ("你说慢一点", "elderly"),
        ("转人工", "agent"),
        ("我要找人工客服", "agent"),
        ("给我找个真人", "agent"),
    ],
)
def test_the_main_menu_understands(said: str, option: str) -> None:
    talk = call()
    talk.says(said)
    if talk.understood.outcome is Outcome.CONFIRM:
        talk.says("对")
    assert talk.options == [option]


@pytest.mark.parametrize("said", ["今天天气怎么样", "我想吃火锅", "你叫什么名字", "一二三四五"])
def test_what_belongs_to_no_option_is_refused(said: str) -> None:
    talk = call()
    talk.says(said)
    assert talk.options == []
    assert talk.understood.outcome is Outcome.NO_MATCH


@pytest.mark.parametrize(
    ("key", "option"),
    [
        ("1", "balance"),
        ("2", "data_usage"),
        ("3", "plan_change"),
        ("4", "broadband_fault"),
        ("5", "complaint"),
        ("6", "complaint_progress"),
        ("7", "elderly"),
        ("0", "agent"),
    ],
)
def test_every_option_has_its_key(key: str, option: str) -> None:
    talk = call()
    talk.keys(key)
    assert talk.options == [option]
    assert talk.understood.score == 1.0


def test_the_call_begins_with_the_welcome_and_the_recording_notice() -> None:
    talk = call()
    assert talk.heard.startswith("您好，欢迎致电移动客服热线。为了提升服务质量，本次通话将被录音。请直接说")
    assert talk.nodes == ["profile", "welcome", "main"]


# ---------------------------------------------------------------------------------------------------------- services


def test_balance() -> None:
    talk = call()
    assert talk.says("查话费") == "您的话费余额为<amount 35.60>。请问还需要办别的吗？没有了，请说没有了。"
    assert Served("tell_balance") in talk.last
    assert talk.says("没有了") == "感谢您的来电，祝您生活愉快，再见。"
    assert talk.hung_up == "completed"
    assert talk.dialogue.ended


def test_arrears_are_told_instead() -> None:
    assert "您目前欠费<amount 47.20>" in call(OWING).says("查话费")


def test_data_usage() -> None:
    assert "您的流量还剩<data 6656>，可以用到<day 2026-11-30>。" in call().says("查流量")
    assert "流量已经用完了" in call(OWING).says("查流量")


def test_a_plan_is_changed_after_a_confirmation() -> None:
    talk = call()
    assert "您现在用的是<text 轻享套餐>，每月<amount 59.00>。可以换的套餐有两个。" in talk.says("换套餐")
    assert "为您换成<text 全家套餐>，下个月一号生效。" in talk.says("第二个")
    assert "您的新套餐是<text 全家套餐>，<day 2026-12-01>开始生效。" in talk.says("确认办理")
    assert talk.options == ["plan_change", "quanjia", "confirm"]
    assert talk.slots == {"plan": "全家套餐"}
    assert "您现在用的是<text 全家套餐>" in talk.says("改套餐")


def test_a_plan_change_can_be_called_off() -> None:
    talk = call()
    talk.says("换套餐")
    talk.keys("1")
    assert "请问还需要办别的吗" in talk.says("不办了")
    assert "plan_change" not in talk.nodes


def test_broadband_is_restarted_and_then_repaired() -> None:
    talk = call()
    talk.says("宽带坏了")
    talk.says("没有红灯")
    assert "工单号是<digits 60112735>。维修师傅会在<day 2026-11-22>之前和您联系。" in talk.says("还是不行")
    assert talk.slots == {"light": "正常"}


def test_broadband_that_works_again_and_a_known_fault_and_none_at_all() -> None:
    talk = call()
    talk.says("宽带坏了")
    talk.keys("3")
    assert "宽带已经恢复" in talk.says("好了能上网了")
    assert "预计<day 2026-11-22>恢复" in call(FAULTY).says("宽带坏了")
    assert "这个号码没有办理宽带" in call(COMPLAINED).says("宽带坏了")


def test_a_complaint_with_a_number_by_keys() -> None:
    talk = call()
    assert "请说一说您遇到的问题" in talk.says("我要投诉")
    assert "您现在这个号码，可以吗" in talk.says("你们人工客服态度太差了还乱扣我三十块钱")
    assert "请说出联系电话" in talk.says("换一个号码")
    assert talk.listen.keys.finish_on_key == "#"
    assert talk.keys("13800138000").startswith("联系电话是<digits 13800138000>，对吗？")
    assert "工单号是<digits 60112735>。我们会在<day 2026-11-23>之前回复您。" in talk.says("对对就是这个")
    assert talk.slots == {"matter": "你们人工客服态度太差了还乱扣我三十块钱", "callback": "13800138000"}
    assert talk.options == ["complaint", "other_number"]
    heard = talk.says("投诉进度")
    assert "您的工单<digits 60112735>，<day 2026-11-21>受理，现在由<text 投诉处理组>负责" in heard


def test_a_complaint_with_this_number_and_one_with_a_dictated_number() -> None:
    talk = call()
    talk.says("投诉")
    talk.says("家里没有信号打不了电话")
    assert "您的投诉已经受理" in talk.says("可以就这个号码")
    assert talk.slots["callback"] == PLAIN

    talk = call("")
    talk.says("投诉")
    assert "请说出联系电话" in talk.says("家里没有信号打不了电话")
    assert "<digits 13800138000>" in talk.says("幺三八零零幺三八零零零")
    assert "好的，那请您再说一遍，只说不对的那几位也行。请一位一位慢慢说。" in talk.says("不对")
    talk.says("幺三八零零幺三八零零幺")
    assert "您的投诉已经受理" in talk.says("是的")
    assert talk.slots["callback"] == "13800138001"
    assert talk.says("没有了") == "请您给这次服务打个分，一到五分，五分最满意。"
    assert "感谢您的来电" in talk.says("五分")


def test_progress_is_told_plainly() -> None:
    heard = call(COMPLAINED).says("我投诉的事处理得怎么样了")
    assert heard.startswith(
        "您的工单<digits 60108842>，<day 2026-11-18>受理，现在由<text 资费核查组>负责，"
        "状态是<text 处理中>，我们会在<day 2026-11-23>之前回复您。"
    )
    assert "没有查到您的工单" in call().says("投诉进度")


def test_a_stranger_is_asked_for_the_number() -> None:
    talk = call(STRANGER)
    assert talk.says("查话费") == "请说出要办理的手机号，也可以用键盘输入。"
    assert "您的号码是<digits 13900001006>，对吗？" in talk.keys(BIG)
    assert "您的话费余额为<amount 1250.50>。" in talk.keys("1")
    assert "您的流量还剩<data 88064>" in talk.says("查流量")


def test_a_number_that_is_nobodys_reaches_a_human() -> None:
    talk = call(STRANGER)
    talk.says("查话费")
    talk.keys(STRANGER)
    talk.says("对")
    assert talk.transfer.queue == "general"
    assert talk.transfer.handed_over["reason"] == "failure"


def test_without_a_back_end_every_service_reaches_a_human() -> None:
    for said, queue in {"查话费": "general", "查流量": "general", "换套餐": "general", "宽带坏了": "broadband"}.items():
        talk = Talk(hotline(), PLAIN)
        talk.says(said)
        talk.keys(PLAIN)
        talk.keys("1")
        assert talk.transfer.queue == queue


def test_when_no_human_answers_the_caller_is_told() -> None:
    talk = call()
    talk.says("转人工")
    assert talk.transfer.handed_over["reason"] == "asked"
    assert "人工坐席都在忙" in talk.gives(TransferFailed("busy"))
    assert talk.hung_up == "no_agent"


# ------------------------------------------------------------------------------------------------------ elderly mode


@pytest.mark.parametrize("number", [ELDERLY, JUST_65])
def test_an_elder_is_known_by_number_and_greeted(number: str) -> None:
    talk = call(number)
    assert talk.modes == [("elderly", "profile")]
    assert "长辈您好，这里是长辈专线，您慢慢说，不着急。您想办什么事" in talk.heard
    assert all(said.pace == 0.8 and said.gain_db == 3 and said.barge_in is BargeIn.DTMF for said in talk.says_list)
    assert talk.listen.timeout_ms == 10_000
    assert talk.listen.hints[:3] == ("查话费", "宽带报修", "转人工")


@pytest.mark.parametrize("fail", [lambda talk: talk.silent(), lambda talk: talk.says("今天天气怎么样")])
def test_an_elders_first_failure_reaches_a_human(fail) -> None:
    talk = call(ELDERLY)
    fail(talk)
    assert talk.transfer.queue == "elderly"
    assert talk.transfer.handed_over["mode"] == "elderly"
    assert talk.transfer.handed_over["reason"] == "errors"


def test_an_elder_can_have_everything_by_voice_and_a_human_by_one_key() -> None:
    talk = call(ELDERLY)
    assert "您的流量还剩<data 1536>" in talk.says("查一下流量")
    talk.keys("0")
    assert talk.transfer.queue == "elderly"


@pytest.mark.parametrize("question", ["main", "anything_else"])
def test_an_elder_hears_of_everything_and_of_a_human_in_every_group(question: str) -> None:
    menu = hotline().node(question, "elderly")
    assert isinstance(menu, Menu)
    choices = hotline().choices(question)
    assert all("agent" in group.offers for group in menu.groups)
    assert all(f"请按{choices[one].key}" in group.say.source for group in menu.groups for one in group.offers)
    offered = {one for group in menu.groups for one in group.offers}
    assert offered == {name for name, choice in choices.items() if choice.is_option} - {"elderly", "more"}


def test_struggling_leads_to_the_elderly_mode() -> None:
    talk = call()
    talk.silent()
    assert "没关系，我说慢一点，您慢慢说，不着急。您想办什么事" in talk.says("今天天气怎么样")
    assert talk.modes == [("elderly", "errors")]
    assert "您的话费余额" in talk.says("查话费")


def test_a_caller_who_asks_for_the_mode_can_leave_it_and_is_not_put_back() -> None:
    talk = call()
    talk.says("爱心通道")
    assert "已经恢复普通服务。请直接说您要办的事" in talk.says("退出长辈专线")
    talk.silent()
    talk.silent()
    assert talk.modes == [("elderly", "asked"), ("standard", "asked")]
    talk.silent()
    assert talk.transfer.queue == "general"


# ---------------------------------------------------------------------------------------------------------- the flow


def test_the_flow_keeps_its_own_promises() -> None:
    flow = hotline().flow
    main = flow.nodes["main"]
    assert isinstance(main, Menu)
    names = "balance data_usage plan_change broadband_fault complaint complaint_progress elderly agent more"
    assert list(main.options) == names.split()
    choices = hotline().choices("main")
    assert all(len(choices[name].phrases) >= 8 and choices[name].key for name in main.options)
    queues = {node.transfer.queue for node in flow.nodes.values() if isinstance(node, Transfer)}
    queues |= {override.transfer.queue for override in flow.modes["elderly"].nodes.values() if override.transfer}
    assert queues == {"general", "elderly", "complaint", "broadband"}


def test_every_prompt_of_an_elder_names_its_key_with_the_function() -> None:
    for name, node in hotline().flow.nodes.items():
        if isinstance(node, Menu) and name not in {"main", "anything_else"}:
            assert "请按" in hotline().node(name, "elderly").menu.source, name
