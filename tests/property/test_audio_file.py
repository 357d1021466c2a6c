from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from asr.audio import read_audio, read_speech
from asr.errors import AudioFileError

pytestmark = pytest.mark.property


def encoded(container: str, subtype: str) -> bytes:
    buffer = io.BytesIO()
    rng = np.random.default_rng(1)
    soundfile.write(buffer, rng.standard_normal(900) * 0.1, 8_000, format=container, subtype=subtype)
    return buffer.getvalue()


SEEDS = [
    encoded("WAV", "PCM_16"),
    encoded("WAV", "ALAW"),
    encoded("FLAC", "PCM_16"),
    encoded("AIFF", "PCM_16"),
    encoded("OGG", "VORBIS"),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    return tmp_path_factory.mktemp("audio") / "any.wav"


def read_or_refuse(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    for read in (read_audio, read_speech):
        pcm: object = None
        refused: AudioFileError | None = None
        try:
            pcm = read(path)
        except AudioFileError as error:
            refused = error
        if refused is None:
            assert isinstance(pcm, np.ndarray)
            assert (pcm.dtype, pcm.ndim) == (np.int16, 1)
        else:
            assert (refused.where, bool(refused.remedy)) == (str(path), True)


@given(content=st.binary(max_size=600))
def test_arbitrary_bytes_are_refused_in_our_own_words(path: Path, content: bytes) -> None:
    read_or_refuse(path, content)


@given(
    tail=st.binary(max_size=200), magic=st.sampled_from([b"RIFF", b"fLaC", b"OggS", b"FORM", b"ID3", b".snd", b"caff"])
)
def test_a_right_beginning_does_not_help(path: Path, magic: bytes, tail: bytes) -> None:
    read_or_refuse(path, magic + tail)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), seed=st.sampled_from(SEEDS))
def test_damaged_files_are_read_or_refused(path: Path, data: st.DataObject, seed: bytes) -> None:
    content = bytearray(seed[: data.draw(st.integers(0, len(seed)), label="cut at")])
    for _ in range(data.draw(st.integers(0, 6), label="damages")):
        if content:
            at = data.draw(st.integers(0, min(120, len(content)) - 1), label="at")
            content[at] = data.draw(st.integers(0, 255), label="to")
    read_or_refuse(path, bytes(content))
