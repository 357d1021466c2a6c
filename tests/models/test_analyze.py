"""Recordings analysed with the embedded engine: words, sides, times, and what follows from them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from asr.audio import read_audio
from asr.registry import load_engine
from asr.scoring import character_error_rate
from gateway.analytics.recordings.recipe import Recipe
from gateway.analytics.recordings.sides import Sides

pytestmark = pytest.mark.models

SAMPLES = Path(__file__).parents[2] / "audio_samples"
COMPLAINT, FAULT = "menus/complaint_2_man.wav", "menus/broadband_fault_2_woman.wav"


@pytest.fixture(scope="module")
def analyse() -> Callable[[Path], dict[str, Any]]:
    return Recipe(partial(load_engine, "whisper"), {}, sides=Sides("customer", "agent"))()


def texts(document: dict[str, Any], role: str) -> str:
    return "".join(item["Content"] for item in document["Transcript"] if item["ParticipantRole"] == role)


def said(sample: str) -> str:
    lines = (SAMPLES / "menus/manifest.tsv").read_text(encoding="utf-8").splitlines()
    return next(line.split("\t")[1] for line in lines if line.startswith(Path(sample).name))


def test_a_stereo_recording_in_both_sides_words_and_times(analyse: Callable, tmp_path: Path) -> None:
    caller, agent = (read_audio(SAMPLES / sample) for sample in (FAULT, COMPLAINT))
    pause = np.zeros(8000, np.int16)
    left = np.concatenate([pause, caller, np.zeros_like(agent), pause])
    right = np.concatenate([pause, np.zeros_like(caller), agent, pause])
    soundfile.write(tmp_path / "a.wav", np.stack([left, right], axis=1), 16_000, subtype="ALAW")
    document = analyse(tmp_path / "a.wav")
    assert [item["ParticipantRole"] for item in document["Transcript"]] == ["CUSTOMER", "AGENT"]
    assert character_error_rate(said(FAULT), texts(document, "CUSTOMER")).rate < 0.4
    assert character_error_rate(said(COMPLAINT), texts(document, "AGENT")).rate < 0.4
    first, second = document["Transcript"]
    turn_ms = 500 + len(caller) / 16
    assert 500 < first["BeginOffsetMillis"] < first["EndOffsetMillis"] < turn_ms < second["BeginOffsetMillis"]
    assert document["Route"]["Name"] == "broadband_fault"
    assert document["Warnings"] == []
    json.dumps(document)


def test_an_angry_caller_shows(analyse: Callable) -> None:
    document = analyse(SAMPLES / "demo/angry_words.wav")
    assert document["Route"]["Name"] == "billing_dispute"
    assert {"regulator", "repeat_contact"} <= set(document["Categories"]["MatchedCategories"])
    assert document["Mood"]["Sentiment"] == "NEGATIVE"
    assert document["Mood"]["Anger"] >= 2
    assert document["Ticket"]["Category"] == "billing_dispute"
