"""Writing a hotline's files: all or nothing of what can be foreseen, the former version kept beside it. Blocking.

A version is a file in `.versions/` of the folder that has the file (hotline or shared sub-flows):
`flow.20261129T033000123Z.zhang.yaml` is what `flow.yaml` was until zhang saved it at that moment (UTC). The loader
looks at `*/flow.yaml` and at what flows name, so that nothing takes a version for a flow.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from asr.storage import sync_folder
from gateway.console.studio.files import FlowFolder, Opened, read, unfit
from gateway.errors import ConsoleError, refused

VERSIONS = ".versions"
KEPT = 100
"""Versions of a file: at 29 KB each, 3 MB."""
LOCK_S = 3.0
"""How long somebody else's saving is waited for; it takes some milliseconds."""
_STAMP = "%Y%m%dT%H%M%S"
_MADE = re.compile(r"(\d{8}T\d{6})(\d{3})Z(?:-\d+)?\.([a-z0-9][a-z0-9._-]{0,39})\.ya?ml")
_SAVING = threading.Lock()


class ConflictError(ConsoleError):
    """A file on disk is no longer what was opened."""

    def __init__(self, now: Opened) -> None:
        super().__init__(f"{now.name} 在打开之后被别人改过，没有保存")
        self.now = now


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it was opened, and what it is to be."""

    opened: Opened
    text: str


@dataclass(frozen=True, slots=True)
class Version:
    """What a file was until somebody saved it."""

    key: str
    """Names it; only those that `versions` lists can be read."""
    until: dt.datetime
    """Aware, UTC."""
    account: str
    """Who replaced it."""
    size: int
    """Bytes."""


def save(
    folder: FlowFolder,
    changes: Sequence[Change],
    account: str,
    now: dt.datetime,
    on_ready: Callable[[], object] = lambda: None,
) -> list[Opened]:
    """Write files that have been checked; what they are now.

    Args:
        folder: the hotline's.
        changes: of different files.
        account: who saves; part of the former versions' names.
        now: aware.
        on_ready: called when everything is written but not yet in its place; what it raises stops all.

    Raises:
        ConflictError: a file has changed since it was opened; nothing was written.
        ConsoleError: a text or a file that can't be written; nothing was written, unless the disk failed midway.
    """
    for change in changes:
        if (wrong := unfit(change.text)) is not None:
            raise ConsoleError(wrong[1], where=f"{change.opened.name}:{wrong[0]}")
    files = folder.files()
    gone = [change.opened.name for change in changes if change.opened.name not in files]
    if gone:
        raise ConsoleError(f"{'、'.join(gone)} 已经不在了，没有保存")
    try:
        with _alone(folder), ExitStack() as cleaning:
            ready = [_prepare(folder, files[change.opened.name], change, cleaning) for change in changes]
            on_ready()
            for real, new in ready:
                _keep(folder, real, account, now)
                new.replace(real)
                sync_folder(real.parent)
            return [read(change.opened.name, files[change.opened.name]) for change in changes]
    except OSError as error:
        raise ConsoleError(f"写不进去：{refused(error)}；没有保存，请找管理员") from error


def versions(folder: FlowFolder, name: str) -> list[Version]:
    """The former versions of a file, the newest first."""
    real = folder.files().get(name)
    if real is None:
        return []
    shelf, prefix = _shelf(folder, real)
    found: list[Version] = []
    for file in shelf.glob("*") if shelf.is_dir() and not shelf.is_symlink() else ():
        made = _MADE.fullmatch(file.name.removeprefix(prefix)) if file.name.startswith(prefix) else None
        if made and file.is_file() and not file.is_symlink():
            until = dt.datetime.strptime(made[1], _STAMP).replace(tzinfo=dt.UTC, microsecond=int(made[2]) * 1000)
            found.append(Version(file.name, until, made[3], file.stat().st_size))
    return sorted(found, key=lambda one: one.key, reverse=True)


def read_version(folder: FlowFolder, name: str, key: str) -> str:
    """The text of one of `versions`. Raises ConsoleError."""
    if key not in {version.key for version in versions(folder, name)}:
        raise ConsoleError("没有这个版本")
    shelf, _ = _shelf(folder, folder.files()[name])
    return read(name, shelf / key).text


def _prepare(folder: FlowFolder, real: Path, change: Change, cleaning: ExitStack) -> tuple[Path, Path]:
    """Where a file is, and its new content beside it, on the disk itself."""
    now = read(change.opened.name, real)
    if now.digest != change.opened.digest:
        raise ConflictError(now)
    handle, made = tempfile.mkstemp(prefix=f".{real.name}.", suffix=".new", dir=real.parent)
    cleaning.callback(Path(made).unlink, missing_ok=True)
    with os.fdopen(handle, "wb") as stream:
        stream.write(change.opened.to_bytes(change.text))
        stream.flush()
        os.fchmod(stream.fileno(), real.stat().st_mode & 0o777)
        os.fsync(stream.fileno())
    _shelf(folder, real)[0].mkdir(exist_ok=True)
    return real, Path(made)


def _keep(folder: FlowFolder, real: Path, account: str, now: dt.datetime) -> None:
    shelf, prefix = _shelf(folder, real)
    if shelf.is_symlink():
        raise ConsoleError(f"{VERSIONS} 不是文件夹，没有保存")
    moment = now.astimezone(dt.UTC)
    stamp = f"{moment.strftime(_STAMP)}{moment.microsecond // 1000:03d}Z"
    for again in range(100):
        file = shelf / f"{prefix}{stamp}{f'-{again}' if again else ''}.{account}{real.suffix}"
        with suppress(FileExistsError), file.open("xb") as stream:
            stream.write(real.read_bytes())
            stream.flush()
            os.fsync(stream.fileno())
            break
    else:
        raise ConsoleError("同一时刻保存了太多次，没有保存")
    sync_folder(shelf)
    _forget(shelf, prefix)


def _forget(shelf: Path, prefix: str) -> None:
    """Remove the oldest versions of a file beyond `KEPT`."""
    mine = [
        file for file in shelf.glob("*") if file.name.startswith(prefix) and _MADE.fullmatch(file.name[len(prefix) :])
    ]
    for file in sorted(mine, reverse=True)[KEPT:]:
        file.unlink(missing_ok=True)


def _shelf(folder: FlowFolder, real: Path) -> tuple[Path, str]:
    """Where a file's versions are, and how their names begin."""
    top, *inner = real.relative_to(folder.root).parts
    home = folder.root / top if inner else folder.root
    return home / VERSIONS, "__".join(inner or [top]).removesuffix(real.suffix) + "."


@contextmanager
def _alone(folder: FlowFolder) -> Iterator[None]:
    """One saving at a time of all hotlines (they share sub-flows), in this process and in others."""
    if not _SAVING.acquire(timeout=LOCK_S):
        raise ConsoleError("别人正在保存，请稍后再试")
    try:
        handle = os.open(folder.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            _lock(handle)
            yield
        finally:
            os.close(handle)  # and the lock is gone
    finally:
        _SAVING.release()


def _lock(handle: int) -> None:
    deadline = time.monotonic() + LOCK_S
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ConsoleError("别人正在保存，请稍后再试") from None
            time.sleep(0.02)
        else:
            return
