"""What a browser sends over a page's websocket, let through only while its login stands."""

from __future__ import annotations

import asyncio
from collections import deque

from starlette.types import Message, Receive

from gateway.console.logins import Logins
from gateway.console.presence import Presence
from gateway.errors import StoreError

EVENT = '42["event"'
"""What begins a frame that tells of something a person did (Socket.IO 5 over Engine.IO 4)."""
MAX_HELD = 500
"""Frames that wait for a login; the oldest are lost first."""


class Gate:
    """Receives for one websocket. While its page's login has ended, what the person does there is held, in order, and
    goes on its way once they have logged in again: nothing typed is lost, and nothing happens without a login.

    Args:
        receive: the server's.
        presence: the page.
        logins: asked before every event.
    """

    def __init__(self, receive: Receive, presence: Presence, logins: Logins) -> None:
        self._receive = receive
        self._presence = presence
        self._logins = logins
        self._held: deque[Message] = deque(maxlen=MAX_HELD)
        self._coming: asyncio.Task[Message] | None = None

    async def receive(self) -> Message:
        """The next message that may pass."""
        while True:
            if self._held and self._presence.reopened.is_set():
                return self._held.popleft()
            message = await self._next()
            if message is None:
                continue
            if not str(message.get("text") or "").startswith(EVENT):
                return message
            if self._held or not await self._stands():
                self._held.append(message)
                continue
            return message

    async def _next(self) -> Message | None:
        """The next message, or None when the login stands again before one comes."""
        if not self._held:
            if self._coming is None:
                return await self._receive()
            coming, self._coming = self._coming, None
            return await coming
        if self._coming is None:
            self._coming = asyncio.ensure_future(_message(self._receive))
        reopened = asyncio.ensure_future(self._presence.reopened.wait())
        try:
            await asyncio.wait({self._coming, reopened}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._coming.cancel()
            raise
        finally:
            reopened.cancel()
        if not self._coming.done():
            return None
        coming, self._coming = self._coming, None
        return coming.result()

    async def _stands(self) -> bool:
        presence = self._presence
        if not presence.reopened.is_set():
            return False
        visitor = presence.visitor
        try:
            found = await asyncio.to_thread(self._logins.visitor, visitor.token_sha256, visitor.address)
        except StoreError:
            return True  # what the page does next says so itself, in words
        if found is None:
            presence.lapse()
            return False
        presence.refresh(found)
        return True


async def _message(receive: Receive) -> Message:
    return await receive()
