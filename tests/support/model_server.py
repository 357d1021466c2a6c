"""An HTTP server on loopback that gives model files, and misbehaves as it is told."""

from __future__ import annotations

import socket
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass
class Answer:
    """How one request is answered."""

    body: bytes = b""
    status: int = 200
    etag: str | None = '"1"'
    ranges: bool = True
    """Honours Range and If-Range."""
    cut_after: int | None = None
    """Breaks the connection after so many bytes of the body."""
    claim: int | None = None
    """Says this Content-Length; 0 to say none at all."""
    pause_s: float = 0.0
    """Between pieces of `piece` bytes."""
    piece: int = 1 << 16
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """One request."""

    path: str
    range: str | None
    if_range: str | None


class ModelServer:
    """Answers in the order given for a path; the last answer is repeated."""

    def __init__(self) -> None:
        self.answers: defaultdict[str, list[Answer]] = defaultdict(list)
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.model_server = self  # type: ignore[attr-defined]
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01), name="model server")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def give(self, path: str, *answers: Answer) -> str:
        """Answer requests for the path so; return its address."""
        self.answers[path] = list(answers)
        return self.url + path

    def next_answer(self, asked: Asked) -> Answer:
        with self._lock:
            self.asked.append(asked)
            answers = self.answers[asked.path] or [Answer(status=404)]
            return answers.pop(0) if len(answers) > 1 else answers[0]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()  # joins the handlers' threads
        self._thread.join()


@contextmanager
def model_server() -> Iterator[ModelServer]:
    """A server that runs until the block ends."""
    server = ModelServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: ModelServer = self.server.model_server  # type: ignore[attr-defined]
        asked = self.headers.get("Range")
        answer = server.next_answer(Asked(urlsplit(self.path).path, asked, self.headers.get("If-Range")))
        start = self._start(answer, asked)
        body = answer.body[start:]
        if start >= len(answer.body) and asked and start:
            self._head(416, {"Content-Range": f"bytes */{len(answer.body)}", "Content-Length": "0"})
            return
        status = 206 if start and answer.status == 200 else answer.status
        headers = dict(answer.headers)
        if answer.etag:
            headers["ETag"] = answer.etag
        if status == 206:
            headers.setdefault("Content-Range", f"bytes {start}-{len(answer.body) - 1}/{len(answer.body)}")
        if answer.claim != 0:
            headers["Content-Length"] = str(len(body) if answer.claim is None else answer.claim)
        self._head(status, headers)
        self._send(server, answer, body)

    def _start(self, answer: Answer, asked: str | None) -> int:
        same = answer.status == 200 and answer.etag is not None and self.headers.get("If-Range") in (None, answer.etag)
        return int(asked.removeprefix("bytes=").partition("-")[0]) if asked and answer.ranges and same else 0

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True

    def _send(self, server: ModelServer, answer: Answer, body: bytes) -> None:
        end = len(body) if answer.cut_after is None else min(answer.cut_after, len(body))
        try:
            for at in range(0, end, answer.piece):
                self.wfile.write(body[at : min(end, at + answer.piece)])
                if answer.pause_s and server.closing.wait(answer.pause_s):
                    return
            if answer.cut_after is not None:
                self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the client has gone, as it may

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        pass
