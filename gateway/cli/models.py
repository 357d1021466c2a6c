"""voice-gateway asr models | pull | verify | remove: the models that can be installed beside the embedded one."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from asr.errors import ModelError
from asr.models import CATALOG, CatalogEntry, damages, disk_bytes, find_model, state_of
from asr.models import pull as install
from asr.models import remove as uninstall

_DASH = "—"
_HEADINGS = ("model", "can", "to load", "on disk", "licence", "published CER, %")
_WIDE_COLUMNS = 140
"""Narrower terminals leave the last two columns to --json."""
_PIPE_COLUMNS = 200
"""A pipe has no width, and 80 would break the names."""

Name = Annotated[str, typer.Argument(help="A model of `asr models`.", metavar="NAME")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `voice-gateway asr`."""
    for name, command in (("models", models), ("pull", pull), ("verify", verify), ("remove", remove)):
        app.command(name)(command)


def models(as_json: AsJson = False) -> None:
    """List the models that can be installed: what they can do, their published error rates, what is there."""
    if as_json:
        typer.echo(json.dumps([_row(entry) for entry in CATALOG], ensure_ascii=False, indent=1))
        return
    console = Console()
    if not console.is_terminal:
        console = Console(width=_PIPE_COLUMNS)
    shown = _HEADINGS if console.width >= _WIDE_COLUMNS else _HEADINGS[:4]
    table = Table(pad_edge=False)
    for heading in shown:
        table.add_column(heading, overflow="fold")
    for entry in CATALOG:
        table.add_row(*_cells(entry)[: len(shown)])
    console.print(table)
    typer.echo("Published error rates are of wide-band read or broadcast speech; `asr bench` measures on a telephone.")


def pull(
    name: Name,
    url: Annotated[
        str | None,
        typer.Option(help="Load from this mirror; ends in / when it is a folder. The sha256 is compared all the same."),
    ] = None,
) -> None:
    """Load a model from its own host and install it; goes on where it was broken off."""
    entry = find_model(name)
    with _bars() as bars:
        pulled = install(entry, url=url, progress=_Shown(bars))
    for one in pulled.checked:
        typer.echo(f"{one.file}: sha256 {one.sha256} ({one.basis})")
    typer.echo(f"{name}: {'installed' if pulled.checked else 'is installed already'} in {pulled.folder}")
    if entry.licence is None or entry.note:
        typer.echo(f"note: {entry.note or 'no licence is stated'}")


def verify(name: Annotated[str | None, typer.Argument(metavar="[NAME]", show_default=False)] = None) -> None:
    """Hash the files of a model, or of all that are installed, against what was installed."""
    entries = [entry for entry in CATALOG if state_of(entry) != "absent"] if name is None else [find_model(name)]
    damaged = []
    for entry in entries:
        found = damages(entry)
        typer.echo(f"{entry.name}: {'damaged' if found else 'whole'}")
        for line in found:
            typer.echo(f"  {line}")
        if found:
            damaged.append(entry.name)
    if damaged:
        again = [f"voice-gateway asr remove {each} && voice-gateway asr pull {each}" for each in damaged]
        raise ModelError("not what was installed", where=", ".join(damaged), remedy="load anew: " + "; ".join(again))


def remove(name: Name) -> None:
    """Remove a model and what is left of its downloads."""
    freed = uninstall(find_model(name))
    typer.echo(f"{name}: removed, {_megabytes(freed)} freed")


class _Shown:
    """Draws what an installation reports."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, Any] = {}

    def loading(self, file: str, done: int, total: int | None) -> None:
        self._update(file, done, total)

    def unpacking(self, file: str, done: int) -> None:
        self._update(f"unpacking {file}", done, None)

    def _update(self, what: str, done: int, total: int | None) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total)


def _bars() -> Bars:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    console = Console(stderr=True)
    return Bars(*columns, TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal)


def _cells(entry: CatalogEntry) -> tuple[str, ...]:
    state = state_of(entry)
    abilities = ("streams", entry.streaming), ("hints", entry.hints), ("word times", entry.word_times)
    cer = entry.published
    return (
        f"{entry.name}\n{entry.kind}",
        ", ".join(word for word, can in abilities if can) or _DASH,
        _megabytes(entry.size) if entry.downloads else _DASH,
        _on_disk(entry, state),
        entry.licence or _DASH,
        "\n".join(f"{value:.2f} {name}" for name, value in cer.percent.items()) + f"\n({cer.source})" if cer else _DASH,
    )


def _on_disk(entry: CatalogEntry, state: str) -> str:
    if state == "absent":
        return _DASH
    return _megabytes(disk_bytes(entry)) + ("" if state == "installed" else f"\n{state}")


def _row(entry: CatalogEntry) -> dict[str, Any]:
    state = state_of(entry)
    return {
        "name": entry.name,
        "engine": entry.engine,
        "kind": entry.kind,
        "state": state,
        "embedded": entry.weights is not None,
        "streaming": entry.streaming,
        "hints": entry.hints,
        "word_times": entry.word_times,
        "sample_rate_hz": entry.sample_rate_hz,
        "download_bytes": entry.size if entry.downloads else None,
        "disk_bytes": disk_bytes(entry) if state != "absent" else None,
        "licence": entry.licence,
        "published_cer_percent": dict(entry.published.percent) if entry.published else None,
        "published_source": entry.published.source if entry.published else None,
        "note": entry.note or None,
        "files": [{"url": one.url, "bytes": one.size, "sha256": one.sha256} for one in entry.downloads],
    }


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size < 10_000_000 else f"{size / 1e6:.0f} MB"
