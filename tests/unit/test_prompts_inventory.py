"""What a flow needs recorded is found in every corner of it, and the shipped hotline lacks nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.prompts import app
from gateway.dialogue.load import load_flow
from gateway.errors import PromptError
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.inventory import Inventory
from gateway.prompts.sayas import FRAGMENTS
from tests.support.tiny_hotline import FLOW

pytestmark = pytest.mark.unit

FLOWS = Path(__file__).parents[2] / "ivr_flows"
HOTLINE = FLOWS / "mobile_hotline"
HOTLINES = sorted(path.parent for path in FLOWS.glob("*/flow.yaml"))


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The flow alone, with no recording at all, where the command looks for flows."""
    (tmp_path / "mobile_hotline").mkdir()
    shutil.copy(HOTLINE / "flow.yaml", tmp_path / "mobile_hotline")
    shutil.copytree(FLOWS / "subflows", tmp_path / "subflows")
    monkeypatch.setenv("VOICE_GATEWAY_FLOWS_DIR", str(tmp_path))
    return tmp_path / "mobile_hotline"


@pytest.mark.parametrize("hotline", HOTLINES, ids=lambda hotline: hotline.name)
def test_a_shipped_hotline_has_every_recording_and_no_other(hotline):
    inventory = Inventory(load_flow(hotline / "flow.yaml"), hotline)
    assert inventory.missing() == {}
    assert inventory.stale() == {}
    assert inventory.unused() == []
    assert inventory.unlisted() == []


def test_without_recordings_every_prompt_label_text_and_fragment_is_missing(copied):
    missing = Inventory(load_flow(copied / "flow.yaml"), copied).missing()
    texts = set(missing.values())
    assert {"欢迎致电移动客服热线", "您的话费余额为", "轻享套餐", "查话费", "再见"} <= texts
    assert set(FRAGMENTS) <= texts
    assert len(texts) == len(missing)
    assert not any(mark in text for text in texts for mark in "，。？！{}|")


CORNERS = """\
slots: {where: {type: choice, options: {east: {label: 东边, phrases: [东面]}}}}
subflows:
  asking:
    entry: ask
    slots: {when: {type: choice, options: {now: {label: 马上, phrases: [现在]}}}}
    modes: {elderly: {nodes: {ask: {collect: 您慢慢说。}}}}
    nodes:
      ask: {collect: 什么时候？, slot: when, confirm: always, confirm_prompt: "{value | text}吗？", then: score}
      score: {survey: 打几分？, confirm: SURVEY, confirm_prompt: "{option | text}吗？", then: note}
      note: {message: 请留言。, then: return}
modes:
  elderly:
    label: 老人专线
    enter_on: {phrases: [老人]}
    leave_on: {phrases: [不用了, 快点]}
    entered: 慢慢来。
    struggling: 别急。
    left: 快起来。
    max_options: 1
    nodes: {hello: {groups: [{say: 一号业务。, offers: [bye]}, {say: 二号业务。, offers: [ask]}]}}
nodes:
  hello:
    menu: 您好。
    groups: [{say: 先说这些。, offers: [bye]}, {say: 还有那些。, offers: [ask]}]
    options: {bye: {phrases: [走了, 没了], go: bye}, ask: {label: "问，事", phrases: [问], go: where}}
  where: {collect: 哪里？, slot: where, confirm: always, confirm_prompt: "{value | text}吗？", then: asking}
  asking: {call: asking, then: bye}
"""
SAID = {"您好", "先说这些", "还有那些", "哪里", "慢慢来", "别急", "快起来", "一号业务", "二号业务"}
CALLED = {"走了", "问，事", "东边", "老人专线", "不用了", "转人工", "再说", "返回", "马上"}
IN_SUBFLOW = {"什么时候", "您慢慢说", "打几分", "请留言"}


@pytest.mark.parametrize("survey", ["never", "always"])
def test_groups_sub_flows_and_what_choices_are_called_are_needed(tmp_path, survey):
    """A choice is called by its label or its first phrase, in one piece; a score only when it is confirmed."""
    head, _, tail = FLOW.partition("nodes:\n")
    _, human, bye = tail.splitlines(keepends=True)
    flow = tmp_path / "flow.yaml"
    flow.write_text(head + CORNERS.replace("SURVEY", survey) + human + bye, encoding="utf-8")
    needed = {text for _, text in Inventory(load_flow(flow), tmp_path).needed().values()}
    assert needed >= SAID | CALLED | IN_SUBFLOW
    assert needed.isdisjoint({"没了", "东面", "现在", "快点", "老人"})
    assert ("非常满意" in needed) == (survey == "always")
    assert needed.isdisjoint(FRAGMENTS)


def test_values_inside_a_sub_flow_need_the_fragments(tmp_path):
    flow = tmp_path / "flow.yaml"
    inner = "{entry: say, slots: {pin: digits}, nodes: {say: {play: '是{slots.pin | digits}。', then: return}}}"
    called = FLOW.replace("unavailable: bye", "unavailable: ask").replace(
        "  bye:", "  ask: {call: pin, then: bye}\n  bye:"
    )
    flow.write_text(called.replace("nodes:\n", f"subflows: {{pin: {inner}}}\nnodes:\n"), encoding="utf-8")
    needed = {text for _, text in Inventory(load_flow(flow), tmp_path).needed().values()}
    assert set(FRAGMENTS) <= needed


def test_a_listed_recording_whose_file_is_gone_is_missing(tmp_path):
    shutil.copytree(FLOWS, tmp_path / "ivr_flows")
    flow_dir = tmp_path / "ivr_flows" / "mobile_hotline"
    name = next((flow_dir / "audio").glob("bao_qian-*.flac"))
    name.unlink()
    assert Inventory(load_flow(flow_dir / "flow.yaml"), flow_dir).missing() == {name.stem: "抱歉"}


def test_missing_prints_names_and_texts_and_add_takes_them_in(copied, tmp_path):
    out = CliRunner().invoke(app, ["missing", "mobile_hotline", "--spelled"], catch_exceptions=False).stdout
    rows = dict(line.split("\t") for line in out.splitlines())
    hello = next(name for name, text in rows.items() if text == "查话费请按一")
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    # any recording will do: what is in it is the voice talent's affair
    shutil.copy(Path(__file__).parents[2] / "audio_samples" / "balance_3.wav", recordings / f"{hello}.wav")
    result = CliRunner().invoke(app, ["add", "mobile_hotline", str(recordings)], catch_exceptions=False)
    assert result.stdout == f"导入了 1 条录音，还缺 {len(rows) - 1} 条\n"
    assert "查话费请按1" in PromptCatalog.load(copied, copied.parent / "voices" / "hotline")


def test_add_refuses_a_recording_of_nothing_in_the_flow(copied, tmp_path):
    recordings = tmp_path / "recordings"
    recordings.mkdir()
    shutil.copy(Path(__file__).parents[2] / "audio_samples" / "balance_3.wav", recordings / "something.wav")
    with pytest.raises(PromptError, match=r"something\.wav"):
        CliRunner().invoke(app, ["add", "mobile_hotline", str(recordings)], catch_exceptions=False)
