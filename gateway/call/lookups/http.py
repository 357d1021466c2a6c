"""Look-ups over HTTP: `POST {base_url}/{name}` with a JSON object, answered by a JSON object.

    POST /account.balance            {"name": "account.balance", "arguments": {"number": "..."}}
    200                              {"balance": 35.60, "due": 0}

Dates are ISO texts in both directions; fractions arrive as `Decimal`. One look-up has one `Idempotency-Key`, the same
when it is tried again. Only a look-up that changes nothing is sent twice, or one that never left (refused connection).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NoReturn
from uuid import uuid4

import httpx

from gateway.dialogue.nodes.lookup import CHANGING
from gateway.errors import LookupFailedError, SettingsError

MAX_ANSWER_BYTES = 256 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*")


class _TryAgainError(Exception):
    """This attempt failed in a way that another might not."""

    def __init__(self, reason: str, *, was_sent: bool = True) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


class HttpLookups:
    """A `LookupProvider` on an HTTP back end; shared by all calls, on any event loop, and needs no closing.

    Each attempt has a connection of its own: a kept one may have been closed by the back end meanwhile, which shows
    only after sending, when a look-up that changes something must not be sent again.

    Args:
        base_url: where the look-ups are; `http` or `https`.
        timeout_ms: wall time of one look-up, all attempts together.
        headers: sent with every request.
        token: bearer token.
        retries: further attempts after one that was refused, broken off or answered 5xx.

    Raises:
        SettingsError: `base_url` isn't one.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_ms: float = 3000,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
        retries: int = 1,
    ) -> None:
        self._base_url = _checked(base_url)
        self._timeout_ms = timeout_ms
        self._retries = retries
        self._client = httpx.AsyncClient(
            headers={**(headers or {}), **({"Authorization": f"Bearer {token}"} if token else {})},
            limits=httpx.Limits(max_keepalive_connections=0),
            timeout=timeout_ms / 1000,  # of each step; the limit on the whole look-up is in `lookup`
            trust_env=False,  # where numbers are sent is said in the settings, not by a proxy variable
        )

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask the back end. Raises LookupFailedError; its reason quotes neither arguments nor answer."""
        if not _NAME.fullmatch(name):
            raise LookupFailedError("not a look-up name", where=ascii(name), remedy="use names like account.balance")
        body = json.dumps({"name": name, "arguments": dict(arguments)}, default=_plain, ensure_ascii=False).encode()
        try:
            async with asyncio.timeout(self._timeout_ms / 1000):
                return _record(name, await self._ask(name, body))
        except TimeoutError:
            _fail(name, f"the back end didn't answer within {self._timeout_ms:.0f} ms")
        except _TryAgainError as error:
            _fail(name, str(error))

    async def _ask(self, name: str, body: bytes) -> bytes:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # so that the size limit counts what would be held in memory
            "Idempotency-Key": uuid4().hex,
        }
        repeatable = name.rpartition(".")[2] not in CHANGING
        retries_left = self._retries
        while True:
            try:
                return await self._ask_once(name, body, headers)
            except _TryAgainError as error:
                if not retries_left or (error.was_sent and not repeatable):
                    raise
                retries_left -= 1

    async def _ask_once(self, name: str, body: bytes, headers: dict[str, str]) -> bytes:
        try:
            async with self._client.stream(
                "POST", f"{self._base_url}/{name}", content=body, headers=headers
            ) as response:
                if response.status_code >= 500:
                    raise _TryAgainError(f"the back end answered {response.status_code}")
                if response.status_code != 200:
                    _fail(name, f"the back end answered {response.status_code}")
                answer = bytearray()
                async for part in response.aiter_raw():
                    answer += part
                    if len(answer) > MAX_ANSWER_BYTES:
                        _fail(name, f"the answer is longer than {MAX_ANSWER_BYTES // 1024} KiB")
                return bytes(answer)
        except httpx.ConnectError:
            raise _TryAgainError("the back end can't be reached", was_sent=False) from None
        except httpx.TimeoutException:
            raise TimeoutError from None
        except httpx.TransportError as error:
            raise _TryAgainError(f"the back end broke off ({type(error).__name__})") from None


def _checked(base_url: str) -> str:
    try:
        url = httpx.URL(base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in {"http", "https"} or not url.host:
        raise SettingsError(
            "not a base URL of a back end", where="lookup_url", remedy="write http(s)://host[:port]/path"
        )
    if url.userinfo:
        raise SettingsError(
            "a user name or password in a URL is shown wherever the URL is",
            where="lookup_url",
            remedy="leave it out, and set lookup_token (a bearer token), which never is",
        )
    return base_url.rstrip("/")


def _record(name: str, answer: bytes) -> Mapping[str, Any]:
    try:
        record = json.loads(answer, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        _fail(name, "the answer isn't JSON")
    if not isinstance(record, dict):
        _fail(name, "the answer isn't a JSON object")
    return record


def _no_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _plain(value: object) -> str:
    if isinstance(value, Decimal | date):
        return str(value)
    raise LookupFailedError(f"an argument is a {type(value).__name__}, which JSON can't hold")


def _fail(name: str, reason: str) -> NoReturn:
    raise LookupFailedError(reason, where=name)
