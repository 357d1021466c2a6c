"""Files on disk: whole ones or none. Of models: where they lie, one process at a time, refusals explained."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from asr.errors import ModelError

CHUNK_BYTES = 1 << 20
LOCK_WAIT_S = 300.0


def cache_root() -> Path:
    """Where models lie: $VOICE_GATEWAY_CACHE, or voice-gateway in the XDG cache folder."""
    if own := os.environ.get("VOICE_GATEWAY_CACHE"):
        return Path(own).expanduser()
    xdg = os.environ.get("XDG_CACHE_HOME", "")
    # The XDG base directory specification: a relative path is invalid and is ignored.
    base = Path(xdg) if xdg.startswith("/") else Path("~/.cache").expanduser()
    return base / "voice-gateway"


def sha256_of(path: Path) -> str:
    """The file's sha256 in lower-case hexadecimal. Blocking: half a second for 145 MB."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_whole(path: Path, chunks: Iterable[bytes], expected_sha256: str | None = None) -> str:
    """Write a `whole_file`, and keep it if the content is what was expected; return the content's sha256."""
    digest = hashlib.sha256()
    with contextlib.suppress(_UnexpectedError), whole_file(path) as stream:
        for chunk in chunks:
            digest.update(chunk)
            stream.write(chunk)
        if expected_sha256 not in (None, digest.hexdigest()):
            raise _UnexpectedError
    return digest.hexdigest()


class _UnexpectedError(Exception):
    """The content is another."""


@contextlib.contextmanager
def whole_file(path: Path, mode: int = 0o666) -> Iterator[IO[bytes]]:
    """A file to write that is there whole in the end, or as it was before: written beside it, synced, then renamed.

    Args:
        path: where it belongs.
        mode: who may read and write it, less what the umask takes.

    Raises:
        OSError: it can't be written. Nothing is left behind then, nor when the block raises.
    """
    draft = path.with_name(path.name + ".tmp")
    try:
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, mode), "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make the names in the folder outlive a power cut; the files' contents are synced by whoever writes them."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def exclusive(lock: Path, *, busy: str, where: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Hold `lock` against other processes. The system drops it when a process dies, however it dies.

    Args:
        lock: the lock's file; its folder is there.
        busy: what another process is doing when it holds the lock, for the error.
        where: the thing that is locked, for the error.
        wait_s: how long to wait for the other process.

    Raises:
        ModelError: the other process held the lock for all of that time.
    """
    try:
        held = FileLock(lock, timeout=wait_s).acquire()
    except Timeout:
        raise ModelError(
            f"another process has been {busy} for {wait_s:.0f} seconds",
            where=str(where),
            remedy="end that process, or set VOICE_GATEWAY_CACHE to another folder",
        ) from None
    with held:
        yield


@contextlib.contextmanager
def explained(root: Path) -> Iterator[None]:
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
