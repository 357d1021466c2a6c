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

from gateway.errors import PromptError, refused

OUT = "{out}"
"""Stands in the command for the folder where the WAV files are wanted."""
SET_IT = f"请设成一条命令：读“名字、制表符、要读的话”，写出 `{OUT}/名字.wav`"
"""What to do where the setting is empty."""
START_LIMIT_S = 300.0
"""What a synthesiser may take to start, and ..."""
LINE_LIMIT_S = 10.0
"""... for each line, all together; after that it is ended."""

_WHERE = "合成命令"
_BY_HAND = "请手动运行一次，看看原因"
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
            raise PromptError(f"启动不了：{refused(error)}", where=_WHERE, remedy="请改正设置") from error
        try:
            look = (lambda: progress(_there(lines, out), len(lines))) if progress else (lambda: None)
            status = _wait(process, look, time.monotonic() + limit_s)
        finally:
            _end(process)
        if status is None:
            raise PromptError(f"{limit_s:g} 秒还没做完", where=_WHERE, remedy=_BY_HAND)
        if status:
            complaints.seek(max(0, complaints.seek(0, os.SEEK_END) - _TOLD_BYTES))
            last = complaints.read().decode(errors="replace").strip().rpartition("\n")[2][:200]
            message = f"失败了，退出码 {status}" + (f"：`{last}`" if last else "")
            raise PromptError(message, where=_WHERE, remedy=_BY_HAND)
    _expect(lines, out)


def _arguments(command: str, out: Path) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise PromptError("引号没有合上", where=_WHERE, remedy="请改正设置") from error
    if not any(OUT in word for word in words[1:]):
        raise PromptError(f"里面没有 `{OUT}`", where=_WHERE, remedy=f"请在写输出文件夹的地方写 `{OUT}`")
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
        said = f"没有做出“{lacking[0]}”" + (f"等 {len(lacking)} 条录音" if lacking[1:] else "的录音")
        raise PromptError(said, where=_WHERE, remedy=f"请让它把每一行的 `名字.wav` 写进 `{OUT}`")
    if strange := sorted(there - set(wanted)):
        raise PromptError(
            f"做出了没有要的文件：{'、'.join(strange[:3])}",
            where=_WHERE,
            remedy=f"请让它不要往 `{OUT}` 写别的文件",
        )
