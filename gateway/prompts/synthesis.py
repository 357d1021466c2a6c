"""The hotline's voice from a synthesiser: any command that reads NAME<tab>TEXT lines and writes NAME.wav files."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from gateway.errors import PromptError

OUT = "{out}"
"""Stands in the command for the folder where the WAV files are wanted."""
START_LIMIT_S = 300.0
"""What a synthesiser may take to start, and ..."""
LINE_LIMIT_S = 10.0
"""... for each line, all together; after that it is ended."""

_WHERE = "synthesiser"
_LOOK_S = 0.2
_TOLD_BYTES = 2000

Progress = Callable[[int, int], None]
"""Told how many files are there, and how many are wanted."""


def synthesise(
    command: str,
    lines: Mapping[str, str],
    out: Path,
    *,
    progress: Progress | None = None,
    limit_s: float | None = None,
) -> None:
    """Have `out`/NAME.wav made for every NAME -> text of `lines`.

    Args:
        command: a command line; `{out}` in it stands for `out`. It gets the lines on its standard input.
        out: an empty folder.
        limit_s: when it is ended; by default by START_LIMIT_S and LINE_LIMIT_S.

    Raises:
        PromptError: the command can't be started, fails, takes too long, or doesn't write just these files.
    """
    limit_s = START_LIMIT_S + LINE_LIMIT_S * len(lines) if limit_s is None else limit_s
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as complaints:
        told.write("".join(f"{name}\t{text}\n" for name, text in lines.items()).encode())
        told.seek(0)
        try:
            process = subprocess.Popen(  # noqa: S603 -- the operator's own command, and no shell
                _arguments(command, out),
                stdin=told,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                start_new_session=True,
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise PromptError(f"can't be started: {reason}", where=_WHERE, remedy="correct the setting") from error
        try:
            look = (lambda: progress(_there(lines, out), len(lines))) if progress else (lambda: None)
            status = _wait(process, look, time.monotonic() + limit_s)
        finally:
            _end(process)
        if status is None:
            raise PromptError(f"not done after {limit_s:g} s", where=_WHERE, remedy="see why by running it by hand")
        if status:
            complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - _TOLD_BYTES))
            last = complaints.read().decode(errors="replace").strip().rpartition("\n")[2][:200]
            message = f"failed with exit status {status}" + (f": {last}" if last else "")
            raise PromptError(message, where=_WHERE, remedy="see why by running it by hand")
    _expect(lines, out)


def _arguments(command: str, out: Path) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise PromptError(f"not a command line: {error}", where=_WHERE, remedy="close the quotation") from error
    if not any(OUT in word for word in words[1:]):
        raise PromptError(f"the command has no {OUT}", where=_WHERE, remedy=f"write {OUT} where its output folder goes")
    return [word.replace(OUT, str(out)) for word in words]


def _wait(process: subprocess.Popen[bytes], look: Callable[[], None], until_s: float) -> int | None:
    """The exit status; None when the time is up."""
    while time.monotonic() < until_s:
        try:
            status = process.wait(timeout=_LOOK_S)
        except subprocess.TimeoutExpired:
            look()
        else:
            look()
            return status
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """With everything that it started; also when we are the ones who are interrupted."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _there(lines: Mapping[str, str], out: Path) -> int:
    return sum((out / f"{name}.wav").exists() for name in lines)


def _expect(lines: Mapping[str, str], out: Path) -> None:
    wanted = {f"{name}.wav": text for name, text in lines.items()}
    there = {path.name for path in out.iterdir()}
    if lacking := [text for name, text in wanted.items() if name not in there]:
        said = f"made no recording of '{lacking[0]}'" + (f" and {len(lacking) - 1} more" if lacking[1:] else "")
        raise PromptError(said, where=_WHERE, remedy=f"have it write NAME.wav for each line into {OUT}")
    if strange := sorted(there - set(wanted)):
        raise PromptError(
            f"made files nobody asked for: {', '.join(strange[:3])}",
            where=_WHERE,
            remedy=f"have it write nothing else into {OUT}",
        )
