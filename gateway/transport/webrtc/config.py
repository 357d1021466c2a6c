"""What an operator may set about callers from browsers: the table `[webrtc]` of the settings."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from gateway.strict import Strict
from gateway.transport.config import MAX_PORT, Address, Host, Network, Ports, family, numeric, port_range

_LISTEN = re.compile(r"(https?)://(\[[0-9A-Fa-f:.]+\]|[0-9.]+):(\d{1,5})/?")
_SERVER = r"[A-Za-z0-9.-]{1,253}(:\d{1,5})?"
_ICE_URL = re.compile(rf"stun:{_SERVER}|turn:{_SERVER}(\?transport=(udp|tcp))?|turns:{_SERVER}(\?transport=tcp)?")
_LINK = re.compile(r"(tel:\+?[0-9*#-]{1,30}|https://[^\s\"'<>]+)")
_MIN_TOKEN = 16


class WebAddress(BaseModel):
    """One address that pages are served on, from `http://127.0.0.1:8080`."""

    model_config = ConfigDict(frozen=True)

    scheme: Literal["http", "https"]
    host: str
    """Numeric, without brackets."""
    port: int
    """0: any free one."""

    @classmethod
    def parse(cls, url: str) -> WebAddress:
        """Raises ValueError, saying how to write it."""
        found = _LISTEN.fullmatch(url)
        if not found or int(found[3]) > MAX_PORT:
            raise ValueError(f"'{url}' is no address; write http://127.0.0.1:8080, or https://")
        return cls(scheme=found[1], host=numeric(found[2].strip("[]")), port=int(found[3]))

    @property
    def is_loopback(self) -> bool:
        """Only this machine can reach it."""
        return ip_address(self.host).is_loopback


def _listen(url: str) -> str:
    WebAddress.parse(url)
    return url


def _ice_url(url: str) -> str:
    if not _ICE_URL.fullmatch(url):
        raise ValueError(f"'{url}' is no STUN or TURN server; write stun:stun.example.com:3478 or turn:...")
    return url


def _link(link: str) -> str:
    if not _LINK.fullmatch(link):
        raise ValueError(f"'{link}' can't be opened by a page; write tel:10086 or https://chat.example.com/")
    return link


class IceServer(Strict):
    """A STUN or TURN server, for us and for the page, which is told its user name and password."""

    url: Annotated[str, AfterValidator(_ice_url)]
    username: str | None = None
    password: SecretStr | None = None

    @model_validator(mode="after")
    def _whole(self) -> IceServer:
        if self.url.startswith("turn") and (self.username is None or self.password is None):
            raise ValueError(f"{self.url} needs username and password")
        return self


class WebrtcConfig(Strict):
    """The table `[webrtc]`."""

    listen: tuple[Annotated[str, AfterValidator(_listen)], ...] = ("http://127.0.0.1:8080",)
    """Where the page and the calls are served: http://127.0.0.1:8080, https://0.0.0.0:443. Empty: no browsers."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    """PEM files; https:// needs both."""
    host_names: tuple[Host, ...] = ()
    """Names that the page is opened by, such as hotline.example.com; addresses and localhost are always right. A page
    of another name is refused, or any site that a caller visits could have its name lead here (DNS rebinding)."""
    trusted_proxies: tuple[Network, ...] = ()
    """Whose X-Forwarded-For is believed; everybody else is who they are."""

    access_token: SecretStr | None = None
    """Who calls must have it (Bearer, RFC 6750); the page asks for it."""
    open_to_all: bool = False
    """Anybody may call who reaches the page: needed, without an `access_token`, to listen beyond loopback."""
    claimed_numbers: bool = False
    """The page may say which number it calls from, unproven: for trying flows, never for customers' data."""
    hotline: str | None = None
    """The hotline that answers pages which name no number; the setting `hotline` when left out."""

    max_calls: Annotated[int, Field(ge=1, le=1000)] = 15
    """More calls at once from browsers are refused."""
    calls_per_minute: Annotated[float, Field(gt=0, le=10_000)] = 30.0
    """Calls that one address may place; more get 429."""

    media_addresses: tuple[Address, ...] = ()
    """Our addresses that sound may come to; those of `listen` when left out, where it names any."""
    media_ports: Ports | None = None
    """Range of UDP ports for sound, one for each call and address; any free ones when left out."""
    public_address: Address | None = None
    """What pages know our IPv4 or IPv6 address by, behind a NAT that maps it one to one."""
    ice_servers: tuple[IceServer, ...] = ()
    """STUN and TURN servers, in order of preference; none are needed where callers reach `media_addresses`."""

    connect_timeout_s: Annotated[int, Field(ge=1, le=60)] = 10
    """A call that isn't connected by then is given up."""
    vanished_after_ms: Annotated[int, Field(ge=500, le=60_000)] = 2600
    """When nothing at all has come for so long, the page has gone."""
    rtp_timeout_s: Annotated[int, Field(ge=1, le=3600)] = 30
    """A page that is there but sends no sound for so long has lost its microphone."""

    queues: dict[str, Annotated[str, AfterValidator(_link)]] = Field(default_factory=dict)
    """Queue of a `transfer` -> link that the page offers to the caller (tel:10086, https://...); `*` for every other
    queue. A queue that stands nowhere can't be reached, and the flow goes on at `unavailable`."""
    transfer_timeout_s: Annotated[int, Field(ge=1, le=80)] = 30
    """How long callers may take to follow it."""

    @property
    def addresses(self) -> tuple[WebAddress, ...]:
        """`listen`, read."""
        return tuple(map(WebAddress.parse, self.listen))

    @property
    def port_range(self) -> range | None:
        """The ports of `media_ports`, both ends included."""
        return None if self.media_ports is None else port_range(self.media_ports)

    @property
    def sound_addresses(self) -> tuple[str, ...] | None:
        """Where sound may come to; None: to every address of this machine but loopback."""
        if self.media_addresses:
            return self.media_addresses
        hosts = tuple(dict.fromkeys(address.host for address in self.addresses))
        return None if any(ip_address(host).is_unspecified for host in hosts) else hosts

    def advertised(self, host: str) -> str:
        """What pages know our address `host` by: `public_address`, unless that is of the other family."""
        public = self.public_address
        return public if public is not None and family(public) == family(host) else host

    @model_validator(mode="after")
    def _fits(self) -> WebrtcConfig:
        if any(address.scheme == "https" for address in self.addresses) and not (self.tls_certificate and self.tls_key):
            raise ValueError("https:// needs tls_certificate and tls_key")
        token = self.access_token
        if token is not None and len(token.get_secret_value()) < _MIN_TOKEN:
            raise ValueError(f"access_token: less than {_MIN_TOKEN} characters can be guessed")
        beyond = [url for url, address in zip(self.listen, self.addresses, strict=True) if not address.is_loopback]
        if beyond and token is None and not self.open_to_all:
            raise ValueError(f"listening on {beyond[0]} needs an access_token, or open_to_all = true")
        return self
