"""The models that lie in the cache: found, verified against what was installed, removed in one step.

`<cache>/models/NAME` is a whole model or isn't there. What is on its way lies in hidden folders beside it. The manifest
in each model's folder names every file with its size and sha256; it is written before the folder gets its name.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from asr.errors import ModelError
from asr.models.catalog import find_model
from asr.models.entry import CatalogEntry
from asr.storage import cache_root, exclusive, explained, sha256_of, sync_folder, write_whole
from asr.weights import damaged_files, is_installed, model_folder, pieces_bytes

MANIFEST = "voice-gateway-model.json"
_REMOVE_WAIT_S = 10.0

State = Literal["absent", "installed", "damaged"]


@dataclass(frozen=True, slots=True)
class Places:
    """Where one model lies, and where it lies while it comes and goes."""

    models: Path
    name: str

    @property
    def folder(self) -> Path:
        return self.models / self.name

    @property
    def downloads(self) -> Path:
        return self.models / ".downloads" / self.name

    @property
    def unpacking(self) -> Path:
        return self.models / ".unpacking" / self.name

    @property
    def leaving(self) -> Path:
        return self.models / ".removing" / self.name

    @property
    def lock(self) -> Path:
        return self.models / ".locks" / f"{self.name}.lock"

    def set_aside(self) -> None:
        """Take the folder's name away in one step, then delete it. Nothing happens if it isn't there."""
        shutil.rmtree(self.leaving, ignore_errors=True)
        if self.folder.exists():
            self.leaving.parent.mkdir(parents=True, exist_ok=True)
            self.folder.rename(self.leaving)
            sync_folder(self.models)
            shutil.rmtree(self.leaving)


def places(entry: CatalogEntry, cache: Path | None = None) -> Places:
    """Where the model lies: in `cache`, or in the cache folder of the environment."""
    return Places((cache_root() if cache is None else cache) / "models", entry.name)


def installed_model(name: str, cache: Path | None = None) -> Path:
    """The folder of an installed model. Compares sizes only: hashing is `damages`' business.

    Args:
        name: a name of the catalogue.
        cache: the cache folder; default `asr.storage.cache_root()`.

    Raises:
        ModelError: the catalogue has no such model, it isn't installed, or its files aren't those that were installed.
    """
    entry = find_model(name)
    if entry.weights is not None:
        return model_folder(entry.weights, cache)
    folder = places(entry, cache).folder
    match state_of(entry, cache):
        case "absent":
            raise ModelError("the model is not installed", where=name, remedy=f"voice-gateway asr pull {name}")
        case "damaged":
            raise ModelError(
                "files of the model are missing or have another size",
                where=str(folder),
                remedy=f"voice-gateway asr pull {name}",
            )
    return folder


def state_of(entry: CatalogEntry, cache: Path | None = None) -> State:
    """Whether the model is there, by the sizes of its files."""
    if entry.weights is not None:
        return "installed" if is_installed(entry.weights) else "absent"
    folder = places(entry, cache).folder
    if not folder.is_dir():
        return "absent"
    listed = _listed(folder)
    whole = listed is not None and all(_size(folder / file) == facts["size"] for file, facts in listed.items())
    complete = all((folder / file).is_file() for file in entry.files.values())
    return "installed" if whole and complete else "damaged"


def disk_bytes(entry: CatalogEntry, cache: Path | None = None) -> int:
    """What the model takes on the disk, in bytes; 0 when it isn't there."""
    if entry.weights is not None:
        joined = places(entry, cache).models.parent / entry.weights.name
        return pieces_bytes(entry.weights) + _bytes_below(joined)
    return _bytes_below(places(entry, cache).folder)


def write_manifest(folder: Path, entry: CatalogEntry, sources: dict[str, str]) -> None:
    """Write down what the folder holds.

    Args:
        folder: the model's files, as they will lie.
        entry: the model.
        sources: address -> sha256 of what was loaded.
    """
    files = {
        path.relative_to(folder).as_posix(): {"size": path.stat().st_size, "sha256": sha256_of(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    manifest = {"format": 1, "model": entry.name, "sources": sources, "files": files}
    write_whole(folder / MANIFEST, [json.dumps(manifest, indent=1).encode()])
    sync_folder(folder)


def damages(entry: CatalogEntry, cache: Path | None = None) -> list[str]:
    """Every file that isn't what was installed, as `FILE: what is wrong`. Blocking: hashes all of the model.

    Raises:
        ModelError: the model isn't installed.
    """
    if entry.weights is not None:
        return [f"{name}: its sha256 has changed" for name in damaged_files(entry.weights, cache)]
    folder = places(entry, cache).folder
    if not folder.is_dir():
        raise ModelError("the model is not installed", where=entry.name, remedy=f"voice-gateway asr pull {entry.name}")
    listed = _listed(folder)
    if listed is None:
        return [f"{MANIFEST}: missing or damaged, so nothing can be compared"]
    with explained(folder):
        found = [f"{file}: {wrong}" for file, facts in listed.items() if (wrong := _wrong(folder / file, facts))]
        strangers = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
        return found + [f"{file}: was not installed" for file in sorted(strangers - listed.keys() - {MANIFEST})]


def remove(entry: CatalogEntry, cache: Path | None = None) -> int:
    """Remove the model and what is left of its downloads; return the bytes that this frees. Its pins stay.

    Raises:
        ModelError: it isn't there, it is embedded, or another process is working on it.
    """
    if entry.weights is not None:
        raise ModelError(
            "the embedded model is part of the gateway and can't be removed",
            where=entry.name,
            remedy=f"to take it away all the same: pip uninstall {' '.join(_bare(entry.weights.requirements))}",
        )
    place = places(entry, cache)
    if not place.folder.exists() and not place.downloads.exists():
        raise ModelError("the model is not installed", where=entry.name, remedy="see `voice-gateway asr models`")
    with explained(place.models):
        place.lock.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(place.lock, busy="working on this model", where=place.folder, wait_s=_REMOVE_WAIT_S):
            freed = _bytes_below(place.folder) + _bytes_below(place.downloads)
            place.set_aside()
            for left in (place.downloads, place.unpacking):
                shutil.rmtree(left, ignore_errors=True)
    return freed


def _listed(folder: Path) -> dict[str, dict[str, Any]] | None:
    try:
        manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
        files = {
            str(file): {"size": int(facts["size"]), "sha256": str(facts["sha256"])}
            for file, facts in manifest["files"].items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return files or None


def _wrong(path: Path, facts: dict[str, Any]) -> str | None:
    size = _size(path)
    if size is None:
        return "is missing"
    if size != facts["size"]:
        return f"has {size} bytes instead of {facts['size']}"
    return None if sha256_of(path) == facts["sha256"] else "its sha256 has changed"


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _bytes_below(folder: Path) -> int:
    return sum(os.lstat(path).st_size for path in folder.rglob("*") if not path.is_dir())


def _bare(requirements: tuple[str, ...]) -> list[str]:
    return [requirement.partition("==")[0] for requirement in requirements]
