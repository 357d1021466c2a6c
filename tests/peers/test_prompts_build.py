"""`prompts build` with real synthesiser processes: good ones fill the gaps, bad ones change nothing at all."""

from __future__ import annotations

import os
import select
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.prompts import app
from gateway.dialogue.load import load_flow
from gateway.errors import PromptError
from gateway.prompts import synthesis
from gateway.prompts.check import check
from gateway.prompts.inventory import Inventory
from gateway.prompts.recordings import made_from
from gateway.prompts.tables import Row, flow_folder, table_text
from tests.support.tiny_hotline import FLOW, TEXTS

pytestmark = pytest.mark.peers

SPEAKER = """\
import sys, time, wave
from pathlib import Path
import numpy as np

out = Path(sys.argv[1])
for seed, line in enumerate(sys.stdin):
    name, text = line.rstrip("\\n").split("\\t")
    with open(out.parent / "heard.txt", "a") as heard: print(text, file=heard)
    sound = np.random.default_rng(seed).standard_normal(4000 + 400 * len(text)) * 3000
    sound = np.pad(sound * np.hanning(len(sound)), 1600)
    BAD
    with wave.open(str(out / f"{name}.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(sound.astype("<i2").tobytes())
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch) -> Path:
    """A hotline without recordings."""
    flow_dir = tmp_path / "flows" / "tiny"
    flow_dir.mkdir(parents=True)
    (flow_dir / "flow.yaml").write_text(FLOW, encoding="utf-8")
    monkeypatch.setenv("VOICE_GATEWAY_FLOWS_DIR", str(tmp_path / "flows"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return flow_dir


@pytest.fixture
def synthesiser(tmp_path, monkeypatch):
    """Configures a synthesiser that goes wrong by the line of Python it is given, if any."""

    def configure(bad: str = "pass") -> None:
        script = tmp_path / "speaker.py"
        script.write_text(SPEAKER.replace("BAD", bad), encoding="utf-8")
        monkeypatch.setenv("VOICE_GATEWAY_SYNTHESISER", shlex.join([sys.executable, str(script), "{out}"]))

    return configure


def build() -> str:
    return CliRunner().invoke(app, ["build", "tiny"], catch_exceptions=False).stdout


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spoken(tmp_path: Path) -> list[str]:
    """What the synthesiser was given since the last time."""
    heard = tmp_path / "heard.txt"
    lines = heard.read_text(encoding="utf-8").split() if heard.exists() else []
    heard.unlink(missing_ok=True)
    return sorted(lines)


def change(flow_dir: Path, text: str, row: Row) -> None:
    folder = flow_folder(flow_dir)
    rows = {name: row if old.text == text else old for name, old in folder.read().items()}
    folder.table.write_text(table_text(rows), encoding="utf-8")


def test_what_is_missing_is_spoken_and_nothing_twice(tiny, tmp_path, synthesiser):
    synthesiser()
    assert build().splitlines()[-1] == f"合成了 {len(TEXTS)} 条录音，一条不缺"
    assert len(spoken(tmp_path)) == len(TEXTS)
    rows = flow_folder(tiny).read().values()
    assert all(row.made == made_from(row.text.replace("1", "一")) for row in rows)
    assert check(Inventory(load_flow(tiny / "flow.yaml"), tiny)) == []
    before = contents(tiny)
    assert build() == "没有要合成的录音\n"
    assert spoken(tmp_path) == []
    assert contents(tiny) == before
    assert not list(tmp_path.glob("voice-gateway-*"))


def test_another_spelling_is_spoken_again_and_a_person_never(tiny, tmp_path, synthesiser):
    synthesiser()
    build()
    spoken(tmp_path)
    change(tiny, "好的", Row("好的", "号的", made_from("好的")))
    change(tiny, "再见", Row("再见", "在见"))
    before = contents(tiny / "audio")
    assert build().splitlines()[-1] == "合成了 1 条录音，一条不缺"
    assert spoken(tmp_path) == ["号的"]
    assert {row.text: row.made for row in flow_folder(tiny).read().values() if row.text in ("好的", "再见")} == {
        "好的": made_from("号的"),
        "再见": "",
    }
    after = contents(tiny / "audio")
    assert [path.name for path in before if before[path] != after[path]] == [
        f"{name}.flac" for name, row in flow_folder(tiny).read().items() if row.text == "好的"
    ]


def test_a_text_that_changed_in_the_flow_is_spoken_and_the_old_one_left_to_the_check(tiny, tmp_path, synthesiser):
    synthesiser()
    build()
    spoken(tmp_path)
    (tiny / "flow.yaml").write_text(FLOW.replace("请稍候", "请您稍等"), encoding="utf-8")
    build()
    assert spoken(tmp_path) == ["请您稍等"]
    findings = check(Inventory(load_flow(tiny / "flow.yaml"), tiny))
    assert [(finding.rule, finding.text) for finding in findings] == [("unused", "请稍候")]


LIES = {
    "fails": ("sys.exit('no voice')", "合成命令: 失败了，退出码 1：`no voice`"),
    "leaves one out": ("if seed == 5: continue", "合成命令: 没有做出“"),
    "makes more": ("(out / 'extra.wav').touch()", "合成命令: 做出了没有要的文件：extra.wav"),
    "makes a folder": ("(out / 'logs').mkdir(exist_ok=True)", "做出了没有要的文件：logs"),
    "breaks a file": (
        "name in sys.argv or (out / f'{name}.wav').write_bytes(b'RIFF'); continue",
        "不是能读的音频文件",
    ),
    "is silent": ("sound *= seed != 3", "里面没有声音"),
    "is silent for long": ("if seed == 3: sound = np.zeros(16000 * 3700, '<i2')", "超过一分钟"),
    "is killed": ("import os; os.kill(os.getpid(), 9)", "合成命令: 失败了，退出码 -9"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_bad_synthesiser_is_one_error_and_changes_nothing(tiny, tmp_path, synthesiser, lie):
    bad, message = LIES[lie]
    synthesiser()
    build()
    change(tiny, "好的", Row("好的", "号的", made_from("好的")))
    (tiny / "flow.yaml").write_text(FLOW.replace("没", "听不见，没"), encoding="utf-8")
    for name, row in flow_folder(tiny).read().items():
        if row.text not in ("好的", "您好"):
            flow_folder(tiny).path(name).unlink()
    before = contents(tiny)
    synthesiser(bad)
    with pytest.raises(PromptError) as caught:
        build()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert contents(tiny) == before
    assert not list(tmp_path.glob("voice-gateway-*"))


def test_a_synthesiser_that_hangs_is_ended_with_everything_it_started(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(synthesis, "START_LIMIT_S", 1.0)
    monkeypatch.setattr(synthesis, "LINE_LIMIT_S", 0.0)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    script = f"(echo alive; exec sleep 60) > {shlex.quote(str(pipe))} & wait"
    monkeypatch.setenv("VOICE_GATEWAY_SYNTHESISER", shlex.join(["sh", "-c", script, "{out}"]))
    before = contents(tiny)
    reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        with pytest.raises(PromptError, match="合成命令: 1 秒还没做完"):
            build()
        assert os.read(reading, 100) == b"alive\n"
        # the pipe ends when nobody holds its other side any more
        assert select.select([reading], [], [], 10)[0]
        assert os.read(reading, 100) == b""
    finally:
        os.close(reading)
    assert contents(tiny) == before


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (None, "VOICE_GATEWAY_SYNTHESISER: 没有设置合成命令"),
        ("speak --to out", "合成命令: 里面没有 `{out}`"),
        ("speak '{out}", "合成命令: 引号没有合上"),
        ("no-such-speaker {out}", "启动不了：没有这个文件"),
        ("/etc {out}", "启动不了：没有权限"),
    ],
)
def test_a_bad_setting_is_named_before_anything_is_done(tiny, monkeypatch, command, message):
    if command:
        monkeypatch.setenv("VOICE_GATEWAY_SYNTHESISER", command)
    before = contents(tiny)
    with pytest.raises(PromptError) as caught:
        build()
    assert message in str(caught.value)
    assert contents(tiny) == before


def test_what_cannot_be_written_leaves_no_drafts(tiny, synthesiser):
    synthesiser()
    (tiny / "prompts.tmp").mkdir()
    with pytest.raises(PromptError, match="写不进去"):
        build()
    assert not list(tiny.glob("audio/*"))
    shutil.rmtree(tiny / "prompts.tmp")
    assert build().splitlines()[-1] == f"合成了 {len(TEXTS)} 条录音，一条不缺"
