"""`serve --console`: the console as a process of its own, beside a gateway on a single machine.

Not in the gateway's process: whoever opens a big page would hold up every call's sound.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_S = 8.0
_COMMAND = "from gateway.cli import main; main()"

log = logging.getLogger(__name__)


class ConsoleBeside:
    """The console of one gateway, for `async with`. Whatever becomes of it, calls go on; it ends when the gateway is
    killed, too.

    Args:
        config: the gateway's settings file; None for those of the environment and the working folder.
        store: folder of the store, which the gateway has opened by now.
    """

    def __init__(self, config: Path | None, store: Path) -> None:
        self._arguments = ["console", "--until-stdin-ends", "--store", str(store)]
        if config is not None:
            self._arguments += ["--config", str(config)]
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it; it says itself, in the log, where it is served. One that can't be started is logged."""
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-c",
                _COMMAND,
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,  # ends when the gateway does, however that ends
                stdout=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is the gateway's: the console stays while calls are drained
            )
        except OSError as error:
            log.error("the console can't be started: %s", error)
            return
        self._watching = asyncio.create_task(self._watch(self._process))

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        status = await process.wait()
        log.error("the console has ended (exit status %d); calls go on without it", status)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """End it; bounded, idempotent."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()
