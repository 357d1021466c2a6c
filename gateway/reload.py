"""Hot reload: a changed hotline is checked, and only then taken for new calls; calls in progress keep their own.

A broken file changes nothing and says so. Files are looked at, not watched by the system: that works on any disk, for
editors that write beside and rename, and for a folder that is replaced as a whole.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from gateway.desk.check import check
from gateway.dialogue.load import find_flow
from gateway.errors import FlowError, VoiceGatewayError
from gateway.hotline import Hotline
from gateway.settings import Settings

log = logging.getLogger(__name__)

LOOK_EVERY_MS = 1000
_NOT_OURS = frozenset({"dialogues", "__pycache__", ".versions"})
"""Folders whose files no call uses."""

Seen = frozenset[tuple[str, int, int]]
"""Path, time of change (ns) and size of every file."""


class LiveHotline:
    """The hotline as new calls get it: `current` is its latest version without mistakes.

    Args:
        load: reads and checks the hotline anew, ready for calls; raises VoiceGatewayError for any mistake.
        folder: whatever changes in it may be a change of the hotline.

    Raises:
        VoiceGatewayError: there are mistakes in it from the beginning.
    """

    def __init__(self, load: Callable[[], Hotline], folder: Path) -> None:
        self._load = load
        self._folder = folder
        self._taken = self._seen = _look(folder)
        self.current = load()

    @classmethod
    def open(cls, settings: Settings, name: str) -> LiveHotline:
        """The hotline `name`: none of its versions is taken with an error that `flow check` finds.

        Raises:
            VoiceGatewayError: it has such errors, or `Hotline.of` can't make it ready.
        """

        def load() -> Hotline:
            path = find_flow(name, settings.flows_dir)
            report = check(path)
            if report.flow is None or report.errors:
                raise FlowError([str(error) for error in report.errors])
            hotline = Hotline.of(report.flow, path, settings)
            hotline.warm()
            return hotline

        return cls(load, settings.flows_dir)

    def refresh(self) -> bool:
        """Look at the files, and take what has changed once it has come to rest: two looks alike, so that no file is
        read half written. Blocks while it loads; not for an event loop.

        Returns:
            Whether new calls get another version from now on.

        Raises:
            VoiceGatewayError: what changed has mistakes; `current` stays as it is. Told once for each change.
        """
        seen, before = _look(self._folder), self._seen
        self._seen = seen
        if seen == self._taken or seen != before:
            return False
        self._taken = seen
        self.current = self._load()
        return True

    async def follow(self, every_ms: float = LOOK_EVERY_MS) -> NoReturn:
        """Refresh for as long as the task runs; what happens is told in the log."""
        while True:
            await asyncio.sleep(every_ms / 1000)
            try:
                if await asyncio.to_thread(self.refresh):
                    log.warning("new calls get %s", self.current.version)
            except VoiceGatewayError as error:
                log.error("new calls still get %s, the changed files have mistakes: %s", self.current.version, error)
            except Exception:  # border of the task: a bug in a check must not end the following of later changes
                log.exception("new calls still get %s, the changed files can't be checked", self.current.version)


def _look(folder: Path) -> Seen:
    found = set()
    for parent, folders, files in os.walk(folder):  # passes over what is gone since it was listed
        folders[:] = [name for name in folders if name not in _NOT_OURS]
        for path in (Path(parent, name) for name in files):
            with suppress(OSError):
                status = path.stat()
                found.add((str(path), status.st_mtime_ns, status.st_size))
    return frozenset(found)
