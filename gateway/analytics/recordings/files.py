"""Which files are to be analysed: those named, and the audio files in the folders named."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

_SUFFIXES = """
    .wav .wave .flac .mp3 .ogg .oga .opus .m4a .mp4 .aac .amr .wma .webm .mka .aif .aiff .au .snd .w64 .caf .sph
    .al .alaw .ul .ulaw .gsm .ac3 .3gp
"""
SUFFIXES = frozenset(_SUFFIXES.split())
"""What in a folder is taken for a recording; everything else there is passed over. A file that is named is tried."""
_STEM = 60


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file that is to be analysed."""

    path: Path
    failure: str | None = None
    """Why it, or the folder that it is, can't be looked into."""

    @property
    def shown(self) -> str:
        """Its path as text, whatever bytes are in it: what is no UTF-8 is written `\\xff`."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    @property
    def key(self) -> str:
        """A name for its results that no other path has, and that every file system takes."""
        stem = "".join(char if char.isalnum() or char in "-_." else "_" for char in Path(self.shown).stem)
        while len(stem.encode()) > _STEM * 2 or len(stem) > _STEM:
            stem = stem[:-1]
        return f"{stem}-{sha256(os.fsencode(os.path.realpath(self.path))).hexdigest()[:12]}"


def wanted_files(paths: Iterable[Path]) -> list[Wanted]:
    """All of them: folders are looked through to the bottom, in the order of names, links followed but never in rings.

    What is missing or may not be read is told in `failure`.
    """
    seen_folders: set[tuple[int, int]] = set()
    found: dict[str, Wanted] = {}
    for path in paths:
        for one in _below(path, seen_folders, named=True):
            found.setdefault(os.path.realpath(one.path), one)
    return list(found.values())


def _below(path: Path, seen: set[tuple[int, int]], *, named: bool = False) -> Iterator[Wanted]:
    try:
        if not path.is_dir():
            if named or path.suffix.lower() in SUFFIXES:
                yield Wanted(path)
            return
        status = path.stat()
        if (status.st_dev, status.st_ino) in seen:
            return
        seen.add((status.st_dev, status.st_ino))
        inside = sorted(path.iterdir())
    except OSError as error:
        yield Wanted(path, f"the folder can't be read ({error.strerror or error})")
        return
    for one in inside:
        yield from _below(one, seen)
