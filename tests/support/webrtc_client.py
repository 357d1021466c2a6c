"""Light browser calls: many in one process, on an event loop, at a small part of what aiortc's own would cost.

    python -m tests.support.webrtc_client http://127.0.0.1:8080 --calls 15 --hold 10 [--loss 0.05]

places the calls, holds them for so long and ends them. On stdout is one JSON object a line: `up` when all are, `ending`
when the hold is over, `report` at the end. As a library, within a test:

    async with Callers() as callers:
        call = await callers.call("http://127.0.0.1:8080", clicking())
        call.press("1")

ICE, DTLS and SCTP are aiortc's, without its RTCPeerConnection. Sound is encoded once for all; packets go out at
absolute deadlines, in four groups 5 ms apart. Once a call is up its socket is ours: what comes is read every 20 ms,
with the time at which the kernel had it, so that our own load disturbs no measurement.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import heapq
import json
import os
import random
import socket
import struct
import sys
import time
from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import aiohttp
import numpy as np
import pylibsrtp
from aiortc import (
    RTCCertificate,
    RTCDataChannel,
    RTCDataChannelParameters,
    RTCDtlsTransport,
    RTCIceGatherer,
    RTCIceTransport,
    RTCSctpTransport,
)
from aiortc.rtp import RtcpPacket, RtcpSdesPacket, RtcpSenderInfo, RtcpSourceInfo, RtcpSrPacket
from aiortc.sdp import SessionDescription

from gateway.media.frames import FRAME_MS, SILENCE, Pcm
from gateway.transport.rtp.packet import is_rtcp, pack_packet
from gateway.transport.rtp.telephone_event import key_packets
from tests.support.callers import percentiles
from tests.support.webrtc_offer import KEY_TYPES, OPUS_TYPE, Blanks, offer
from tests.support.webrtc_sound import OPUS, Sound, clicking, line_noise

HOST = "127.0.0.1"
GROUPS = 4
GROUP_S = 0.005
CONNECT_S = 10.0
SETTLE_S = 1.0
URGENT = -15
"""Who measures must not be late; where the system lets us have it."""
LATE_MS = 40.0
"""A packet that comes so long after the one before it comes too late to be played in time by a browser."""
_TICKS = OPUS.duration_ticks(FRAME_MS)
_REPORT_EVERY = 250
"""Packets: 5 s, as browsers do for sound."""
_ALIVE_EVERY = 50
_SO_TIMESTAMPNS = getattr(socket, "SO_TIMESTAMPNS", 35)
_ROOM = socket.CMSG_SPACE(16)
_TIMESPEC = struct.Struct("@qq").unpack
_PACK = struct.Struct("!BBHII").pack
_OFFERED = RTCSctpTransport.getCapabilities()


class RefusedError(Exception):
    """The call was not taken; `status` and `body` of the HTTP response say why."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status, self.body = status, body


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the line does to the packets of sound that we send; the same every time for one seed."""

    loss: float = 0.0
    """Share of the packets, 0 to 1."""
    reorder: float = 0.0
    """Share of the packets that come 30 ms late: behind one that was sent after them."""
    jitter_ms: float = 0.0
    """Each packet is up to so late, evenly spread."""
    seed: int = 1


@dataclass(slots=True)
class Came:
    """What came back: packets of RTP, by the kernel's clock."""

    packets: int = 0
    first: int = -1
    highest: int = -1
    first_at_s: float = 0.0
    """Of the wall clock."""
    last_at_s: float = 0.0
    gaps_ms: array[float] = field(default_factory=lambda: array("d"))
    reports: int = 0
    """Packets of RTCP."""
    kept: list[tuple[int, bytes]] | None = None
    """Sequence numbers (extended) and payloads, if they are wanted."""

    def note(self, data: bytes, at_s: float) -> int:
        """Count one; its extended sequence number."""
        sequence = data[2] << 8 | data[3]
        if not self.packets:
            self.first = self.highest = sequence
            self.first_at_s = at_s
        else:
            self.gaps_ms.append((at_s - self.last_at_s) * 1000)
        sequence = self.highest + ((sequence - self.highest + 0x8000 & 0xFFFF) - 0x8000)
        self.highest = max(self.highest, sequence)
        self.last_at_s = at_s
        self.packets += 1
        return sequence

    @property
    def lost(self) -> int:
        """Numbers between the first and the highest that did not come."""
        return self.highest - self.first + 1 - self.packets if self.packets else 0

    @property
    def late(self) -> int:
        """Packets that came more than 40 ms after the one before."""
        return sum(gap > LATE_MS for gap in self.gaps_ms)

    def forget(self) -> None:
        """Measure from now on."""
        del self.gaps_ms[:]

    def pcm(self) -> Pcm:
        """What was kept, decoded, int16 at 16 kHz; silence where a packet did not come."""
        decoder = OPUS.decoder()
        kept = dict(self.kept or [])
        numbers = range(min(kept), max(kept) + 1) if kept else ()
        pieces = (decoder.decode(kept[number]) if number in kept else SILENCE for number in numbers)
        return np.concatenate([np.zeros(0, np.int16), *pieces])


class LightCall:
    """One call. Made by `Callers.call`; for the event loop's thread."""

    def __init__(self, sound: Sound, trouble: Trouble, *, data: bool = True, keep: bool = False) -> None:
        self.sound = sound
        self.came = Came(kept=[] if keep else None)
        self.messages: list[tuple[float, Any]] = []
        """From the data channel: when (monotonic, ms), and the JSON that came."""
        self.sent = 0
        """Packets of sound and keys that were due, those that got lost included."""
        self.dropped: list[int] = []
        """Numbers, counted from 0, of those that the line lost."""
        self.clicks: list[float] = []
        """When a packet with a click went out, monotonic, ms."""
        self.over = asyncio.Event()
        """The other side has closed the connection."""
        self.setup_ms = 0.0
        self.location = ""
        self.answer = ""
        self._data = data
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self.begin_trouble(trouble)
        self._waiting: list[bytes] = []
        self._delayed: list[tuple[float, int, bytes]] = []
        self._silent_until_s = self._dead_until_s = 0.0
        self._gone = False
        self._channel: RTCDataChannel | None = None
        self._sctp: RTCSctpTransport | None = None
        self._sock: socket.socket | None = None
        self._gatherer = RTCIceGatherer(iceServers=[])
        self._ice = RTCIceTransport(self._gatherer)
        self._dtls = RTCDtlsTransport(self._ice, [RTCCertificate.generateCertificate()])
        self._dtls.on("statechange", self._changed)

    # ---------------------------------------------------------------------------------------------------- what it does

    @property
    def up(self) -> bool:
        """It is connected, as far as we know."""
        return self._sock is not None and not self._gone and not self.over.is_set()

    def press(self, key: str, *, clock_hz: int = 48_000, press_ms: int = 100) -> None:
        """Press a key: packets of telephone-event (RFC 4733) go out in the place of sound."""
        start = self._sequence, self._timestamp, self._ssrc
        for packet in key_packets(key, KEY_TYPES[clock_hz], start, press_ms=press_ms, clock_hz=clock_hz):
            self._waiting.append(pack_packet(packet))
            self._sequence = self._sequence + 1 & 0xFFFF

    def tell(self, message: Any) -> None:
        """Send JSON, or a text as it is, over the data channel."""
        if self._channel is None:
            raise RuntimeError("the call has no data channel")
        self._channel.send(message if isinstance(message, str) else json.dumps(message, ensure_ascii=False))

    def pause(self, seconds: float) -> None:
        """Send no sound for so long, as with a microphone that is gone; everything else goes on."""
        self._silent_until_s = time.monotonic() + seconds

    def outage(self, seconds: float) -> None:
        """Nothing comes through, neither way, for so long; the sound that was due meanwhile is lost."""
        self._dead_until_s = time.monotonic() + seconds

    def begin_trouble(self, trouble: Trouble) -> None:
        """The line is like this from the next packet on."""
        self._trouble, self._chance = trouble, random.Random(trouble.seed)

    def vanish(self) -> None:
        """Be gone without a word, as a browser that was killed; what comes is not answered any more."""
        self._gone = True

    # ------------------------------------------------------------------------------------------------------ being made

    async def connect(self, session: aiohttp.ClientSession, url: str, headers: dict[str, str], begin_s: float) -> None:
        """Post the offer and connect. Raises RefusedError, TimeoutError, ConnectionError."""
        connection = self._gatherer._connection
        connection.ice_controlling = True
        connection._local_candidates = await connection.get_component_candidates(1, [HOST])
        connection._local_candidates_start = connection._local_candidates_end = True
        own = self._dtls.getLocalParameters().fingerprints
        fingerprint = next(print_.value for print_ in own if print_.algorithm == "sha-256")
        blanks = Blanks(connection.local_username, connection.local_password, fingerprint, self._ssrc, self._data)
        async with session.post(url, data=offer(blanks).encode(), headers=headers) as response:
            self.answer = await response.text()
            if response.status != 201:
                raise RefusedError(response.status, self.answer)
            self.location = urljoin(url, response.headers["Location"])
        media = SessionDescription.parse(self.answer).media
        audio = media[0]
        for candidate in audio.ice_candidates:
            await self._ice.addRemoteCandidate(candidate)
        await self._ice.addRemoteCandidate(None)
        self._dtls._set_role("server" if audio.dtls.role == "client" else "client")
        await self._ice.start(audio.ice)
        if self._ice.state != "completed":
            raise ConnectionError(f"ICE {self._ice.state}")
        await self._dtls.start(audio.dtls)
        if self._dtls.state != "connected":
            raise ConnectionError(f"DTLS {self._dtls.state}")
        self._take_over()
        self.setup_ms = (time.monotonic() - begin_s) * 1000
        if len(media) > 1 and media[1].kind == "application" and media[1].port:
            await self._open_channel(media[1].sctp_port or 5000)

    def _take_over(self) -> None:
        pair = self._gatherer._connection._nominated[1]
        self._protocol, self._remote = pair.protocol, pair.remote_addr
        transport = self._protocol.transport
        self._sock = transport._sock  # type: ignore[attr-defined]
        asyncio.get_running_loop()._remove_reader(self._sock.fileno())  # type: ignore[attr-defined]
        self._sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._protect = self._dtls._tx_srtp.protect

    async def _open_channel(self, port: int) -> None:
        self._sctp = RTCSctpTransport(self._dtls)
        parameters = RTCDataChannelParameters(label="call", negotiated=True, id=0)
        channel = RTCDataChannel(self._sctp, parameters)
        channel.on("message", self._told)
        await self._sctp.start(_OFFERED, port)
        self._channel = channel

    def _told(self, text: str | bytes) -> None:
        with contextlib.suppress(ValueError):
            self.messages.append((time.monotonic() * 1000, json.loads(text)))

    def _changed(self) -> None:
        if self._dtls.state == "closed":
            self.over.set()

    # --------------------------------------------------------------------------------------------------- every 20 ms

    def turn(self) -> None:
        """Send the next 20 ms, read what has come."""
        now_s = time.monotonic()
        if self._gone or self.over.is_set():
            return
        self._read(now_s)
        if now_s >= self._silent_until_s:
            self._say(now_s)
        else:
            self._timestamp = self._timestamp + _TICKS & 0xFFFF_FFFF
        while self._delayed and self._delayed[0][0] <= now_s:
            self._send(heapq.heappop(self._delayed)[2])

    def _say(self, now_s: float) -> None:
        number = self.sent
        at = number % len(self.sound.payloads)
        if self._waiting:
            data = self._waiting.pop(0)
        else:
            data = _PACK(0x80, OPUS_TYPE, self._sequence, self._timestamp, self._ssrc) + self.sound.payloads[at]
            self._sequence = self._sequence + 1 & 0xFFFF
        self._timestamp = self._timestamp + _TICKS & 0xFFFF_FFFF
        self.sent += 1
        trouble = self._trouble
        if now_s < self._dead_until_s or (trouble.loss and self._chance.random() < trouble.loss):
            self.dropped.append(number)
            return
        delay_ms = self._chance.random() * trouble.jitter_ms if trouble.jitter_ms else 0.0
        if trouble.reorder and self._chance.random() < trouble.reorder:
            delay_ms += 30.0
        if at in self.sound.clicks:
            self.clicks.append(time.monotonic() * 1000)
        if delay_ms:
            heapq.heappush(self._delayed, (now_s + delay_ms / 1000, number, data))
        else:
            self._send(data)
        if number % _REPORT_EVERY == _REPORT_EVERY - 1:
            self._report()
        if self._channel is not None and number % _ALIVE_EVERY == 0 and self._channel.readyState == "open":
            self.tell('{"type":"alive"}')

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            self._sock.sendto(self._protect(data), self._remote)  # type: ignore[union-attr]

    def _report(self) -> None:
        """Tell by RTCP what was sent."""
        ntp = int((time.time() + 2_208_988_800) * (1 << 32))
        told = RtcpSenderInfo(ntp, self._timestamp, self.sent & 0xFFFF_FFFF, 0)
        source = RtcpSourceInfo(self._ssrc, [(1, b"caller")])
        data = bytes(RtcpSrPacket(self._ssrc, told)) + bytes(RtcpSdesPacket([source]))
        with contextlib.suppress(OSError):
            self._sock.sendto(self._dtls._tx_srtp.protect_rtcp(data), self._remote)  # type: ignore[union-attr]

    def _read(self, now_s: float) -> None:
        if self._sock is None or self._sock.fileno() < 0:
            return
        receive, came = self._sock.recvmsg, self.came
        while True:
            try:
                data, ancillary, _, source = receive(2048, _ROOM)
            except BlockingIOError:
                return
            except OSError:
                continue
            if now_s < self._dead_until_s or not data:
                continue
            if not 128 <= data[0] < 192:
                self._protocol.datagram_received(data, source)
            elif is_rtcp(data):
                came.reports += 1
                self._control(data)
            else:
                seconds, nanoseconds = _TIMESPEC(ancillary[0][2])
                number = came.note(data, seconds + nanoseconds / 1e9)
                if came.kept is not None:
                    with contextlib.suppress(pylibsrtp.Error):
                        came.kept.append((number, self._dtls._rx_srtp.unprotect(data)[12:]))

    def _control(self, data: bytes) -> None:
        """The last report that the other side sent is there to be looked at."""
        with contextlib.suppress(pylibsrtp.Error, ValueError):
            self.last_report = RtcpPacket.parse(self._dtls._rx_srtp.unprotect_rtcp(data))

    # ---------------------------------------------------------------------------------------------------------- its end

    async def close(self) -> None:
        """Let everything go; a call that has not vanished says good-bye by DTLS. Idempotent."""
        if self._gone:
            self._dtls._ssl = None  # says nothing then
        task = self._dtls._task
        if self._sctp is not None and not self._gone:
            await self._sctp.stop()
        elif self._sctp is not None:
            for cancel in (self._sctp._t1_cancel, self._sctp._t2_cancel, self._sctp._t3_cancel):
                cancel()
        self._sctp = self._channel = None
        await self._dtls.stop()
        if task is not None:
            await asyncio.wait([task])
        await self._ice.stop()
        self._gone = True


class Callers:
    """All calls of one event loop, and the beat that they send at. An async context manager, which ends them all."""

    def __init__(self) -> None:
        self.calls: list[LightCall] = []
        self.late_ms: array[float] = array("d")
        """How late each beat was: our own fault, not the server's."""
        self._groups: list[list[LightCall]] = [[] for _ in range(GROUPS)]
        self._beating: asyncio.Task[None] | None = None

    async def call(
        self,
        url: str,
        sound: Sound | None = None,
        trouble: Trouble | None = None,
        *,
        token: str | None = None,
        query: str = "",
        data: bool = True,
        keep: bool = False,
    ) -> LightCall:
        """Place a call and connect it.

        Args:
            url: where the server is: `http://127.0.0.1:8080`, without `/whip`.
            sound: what the caller says, over and over; a voice with clicks if left out.
            trouble: what the line does to it.
            token: sent as bearer.
            query: after the question mark: `number=10086&from=13900001002`.
            data: offer a data channel.
            keep: keep what comes back, for `came.pcm()`.

        Raises:
            RefusedError: it wasn't taken.
            ConnectionError: it was, and then didn't connect.
            TimeoutError: not within 10 s.
        """
        begin_s = time.monotonic()
        call = LightCall(sound or clicking(), trouble or Trouble(), data=data, keep=keep)
        headers = {"Content-Type": "application/sdp"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self.calls.append(call)
        where = f"{url.rstrip('/')}/whip" + (f"?{query}" if query else "")
        try:
            async with asyncio.timeout(CONNECT_S):
                await call.connect(self._session, where, headers, begin_s)
        except BaseException:
            await call.close()
            self.calls.remove(call)
            raise
        min(self._groups, key=len).append(call)
        return call

    async def hang_up(self, call: LightCall) -> int:
        """End it as a page does: DELETE, then all is let go. The HTTP status."""
        async with self._session.delete(call.location) as response:
            status = response.status
        await self.let_go(call)
        return status

    async def let_go(self, call: LightCall) -> None:
        """End it without DELETE; without a word if it has vanished. It is still among `calls`."""
        for group in self._groups:
            with contextlib.suppress(ValueError):
                group.remove(call)
        await call.close()

    async def __aenter__(self) -> Self:
        self._session = await aiohttp.ClientSession().__aenter__()
        self._beating = asyncio.create_task(self._beat())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for call in self.calls:
            await self.let_go(call)
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait([self._beating])
        await self._session.close()

    async def _beat(self) -> None:
        due_s, turn = time.monotonic(), 0
        while True:
            due_s += GROUP_S
            await asyncio.sleep(max(0.0, due_s - time.monotonic()))
            self.late_ms.append((time.monotonic() - due_s) * 1000)
            for call in list(self._groups[turn % GROUPS]):
                call.turn()
            turn += 1

    def forget(self) -> None:
        """Measure gaps and our own lateness from now on."""
        del self.late_ms[:]
        for call in self.calls:
            call.came.forget()

    def report(self) -> dict[str, Any]:
        """What there is to tell of all calls."""
        gaps = [gap for call in self.calls for gap in call.came.gaps_ms]
        return {
            "calls": len(self.calls),
            "setup_ms": percentiles([call.setup_ms for call in self.calls]),
            "gaps_ms": percentiles(gaps),
            "late": sum(call.came.late for call in self.calls),
            "lost": sum(call.came.lost for call in self.calls),
            "received": sum(call.came.packets for call in self.calls),
            "own_late_ms": percentiles(self.late_ms),
            "messages": dict(Counter(str(m.get("type")) for call in self.calls for _, m in call.messages)),
        }


# -------------------------------------------------------------------------------------------------------- as a command


async def hold(options: argparse.Namespace, tell: Callable[..., None]) -> None:
    """Place, hold, end; told are `up`, `ending` and `report`."""
    refused: Counter[str] = Counter()
    names: dict[int, str] = {}
    async with Callers() as callers:
        for number in range(options.calls):
            name = f"139{number:08d}"
            asked = {"from": name if options.tell_from else "", "number": options.number}
            query = "&".join(f"{field}={value}" for field, value in asked.items() if value)
            try:
                sound = line_noise() if options.noise else clicking()
                call = await callers.call(options.url, sound, token=options.token, query=query, data=options.data)
            except (RefusedError, OSError) as error:
                refused[f"{type(error).__name__}: {error}"] += 1
            else:
                names[id(call)] = name
        await asyncio.sleep(max(options.around, SETTLE_S))
        callers.forget()
        tell("up", calls=sum(call.up for call in callers.calls), hold_s=options.hold)
        cpu_s, began_s = time.process_time(), time.monotonic()
        for number, call in enumerate(callers.calls):
            call.begin_trouble(Trouble(options.loss, options.reorder, options.jitter, options.seed + number))
        await asyncio.sleep(options.hold)
        own = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
        for call in callers.calls:
            call.begin_trouble(Trouble())
        tell("ending", calls=sum(call.up for call in callers.calls))
        report = callers.report()
        await asyncio.sleep(options.around)
        for call in callers.calls:
            with contextlib.suppress(aiohttp.ClientError):
                await callers.hang_up(call)
        each = [
            {"caller": names[id(call)], "sent": call.sent, "dropped": len(call.dropped), "clicks": call.clicks}
            for call in callers.calls
        ]
    trouble_ms = began_s * 1000, (began_s + options.hold) * 1000
    tell("report", own_cpu=round(own, 4), refused=dict(refused), trouble_ms=trouble_ms, **report, each=each)


def main() -> None:
    """Place, hold, end, report."""
    parser = argparse.ArgumentParser(description="Browser callers for a load.")
    parser.add_argument("url", help="http://127.0.0.1:8080")
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--hold", type=float, default=10.0, help="seconds, once all calls are up")
    parser.add_argument("--around", type=float, default=0.0, help="seconds without trouble before and after the hold")
    parser.add_argument("--number", default="", help="the number to call")
    parser.add_argument("--token")
    parser.add_argument("--no-from", dest="tell_from", action="store_false", help="don't say which number calls")
    parser.add_argument("--no-data", dest="data", action="store_false", help="offer no data channel")
    parser.add_argument("--noise", action="store_true", help="line noise instead of a voice with clicks")
    parser.add_argument("--loss", type=float, default=0.0, help="share of the packets that get lost")
    parser.add_argument("--reorder", type=float, default=0.0, help="share of the packets that come 30 ms late")
    parser.add_argument("--jitter", type=float, default=0.0, help="each packet is up to so many ms late")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def tell(event: str, **values: Any) -> None:
        sys.stdout.write(json.dumps({"event": event, **values}) + "\n")
        sys.stdout.flush()

    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, URGENT)
    asyncio.run(hold(options, tell))


if __name__ == "__main__":
    main()
