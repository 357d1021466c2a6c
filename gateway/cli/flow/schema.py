"""voice-gateway flow schema: what can be written in a flow, for editors."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gateway.dialogue.schema import flow_schema, subflow_schema


def schema(
    subflow: Annotated[bool, typer.Option("--subflow", help="Of a file with one sub-flow.")] = False,
) -> None:
    """Print the JSON Schema of flow files, from which editors complete and underline."""
    typer.echo(json.dumps(subflow_schema() if subflow else flow_schema(), ensure_ascii=False, indent=2))
