"""What the HTTP side knows of the calls: opened by an offer, found by their key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from gateway.transport.switchboard import Refusal

if TYPE_CHECKING:
    from gateway.transport.webrtc.offer import Fragment, Offer


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a page asks for beside the offer."""

    number: str = ""
    """The number that it wants to call; empty: whoever answers pages."""
    claimed_number: str = ""
    """The number that it says it calls from, unproven."""
    resumes: str = ""
    """The key of a call whose line was lost, which it wants to go on with."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A call that has been answered and waits for its connection."""

    key: str
    """Unguessable: who has it, has the call."""
    etag: str
    """Of the ICE session (RFC 9725 section 4.3.1), without quotes."""
    answer: str
    """SDP."""


class OpenCall(Protocol):
    """A call that is there."""

    @property
    def etag(self) -> str: ...

    @property
    def ufrag(self) -> str:
        """Of the page's ICE session; a fragment with another one asks for an ICE restart."""

    async def add_candidates(self, fragment: Fragment) -> None:
        """Take candidates that the page found later; those that can't be used are left out. Bounded."""

    def hang_up(self) -> None:
        """The caller's wish; idempotent."""


class Calls(Protocol):
    """All of them. For the event loop's thread."""

    @property
    def accepting(self) -> bool:
        """New calls are welcome."""

    async def open(self, offer: Offer, wanted: Wanted) -> Opened | Refusal:
        """Answer an offer, if there is room, within a few seconds.

        Raises:
            OfferError: the offer can't be connected to.
        """

    def get(self, key: str) -> OpenCall | None:
        """The call of that key, until it has ended."""
