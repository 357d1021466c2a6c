"""A receiver of webhooks on a port of this machine: answers as it is told, and remembers what came.

Also a program: `python -m tests.support.webhook_receiver --fail 3` prints its address, then a line for each request.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"a secret of the tests, 32 bytes.").decode()


@dataclass
class Received:
    """One request."""

    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def key(self) -> str:
        return self.headers["webhook-id"]

    @property
    def document(self) -> dict[str, Any]:
        return json.loads(self.body)


Answer = Callable[[Received, asyncio.StreamWriter], Awaitable[None]]


def answering(status: str, body: bytes = b"", **headers: str) -> Answer:
    """An answer with this status line, such as `500 Internal Server Error`."""

    async def answer(_: Received, writer: asyncio.StreamWriter) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{lines}\r\n".encode() + body)

    return answer


async def garbage(_: Received, writer: asyncio.StreamWriter) -> None:
    """No HTTP at all."""
    writer.write(b"\x00\xff220 smtp.example ready\r\n\r\n" * 3)
    writer.close()


async def silent(_: Received, __: asyncio.StreamWriter) -> None:
    """No answer ever."""
    await asyncio.Event().wait()


async def dripping(_: Received, writer: asyncio.StreamWriter) -> None:
    """A header that comes letter by letter and never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def endless(_: Received, writer: asyncio.StreamWriter) -> None:
    """A refusal whose reasons never end."""
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        writer.write(b"nonsense " * 1000)
        await writer.drain()


OK = answering("204 No Content")


def is_signed(received: Received, secret: str = SECRET) -> bool:
    """What docs/sending.md tells receivers to check, written down once more."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = received.headers
    content = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + received.body
    expected = "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, one) for one in told["webhook-signature"].split())


@dataclass
class Receiver:
    """The server. Each request gets the next of `answers`, then `otherwise`."""

    answers: list[Answer] = field(default_factory=list)
    otherwise: Answer = OK
    received: list[Received] = field(default_factory=list)
    accepted: list[Received] = field(default_factory=list)
    """Those that were answered by `OK`."""
    port: int = 0
    _connections: set[asyncio.Task[Any]] = field(default_factory=set)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=hidden"

    @property
    def keys(self) -> list[str]:
        """Of what was accepted, in order, each as often as it came."""
        return [one.key for one in self.accepted]

    async def wait_until(self, done: Callable[[], bool], within_s: float = 20.0) -> None:
        """Until `done`, looked at after each request; raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while not done():
                self._came.clear()
                await self._came.wait()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
                body = await reader.readexactly(int(headers["content-length"]))
                received = Received(headers, body)
                self.received.append(received)
                answer = self.answers.pop(0) if self.answers else self.otherwise
                await answer(received, writer)
                await writer.drain()
                if answer is OK:
                    self.accepted.append(received)
                self._came.set()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the sender has gone, or the test is over
        finally:
            self._came.set()
            writer.close()

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[Receiver]:
        server = await asyncio.start_server(self.handle, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for connection in self._connections:
                connection.cancel()
            await asyncio.gather(*self._connections)


async def _serve(port: int, failures: int) -> None:
    receiver = Receiver([answering("503 Service Unavailable")] * failures)
    async with receiver.serving(port):
        print(receiver.url, flush=True)
        while True:
            await receiver.wait_until(lambda: bool(receiver.received), within_s=86_400)
            for one in receiver.received:
                taken = "taken" if one in receiver.accepted else "refused"
                signed = "signed" if is_signed(one) else "unsigned"
                print(one.key, taken, signed, one.document["DocumentType"], flush=True)
            receiver.received.clear()
            receiver.accepted.clear()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fail", type=int, default=0, help="requests that are refused first")
    told = parser.parse_args()
    asyncio.run(_serve(told.port, told.fail))
