"""A file on its way: what has come of it, and which version of the file that is a part of."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from asr.storage import write_whole


@dataclass(frozen=True, slots=True)
class Version:
    """Which version of a file a server gives, so that two halves of different versions are never joined."""

    url: str
    validator: str | None
    """A strong ETag, or a Last-Modified date (RFC 9110, section 8.8). None: the server names none."""
    total: int | None
    """Bytes of the whole file; None: the server doesn't say."""


class Partial:
    """`<target>.partial` and, beside it, what it is a part of. Survives a kill at any moment.

    The version is written before the first byte of it, so bytes never lie there without the version they are of.
    """

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(target.name + ".partial")
        self._note = target.with_name(target.name + ".partial.json")

    def size(self) -> int:
        """Bytes that have come so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def version(self, url: str) -> Version | None:
        """What the bytes are of; None when that is unknown or another address, and they can't be gone on with."""
        try:
            version = Version(**json.loads(self._note.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        return version if version.url == url and version.validator is not None and self.size() else None

    def begin(self, version: Version) -> None:
        """Forget what has come and begin anew with this version."""
        self.drop()
        write_whole(self._note, [json.dumps(asdict(version)).encode()])

    def drop(self) -> None:
        """Forget what has come."""
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    def finish(self, target: Path) -> None:
        """Give the whole file its name."""
        with self.path.open("rb") as stream:
            os.fsync(stream.fileno())
        self.path.replace(target)
        self._note.unlink(missing_ok=True)
