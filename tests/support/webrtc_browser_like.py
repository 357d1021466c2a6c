"""A caller with aiortc's whole RTCPeerConnection, in a process of its own: the nearest thing to a browser without one.

    python -m tests.support.webrtc_browser_like http://127.0.0.1:8080 [--say FILE.wav] [--record FILE.wav]
        [--token TOKEN] [--query number=10086] [--no-data]

dials, says the file once and is silent then, and records what it hears (16 kHz mono) until the call is over. On stdout
is one JSON object a line: `dialed`, `refused`, `connected`, `channel`, `message`, `closed` (by the other side) and at
the end `ended`. It is told on stdin, one order a line:

    hangup          DELETE, then the connection is closed
    close           the connection is closed without DELETE, as when a page is left
    key 5           a key, over the data channel
    tell {...}      any message over the data channel
    hold 2          sends silence for so many seconds

The end of stdin is `hangup` too, so that no caller outlives its test. To vanish, it is killed. As a library:
`BrowserLike` holds one from a test.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
import wave
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
import aioice.ice
import av
import numpy as np
import soxr
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from asr.audio import read_audio
from gateway.media.frames import SAMPLE_RATE_HZ
from tests.support.calls import ROOT

HOST = "127.0.0.1"
RATE_HZ = 48_000
FRAME = RATE_HZ // 50
END_WITHIN_S = 15.0


def say(event: str, **values: Any) -> None:
    """One line for whoever started us."""
    at_ms = round(time.monotonic() * 1000, 1)
    sys.stdout.write(json.dumps({"event": event, "at_ms": at_ms, **values}, ensure_ascii=False) + "\n")
    sys.stdout.flush()


class Microphone(MediaStreamTrack):
    """A file once, silence around it; 20 ms of 48 kHz stereo every 20 ms."""

    kind = "audio"

    def __init__(self, file: Path | None) -> None:
        super().__init__()
        pcm = np.zeros(0, np.int16)
        if file is not None:
            wide = soxr.resample(read_audio(file).astype(np.float32), SAMPLE_RATE_HZ, RATE_HZ)
            pcm = np.clip(wide, -32768, 32767).astype(np.int16)
        padded = np.concatenate([pcm, np.zeros(-len(pcm) % FRAME, np.int16)])
        self._frames = np.repeat(padded, 2).reshape(-1, 1, 2 * FRAME)
        self._silence = np.zeros((1, 2 * FRAME), np.int16)
        self._began_s = 0.0
        self._count = self._said = 0
        self.silent_until_s = 0.0

    async def recv(self) -> av.AudioFrame:
        """The next frame, when it is due."""
        self._began_s = self._began_s or time.monotonic()
        await asyncio.sleep(max(0.0, self._began_s + self._count * 0.02 - time.monotonic()))
        samples = self._silence
        if self._said < len(self._frames) and time.monotonic() >= self.silent_until_s:
            samples = self._frames[self._said]
            self._said += 1
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._count * FRAME, Fraction(1, RATE_HZ)
        self._count += 1
        return frame


class Caller:
    """One call."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._microphone = Microphone(options.say)
        self._peer.addTrack(self._microphone)
        self._heard: list[np.ndarray] = []
        self._listening: asyncio.Task[None] | None = None
        self._location = ""
        self._channel = None
        self.over = asyncio.Event()
        self._peer.on("track", self._listen)
        self._peer.on("connectionstatechange", self._changed)
        if not options.no_data:
            self._channel = self._peer.createDataChannel("call", negotiated=True, id=0, ordered=True)
            self._channel.on("open", lambda: say("channel"))
            self._channel.on("message", lambda text: say("message", message=json.loads(text)))

    async def dial(self, session: aiohttp.ClientSession) -> None:
        """Post the offer; `over` at once when that is refused."""
        await self._peer.setLocalDescription(await self._peer.createOffer())
        url = f"{self._options.url.rstrip('/')}/whip" + (f"?{self._options.query}" if self._options.query else "")
        headers = {"Content-Type": "application/sdp"}
        if self._options.token:
            headers["Authorization"] = f"Bearer {self._options.token}"
        async with session.post(url, data=self._peer.localDescription.sdp.encode(), headers=headers) as response:
            body = await response.text()
            if response.status != 201:
                say("refused", status=response.status, body=body)
                self.over.set()
                return
            self._location = urljoin(url, response.headers["Location"])
        say("dialed", location=self._location)
        await self._peer.setRemoteDescription(RTCSessionDescription(body, "answer"))

    def _listen(self, track: MediaStreamTrack) -> None:
        async def listen() -> None:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
            with contextlib.suppress(MediaStreamError):
                while True:
                    self._heard += [piece.to_ndarray()[0] for piece in resampler.resample(await track.recv())]

        self._listening = asyncio.create_task(listen())

    def _changed(self) -> None:
        state = self._peer.connectionState
        if state == "connected":
            say("connected")
        elif state in ("closed", "failed") and not self.over.is_set():
            say("closed")
            self.over.set()

    async def obey(self, session: aiohttp.ClientSession, order: str) -> None:
        """One order."""
        name, _, rest = order.partition(" ")
        match name:
            case "hangup" | "close" | "":
                self.over.set()
                if name != "close" and self._location:
                    async with session.delete(self._location) as response:
                        say("deleted", status=response.status)
            case "key" if self._channel:
                self._channel.send(json.dumps({"type": "key", "key": rest}))
            case "tell" if self._channel:
                self._channel.send(rest)
            case "hold":
                self._microphone.silent_until_s = time.monotonic() + float(rest)
            case _:
                say("error", what=f"no such order: {order}")

    async def end(self) -> None:
        """Let go of everything; write down what was heard."""
        await self._peer.close()
        if self._listening is not None:
            await self._listening
        heard = np.concatenate([np.zeros(0, np.int16), *self._heard])
        if self._options.record is not None:
            with wave.open(str(self._options.record), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(SAMPLE_RATE_HZ)
                file.writeframes(heard.tobytes())
        rms = float(np.sqrt(np.mean(heard.astype(np.float64) ** 2))) if len(heard) else 0.0
        say("ended", heard_s=round(len(heard) / SAMPLE_RATE_HZ, 2), rms=round(rms))


async def call(options: argparse.Namespace) -> None:
    """One call, from dialling to its end."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [HOST]  # it skips loopback
    told = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(told), sys.stdin)
    async with aiohttp.ClientSession() as session:
        caller = Caller(options)

        async def obey() -> None:
            while not caller.over.is_set():
                await caller.obey(session, (await told.readline()).decode().strip())

        obeying = asyncio.create_task(obey())
        try:
            await caller.dial(session)
            await caller.over.wait()
            await asyncio.wait([obeying], timeout=1.0)
        finally:
            obeying.cancel()
            await asyncio.wait([obeying])
            await caller.end()


class BrowserLike:
    """Holds one caller process from a test. A context manager.

    Args:
        url: `http://127.0.0.1:8080`.
        options: of the command: `"--say", "x.wav"`.
    """

    def __init__(self, url: str, *options: str) -> None:
        self.events: list[dict[str, Any]] = []
        command = [sys.executable, "-m", "tests.support.webrtc_browser_like", url, *options]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, bufsize=1
        )

    def wait(self, event: str, **values: Any) -> dict[str, Any]:
        """Read on until an event of that name comes, with those values; the caller's end fails the test. The tier's
        limit bounds it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            if self.events[-1]["event"] == event and values.items() <= self.events[-1].items():
                return self.events[-1]
        raise AssertionError(f"no {event}; it said {self.events}")

    def wait_message(self, kind: str) -> dict[str, Any]:
        """Read on until a message of the data channel with that `type` comes."""
        while (message := self.wait("message")["message"]).get("type") != kind:
            pass
        return message

    def tell(self, order: str) -> None:
        """One of its orders."""
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """Be gone without a word; idempotent."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.stdin:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        try:
            self.process.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
        if self.process.stdout:
            self.process.stdout.close()


def main() -> None:
    """Dial, obey, end."""
    parser = argparse.ArgumentParser(description="A caller that is nearly a browser.")
    parser.add_argument("url", help="http://127.0.0.1:8080")
    parser.add_argument("--say", type=Path, help="WAV")
    parser.add_argument("--record", type=Path, help="WAV to write")
    parser.add_argument("--token")
    parser.add_argument("--query", default="")
    parser.add_argument("--no-data", action="store_true", help="no data channel")
    asyncio.run(call(parser.parse_args()))


if __name__ == "__main__":
    main()
