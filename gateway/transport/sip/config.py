"""What an operator may set about the telephone: the table `[sip]` of the settings."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from gateway.strict import Strict
from gateway.transport.config import BROWSER, MAX_PORT, Host, Network, Ports, family, numeric, port_range

CodecName = Literal["PCMA", "PCMU", "G722", "opus"]
SrtpPolicy = Literal["off", "optional", "required"]

_LISTEN = re.compile(r"sip\+(udp|tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[0-9.]+):(\d{1,5})")


class ListenAddress(BaseModel):
    """One address that SIP is spoken on, from `sip+udp://127.0.0.1:5060`."""

    model_config = ConfigDict(frozen=True)

    transport: Literal["udp", "tcp", "tls"]
    host: str
    """Numeric, without brackets."""
    port: int
    """0: any free one."""

    @classmethod
    def parse(cls, uri: str) -> ListenAddress:
        """Raises ValueError, saying how to write it."""
        found = _LISTEN.fullmatch(uri)
        if not found or int(found[3]) > MAX_PORT:
            raise ValueError(f"'{uri}' is no address; write sip+udp://127.0.0.1:5060, or sip+tcp://, sip+tls://")
        host = found[2].strip("[]")
        numeric(host)
        return cls(transport=found[1], host=host, port=int(found[3]))


_ADDRESS_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[0-9.]+):(\d{1,5})")


def _address_and_port(text: str) -> str:
    found = _ADDRESS_AND_PORT.fullmatch(text)
    if not found or not 0 < int(found[2]) <= MAX_PORT:
        raise ValueError(f"'{text}' is no address with a port; write 192.0.2.50:5060")
    numeric(found[1].strip("[]"))
    return text


def _listen(text: str) -> str:
    ListenAddress.parse(text)
    return text


def _number(value: object) -> object:
    """A variable of the environment is text."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


_SIP_URI = re.compile(r"sips?:[^\s<>@;?]+(@[^\s<>@;?]+)?(;[^\s<>?]*)?")


def _sip_uri(text: str) -> str:
    if not _SIP_URI.fullmatch(text):
        raise ValueError(f"'{text}' is no SIP address; write sip:agents@192.0.2.20")
    return text


SipUri = Annotated[str, AfterValidator(_sip_uri)]


class Trunk(Strict):
    """A line that calls come in on: who may send them, and how they prove it."""

    name: Annotated[str, Field(min_length=1, max_length=60)]
    addresses: tuple[Network, ...] = ()
    """Addresses or networks that its calls come from. Without any, it must have a user name."""
    username: str | None = None
    """With it, its calls must answer a digest challenge (RFC 8760)."""
    password: SecretStr | None = None
    max_calls: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """More calls at once are refused with 486."""
    hotline: str | None = None
    """The hotline that all its calls are for, whatever number was called."""

    @model_validator(mode="after")
    def _someone(self) -> Trunk:
        if not self.addresses and self.username is None:
            raise ValueError("a trunk needs addresses or a username, or anybody could call on it")
        if (self.username is None) != (self.password is None):
            raise ValueError("a trunk needs both username and password, or neither")
        return self


class Registration(Strict):
    """A registrar that is told where we are, again and again, for as long as we run."""

    address: SipUri
    """Our address there, such as sip:10086@pbx.example.com."""
    registrar: Annotated[str, AfterValidator(_address_and_port)]
    """Where it is sent, as a numeric address with a port."""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    username: str | None = None
    password: SecretStr | None = None
    expires_s: Annotated[int, Field(ge=10, le=86_400)] = 300

    @model_validator(mode="after")
    def _whole(self) -> Registration:
        if (self.username is None) != (self.password is None):
            raise ValueError("a registration needs both username and password, or neither")
        return self


class SipConfig(Strict):
    """The table `[sip]`. Nothing listens unless `listen` says so."""

    listen: tuple[Annotated[str, AfterValidator(_listen)], ...] = ()
    """Where SIP is spoken: sip+udp://127.0.0.1:5060, sip+tcp://[::1]:5060, sip+tls://0.0.0.0:5061."""
    advertised_address: Host | None = None
    """What others know us by, in Via, Contact and SDP, when it isn't the address that we listen on (NAT, 0.0.0.0)."""
    numbers: dict[str, str] = Field(default_factory=dict)
    """Called number -> hotline; `*` for every other number. Without any, every number is the default hotline's."""
    allow: tuple[Network, ...] = ("127.0.0.0/8", "::1/128")
    """Who may call without being a trunk; loopback alone unless told otherwise."""
    trunks: tuple[Trunk, ...] = ()
    registrations: tuple[Registration, ...] = ()
    realm: Annotated[str, Field(min_length=1, max_length=100, pattern=r'^[^"\\\x00-\x1f]*$')] = "voice-gateway"
    """What digest challenges name us."""

    calls_per_second: Annotated[float, Field(gt=0, le=10_000)] = 50.0
    """New calls that one address may place; more get 503."""
    requests_per_second: Annotated[float, Field(gt=0, le=100_000)] = 500.0
    """Messages that one address may send; more are dropped unread."""

    answer_after_ms: Annotated[int, Field(ge=0, le=60_000)] = 0
    """How long it rings before the hotline answers."""
    early_media: bool = False
    """While it rings, send the ringing tone ourselves (183 with SDP), instead of having their side make it (180)."""
    session_expires_s: Annotated[int, Field(ge=90, le=86_400)] = 1800
    """How long a call may go without sign of life from the other side's signalling (RFC 4028)."""
    min_se_s: Annotated[int, Field(ge=90, le=86_400)] = 90

    codecs: Annotated[tuple[CodecName, ...], Field(min_length=1)] = ("PCMA", "PCMU", "G722", "opus")
    """Our order of preference."""
    ptime_ms: Annotated[Literal[10, 20, 30, 40, 50, 60], BeforeValidator(_number)] = 20
    """Milliseconds in one packet, where the other side doesn't ask for something else."""
    rtp_ports: Ports = "20000-21999"
    """Range of UDP ports for sound; two of them a call."""
    rtp_timeout_s: Annotated[int, Field(ge=1, le=3600)] = 30
    """A call from which no sound comes for so long has lost its line (not while it is on hold)."""
    hold_timeout_s: Annotated[int, Field(ge=1, le=86_400)] = 600
    """A call may be on hold for so long."""
    srtp: SrtpPolicy = "optional"
    """Encrypted sound with keys in the SDP (SDES): `optional` when it is offered, `required`, or `off`."""
    comfort_noise: bool = True
    """Agree on comfort noise (RFC 3389) when it is offered."""
    inband_dtmf: bool = False
    """Listen for key tones in the sound, for lines that send keys no other way."""

    tls_certificate: Path | None = None
    tls_key: Path | None = None
    """PEM files; sip+tls:// needs both."""
    tls_ca: Path | None = None
    """Demand certificates of callers, signed by one of these."""

    queues: dict[str, SipUri] = Field(default_factory=dict)
    """Queue of a `transfer` -> where its people are (sip:agents@192.0.2.20); `*` for every other queue. A queue that
    stands nowhere can't be reached, and the flow goes on at `unavailable`."""
    transfer_timeout_s: Annotated[int, Field(ge=1, le=80)] = 30
    """How long people may take to answer a transferred call."""

    def advertised(self, host: str) -> str | None:
        """What others know the numeric address `host` of ours by, when it isn't that: `advertised_address`, unless that
        is an address of the other family."""
        known = self.advertised_address
        return known if known and family(known) in (None, family(host)) else None

    @property
    def port_range(self) -> range:
        """The ports of `rtp_ports`, both ends included."""
        return port_range(self.rtp_ports)

    @property
    def addresses(self) -> tuple[ListenAddress, ...]:
        """`listen`, read."""
        return tuple(map(ListenAddress.parse, self.listen))

    @model_validator(mode="after")
    def _fits(self) -> SipConfig:
        if any(address.transport == "tls" for address in self.addresses) and not (
            self.tls_certificate and self.tls_key
        ):
            raise ValueError("sip+tls:// needs tls_certificate and tls_key")
        if self.min_se_s > self.session_expires_s:
            raise ValueError("min_se_s may not be longer than session_expires_s")
        if len(set(self.codecs)) < len(self.codecs):
            raise ValueError("codecs: the same one stands there twice")
        names = [trunk.name for trunk in self.trunks]
        if len(set(names)) < len(names):
            raise ValueError("two trunks have the same name")
        if BROWSER in names:
            raise ValueError(f"a trunk can't be named '{BROWSER}': that is the line of calls from browsers")
        for host in (address.host for address in self.addresses):
            if ip_address(host).is_unspecified and self.advertised(host) is None:
                raise ValueError(f"listening on {host} needs advertised_address: others can't answer to that")
        return self
