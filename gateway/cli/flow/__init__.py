"""voice-gateway flow ...: what a designer does with a flow, one file for each command."""

from __future__ import annotations

import typer

from gateway.cli.flow import chat, check, funnel, graph, replay, schema, test

app = typer.Typer(help="Check, draw, try and test hotlines' flows, and see how calls went.", no_args_is_help=True)
app.command("check")(check.check)
app.command("schema")(schema.schema)
app.command("chat")(chat.chat)
app.command("graph")(graph.graph)
app.command("test")(test.hold_dialogues)
app.command("funnel")(funnel.funnel)
app.command("replay")(replay.replay)
