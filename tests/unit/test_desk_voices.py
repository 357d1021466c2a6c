"""What callers say in dialogues held aloud: recordings, a synthesiser, and what is kept of it."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.desk.dialogues.voices import YES, Voices
from gateway.errors import AudioFileError, PromptError
from gateway.media.frames import SAMPLE_RATE_HZ, ms_to_samples
from tests.support.errands import Errands
from tests.support.sound import tone

pytestmark = pytest.mark.unit

SYNTHESISER = """\
import array, math, pathlib, sys, wave
out = pathlib.Path(sys.argv[1])
for line in sys.stdin:
    name, text = line.rstrip("\\n").split("\\t")
    with (pathlib.Path(sys.argv[2])).open("a") as log:
        log.write(text + "\\n")
    with wave.open(str(out / f"{name}.wav"), "wb") as file:
        file.setnchannels(1); file.setsampwidth(2); file.setframerate(16000)
        samples = (round(8000 * math.sin(i / 5)) for i in range(3200 * len(text)))
        file.writeframes(array.array("h", samples).tobytes())
"""


@pytest.fixture
def said(tmp_path) -> Path:
    """Where the synthesiser notes what it was given."""
    return tmp_path / "said.txt"


@pytest.fixture
def voices(tmp_path, said) -> Voices:
    script = tmp_path / "say.py"
    script.write_text(SYNTHESISER, encoding="utf-8")
    return Voices(f"{sys.executable} {script} {{out}} {said}", tmp_path / "cache")


@pytest.fixture
def errands(tmp_path) -> Errands:
    folder = tmp_path / "errands"
    folder.mkdir()
    return Errands(folder)


def test_each_line_is_spoken_once_and_kept(voices, errands, said):
    dialogues = errands.read("dialogues: {one: {steps: [{says: 寄东西}, {says: 寄东西}, {talks_over: 打10086}]}}")
    voices.prepare(dialogues)
    voices.prepare(dialogues)
    assert sorted(said.read_text().splitlines()) == sorted(["寄东西", "打一零零八六", YES])
    sound = voices.sound(dialogues[0], dialogues[0].case.steps[0])
    assert len(sound) == SAMPLE_RATE_HZ // 5 * len("寄东西")
    assert voices.yes is not None


def test_a_recording_is_preferred_and_found_beside_the_dialogue(voices, errands, said):
    soundfile.write(errands.file.parent / "dialogues" / "a.wav", tone(700, 500), SAMPLE_RATE_HZ)
    dialogues = errands.read("dialogues: {one: {steps: [{says: 寄东西, audio: a.wav}]}}")
    voices.prepare(dialogues)
    assert said.read_text().splitlines() == [YES]
    assert len(voices.sound(dialogues[0], dialogues[0].case.steps[0])) == ms_to_samples(700)
    with pytest.raises(AudioFileError, match=r"b\.wav"):
        voices.prepare(errands.read("dialogues: {one: {steps: [{says: 武昌, audio: b.wav}]}}"))


def test_a_message_is_as_long_as_it_is_said_to_be(voices, errands):
    dialogues = errands.read("dialogues: {one: {steps: [{records: 12s}]}}")
    voices.prepare(dialogues)
    sound = voices.sound(dialogues[0], dialogues[0].case.steps[0])
    assert len(sound) == ms_to_samples(12_000)
    assert np.abs(sound[-ms_to_samples(3000) :]).max() > 0


def test_without_a_synthesiser_only_recordings_can_be_played(tmp_path, errands):
    silent = Voices(None, tmp_path / "cache")
    assert silent.yes is None
    with pytest.raises(PromptError, match="VOICE_GATEWAY_SYNTHESISER: 来电者的话有 1 句没有录音，如“喂”；请设成"):
        silent.prepare(errands.read("dialogues: {one: {steps: [{says: 喂}]}}"))
    silent.prepare(errands.read("dialogues: {one: {steps: [{keys: '1'}, {silent: true}]}}"))
