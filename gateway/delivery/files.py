"""Documents into files: JSON lines, a file a day, on the disk before they count as delivered.

DIRECTORY/NAME-2026-11-29.jsonl, each line {"Key": ..., "Topic": ..., "Document": {...}}

A process that is killed while it writes leaves half a line. That document was not delivered: the half line is cut off
at the next start, and the document is written again. A key can so be there twice, but never broken.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from asr.storage import sync_folder
from gateway.delivery.config import FilesConfig
from gateway.delivery.tries import OK, Outcome, Verdict
from gateway.errors import DeliveryError
from gateway.store.outbox import Parcel

SUFFIX = ".jsonl"
_BLOCK = 64 * 1024


class FilesSink:
    """A `Sink`. The day is that of `now`, which is aware, when a document is written.

    Raises:
        DeliveryError: the folder can't be made or written.
    """

    def __init__(self, name: str, config: FilesConfig, now: Callable[[], datetime]) -> None:
        self._name = name
        self._directory = config.directory
        self._now = now
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            for path in self._directory.glob(f"{name}-*{SUFFIX}"):
                cut_torn_line(path)
            sync_folder(self._directory)
        except OSError as error:
            raise DeliveryError(
                f"{self._directory}: can't be written ({error.strerror})",
                where=f"delivery.sinks.{name}.directory",
                remedy="change its permissions or name another directory",
            ) from error

    async def send(self, documents: Sequence[Parcel]) -> list[Outcome]:
        """Write them all, then wait for the disk once."""
        lines, outcomes = [], []
        for document in documents:
            try:
                lines.append(line(document))
                outcomes.append(OK)
            except ValueError:
                outcomes.append(Outcome(Verdict.HOPELESS, "the document can't be written as JSON"))
                break
        try:
            if lines:
                await asyncio.to_thread(self._append, b"".join(lines))
        except OSError as error:
            return [Outcome(Verdict.FAILED, f"can't be written: {error.strerror}")]
        return outcomes

    async def close(self) -> None:
        """Nothing is held open between two writes."""

    def _append(self, lines: bytes) -> None:
        """Write `lines` as a whole, or leave the file as it was. Raises OSError."""
        path = self._directory / f"{self._name}-{self._now():%Y-%m-%d}{SUFFIX}"
        is_new = not path.exists()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        try:
            size = os.fstat(descriptor).st_size
            try:
                _write_all(descriptor, lines)
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        if is_new:
            sync_folder(self._directory)


def line(document: Parcel) -> bytes:
    """One line of a file. Raises ValueError for what JSON can't hold."""
    told = {"Key": document.key, "Topic": document.topic, "Document": document.body}
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode() + b"\n"


def cut_torn_line(path: Path) -> None:
    """Cut off what follows the last end of a line. Raises OSError."""
    with path.open("rb+") as file:
        end = size = file.seek(0, os.SEEK_END)
        while end > 0:
            begin = max(0, end - _BLOCK)
            file.seek(begin)
            found = file.read(end - begin).rfind(b"\n")
            if found >= 0:
                end = begin + found + 1
                break
            end = begin
        if end < size:
            file.truncate(end)
            file.flush()
            os.fsync(file.fileno())


def _write_all(descriptor: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
