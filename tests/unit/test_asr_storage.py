"""Files that are there whole, or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from asr.storage import whole_file, write_whole

pytestmark = pytest.mark.unit


def test_a_file_is_as_it_was_until_it_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"before")

    with whole_file(file) as stream:
        stream.write(b"after")
        stream.flush()
        assert file.read_bytes() == b"before"

    assert file.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [file]


def test_of_a_file_that_was_not_finished_nothing_is_left(tmp_path: Path) -> None:
    def half() -> None:
        with whole_file(tmp_path / "x") as stream:
            stream.write(b"half")
            raise KeyError

    with pytest.raises(KeyError):
        half()

    assert list(tmp_path.iterdir()) == []


def test_a_file_in_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "nowhere" / "x", [b"a"])


def test_who_may_read_it_is_the_writers_to_say(tmp_path: Path) -> None:
    with whole_file(tmp_path / "private", 0o600) as stream:
        stream.write(b"a voice")

    assert (tmp_path / "private").stat().st_mode & 0o777 == 0o600


def test_content_that_is_not_the_expected_is_not_kept(tmp_path: Path) -> None:
    file = tmp_path / "x"
    digest = hashlib.sha256(b"ab").hexdigest()

    assert write_whole(file, [b"a", b"c"], expected_sha256=digest) != digest
    assert list(tmp_path.iterdir()) == []
    assert write_whole(file, [b"a", b"b"], expected_sha256=digest) == digest
    assert file.read_bytes() == b"ab"
