"""A person with a softphone: baresip, as a process of its own, controlled by netstrings of JSON (its `ctrl_tcp`).

It speaks from a WAV and records what it hears into one; all of it on loopback. baresip 1.0.0 stops recording at the
first hold.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import soundfile
import soxr

from gateway.media.frames import SAMPLE_RATE_HZ, Pcm

HOST = "127.0.0.1"
START_S = 10.0
STOP_S = 5.0
MODULES = Path("/usr/lib/baresip/modules")
SILENCE_S = 90.0
"""What is said is followed by so much silence: a microphone doesn't end before the call does."""
CODECS = {"PCMA": ("PCMA/8000/1", 8000, 1), "PCMU": ("PCMU/8000/1", 8000, 1), "G722": ("G722/16000/1", 16000, 1)} | {
    "opus": ("opus/48000/2", 48000, 2)
}
"""Name -> as baresip calls it, and what its microphone has to be: Hz, channels."""
Event = dict[str, Any]

_CONFIG = """\
poll_method epoll
sip_listen {host}:{port}
net_interface {host}
call_local_timeout 20
call_max_calls 4
audio_source aufile,{microphone}
audio_player aubridge,ear
audio_alert aubridge,bell
ausrc_srate {rate_hz}
ausrc_channels {channels}
rtp_ports {rtp_ports}
jitter_buffer_delay 2-5
statmode_default off
ringback_disabled yes
menu_bell no
snd_path {folder}
ctrl_tcp_listen {host}:{control}
module_path {modules}
module opus.so
module g722.so
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module srtp.so
module_tmp uuid.so
module_tmp account.so
module_app ctrl_tcp.so
module_app menu.so
"""


class Softphone:
    """One baresip. A context manager; `close` ends it, whatever it is doing.

    Args:
        folder: for its configuration, recording and log; made, and its alone.
        user: its number.
        codec: the only one that it offers, a key of `CODECS`.
        encryption: `srtp` (offered beside plain sound), `srtp-mand`, or none.
        answers: takes every call at once.
        says: its microphone: mono at 16 kHz, from the moment that a call is up; then it is silent.
        trusts: PEM file with the certificate of a server that it calls by TLS.
    """

    def __init__(
        self,
        folder: Path,
        user: str,
        *,
        codec: str = "PCMA",
        encryption: str = "",
        answers: bool = False,
        says: Pcm | None = None,
        trusts: Path | None = None,
    ) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        name, rate_hz, channels = CODECS[codec]
        self.port = free_ports(3)  # the next one is taken for TLS
        control = self.port + 2
        _write_microphone(folder / "microphone.wav", says, rate_hz, channels)
        settings = _CONFIG.format(
            host=HOST,
            port=self.port,
            control=control,
            folder=folder,
            microphone=folder / "microphone.wav",
            rate_hz=rate_hz,
            channels=channels,
            rtp_ports="30000-31999",
            modules=MODULES,
        )
        (folder / "config").write_text(settings + (f"sip_cafile {trusts}\n" if trusts else ""))
        self.uri = f"sip:{user}@{HOST}:{self.port}"
        options = f";regint=0;audio_codecs={name}"
        options += f";mediaenc={encryption}" if encryption else ""
        options += ";answermode=auto" if answers else ""
        (folder / "accounts").write_text(f"<{self.uri}>{options}\n")
        self.events: list[Event] = []
        self._buffer = b""
        with (folder / "log").open("wb") as log:
            command = ["baresip", "-4", "-s", "-f", str(folder)]
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._socket = self._connect(control)
        except BaseException:
            self._end()
            raise

    def _connect(self, port: int) -> socket.socket:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                connected = socket.create_connection((HOST, port), timeout=START_S)
            except ConnectionRefusedError:
                time.sleep(0.05)
            else:
                connected.settimeout(0.1)
                return connected
        raise AssertionError(f"baresip doesn't start:\n{self.log}")

    @property
    def log(self) -> str:
        """All that it said until now, with every SIP message."""
        return (self.folder / "log").read_text(errors="replace")

    # -------------------------------------------------------------------------------------------------- what it is told

    def tell(self, command: str, parameters: str = "") -> None:
        """One of baresip's long commands: `dial`, `hangup`, `hold`, `resume`, `sndcode`, ..."""
        message = {"command": command, "token": command} | ({"params": parameters} if parameters else {})
        text = json.dumps(message).encode()
        self._socket.sendall(b"%d:%s," % (len(text), text))

    def dial(self, uri: str) -> None:
        """Place a call."""
        self.tell("dial", uri)

    def press(self, keys: str) -> None:
        """Keys of the telephone, by RFC 4733."""
        self.tell("sndcode", keys)

    # ---------------------------------------------------------------------------------------------- what happened to it

    def wait(self, kind: str, within_s: float = 10.0, *, count: int = 1) -> Event:
        """The `count`-th event of a kind (`CALL_ESTABLISHED`, `CALL_CLOSED`, ...), of all that were and are to come."""
        return self.wait_for(lambda event: event.get("type") == kind, kind, within_s, count=count)

    def wait_for(self, wanted: Callable[[Event], bool], what: str, within_s: float = 10.0, *, count: int = 1) -> Event:
        """The `count`-th event that is wanted."""
        deadline = time.monotonic() + within_s
        while True:
            found = [event for event in self.events if wanted(event)]
            if len(found) >= count:
                return found[count - 1]
            if time.monotonic() > deadline:
                told = "\n".join(map(str, self.events))
                raise AssertionError(f"no {what} within {within_s} s; it told\n{told}\nand logged\n{self.log}")
            self._read()

    def _read(self) -> None:
        try:
            data = self._socket.recv(65536)
        except TimeoutError:
            return
        if not data:
            raise AssertionError(f"baresip has ended:\n{self.log}")
        self._buffer += data
        while True:
            length, colon, rest = self._buffer.partition(b":")
            if not colon or len(rest) <= int(length):
                return
            self.events.append(json.loads(rest[: int(length)]))
            self._buffer = rest[int(length) + 1 :]

    def heard(self) -> Pcm:
        """What it heard from the beginning of its first call on, mono at 16 kHz; whole once the call is over."""
        (recording,) = sorted(self.folder.glob("dump-*-dec.wav"))[:1]
        pcm, rate_hz = soundfile.read(recording, dtype="float32", always_2d=True)
        mono = soxr.resample(pcm.mean(axis=1), rate_hz, SAMPLE_RATE_HZ)
        heard: Pcm = np.round(np.clip(mono, -1, 1) * 32767).astype(np.int16)
        return heard

    # ---------------------------------------------------------------------------------------------------------- its end

    def close(self) -> None:
        """End it; a call that is on gets a BYE. Idempotent."""
        self._socket.close()
        self._end()

    def _end(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def free_ports(count: int) -> int:
    """The first of neighbouring ports of loopback that nothing has, for TCP or UDP."""
    while True:
        with ExitStack() as opened:
            first = opened.enter_context(socket.socket())
            first.bind((HOST, 0))
            port: int = first.getsockname()[1]
            try:
                opened.enter_context(socket.socket(type=socket.SOCK_DGRAM)).bind((HOST, port))
                for other in range(port + 1, port + count):
                    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                        opened.enter_context(socket.socket(type=kind)).bind((HOST, other))
            except (OSError, OverflowError):
                continue
            return port


def _write_microphone(path: Path, says: Pcm | None, rate_hz: int, channels: int) -> None:
    spoken = np.zeros(0, np.int16) if says is None else soxr.resample(says, SAMPLE_RATE_HZ, rate_hz)
    pcm = np.concatenate([spoken, np.zeros(int(SILENCE_S * rate_hz), np.int16)])
    soundfile.write(path, np.repeat(pcm[:, None], channels, axis=1), rate_hz, subtype="PCM_16")
