"""The web site: the page and its files, what it has to know, the calls, a health probe; and the headers of them all."""

from __future__ import annotations

import hashlib
import json
import logging
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import PurePosixPath
from types import MappingProxyType

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler, Middleware

from gateway.errors import TransportError
from gateway.transport.limits import RateLimit
from gateway.transport.webrtc.calls import Calls
from gateway.transport.webrtc.config import IceServer, WebrtcConfig
from gateway.transport.webrtc.door import COMPLAINTS_PER_S, Door, ProblemError, Visit
from gateway.transport.webrtc.whip import VISIT, Whip

log = logging.getLogger(__name__)

INDEX = "index.html"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_NO_STORE = {"Cache-Control": "no-store"}
_HEADERS = MappingProxyType(
    {
        "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "media-src 'self' blob:; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Permissions-Policy": "microphone=(self)",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
)
_HSTS = "max-age=31536000"


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file of the page, as it is sent."""

    body: bytes
    content_type: str
    etag: str
    """Strong, without quotes."""


def read_page(folder: Traversable | None = None) -> Mapping[str, PageFile]:
    """The files of the page by name: those of the package, or of another folder.

    Raises:
        TransportError: there is no index.html.
    """
    folder = files("gateway.transport.webrtc") / "page" if folder is None else folder
    page = {}
    for entry in folder.iterdir() if folder.is_dir() else ():
        content_type = _TYPES.get(PurePosixPath(entry.name).suffix)
        if content_type is not None and entry.is_file():
            body = entry.read_bytes()
            page[entry.name] = PageFile(body, content_type, hashlib.sha256(body).hexdigest()[:32])
    if INDEX not in page:
        raise TransportError("the page is missing", where=str(folder / INDEX), remedy="install the package again")
    return page


def web_app(config: WebrtcConfig, calls: Calls, *, title: str, now_ms: Callable[[], float]) -> web.Application:
    """The whole site, to be run by an AppRunner on each address of `config.listen`.

    Args:
        calls: where calls are opened and found.
        title: of the hotline, for the page.
        now_ms: a clock that never goes back, ms.

    Raises:
        TransportError: the page isn't there, or an ICE server can't be told to pages.
    """
    for server in config.ice_servers:
        _check_sendable(server)
    door = Door(config)
    site = _Site(config, calls, door, title, now_ms)
    options = {
        "access_log": None,  # paths are secrets here
        "logger": _server_log(now_ms),
        "keepalive_timeout": 75.0,
        "lingering_time": 2.0,
        "auto_decompress": False,
    }
    app = web.Application(middlewares=[_doorkeeper(door, now_ms)], handler_args=options)
    app.add_routes(site.routes)
    app.add_routes(Whip(config, calls, door, now_ms).routes)
    app.on_response_prepare.append(_harden)
    return app


class _Site:
    """Everything that is only looked at."""

    def __init__(self, config: WebrtcConfig, calls: Calls, door: Door, title: str, now_ms: Callable[[], float]) -> None:
        self._config = config
        self._calls = calls
        self._door = door
        self._title = title
        self._now_ms = now_ms
        self._page = read_page()

    @property
    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self._index),
            web.get("/page/{name}", self._file),
            web.get("/config.json", self._settings),
            web.get("/healthz", self._health),
        ]

    async def _index(self, request: web.Request) -> web.Response:
        return _send(request, self._page[INDEX])

    async def _file(self, request: web.Request) -> web.Response:
        file = self._page.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        return _send(request, file)

    async def _settings(self, request: web.Request) -> web.Response:
        trusted = self._door.has_token(request[VISIT], self._now_ms())
        settings = {
            "ice_servers": list(map(_ice_server, self._config.ice_servers)) if trusted else [],
            "token_needed": self._door.token_needed,
            "claimed_numbers": self._config.claimed_numbers,
            "title": self._title,
        }
        return _json(settings)

    async def _health(self, request: web.Request) -> web.Response:  # noqa: ARG002 -- aiohttp's signature
        if self._calls.accepting:
            return web.Response(text="ok", headers=_NO_STORE)
        return web.Response(status=503, text="not accepting calls", headers=_NO_STORE)


def _send(request: web.Request, file: PageFile) -> web.Response:
    headers = {"ETag": f'"{file.etag}"', "Cache-Control": "no-cache"}
    if any(tag.value in (file.etag, "*") for tag in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=file.body, headers={**headers, "Content-Type": file.content_type})


def _ice_server(server: IceServer) -> dict[str, str]:
    """An RTCIceServer, as browsers want it."""
    found = {"urls": server.url}
    if server.username is not None and server.password is not None:
        found |= {"username": server.username, "credential": server.password.get_secret_value()}
    return found


def _check_sendable(server: IceServer) -> None:
    """Raises TransportError: a header can't carry it."""
    secret = server.password.get_secret_value() if server.password else ""
    if not (server.url + (server.username or "") + secret).isprintable():
        remedy = "write url, username and password without control characters"
        raise TransportError("it can't be told to pages", where=f"webrtc.ice_servers {server.url!r}", remedy=remedy)


# ------------------------------------------------------------------------------------------------- around every request


def _doorkeeper(door: Door, now_ms: Callable[[], float]) -> Middleware:
    """Shows each request to the door, and tells whoever is refused why."""

    @web.middleware
    async def answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        visit = request[VISIT] = _visit(door, request)
        try:
            door.check_site(visit)
            return await handler(request)
        except ProblemError as problem:
            # Whoever hangs up says so twice, over the connection and here: that call has gone is no news.
            if problem.status < 500 and problem.reason != "gone" and door.is_news(visit, now_ms()):
                log.warning("a request from %s is refused: %s (%d)", visit.client, problem.reason, problem.status)
            return _problem(problem)
        except web.HTTPException as error:
            return _problem(_of_router(error))
        except Exception as error:  # noqa: BLE001 -- the border: callers get an answer, and nothing of the inside
            # Without its message, which may quote a key or a number.
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s while answering a %s\n%s", type(error).__name__, request.method, where)
            return _problem(ProblemError(500, "error", "something went wrong inside the gateway; try again later"))

    return answer


def _visit(door: Door, request: web.Request) -> Visit:
    headers = request.headers
    return Visit(
        client=door.client(request.remote, headers.getall("X-Forwarded-For", ())),
        hosts=tuple(headers.getall("Host", ())),
        origin=headers.get("Origin"),
        authorization=headers.get("Authorization"),
    )


def _of_router(error: web.HTTPException) -> ProblemError:
    if isinstance(error, web.HTTPMethodNotAllowed):
        allow = ", ".join(sorted(error.allowed_methods))
        return ProblemError(405, "method", f"that can't be done here; what can: {allow}", {"Allow": allow})
    if error.status == HTTPStatus.NOT_FOUND:
        return ProblemError(404, "not_found", "nothing is at that address; begin at /")
    return ProblemError(error.status, "bad_request", "the request can't be read; correct the client")


def _problem(problem: ProblemError) -> web.Response:
    """The refusal as problem details (RFC 9457)."""
    told = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "reason": problem.reason,
    }
    answer = _json(told, problem.status, "application/problem+json")
    answer.headers.update(problem.headers)
    if problem.status in (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE):
        answer.force_close()  # the rest of the body may never come
    return answer


def _json(told: Mapping[str, object], status: int = 200, content_type: str = "application/json") -> web.Response:
    return web.Response(body=json.dumps(told).encode(), status=status, content_type=content_type, headers=_NO_STORE)


async def _harden(request: web.Request, response: web.StreamResponse) -> None:
    """The headers of every answer."""
    response.headers.update(_HEADERS)
    response.headers.pop("Server", None)  # tells versions
    if request.secure:
        response.headers["Strict-Transport-Security"] = _HSTS


def _server_log(now_ms: Callable[[], float]) -> logging.Logger:
    """For aiohttp's own complaints about what isn't HTTP: a line once in a while, and nothing of what was sent."""
    complaints = RateLimit(COMPLAINTS_PER_S)

    def cut(record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, HttpProcessingError):  # theirs, not ours
            record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.msg, record.args = f"{record.getMessage()}: {type(error).__name__}", ()
        record.exc_info = record.exc_text = None
        return complaints.allows(record.msg, now_ms())

    logger = logging.Logger(f"{__name__}.http")  # noqa: LOG001 -- one of its own for each site, with its own limit
    logger.parent = log
    logger.addFilter(cut)
    return logger
