"""The `remote` engine: a FunASR runtime or a vosk-server that already runs somewhere, over WebSocket.

A stream sends its audio while it comes and has partial results as they arrive; both cost the caller's thread no more
than handing them over. What a server can do wrong (be away, be slow, stall, break off, talk nonsense or without end)
ends in an `EngineUnavailableError` within the time that was set, and `asr.adapters.fallback` then has another engine
hear the same audio.
"""

from __future__ import annotations

import ssl
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from asr.engine import SAMPLE_RATE_HZ, Capabilities, ClosedAnswer, Pcm, Transcript
from asr.engines.remote_funasr import FunasrDialect, Mode
from asr.engines.remote_line import Exchange, Line, Server
from asr.engines.remote_vosk import VoskDialect
from asr.engines.remote_wire import Dialect
from asr.errors import SpeechError
from asr.text import to_simplified

CONNECT_TIMEOUT_S = 2.0
ANSWER_TIMEOUT_S = 5.0
"""From the end of an utterance to its last answer."""
PATIENCE = 0.25
"""And so much longer for each second of audio that the server has not taken by then, as of a recording."""

_QUIET = 33
"""-60 dBFS: audio that never exceeds it is silence, and no server is asked about it."""


class RemoteEngine:
    """A speech server. `stream` may be called from any thread; nothing is connected before there is audio.

    Args:
        url: `ws://` or `wss://`; a user and password in it are sent (HTTP Basic) and never shown.
        protocol: what the server speaks.
        mode: how a FunASR runtime is to work; see `FunasrDialect`.
        connect_timeout_s: to be connected.
        answer_timeout_s: from the end of an utterance to its last answer; longer for audio that came all at once.
        token: sent as `Authorization: Bearer`.
        verify: whom a `wss://` server's certificate has to be signed by: True: the system's authorities; a path: those
            of this PEM file, for a certificate of one's own; False: nobody, and whoever answers is believed.
        threads: what every engine may be told; the work is done elsewhere.

    Raises:
        SpeechError: no such address, protocol or mode, or no such file of authorities.
    """

    name = "remote"

    def __init__(  # noqa: PLR0913 - as they stand in the settings
        self,
        *,
        url: str,
        protocol: Literal["funasr", "vosk"] = "funasr",
        mode: Mode = "2pass",
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
        token: str | None = None,
        verify: bool | Path = True,
        threads: int = 1,  # noqa: ARG002
    ) -> None:
        self._dialect = _dialect(protocol, mode)
        shown, secure = _address(url)
        self._answer_timeout_s = answer_timeout_s
        self._line = Line(
            Server(
                url,
                shown,
                connect_timeout_s,
                {"Authorization": f"Bearer {token}"} if token else {},
                _tls(verify) if secure else None,
                self._dialect.subprotocols,
                self._dialect.chunk_samples,
            )
        )

    @property
    def capabilities(self) -> Capabilities:
        """What the protocol lets through; the server's model may do less."""
        return self._dialect.capabilities

    def stream(
        self,
        hints: Sequence[str] = (),
        *,
        answer: ClosedAnswer | None = None,
        quick: bool = False,  # noqa: ARG002 - the server's time isn't ours
    ) -> RemoteStream:
        return RemoteStream(self._line, self._dialect, (tuple(hints), answer), self._answer_timeout_s)

    def close(self) -> None:
        """Hang up everywhere; idempotent."""
        self._line.close()


class RemoteStream:
    """One utterance on its way through a server; see `asr.engine.Stream`."""

    def __init__(
        self,
        line: Line,
        dialect: Dialect,
        expected: tuple[tuple[str, ...], ClosedAnswer | None],
        answer_timeout_s: float,
    ) -> None:
        self._line = line
        self._dialect = dialect
        self._expected = expected
        self._answer_timeout_s = answer_timeout_s
        self._exchanges: list[Exchange] = []
        self._partial = ""
        self._loud = False
        self._samples = 0
        self._transcript: Transcript | None = None

    def accept(self, pcm: Pcm) -> str | None:
        """Take more audio, or none; return the partial text when it changed. Never waits for the server.

        Raises:
            EngineUnavailableError: the connection has failed, or the server takes too little of what it is sent.
            SpeechError: the stream has finished, or the engine is closed.
        """
        if self._transcript is not None:
            raise SpeechError("this utterance is over", where=self._line.server.shown, remedy="open a new stream")
        if len(pcm):
            self._send(pcm)
        if not self._exchanges:
            return None
        for exchange in self._exchanges:
            exchange.check()
        partial = to_simplified(self._exchanges[0].partial)
        if partial == self._partial:
            return None
        self._partial = partial
        return partial

    def finish(self) -> Transcript:
        """What was heard. Asked again, the same.

        Raises:
            EngineUnavailableError: the connection has failed, or there was no answer in time.
            SpeechError: the engine is closed.
        """
        if self._transcript is None:
            began_s = time.perf_counter()
            audio_ms = self._samples * 1000 // SAMPLE_RATE_HZ
            text, confidence, others = self._ask() if self._loud else ("", 0.0, ())
            self._hang_up()
            spent_ms = (time.perf_counter() - began_s) * 1000.0
            rejected = None if text else "silence"
            self._transcript = Transcript(text, confidence, others, rejected, audio_ms, spent_ms)
        return self._transcript

    def _send(self, pcm: Pcm) -> None:
        self._samples += len(pcm)
        self._loud = self._loud or int(pcm.max()) > _QUIET or int(pcm.min()) < -_QUIET
        if not self._exchanges:
            self._connect()
        audio = pcm.astype("<i2").tobytes()
        for exchange in self._exchanges:
            exchange.push(audio)

    def _connect(self) -> None:
        hearings = self._dialect.hearings(*self._expected)
        for hearing in hearings:
            exchange = self._line.open(hearing)
            self._exchanges.append(exchange)
            # Nobody is obliged to finish a stream: a caller may hang up in the middle of a word.
            weakref.finalize(self, exchange.drop)

    def _ask(self) -> tuple[str, float, tuple[str, ...]]:
        waiting_s = max(exchange.waiting_s for exchange in self._exchanges)
        until_s = time.monotonic() + self._answer_timeout_s + PATIENCE * waiting_s
        try:
            for exchange in self._exchanges:
                exchange.end()
            for exchange in self._exchanges:
                exchange.wait(until_s - time.monotonic())
        except SpeechError:
            self._hang_up()
            raise
        heard = self._dialect.heard([exchange.hearing for exchange in self._exchanges])
        text = to_simplified(heard.text)
        others = dict.fromkeys(to_simplified(other) for other in heard.alternatives)
        return text, heard.confidence, tuple(other for other in others if other not in ("", text))

    def _hang_up(self) -> None:
        for exchange in self._exchanges:
            exchange.drop()


def _dialect(protocol: str, mode: Mode) -> Dialect:
    if mode not in ("offline", "online", "2pass"):
        raise SpeechError("there is no such mode", where=repr(mode), remedy="choose offline, online or 2pass")
    if protocol == "funasr":
        return FunasrDialect(mode)
    if protocol == "vosk":
        return VoskDialect()
    raise SpeechError("there is no such protocol", where=repr(protocol), remedy="choose funasr or vosk")


def _address(url: str) -> tuple[str, bool]:
    """How the address is shown, and whether it asks for TLS."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise SpeechError("this is no address of a WebSocket server", where="url", remedy="write wss://host:port/")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path}", parts.scheme == "wss"


def _tls(verify: bool | Path) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if isinstance(verify, bool) else str(verify))
    except (OSError, ssl.SSLError) as error:
        raise SpeechError(
            f"the authorities of speech servers can't be read ({type(error).__name__})",
            where=str(verify),
            remedy="name a readable PEM file",
        ) from error
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
