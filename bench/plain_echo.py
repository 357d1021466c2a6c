"""What the libraries cost without us: calls answered by aiosipua's parser and SDP, packets sent back as they come.

    python bench/plain_echo.py

One asyncio loop, one raw UDP socket a call, read when something is there. No transactions, no timers, no play-out
buffer, no codec, no pacing: the least that an echo can be. Prints `ready` with its address and its pid, as
`tests.support.sip_server` does; ends with its stdin.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from typing import Any

from aiosipua import SipMessage, SipRequest, SipResponse, negotiate_sdp, parse_sdp, serialize_sdp
from aiosipua.utils import generate_tag

HOST = "127.0.0.1"


class PlainEcho(asyncio.DatagramProtocol):
    """SIP on one socket, and the sound of all calls."""

    def __init__(self) -> None:
        self._sounds: dict[str, socket.socket] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        request = SipMessage.parse(data)
        if not isinstance(request, SipRequest) or request.method == "ACK":
            return
        response = SipResponse(status_code=200, reason_phrase="OK")
        for name in ("Via", "From", "To", "Call-ID", "CSeq"):
            response.headers.append(name, request.headers.get_first(name) or "")
        if request.method == "INVITE":
            self._answer(request, response)
        elif request.method == "BYE":
            self._end(request.call_id or "")
        self._transport.sendto(bytes(response), address)

    def _answer(self, request: SipRequest, response: SipResponse) -> None:
        sound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sound.bind((HOST, 0))
        sound.setblocking(False)
        self._sounds[request.call_id or ""] = sound
        asyncio.get_running_loop().add_reader(sound, self._echo, sound)
        answer, _ = negotiate_sdp(parse_sdp(request.text), HOST, sound.getsockname()[1], [8])
        local = self._transport.get_extra_info("sockname")
        response.headers.set_single("To", f"{request.headers.get_first('to')};tag={generate_tag()}")
        response.headers.set_single("Contact", f"<sip:{HOST}:{local[1]}>")
        response.content_type = "application/sdp"
        response.text = serialize_sdp(answer)

    @staticmethod
    def _echo(sound: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                data, source = sound.recvfrom(2048)
                sound.sendto(data, source)

    def _end(self, call_id: str) -> None:
        if sound := self._sounds.pop(call_id, None):
            asyncio.get_running_loop().remove_reader(sound)
            sound.close()


async def serve() -> None:
    """Echo until stdin ends."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(PlainEcho, local_addr=(HOST, 0))
    address = f"sip+udp://{HOST}:{transport.get_extra_info('sockname')[1]}"
    print(json.dumps({"event": "ready", "addresses": [address], "pid": os.getpid()}), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    transport.close()


if __name__ == "__main__":
    asyncio.run(serve())
