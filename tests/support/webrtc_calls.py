"""Calls for the web site's tests: nobody speaks in them, but they are opened, found by their key and hung up."""

from __future__ import annotations

from dataclasses import dataclass, field

from gateway.transport.switchboard import Refusal
from gateway.transport.webrtc.calls import Opened, Wanted
from gateway.transport.webrtc.offer import Fragment, Offer

ANSWER = "v=0\r\ns=answer\r\n"


@dataclass
class FakeCall:
    """An OpenCall."""

    calls: FakeCalls
    key: str
    etag: str
    ufrag: str
    fragments: list[Fragment] = field(default_factory=list)

    async def add_candidates(self, fragment: Fragment) -> None:
        self.fragments.append(fragment)

    def hang_up(self) -> None:
        self.calls.open_calls.pop(self.key, None)


@dataclass
class FakeCalls:
    """A Calls. `then` is what comes of the next offers: a call, a refusal, or an error that is raised."""

    accepting: bool = True
    then: Refusal | Exception | None = None
    wanted: list[Wanted] = field(default_factory=list)
    open_calls: dict[str, FakeCall] = field(default_factory=dict)

    async def open(self, offer: Offer, wanted: Wanted) -> Opened | Refusal:
        self.wanted.append(wanted)
        if isinstance(self.then, Exception):
            raise self.then
        if self.then is not None:
            return self.then
        number = len(self.wanted)
        call = FakeCall(self, f"secret-{number}", f"session-{number}", offer.ice.usernameFragment)
        self.open_calls[call.key] = call
        return Opened(call.key, call.etag, ANSWER)

    def get(self, key: str) -> FakeCall | None:
        return self.open_calls.get(key)
