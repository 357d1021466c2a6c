"""The sha256 of files whose publisher names none: written down when they are first loaded, held to ever after."""

from __future__ import annotations

import json
from pathlib import Path

from asr.errors import ModelError
from asr.storage import exclusive, write_whole

PINS = "pins.json"


def pinned(models: Path, model: str, file: str) -> str | None:
    """What this file was when it was first loaded; None: it never was.

    Args:
        models: the folder of all models; the pins lie in it.
        model: the model's name.
        file: the file's name on its host.

    Raises:
        ModelError: the pins can't be read. They are not passed over: then a changed file would be taken for the first.
    """
    value = _read(models / PINS).get(f"{model}/{file}")
    return value if isinstance(value, str) else None


def pin(models: Path, model: str, file: str, sha256: str) -> None:
    """Write down what this file is. A pin that is there stays as it is."""
    path = models / PINS
    with exclusive(models / ".pins.lock", busy="writing the pins", where=path):
        pins = _read(path)
        if pins.setdefault(f"{model}/{file}", sha256) == sha256:
            write_whole(path, [json.dumps(pins, indent=1, sort_keys=True).encode()])


def _read(path: Path) -> dict[str, object]:
    try:
        pins = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        pins = None
    if not isinstance(pins, dict):
        raise ModelError(
            "the file with the pinned sha256 is damaged",
            where=str(path),
            remedy="restore it, or delete it to pin every model anew at its next download",
        )
    return pins
