"""Menu phrases in babble and in pink noise: what the sound says decides where the decoder guesses."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from asr.audio import read_audio
from asr.bench.conditions import Telephone, conditions_of
from asr.engine import Engine, transcribe
from asr.registry import load_engine
from gateway.cli.bench import asked_at, conceal
from gateway.desk.asked import AskedAt, Judged
from gateway.settings import load_settings

pytestmark = pytest.mark.models

MENUS = Path(__file__).parents[2] / "audio_samples" / "menus"


class Hotline:
    """The main menu at the end of a bad line."""

    def __init__(self, engine: Engine, asked: AskedAt) -> None:
        self.engine, self._asked = engine, asked
        with (MENUS / "manifest.tsv").open(encoding="utf-8") as opened:
            files = [row["file"] for row in csv.DictReader(opened, delimiter="\t")][::6]
        self._telephone = Telephone({file: read_audio(MENUS / file) for file in files}, conceal=conceal)

    def hear(self, file: str, condition: str) -> Judged:
        line = self._telephone.through(read_audio(MENUS / file), *conditions_of([condition]), file)
        return self._asked.judge(transcribe(self.engine, line, self._asked.hints))


@pytest.fixture(scope="module")
def hotline() -> Iterator[Hotline]:
    engine = load_engine("whisper")
    yield Hotline(engine, asked_at(load_settings(), "mobile_hotline", "main"))
    engine.close()


def test_without_the_mask_babble_would_be_taken_for_another_option(
    hotline: Hotline, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {
        "plan_change_3_hotline.wav": "plan_change",
        "plan_change_3_elder_man.wav": "plan_change",
        "complaint_1_hotline.wav": "complaint",
        "complaint_progress_2_elder_woman.wav": "complaint_progress",
    }
    masked = {file: hotline.hear(file, "babble-5db") for file in said}
    monkeypatch.setattr(hotline.engine, "_mask", lambda mel: mel)
    unmasked = {file: hotline.hear(file, "babble-5db") for file in said}
    right = [file for file in said if masked[file] == Judged(said[file], accepted=True)]
    taken_for_another = [file for file in right if unmasked[file].accepted and unmasked[file].option != said[file]]
    # In a sound as bad as this one reading or another depends on how the processor rounds.
    assert len(right) >= 3
    assert len(taken_for_another) >= 2


@pytest.mark.parametrize(
    ("file", "condition", "option"),
    [
        ("data_usage_1_woman.wav", "babble-5db", "data_usage"),
        ("back_1_man.wav", "babble-5db", "back"),
        ("data_usage_3_deep.wav", "babble-5db", "data_usage"),
    ],
)
def test_a_phrase_that_the_decoder_lost_in_noise_is_accepted(
    hotline: Hotline, file: str, condition: str, option: str
) -> None:
    heard = hotline.hear(file, condition)
    assert (heard.option, heard.accepted) == (option, True)


@pytest.mark.parametrize(
    ("file", "condition"), [("backchannel_4_woman.wav", "pink-15db"), ("backchannel_4_man.wav", "babble-5db")]
)
def test_a_menu_word_that_the_decoder_wrote_into_a_greeting_is_not_accepted(
    hotline: Hotline, file: str, condition: str
) -> None:
    assert not hotline.hear(file, condition).accepted
