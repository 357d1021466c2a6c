"""Kamailio as a process of its own, from a configuration file with addresses and paths of the test put in."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.baresip import HOST, free_ports

START_S = 10.0
STOP_S = 5.0
DAEMONS = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])


class Kamailio:
    """One Kamailio. A context manager.

    Args:
        folder: for its files; made, and its alone.
        config: the text of `kamailio.cfg`.
        put_in: what is to be put in for a text of the configuration; each must stand there once. In what is put in,
            `{port}` is the port that it listens on and `{folder}` its folder.
        files: name -> text of further files in the folder.
    """

    def __init__(self, folder: Path, config: str, put_in: Mapping[str, str], files: Mapping[str, str]) -> None:
        folder.mkdir(parents=True)
        self.port = free_ports(1)
        self.address = f"{HOST}:{self.port}"
        for old, new in put_in.items():
            assert config.count(old) == 1, f"'{old}' stands {config.count(old)} times in the configuration"
            config = config.replace(old, new.format(port=self.port, folder=folder))
        for name, text in {"kamailio.cfg": config, **files}.items():
            (folder / name).write_text(text, encoding="utf-8")
        self._control = folder / "control"
        self._log = folder / "log"
        program = shutil.which("kamailio", path=DAEMONS)
        assert program, "this test needs the Debian package kamailio"
        command = [program, "-f", str(folder / "kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "4", "-Y", str(folder)]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._control.exists() and self.ask("core.uptime"):
                return
            time.sleep(0.1)
        raise AssertionError(f"kamailio doesn't start:\n{self.log}")

    @property
    def log(self) -> str:
        """All that it logged until now."""
        return self._log.read_text(errors="replace")

    def ask(self, *command: str) -> str:
        """What `kamcmd` says to a command, empty when it says nothing."""
        program = shutil.which("kamcmd", path=DAEMONS)
        assert program, "this test needs the Debian package kamailio"
        asked = [program, "-s", f"unix:{self._control}", *command]
        return subprocess.run(asked, capture_output=True, text=True, timeout=START_S, check=False).stdout

    def close(self) -> None:
        """End it and its children; idempotent."""
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # a group of its own: nobody else's process is in it
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
