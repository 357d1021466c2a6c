"""The machine on a small flow, with a matcher that anyone can foresee: every rule of the conversation."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.dialogue.actions import (
    BargeIn,
    Heard,
    Listen,
    Lookup,
    LookupFailed,
    LookupSucceeded,
    ModeChanged,
    NoInput,
    Outcome,
    Served,
    SlotFilled,
    TransferFailed,
    Understood,
)
from gateway.dialogue.hints import MAX_HINTS
from gateway.errors import LookupFailedError
from tests.support.small_flow import SMALL, small_flow
from tests.support.talk import TODAY, Talk

pytestmark = pytest.mark.unit


class Records:
    """A back end of fixed answers; what it lacks fails."""

    def __init__(self, **records: Mapping[str, Any]) -> None:
        self.records = records
        self.asked: list[tuple[str, Mapping[str, Any]]] = []

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        await asyncio.sleep(0)
        self.asked.append((name, dict(arguments)))
        if name.rpartition(".")[2] not in self.records:
            raise LookupFailedError("down")
        return self.records[name.rpartition(".")[2]]


BILL = {"due": Decimal("35.6"), "card": "金卡"}


def call(folder: Path, number: str = "13900001001", *, text: str = SMALL, **records: Mapping[str, Any]) -> Talk:
    return Talk(small_flow(folder, text), number, Records(**{"profile": {"age": 30}, "bill": BILL} | records))


# ------------------------------------------------------------------------------------------------- options and keys


def test_an_option_by_voice_and_by_key(tmp_path: Path) -> None:
    for answer in (lambda talk: talk.says("我要查账单"), lambda talk: talk.keys("1")):
        talk = call(tmp_path)
        assert answer(talk) == "账单是<amount 35.6>，卡是<text 金卡>。还要什么？"
        assert talk.options == ["bill"]
        assert talk.nodes == ["profile", "main", "bill", "bill_branch", "tell_bill", "more"]
        assert Served("tell_bill") in talk.last
    assert talk.understood == Understood("main", Outcome.ACCEPT, "bill", 1.0, "bill")


def test_a_branch_follows_its_condition_and_none_when_it_cannot_be_evaluated(tmp_path: Path) -> None:
    assert "欠费很多" in call(tmp_path, bill={"due": 200}).says("账单")
    talk = call(tmp_path, bill={"due": None})
    assert talk.says("账单") == "抱歉。请稍候。"  # the branch is false, and an amount of None can't be said
    assert talk.transfer.queue == "general"


@pytest.mark.parametrize(
    "bill", [{}, {"due": "much", "card": "金卡"}, {"due": 5, "card": "银卡"}, {"due": float("nan"), "card": "金卡"}]
)
def test_what_cannot_be_said_takes_the_error_path(tmp_path: Path, bill: Mapping[str, Any]) -> None:
    talk = call(tmp_path, bill=bill)
    talk.says("账单")
    assert talk.nodes[-2:] == ["sorry", "human"]


def test_a_failed_look_up_takes_its_error_path_and_gets_typed_arguments(tmp_path: Path) -> None:
    back_end = Records(profile={})
    talk = Talk(small_flow(tmp_path), "13900001001", back_end)
    talk.says("账单")
    assert talk.nodes[-2:] == ["sorry", "human"]
    assert back_end.asked[-1] == ("account.bill", {"number": "13900001001", "day": TODAY})


@pytest.mark.parametrize("echoed", [None, "+8613900001001", 13900001001])
def test_the_caller_keeps_the_number_of_the_line_whatever_the_back_end_echoes(tmp_path: Path, echoed: object) -> None:
    talk = call(tmp_path, profile={"age": 30, "number": echoed})
    assert talk.dialogue.state.caller == {"number": "13900001001", "age": 30}


def test_an_included_menu_is_open_everywhere_it_is_included(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("账单")
    talk.says("账单")
    assert talk.options == ["bill", "bill"]
    talk.keys("8")
    assert talk.hung_up == "completed"
    assert talk.options == ["bill", "bill", "nothing"]
    assert talk.dialogue.ended


@pytest.mark.parametrize(
    ("said", "option"),
    [("不用", "nothing"), ("没有啦", "nothing"), ("不用，账单", "bill"), ("不", "nothing"), ("要", None)],
)
def test_an_option_may_mean_yes_or_no(tmp_path: Path, said: str, option: str | None) -> None:
    talk = call(tmp_path, text=SMALL.replace("nothing: {", "nothing: {means: no, "))
    talk.says("账单")
    talk.says(said)
    assert talk.understood.option == option


def test_a_long_sentence_is_no_mere_no(tmp_path: Path) -> None:
    talk = call(tmp_path, text=SMALL.replace("nothing: {", "nothing: {means: no, "))
    talk.says("账单")
    talk.says("不要再给我打推销电话了行不行")
    assert talk.understood.outcome is Outcome.NO_MATCH


# --------------------------------------------------------------------------------------------------------- universals


@pytest.mark.parametrize("ask", [lambda talk: talk.says("找客服"), lambda talk: talk.keys("0")])
def test_a_human_from_the_menu_is_an_option_and_from_elsewhere_a_universal(tmp_path: Path, ask: Any) -> None:
    talk = call(tmp_path)
    ask(talk)
    assert talk.transfer.queue == "general"
    assert talk.options == ["agent"]
    assert talk.understood.matched == "agent"

    talk = call(tmp_path)
    talk.says("预约")
    ask(talk)
    assert talk.transfer.handed_over["reason"] == "asked"
    assert talk.options == ["day"]


def test_everything_learned_is_handed_over_in_plain_types(tmp_path: Path) -> None:
    talk = call(tmp_path, profile={"age": 30, "since": date(2020, 1, 1)})
    talk.says("账单")
    talk.says("登记")
    talk.says("三十五块六")
    talk.says("人工")
    handed_over = talk.transfer.handed_over
    assert handed_over["caller"] == {"number": "13900001001", "age": 30, "since": "2020-01-01"}
    assert handed_over["slots"] == {"much": "35.60"}
    assert handed_over["records"] == {"bill": {"due": "35.6", "card": "金卡"}}
    assert handed_over["options"] == ["bill", "numbers"]
    assert handed_over["path"] == talk.nodes


def test_repeat_says_the_information_and_the_question_and_counts_no_error(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("账单")
    talk.silent()
    assert talk.says("再说一遍") == "账单是<amount 35.6>，卡是<text 金卡>。还要什么？"
    assert talk.keys("9") == "账单是<amount 35.6>，卡是<text 金卡>。还要什么？"
    assert talk.understood.matched == "repeat"
    assert talk.dialogue.state.errors == 1


def test_repeat_at_a_confirmation_repeats_the_confirmation(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("账单?")
    assert talk.says("再说一遍") == "您是要<text 查账单>，对吗？"
    assert "账单是" in talk.says("对")


def test_back_at_a_confirmation_asks_the_question_anew(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    talk.says("一二三四", confidence=0.3)
    assert talk.says("返回") == "请输入密码。"


def test_a_repeat_that_had_to_be_confirmed_repeats_the_question(tmp_path: Path) -> None:
    talk = call(tmp_path)
    assert talk.says("再说一遍?") == "您是要<text 再说一遍>，对吗？"
    assert talk.says("对") == "请说要办什么。"


def test_back_goes_to_the_question_before_and_stays_where_there_is_none(tmp_path: Path) -> None:
    talk = call(tmp_path)
    assert talk.says("返回") == "请说要办什么。"
    talk.says("密码")
    assert talk.keys("*") == "请说要办什么。"
    assert talk.nodes == ["profile", "main", "pin", "main"]
    talk.says("登记")
    talk.says("三十")
    assert talk.says("返回") == "多少钱？"
    assert talk.says("返回") == "请说要办什么。"


def test_back_to_a_filled_slot_asks_for_it_anew(tmp_path: Path) -> None:
    talk = call(tmp_path, "")
    talk.says("留言")
    talk.says("你们的服务还不错我很满意")
    talk.says("13900001001")
    assert talk.says("返回") == "请说号码。"


def test_a_universal_of_ones_own_goes_where_it_says(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("预约")
    talk.says("再见")
    assert talk.hung_up == "completed"


# ------------------------------------------------------------------------------------------------ failing and retries


def test_each_asking_is_in_other_words_and_the_third_failure_is_a_humans(tmp_path: Path) -> None:
    text = SMALL.replace("errors: 2", "errors: null")
    talk = call(tmp_path, text=text)
    assert talk.silent() == "没有声音。可以说账单。"
    assert talk.understood == Understood("main", Outcome.NO_INPUT)
    assert talk.says("哈哈") == "还是没听清。账单请按1。"
    assert talk.understood == Understood("main", Outcome.NO_MATCH)
    assert talk.keys("6") == "请稍候。"
    assert talk.transfer.handed_over["reason"] == "errors"


def test_the_second_error_is_a_struggle_unless_the_flow_says_otherwise(tmp_path: Path) -> None:
    talk = call(tmp_path, text=SMALL.replace(", errors: 2", ""))
    talk.silent()
    assert talk.silent().startswith("别着急。")
    assert talk.modes == [("elderly", "errors")]


def test_errors_are_counted_per_question(tmp_path: Path) -> None:
    talk = call(tmp_path)
    for said in ("密码", "1234", "密码", "1234"):
        talk.silent()
        talk.says(said)
    assert talk.modes == []


def test_a_question_may_have_its_own_error_path(tmp_path: Path) -> None:
    talk = call(tmp_path, text=SMALL.replace("errors: 2", "errors: null"))
    talk.says("预约")
    for _ in range(3):
        talk.silent()
    assert talk.nodes[-2:] == ["sorry", "human"]


# ------------------------------------------------------------------------------------------------------- confirmation


def test_an_unsure_match_is_confirmed(tmp_path: Path) -> None:
    talk = call(tmp_path)
    assert talk.says("账单?") == "您是要<text 查账单>，对吗？"
    assert talk.understood == Understood("main", Outcome.CONFIRM, "bill", 0.5)
    assert talk.options == []
    assert talk.listen.keys.max_digits == 1
    assert talk.listen.hints[0] == "对"
    assert "账单是" in talk.says("对对就是这个")
    assert talk.understood == Understood("main", Outcome.ACCEPT, "yes", 1.0, "bill")


@pytest.mark.parametrize(
    ("answer", "options"),
    [("是的", ["bill"]), ("密码", ["pin"]), ("不是，我要密码", ["pin"]), ("对，账单", ["bill"]), ("不对", [])],
)
def test_a_confirmation_takes_yes_no_and_another_option(tmp_path: Path, answer: str, options: list[str]) -> None:
    talk = call(tmp_path)
    talk.says("账单?")
    talk.says(answer)
    assert talk.options == options


def test_a_confirmation_takes_keys(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码?")
    talk.keys("1")
    assert talk.options == ["pin"]
    talk = call(tmp_path)
    talk.says("账单?")
    assert talk.keys("2") == "好的，请再说。可以说账单。"
    assert talk.understood.matched == "no"
    talk = call(tmp_path)
    talk.says("账单?")
    talk.keys("0")
    assert talk.options == ["agent"]


def test_a_confirmation_that_is_not_understood_is_put_in_other_words(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("账单?")
    assert talk.says("哈哈") == "没听清。请说对，或者不对。"
    assert "账单是" in talk.says("对")


def test_saying_it_again_confirms_it(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("账单?")
    assert "账单是" in talk.says("账单?")
    assert talk.options == ["bill"]


def test_one_unsure_answer_after_another_ends_at_a_human(tmp_path: Path) -> None:
    talk = call(tmp_path)
    for said in ("账单?", "密码?", "账单?", "密码?"):
        talk.says(said)
    assert talk.nodes[-1] == "human"
    assert talk.options == []


@pytest.mark.parametrize(("confirm", "said", "options"), [("always", "账单", []), ("never", "账单?", ["bill"])])
def test_confirm_may_be_always_or_never(tmp_path: Path, confirm: str, said: str, options: list[str]) -> None:
    talk = call(tmp_path, text=SMALL.replace("  timeout: 4s", f"  timeout: 4s\n  confirm: {confirm}"))
    talk.says(said)
    assert talk.options == options


# -------------------------------------------------------------------------------------------------------------- slots


def test_digits_by_keys_with_finish_key_zero_and_length(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    keys = talk.listen.keys
    assert (keys.min_digits, keys.max_digits, keys.finish_on_key) == (4, 6, "#")
    talk.keys("0000")
    assert talk.slots == {"pin": "0000"}
    assert talk.understood == Understood("pin", Outcome.ACCEPT, "pin", 1.0)


@pytest.mark.parametrize("digits", ["123", "1234567", "", "12*4", "²²²²"])
def test_keys_that_do_not_fit_are_no_match(tmp_path: Path, digits: str) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    assert talk.keys(digits) == "没听清。请说四到六位密码。"


def test_a_lone_zero_that_is_no_number_is_a_call_for_a_human(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    talk.keys("0")
    assert talk.transfer.handed_over["reason"] == "asked"


def test_low_confidence_is_confirmed_and_a_refusal_asks_again(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    assert talk.says("一二三四", confidence=0.3) == "密码是<digits 1234>，对吗？"
    assert talk.says("不对") == "好的，请再说。请说四到六位密码。"
    talk.says("一二三五", confidence=0.3)
    talk.says("对")
    assert talk.slots == {"pin": "1235"}
    assert SlotFilled("pin", "1235") in talk.last


def test_another_reading_of_what_was_refused_is_confirmed_however_sure_it_is(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    talk.says("一二三四", confidence=0.3)
    talk.says("不对")
    assert talk.gives(Heard("1234", 0.95, ("1235",))) == "密码是<digits 1235>，对吗？"
    talk.says("对")
    assert talk.slots == {"pin": "1235"}


def test_a_value_said_at_the_confirmation_is_the_new_answer(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    talk.says("一二三四", confidence=0.3)
    talk.says("五六七八")
    assert talk.slots == {"pin": "5678"}


def test_every_type_of_slot(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("登记")
    talk.says("三十五块六")
    talk.says("上个月")
    talk.says("两百五")
    assert talk.slots == {"much": Decimal("35.60"), "month": date(2026, 10, 1), "count": Decimal(250)}
    talk.says("预约")
    assert talk.says("十一月一号") == "是<date 2026-11-01>吗？"
    talk.says("是的")
    assert talk.slots["day"] == date(2026, 11, 1)


def test_every_type_of_slot_by_keys(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("登记")
    talk.keys("35")
    talk.keys("202610")
    talk.keys("2")
    talk.says("升级")
    talk.keys("1")
    talk.says("预约")
    talk.keys("20261131")
    talk.keys("20261130")
    talk.keys("1")
    assert talk.slots == {
        "much": Decimal(35),
        "month": date(2026, 10, 1),
        "count": Decimal(2),
        "words": "金卡",
        "sure": True,
        "day": date(2026, 11, 30),
    }


def test_a_month_by_its_number_is_the_latest_one(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("登记")
    talk.keys("35")
    talk.keys("12")
    assert talk.slots["month"] == date(2025, 12, 1)


def test_free_words_keep_what_only_sounds_like_a_command(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("留言")
    assert talk.listen.max_speech_ms == 60_000
    talk.says("你们的人工客服说了半天也没有解决问题")
    assert talk.slots["words"] == "你们的人工客服说了半天也没有解决问题"
    talk = call(tmp_path)
    talk.says("留言")
    talk.says("转人工")
    assert talk.transfer.queue == "general"


def test_a_phone_number_is_personal_and_skipped_when_known(tmp_path: Path) -> None:
    talk = call(tmp_path, "")
    talk.says("留言")
    assert talk.says("服务还不错我很满意谢谢") == "请说号码。"
    talk.says("幺三九零零零零一零零一")
    assert SlotFilled("number", "13900001001") in talk.last
    talk.says("留言")
    assert talk.says("再说一句你们都挺好的") == "还要什么？"
    assert talk.nodes.count("number") == 1


def test_an_alternative_helps_when_the_text_is_no_value(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    talk.gives(Heard("要爱闪是", 0.9, ("一二三四",)))
    assert talk.slots == {"pin": "1234"}


def test_an_option_can_set_a_slot(tmp_path: Path) -> None:
    talk = call(tmp_path)
    assert talk.says("升级") == "确定吗？"
    assert talk.slots == {"words": "金卡"}
    assert talk.says("确定") == "换成<text 金卡>。还要什么？"


# -------------------------------------------------------------------------------------------------------------- modes


def test_the_profile_puts_an_elder_into_the_mode(tmp_path: Path) -> None:
    talk = call(tmp_path, profile={"age": 65})
    assert talk.heard == "长辈您好，请说。"
    assert ModeChanged("elderly", "profile") in talk.last
    (said,) = talk.says_list
    assert (said.pace, said.gain_db, said.barge_in) == (0.8, 3, BargeIn.DTMF)
    assert (talk.listen.timeout_ms, talk.listen.speech_timeout_ms) == (8000, 1200)
    assert talk.listen.keys.inter_digit_timeout_ms == 6000
    assert talk.listen.hints[:2] == ("账单", "人工")
    talk.silent()
    assert talk.transfer.handed_over["mode"] == "elderly"


@pytest.mark.parametrize("profile", [{"age": 64}, {"age": None}, {}, {"age": "old"}])
def test_nobody_is_put_into_the_mode_on_a_guess(tmp_path: Path, profile: Mapping[str, Any]) -> None:
    assert call(tmp_path, profile=profile).heard == "请说要办什么。"


def test_a_slow_mode_does_not_make_a_dictation_endless(tmp_path: Path) -> None:
    talk = call(tmp_path, profile={"age": 80})
    talk.says("留言")
    assert talk.listen.speech_timeout_ms == 2500


@pytest.mark.parametrize("ask", [lambda talk: talk.says("我是老年人"), lambda talk: talk.keys("7")])
def test_the_mode_by_asking_is_an_option_of_the_menu(tmp_path: Path, ask: Any) -> None:
    talk = call(tmp_path)
    assert ask(talk) == "慢慢说。长辈您好，请说。"
    assert talk.options == ["elderly"]
    assert talk.modes == [("elderly", "asked")]
    assert talk.nodes == ["profile", "main"]
    assert ask(talk) == "长辈您好，请说。"
    assert talk.says("说快一点") == "恢复了。请说要办什么。"
    assert talk.modes == [("elderly", "asked"), ("standard", "asked")]


def test_the_mode_by_asking_at_any_question(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("预约")
    assert talk.says("慢一点") == "慢慢说。哪一天？"
    assert talk.options == ["day"]


def test_struggling_enters_the_mode_and_then_a_human(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.silent()
    assert talk.silent() == "别着急。长辈您好，请说。"
    assert talk.modes == [("elderly", "errors")]
    talk.silent()
    assert talk.transfer.handed_over["reason"] == "errors"


def test_who_left_the_mode_is_not_put_back_by_profile_or_errors(tmp_path: Path) -> None:
    talk = call(tmp_path, profile={"age": 70})
    talk.says("快一点")
    talk.silent()
    talk.silent()
    talk.says("账单")
    assert talk.modes == [("elderly", "profile"), ("standard", "asked")]


# ---------------------------------------------------------------------------------------------------- hints and limits


def test_hints_are_the_likeliest_phrases_of_everything(tmp_path: Path) -> None:
    talk = call(tmp_path)
    hints = talk.listen.hints
    assert hints[:6] == ("账单", "密码", "预约", "留言", "登记", "升级")
    assert {"人工", "再说一遍", "返回", "老年人", "花了多少"} <= set(hints)
    assert len(hints) == len(set(hints)) <= MAX_HINTS


def test_keywords_are_given_where_only_they_cut(tmp_path: Path) -> None:
    talk = call(tmp_path)
    assert talk.listen.keywords == ()
    talk.says("账单")
    assert talk.says_list[-1].barge_in is BargeIn.KEYWORD
    assert {"没有了", "账单", "人工"} <= set(talk.listen.keywords)


def test_the_goodbye_is_not_cut(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("再见")
    assert talk.says_list[-1].barge_in is BargeIn.OFF


CIRCLE = SMALL.replace("  sorry: {play: 抱歉。, then: human}", "  sorry: {play: 抱歉。, then: sorry}")


def test_a_circle_without_a_question_ends_at_a_human(tmp_path: Path) -> None:
    talk = call(tmp_path, text=CIRCLE, bill={})
    talk.says("账单")
    assert talk.transfer.handed_over["reason"] == "failure"


def test_a_circle_that_the_human_is_part_of_ends_the_call(tmp_path: Path) -> None:
    text = CIRCLE.replace("go: human}", "go: sorry}").replace("on_error: human", "on_error: sorry")
    talk = call(tmp_path, text=text)
    talk.says("人工")
    assert talk.hung_up == "flow_loop"
    assert talk.dialogue.ended


def test_a_look_up_that_leads_back_to_itself_ends_at_a_human(tmp_path: Path) -> None:
    text = SMALL.replace("    then: bill_branch\n    on_error: sorry", "    then: bill\n    on_error: bill")
    dialogue = small_dialogue(tmp_path, text)
    actions = dialogue.step(Heard("账单"))
    for _ in range(200):
        if not isinstance(actions[-1], Lookup):
            break
        actions = dialogue.step(LookupFailed("down"))
    assert dialogue.ended


def small_dialogue(folder: Path, text: str = SMALL) -> Any:
    return call(folder, text=text).dialogue


# ----------------------------------------------------------------------------------------------- inputs out of season


def test_inputs_that_nobody_waits_for_change_nothing(tmp_path: Path) -> None:
    talk = call(tmp_path)
    before = talk.dialogue.state.node
    for stray in (LookupSucceeded({"age": 80}), LookupFailed("late"), TransferFailed("busy")):
        (listen,) = talk.dialogue.step(stray)
        assert isinstance(listen, Listen)
    assert (talk.dialogue.state.node, talk.dialogue.state.mode) == (before, "standard")


def test_answers_during_a_look_up_are_noted_and_do_not_ask_twice(tmp_path: Path) -> None:
    dialogue = small_dialogue(tmp_path)
    assert isinstance(dialogue.step(Heard("账单"))[-1], Lookup)
    assert dialogue.step(Heard("快点")) == (Understood("bill", Outcome.NO_MATCH),)
    assert dialogue.step(NoInput()) == (Understood("bill", Outcome.NO_INPUT),)
    assert isinstance(dialogue.step(LookupSucceeded(BILL))[-1], Listen)


def test_a_transfer_that_fails_goes_on(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("人工")
    assert talk.dialogue.ended
    talk.gives(TransferFailed("busy"))
    assert talk.hung_up == "completed"
    assert talk.dialogue.step(Heard("喂")) == (Understood("goodbye", Outcome.NO_MATCH),)


def test_one_flow_serves_many_callers_without_mixing_them(tmp_path: Path) -> None:
    flow = small_flow(tmp_path)
    elder = Talk(flow, "1", Records(profile={"age": 80}))
    young = Talk(flow, "2", Records(profile={"age": 20}))
    elder.says("预约")
    young.says("密码")
    assert (elder.dialogue.state.mode, young.dialogue.state.mode) == ("elderly", "standard")
    assert (elder.dialogue.state.node, young.dialogue.state.node) == ("day", "pin")


def test_what_is_asked_again_is_kept_until_it_is_answered_again(tmp_path: Path) -> None:
    talk = call(tmp_path)
    talk.says("密码")
    talk.keys("5678")
    assert talk.says("返回") == "请输入密码。"
    assert talk.dialogue.state.slots["pin"] == "5678"
    talk.keys("1234")
    assert talk.dialogue.state.slots["pin"] == "1234"
