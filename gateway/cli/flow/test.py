"""voice-gateway flow test: hold the dialogues that stand beside a flow, and say what differs and what nobody tried."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.narrate import CallConsole
from gateway.desk.conversation import remembering
from gateway.desk.dialogues import report
from gateway.desk.dialogues.backend import Samples
from gateway.desk.dialogues.coverage import Coverage, flow_source
from gateway.desk.dialogues.load import dialogue_files, load_dialogues
from gateway.desk.dialogues.text import TextStage
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import find_flow, load_flow
from gateway.errors import ScriptError
from gateway.settings import load_settings


def hold_dialogues(
    flow: Annotated[list[str], typer.Argument(help="The hotlines, by name.", metavar="FLOW...")],
    only: Annotated[str, typer.Option("--filter", help="Only dialogues with this in their name.", metavar="TEXT")] = "",
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show the dialogues that pass as well.")] = False,
    require_full: Annotated[
        bool, typer.Option("--require-full", help="Fail unless every node and every option was exercised.")
    ] = False,
) -> None:
    """Hold a hotline's test dialogues and show those that go otherwise than expected."""
    settings = load_settings()
    console = CallConsole()
    failed = False
    for name in flow:
        passed, full = _tested(find_flow(name, settings.flows_dir), only, verbose, console)
        failed |= not passed or (require_full and not full)
    if failed:
        raise typer.Exit(1)


def _tested(flow_file: Path, only: str, verbose: bool, console: CallConsole) -> tuple[bool, bool]:
    flow = load_flow(flow_file)
    files = dialogue_files(flow_file)
    wanted = [dialogue for dialogue in load_dialogues(files, flow) if only in dialogue.name]
    if not wanted:
        remedy = "write another --filter" if only and files else "write them as docs/flows.zh.md says"
        raise ScriptError("there are no dialogues", where=str(flow_file.parent / "dialogues"), remedy=remedy)
    began = time.monotonic()
    compiled = CompiledFlow(flow, remembering)
    stage = TextStage(compiled, Samples(flow_file.parent))
    results = [stage.hold(dialogue) for dialogue in wanted]
    console.rule(f"[bold]{flow.title}[/bold] {flow.flow}")
    for held in results:
        if verbose or not held.passed:
            for line in report.conversation(held):
                console.print(line, soft_wrap=True)
    console.print(report.summary(results, time.monotonic() - began))
    coverage = Coverage(compiled)
    for held in results:
        coverage.add(held.exchanges)
    if not only:
        for line in report.gaps(coverage, flow_source(flow_file)):
            console.print(line, soft_wrap=True)
    return all(held.passed for held in results), coverage.full
