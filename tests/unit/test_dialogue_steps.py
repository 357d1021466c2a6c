"""Sub-flows, choices, groups, tickets, messages, surveys, variables and opening hours, talked through in text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from asr.engine import ClosedAnswer
from gateway.call.lookups import SampleLookups
from gateway.dialogue.actions import (
    Hangup,
    Heard,
    Keys,
    Listen,
    Outcome,
    Record,
    Recorded,
    SurveyAnswered,
    TicketOpened,
    Tone,
    Transfer,
)
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.dialogue.sayable import Picked
from gateway.dialogue.state import Reading
from gateway.errors import FlowError
from tests.support.chinese import not_chinese
from tests.support.small_flow import STEPS, small_flow
from tests.support.talk import NOW, Talk

pytestmark = pytest.mark.unit

NUMBER = "13800138000"


class Orders:
    """A back end that opens every order, or answers what the test wants."""

    def __init__(self, answer: Mapping[str, Any] | None = None) -> None:
        self.answer = answer or {"number": "600", "due": "2026-11-24T10:00:00+08:00"}
        self.asked: list[Mapping[str, Any]] = []

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        assert name == "ticket.create"
        self.asked.append(arguments)
        return self.answer


def call(folder: Path, back_end: Orders | None = None, *, text: str = STEPS) -> Talk:
    return Talk(small_flow(folder, text), "13900001001", back_end or Orders())


def at_main(folder: Path, back_end: Orders | None = None) -> Talk:
    talk = call(folder, back_end)
    talk.keys(NUMBER)
    talk.keys("1")
    talk.says("汉口")
    assert talk.keys("1") == "要办什么？"
    return talk


# --------------------------------------------------------------------------------------------------------- sub-flows


def test_a_sub_flow_is_entered_and_returned_from(tmp_path: Path) -> None:
    talk = call(tmp_path)
    assert talk.heard == "您好。请说号码。"
    assert talk.keys(NUMBER) == f"是<digits {NUMBER}>吗？"
    assert talk.keys("1") == "哪个区？"
    assert talk.nodes == ["start", "who", "ask_number.ask", "ask_number.check", "where"]
    assert talk.slots["number"] == NUMBER
    assert talk.dialogue.state.variables == {"tries": Decimal(1), "purpose": "开单", "asked": Decimal(1)}


def test_back_leads_into_a_sub_flow_again_and_out_of_it_as_before(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.keys(NUMBER)
    talk.keys("1")
    assert talk.says("返回") == "请说号码。"
    talk.keys("13900001002")
    assert talk.keys("1") == "哪个区？"
    assert talk.slots["number"] == "13900001002"


def test_back_leads_into_a_sub_flow_with_what_it_was_entered_with(tmp_path: Path) -> None:
    again = "again: {call: ask_number, with: {purpose: \"'查账'\"}, then: main}"
    text = STEPS.replace("entry: start\n", "entry: start\nrecorded_texts: [开单, 查账]\n")
    text = text.replace("collect: 请说号码。", 'collect: "{vars.purpose | text}请说号码。"')
    talk = call(tmp_path, text=text.replace("then: main}\n  main:", f"then: again}}\n  {again}\n  main:", 1))
    assert talk.heard == "您好。<text 开单>请说号码。"
    for keys in (NUMBER, "1", "1"):
        talk.keys(keys)
    assert talk.keys("1") == "<text 查账>请说号码。"
    assert talk.says("返回") == "哪个区？"
    assert talk.says("返回") == "<text 开单>请说号码。"


def test_back_asks_again_for_a_number_though_the_callers_own_is_known() -> None:
    folder = Path(__file__).resolve().parents[2] / "ivr_flows" / "broadband_repair"
    back_end = SampleLookups(folder / "customers.yaml")
    talk = Talk(CompiledFlow(load_flow(folder / "flow.yaml")), "13900002005", back_end)
    talk.keys("1")
    assert talk.keys("1").startswith("请说出")
    talk.keys("13900002001")
    assert "光猫" in talk.keys("1")
    assert talk.says("返回").startswith("请说出"), "and not again what is wrong with the caller's own number"


def test_a_sub_flow_begins_with_its_variables_as_declared(tmp_path: Path) -> None:
    again = "again: {call: ask_number, then: main}"
    text = STEPS.replace("then: main}\n  main:", f"then: again}}\n  {again}\n  main:", 1)
    talk = call(tmp_path, text=text)
    for keys in (NUMBER, "1", "1", "1", NUMBER, "1"):
        talk.keys(keys)
    assert talk.heard == "要办什么？"
    assert talk.dialogue.state.variables["asked"] == 1


def test_a_sub_flow_can_be_left_for_good(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.keys("13700000000")
    assert talk.keys("1") == "这个号码不行。"
    assert isinstance(talk.last[-1], Transfer)
    assert talk.dialogue.state.returns == ()


def test_a_mode_says_it_otherwise_in_a_sub_flow(tmp_path: Path) -> None:
    assert call(tmp_path).says("老年人") == "慢慢说。长辈您好，请说号码。"


def test_a_sub_flow_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    head, _, rest = STEPS.partition("  ask_number:\n")
    inner, _, tail = rest.partition("nodes:\n  start")
    (tmp_path / "ask.yaml").write_text(inner, encoding="utf-8")
    text = f"{head}  ask_number: ask.yaml\nnodes:\n  start{tail}"
    talk = call(tmp_path, text=text)
    talk.keys(NUMBER)
    assert talk.keys("1") == "哪个区？"
    with_it = load_flow(tmp_path / "flow.yaml").digest
    (tmp_path / "ask.yaml").write_text(inner.replace("请说号码。", "请报号码。"), encoding="utf-8")
    assert load_flow(tmp_path / "flow.yaml").digest != with_it
    (tmp_path / "ask.yaml").write_text(inner.replace("otherwise: return", "otherwise: retrun"), encoding="utf-8")
    line = inner[: inner.index("check: {branch")].count("\n") + 1
    with pytest.raises(FlowError) as error:
        load_flow(tmp_path / "flow.yaml")
    assert error.value.problems[0].startswith(f"{tmp_path}/ask.yaml:{line}:")
    assert "没有节点 `retrun`；是不是 `return`？" in error.value.problems[0]


# ----------------------------------------------------------------------------------------------- corrections, choices


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("不是，后四位是八零零一", "13800138001"),
        ("不对，是一三九", "13900138000"),
        ("不是，是一三九一二三四五六七八", "13912345678"),
    ],
)
def test_a_number_is_corrected_in_the_same_breath(tmp_path: Path, said: str, meant: str) -> None:
    talk = call(tmp_path)
    talk.says("一三八零零一三八零零零")
    assert talk.says(said) == f"是<digits {meant}>吗？"
    talk.says("对")
    assert talk.slots["number"] == meant


def test_after_a_no_the_wrong_digits_are_enough(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("一三八零零一三八零零零")
    talk.says("不对")
    assert talk.says("后四位是八零零一") == "是<digits 13800138001>吗？"


def test_the_same_sound_is_not_heard_as_a_refused_number_again(tmp_path: Path) -> None:
    """Who repeats a number says it as before, and is heard as before: then it is the next likeliest."""
    talk = call(tmp_path)
    said = Heard("13800138000", 0.6, ("13800138009", "13800138006"))
    assert talk.gives(said) == "是<digits 13800138000>吗？"
    talk.says("不对")
    assert talk.gives(said) == "是<digits 13800138009>吗？"
    talk.says("对")
    assert talk.slots["number"] == "13800138009"


def test_a_correction_that_was_refused_before_is_another(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("一三八零零一三八零零零")
    assert talk.says("不对，后四位是八零零一") == "是<digits 13800138001>吗？"
    again = Heard("不对，后四位是8000", 0.6, ("不对，后四位是8009",))
    assert talk.gives(again) == "是<digits 13800138009>吗？"


@pytest.mark.parametrize("yes", [Heard("对", 0.9, ("13800138009",)), Heard("是的", 0.9, ("十", "13900138000"))])
def test_a_yes_is_one_whatever_else_it_may_have_been(tmp_path: Path, yes: Heard) -> None:
    talk = call(tmp_path)
    talk.says("一三八零零一三八零零零")
    talk.gives(yes)
    assert talk.slots["number"] == "13800138000"


def test_to_say_again_what_took_the_place_of_a_refused_number_is_no_yes(tmp_path: Path) -> None:
    """The caller may mean that it is wrong again; so the same is asked once more, and a yes is wanted."""
    talk = call(tmp_path)
    said = Heard("13800138000", 0.6, ("13800138009",))
    talk.gives(said)
    talk.says("不对")
    assert talk.gives(said) == talk.gives(Heard("13800138009", 0.6)) == "是<digits 13800138009>吗？"
    talk.says("对")
    assert talk.slots["number"] == "13800138009"


def test_a_refused_number_is_offered_again_when_it_can_be_nothing_else(tmp_path: Path) -> None:
    """A yes may have been heard as a no."""
    talk = call(tmp_path)
    talk.says("一三八零零一三八零零零")
    talk.says("不对")
    assert talk.gives(Heard("13800138000", 1.0, ("没有", "13800"))) == "是<digits 13800138000>吗？"
    talk.gives(Heard("13800138000", 1.0, ("13800138009",)))
    talk.says("对")
    assert talk.slots["number"] == "13800138000"


def test_only_a_no_bars_a_number(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("一三八零零一三八零零零")
    talk.says("一三九零零一三八零零零")
    assert talk.dialogue.state.refused == ()
    talk.says("不对，是一五九零零一三八零零零")
    assert talk.dialogue.state.refused == ("13900138000",)


def test_the_number_that_was_refused_last_is_the_one_to_put_right(tmp_path: Path) -> None:
    talk = call(tmp_path)
    for number in ("一三八零零一三八零零零", "一三九零零一三八零零零", "一三八零零一三八零零零"):
        talk.says(number)
        talk.says("不对")
        talk.dialogue.state.errors = 0
    assert talk.dialogue.state.refused == ("13900138000", "13800138000")
    assert talk.says("后四位是八零零九") == "是<digits 13800138009>吗？"


def test_the_recogniser_is_told_what_was_read_back(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("一三八零零一三八零零零")
    assert listens(talk) == ClosedAnswer("yes_no", 11, 11, corrects="phone", read_back=("13800138000",))
    talk.says("不对")
    assert listens(talk) == ClosedAnswer("phone", 11, 11, corrects="phone", read_back=("13800138000",))
    talk.says("一三九零零一三八零零零")
    assert listens(talk).read_back == ("13800138000", "13900138000")
    assert "13800138000" not in repr(listens(talk))


def listens(talk: Talk) -> ClosedAnswer:
    answers = [action.answer for action in talk.last if isinstance(action, Listen)]
    assert answers[-1] is not None
    return answers[-1]


def test_a_choice_is_its_option_and_said_as_its_label(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.keys(NUMBER)
    talk.keys("1")
    assert talk.says("汉口那边") == "是<text 汉口>吗？"
    assert talk.keys("2").startswith("好的，请再说。")
    assert talk.keys("1") == "是<text 武昌>吗？"
    assert talk.keys("1") == "要办什么？"
    assert talk.slots["district"] == "wuchang"


def test_an_id_card_is_checked(tmp_path: Path) -> None:
    talk = at_main(tmp_path)
    talk.says("证件")
    assert talk.keys("110105194912310021").startswith("没听清。")
    assert talk.keys("11010519491231002*") == "要办什么？"
    assert talk.slots["card"] == "11010519491231002X"


# ---------------------------------------------------------------------------------------------------------- groups


def test_groups_are_offered_one_after_another_and_all_can_be_chosen(tmp_path: Path) -> None:
    talk = at_main(tmp_path)
    assert talk.says("老年人") == "慢慢说。开单吗？"
    assert talk.says("其他") == "留言吗？"
    assert talk.keys("#") == "开单吗？"
    assert talk.says("打分") == "请打分。"


def test_a_mode_begins_with_its_own_first_group(tmp_path: Path) -> None:
    groups = "    groups: [{say: 开单或留言？, offers: [open, leave]}, {say: 其余的？, offers: [card, rate]}]\n"
    talk = call(tmp_path, text=STEPS.replace("    menu: 要办什么？\n", f"    menu: 要办什么？\n{groups}"))
    talk.dialogue.state.node = "main"
    assert talk.says("其他") == "其余的？"
    assert talk.says("老年人") == "慢慢说。开单吗？"


def test_more_at_a_confirmation_offers_the_next_group(tmp_path: Path) -> None:
    groups = "    groups: [{say: 开单或留言？, offers: [open, leave]}, {say: 其余的？, offers: [card, rate]}]\n"
    talk = call(tmp_path, text=STEPS.replace("    menu: 要办什么？\n", f"    menu: 要办什么？\n{groups}"))
    talk.dialogue.state.node = "main"
    assert talk.says("开单?") == "您是要<text 开单>，对吗？"
    assert talk.says("其他") == "其余的？"


def test_a_slot_named_like_a_universal_is_a_slot(tmp_path: Path) -> None:
    text = STEPS.replace("{number: phone}", "{back: phone}").replace("slot: number", "slot: back")
    talk = call(tmp_path, text=text.replace("slots.number", "slots.back"))
    assert talk.keys(NUMBER) == f"是<digits {NUMBER}>吗？"
    assert talk.says(NUMBER, 0.9) == "哪个区？"


def test_a_group_offers_no_more_than_the_mode_allows(tmp_path: Path) -> None:
    text = STEPS.replace("offers: [open]}", "offers: [open, card]}")
    with pytest.raises(FlowError, match="在这个模式里一次念的选项多于 1 个"):
        call(tmp_path, text=text)


# --------------------------------------------------------------------------------------------------------- tickets


def test_a_ticket_has_category_summary_and_deadline(tmp_path: Path) -> None:
    orders = Orders()
    talk = at_main(tmp_path, orders)
    assert talk.says("开单") == "单号<digits 600>，<day 2026-11-24>前。要办什么？"
    due = "2026-11-22T10:30:00+08:00"
    asked = {"number": "13900001001", "category": "fault", "summary": "开单，汉口", "due": due, "callback": NUMBER}
    assert orders.asked == [asked]
    assert TicketOpened("open", "fault", "开单，汉口", due, "600") in talk.last


def test_a_ticket_that_fails_takes_the_error_path(tmp_path: Path) -> None:
    talk = at_main(tmp_path)
    talk._back_end = None
    assert talk.says("开单") == "没开成。要办什么？"
    assert not [action for action in talk.all if isinstance(action, TicketOpened)]


@pytest.mark.parametrize("answer", [{"number": "600", "due": 5}, {"number": ["600"], "due": "2026-11-24"}])
def test_an_answer_of_another_type_is_a_failed_look_up(tmp_path: Path, answer: dict[str, Any]) -> None:
    talk = at_main(tmp_path, Orders(answer))
    assert talk.says("开单") == "没开成。要办什么？"


def test_a_ticket_that_is_open_is_on_the_record_whatever_else_was_answered(tmp_path: Path) -> None:
    talk = at_main(tmp_path, Orders({"number": "WO-600", "due": "2026-11-24"}))
    assert talk.says("开单") == "没开成。要办什么？", "the flow declares the number as digits"
    assert [action.number for action in talk.all if isinstance(action, TicketOpened)] == ["WO-600"]


def test_a_choice_can_only_be_set_to_its_options(tmp_path: Path) -> None:
    talk = call(tmp_path, text=STEPS.replace("told: {play:", "told: {set: {district: order}, play:"))
    talk.dialogue.state.node = "main"
    talk.dialogue.state.slots["district"] = Picked("hankou", "汉口")
    assert talk.says("开单").endswith("没开成。要办什么？")
    assert talk.slots.get("district") is None


def test_nothing_leads_back_to_before_a_ticket(tmp_path: Path) -> None:
    orders = Orders()
    talk = at_main(tmp_path, orders)
    talk.says("开单")
    assert talk.says("返回") == "要办什么？"
    assert talk.dialogue.state.back == []
    assert len(orders.asked) == 1


def test_what_the_back_end_adds_is_kept_for_the_human(tmp_path: Path) -> None:
    talk = at_main(tmp_path, Orders({"number": "600", "due": "2026-11-24", "team": "甲组"}))
    talk.says("开单")
    talk.says("人工")
    assert talk.transfer.handed_over["records"]["order"] == {"number": "600", "due": "2026-11-24", "team": "甲组"}
    assert talk.transfer.handed_over["variables"]["purpose"] == "开单"


# ------------------------------------------------------------------------------------------------- messages, surveys


def test_a_message_is_kept_after_a_tone(tmp_path: Path) -> None:
    talk = at_main(tmp_path)
    assert talk.says("留言") == "请留言。<tone>"
    assert talk.last[-1] == Record("leave", "#", 8000, 4000, 60_000)
    assert talk.says_list[-1].pieces == (Tone(),)
    assert talk.gives(Recorded(2500)) == "记下了。要办什么？"
    assert talk.understood.outcome is Outcome.ACCEPT


def test_a_message_is_asked_for_again_and_then_goes_on_without(tmp_path: Path) -> None:
    talk = at_main(tmp_path)
    talk.says("留言")
    assert talk.silent() == "没有声音。请留言。<tone>"
    talk.silent()
    assert talk.silent() == "没听到留言。要办什么？"


def test_a_key_that_means_nothing_ends_a_message_that_was_left(tmp_path: Path) -> None:
    talk = at_main(tmp_path)
    talk.says("留言")
    assert talk.gives(Keys("5", after_message=True)) == "记下了。要办什么？"
    assert talk.understood.outcome is Outcome.ACCEPT
    talk.says("留言")
    assert talk.keys("5").startswith("没听清。"), "nothing was left before it"
    talk.gives(Keys("0", after_message=True))
    assert isinstance(talk.last[-1], Transfer)


def test_a_human_can_be_reached_from_a_message(tmp_path: Path) -> None:
    talk = at_main(tmp_path)
    talk.says("留言")
    talk.keys("0")
    assert isinstance(talk.last[-1], Transfer)


@pytest.mark.parametrize(("given", "score"), [("非常满意", 5), ("五", 5), ("打三分", 3), ("不太满意", 2)])
def test_a_survey_takes_a_score_by_voice(tmp_path: Path, given: str, score: int) -> None:
    talk = at_main(tmp_path)
    talk.says("打分")
    assert talk.says(given) == "再见。"
    assert SurveyAnswered("rate", score) in talk.last
    assert talk.dialogue.state.score == score


def test_who_skips_a_survey_has_not_failed(tmp_path: Path) -> None:
    talk = call(
        tmp_path, text=STEPS.replace("rate: {survey: 请打分。, then: bye}", "rate: {survey: 请打分。, then: human}")
    )
    talk.dialogue.state.node = "main"
    talk.says("打分")
    talk.silent()
    talk.silent()
    assert talk.transfer.handed_over["reason"] == "flow"


def test_a_survey_takes_a_key_and_never_keeps_anybody(tmp_path: Path) -> None:
    talk = at_main(tmp_path)
    talk.says("打分")
    assert talk.keys("4") == "再见。"
    talk = at_main(tmp_path)
    talk.says("打分")
    assert talk.silent() == "没有声音。请打分。"
    assert talk.silent() == "再见。"
    assert isinstance(talk.last[-1], Hangup)


# ------------------------------------------------------------------------------------------------------------ hours


@pytest.mark.parametrize(("moment", "said"), [((2026, 11, 23, 10, 0), "开着。"), ((2026, 11, 22, 10, 0), "关了。")])
def test_opening_hours_decide(tmp_path: Path, moment: tuple[int, int, int, int, int], said: str) -> None:
    talk = at_main(tmp_path)
    talk.dialogue._stage._now = lambda: datetime(*moment, tzinfo=timezone(timedelta(hours=8)))
    assert talk.says("上班") == f"{said}要办什么？"


def test_the_time_of_day_is_asked_for_each_time(tmp_path: Path) -> None:
    assert NOW.date() == date(2026, 11, 21)
    talk = at_main(tmp_path)
    assert talk.says("上班") == "开着。要办什么？"


# ---------------------------------------------------------------------------------------------------------- mistakes

WRONG = [
    ("when: hours.desk", "when: vars.tries == '1'", "`vars.tries` 的类型是 `number`，不能和 `'1'` 比较"),
    ("when: hours.desk", "when: slots.district == 1", "`slots.district` 的类型是 `choice`，不能和 `1` 比较"),
    ("when: hours.desk", "when: order.due > '2026-01-01'", "`order.due` 的类型是 `date`，不能和 `'2026-01-01'` 比较"),
    ("play: 没开成。", "play: 没开成｛order.number｝。", "全角的花括号会被念出来；数据请用半角的 `{`"),
    ("phrases: [留言]", "phrases: [留言，录音]", "“留言，录音”里有全角的“，”；列表请用半角逗号隔开"),
    ("call: ask_number", "call: ask_nmber", "没有子流程 `ask_nmber`；是不是 `ask_number`？"),
    ("then: told\n", "then: return\n", "没有节点 `return`"),
    ("      stop: {", "      human: {", "主流程里也有节点 `human`；请给其中一个改名"),
    ("entry: ask\n", "entry: asc\n", "没有节点 `asc`；是不是 `ask`？"),
    ("vars.tries + 1", "vars.trys + 1", "没有变量 `trys`；是不是 `tries`？"),
    ("set: {tries:", "set: {trys:", "没有槽位或变量 `trys`；是不是 `tries`？"),
    ("set: {tries: vars.tries + 1}", "set: {tries: \"'one'\"}", "不是数，而流程里声明的类型是 `number`"),
    (
        "set: {tries: vars.tries + 1}",
        "set: {district: \"'hankow'\"}",
        "没有选项 `hankow`；是不是 `hankou`？",
    ),
    ("with: {purpose: \"'开单'\"}", 'with: {purpose: "1"}', "不是文字，而流程里声明的类型是 `text`"),
    ("with: {purpose:", "with: {purpos:", "没有槽位或变量 `purpos`；是不是 `purpose`？"),
    (
        "{order.number | digits}",
        "{order.nmber | digits}",
        "`order` 没有字段 `nmber`，字段要在 `records` 里声明；是不是 `number`？",
    ),
    ("{order.number | digits}", "{order.number | amount}", "`order.number` 的类型是 `digits`，不能用 `amount` 读"),
    ("save: order", "save: oder", "没有查询结果 `oder`，字段要在 `records` 里声明；是不是 `order`？"),
    ("when: hours.desk", "when: hours.dsk", "没有营业时间 `dsk`；是不是 `desk`？"),
    ("deadline: 24h", "deadline: 24", "不是期限；请写成 `30m`、`4h` 或 `2d`"),
    (
        "  card: id_card",
        "  card: {type: id_card, options: {a: {label: 甲, phrases: [甲]}}}",
        "类型为 `id_card` 的槽位不能有 `options`",
    ),
    (
        "    type: choice\n    options:",
        "    type: choice\n    optoins:",
        "不认识的键 `optoins`；是不是 `options`？",
    ),
    (
        "{type: number, value: 0}\n  purpose",
        "{type: number, value: 零}\n  purpose",
        "不是数，而流程里声明的类型",
    ),
    ("  purpose: text", "  district: text", "`district` 也是槽位的名字；请给其中一个改名"),
    (
        "    slots: {number: phone}",
        "    slots: {district: text}",
        "槽位 `district` 在别处声明得不一样",
    ),
    ("  order: {number", "  vars: {number", "`vars` 已经有别的意思；请换一个名字"),
    ("      hankou:", "      agent:", "`agent` 任何时候都可以说，会被这个选项遮住；请给选项改名"),
    ("      hankou:", "      elderly:", "`elderly` 任何时候都可以说，会被这个选项遮住"),
    ("    modes: {elderly:", "    modes: {elderli:", "没有模式 `elderli`；是不是 `elderly`？"),
    ("{ask: {collect: 长辈", "{asc: {collect: 长辈", "没有节点 `asc`；是不是 `ask`？"),
    (
        "stop: {play: 这个号码不行。, then: human}",
        "stop: {call: ask_number, then: human}",
        "又会进入 `ask_number`，绕成了圈",
    ),
    ("  ask_number:\n    entry", "  ask_number: gone.yaml\n  other:\n    entry", "没有文件 `gone.yaml`"),
    ("  ask_number:\n    entry", "  ask_number: /etc/passwd\n  other:\n    entry", "不能当子流程的文件"),
    ("  ask_number:\n    entry", "  ask_number: ../../../x.yaml\n  other:\n    entry", "不能当子流程的文件"),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[wrong[1][:30].strip() for wrong in WRONG])
def test_a_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in STEPS
    with pytest.raises(FlowError) as error:
        call(tmp_path, text=STEPS.replace(old, new, 1))
    assert any(said in problem for problem in error.value.problems), error.value.problems
    assert all(problem.startswith(f"{tmp_path}/flow.yaml:") for problem in error.value.problems)
    assert not_chinese(problem.partition("flow.yaml:")[2] for problem in error.value.problems) == []


# ------------------------------------------------------------------------------------------- a no, and something else


@pytest.fixture(scope="module")
def spoken_menu(tmp_path_factory: pytest.TempPathFactory) -> CompiledFlow:
    """With the matcher of calls, which knows a negation."""
    file = tmp_path_factory.mktemp("flow") / "flow.yaml"
    head, _, rest = STEPS.partition("？\n    options:\n")
    _, _, tail = rest.partition("  open:\n")
    options = ("open: {phrases: [查话费], go: thanks}", "leave: {phrases: [查流量, 流量还剩多少], go: bye}")
    text = f"{head}？\n    options: {{{', '.join(options)}}}\n  open:\n{tail}"
    file.write_text(text.replace("offers: [leave]", "offers: [open]"), encoding="utf-8")
    return CompiledFlow(load_flow(file))


@pytest.mark.parametrize(
    ("said", "leads_to"),
    [
        ("不是，我要查流量", "bye"),
        ("不是我要查流量", "bye"),
        ("不对，流量还剩多少", "bye"),
        ("不，查流量", "bye"),
        ("不是要查话费", "main"),
        ("不查话费", "main"),
        ("不用查话费", "main"),
        ("不是", "main"),
        ("不查流量", "main"),
        ("是查话费", "main"),
    ],
)
def test_what_follows_a_no_is_what_is_wanted(spoken_menu: CompiledFlow, said: str, leads_to: str) -> None:
    talk = Talk(spoken_menu, "13900001001")
    talk.dialogue.state.node = "main"
    talk.dialogue.state.pending = Reading("open", 0.4, sure=False)
    talk.says(said)
    assert talk.dialogue.state.node == leads_to
    assert said != "不是" or talk.heard.startswith("好的，请再说。")
