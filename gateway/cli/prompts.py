"""voice-gateway prompts ...: which sentences of a hotline nobody has recorded, and taking recordings in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.dialogue.load import find_flow, load_flow
from gateway.prompts.inventory import Inventory
from gateway.prompts.recordings import add_recordings, spelled
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
    for name, text in _inventory(flow).missing().items():
        typer.echo(f"{name}\t{spelled(text) if spell else text}")


@app.command("add")
def add(
    flow: Name,
    folder: Annotated[Path, typer.Argument(help="Folder of NAME.wav files; `missing` names them.", metavar="DIR")],
    spell: Annotated[bool, typer.Option("--spelled", help="They were spoken from `missing --spelled`.")] = False,
) -> None:
    """Check, trim and level DIR/NAME.wav files and keep them as the hotline's recordings; all of them or none."""
    inventory = _inventory(flow)
    names = add_recordings(folder, inventory.addable(), synthetic=spell)
    left = len(inventory.missing())
    typer.echo(f"{len(names)} recordings added; {left} still missing" if left else f"{len(names)} recordings added")
