"""The hotlines as a list: what each is called, what is wrong with it, when it was last changed. Blocking."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import dataclass

from gateway.console.studio.files import FlowFolder
from gateway.dialogue.source import attempt


@dataclass(frozen=True, slots=True)
class Listed:
    """One hotline."""

    hotline: str
    title: str
    version: str
    changed: dt.datetime
    """Of its newest file; aware, UTC."""


def listed(folder: FlowFolder) -> Listed:
    """What a flow says of itself, as far as it can be read."""
    data = attempt(folder.flow_file).data
    told = data if isinstance(data, dict) else {}
    newest = 0.0
    for file in folder.files().values():
        with suppress(OSError):
            newest = max(newest, file.stat().st_mtime)
    title, version = (str(told.get(key) or "")[:80] for key in ("title", "version"))
    return Listed(folder.hotline, title or "（读不懂）", version, dt.datetime.fromtimestamp(newest, dt.UTC))
