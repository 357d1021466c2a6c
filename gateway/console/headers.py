"""Headers of every answer, and a nonce for the scripts of NiceGUI's pages. ASGI middleware.

The content security policy is as strict as NiceGUI allows: scripts are ours or bear the answer's nonce, so that what
was smuggled into a page doesn't run. NiceGUI needs `eval` (Vue compiles its templates in the browser), and styles in
elements. Plain pages (login, mistakes) have no scripts at all.
"""

from __future__ import annotations

import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NICEGUI_PAGE = "X-NiceGUI-Content"
_COMMON = (
    "default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-src 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}
_STRICT_TRANSPORT = "max-age=31536000"


class SecurityHeaders:
    """The middleware.

    Args:
        app: what is behind it.
        is_secure: browsers come by https, and are told to keep to it.
    """

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self._app = app
        self._is_secure = is_secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        await self._app(scope, receive, _Answer(send, is_secure=self._is_secure).send)


class _Answer:
    """One answer on its way out."""

    def __init__(self, send: Send, *, is_secure: bool) -> None:
        self._send = send
        self._is_secure = is_secure
        self._nonce = ""
        self._start: Message | None = None
        self._body = bytearray()

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            is_page = headers.get(NICEGUI_PAGE) == "page"
            self._nonce = secrets.token_urlsafe(16) if is_page else ""
            scripts = f"'self' 'nonce-{self._nonce}' 'unsafe-eval'" if is_page else "'none'"
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["Content-Security-Policy"] = _COMMON.format(scripts=scripts)
            if self._is_secure:
                headers["Strict-Transport-Security"] = _STRICT_TRANSPORT
            message = {**message, "headers": headers.raw}
            if is_page:
                self._start = message
                return
        if self._start is None:
            await self._send(message)
        else:
            await self._send_page(message)

    async def _send_page(self, message: Message) -> None:
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        start, self._start = self._start, None
        # What is in the page's elements can't be taken for a tag: NiceGUI writes every < of it as &lt;
        body = bytes(self._body).replace(b"<script", f'<script nonce="{self._nonce}"'.encode())
        if start is not None:
            MutableHeaders(raw=start["headers"])["Content-Length"] = str(len(body))
            await self._send(start)
        await self._send({"type": "http.response.body", "body": body})
