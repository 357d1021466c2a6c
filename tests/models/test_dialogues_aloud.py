"""Test dialogues as calls: recorded callers on a noisy telephone line, and the real recogniser."""

from __future__ import annotations

import asyncio

import pytest

from gateway.cli.flow.aloud import AloudStage
from gateway.desk.dialogues.load import load_dialogues
from gateway.desk.dialogues.text import Held
from gateway.dialogue.load import load_flow
from gateway.settings import Settings
from tests.support.calls import ROOT, SAMPLES

pytestmark = pytest.mark.models

FILE = """\
caller: "13900001001"
clock: 2026-11-23 10:30
dialogues:
  heard:
    lookups: {account.balance: {balance: 12.50, due: 0}}
    steps:
      - hears: [欢迎致电移动客服热线, 请直接说您要办的事]
      - {says: 查话费, at: main, audio: SAMPLES/balance_1.wav, hears: [十二元五角, 还需要办别的吗]}
      - {silent: true, at: anything_else, hears: 没有听到您的声音}
      - {keys: "8", hears: 再见}
    ends: completed
    mode: standard
  over_the_prompt:
    steps:
      - hears: 请直接说您要办的事
      - {talks_over: 人工服务, audio: SAMPLES/agent_2.wav, hears: 转接人工}
    ends: {disposition: transferred, queue: general}
  otherwise:
    steps:
      - {says: 查话费, audio: SAMPLES/data_usage_1.wav, hears: 您的话费余额}
  not_on_a_line:
    agents: none
    steps:
      - {keys: "0"}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, Held]:
    file = tmp_path_factory.mktemp("dialogues") / "some.yaml"
    file.write_text(FILE.replace("SAMPLES", str(SAMPLES)), encoding="utf-8")
    dialogues = load_dialogues([file], load_flow(ROOT / "ivr_flows" / "mobile_hotline" / "flow.yaml"))
    settings = Settings(flows_dir=ROOT / "ivr_flows", synthesiser=None)
    stage = AloudStage(settings, "mobile_hotline", dialogues, snr_db=20, progress=lambda _done, _wanted: None)
    held: list[Held] = []
    asyncio.run(stage.hold_all(held.append))
    return {one.dialogue.name: one for one in held}


def test_a_dialogue_is_held_by_voice_silence_and_keys(results):
    assert results["heard"].passed, results["heard"].difference


def test_a_caller_talks_over_the_question(results):
    held = results["over_the_prompt"]
    assert held.passed, held.difference
    assert not any("没听清" in line.text for line in held.tell())


def test_what_is_heard_otherwise_is_told(results):
    difference = results["otherwise"].difference
    assert difference is not None
    assert difference.expected == "听到“您的话费余额”"
    assert "流量" in difference.found
    assert any("data_usage" in line.text for line in results["otherwise"].tell())


def test_what_a_line_cannot_do_is_left_out_and_said(results):
    held = results["not_on_a_line"]
    assert (held.passed, held.difference) == (False, None)
    assert "文字测试" in held.skipped
