"""voice-gateway prompts ...: which sentences of a hotline nobody has recorded, what is wrong with the recordings that
there are, and having more.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from gateway.dialogue.load import find_flow, load_flow
from gateway.prompts.build import build_recordings
from gateway.prompts.check import Finding
from gateway.prompts.check import check as findings_of
from gateway.prompts.inventory import Inventory
from gateway.prompts.recordings import add_recordings
from gateway.settings import load_settings

app = typer.Typer(help="The hotline's recorded voice.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The hotline.", metavar="FLOW")]


def _inventory(name: str) -> Inventory:
    path = find_flow(name, load_settings().flows_dir)
    return Inventory(load_flow(path), path.parent)


@app.command("missing")
def missing(
    flow: Name,
    spell: Annotated[bool, typer.Option("--spelled", help="Spell digits and G in Chinese, for a synthesiser.")] = False,
) -> None:
    """Print NAME<tab>TEXT for every sentence and every piece of a number or date that has no recording."""
    inventory = _inventory(flow)
    texts = inventory.missing()
    for name, text in (inventory.spellings(texts) if spell else texts).items():
        typer.echo(f"{name}\t{text}")


@app.command("add")
def add(
    flow: Name,
    folder: Annotated[Path, typer.Argument(help="Folder of NAME.wav files; `missing` names them.", metavar="DIR")],
    spell: Annotated[
        bool, typer.Option("--spelled", help="A synthesiser spoke them, from `missing --spelled`.")
    ] = False,
) -> None:
    """Check, trim and level DIR/NAME.wav files and keep them as the hotline's recordings; all of them or none."""
    inventory = _inventory(flow)
    names = add_recordings(folder, inventory.addable(), synthetic=spell)
    _told("导入", names, inventory)


@app.command("build")
def build(flow: Name) -> None:
    """Have a synthesiser (setting `synthesiser`) speak what is missing, and again what it spoke from another text."""
    inventory = _inventory(flow)
    columns = (TextColumn("合成录音"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=None)
        names = build_recordings(
            inventory,
            load_settings().synthesiser,
            progress=lambda done, wanted: progress.update(task, completed=done, total=wanted),
        )
    if names:
        _told("合成", names, inventory)
    else:
        typer.echo("没有要合成的录音")


@app.command("check")
def check(
    flow: Name,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array, for programs.")] = False,
) -> None:
    """Tell what is wrong with the recordings: missing, bad, uneven, outdated, unused. Exit status 1 when a caller would
    notice.
    """
    inventory = _inventory(flow)
    findings = findings_of(inventory)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        for finding in findings:
            typer.echo(_line(finding))
        serious = sum(finding.serious for finding in findings)
        typer.echo(f"{len(inventory.listed())} 条录音：{serious} 个问题，{len(findings) - serious} 条提示")
    raise typer.Exit(int(any(finding.serious for finding in findings)))


def _line(finding: Finding) -> str:
    said = f"“{finding.text}”" if finding.text else ""
    return f"{'问题' if finding.serious else '提示'} {finding.file}: {said}{finding.what}；{finding.fix}"


def _told(done: str, names: list[str], inventory: Inventory) -> None:
    left = len(inventory.missing())
    typer.echo(f"{done}了 {len(names)} 条录音" + (f"，还缺 {left} 条" if left else "，一条不缺"))
