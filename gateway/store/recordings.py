"""The files of calls' sound in a store's folder: whose they are, and how one goes for good, with proof.

The proof is written first, and the file goes then: a process that is killed in between leaves a proof whose file is
there still. The next run finds that and finishes; `left` tells of it until then.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from asr.storage import sync_folder
from gateway.store.engine import store_errors
from gateway.store.store import Store
from gateway.store.tables import DeletionRow

_NAME = re.compile(r"(?P<call>.+?)(?P<message>-message-\d+)?(?P<redacted>-redacted)?\.wav")
_DRAFT = re.compile(r".+\.(?:part|tmp)")
_BLOCK = 1 << 20
_CHUNK = 500
"""Names asked for at once."""


@dataclass(frozen=True, slots=True)
class Sound:
    """A file in the folder of recordings."""

    path: Path
    call_id: str
    """Empty for a draft that a killed process left."""
    is_redacted: bool
    size_bytes: int
    modified_at: float
    """Seconds since 1970."""

    @property
    def redacted_copy(self) -> Path:
        """Where its redacted copy is, if there is one."""
        return self.path.with_name(f"{self.path.stem}-redacted.wav")


def sounds(store: Store) -> list[Sound]:
    """All recordings, left messages, copies and drafts, by name; other files are none of ours."""
    found = []
    with store_errors(store.recordings), os.scandir(store.recordings) as entries:
        for entry in entries:
            name, draft = _NAME.fullmatch(entry.name), _DRAFT.fullmatch(entry.name)
            if (name or draft) and entry.is_file(follow_symlinks=False):
                stat = entry.stat(follow_symlinks=False)
                call_id, redacted = (name["call"], bool(name["redacted"])) if name else ("", False)
                found.append(Sound(Path(entry.path), call_id, redacted, stat.st_size, stat.st_mtime))
    return sorted(found, key=lambda one: one.path.name)


def erase(
    store: Store, sound: Sound, reason: str, now: datetime, also: Callable[[Session], None] = lambda _: None
) -> int:
    """Delete a file and prove it; returns its size in bytes.

    Args:
        also: changes in the transaction of the proof: what pointed to the file no longer does.

    Raises:
        StoreError: the proof can't be written, or the file not deleted.
    """
    with store_errors(sound.path):
        digest, size_bytes = _digest(sound.path)
    with store.writing() as session:
        session.add(
            DeletionRow(
                call_id=sound.call_id,
                what="recording",
                name=sound.path.name,
                size_bytes=size_bytes,
                sha256=digest,
                deleted_at=now,
                reason=reason,
            )
        )
        also(session)
    unlink(sound.path)
    return size_bytes


def left(store: Store) -> Iterator[tuple[Sound, str]]:
    """Files that are proven to be deleted and are there all the same, and the call that they are of."""
    there = {sound.path.name: sound for sound in sounds(store)}
    names = sorted(there)
    for start in range(0, len(names), _CHUNK):
        chosen = DeletionRow.name.in_(names[start : start + _CHUNK])
        with store.session() as session:
            proven: Sequence[tuple[str, str]] = [
                (name, call_id)
                for name, call_id in session.execute(select(DeletionRow.name, DeletionRow.call_id).where(chosen))
            ]
        yield from ((there[name], call_id) for name, call_id in dict(proven).items())


def unlink(path: Path) -> None:
    """Take a file out of its folder, also on the disk. One that isn't there is no error. Raises StoreError."""
    with store_errors(path):
        path.unlink(missing_ok=True)
        sync_folder(path.parent)


def _digest(path: Path) -> tuple[str, int]:
    """SHA-256 in hexadecimal, and bytes."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
            size_bytes += len(block)
    return digest.hexdigest(), size_bytes
