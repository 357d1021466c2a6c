"""Documents to an HTTP receiver: signed, with an idempotency key, and with patience only where that can help."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path

import httpx

from gateway.delivery.config import WebhookConfig
from gateway.delivery.signature import content_digest, secret_bytes, signature
from gateway.delivery.tries import OK, Outcome, Verdict
from gateway.errors import DeliveryError
from gateway.privacy import mask
from gateway.store.outbox import Parcel

MAX_ANSWER_BYTES = 2048
"""Of an answer so much is read, for the error alone."""
ANSWER_WITHIN_S = 1.0
"""How long its words are waited for once its status is known: the status is what counts."""
ANSWER_SHOWN = 120
"""Characters of it that are told."""
IDLE_CONNECTION_S = 5.0
"""A connection is used again within that time; receivers commonly close theirs later."""
_HOPELESS = frozenset({400, 410, 411, 413, 414, 415, 422, 431, 501})
"""What is wrong is the document, or the receiver is gone for good."""
_LATER = frozenset({408, 409, 425, 429})
"""As every 5xx but 501: it may go well another time."""


def encoded(document: Parcel) -> bytes:
    """The body that is sent: compact JSON, the same bytes at every try."""
    return json.dumps(document.body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


class WebhookSink:
    """A `Sink`: one POST a document.

    Args:
        now: the time of day, aware, for the signature.

    Raises:
        DeliveryError: the file of authorities can't be read.
    """

    def __init__(self, name: str, config: WebhookConfig, now: Callable[[], datetime]) -> None:
        self._config = config
        self._now = now
        secrets = [config.secret, *([config.previous_secret] if config.previous_secret else [])]
        self._keys = [secret_bytes(secret.get_secret_value()) for secret in secrets]
        self._client = httpx.AsyncClient(
            headers={
                **{header: value.get_secret_value() for header, value in config.headers.items()},
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",  # so that the size limit counts what would be held in memory
                "User-Agent": "voice-gateway",
            },
            limits=httpx.Limits(max_connections=config.at_once, keepalive_expiry=IDLE_CONNECTION_S),
            timeout=config.timeout_s,  # of each step; the limit on the whole try is in `send`
            trust_env=False,  # where documents go is said in the settings, not by a proxy variable
            verify=_authorities(config.ca, f"delivery.sinks.{name}.ca"),
        )

    async def send(self, documents: Sequence[Parcel]) -> list[Outcome]:
        """Send the first one."""
        return [await self._send(documents[0])]

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send(self, document: Parcel) -> Outcome:
        try:
            body = encoded(document)
        except ValueError:
            return Outcome(Verdict.HOPELESS, "the document can't be written as JSON")
        try:
            async with asyncio.timeout(self._config.timeout_s):
                return await self._post(document, body)
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(Verdict.FAILED, f"no answer within {self._config.timeout_s:g} s")
        except httpx.ConnectError as error:
            return Outcome(Verdict.FAILED, f"can't be reached: {mask(str(error))}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(Verdict.FAILED, f"broke off, or answered no HTTP ({type(error).__name__})")

    async def _post(self, document: Parcel, body: bytes) -> Outcome:
        headers = self._headers(document, body)
        async with self._client.stream("POST", self._config.url, content=body, headers=headers) as response:
            told = await _beginning(response)  # also of a success: a connection whose answer was read is used again
            return OK if response.is_success else self._judged(response, told)

    def _headers(self, document: Parcel, body: bytes) -> dict[str, str]:
        timestamp = int(self._now().timestamp())
        return {
            "Webhook-Id": document.key,
            "Webhook-Timestamp": str(timestamp),
            "Webhook-Signature": signature(self._keys, document.key, timestamp, body),
            "Idempotency-Key": document.key,
            "Content-Digest": content_digest(body),
            "Voice-Gateway-Topic": document.topic,
            "Voice-Gateway-Attempt": str(document.attempts + 1),
        }

    def _judged(self, response: httpx.Response, told: str) -> Outcome:
        status = response.status_code
        error = f"answered {status}{_phrase(status)}"
        if response.next_request is not None:
            target = _without_secrets(response.next_request.url)
            return Outcome(Verdict.REFUSED, f"{error}, pointing to {target}: set url to where the receiver is")
        error = f"{error}: {told}" if told else error
        if status in _HOPELESS:
            return Outcome(Verdict.HOPELESS, error)
        if status in _LATER or status >= 500:
            return Outcome(Verdict.FAILED, error, self._retry_after_s(response.headers.get("Retry-After", "")))
        return Outcome(Verdict.REFUSED, error)

    def _retry_after_s(self, wish: str) -> float | None:
        """Seconds, or a date (RFC 9110, 10.2.3); None of anything else."""
        if wish.isascii() and wish.isdigit():
            return float(wish[:9])
        try:
            until = parsedate_to_datetime(wish)
            return max(0.0, (until - self._now()).total_seconds())
        except (TypeError, ValueError, OverflowError):
            return None


def _authorities(file: Path | None, where: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=file)
    except (OSError, ssl.SSLError) as error:
        raise DeliveryError(
            f"{file}: no certificates can be read from it", where=where, remedy="name a PEM file of authorities"
        ) from error


async def _beginning(response: httpx.Response) -> str:
    """The first words of an answer, as far as they come."""
    answer = bytearray()
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            async for part in response.aiter_raw():
                answer += part
                if len(answer) >= MAX_ANSWER_BYTES:
                    break
    except (TimeoutError, httpx.HTTPError):
        pass
    words = " ".join(answer[:MAX_ANSWER_BYTES].decode(errors="replace").split())
    return mask(words)[:ANSWER_SHOWN]


def _phrase(status: int) -> str:
    try:
        return f" {HTTPStatus(status).phrase}"
    except ValueError:
        return ""


def _without_secrets(url: httpx.URL) -> str:
    """A redirect's target without what may be a token: user, query and fragment."""
    return mask(str(url.copy_with(username="", password="", query=None, fragment=None)))[:200]
