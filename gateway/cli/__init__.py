"""voice-gateway ...: one file for each group of commands."""

from __future__ import annotations

import io
import sys

import typer

from gateway.cli import (
    analyze,
    asr,
    bench,
    call,
    classify,
    console,
    demo,
    flow,
    outbox,
    prompts,
    report,
    retention,
    routing,
    serve,
    ticket,
)
from gateway.errors import VoiceGatewayError
from gateway.privacy import setup_logging

app = typer.Typer(
    name="voice-gateway",
    help="Voice IVR and speech analytics gateway for Chinese service hotlines.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.command("analyze")(analyze.analyze)
app.command("call")(call.call)
app.command("classify")(classify.classify)
app.command("demo")(demo.demo)
app.command("report")(report.report)
app.command("serve")(serve.serve)
asr.app.command("bench")(bench.bench)
app.add_typer(asr.app, name="asr")
app.add_typer(console.app, name="console")
app.add_typer(flow.app, name="flow")
app.add_typer(outbox.app, name="outbox")
app.add_typer(prompts.app, name="prompts")
app.add_typer(retention.app, name="retention")
app.add_typer(routing.app, name="routing")
app.add_typer(ticket.app, name="ticket")


def main() -> None:
    """The console script. What a person can act on is a line on stderr and exit status 2; the rest is a traceback."""
    setup_logging("ERROR")  # what is worth a warning in a service is told here when the command ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese loses letters, not the call
    try:
        app()
    except VoiceGatewayError as error:
        for line in str(error).splitlines():
            typer.echo(f"voice-gateway: {line}", err=True)
        sys.exit(error.exit_code)
