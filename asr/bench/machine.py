"""What it was measured on, and the memory that an engine takes in a process of its own."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import platform
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from pathlib import Path

from asr.engine import Engine, Pcm, transcribe

_LIBRARIES = ("ctranslate2", "faster-whisper", "vosk", "sherpa-onnx", "onnxruntime", "numpy")
_LONGEST_LOAD_S = 180.0
_CHECKOUT = Path(__file__).parents[2]
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Machine:
    """Enough to tell whether another machine's figures can be compared."""

    cpu: str
    cores: int
    load: float
    """The machine's load average as measuring began: above 1, somebody else was at work."""
    system: str
    python: str
    versions: dict[str, str]
    """Of the installed libraries that compute."""
    date: str
    """ISO 8601, with offset."""
    commit: str | None
    """Of the checkout that was measured; with `+changes` where it had any; None where there is none."""

    @property
    def told(self) -> str:
        """In one line, for a table's caption."""
        built = f", commit {self.commit}" if self.commit else ""
        return f"{self.cpu}, {self.cores} cores, {self.system}, Python {self.python}, {self.date[:10]}{built}"


def this_machine() -> Machine:
    """As it is now."""
    return Machine(
        cpu=_cpu(),
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        load=round(os.getloadavg()[0], 2),
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        versions={name: found for name in _LIBRARIES if (found := _version(name))},
        date=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        commit=_commit(),
    )


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or "unknown CPU")


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str | None:
    if not (_CHECKOUT / ".git").exists():
        return None
    try:
        head = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return head + ("+changes" if changed else "")


def _git(*arguments: str) -> str:
    command = ("git", "-C", str(_CHECKOUT), *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout.strip()  # noqa: S603


def memory_mib(open_engine: Callable[[], Engine], pcm: Pcm, hints: tuple[str, ...] = ()) -> float | None:
    """How much a fresh process grows (RSS, MiB) by loading an engine and hearing one utterance; None where Linux's
    /proc isn't, or the engine doesn't come up within three minutes.

    Args:
        open_engine: must be picklable: the process is spawned and not forked, so that nothing is shared with this one.
    """
    if not _STATUS.exists():
        return None
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_grow, args=(theirs, open_engine, pcm, hints), daemon=True)
    process.start()
    theirs.close()
    try:
        return float(ours.recv()) if ours.poll(_LONGEST_LOAD_S) else None
    except EOFError:  # it died; why, it said on stderr
        return None
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


def _grow(tell: Connection, open_engine: Callable[[], Engine], pcm: Pcm, hints: tuple[str, ...]) -> None:
    before = resident_kib()
    engine = open_engine()
    transcribe(engine, pcm, hints)
    tell.send((resident_kib() - before) / 1024)
    engine.close()


def resident_kib() -> int:
    """What this process occupies of the memory."""
    return int(_STATUS.read_text(encoding="utf-8").partition("VmRSS:")[2].split()[0])
