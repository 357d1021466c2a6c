"""Unpacking an archive that somebody else made: nothing lands outside the folder, nothing grows without bound.

Taken are .zip, .tar.gz and .tar.bz2 with plain files and folders. Links, devices, absolute names, `..`, names that
differ only in case or are given twice, and anything beyond the limits are refused, all of them before a byte of that
member is written. Modes, owners and times in the archive are ignored.
"""

from __future__ import annotations

import bz2
import gzip
import os
import stat
import tarfile
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from asr.errors import ModelError
from asr.storage import CHUNK_BYTES, sync_folder

_LONGEST_NAME_BYTES = 255
_DEEPEST = 16
_HEADERS_BYTES = 4096
"""For one member of a tar: its header, a long name's and the padding."""
_LARGEST_READ_BYTES = 4 << 20
"""tarfile reads long names and extended headers in one piece of whatever size the archive claims."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may unpack to. The largest model of the catalogue: 1.4 GB in under 100 files."""

    members: int = 2_000
    total_bytes: int = 8 << 30
    ratio: float = 20.0
    """Unpacked to packed. Models shrink little (1.05 to 3); text shrinks to a fifth; zeros to a thousandth."""
    free_bytes: int = 1 << 20
    """So much is always allowed: a small archive of text may well shrink more."""

    def most_bytes(self, packed: int) -> int:
        """What `packed` bytes may unpack to."""
        return min(self.total_bytes, max(self.free_bytes, int(packed * self.ratio)))


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    size: int
    is_folder: bool
    refused: str | None
    """Why this member can't be taken: a link, a device, encrypted."""
    open: Callable[[], IO[bytes]]


class _HostileError(Exception):
    """The archive asks for what no model needs."""


def unpack(
    archive: Path, folder: Path, limits: Limits | None = None, report: Callable[[int], None] = lambda _: None
) -> None:
    """Unpack the whole archive into `folder`, an empty folder that is there, and sync every file. Blocking.

    Args:
        archive: a .zip, .tar.gz or .tar.bz2; what it is is read from its content.
        folder: where it goes. After an error it holds what was unpacked until then: throw it away.
        limits: what it may unpack to.
        report: called with the bytes written so far.

    Raises:
        ModelError: it is no archive, is damaged, or asks for something that isn't a plain file or folder.
        OSError: the file system refuses.
    """
    limits = limits or Limits()
    try:
        _write_members(_members(archive, limits), folder, limits.most_bytes(archive.stat().st_size), limits, report)
    except _HostileError as error:
        raise ModelError(
            f"the archive is refused: {error}", where=archive.name, remedy="don't use it; load it from its own host"
        ) from None
    except OSError as error:
        if error.errno is not None:  # the file system's; bz2 and gzip raise theirs without a number
            raise
        raise _damaged(archive, error) from error
    except Exception as error:  # library border: a damaged archive raises any of a dozen types
        raise _damaged(archive, error) from error


def _damaged(archive: Path, error: Exception) -> ModelError:
    reason = str(error) or type(error).__name__
    return ModelError(
        f"this is no whole .zip, .tar.gz or .tar.bz2 archive ({reason})", where=archive.name, remedy="load it again"
    )


def _members(archive: Path, limits: Limits) -> Iterator[_Member]:
    with archive.open("rb") as packed:
        magic = packed.read(4)
    most_bytes = limits.most_bytes(archive.stat().st_size) + limits.members * _HEADERS_BYTES
    if magic.startswith(b"PK"):
        yield from _zip_members(archive)
    elif magic.startswith(b"BZh"):
        with bz2.open(archive) as stream:
            yield from _tar_members(_Bounded(stream, most_bytes))
    elif magic.startswith(b"\x1f\x8b"):
        with gzip.open(archive) as stream:
            yield from _tar_members(_Bounded(stream, most_bytes))
    else:
        raise tarfile.ReadError("it begins like none of them")


def _zip_members(archive: Path) -> Iterator[_Member]:
    with zipfile.ZipFile(archive) as opened:
        for info in opened.infolist():
            kind = stat.S_IFMT(info.external_attr >> 16)
            refused = "is encrypted" if info.flag_bits & 1 else None
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                refused = "is a link or a device"
            yield _Member(info.orig_filename, info.file_size, info.is_dir(), refused, partial(opened.open, info))


def _tar_members(stream: _Bounded) -> Iterator[_Member]:
    with tarfile.open(fileobj=stream, mode="r:") as opened:  # type: ignore[call-overload]
        for info in opened:
            refused = None
            if info.issparse() or not (info.isreg() or info.isdir()):
                refused = "is a link, a device or a sparse file"
            yield _Member(info.name, info.size, info.isdir(), refused, partial(_content, opened, info))
    while stream.read(CHUNK_BYTES):  # gzip's checksum lies behind the tar's end
        pass


def _content(opened: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = opened.extractfile(info)
    if content is None:
        raise _HostileError(f"{info.name!r} is no file")
    return content


class _Bounded:
    """A decompressed stream that ends in an error instead of in the memory of the machine."""

    def __init__(self, stream: IO[bytes] | gzip.GzipFile, most_bytes: int) -> None:
        self._stream = stream
        self._most = most_bytes

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LARGEST_READ_BYTES:
            raise _HostileError(f"a header of {size} bytes")
        self._check(self._stream.tell())
        return self._stream.read(size)

    def seek(self, position: int) -> int:
        self._check(position)
        return self._stream.seek(position)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self, position: int) -> None:
        if position > self._most:
            raise _HostileError("it unpacks to far more than a model has")


def _write_members(
    members: Iterator[_Member], folder: Path, most_bytes: int, limits: Limits, report: Callable[[int], None]
) -> None:
    names = _Names()
    written = claimed = 0
    for number, member in enumerate(members, 1):
        if number > limits.members:
            raise _HostileError(f"more than {limits.members} files")
        path = names.take(member)
        if member.refused:
            raise _HostileError(f"{member.name!r} {member.refused}")
        claimed += member.size
        if claimed > most_bytes:
            raise _HostileError(f"it unpacks to more than {most_bytes} bytes")
        target = folder.joinpath(*path.parts)
        (target if member.is_folder else target.parent).mkdir(parents=True, exist_ok=True)
        if not member.is_folder:
            written = _write_file(member, target, written, report)
    for each in (folder, *folder.rglob("*")):
        if each.is_dir():
            sync_folder(each)


def _write_file(member: _Member, target: Path, written: int, report: Callable[[int], None]) -> int:
    left = member.size
    with member.open() as source, target.open("xb") as stream:
        while left and (chunk := source.read(min(CHUNK_BYTES, left))):
            stream.write(chunk)
            left -= len(chunk)
            written += len(chunk)
            report(written)
        if left:
            raise EOFError(f"{member.name} is cut off")
        stream.flush()
        os.fsync(stream.fileno())
    return written


class _Names:
    """The names taken so far, as a file system sees them that ignores case and composes accents."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def take(self, member: _Member) -> PurePosixPath:
        """The member's path, relative and harmless."""
        path = _harmless(member.name)
        folded = [unicodedata.normalize("NFC", part).casefold() for part in path.parts]
        above = {"/".join(folded[:depth]) for depth in range(1, len(folded))}
        own = "/".join(folded)
        if above & self._files or own in self._files or (not member.is_folder and own in self._folders):
            raise _HostileError(f"{member.name!r} is there twice, or differs from another name only in case")
        self._folders |= above
        if own:
            (self._folders if member.is_folder else self._files).add(own)
        return path


def _harmless(name: str) -> PurePosixPath:
    bad = (
        name.startswith("/")
        or "\\" in name
        or any(not character.isprintable() for character in name)
        or (len(name) > 1 and name[1] == ":")
    )
    parts = PurePosixPath(name).parts
    if bad or ".." in parts or len(parts) > _DEEPEST:
        raise _HostileError(f"the name {name[:80]!r} leads out of the folder or is no plain name")
    if any(len(part.encode("utf-8", "surrogateescape")) > _LONGEST_NAME_BYTES for part in parts):
        raise _HostileError(f"the name {name[:80]!r} is too long")
    return PurePosixPath(*parts)
