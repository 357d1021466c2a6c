"""Taking recordings in: all of them or none, named after what they say."""

from __future__ import annotations

import os

import numpy as np
import pytest
import soundfile

from gateway.errors import PromptError
from gateway.media.frames import SAMPLE_RATE_HZ
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.clips import LEVEL_DBFS, active_level_dbfs
from gateway.prompts.recordings import add_recordings, made_from, recording_name, spelled
from gateway.prompts.tables import Folder, Row

pytestmark = pytest.mark.unit


def speech(ms: int = 400, rate_hz: int = SAMPLE_RATE_HZ) -> np.ndarray:
    sound = np.random.default_rng(ms).standard_normal(rate_hz * ms // 1000) * 0.02
    return np.pad(sound, rate_hz // 4)


@pytest.fixture
def own(tmp_path) -> Folder:
    return Folder(tmp_path / "flow" / "prompts.tsv", tmp_path / "flow" / "audio")


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    soundfile.write(folder / "hello.wav", speech(), SAMPLE_RATE_HZ)
    soundfile.write(folder / "key.wav", speech(300, 48_000), 48_000)
    return folder


def wanted(own: Folder) -> dict[str, tuple[Folder, str]]:
    return {"hello": (own, "您好"), "key": (own, "请按1"), "bye": (own, "再见")}


def test_added_recordings_are_trimmed_levelled_flac_and_in_the_table(own, source):
    assert add_recordings(source, wanted(own), synthetic=True) == ["hello", "key"]
    assert own.table.read_text(encoding="utf-8") == (
        f"name\ttext\tspelled\tmade\nhello\t您好\t\t{made_from('您好')}\nkey\t请按1\t\t{made_from('请按一')}\n"
    )
    for name, ms in (("hello", 420), ("key", 320)):
        info = soundfile.info(own.path(name))
        assert (info.samplerate, info.channels, info.format, info.subtype) == (16_000, 1, "FLAC", "PCM_16")
        assert info.duration == pytest.approx(ms / 1000, abs=0.02)
        assert active_level_dbfs(soundfile.read(own.path(name), dtype="int16")[0]) == pytest.approx(LEVEL_DBFS, abs=0.5)
    assert not list(own.audio.parent.rglob("*.tmp"))
    catalog = PromptCatalog.load(own.table.parent, own.table.parent / "no_voice")
    assert [text in catalog for text in ("您好。", "请按1", "再见")] == [True, True, False]


def test_a_second_take_replaces_the_first_and_keeps_the_others(own, source):
    add_recordings(source, wanted(own), synthetic=True)
    (source / "key.wav").unlink()
    soundfile.write(source / "hello.wav", speech(700), SAMPLE_RATE_HZ)
    add_recordings(source, wanted(own), synthetic=False)
    assert soundfile.info(own.path("hello")).duration == pytest.approx(0.72, abs=0.02)
    assert own.read() == {"hello": Row("您好"), "key": Row("请按1", made=made_from("请按一"))}


def test_a_bad_file_among_good_ones_leaves_everything_as_it_was(own, source):
    add_recordings(source, wanted(own), synthetic=True)
    before = {path: path.read_bytes() for path in own.audio.parent.rglob("*") if path.is_file()}
    soundfile.write(source / "bye.wav", np.zeros(16_000), SAMPLE_RATE_HZ)
    soundfile.write(source / "hello.wav", speech(700), SAMPLE_RATE_HZ)
    with pytest.raises(PromptError, match=r"bye\.wav: 里面没有声音"):
        add_recordings(source, wanted(own), synthetic=True)
    assert {path: path.read_bytes() for path in own.audio.parent.rglob("*") if path.is_file()} == before


def test_a_name_that_no_prompt_has_is_refused(own, source):
    (source / "hello.wav").rename(source / "hallo.wav")
    with pytest.raises(PromptError, match=r"没有哪句话叫这些名字：hallo\.wav；请用"):
        add_recordings(source, wanted(own), synthetic=True)
    assert not own.audio.parent.exists()


def test_a_folder_without_recordings_is_refused(own, tmp_path):
    with pytest.raises(PromptError, match="这里没有 WAV 文件"):
        add_recordings(tmp_path / "nowhere", wanted(own), synthetic=True)


def test_a_place_that_cannot_be_written_is_named(own, source):
    own.audio.parent.mkdir()
    own.audio.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(PromptError, match="写不进去") as caught:
        add_recordings(source, wanted(own), synthetic=True)
    assert caught.value.where == os.fspath(own.audio)


def test_names_tell_what_is_said_and_differ_by_tone_and_digit():
    assert recording_name("查话费").startswith("cha_hua_fei-")
    assert recording_name("请按1。") == recording_name("请按一")
    assert len({recording_name(text) for text in ("十", "是", "事", "四", "G", "g")}) == 6


def test_a_synthesiser_gets_syllables_only():
    assert spelled("请按1，还有2.5G") == "请按一，还有二.五记"
