"""The caller samples are what their manifest says they are."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from ruamel.yaml import YAML

from asr.text import correct_digits, parse_digits

pytestmark = pytest.mark.unit

FOLDER = Path(__file__).parents[2] / "audio_samples"
SAMPLES: list[dict[str, Any]] = YAML(typ="safe").load(FOLDER / "manifest.yaml")["samples"]


def table(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


MENU_ROWS: list[dict[str, str]] = table(FOLDER / "menus" / "manifest.tsv")
ANSWER_ROWS: list[dict[str, str]] = table(FOLDER / "answers" / "manifest.tsv")
NUMBER_ROWS: list[dict[str, str]] = table(FOLDER / "numbers" / "manifest.tsv")
FOR_MEASURING = [
    f"{folder}/{row['file']}"
    for folder, rows in (("menus", MENU_ROWS), ("answers", ANSWER_ROWS), ("numbers", NUMBER_ROWS))
    for row in rows
]
MAIN_MENU = [
    *("balance", "data_usage", "plan_change", "broadband_fault"),
    *("complaint", "complaint_progress", "elderly", "agent"),
]
LEAD_SAMPLES_PER_HZ = 0.25  # make.py puts 300 ms before the first word


@pytest.fixture(params=SAMPLES, ids=lambda sample: sample["file"])
def sample(request):
    return request.param


def test_every_field_is_there(sample):
    assert set(sample) == {"file", "text", "option", "rate_hz", "voice", "noise", "made_by"}
    assert sample["text"]
    assert sample["voice"] in sample["made_by"]


def test_file_has_the_rate_that_is_listed(sample):
    info = soundfile.info(FOLDER / sample["file"])
    assert (info.samplerate, info.channels, info.subtype) == (sample["rate_hz"], 1, "PCM_16")


def test_speech_is_loud_enough_and_not_clipped(sample):
    audio, rate_hz = soundfile.read(FOLDER / sample["file"])
    windows = audio[: len(audio) // (rate_hz // 50) * (rate_hz // 50)].reshape(-1, rate_hz // 50)
    level = np.sqrt(np.mean(windows**2, axis=1))
    assert -30 < 20 * np.log10(np.percentile(level, 90)) < -12
    assert np.abs(audio).max() < 0.99


def test_noise_is_as_strong_as_listed(sample):
    audio, rate_hz = soundfile.read(FOLDER / sample["file"])
    lead = audio[: int(LEAD_SAMPLES_PER_HZ * rate_hz)]
    noise_dbfs = 10 * np.log10(np.mean(lead**2) + 1e-12)
    if sample["noise"] == "none":
        assert noise_dbfs < -60
    else:
        # make.py sets the speech to -22 dBFS; babble swells and fades, so a short look at it is a rough one
        slack_db = 6 if sample["noise"]["kind"] == "babble" else 3
        assert noise_dbfs == pytest.approx(-22 - sample["noise"]["snr_db"], abs=slack_db)


@pytest.mark.parametrize("file", [sample["file"] for sample in SAMPLES if sample["rate_hz"] == 8000])
def test_telephone_samples_carry_only_the_telephone_band(file):
    audio, rate_hz = soundfile.read(FOLDER / file)
    power = np.abs(np.fft.rfft(audio)) ** 2
    hz = np.fft.rfftfreq(len(audio), 1 / rate_hz)
    assert power[hz < 200].sum() < 0.01 * power.sum()
    assert power[hz > 3700].sum() < 0.01 * power.sum()


def test_collection_is_broad_enough():
    rates = Counter(sample["rate_hz"] for sample in SAMPLES)
    noisy = sum(sample["noise"] != "none" for sample in SAMPLES)
    options = Counter(sample["option"] for sample in SAMPLES)
    assert len(SAMPLES) >= 40
    assert set(rates) == {8000, 16000}
    assert min(rates.values()) >= 20
    assert len({sample["voice"] for sample in SAMPLES}) == 7
    assert noisy >= 15
    assert len(SAMPLES) - noisy >= 15
    assert all(options[option] >= 4 for option in MAIN_MENU)
    assert set(options) == {*MAIN_MENU, None}


def test_no_file_is_unlisted_and_the_folder_stays_small():
    files = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.wav"))
    assert files == sorted([*(sample["file"] for sample in SAMPLES), *FOR_MEASURING])
    assert sum(path.stat().st_size for path in FOLDER.rglob("*")) < 13_000_000


def test_scoring_manifest_lists_the_same():
    rows = table(FOLDER / "manifest.tsv")
    assert [(row["file"], row["text"]) for row in rows] == [(sample["file"], sample["text"]) for sample in SAMPLES]
    told = [row["option"] for row in rows if row["option"] in MAIN_MENU]
    assert told == [sample["option"] for sample in SAMPLES if sample["option"]]
    assert {row["option"] for row in rows} == {*MAIN_MENU, "repeat", "back", "none", ""}


def test_every_option_of_the_menu_is_asked_for_in_every_voice():
    voices = {sample["voice"] for sample in SAMPLES}
    for option in (*MAIN_MENU, "repeat", "back"):
        assert {row["voice"] for row in MENU_ROWS if row["option"] == option} == voices
    assert len([row for row in MENU_ROWS if row["option"] == "none"]) >= 35


def test_every_digit_and_yes_and_no_are_said_in_every_voice():
    said = {(row["text"], row["voice"]) for row in ANSWER_ROWS}
    assert said == {(text, sample["voice"]) for text in "零一二三四五六七八九幺对是好不" for sample in SAMPLES}


def test_every_voice_dictates_two_numbers_and_corrects_each_in_two_ways():
    texts = [row["text"] for row in NUMBER_ROWS]
    numbers = [parse_digits(text) for text in texts[::3]]
    for number, again, last in zip(numbers, texts[1::3], texts[2::3], strict=True):
        assert parse_digits(again) == number
        assert correct_digits(number[:7] + "0000", last) == number
    assert len(set(numbers)) == 2 * len({sample["voice"] for sample in SAMPLES})
    assert {row["voice"] for row in NUMBER_ROWS} == {sample["voice"] for sample in SAMPLES}


@pytest.mark.parametrize("file", FOR_MEASURING[::20])
def test_samples_for_measuring_are_telephone_speech_without_noise(file):
    info = soundfile.info(FOLDER / file)
    assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "ALAW")
    audio, rate_hz = soundfile.read(FOLDER / file)
    assert np.abs(audio[: int(LEAD_SAMPLES_PER_HZ * rate_hz)]).max() < 1e-3
    assert 0.1 < np.abs(audio).max() < 0.99
