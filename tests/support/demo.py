"""The demo's calls: real ones, to the bundled hotline and the real recogniser, made once a run for all who look."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.command import run


@dataclass(frozen=True)
class Demo:
    """What `voice-gateway demo` left behind."""

    store: Path
    """Whose rows name the files of the folder that it was made in."""
    told: str
    """What it printed."""

    def copied(self, to: Path) -> Path:
        """The store, for who changes it."""
        return shutil.copytree(self.store, to)


def make_demo(folder: Path) -> Demo:
    """Make the calls, unless they are there; whoever comes meanwhile, from another process too, waits."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    told = folder / "told"
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not told.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of a demo that failed
            ran = run("demo", "--out", folder / "store", timeout_s=170)
            assert ran.returncode == 0, ran.stdout + ran.stderr
            told.write_text(ran.stdout)
    return Demo(folder / "store", told.read_text())


def shared_folder(factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of this run, which its workers share."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
