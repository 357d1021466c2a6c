"""Where Prometheus reads the live figures: one small HTTP address of the service, apart from those for callers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

from aiohttp import web
from pydantic import Field

from gateway.analytics.report.metrics import CONTENT_TYPE
from gateway.errors import TransportError
from gateway.strict import Strict

PATH = "/metrics"


class MetricsConfig(Strict):
    """The table `[metrics]`."""

    listen: Annotated[str | None, Field(pattern=r"^(\[[0-9a-fA-F:]+\]|[^:/\s]+):\d{1,5}$")] = None
    """`127.0.0.1:9464`: figures without names or numbers, for everybody who can reach it. Not set: nowhere."""


class MetricsSite:
    """Serves `text` at `/metrics`.

    Args:
        listen: host and port; port 0 for any free one.
        text: the exposition, made on a thread for each request.
    """

    def __init__(self, listen: str, text: Callable[[], bytes]) -> None:
        self._listen = listen
        self._text = text
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> str:
        """Where it is served; empty before the start."""
        host = self._listen.rpartition(":")[0]
        ports = [str(name[1]) for name in (self._runner.addresses if self._runner else ())]
        return f"http://{host}:{ports[0]}{PATH}" if ports else ""

    async def start(self) -> None:
        """Listen. Raises TransportError when the address can't be had."""
        app = web.Application()
        app.router.add_get(PATH, self._answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        host, _, port = self._listen.rpartition(":")
        try:
            await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        except (OSError, OverflowError) as error:
            await runner.cleanup()
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise TransportError(
                f"can't listen there: {reason}", where=f"metrics.listen: {self._listen}", remedy="choose another port"
            ) from error
        self._runner = runner

    async def stop(self) -> None:
        """Let go of the address; idempotent."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _answer(self, _request: web.Request) -> web.Response:
        body = await asyncio.to_thread(self._text)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})
