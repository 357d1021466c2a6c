"""The real command with the real recogniser on a few samples: table, JSON and page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import run

pytestmark = pytest.mark.models

SAMPLES = Path(__file__).parents[2] / "audio_samples"
FILES = (("balance_6.wav", "麻烦你帮我查一下话费余额", "balance"), ("data_usage_1.wav", "查流量", "data_usage"))


def manifest(folder: Path, *rows: tuple[str, str, str]) -> Path:
    path = folder / "manifest.tsv"
    lines = ("file\ttext\toption", *(f"{SAMPLES / file}\t{text}\t{option}" for file, text, option in rows))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_one_command_measures_options_errors_and_costs(tmp_path: Path) -> None:
    listed = manifest(tmp_path, *FILES, ("other_1.wav", "今天天气怎么样", "none"))
    lines = ("--condition", "clean", "--condition", "loss-3pct")
    told, drawn = tmp_path / "bench.json", tmp_path / "bench.html"
    done = run("asr", "bench", "--manifest", listed, *lines, "--json", told, "--page", drawn)
    assert done.returncode == 0, done.stderr
    data = json.loads(told.read_text(encoding="utf-8"))
    figures = {(one["condition"], one["hints"]): one for one in data["figures"]}
    assert set(figures) == {("clean", True), ("clean", False), ("loss-3pct", True), ("loss-3pct", False)}
    clean = figures["clean", True]
    assert (clean["option"]["hits"], clean["option"]["of"]) == (2, 2)
    assert (clean["false_accepts"]["hits"], clean["false_accepts"]["of"]) == (0, 1)
    assert clean["cer"] < 0.3
    assert 0 < clean["cpu_per_s"] < 5
    assert 20 < data["memory_mib"]["whisper"] < 700
    takes = [(one["condition"], Path(one["file"]).name, one["hints"], one["wanted"]) for one in data["takes"]]
    assert takes[:2] == [("clean", "balance_6.wav", way, "balance") for way in (False, True)]
    assert len(takes) == 3 * 2 * 2
    assert data["question"] == "mobile_hotline main"
    cells = {cell.strip() for cell in done.stdout.replace("┃", "│").split("│")}
    assert {"whisper", "loss-3pct", "option right"} <= cells
    assert "recognised within" in drawn.read_text(encoding="utf-8")
