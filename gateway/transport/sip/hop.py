"""The next hop: a peer that messages come from and go to, whatever carries them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Carrier = Literal["udp", "tcp", "tls"]


@dataclass(frozen=True, slots=True)
class Local:
    """One of our addresses, as others are to write it."""

    carrier: Carrier
    host: str
    """What others know us by: numeric without brackets, or a name."""
    port: int
    media_host: str
    """Where our sockets for sound are bound, numeric."""


class Hop(Protocol):
    """A peer and the way to it. Sending never blocks and never raises; what gets lost is for transactions to notice."""

    @property
    def local(self) -> Local:
        """Ours, at this end of the way."""

    @property
    def remote(self) -> tuple[str, int]:
        """The peer's address: numeric host, port."""

    @property
    def reliable(self) -> bool:
        """What is sent arrives or the way is gone: nothing is sent twice (TCP, TLS)."""

    @property
    def connected(self) -> bool:
        """There is a connection, and what is sent goes through it; never so for UDP."""

    def send(self, data: bytes) -> None:
        """Send one message."""

    def towards(self, address: tuple[str, int]) -> Hop:
        """The way to another address over the same carrier."""
