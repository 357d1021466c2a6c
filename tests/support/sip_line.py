"""A wire without sockets, lines without sound, and a switchboard that says what it is told, for tests of SIP."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import Any

from aiosipua import SipMessage, SipRequest, SipResponse

from gateway.events import Emit
from gateway.media.frames import SILENCE, Frame
from gateway.transport.leg import Leg, LegInfo
from gateway.transport.rtp.plan import StreamPlan
from gateway.transport.rtp.sender import RtpSender
from gateway.transport.sip.config import SipConfig
from gateway.transport.sip.hop import Carrier, Local
from gateway.transport.sip.media import MediaLine
from gateway.transport.sip.message import BadMessageError, read_message
from gateway.transport.switchboard import Refusal

GATEWAY = ("192.0.2.1", 5060)
PHONE = ("192.0.2.10", 5060)
ALLOWED = ("192.0.2.0/24",)
OURS = Local("udp", GATEWAY[0], GATEWAY[1], GATEWAY[0])
T1 = 500.0
LIFE = 64 * T1
Message = SipRequest | SipResponse


def config(**given: Any) -> SipConfig:
    """Settings that let `PHONE` in."""
    return SipConfig(**{"allow": ALLOWED, **given})


def brief(message: Message) -> str:
    """`200 INVITE` of an answer, `BYE` of a request."""
    if isinstance(message, SipResponse):
        return f"{message.status_code} {message.headers.get('cseq')[0].split()[-1]}"
    return message.method


# ------------------------------------------------------------------------------------------------------------- the line


def read_back(data: bytes) -> Message:
    """What we sent, as the other side reads it. A refusal may have to repeat what was wrong."""
    try:
        return read_message(data)
    except BadMessageError:
        message = SipMessage.parse(data)
        if isinstance(message, SipResponse) and message.status_code in (400, 416, 505):
            return message
        raise


class Wire:
    """Everything that was sent, in order, and where to."""

    def __init__(self) -> None:
        self.sent: list[tuple[tuple[str, int], Message]] = []
        self._read = 0

    def new(self) -> list[Message]:
        """What was sent since the last time this was asked."""
        fresh = self.sent[self._read :]
        self._read = len(self.sent)
        return [message for _, message in fresh]

    def last(self, which: str) -> Any:
        """The last message of that brief."""
        return next(message for _, message in reversed(self.sent) if brief(message) == which)

    def count(self, which: str) -> int:
        """How often it was sent."""
        return sum(brief(message) == which for _, message in self.sent)

    def went_to(self, which: str) -> tuple[str, int]:
        """Where the last of them was sent."""
        return next(remote for remote, message in reversed(self.sent) if brief(message) == which)


@dataclass(frozen=True, eq=False)
class WireHop:
    """A way that keeps what is sent, read by our own parser: what we build must be what we would take."""

    wire: Wire
    remote: tuple[str, int] = PHONE
    local: Local = OURS
    reliable: bool = False
    connected: bool = False

    def send(self, data: bytes) -> None:
        self.wire.sent.append((self.remote, read_back(data)))

    def towards(self, address: tuple[str, int]) -> WireHop:
        return WireHop(self.wire, address, self.local, self.reliable)


def local(carrier: Carrier = "udp", host: str = GATEWAY[0]) -> Local:
    """Our address on a carrier."""
    return Local(carrier, host, GATEWAY[1], host)


# --------------------------------------------------------------------------------------------------- what stands behind


@dataclass
class ScriptedPlace:
    """Room for a call; notes what becomes of it."""

    info: LegInfo
    legs: list[Leg] = field(default_factory=list)
    released: int = 0

    def take(self, leg: Leg, watch: Emit | None = None) -> None:
        self.legs.append(leg)

    def release(self) -> None:
        self.released += 1

    @property
    def settled(self) -> bool:
        """Exactly one of the two was called, once."""
        return len(self.legs) + self.released == 1


class Board:
    """A switchboard that says what it is told to say."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.refusal = refusal
        self.places: list[ScriptedPlace] = []

    @property
    def accepting(self) -> bool:
        return self.refusal is None

    def admit(self, info: LegInfo) -> ScriptedPlace | Refusal:
        if self.refusal:
            return self.refusal
        self.places.append(ScriptedPlace(info))
        return self.places[-1]


@dataclass
class Received:
    """What a stream gives a leg."""

    frame: Frame
    keys: tuple[str, ...]


@dataclass
class QuietStream:
    """A stream without sockets: gives silence, and the keys that it was told."""

    keys: list[str] = field(default_factory=list)
    sent: int = 0
    closed: bool = False
    lost: bool = False
    """Nothing has come since the beginning."""

    def receive(self, now_ms: float) -> Received:
        keys, self.keys = tuple(self.keys), []
        return Received(SILENCE, keys)

    def send(self, frame: Frame) -> None:
        self.sent += 1

    def forget_unread(self) -> None:
        self.keys.clear()

    def silent_ms(self, now_ms: float) -> float:
        """For how long nothing has come."""
        return now_ms if self.lost else 0.0

    def update(self, plan: StreamPlan) -> None:
        if self.closed:
            raise AssertionError("sound on a line that is closed")

    def report(self) -> dict[str, Any]:
        return {"packets": self.sent}

    def close(self) -> None:
        self.closed = True


@dataclass
class QuietPair:
    """Two ports without sockets."""

    port: int
    address: str
    closed: bool = False

    def close(self) -> None:
        self.closed = True


class QuietLine(MediaLine):
    """A line whose stream is quiet; what is agreed on, and when, is real."""

    stream: QuietStream | None  # type: ignore[assignment]

    def __init__(self, config: SipConfig, port: int, local: Local) -> None:
        self.pair = QuietPair(port, local.media_host)
        super().__init__(config, self.pair, None, local.host)  # type: ignore[arg-type]

    @property
    def closed(self) -> bool:
        return self.stream.closed if self.stream else self.pair.closed

    def _follow(self, plan: StreamPlan) -> None:
        if self.pair.closed:
            raise AssertionError("sound on a line that is closed")
        self.stream = self.stream or QuietStream()
        super()._follow(plan)


class QuietSound:
    """Lines for calls, on even ports."""

    def __init__(self, config: SipConfig) -> None:
        self._config = config
        self._ports = itertools.count(20_000, 2)
        self.sender = RtpSender()
        """Never started."""
        self.error: Exception | None = None
        self.lines: list[QuietLine] = []

    def open(self, local: Local) -> QuietLine:
        if self.error:
            raise self.error
        self.lines.append(QuietLine(self._config, next(self._ports), local))
        return self.lines[-1]
