"""The settings of sending: `[delivery]`, and a table `[delivery.sinks.NAME]` for every place that results go to."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import httpx
from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator

from gateway.delivery.signature import secret_bytes
from gateway.strict import Strict

Topic = Literal["call", "event"]
"""A whole call, or one live event."""
SinkName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,30}$")]
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS = ("content-", "webhook-", "voice-gateway-", "idempotency-key", "host", "transfer-encoding", "connection")


class _Table(Strict):
    """Says nothing of what is in it when it is refused: that may be a secret."""

    model_config = ConfigDict(hide_input_in_errors=True)


def _url(text: str) -> str:
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("not the address of a receiver; write https://host[:port]/path")
    if url.userinfo:
        raise ValueError("a user name or password in a URL is shown wherever the URL is; use headers instead")
    return text


def _secret(secret: SecretStr) -> SecretStr:
    secret_bytes(secret.get_secret_value())
    return secret


def _headers(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        if not _HEADER.fullmatch(name) or not value.get_secret_value().isprintable():
            raise ValueError(f"'{name!a}' is no header, or its value is more than a line")
        if not value.get_secret_value().isascii():
            raise ValueError(f"the value of '{name}' may hold ASCII alone")
        if name.lower().startswith(_OURS):
            raise ValueError(f"'{name}' is set by the gateway")
    return headers


class _Sink(_Table):
    """What every sink may be told."""

    topics: Annotated[tuple[Topic, ...], Field(min_length=1)] = ("call", "event")
    """What goes there."""


class WebhookConfig(_Sink):
    """An HTTP receiver; docs/sending.md tells its side."""

    kind: Literal["webhook"]
    url: Annotated[str, AfterValidator(_url)]
    secret: Annotated[SecretStr, AfterValidator(_secret)]
    """Signs every request; 16 characters or more, or `whsec_` and at least 16 bytes in base64."""
    previous_secret: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    """Signs as well while receivers change over to the new one."""
    timeout_s: Annotated[float, Field(ge=0.1, le=120)] = 10.0
    """For a whole try, from connecting to the answer."""
    at_once: Annotated[int, Field(ge=1, le=64)] = 4
    """Calls whose documents are sent at the same time; those of one call go one after the other."""
    max_attempts: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Failed tries after which a document is a dead letter; with the waits below, after some 17 hours."""
    first_retry_s: Annotated[float, Field(ge=0.01, le=60)] = 1.0
    """Before the second try; doubled each time."""
    longest_retry_s: Annotated[float, Field(ge=0.01, le=3600)] = 900.0
    headers: Annotated[dict[str, SecretStr], AfterValidator(_headers)] = Field(default_factory=dict)
    """Sent with every request, such as `Authorization`."""
    ca: Path | None = None
    """PEM file of the authorities that may have signed the receiver's certificate; the system's when left out."""

    @model_validator(mode="after")
    def _longest_is_longer(self) -> WebhookConfig:
        if self.longest_retry_s < self.first_retry_s:
            raise ValueError("longest_retry_s is shorter than first_retry_s")
        return self


class FilesConfig(_Sink):
    """JSON lines in a folder, a file a day."""

    kind: Literal["files"]
    directory: Path
    """Of this sink alone; made when it isn't there."""


class BusConfig(_Sink):
    """Listeners within the process."""

    kind: Literal["bus"]


SinkConfig = Annotated[WebhookConfig | FilesConfig | BusConfig, Field(discriminator="kind")]


class DeliveryConfig(_Table):
    """What leaves, in which form, and where it goes. Without sinks nothing is written down for sending."""

    sinks: dict[SinkName, SinkConfig] = Field(default_factory=dict)
    """By name. The name is what the store remembers a sink by: under another one it gets everything that is kept."""
    redact: bool = True
    """Personal numbers, addresses and codes are hidden in all that leaves."""
    caller_number: Literal["masked", "hashed", "full"] = "masked"
    """`138****8000`; or a keyed hash, the same for every call from that number; or the number."""
    number_key: Annotated[SecretStr, AfterValidator(_secret)] | None = None
    """The key of that hash."""
    keep_days: Annotated[float, Field(ge=0, le=3650)] = 7.0
    """Delivered documents are deleted from the store so many days after they were written."""
    keep_dead_days: Annotated[float, Field(ge=0, le=3650)] = 30.0
    """Dead letters likewise."""

    @model_validator(mode="after")
    def _hash_has_a_key(self) -> DeliveryConfig:
        if self.caller_number == "hashed" and self.number_key is None:
            raise ValueError("caller_number = 'hashed' needs number_key: without a key the number could be guessed")
        return self

    @property
    def topics(self) -> frozenset[str]:
        """What some sink wants; nothing else need be put into the outbox."""
        return frozenset(topic for sink in self.sinks.values() for topic in sink.topics)
