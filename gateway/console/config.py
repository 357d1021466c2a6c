"""What an operator may set about the console (the table `[console]`), and what of all settings the console reads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Annotated, Protocol
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from gateway.analytics.config import AnalyticsConfig
from gateway.strict import Strict
from gateway.transport.config import Host, Network
from gateway.transport.webrtc.config import WebAddress


def _listen(url: str) -> str:
    WebAddress.parse(url)
    return url


def _public(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError(f"'{url}' is no address that browsers open; write https://console.example.com")
    return url.rstrip("/")


def _metrics(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"'{url}' is no address of metrics; write http://127.0.0.1:9464/metrics")
    return url


class ConsoleConfig(Strict):
    """The table `[console]`."""

    listen: Annotated[str, AfterValidator(_listen)] = "http://127.0.0.1:8090"
    """Where the console is served; port 0: any free one."""
    public_url: Annotated[str, AfterValidator(_public)] | None = None
    """What browsers open when a proxy stands before it: https://console.example.com."""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    """PEM files; https:// needs both."""
    host_names: tuple[Host, ...] = ()
    """Names that it is opened by besides that of `public_url`; addresses and localhost are always right (against DNS
    rebinding)."""
    trusted_proxies: tuple[Network, ...] = ()
    """Whose X-Forwarded-For is believed; everybody else is who they are."""
    plain_http: bool = False
    """Listen beyond loopback without https, although passwords and calls can then be read on the way."""

    idle_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 30
    """A login that nobody uses for so long is over."""
    longest_hours: Annotated[int, Field(ge=1, le=7 * 24)] = 12
    """A login that is older is over: a working day, with its breaks."""
    failures: Annotated[int, Field(ge=2, le=100)] = 5
    """Wrong passwords in a row that lock an account."""
    locked_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    """How long it stays so."""
    metrics_url: Annotated[str, AfterValidator(_metrics)] | None = None
    """Where a gateway tells Prometheus how it is (http://127.0.0.1:9464/metrics), for the page 实时."""
    attempts_per_minute: Annotated[float, Field(gt=0, le=1000)] = 20.0
    """Logins that one address may try, of whatever accounts; a whole floor may share one."""

    @property
    def address(self) -> WebAddress:
        """`listen`, read."""
        return WebAddress.parse(self.listen)

    @property
    def is_secure(self) -> bool:
        """Browsers reach it by https: cookies are for that alone."""
        return (self.public_url or self.listen).startswith("https:")

    @property
    def names(self) -> tuple[str, ...]:
        """All names that it is opened by."""
        public = urlsplit(self.public_url or "").hostname
        return (*self.host_names, *((public,) if public else ()))

    @property
    def idle(self) -> dt.timedelta:
        """`idle_minutes`."""
        return dt.timedelta(minutes=self.idle_minutes)

    @property
    def longest(self) -> dt.timedelta:
        """`longest_hours`."""
        return dt.timedelta(hours=self.longest_hours)

    @property
    def locked_for(self) -> dt.timedelta:
        """`locked_minutes`."""
        return dt.timedelta(minutes=self.locked_minutes)

    @model_validator(mode="after")
    def _fits(self) -> ConsoleConfig:
        if self.address.scheme == "https" and not (self.tls_certificate and self.tls_key):
            raise ValueError("https:// needs tls_certificate and tls_key")
        if not self.address.is_loopback and not self.is_secure and not self.plain_http:
            raise ValueError(
                f"listening on {self.listen} would carry passwords unencrypted; "
                "write https://, or public_url = https://... of a proxy, or plain_http = true"
            )
        return self


class Settings(Protocol):
    """What the console reads of `gateway.settings.Settings`, which stands above it."""

    @property
    def console(self) -> ConsoleConfig:
        """The console itself."""

    @property
    def analytics(self) -> AnalyticsConfig:
        """How calls are analysed."""

    @property
    def flows_dir(self) -> Path:
        """Folder with one sub-folder for each hotline."""

    @property
    def hotline(self) -> str:
        """The hotline that answers where nothing else is said."""

    @property
    def synthesiser(self) -> str | None:
        """Command line of a speech synthesiser; None: what isn't recorded can't be said."""

    @property
    def timezone(self) -> str:
        """IANA name of the zone that times are shown in."""

    def now(self) -> dt.datetime:
        """The time of day at the hotline, aware."""
