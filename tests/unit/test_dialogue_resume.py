"""A session that goes on where an earlier one stood: the question is put again, and nothing learned is lost."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from gateway.desk.check import check
from gateway.dialogue.actions import (
    Action,
    EnterNode,
    Heard,
    Keys,
    Listen,
    LookupSucceeded,
    ModeChanged,
    NoInput,
    Record,
    Say,
    Served,
    SlotFilled,
    TransferFailed,
)
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.dialogue.machine import Dialogue
from gateway.dialogue.state import State, Waiting, resumable
from gateway.errors import FlowError
from gateway.prompts.inventory import Inventory
from gateway.prompts.render import spoken_text
from tests.support.calls import ROOT
from tests.support.small_flow import SMALL, STEPS, small_flow
from tests.support.talk import NOW, Talk

pytestmark = pytest.mark.unit

AGAIN = "刚才断了。"
CALLER = "13900001001"


def with_again(flow: str = SMALL, text: str = AGAIN) -> str:
    return flow.replace("entry: ", f"resumed: {text}\nentry: ", 1)


class Bill:
    """A back end with one bill."""

    async def lookup(self, name: str, arguments: object) -> dict[str, Any]:
        return {"due": "8.5", "card": "金卡"} if name == "account.bill" else {"age": 30}


def begun(folder: Path, flow: str = SMALL) -> Talk:
    return Talk(small_flow(folder, with_again(flow)), CALLER, Bill())


def lost(talk: Talk) -> State:
    state = talk.dialogue.snapshot()
    assert state is not None
    return state


def again(flow: CompiledFlow, state: State) -> tuple[Dialogue, tuple[Action, ...]]:
    dialogue = Dialogue(flow, {"number": ""}, lambda: NOW, state)
    return dialogue, dialogue.start()


def resumed(talk: Talk) -> tuple[Dialogue, tuple[Action, ...]]:
    return again(talk.dialogue._flow, lost(talk))


def text_of(actions: tuple[Action, ...]) -> str:
    return "".join(spoken_text(action.pieces) for action in actions if isinstance(action, Say))


def kinds(actions: tuple[Action, ...]) -> list[str]:
    return [type(action).__name__ for action in actions]


# ---------------------------------------------------------------------------------------------------- what is put again


def test_a_menu_is_put_again_after_the_flows_sentence(tmp_path: Path) -> None:
    dialogue, actions = resumed(begun(tmp_path))
    assert kinds(actions) == ["EnterNode", "Say", "Say", "Listen"]
    assert text_of(actions) == AGAIN + "请说要办什么。"
    assert actions[0] == EnterNode("main", "menu")
    assert any(isinstance(action, SlotFilled) for action in (*dialogue.step(Keys("2")), *dialogue.step(Keys("1234"))))


def test_without_the_sentence_the_question_is_put_at_once(tmp_path: Path) -> None:
    talk = Talk(small_flow(tmp_path), CALLER, Bill())
    _, actions = resumed(talk)
    assert text_of(actions) == "请说要办什么。"


def test_the_information_given_with_the_question_is_given_again_and_counts(tmp_path: Path) -> None:
    talk = begun(tmp_path)
    talk.says("账单")
    _, actions = resumed(talk)
    assert text_of(actions) == AGAIN + text_of(tuple(talk.last))
    assert "金卡" in text_of(actions)
    assert Served("tell_bill") in actions
    assert isinstance(actions[-1], Listen)


def test_an_open_confirmation_is_asked_again(tmp_path: Path) -> None:
    talk = begun(tmp_path)
    talk.says("密码")
    talk.says("一二三四", 0.1)
    assert talk.dialogue.state.pending is not None
    dialogue, actions = resumed(talk)
    assert text_of(actions) == AGAIN + "密码是幺二三四，对吗？"
    assert Served("pin") not in actions
    assert SlotFilled("pin", "1234") in dialogue.step(Heard("对"))


def test_a_menus_open_confirmation_is_asked_again(tmp_path: Path) -> None:
    talk = begun(tmp_path)
    talk.says("账单?")
    dialogue, actions = resumed(talk)
    assert text_of(actions) == AGAIN + "您是要查账单，对吗？"
    dialogue.step(Heard("对"))
    assert dialogue.state.node == "bill"


def test_the_mode_the_caller_was_in_goes_on(tmp_path: Path) -> None:
    talk = begun(tmp_path)
    talk.says("老年人")
    _, actions = resumed(talk)
    assert actions[0] == ModeChanged("elderly", "resumed")
    says = [action for action in actions if isinstance(action, Say)]
    assert [(said.pace, said.gain_db) for said in says] == [(0.8, 3.0)] * 2
    assert text_of(actions) == AGAIN + "长辈您好，请说。"
    listen = actions[-1]
    assert isinstance(listen, Listen)
    assert listen.timeout_ms == 8000


def test_errors_count_anew(tmp_path: Path) -> None:
    talk = begun(tmp_path, SMALL.replace("errors: 2", "errors: null"))
    talk.silent()
    talk.silent()
    dialogue, _ = resumed(talk)
    for _ in range(2):
        dialogue.step(NoInput())
        assert dialogue.state.node == "main"
    dialogue.step(NoInput())
    assert dialogue.state.node == "human"


def steps_at_confirmation(folder: Path) -> Talk:
    talk = begun(folder, STEPS)
    talk.says("13800138000")
    return talk


def test_inside_a_sub_flow_it_is_left_for_where_it_was_called(tmp_path: Path) -> None:
    talk = steps_at_confirmation(tmp_path)
    assert talk.dialogue.state.returns == ("who",)
    dialogue, actions = resumed(talk)
    assert actions[0] == EnterNode("ask_number.ask", "collect")
    dialogue.step(Heard("对"))
    assert (dialogue.state.node, dialogue.state.variables["asked"]) == ("where", 1)
    assert dialogue.state.variables["purpose"] == "开单"
    assert dialogue.state.variables["tries"] == 1, "the flow's beginning isn't gone through again"


def at_steps_main(folder: Path) -> Talk:
    talk = steps_at_confirmation(folder)
    for said in ("对", "武昌", "对"):
        talk.says(said)
    assert talk.dialogue.state.node == "main"
    return talk


def test_a_menus_group_is_offered_again(tmp_path: Path) -> None:
    talk = at_steps_main(tmp_path)
    talk.says("老年人")
    talk.keys("#")
    dialogue, actions = resumed(talk)
    assert text_of(actions) == AGAIN + "留言吗？"
    assert dialogue.state.group == 1
    assert "开单吗" in text_of(dialogue.step(Keys("#")))


def test_back_leads_to_where_it_led(tmp_path: Path) -> None:
    dialogue, _ = resumed(at_steps_main(tmp_path))
    dialogue.step(Keys("*"))
    assert dialogue.state.node == "where"


def test_a_message_is_asked_for_again_with_its_tone(tmp_path: Path) -> None:
    talk = at_steps_main(tmp_path)
    talk.says("留言")
    _, actions = resumed(talk)
    assert isinstance(actions[-1], Record)
    assert text_of(actions).startswith(AGAIN + "请留言。")


def test_a_slot_that_would_be_skipped_on_entry_is_asked_for(tmp_path: Path) -> None:
    """`skip_when` held back when it was asked: what it reads may hold by now, and the caller is there all the same."""
    talk = Talk(small_flow(tmp_path, with_again()), "", Bill())
    talk.says("留言")
    talk.says("坏了")
    state = lost(talk)
    assert state.node == "number"
    state.caller["number"] = CALLER
    _, actions = again(talk.dialogue._flow, state)
    assert text_of(actions) == AGAIN + "请说号码。"


def test_after_a_transfer_that_failed_the_question_that_followed_is_put_again(tmp_path: Path) -> None:
    flow = SMALL.replace("unavailable: goodbye", "unavailable: words")
    talk = begun(tmp_path, flow)
    talk.says("人工")
    assert talk.dialogue.snapshot() is None
    talk.gives(TransferFailed("busy"))
    dialogue, actions = resumed(talk)
    assert text_of(actions) == AGAIN + "请留言。"
    assert dialogue.state.path == ["profile", "main", "human", "words"]


# -------------------------------------------------------------------------------------------------------- what is kept


def test_everything_but_the_errors_is_kept_and_the_path_is_not_begun_twice(tmp_path: Path) -> None:
    talk = begun(tmp_path)
    talk.says("密码")
    talk.says("一二三四")
    talk.silent()
    state = lost(talk)
    dialogue, _ = again(talk.dialogue._flow, state)
    for one in fields(State):
        kept, was = getattr(dialogue.state, one.name), getattr(state, one.name)
        assert kept == (0 if one.name == "errors" else was), one.name
    assert (state.errors, state.slots, state.path) == (1, {"pin": "1234"}, ["profile", "main", "pin", "more"])


def test_two_sessions_share_nothing_that_changes(tmp_path: Path) -> None:
    talk = begun(tmp_path)
    talk.says("账单")
    state = lost(talk)
    assert state is not talk.dialogue.state
    before = deepcopy(state)
    first, _ = again(talk.dialogue._flow, state)
    for given in (Keys("2"), Keys("1234"), Heard("老年人"), Keys("0")):
        first.step(given)
        talk.gives(given)
    assert state == before
    second, _ = again(talk.dialogue._flow, state)
    assert second.state == before


def test_what_is_known_of_the_caller_is_what_was_known(tmp_path: Path) -> None:
    dialogue, _ = resumed(begun(tmp_path))
    assert dialogue.state.caller == {"number": CALLER, "age": 30}


# ---------------------------------------------------------------------------------------------------------- what cannot


def test_only_who_is_being_asked_something_can_go_on(tmp_path: Path) -> None:
    flow = small_flow(tmp_path)
    dialogue = Dialogue(flow, {"number": CALLER}, lambda: NOW)
    assert dialogue.snapshot() is None  # not begun
    dialogue.start()
    assert dialogue.state.waiting is Waiting.LOOKUP
    assert dialogue.snapshot() is None
    dialogue.step(LookupSucceeded({}))
    assert dialogue.snapshot() is not None
    dialogue.step(Keys("1"))
    assert dialogue.snapshot() is None  # a look-up is under way
    with pytest.raises(ValueError, match="not waiting for an answer"):
        Dialogue(flow, {}, lambda: NOW, dialogue.state)
    dialogue.state.ended, dialogue.state.waiting = True, Waiting.ANSWER
    assert not resumable(dialogue.state)


def test_who_was_told_goodbye_cannot_go_on(tmp_path: Path) -> None:
    talk = begun(tmp_path)
    talk.says("再见")
    assert talk.dialogue.snapshot() is None


def test_what_cannot_be_said_any_more_leads_to_a_human(tmp_path: Path) -> None:
    """A confirmation that reads what isn't there: no session makes one, but no caller is to hear silence for it."""
    talk = begun(tmp_path)
    talk.says("密码")
    talk.says("一二三四", 0.1)
    state = lost(talk)
    assert state.pending is not None
    object.__setattr__(state.pending, "value", None)
    dialogue, actions = again(talk.dialogue._flow, state)
    assert dialogue.state.node == "human"
    assert "请稍候" in text_of(actions)


# --------------------------------------------------------------------------------------------------------- the language


def test_the_sentence_may_not_read_values_aloud(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(with_again(text='"还剩{account.due | amount}。"'), encoding="utf-8")
    with pytest.raises(FlowError, match=r"请不要写 `\{…\}`") as caught:
        load_flow(file)
    line = with_again(text="").splitlines().index("resumed: ") + 1
    assert any(problem.startswith(f"{file}:{line}:") for problem in caught.value.problems)


def test_it_has_to_be_recorded(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(with_again(), encoding="utf-8")
    assert "刚才断了" in {text for _, text in Inventory(load_flow(file), tmp_path).needed().values()}


@pytest.mark.parametrize("name", ["mobile_hotline", "broadband_repair"])
def test_both_bundled_hotlines_have_one_that_is_short(name: str) -> None:
    report = check(ROOT / "ivr_flows" / name / "flow.yaml")
    assert report.flow is not None
    assert report.flow.resumed is not None
    assert report.flow.resumed.source == "刚才的电话断了，我们接着办。"
