"""Speech servers on loopback that speak the protocols of FunASR and vosk-server, and can be told to misbehave.

vosk-server's protocol is spoken around the real vosk library, one recogniser for each connection, as the server does
it. A FunASR runtime can't be had as a package: its protocol is spoken here as it is documented, and the words are those
of an engine that the test gives. The server side is websockets' own, on a thread.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
import vosk
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from asr.engine import Pcm

Behaviour = Literal[
    "well",
    "silent",  # takes everything and never answers
    "deaf",  # reads nothing after the handshake
    "breaks_off",  # in the middle of the audio
    "hangs_up",  # politely, in place of the last answer
    "garbage",
    "binary",
    "wrong_types",
    "list",
    "deep",
    "huge",
    "endless",
    "early",  # more answers than questions
]

NONSENSE: dict[str, str | bytes] = {
    "garbage": "<html>502 Bad Gateway</html>",
    "binary": b"\xff\xfe\x00",
    "wrong_types": '{"mode": 7, "text": ["a"], "alternatives": {"b": 1}, "is_final": true}',
    "list": "[1, 2, 3]",
    "deep": "[" * 100_000,
    "huge": '{"mode": "2pass-online", "text": "' + "好" * 3_500_000 + '"}',
}

_BREAKS_OFF_AFTER = 4
_EARLY_ANSWERS = 50
Hear = Callable[[Pcm, Sequence[str]], str]


@dataclass
class SpeechServer:
    """What both kinds have: the thread, the handshake, the misbehaviours and a record of what was asked for."""

    behaviour: Behaviour = "well"
    token: str | None = None
    """Whom it lets in; None: everybody."""
    tls: ssl.SSLContext | None = None
    subprotocols: Sequence[str] | None = None
    port: int = 0
    openings: list[dict[str, Any]] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    """Bytes of the audio messages."""
    open_now: int = 0
    most_open: int = 0
    _handlers: set[asyncio.Task[None] | None] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="speech-server")
        self._thread.start()
        self._server = asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        return f"{'wss' if self.tls else 'ws'}://127.0.0.1:{self.port}/"

    async def _serve(self) -> Server:
        return await serve(
            self._handle,
            "127.0.0.1",
            self.port,
            ssl=self.tls,
            subprotocols=self.subprotocols,
            process_request=self._let_in,
            ping_interval=None,
            close_timeout=0.2,
        )

    async def _end(self) -> None:
        for connection in list(self._server.connections):
            connection.transport.abort()
        handlers = list(self._handlers)
        for task in handlers:
            task.cancel()
        await asyncio.gather(*handlers, return_exceptions=True)
        self._server.close()
        await asyncio.wait_for(self._server.wait_closed(), 5)
        await asyncio.wait_for(self._loop.shutdown_default_executor(), 10)

    def _let_in(self, connection: ServerConnection, request: Request) -> Response | None:
        if self.token is None or request.headers.get("Authorization") == f"Bearer {self.token}":
            return None
        return connection.respond(HTTPStatus.UNAUTHORIZED, "who are you?\n")

    async def _handle(self, connection: ServerConnection) -> None:
        task = asyncio.current_task()
        self._handlers.add(task)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        try:
            await self._misbehave(connection) if self.behaviour != "well" else await self._converse(connection)
        except ConnectionClosed:
            pass
        finally:
            self.open_now -= 1
            self._handlers.discard(task)
            if self.behaviour != "well":
                connection.transport.abort()

    async def _misbehave(self, connection: ServerConnection) -> None:
        if self.behaviour == "deaf":
            connection.transport.pause_reading()
            await asyncio.sleep(60)
        elif self.behaviour == "endless":
            while True:
                await connection.send('{"mode": "2pass-online", "partial": "好", "text": "' + "好" * 500 + '"}')
        elif self.behaviour == "early":
            for _ in range(_EARLY_ANSWERS):
                await connection.send('{"partial": "谁"}')
        async for number, message in _numbered(connection):
            if number == 1 and self.behaviour in NONSENSE:
                await connection.send(NONSENSE[self.behaviour])
            if number == _BREAKS_OFF_AFTER and self.behaviour == "breaks_off":
                return
            if isinstance(message, str) and number > 0 and self.behaviour == "hangs_up":
                await connection.close()

    async def _converse(self, connection: ServerConnection) -> None:
        raise NotImplementedError


async def _numbered(connection: ServerConnection):
    number = 0
    async for message in connection:
        yield number, message
        number += 1


@dataclass
class VoskServer(SpeechServer):
    """vosk-server around a real model."""

    model: vosk.Model | None = None

    async def _converse(self, connection: ServerConnection) -> None:
        rate, phrases, words, readings = 8000.0, None, False, 0
        recogniser = None
        async for message in connection:
            if isinstance(message, str) and "config" in message:
                config = json.loads(message)["config"]
                self.openings.append(config)
                phrases = config.get("phrase_list", phrases)
                rate = float(config.get("sample_rate", rate))
                words = bool(config.get("words", words))
                readings = int(config.get("max_alternatives", readings))
                continue
            if recogniser is None:
                grammar = [json.dumps(phrases, ensure_ascii=False)] if phrases else []
                recogniser = vosk.KaldiRecognizer(self.model, rate, *grammar)
                recogniser.SetWords(words)
                recogniser.SetMaxAlternatives(readings)
            if message == '{"eof" : 1}':
                await connection.send(await asyncio.to_thread(recogniser.FinalResult))
                return
            self.chunks.append(len(message))
            await connection.send(await asyncio.to_thread(_step, recogniser, message))


def _step(recogniser: vosk.KaldiRecognizer, audio: bytes) -> str:
    return recogniser.Result() if recogniser.AcceptWaveform(audio) else recogniser.PartialResult()


@dataclass
class FunasrServer(SpeechServer):
    """A FunASR runtime, with the words of another engine."""

    hear: Hear = lambda pcm, hints: ""
    subprotocols: Sequence[str] | None = ("binary",)
    partial_every_ms: int = 600

    async def _converse(self, connection: ServerConnection) -> None:
        opening = json.loads(await connection.recv())
        self.openings.append(opening)
        hints = list(json.loads(opening.get("hotwords", "{}")))
        streaming = opening["mode"] != "offline"
        audio, heard, due = b"", "", self._partial_bytes
        async for message in connection:
            if isinstance(message, bytes):
                self.chunks.append(len(message))
                audio += message
                if streaming and len(audio) >= due:
                    due += self._partial_bytes
                    text = await asyncio.to_thread(self.hear, np.frombuffer(audio, np.int16), hints)
                    if text.startswith(heard) and text != heard:
                        await connection.send(_result("2pass-online", text[len(heard) :], final=False))
                        heard = text
            elif not json.loads(message)["is_speaking"]:
                text = await asyncio.to_thread(self.hear, np.frombuffer(audio, np.int16), hints)
                if opening["mode"] == "online":
                    await connection.send(_result("2pass-online", text[len(heard) :], final=True))
                else:
                    mode = "2pass-offline" if streaming else "offline"
                    await connection.send(_result(mode, text, final=streaming))

    @property
    def _partial_bytes(self) -> int:
        return self.partial_every_ms * 32


def _result(mode: str, text: str, *, final: bool) -> str:
    answer = {"mode": mode, "wav_name": "call", "text": text, "is_final": final, "timestamp": "[[100,200]]"}
    if not text and mode != "offline":
        del answer["mode"]  # as the runtime does it
    return json.dumps(answer, ensure_ascii=False)


def open_files() -> int:
    """How many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))
