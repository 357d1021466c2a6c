"""voice-gateway call: a caller played from files, through the whole gateway."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from gateway import events
from gateway.app import Gateway
from gateway.cli.narrate import CallConsole, Narrator
from gateway.cli.running import run
from gateway.clock import Clock, RealClock, VirtualClock
from gateway.events import CallEnded, Emit
from gateway.hotline import Hotline
from gateway.settings import load_settings
from gateway.transport.leg import LegInfo
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import Step, parse_steps

DEFAULT_FLOW = "mobile_hotline"

STEP_HELP = (
    "What the caller does, in order: an audio FILE (said after the prompt ends), over:FILE (said while a prompt "
    "plays), dtmf:12#, wait:SECONDS, hangup."
)


def print_json(event: events.Event) -> None:
    """One event, one line. When nobody reads on, the call goes on unread."""
    try:
        typer.echo(events.to_json(event))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class JsonLines:
    """One event, one line; the one that sums the call up is the last, behind what was found in the call."""

    def __init__(self) -> None:
        self._ended: CallEnded | None = None

    def __call__(self, event: events.Event) -> None:
        """Tell one event."""
        if isinstance(event, CallEnded):
            self._ended = event
        else:
            print_json(event)

    def close(self) -> None:
        """Nothing more comes."""
        if self._ended is not None:
            print_json(self._ended)


async def play(gateway: Gateway, caller: str, steps: tuple[Step, ...], tell: Emit, clock: Clock) -> CallEnded:
    """One loopback call from answer to end."""
    info = LegInfo(caller_number=caller, called_number=gateway.hotline.flow.flow.flow, transport="loopback")
    return await gateway.take(LoopbackLeg(steps, info), clock, tell)


def call(
    step: Annotated[list[str] | None, typer.Argument(help=STEP_HELP, metavar="STEP...")] = None,
    flow: Annotated[str, typer.Option(help="The hotline to call.", metavar="NAME")] = DEFAULT_FLOW,
    caller: Annotated[
        str | None, typer.Option("--from", help="The caller's number; the first sample customer's.", metavar="NUMBER")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one event a line, as JSON.")] = False,
    realtime: Annotated[bool, typer.Option(help="Take as long as a real call.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder of the store and the recordings.", metavar="DIR")] = None,
) -> None:
    """Call a hotline with a scripted caller and tell what happens."""
    settings = load_settings()
    hotline = Hotline.load(settings, flow)
    if caller is None:
        caller = hotline.usual_caller()
    else:
        hotline.check_caller(caller)
    steps = parse_steps(step or [])
    lines = JsonLines()
    tell = lines if as_json else Narrator(CallConsole(), settings.analytics.rules)
    if realtime:
        hotline.warm()

    async def answer() -> CallEnded:
        async with Gateway.open(settings, hotline, out or settings.data_dir) as gateway:
            return await play(gateway, caller, steps, tell, RealClock() if realtime else VirtualClock())

    try:
        ended = run(answer())
    finally:
        lines.close()
    if ended.disposition == "failed":
        raise typer.Exit(1)
