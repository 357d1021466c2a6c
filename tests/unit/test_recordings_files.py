"""Files and folders named on a command line become a list of recordings, each once, whatever lies there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gateway.analytics.recordings.files import Wanted, wanted_files

pytestmark = pytest.mark.unit


def make(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def names(found: list[Wanted], folder: Path) -> list[str]:
    return [str(one.path.relative_to(folder)) for one in found]


def test_folders_are_looked_through_and_only_recordings_taken(tmp_path: Path) -> None:
    make(tmp_path, "b.wav", "a.MP3", "notes.txt", "deep/er/c.opus", "deep/lines.tsv")
    assert names(wanted_files([tmp_path]), tmp_path) == ["a.MP3", "b.wav", "deep/er/c.opus"]


def test_a_file_that_is_named_is_tried_whatever_it_is_called(tmp_path: Path) -> None:
    make(tmp_path, "recording.dat")
    assert names(wanted_files([tmp_path / "recording.dat"]), tmp_path) == ["recording.dat"]


def test_each_file_comes_once_however_it_is_reached(tmp_path: Path) -> None:
    make(tmp_path, "in/a.wav")
    (tmp_path / "link.wav").symlink_to(tmp_path / "in/a.wav")
    found = wanted_files([tmp_path / "in/a.wav", tmp_path / "in", tmp_path, tmp_path / "in/../in/a.wav"])
    assert names(found, tmp_path) == ["in/a.wav"]


def test_rings_of_folders_end(tmp_path: Path) -> None:
    make(tmp_path, "a/one.wav", "b/two.wav")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "a/other").symlink_to(tmp_path / "b")
    (tmp_path / "b/other").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert sorted(path.name for path in (one.path for one in wanted_files([tmp_path]))) == ["one.wav", "two.wav"]


def test_a_link_into_nothing_is_wanted_and_will_be_reported(tmp_path: Path) -> None:
    (tmp_path / "gone.wav").symlink_to(tmp_path / "nowhere.wav")
    assert names(wanted_files([tmp_path]), tmp_path) == ["gone.wav"]


def test_a_name_with_bytes_that_are_no_text_can_be_shown_and_kept(tmp_path: Path) -> None:
    raw = os.fsencode(tmp_path) + b"/\xff\xfe\n[red] \xe9.wav"
    os.close(os.open(raw, os.O_CREAT | os.O_WRONLY))
    (found,) = wanted_files([tmp_path])
    assert os.fsencode(found.path) == raw
    assert found.shown.endswith("/\\xff\\xfe\n[red] \\xe9.wav")
    assert found.key.isascii()
    assert "/" not in found.key
    assert "\n" not in found.key


def test_long_names_of_any_script_make_short_keys_that_differ(tmp_path: Path) -> None:
    keys = {Wanted(tmp_path / f"{'录音' * 40}{number}.wav").key for number in range(3)}
    assert len(keys) == 3
    assert max(len(key.encode()) for key in keys) < 200


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, "locked/a.wav", "open/b.wav")
    listed = Path.iterdir

    def refuse(folder: Path):  # as the system does for anybody but root, who runs this test perhaps
        if folder.name == "locked":
            raise PermissionError(13, "Permission denied")
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", refuse)
    locked, opened = wanted_files([tmp_path])
    assert (locked.path.name, opened.path.name) == ("locked", "b.wav")
    assert "Permission denied" in (locked.failure or "")
    assert opened.failure is None
