"""voice-gateway flow schema: what can be written in a flow, and in its dialogues, for editors."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from gateway.desk.dialogues.schema import dialogues_schema
from gateway.dialogue.schema import flow_schema, subflow_schema


def schema(
    subflow: Annotated[bool, typer.Option("--subflow", help="Of a file with one sub-flow.")] = False,
    dialogues: Annotated[bool, typer.Option("--dialogues", help="Of a file with test dialogues.")] = False,
) -> None:
    """Print the JSON Schema of flow files, from which editors complete and underline."""
    schema = dialogues_schema() if dialogues else subflow_schema() if subflow else flow_schema()
    typer.echo(json.dumps(schema, ensure_ascii=False, indent=2))
