"""voice-gateway flow test: hold the dialogues that stand beside a flow, and say what differs and what nobody tried."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from gateway.cli.narrate import CallConsole
from gateway.cli.running import run
from gateway.desk.check import flow_file
from gateway.desk.conversation import remembering
from gateway.desk.dialogues import report
from gateway.desk.dialogues.backend import Samples
from gateway.desk.dialogues.coverage import Coverage
from gateway.desk.dialogues.load import FOLDER, TestDialogue, dialogue_files, load_dialogues
from gateway.desk.dialogues.text import Held, TextStage
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow, read_draft
from gateway.dialogue.model import Flow
from gateway.errors import ScriptError
from gateway.settings import Settings, load_settings


def hold_dialogues(
    flow: Annotated[list[str], typer.Argument(help="Hotlines: names, folders or files.", metavar="FLOW...")],
    only: Annotated[str, typer.Option("--filter", help="Only dialogues with this in their name.", metavar="TEXT")] = "",
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Show the dialogues that pass as well.")] = False,
    require_full: Annotated[
        bool, typer.Option("--require-full", help="Fail unless every node and every option was exercised.")
    ] = False,
    audio: Annotated[bool, typer.Option("--audio", help="Speak the callers' lines to the real recogniser.")] = False,
    snr_db: Annotated[float, typer.Option("--snr", help="With --audio: dB from noise to speech.", min=0, max=60)] = 15,
) -> None:
    """Hold a hotline's test dialogues and show those that go otherwise than expected."""
    if require_full and (only or audio):
        raise typer.BadParameter("all dialogues are needed for it, in text; leave out --filter and --audio")
    settings = load_settings()
    console = CallConsole()
    failed = False
    for name in flow:
        script = _Script.read(flow_file(name, settings.flows_dir), only)
        console.rule(f"[bold]{escape(script.flow.title)}[/bold] {script.flow.flow}")
        shown = _Shown(console, verbose)
        if audio:
            _hold_aloud(settings, script, snr_db, shown)
        else:
            failed |= not _hold_in_text(script, shown) and require_full
        console.print(report.summary(shown.results, time.monotonic() - shown.began))
        failed |= any(held.difference is not None for held in shown.results)
    if failed:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Script:
    """A flow and the dialogues to be held with it."""

    file: Path
    flow: Flow
    dialogues: list[TestDialogue]
    whole: bool
    """None was left out."""

    @classmethod
    def read(cls, file: Path, only: str) -> _Script:
        flow = load_flow(file)
        files = dialogue_files(file)
        wanted = [dialogue for dialogue in load_dialogues(files, flow) if only in dialogue.name]
        if not wanted:
            remedy = "请换一个 --filter" if only and files else "写法见 docs/desk.zh.md"
            raise ScriptError("没有测试对话", where=str(file.parent / FOLDER), remedy=remedy)
        return cls(file, flow, wanted, whole=not only)


class _Shown:
    """Keeps the results, and prints those that are to be read as they come."""

    def __init__(self, console: CallConsole, verbose: bool) -> None:
        self.began = time.monotonic()
        self.console = console
        self.results: list[Held] = []
        self._verbose = verbose

    def __call__(self, held: Held) -> None:
        self.results.append(held)
        if self._verbose or not held.passed:
            self.print(report.conversation(held))

    def print(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.console.print(line, soft_wrap=True)


def _hold_in_text(script: _Script, shown: _Shown) -> bool:
    """Whether every node and option was exercised."""
    compiled = CompiledFlow(script.flow, remembering)
    stage = TextStage(compiled, Samples(script.file.parent))
    coverage = Coverage(compiled)
    for dialogue in script.dialogues:
        held = stage.hold(dialogue)
        coverage.add(held.exchanges)
        shown(held)
    if script.whole:
        shown.print(report.gaps(coverage, read_draft(script.file).source))
    return coverage.full


def _hold_aloud(settings: Settings, script: _Script, snr_db: float, shown: _Shown) -> None:
    from gateway.cli.flow.aloud import AloudStage

    def progress(done: int, wanted: int) -> None:
        shown.console.print(f"[dim]合成来电者的话 {done}/{wanted}[/dim]", end="\r")

    here = settings.model_copy(update={"flows_dir": script.file.parent.parent})
    stage = AloudStage(here, script.file.parent.name, script.dialogues, snr_db=snr_db, progress=progress)
    run(stage.hold_all(shown))
