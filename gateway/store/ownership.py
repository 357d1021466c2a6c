"""One process owns a store: an operating-system lock, so a killed owner leaves nothing to clean up."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from filelock import FileLock, Timeout

from gateway.errors import StoreError


def own(lock_file: Path, wait_s: float) -> FileLock:
    """Take the lock, waiting at most `wait_s` seconds; release it with `.release()`.

    Raises:
        StoreError: another process (named by pid and host) holds it.
        OSError: the lock file can't be opened.
    """
    # thread_local=False: whoever closes the store need not be the thread that opened it.
    lock = FileLock(lock_file, timeout=wait_s, thread_local=False, on_acquired=_write_owner)
    try:
        lock.acquire()
    except Timeout:
        raise StoreError(
            f"the store is in use by {_read_owner(lock_file)}",
            where=str(lock_file.parent),
            remedy="wait until that process ends, or use another directory (--out DIR)",
        ) from None
    return lock


def _write_owner(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)


def _read_owner(lock_file: Path) -> str:
    try:
        owner = lock_file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        owner = ""
    return owner or "another process"
