"""What a person can get wrong on the command line: one clear line, exit status 2, and nothing left behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from tests.support.calls import ROOT, SAMPLES
from tests.support.command import COMMAND, run

pytestmark = pytest.mark.peers

GOOD = SAMPLES / "demo" / "balance.wav"


@pytest.fixture
def speech() -> np.ndarray:
    sound, _ = soundfile.read(GOOD, dtype="float32")
    return sound


def refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line that says all the words, exit status 2, nothing on stdout."""
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word in lines[0], lines[0]


def test_audio_that_cannot_be_heard(tmp_path: Path, speech: np.ndarray) -> None:
    out = tmp_path / "out"
    bad: dict[str, tuple[str, ...]] = {"missing.wav": ("missing.wav",)}
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("这不是声音\n" * 100)
    (tmp_path / "truncated.wav").write_bytes(GOOD.read_bytes()[:9000])
    soundfile.write(tmp_path / "8bit.wav", speech, 16_000, subtype="PCM_U8")
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000, np.float32), 16_000)
    soundfile.write(tmp_path / "clipped.wav", np.clip(speech * 40, -1, 1), 16_000)
    for name in ("empty.wav", "text.wav", "truncated.wav", "8bit.wav", "silent.wav", "clipped.wav"):
        bad[name] = (name,)
    for name, words in bad.items():
        refused(run("call", "--out", out, tmp_path / name), *words)
    assert not out.exists()


def test_cd_sound_is_converted_not_refused(tmp_path: Path, speech: np.ndarray) -> None:
    wide = soxr.resample(speech, soundfile.info(GOOD).samplerate, 44_100)
    soundfile.write(tmp_path / "cd.wav", np.stack([wide, wide], axis=1), 44_100)
    result = run("call", "--json", "--out", tmp_path / "out", tmp_path / "cd.wav")
    assert result.returncode == 0, result.stderr
    assert '"options":["balance"]' in result.stdout.splitlines()[-1]


def test_a_hotline_is_called_by_its_own_first_customer_where_nobody_is_named(tmp_path: Path) -> None:
    result = run("call", "--flow", "broadband_repair", "--out", tmp_path / "out", "hangup")
    assert result.returncode == 0, result.stderr
    assert "139****2001" in result.stdout


@pytest.mark.parametrize("step", ["dtmf:12x", "dtmf:", "wait:soon", "wait:-1", "over:", "shout:a.wav"])
def test_a_bad_step(tmp_path: Path, step: str) -> None:
    refused(run("call", "--out", tmp_path / "out", step), step)
    assert not (tmp_path / "out").exists()


def test_an_unknown_flow_option_or_customer(tmp_path: Path) -> None:
    out = tmp_path / "out"
    refused(run("call", "--flow", "no_such", "--out", out, GOOD), "no_such", "mobile_hotline")
    refused(run("call", "--from", "13712345678", "--out", out, GOOD), "137****5678", "13900001001")
    result = run("call", "--no-such-option", GOOD)
    assert result.returncode == 2
    assert "--no-such-option" in result.stderr
    assert not out.exists()


FLOW_MISTAKES = {
    "typo in a key": ("    then: main\n", "    than: main\n", "than"),
    "missing target": ("then: main\n", "then: nowhere\n", "nowhere"),
    "tab": ("\nnodes:\n", "\nnodes:\n\tx: 1\n", "制表符"),
    "duplicated id": ("\n  busy:\n", "\n  human:\n", "human"),
}


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "ivr_flows", tmp_path / "flows")
    return tmp_path / "flows"


@pytest.mark.parametrize("mistake", FLOW_MISTAKES)
def test_a_flow_with_a_mistake_is_refused_at_its_line(flows: Path, tmp_path: Path, mistake: str) -> None:
    before, after, word = FLOW_MISTAKES[mistake]
    flow = flows / "mobile_hotline" / "flow.yaml"
    text = flow.read_text(encoding="utf-8")
    assert before in text
    flow.write_text(text.replace(before, after, 1), encoding="utf-8")
    line = text[: text.index(before)].count("\n") + before.startswith("\n") + 1
    result = run("call", "--out", tmp_path / "out", GOOD, env=_environment(flows))
    assert result.returncode == 2
    assert result.stdout == ""
    assert word in result.stderr
    assert "Traceback" not in result.stderr
    places = [
        int(row.split("flow.yaml:")[1].split(":")[0]) for row in result.stderr.splitlines() if "flow.yaml:" in row
    ]
    assert any(abs(place - line) <= 1 for place in places), result.stderr
    assert not (tmp_path / "out").exists()


def test_a_flow_that_is_not_utf8(flows: Path, tmp_path: Path) -> None:
    flow = flows / "mobile_hotline" / "flow.yaml"
    content = flow.read_bytes().replace("移动客服热线".encode(), "移动客服热线".encode("gbk"), 1)
    flow.write_bytes(content)
    refused(run("call", "--out", tmp_path / "out", GOOD, env=_environment(flows)), "flow.yaml:2:", "UTF-8")


def test_a_second_process_on_the_same_store(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [COMMAND, "call", "--realtime", "--json", "--out", tmp_path, "wait:60"], stdout=subprocess.PIPE, text=True
    )
    try:
        assert first.stdout is not None
        assert "call_started" in first.stdout.readline()
        refused(run("call", "--out", tmp_path, GOOD), str(tmp_path), str(first.pid))
    finally:
        first.kill()
        first.communicate()


def _environment(flows: Path) -> dict[str, str]:
    import os

    return {**os.environ, "VOICE_GATEWAY_FLOWS_DIR": str(flows)}


def test_a_flow_with_a_sentence_nobody_recorded(flows: Path, tmp_path: Path) -> None:
    flow = flows / "mobile_hotline" / "flow.yaml"
    text = flow.read_text(encoding="utf-8")
    flow.write_text(text.replace("play: 这个号码没有办理宽带。", "play: 这句话没有人录过。"), encoding="utf-8")
    result = run("call", "--out", tmp_path / "out", GOOD, env=_environment(flows))
    refused(result, "这句话没有人录过", "prompts missing mobile_hotline")
    assert not (tmp_path / "out").exists()
