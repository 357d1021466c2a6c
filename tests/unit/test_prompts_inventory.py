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

pytestmark = pytest.mark.unit

FLOWS = Path(__file__).parents[2] / "ivr_flows"
HOTLINE = FLOWS / "mobile_hotline"


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """The flow alone, with no recording at all, where the command looks for flows."""
    (tmp_path / "mobile_hotline").mkdir()
    shutil.copy(HOTLINE / "flow.yaml", tmp_path / "mobile_hotline")
    monkeypatch.setenv("VOICE_GATEWAY_FLOWS_DIR", str(tmp_path))
    return tmp_path / "mobile_hotline"


def test_the_shipped_hotline_has_every_recording_and_no_other():
    inventory = Inventory(load_flow(HOTLINE / "flow.yaml"), HOTLINE)
    assert inventory.missing() == {}
    assert set(inventory.addable()) == set(inventory.needed())
    files = {
        path.stem for folder in (HOTLINE / "audio", FLOWS / "voices" / "hotline") for path in folder.glob("*.flac")
    }
    assert files == set(inventory.needed())


def test_without_recordings_every_prompt_label_text_and_fragment_is_missing(copied):
    missing = Inventory(load_flow(copied / "flow.yaml"), copied).missing()
    texts = set(missing.values())
    assert {"欢迎致电移动客服热线", "您的话费余额为", "轻享套餐", "查话费", "再见"} <= texts
    assert set(FRAGMENTS) <= texts
    assert len(texts) == len(missing)
    assert not any(mark in text for text in texts for mark in "，。？！{}|")


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
