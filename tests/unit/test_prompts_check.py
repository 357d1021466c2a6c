"""Everything that is wrong with a hotline's recordings is found, told once and in Chinese."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from gateway.cli.prompts import app
from gateway.dialogue.load import load_flow
from gateway.media.frames import SAMPLE_RATE_HZ
from gateway.prompts.check import Finding, check
from gateway.prompts.inventory import Inventory
from gateway.prompts.recordings import made_from, recording_name
from gateway.prompts.tables import Row, flow_folder, table_text
from tests.support.sound import tone
from tests.support.tiny_hotline import FLOW, TEXTS

pytestmark = pytest.mark.unit


def voice(seed: int, ms: int = 300, level_dbfs: float = -20.0) -> np.ndarray:
    """Noise that rises and falls like a word, in silence; int16."""
    size = SAMPLE_RATE_HZ * ms // 1000
    sound = np.random.default_rng(seed).standard_normal(size) * np.hanning(size)
    sound *= 10 ** (level_dbfs / 20) / np.sqrt(np.mean(sound**2))
    return np.pad(np.clip(sound * 32767, -32768, 32767), 1600).astype(np.int16)


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> Path:
    """A hotline with all its recordings, spoken by a synthesiser but for 再见."""
    flow_dir = tmp_path / "tiny"
    folder = flow_folder(flow_dir)
    folder.audio.mkdir(parents=True)
    (flow_dir / "flow.yaml").write_text(FLOW, encoding="utf-8")
    rows = {}
    for seed, text in enumerate(TEXTS):
        name = recording_name(text)
        rows[name] = Row(text, made="" if text == "再见" else made_from(text.replace("1", "一")))
        soundfile.write(folder.path(name), voice(seed), SAMPLE_RATE_HZ)
    folder.table.write_text(table_text(rows), encoding="utf-8")
    monkeypatch.setenv("VOICE_GATEWAY_FLOWS_DIR", str(tmp_path))
    return flow_dir


def found(flow_dir: Path) -> list[Finding]:
    return check(Inventory(load_flow(flow_dir / "flow.yaml"), flow_dir))


def file_of(flow_dir: Path, text: str) -> Path:
    return flow_folder(flow_dir).path(recording_name(text))


def change_row(flow_dir: Path, text: str, row: Row | None) -> None:
    folder = flow_folder(flow_dir)
    rows = folder.read()
    del rows[recording_name(text)]
    folder.table.write_text(table_text(rows | ({recording_name(text): row} if row else {})), encoding="utf-8")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["check", "tiny", *arguments], catch_exceptions=False)
    return result.exit_code, result.stdout


def test_good_recordings_have_nothing_to_be_found(tiny):
    assert found(tiny) == []
    assert run() == (0, "13 条录音：0 个问题，0 条提示\n")
    assert run("--json") == (0, "[]\n")


def test_a_text_that_nobody_recorded_is_missing(tiny):
    change_row(tiny, "您好", None)
    file_of(tiny, "您好").unlink()
    [finding] = found(tiny)
    assert (finding.rule, finding.file, finding.text) == ("missing", str(file_of(tiny, "您好")), "您好")
    assert "prompts build" in finding.fix


def overdriven() -> np.ndarray:
    return np.pad(np.clip(voice(1, level_dbfs=0).astype(int) * 4, -32768, 32767), 1600).astype(np.int16)


def boomy() -> np.ndarray:
    """A hum below speech with a word in it: as loud to a level meter as the others, softer to an ear."""
    return np.pad(tone(600, hz=40) + voice(1, 400, -30)[:9600], 1600)


def crackling() -> np.ndarray:
    """A quiet word with one crackle in it, which a level meter takes for the voice."""
    sound = voice(3, 600, -50.0)
    sound[len(sound) // 2] = 12_600
    return sound


@pytest.mark.parametrize(
    ("rule", "sound"),
    [
        ("silent", np.zeros(9600, np.int16)),
        ("too_long", np.tile(voice(1), 200)),
        ("clipped", overdriven()),
        ("cut_off", voice(1)[4000:]),
        ("loudness", boomy()),
        ("level", crackling()),
    ],
)
def test_a_bad_recording_is_found_by_measuring_it(tiny, rule, sound):
    soundfile.write(file_of(tiny, "再见"), sound, SAMPLE_RATE_HZ)
    [finding] = found(tiny)
    assert (finding.rule, finding.text, finding.serious) == (rule, "再见", True)
    assert "重录" in finding.fix
    assert run()[0] == 1


@pytest.mark.parametrize(("rule", "content"), [("gone", None), ("unreadable", b"fLaC")])
def test_a_listed_file_that_cannot_be_read_is_found(tiny, rule, content):
    for text in ("好的", "再见"):
        file_of(tiny, text).unlink()
        if content:
            file_of(tiny, text).write_bytes(content)
    assert [(finding.rule, finding.text, "build" in finding.fix) for finding in found(tiny)] == [
        (rule, "好的", True),
        (rule, "再见", False),
    ]


@pytest.mark.parametrize("row", [Row("好的", "号的", made_from("好的")), Row("好的。", made=made_from("好得"))])
def test_a_synthesised_recording_is_stale_when_its_words_or_its_spelling_changed(tiny, row):
    change_row(tiny, "好的", row)
    assert [(finding.rule, finding.serious) for finding in found(tiny)] == [("stale", True)]


def test_a_person_is_never_stale(tiny):
    change_row(tiny, "再见", Row("再见", "在见"))
    assert found(tiny) == []


def test_a_bad_file_of_a_sentence_that_nothing_says_is_serious_because_it_is_read_all_the_same(tiny):
    flow = (tiny / "flow.yaml").read_text(encoding="utf-8")
    (tiny / "flow.yaml").write_text(flow.replace("请稍候", "转人工"), encoding="utf-8")
    file_of(tiny, "请稍候").unlink()
    assert [(finding.rule, finding.serious) for finding in found(tiny)] == [("gone", True), ("unused", False)]


def test_what_nothing_uses_is_a_note(tiny):
    flow = (tiny / "flow.yaml").read_text(encoding="utf-8")
    (tiny / "flow.yaml").write_text(flow.replace("请稍候", "转人工"), encoding="utf-8")
    soundfile.write(tiny / "audio" / "stray.flac", voice(1), SAMPLE_RATE_HZ)
    assert [(finding.rule, finding.text, finding.serious) for finding in found(tiny)] == [
        ("unused", "请稍候", False),
        ("unlisted", "", False),
    ]
    code, told = run()
    assert code == 0
    assert told.splitlines()[-1] == "13 条录音：0 个问题，2 条提示"


def test_a_file_that_is_gone_is_not_to_be_deleted(tiny):
    spoken = next(text for text in TEXTS if text != "再见")
    file_of(tiny, spoken).unlink()
    assert [(one.rule, one.fix) for one in found(tiny)] == [("gone", "用 prompts build 重新合成")]


def test_each_finding_is_one_line_or_one_json_object(tiny):
    file_of(tiny, "再见").unlink()
    soundfile.write(tiny / "audio" / "stray.flac", voice(1), SAMPLE_RATE_HZ)
    code, told = run()
    gone, stray, summary = told.splitlines()
    assert code == 1
    assert gone == f"问题 {file_of(tiny, '再见')}: “再见”表里有，文件没有了；请重录，再用 prompts add 导入"
    assert stray == f"提示 {tiny / 'audio' / 'stray.flac'}: 文件在，表里没有，不会用到；删掉它"
    assert summary == "13 条录音：1 个问题，1 条提示"
    code, told = run("--json")
    assert code == 1
    first = json.loads(told)[0]
    assert first["rule"] == "gone"
    assert set(first) == {"rule", "file", "text", "what", "fix", "serious"}
