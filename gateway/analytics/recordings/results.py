"""The folder of results: a document for each recording, written whole or not at all, and known again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asr.storage import whole_file
from gateway.analytics.recordings.files import Wanted
from gateway.errors import RecordingError

DOCUMENTS = "recordings"
"""The sub-folder of the documents."""


class Results:
    """Where results are kept.

    Args:
        folder: made as needed.
        made_with: what a document depends on besides its recording: versions of engine, rules and program, options.

    Raises:
        RecordingError: it can't be made.
    """

    def __init__(self, folder: Path, made_with: Mapping[str, Any]) -> None:
        self.folder = folder
        self._made_with = dict(made_with)
        try:
            (folder / DOCUMENTS).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def path(self, wanted: Wanted) -> Path:
        """Where the document of a recording is."""
        return self.folder / DOCUMENTS / f"{wanted.key}.json"

    def finished(self, wanted: Wanted) -> dict[str, Any] | None:
        """The document of a recording that is the same as when it was made, by size and time of change; else None."""
        try:
            status = wanted.path.stat()
            document = json.loads(self.path(wanted).read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(document, dict) or document.get("MadeWith") != self._made_with:
            return None
        file = document.get("File")
        same = isinstance(file, dict) and (file.get("SizeBytes"), file.get("ModifiedNanos")) == (
            status.st_size,
            status.st_mtime_ns,
        )
        return document if same else None

    def keep(self, wanted: Wanted, document: Mapping[str, Any]) -> None:
        """Write a document.

        Raises:
            RecordingError: it can't be written; nothing is left of it then.
        """
        write_whole(self.path(wanted), json.dumps(document, ensure_ascii=False, indent=1) + "\n")


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there whole, or as it was before; readable by the owner only: it tells what people said.

    Raises:
        RecordingError: it can't be written.
    """
    try:
        with whole_file(path, 0o600) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: Path, error: OSError) -> RecordingError:
    return RecordingError(
        f"results can't be written ({error.strerror})", where=str(path), remedy="name another folder with --out"
    )
