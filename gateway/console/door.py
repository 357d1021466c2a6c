"""The door: everything but the login, its style and NiceGUI's own files needs a login, websockets included.

ASGI middleware around the whole application. `needs(right)` is for plain HTTP routes.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import HTTPException, Request
from starlette.datastructures import URL
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.console.config import Settings
from gateway.console.csrf import HEADER, is_csrf_token
from gateway.console.gate import Gate
from gateway.console.logins import Logins, digest
from gateway.console.plain import on_store_error, problem, refusal, wants_page
from gateway.console.presence import Presences
from gateway.console.rights import Right, Visitor
from gateway.errors import StoreError
from gateway.store import Store
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.door import Door, ProblemError, Visit

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WEBSOCKETS = "/_nicegui_ws/"
PASSWORDS_AT_ONCE = 2
"""Each takes 64 MiB and 0.1 s of a core."""
_OPEN = re.compile(
    r"/(login(/again)?|static/[^/]+|favicon\.ico|_nicegui/[^/]+/(static|libraries|components|resources|esm)/.+)"
)
"""What anybody may have: it is the same for everybody, and part of what is published."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the console works with; `request.state.surroundings`."""

    settings: Settings
    store: Store
    logins: Logins
    presences: Presences = field(default_factory=dict)
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PASSWORDS_AT_ONCE))
    """Passwords are tried in turn."""

    @property
    def cookie(self) -> str:
        """The name of the cookie with the login's token; of the prefix that binds it to this host, when it is secure
        (RFC 6265bis, section 4.1.3)."""
        return "__Host-vg_login" if self.settings.console.is_secure else "vg_login"

    @property
    def form_cookie(self) -> str:
        """The name of the cookie that the login form is bound to."""
        return "__Host-vg_form" if self.settings.console.is_secure else "vg_form"

    def set_cookie(self, response: Response, name: str, value: str) -> None:
        """A cookie of ours, until the browser is closed."""
        response.set_cookie(
            name, value, path="/", secure=self.settings.console.is_secure, httponly=True, samesite="lax"
        )


class ConsoleDoor:
    """The middleware.

    Args:
        app: what is behind it.
        surroundings: given to what is behind it.
    """

    def __init__(self, app: ASGIApp, surroundings: Surroundings) -> None:
        self._app = app
        self._surroundings = surroundings
        config = surroundings.settings.console
        self._site = Door(WebrtcConfig(host_names=config.names, trusted_proxies=config.trusted_proxies))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or one websocket."""
        if scope["type"] == "http":
            await self._http(Request(scope, receive), scope, receive, send)
        elif scope["type"] == "websocket":
            await self._websocket(HTTPConnection(scope), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _http(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        response: Response | None
        try:
            self._enter(request)
            response = await self._let_in(request)
        except ProblemError as error:
            response = problem(request, error)
        except StoreError as error:
            response = await on_store_error(request, error)
        await (response or self._app)(scope, receive, send)

    async def _let_in(self, request: Request) -> Response | None:
        """Finds out who it is. Returns the answer to somebody who isn't let in."""
        path = request.url.path
        if path.startswith(WEBSOCKETS):
            return refusal(request, HTTPStatus.NOT_FOUND)  # of its two transports, only the websocket is checked
        if request.method not in SAFE_METHODS and request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return refusal(request, HTTPStatus.FORBIDDEN, "这个请求来自别的网站，已被拒绝。")
        if _OPEN.fullmatch(path):
            return None
        visitor = await self._visitor(request)
        if visitor is None:
            return _to_login(request)
        request.state.visitor = visitor
        return None

    async def _websocket(self, connection: HTTPConnection, scope: Scope, receive: Receive, send: Send) -> None:
        gate = None
        try:
            self._enter(connection)
            visitor = await self._visitor(connection)
            if visitor is not None and "origin" in connection.headers and connection.url.path.startswith(WEBSOCKETS):
                gate = self._gate(connection, visitor, receive)
        except (ProblemError, StoreError):
            gate = None
        if gate is None:
            await receive()  # websocket.connect
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the browser gets a 403
        else:
            await self._app(scope, gate, send)

    def _gate(self, connection: HTTPConnection, visitor: Visitor, receive: Receive) -> Receive | None:
        """What the websocket of a page receives by; None for somebody else's page."""
        client = parse_qs(connection.url.query).get("client_id", [""])[0]
        presence = self._surroundings.presences.get(client)
        if presence is None:
            return receive  # NiceGUI has no such page either, and has the browser load it anew
        if presence.visitor.account != visitor.account:
            return None
        return Gate(receive, presence, self._surroundings.logins).receive

    def _enter(self, connection: HTTPConnection) -> None:
        """Note where it comes from. Raises ProblemError for a request that isn't meant for us."""
        headers = connection.headers
        peer = connection.client.host if connection.client else None
        visit = Visit(
            client=self._site.client(peer, headers.getlist("x-forwarded-for")),
            hosts=headers.getlist("host"),
            origin=headers.get("origin"),
        )
        connection.state.surroundings = self._surroundings
        connection.state.address = visit.client
        connection.state.source = visit.source
        self._site.check_site(visit)

    async def _visitor(self, connection: HTTPConnection) -> Visitor | None:
        """Whose login the browser has. Raises StoreError."""
        token = connection.cookies.get(self._surroundings.cookie, "")
        connection.state.token = token
        if not token:
            return None
        return await asyncio.to_thread(self._surroundings.logins.visitor, digest(token), connection.state.address)


def needs(right: Right) -> Callable[[Request], Awaitable[Visitor]]:
    """For `Depends`: who asks, when they have the right.

    Raises:
        HTTPException: 403 without it, or without the token of our own pages where something is changed.
    """

    async def visitor(request: Request) -> Visitor:
        found: Visitor | None = getattr(request.state, "visitor", None)
        if found is None:
            raise HTTPException(HTTPStatus.UNAUTHORIZED)
        if not found.may(right):
            raise HTTPException(HTTPStatus.FORBIDDEN)
        if request.method not in SAFE_METHODS:
            check_token(request, request.headers.get(HEADER, ""))
        return found

    return visitor


def check_token(request: Request, given: str) -> None:
    """Raises HTTPException (403) unless `given` is a token of a page of this login."""
    if not is_csrf_token(getattr(request.state, "token", ""), given):
        raise HTTPException(HTTPStatus.FORBIDDEN, "页面已过期，请刷新后再试。")


def surroundings_of(connection: HTTPConnection) -> Surroundings:
    """What the door has put there."""
    found = connection.state.surroundings
    if not isinstance(found, Surroundings):
        raise TypeError("the request didn't come through the door")
    return found


def _to_login(request: Request) -> Response:
    if request.method not in SAFE_METHODS or not wants_page(request):
        return refusal(request, HTTPStatus.UNAUTHORIZED)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(str(URL("/login").include_query_params(next=wanted)), HTTPStatus.SEE_OTHER)
