"""A caller script: what a person may write, and what they are told when it is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.errors import AudioFileError, ScriptError
from gateway.transport.loopback.script import HangUp, Press, Speak, Wait, parse_steps
from tests.support.sound import tone

pytestmark = pytest.mark.unit


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    soundfile.write(path, tone(500), 16_000)
    return path


def test_every_kind_of_step(voice: Path) -> None:
    spoken, over, press, wait, hang_up = parse_steps(
        [str(voice), f"over:{voice}", "dtmf:0123456789*#", "wait:1.5", "hangup"]
    )
    assert isinstance(spoken, Speak)
    assert isinstance(over, Speak)
    assert (spoken.over, over.over) == (False, True)
    assert np.array_equal(spoken.pcm, tone(500))
    assert press == Press("0123456789*#")
    assert wait == Wait(1500)
    assert hang_up == HangUp()


def test_no_steps_are_a_caller_who_listens() -> None:
    assert parse_steps([]) == ()


def test_sound_of_another_rate_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "cd.wav"
    soundfile.write(path, np.column_stack([tone(500, rate_hz=44_100)] * 2), 44_100)
    (spoken,) = parse_steps([str(path)])
    assert isinstance(spoken, Speak)
    assert abs(len(spoken.pcm) - 8000) <= 1


def test_a_file_with_a_colon_in_its_name_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    soundfile.write("take:2.wav", tone(100), 16_000)
    assert isinstance(parse_steps(["take:2.wav"])[0], Speak)


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("dtmf:", r"not keys of a telephone; use 0 to 9, \* and #"),
        ("dtmf:12a", "not keys of a telephone"),
        ("dtmf:１２", "not keys of a telephone"),
        ("wait:", "not a time to wait; give seconds"),
        ("wait:soon", "not a time to wait"),
        ("wait:0", "not a time to wait"),
        ("wait:-1", "not a time to wait"),
        ("wait:nan", "not a time to wait"),
        ("wait:inf", "not a time to wait"),
        ("wait:601", "not a time to wait"),
        ("over:", "the name of the audio file is missing"),
        ("", "the name of the audio file is missing"),
        ("dtfm:1", "there is no step of the kind `dtfm:`; write an audio file, over:FILE, dtmf:KEYS"),
        ("say:hello", "there is no step of the kind `say:`"),
    ],
)
def test_a_bad_step_is_named_with_its_place_and_the_remedy(word: str, says: str) -> None:
    with pytest.raises(ScriptError, match=says) as caught:
        parse_steps(["wait:1", word])
    assert str(caught.value).startswith(f"step 2 ({word}): ")


@pytest.mark.parametrize("prefix", ["", "over:"])
def test_sound_that_cannot_be_heard_is_refused_before_the_call(tmp_path: Path, prefix: str) -> None:
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(8000, np.int16), 16_000)
    for path in (silent, tmp_path / "missing.wav"):
        with pytest.raises(AudioFileError, match=str(path)):
            parse_steps([f"{prefix}{path}"])
