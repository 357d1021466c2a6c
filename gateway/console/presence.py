"""Pages that are open in browsers, by NiceGUI's id of each: whose they are, and whether their login still stands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from gateway.console.rights import Visitor


class Presence:
    """One open page.

    Args:
        visitor: whose it is.
        ask: has the page ask them to log in again.
    """

    def __init__(self, visitor: Visitor, ask: Callable[[], None]) -> None:
        self.visitor = visitor
        """As they were when last asked for; another login after they have logged in again."""
        self.reopened = asyncio.Event()
        """The login stands; cleared while it doesn't."""
        self.reopened.set()
        self._ask = ask

    def lapse(self) -> None:
        """Their login has ended: what they do waits until they have logged in again."""
        self.reopened.clear()
        self._ask()

    def reopen(self, visitor: Visitor) -> bool:
        """They have logged in again. False when they may see something else now, and the page must be drawn anew."""
        same = (visitor.role, visitor.scope) == (self.visitor.role, self.visitor.scope)
        self.visitor = visitor
        self.reopened.set()
        return same

    def refresh(self, visitor: Visitor) -> None:
        """As they are now, unless they have logged in again meanwhile."""
        if visitor.token_sha256 == self.visitor.token_sha256:
            self.visitor = visitor


Presences = dict[str, Presence]
