"""voice-gateway flow ...: what a designer does with a flow, one file for each command."""

from __future__ import annotations

import typer

app = typer.Typer(help="Check, draw, try and test a hotline's flow, and see how calls went through it.", no_args_is_help=True)
