"""What a call expects of the business back end, and the guard around whatever stands there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Protocol

from gateway.errors import LookupFailedError

log = logging.getLogger(__name__)


class LookupProvider(Protocol):
    """The business back end: one question by name, one record as answer.

    Answers hold text, whole numbers, `Decimal` (money, data volumes), booleans, None, and mappings and lists of
    these; a date is an ISO text, `2026-11-28`. No binary floats: 35.60 yuan is not 35.6000000001.
    """

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer the look-up `name`. Raises LookupFailedError, with a reason that holds no personal data."""


class _Guarded:
    def __init__(self, provider: LookupProvider, limit_ms: float) -> None:
        self._provider = provider
        self._limit_ms = limit_ms

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            async with asyncio.timeout(self._limit_ms / 1000):
                return await self._provider.lookup(name, arguments)
        except LookupFailedError:
            raise
        except TimeoutError:
            raise LookupFailedError(f"no answer within {self._limit_ms:.0f} ms", where=name) from None
        except Exception as error:
            log.exception("look-up %s: the provider failed in a way it should not", name)
            raise LookupFailedError(f"the provider failed: {type(error).__name__}", where=name) from error


def with_timeout(provider: LookupProvider, limit_ms: float) -> LookupProvider:
    """`provider`, answering within `limit_ms` of wall time and failing with LookupFailedError only."""
    return _Guarded(provider, limit_ms)
