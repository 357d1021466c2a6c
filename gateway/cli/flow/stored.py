"""What the commands over stored calls share: which store, since when, and which flow."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from gateway.cli.narrate import CallConsole
from gateway.desk import check
from gateway.settings import load_settings
from gateway.store import Store

Flow = Annotated[str, typer.Argument(help="The hotline: its name, folder or file.", metavar="FLOW")]
StoreDir = Annotated[
    Path | None, typer.Option("--store", help="Folder of the stored calls; else the data folder.", metavar="DIR")
]
Since = Annotated[
    str | None, typer.Option(help="Only calls of the last DAYS, or since a DATE (2026-11-21).", metavar="DAYS|DATE")
]
Version = Annotated[str | None, typer.Option(help="Only calls through this version of the flow.", metavar="VERSION")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]

_ANY_WIDTH = 1000
_DAYS = re.compile(r"(\d{1,5})d?")


def flow_file(name: str) -> Path:
    """The file of a hotline. Raises FlowError when there is none."""
    return check.flow_file(name, load_settings().flows_dir)


def open_store(directory: Path | None) -> Store:
    """For reading, beside a gateway that may be running. Raises StoreError."""
    return Store.open_for_reading(directory or load_settings().data_dir)


def moment(since: str | None, now: dt.datetime) -> dt.datetime | None:
    """`7` or `7d` (days before `now`) or a date (its first moment, in the time zone of `now`) as a moment.

    Raises typer.BadParameter for anything else.
    """
    if since is None:
        return None
    try:
        if days := _DAYS.fullmatch(since):
            return now - dt.timedelta(days=int(days[1]))
        return dt.datetime.combine(dt.date.fromisoformat(since), dt.time(), tzinfo=now.tzinfo)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{since} is neither a number of days (7) nor a date (2026-11-21)") from None


def share(count: int, whole: int) -> str:
    """`12 (8%)`; nothing for nothing."""
    return f"{count} ({count / whole:.0%})" if count else ""


def print_whole(table: Table) -> None:
    """The table as wide as it is: a terminal wraps its lines, a file keeps them."""
    console = CallConsole()
    wanted = console.measure(table, options=console.options.update(width=_ANY_WIDTH)).maximum
    console.width = max(console.width, wanted)
    console.print(table, soft_wrap=True)
