"""Whole calls with nothing scripted but the caller: every sample of the main menu reaches the option it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import soundfile
from ruamel.yaml import YAML

from asr.engine import Engine, transcribe
from asr.registry import load_engine
from asr.scoring import character_error_rate
from asr.text import normalize_for_scoring
from tests.support.after_hours import after_hours
from tests.support.calls import ELDER, SAMPLES, place_call

pytestmark = pytest.mark.models


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = load_engine("whisper")
    yield engine
    engine.close()


def samples(*, with_option: bool) -> list[Any]:
    rows = YAML(typ="safe").load(SAMPLES / "manifest.yaml")["samples"]
    return [
        pytest.param(row, id=row["file"])
        for row in rows
        if (row["option"] is not None) is with_option and not row["file"].startswith("demo/")
    ]


@pytest.mark.parametrize("sample", samples(with_option=True))
def test_the_option_that_was_asked_for_is_chosen(sample: dict[str, Any], engine: Engine, tmp_path: Path) -> None:
    ended = place_call(tmp_path, [str(SAMPLES / sample["file"])], engine).ended
    assert ended.options[:1] == [sample["option"]], [(turn.text, turn.matched, turn.score) for turn in ended.turns]


def test_an_elder_asks_for_a_human_in_the_elderly_mode(engine: Engine, tmp_path: Path) -> None:
    ended = place_call(tmp_path, [str(SAMPLES / "demo" / "elderly_human.wav")], engine, caller=ELDER).ended
    assert (ended.mode, ended.disposition) == ("elderly", "transferred")


def test_the_recording_says_what_the_transcript_says(engine: Engine, tmp_path: Path) -> None:
    ended = place_call(tmp_path, [str(SAMPLES / "demo" / "balance.wav")], engine).ended
    assert ended.recording is not None
    sound, rate_hz = soundfile.read(ended.recording, dtype="int16")
    turn = ended.turns[0]
    caller = sound[int(turn.start_ms * 16) - 4000 : int(turn.end_ms * 16) + 3200, 0].copy()
    assert rate_hz == 16_000
    assert normalize_for_scoring(transcribe(engine, caller, ["查话费"]).text) == normalize_for_scoring(turn.text)
    said = sound[int(turn.end_ms * 16) :, 1].copy()
    heard = normalize_for_scoring(transcribe(engine, said, ["您的话费余额为三十五元六角"]).text)
    assert "话费余额为35元6角" in heard


def test_a_long_message_with_pauses_is_heard_to_its_last_sentence(engine: Engine, tmp_path: Path) -> None:
    rows = {row["file"]: row["text"] for row in YAML(typ="safe").load(SAMPLES / "manifest.yaml")["samples"]}
    said = ["demo/balance.wav", "demo/angry_words.wav", "demo/angry_words.wav"]
    steps = [step for name in said for step in (str(SAMPLES / name), "wait:1")]
    ended = place_call(tmp_path / "out", [*steps, "hangup"], engine, to=after_hours(tmp_path)).ended
    (turn,) = ended.turns
    errors = character_error_rate("".join(rows[name] for name in said), turn.text)
    assert errors.rate < 0.15, turn.text
