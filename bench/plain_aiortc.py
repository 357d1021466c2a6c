"""Browser calls by aiortc as its documentation uses it: what `bench_webrtc.py` compares ours with.

    python bench/plain_aiortc.py

`POST /whip` takes an offer, `DELETE` ends the call. A track of ours paces 20 ms of a looped prompt, aiortc encodes it;
what the caller says is read by `recv()`, brought to 16 kHz mono as a recogniser needs it, and its level taken. Nothing
else: no recording, no buffer of ours, no limits. Says `ready http://127.0.0.1:PORT`, then one JSON object a line when
a call has ended; ends on SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import signal
import sys
import time
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import aioice.ice
import av
import numpy as np
import soxr
from aiohttp import web
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from asr.audio import read_audio
from tests.support.webrtc_sound import SAMPLES, ClickWatch

HOST = "127.0.0.1"
RATE_HZ = 48_000
FRAME = RATE_HZ // 50
HEARD_HZ = 16_000
PROMPT = "agent_5.wav"


def prompt() -> np.ndarray:
    """What is said over and over: int16 mono at 48 kHz."""
    wide = soxr.resample(read_audio(SAMPLES / PROMPT).astype(np.float32), HEARD_HZ, RATE_HZ)
    return np.clip(wide, -32768, 32767).astype(np.int16)


class PromptTrack(MediaStreamTrack):
    """20 ms every 20 ms, from absolute deadlines."""

    kind = "audio"

    def __init__(self, sound: np.ndarray) -> None:
        super().__init__()
        self._frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, 1, FRAME)
        self._began_s = 0.0
        self._count = 0

    async def recv(self) -> av.AudioFrame:
        """The next frame, when it is due."""
        self._began_s = self._began_s or time.monotonic()
        await asyncio.sleep(max(0.0, self._began_s + self._count * 0.02 - time.monotonic()))
        samples = self._frames[self._count % len(self._frames)]
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._count * FRAME, Fraction(1, RATE_HZ)
        self._count += 1
        return frame


@dataclass(slots=True)
class Call:
    """One caller."""

    caller: str
    peer: RTCPeerConnection
    listening: asyncio.Task[None] | None = None
    frames: int = 0
    missing: int = 0
    """Frames that time stamps jumped over."""
    loudest: float = 0.0
    watch: ClickWatch = field(default_factory=ClickWatch)

    async def listen(self, track: MediaStreamTrack) -> None:
        """Hear the caller until there is nothing more."""
        resampler = av.AudioResampler(format="s16", layout="mono", rate=HEARD_HZ)
        due: int | None = None
        with contextlib.suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                now_ms = time.monotonic() * 1000
                self.frames += 1
                self.missing += 0 if due is None else max(0, frame.pts - due) // FRAME
                due = frame.pts + frame.samples
                for piece in resampler.resample(frame):
                    pcm = piece.to_ndarray()[0]
                    level = float(np.sqrt(np.mean(pcm.astype(np.float32) ** 2)))
                    self.loudest = max(self.loudest, level)
                    self.watch.hear(pcm, now_ms)


class Server:
    """All calls."""

    def __init__(self) -> None:
        self._sound = prompt()
        self._calls: dict[str, Call] = {}

    async def post(self, request: web.Request) -> web.Response:
        """A call comes in."""
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        call = Call(request.query.get("from", ""), peer)
        key = secrets.token_urlsafe(12)
        self._calls[key] = call

        @peer.on("track")
        def on_track(track: MediaStreamTrack) -> None:
            call.listening = asyncio.create_task(call.listen(track))

        @peer.on("connectionstatechange")
        async def on_change() -> None:
            if peer.connectionState in ("closed", "failed"):
                await self._end(key)

        await peer.setRemoteDescription(RTCSessionDescription(await request.text(), "offer"))
        peer.addTrack(PromptTrack(self._sound))
        await peer.setLocalDescription(await peer.createAnswer())
        return web.Response(
            status=201,
            text=peer.localDescription.sdp,
            content_type="application/sdp",
            headers={"Location": f"/whip/{key}"},
        )

    async def delete(self, request: web.Request) -> web.Response:
        """The caller hangs up."""
        await self._end(request.match_info["key"])
        return web.Response()

    async def close(self, *_: object) -> None:
        """End all calls."""
        for key in list(self._calls):
            await self._end(key)

    async def _end(self, key: str) -> None:
        call = self._calls.pop(key, None)
        if call is None:
            return
        await call.peer.close()
        if call.listening is not None:
            await call.listening
        told = {"frames": call.frames, "missing": call.missing, "loudest": round(call.loudest)}
        print(json.dumps({"event": "ended", "caller": call.caller, **told, "clicks": call.watch.at_ms}), flush=True)


async def serve() -> None:
    """Take calls until told to stop."""
    aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [HOST]  # it skips loopback  # noqa: ARG005
    server = Server()
    app = web.Application()
    app.router.add_post("/whip", server.post)
    app.router.add_delete("/whip/{key}", server.delete)
    app.on_shutdown.append(server.close)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    print(f"ready http://{HOST}:{runner.addresses[0][1]}", flush=True)
    await stop.wait()
    await runner.cleanup()
    print(json.dumps({"event": "stopped", "pid": os.getpid()}), flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
