"""`flow test` and `flow chat` as commands: exit status, what is shown, and what is typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.flow import app
from gateway.errors import FlowError, ScriptError
from tests.support.errands import Errands

pytestmark = pytest.mark.unit

GREETED = "dialogues: {问候: {steps: [{hears: 寄东西}]}}"


@pytest.fixture
def errands(tmp_path, monkeypatch) -> Errands:
    folder = tmp_path / "errands"
    folder.mkdir()
    monkeypatch.setenv("VOICE_GATEWAY_FLOWS_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return Errands(folder)


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=typed)


def write(errands: Errands, text: str) -> Path:
    file = errands.file.parent / "dialogues" / "some.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_dialogues_that_hold_are_counted_and_shown_only_when_asked(errands):
    write(errands, GREETED)
    quiet, told = run("test", "errands"), run("test", "errands", "-v")
    assert (quiet.exit_code, told.exit_code) == (0, 0)
    assert "1 个对话，1 步，全部相符" in quiet.output
    assert "✓ 问候" not in quiet.output
    assert "✓ 问候" in told.output


def test_a_difference_is_shown_and_fails(errands):
    write(errands, "dialogues:\n  问候:\n    steps:\n      - hears: 送东西\n")
    result = run("test", "errands")
    assert result.exit_code == 1
    assert "✗ 问候" in result.output
    assert "▶ 第 4 行　期望 听到“送东西”" in result.output
    assert "1 个不符" in result.output


def test_a_filter_leaves_dialogues_out_and_tells_no_coverage(errands):
    write(errands, "dialogues: {问候: {steps: [{hears: 寄东西}]}, 别的: {steps: [{hears: 送东西}]}}")
    result = run("test", "errands", "--filter", "问候")
    assert result.exit_code == 0
    assert "1 个对话" in result.output
    assert "覆盖" not in result.output


def test_what_was_not_exercised_fails_only_when_all_is_required(errands):
    write(errands, GREETED)
    assert run("test", "errands").exit_code == 0
    assert run("test", "errands", "--require-full").exit_code == 1


@pytest.mark.parametrize("other", [["--filter", "好"], ["--audio"]])
def test_not_all_is_required_of_some(errands, other):
    write(errands, GREETED)
    result = run("test", "errands", "--require-full", *other)
    assert result.exit_code == 2
    assert "leave out --filter" in result.output


def test_bad_files_and_no_files_are_told(errands):
    assert isinstance(run("test", "errands").exception, ScriptError)
    write(errands, "dialogues: 3")
    assert isinstance(run("test", "errands").exception, FlowError)


def test_a_chat_tells_what_is_made_of_every_turn(errands):
    result = run("chat", "errands", "--at", "2026-11-23 10:30", typed="寄东西\n/slots\n1\n/slots\n/mode\n5\n")
    assert result.exit_code == 0
    for told in (
        "热线　 寄东西，查快递，还是留言？　main",
        "来电者 “寄东西”",
        "↳ 听懂，send ",
        "在节点 where.district 等待回答，标准模式",
        "来电者 按键 1",
        "☎ 查询 ticket.create（number=139****1001，category=pick_up",
        "还没有填内容",
        "等待回答，标准模式，已填 district=wuchang",
        "标准模式",
        "✎ 满意度 5",
        "结果：自助办结（completed）",
    ):
        assert told in result.output


def test_a_chat_knows_silence_talking_over_hanging_up_and_its_own_commands(errands):
    typed = "/silent\n/keys\n/nonsense\n/over 查快递\n"
    result = run("chat", "errands", "--from", "13900001001", "--at", "2026-11-23 10:30", typed=typed)
    assert "（没有说话）" in result.output
    assert "来电者 “查快递”" in result.output
    assert result.output.count("/hangup") == 3  # the help, at the beginning and for what can't be understood
    assert "结果：转接人工" in result.output
    elder = run("chat", "errands", "--from", "13900001002", "--at", "2026-11-23 10:30", typed="/over 寄东西\n/hangup\n")
    assert "不能用说话打断" in elder.output
    assert "结果：中途挂机（caller_hung_up）" in elder.output


def test_who_types_no_more_hangs_up(errands):
    result = run("chat", "errands", "--at", "2026-11-23 10:30", typed="")
    assert "结果：中途挂机（caller_hung_up）" in result.output
