"""Reads the small networks that come with the package: arrays by name in a .npz file."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr.errors import ModelError


def read_network(file: Path, what: str, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The named arrays as they are stored.

    Raises:
        ModelError: the file can't be read, or lacks one of them; `what` says in it what can't be read.
    """
    try:
        with file.open("rb") as opened, np.load(opened) as stored:
            return {name: stored[name] for name in names}
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ModelError(
            f"{what} cannot be read ({error})", where=str(file), remedy="install the package again"
        ) from error
