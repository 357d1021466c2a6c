"""What a flow says when a shutdown cuts a call short: at any moment, in the caller's mode, without values."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.desk.check import check
from gateway.dialogue.actions import BargeIn, Listen, Say
from gateway.dialogue.load import load_flow
from gateway.errors import FlowError
from gateway.prompts.inventory import Inventory
from gateway.prompts.render import spoken_text
from tests.support.calls import ROOT
from tests.support.small_flow import SMALL, small_flow
from tests.support.talk import Talk

pytestmark = pytest.mark.unit

GOODBYE = "很抱歉，要停机了。"


def with_goodbye(text: str) -> str:
    return SMALL.replace("entry: ", f"maintenance: {text}\nentry: ", 1)


def call(folder: Path, text: str) -> Talk:
    return Talk(small_flow(folder, text), "13900001001")


def test_it_is_said_in_the_callers_mode_and_nobody_cuts_it(tmp_path: Path) -> None:
    talk = call(tmp_path, with_goodbye(GOODBYE))
    (usual,) = talk.dialogue.farewell()
    assert isinstance(usual, Say)
    assert spoken_text(usual.pieces) == GOODBYE
    assert (usual.barge_in, usual.pace) == (BargeIn.OFF, 1.0)
    talk.dialogue.state.mode = next(iter(talk.dialogue._flow.flow.modes))
    (slow,) = talk.dialogue.farewell()
    assert isinstance(slow, Say)
    assert slow.pace < 1.0


def test_it_changes_nothing(tmp_path: Path) -> None:
    talk = call(tmp_path, with_goodbye(GOODBYE))
    before = repr(talk.dialogue.state)
    talk.dialogue.farewell()
    assert repr(talk.dialogue.state) == before
    talk.says("账单")
    assert talk.dialogue.state.path[-1] != "main"


def test_a_flow_without_it_says_nothing(tmp_path: Path) -> None:
    talk = call(tmp_path, SMALL)
    assert talk.dialogue.farewell() == ()
    assert any(isinstance(action, Listen) for action in talk.last)


def test_it_may_not_read_values_aloud(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(with_goodbye('"还剩{account.due | amount}，再见。"'), encoding="utf-8")
    with pytest.raises(FlowError, match=r"请不要写 `\{…\}`") as caught:
        load_flow(file)
    line = with_goodbye("").splitlines().index("maintenance: ") + 1
    assert any(problem.startswith(f"{file}:{line}:") for problem in caught.value.problems)


def test_it_has_to_be_recorded(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    file.write_text(with_goodbye(GOODBYE), encoding="utf-8")
    needed = {text for _, text in Inventory(load_flow(file), tmp_path).needed().values()}
    assert {"很抱歉", "要停机了"} <= needed


@pytest.mark.parametrize("name", ["mobile_hotline", "broadband_repair"])
def test_both_bundled_hotlines_have_one_that_is_short(name: str) -> None:
    report = check(ROOT / "ivr_flows" / name / "flow.yaml")
    assert report.flow is not None
    assert report.flow.maintenance is not None
    assert 10 < len(report.flow.maintenance.source) < 30
