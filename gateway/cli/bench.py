"""voice-gateway asr bench: how well and at what price engines hear over a telephone, in one command."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from asr.audio import read_audio
from asr.bench.conditions import ECHO, Condition, Telephone, conditions_of, usual_conditions
from asr.bench.machine import memory_mib, this_machine
from asr.bench.measure import Question, Sample, Take, count, spread, takes
from asr.bench.page import page
from asr.bench.plain import PlainWhisper
from asr.bench.report import Report, as_json, notes, table
from asr.engine import Engine, Pcm
from asr.errors import ManifestError
from asr.scoring import REFUSED, ManifestEntry, read_manifest
from gateway.desk.asked import AskedAt
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import find_flow, load_flow
from gateway.engines import open_engine
from gateway.errors import SettingsError
from gateway.media.conceal import Concealer
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.inventory import voice_dir
from gateway.prompts.render import render
from gateway.settings import Settings, load_settings

_SAMPLES = "audio_samples"
_CHECKOUT = Path(__file__).resolve().parents[2]
_VOICES = 40
"""Of a long manifest, as many files are babble for the others."""

Names = Annotated[
    list[str] | None,
    typer.Option("--engine", help="A recogniser; repeat for more. Default: the settings' own.", metavar="NAME"),
]
Manifest = Annotated[
    Path | None,
    typer.Option(help="TSV with a header: file, text and, where there is one, option. Default: audio_samples."),
]
Flow = Annotated[str | None, typer.Option("--flow", help="Whose question is asked.", metavar="NAME")]
Node = Annotated[str, typer.Option("--node", help="The question.", metavar="ID")]
Conditions = Annotated[
    list[str] | None,
    typer.Option("--condition", help="clean, babble, babble-5db, loss-3pct ...; repeat for more.", metavar="NAME"),
]
Limit = Annotated[int, typer.Option(min=0, help="At most so many files, evenly spread; 0: all.", metavar="N")]
AgainstPlain = Annotated[bool, typer.Option("--against-plain", help="Measure plain faster_whisper too.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write all of it here.", metavar="FILE")]
PageFile = Annotated[Path | None, typer.Option("--page", help="Write a page of plots here.", metavar="FILE")]


def bench(  # noqa: PLR0913 - each is an option of the command
    names: Names = None,
    manifest: Manifest = None,
    flow: Flow = None,
    node: Node = "main",
    condition: Conditions = None,
    limit: Limit = 0,
    against_plain: AgainstPlain = False,
    json_file: JsonFile = None,
    page_file: PageFile = None,
) -> None:
    """Measure recognisers over a telephone: 8 kHz G.711, clean and with noise, babble, music, echo and packet loss.

    What an answer means is judged as in a call, by the question's hints, phrases and thresholds. The option `none`
    stands for a sentence that must be refused.
    """
    for file in filter(None, (json_file, page_file)):
        _check_writable(file)
    settings = load_settings()
    conditions = conditions_of(condition) if condition else usual_conditions()
    hotline = flow or settings.hotline
    asked = asked_at(settings, hotline, node)
    entries = _own_entries(asked) if manifest is None else _entries(manifest, asked)
    echoes = any(one.kind == ECHO for one in conditions)
    heard = Heard.of(entries, asked, [prompt_of(settings, hotline, asked)] if echoes else [], limit)
    openers: dict[str, Callable[[], Engine]] = {
        name: partial(open_engine, settings, name) for name in names or [settings.engine]
    }
    if against_plain:
        openers[PlainWhisper.name] = PlainWhisper
    machine = this_machine()  # before measuring: its load is somebody else's
    found = _hear(openers, heard, conditions)
    report = Report(
        machine=machine,
        manifest=str(manifest or _SAMPLES),
        question=f"{hotline} {node}" if heard.question else None,
        takes=found,
        memory_mib={name: _memory(opens, heard) for name, opens in openers.items()},
        plain=PlainWhisper.name if against_plain else None,
    )
    _tell(report, json_file, page_file)


@dataclass(frozen=True, slots=True)
class Heard:
    """What is heard, over which line, and what is asked."""

    samples: list[Sample]
    telephone: Telephone
    question: Question | None

    @classmethod
    def of(cls, entries: Sequence[ManifestEntry], asked: AskedAt, prompts: Sequence[Pcm], limit: int = 0) -> Heard:
        """Read the recordings, `limit` of them when it isn't 0, and the others' voices for babble.

        Raises:
            AudioFileError: a recording that can't be read.
        """
        voices = {entry.file: read_audio(entry.path) for entry in spread(entries, _VOICES)}
        samples = [Sample(entry, read_audio(entry.path)) for entry in spread(entries, limit)]
        question = Question(asked.judge, asked.hints, asked.answer) if any(one.option for one in entries) else None
        return cls(samples, Telephone(voices, prompts, conceal), question)


def conceal(packets: Sequence[Pcm | None]) -> Pcm:
    """Fill the holes as calls do."""
    concealer = Concealer()
    return np.concatenate([concealer.lost() if one is None else concealer.heard(one) for one in packets])


def asked_at(settings: Settings, flow: str, node: str) -> AskedAt:
    """A question of one of the hotlines. Raises FlowError."""
    return AskedAt.of(CompiledFlow(load_flow(find_flow(flow, settings.flows_dir))), node)


def prompt_of(settings: Settings, flow: str, asked: AskedAt) -> Pcm:
    """What the hotline says while the caller answers. Raises PromptError: it isn't recorded."""
    folder = find_flow(flow, settings.flows_dir).parent
    return render(asked.prompt, PromptCatalog.load(folder, voice_dir(folder))).pcm


def own_manifest() -> Path:
    """The manifest of `audio_samples`: in the working folder, else in the checkout that this was installed from."""
    here = Path(_SAMPLES)
    return (here if here.is_dir() else _CHECKOUT / _SAMPLES) / "manifest.tsv"


def menu_manifest() -> Path:
    """That of the samples for the main menu: every option in all voices, and sentences that must be refused."""
    return own_manifest().parent / "menus" / "manifest.tsv"


def _own_entries(asked: AskedAt) -> list[ManifestEntry]:
    """The samples that belong to the question: its options', and what it must refuse."""
    path = menu_manifest()
    own = [one for one in read_manifest(path) if one.option in {*asked.options, REFUSED}]
    if not {one.option for one in own} - {REFUSED}:
        raise ManifestError(
            f"no sample is an answer to the question '{asked.node}'", where=str(path), remedy="give a --manifest"
        )
    return own


def _entries(manifest: Path, asked: AskedAt) -> list[ManifestEntry]:
    """A manifest's own; a misspelt option is refused, or it would count as heard wrongly."""
    entries = read_manifest(manifest)
    unknown = sorted({entry.option for entry in entries if entry.option} - {*asked.options, REFUSED})
    if unknown and asked.options:
        raise ManifestError(
            f"the question '{asked.node}' has no option {', '.join(map(repr, unknown))}",
            where=str(manifest),
            remedy=f"write one of {', '.join(asked.options)}, or {REFUSED}; or name another --flow and --node",
        )
    return entries


def _check_writable(file: Path) -> None:
    """Before measuring, which takes minutes. Raises SettingsError."""
    try:
        file.open("a").close()
    except OSError as error:
        raise SettingsError(
            f"can't be written ({error.strerror})", where=str(file), remedy="name another file"
        ) from error


def _hear(openers: Mapping[str, Callable[[], Engine]], heard: Heard, conditions: Sequence[Condition]) -> list[Take]:
    with ExitStack() as closing:
        engines: dict[str, Engine] = {}
        for name, opens in openers.items():
            engines[name] = opens()
            closing.callback(engines[name].close)
        columns = (TextColumn("hearing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        total = count(engines, heard.samples, conditions, heard.question)
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            hearing = takes(engines, heard.samples, conditions, heard.telephone, heard.question)
            return list(progress.track(hearing, total=total))


def _memory(opens: Callable[[], Engine], heard: Heard) -> float | None:
    return memory_mib(opens, heard.samples[0].pcm, heard.question.hints if heard.question else ())


def _tell(report: Report, json_file: Path | None, page_file: Path | None) -> None:
    console = Console()
    if not console.is_terminal:  # into a file, a narrow table would be cut in the middle of its figures
        console.width = max(console.width, 140)
    console.print(table(report))
    for line in notes(report):
        console.print(line, highlight=False)
    if json_file:
        json_file.write_text(json.dumps(as_json(report), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if page_file:
        page_file.write_text(page(report), encoding="utf-8")
