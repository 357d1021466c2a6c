"""`voice-gateway serve` as a process: what it refuses, that it says when it is ready, and how it stops."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.calls import ROOT
from tests.support.command import COMMAND, run

pytestmark = pytest.mark.peers


def refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line that says all the words, exit status 2, nothing on stdout."""
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    last = result.stderr.splitlines()[-1]
    for word in words:
        assert word in last, last


def config(folder: Path, listen: str, more: str = "") -> Path:
    """A settings file in `folder` for a service whose data lies there too."""
    file = folder / "gateway.toml"
    paths = f'flows_dir = "{ROOT / "ivr_flows"}"\ndata_dir = "{folder / "data"}"\n'
    file.write_text(f'{paths}{more}[webrtc]\nlisten = []\n[sip]\nlisten = ["{listen}"]\n', encoding="utf-8")
    return file


@contextmanager
def served(folder: Path, *arguments: str, listen: str = "sip+udp://127.0.0.1:0") -> Iterator[subprocess.Popen[str]]:
    """A service, running; killed at the end if it still is."""
    command = [COMMAND, "serve", "--config", str(config(folder, listen)), *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def ready(process: subprocess.Popen[str]) -> list[tuple[str, int]]:
    """The addresses that it says it listens on: transport and port."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("ready: "), line + (process.stderr.read() if process.stderr and not line else "")
    return [(found[1], int(found[2])) for found in re.finditer(r"sip\+(\w+)://127\.0\.0\.1:(\d+)", line)]


def test_it_refuses_to_run_where_nobody_could_call(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("[webrtc]\nlisten = []\n", encoding="utf-8")
    told = (
        "gateway.toml: sip.listen, webrtc.listen",
        "no address",
        "sip+udp://127.0.0.1:5060",
        "http://127.0.0.1:8080",
    )
    refused(run("serve", cwd=tmp_path), *told)
    assert not (tmp_path / "voice-gateway-data").exists()


def test_bad_settings_are_told_with_the_file_and_the_setting(tmp_path: Path) -> None:
    refused(run("serve", "--config", tmp_path / "absent.toml"), "absent.toml", "no such file")
    file = config(tmp_path, "sip+udp://localhost:5060")
    refused(run("serve", "--config", file), "gateway.toml: sip.listen.0", "localhost")
    (tmp_path / "gateway.toml").write_text('[sip]\nlisten = "sip+udp://127.0.0.1:0"\n', encoding="utf-8")
    refused(run("serve", cwd=tmp_path), "gateway.toml: sip.listen")


def test_an_unknown_hotline_is_told_before_anything_listens(tmp_path: Path) -> None:
    file = config(tmp_path, "sip+udp://127.0.0.1:0")
    refused(run("serve", "--config", file, "--flow", "mobil_hotline"), "mobil_hotline")


def test_an_address_that_is_taken_is_one_clear_error(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        result = run("serve", "--config", config(tmp_path, f"sip+udp://127.0.0.1:{port}"))
    refused(result, f"127.0.0.1:{port}")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_when_it_is_ready_and_stops_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with served(tmp_path) as process:
        ((transport, port),) = ready(process)
        assert (transport, port > 0) == ("udp", True)
        process.send_signal(number)
        out, log = process.communicate(timeout=30)
    assert (process.returncode, out) == (0, ""), log
    assert f"listening on sip+udp://127.0.0.1:{port}" in log
    assert "stopped: 0 calls taken" in log
    assert (tmp_path / "data" / "voice-gateway.db").is_file()


def test_two_services_do_not_share_a_data_folder(tmp_path: Path) -> None:
    with served(tmp_path) as process:
        ready(process)
        refused(run("serve", "--config", tmp_path / "gateway.toml"), "in use by process")
