"""The connections of one remote engine: all on one thread, each bounded in time and in what it holds.

A worker thread hands audio over and goes on; what the network does with it happens here. Nothing waits for a server
longer than it was told to, and no server can make this process hold more than it was told to.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
import threading
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.typing import Subprotocol

from asr.engine import SAMPLE_RATE_HZ
from asr.engines.remote_wire import Hearing, read_answer
from asr.errors import EngineUnavailableError, SpeechError

LARGEST_MESSAGE = 2**20
"""Bytes. A three-minute transcript with the times of all its words has about 60 kB."""
MOST_WAITING_S = 300.0
"""Audio that a server has not taken yet. Longer recordings go through `asr.adapters.segmenting`."""
IDLE_S = 30.0
"""A stream that gets no audio for so long was forgotten by its owner; its connection is given back."""
CLOSE_S = 1.0
"""For a server to say good-bye; nobody waits for it."""

_SAMPLE_BYTES = 2

_wire_log = logging.getLogger(f"{__name__}.wire")
_wire_log.setLevel(logging.WARNING)  # below it, websockets writes down every message, and what callers say with it


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is and how it is spoken to."""

    url: str = field(repr=False)
    shown: str
    """The address without user, password and query, for messages."""
    connect_timeout_s: float
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    tls: ssl.SSLContext | None = None
    """None: the connection is in clear."""
    subprotocols: tuple[str, ...] = ()
    chunk_samples: int = SAMPLE_RATE_HZ // 5

    def failed(self, why: str) -> EngineUnavailableError:
        """The error that says so."""
        return EngineUnavailableError(why, where=self.shown, remedy="see whether this speech server runs and is well")


class Line:
    """The thread on which all connections of one engine live."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="remote-engine", daemon=True)
        self._parting: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()
        self._closed = False
        self._thread.start()

    def open(self, hearing: Hearing) -> Exchange:
        """Begin to connect; returns at once.

        Raises:
            SpeechError: the engine is closed.
        """
        return Exchange(self, hearing)

    def start(self, work: Coroutine[Any, Any, None]) -> Future[None]:
        """Run a coroutine on the thread. Raises SpeechError when the engine is closed."""
        with self._lock:
            if self._closed:
                work.close()
                raise closed_error(self.server)
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    def put(self, queue: asyncio.Queue[bytes | None], item: bytes | None) -> None:
        """Hand something over to the thread. Raises SpeechError when the engine is closed."""
        with self._lock:
            if self._closed:
                raise closed_error(self.server)
            self._loop.call_soon_threadsafe(queue.put_nowait, item)

    def part(self, connection: ClientConnection) -> None:
        """Close a connection politely, in the background. On the thread."""
        task = self._loop.create_task(connection.close())
        self._parting.add(task)
        task.add_done_callback(self._parting.discard)

    def close(self) -> None:
        """End all connections and the thread; idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        asyncio.run_coroutine_threadsafe(self._end(), self._loop)
        self._thread.join(2 * CLOSE_S + 1.0)

    def _run(self) -> None:
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others - self._parting:
            task.cancel()
        if others:
            await asyncio.wait(others, timeout=2 * CLOSE_S)
        with contextlib.suppress(TimeoutError):  # the look-up of a name can't be ended
            await asyncio.wait_for(self._loop.shutdown_default_executor(), CLOSE_S)
        self._loop.stop()


class Exchange:
    """One utterance on one connection. Used by one thread, the connection aside."""

    def __init__(self, line: Line, hearing: Hearing) -> None:
        self.hearing = hearing
        self.partial = ""
        """What was heard so far; `hearing` itself belongs to the connection until `wait` has returned."""
        self._line = line
        self._server = line.server
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._given = 0
        self._taken = 0
        self._over = line.start(self._talk())

    @property
    def waiting_s(self) -> float:
        """Audio that the server has not taken yet."""
        return (self._given - self._taken) / _SAMPLE_BYTES / SAMPLE_RATE_HZ

    def push(self, audio: bytes) -> None:
        """Hand over little-endian int16 samples; returns at once.

        Raises:
            EngineUnavailableError: the connection has failed, or the server takes too little of what it is sent.
        """
        self.check()
        if self.waiting_s > MOST_WAITING_S:
            self.drop()
            raise self._server.failed(f"it has not taken {MOST_WAITING_S:.0f} s of audio")
        self._given += len(audio)
        self._line.put(self._queue, audio)

    def check(self) -> None:
        """See whether the server is still there. Raises EngineUnavailableError when the connection has failed."""
        if self._over.done():
            self.wait(0.0)
            raise self._server.failed("it ended an utterance before its end")

    def end(self) -> None:
        """Say that the utterance is over."""
        self._line.put(self._queue, None)

    def wait(self, timeout_s: float) -> None:
        """Wait for the last answer.

        Raises:
            EngineUnavailableError: it has not come within `timeout_s`, or the connection has failed.
            SpeechError: the engine was closed.
        """
        try:
            self._over.result(max(0.0, timeout_s))
        except CancelledError as error:
            raise closed_error(self._server) from error
        except TimeoutError as error:
            self.drop()
            raise self._server.failed("it gave no answer in time") from error

    def drop(self) -> None:
        """Forget the utterance and hang up."""
        self._over.cancel()

    async def _talk(self) -> None:
        connection = await self._connect()
        done = False
        tasks: list[asyncio.Future[None]] = []
        try:
            await connection.send(self.hearing.opening)
            tasks = [asyncio.ensure_future(self._listen(connection)), asyncio.ensure_future(self._feed(connection))]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()
            done = True
        except ConnectionClosed as error:
            code = error.rcvd.code if error.rcvd else error.sent.code if error.sent else 1006
            raise self._server.failed(f"it broke off the connection (code {code})") from error
        except (OSError, WebSocketException) as error:
            raise self._server.failed(f"the connection failed ({type(error).__name__})") from error
        finally:
            for task in tasks:
                task.cancel()
            if done:
                self._line.part(connection)
            else:
                connection.transport.abort()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _connect(self) -> ClientConnection:
        server = self._server
        try:
            async with asyncio.timeout(server.connect_timeout_s):
                return await connect(
                    server.url,
                    additional_headers=server.headers,
                    subprotocols=[Subprotocol(name) for name in server.subprotocols] or None,
                    compression=None,  # speech doesn't shrink
                    proxy=None,  # callers' voices take no way that nobody chose
                    open_timeout=None,
                    close_timeout=CLOSE_S,
                    max_size=LARGEST_MESSAGE,
                    logger=_wire_log,
                    ssl=server.tls,
                )
        except TimeoutError as error:
            why = f"it did not answer within {server.connect_timeout_s:g} s"
            raise server.failed(why) from error
        except InvalidStatus as error:
            why = f"it refused the connection with HTTP {error.response.status_code}"
            raise server.failed(why) from error
        except ssl.SSLCertVerificationError as error:
            raise EngineUnavailableError(
                f"its certificate is not trusted ({error.verify_message})",
                where=server.shown,
                remedy="give the engine the authority that signed it (`verify`)",
            ) from error
        except (OSError, EOFError, ValueError, WebSocketException) as error:
            raise server.failed(f"it can't be reached ({type(error).__name__})") from error

    async def _listen(self, connection: ClientConnection) -> None:
        async for message in connection:
            try:
                last = self.hearing.take(read_answer(message))
            except ValueError as error:
                raise self._server.failed("it answered what its protocol doesn't know") from error
            self.partial = self.hearing.partial
            if last:
                return
        raise self._server.failed("it hung up before its last answer")

    async def _feed(self, connection: ClientConnection) -> None:
        size = self._server.chunk_samples * _SAMPLE_BYTES
        rest = b""
        while True:
            try:
                async with asyncio.timeout(IDLE_S):
                    audio = await self._queue.get()
            except TimeoutError as error:
                raise self._server.failed(f"no audio came for {IDLE_S:.0f} s") from error
            rest += audio or b""
            least = size if audio is not None else 1
            start = 0
            while len(rest) - start >= least:
                chunk = rest[start : start + size]
                start += len(chunk)
                self.hearing.sent()
                await connection.send(chunk)
                self._taken += len(chunk)
            rest = rest[start:]
            if audio is None:
                self.hearing.ended()
                await connection.send(self.hearing.closing)
                return


def closed_error(server: Server) -> SpeechError:
    """What is said of an engine that was closed."""
    return SpeechError("the engine is closed", where=server.shown, remedy="load it again")
