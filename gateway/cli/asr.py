"""voice-gateway asr ...: hear files, and score what was heard."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from asr import registry
from asr.audio import read_audio
from asr.engine import Engine, transcribe
from asr.errors import AudioFileError
from asr.scoring import character_error_rate, corpus_errors, read_manifest
from gateway.cli import bench, models
from gateway.engines import open_engine
from gateway.settings import load_settings

app = typer.Typer(help="Offline speech recognition.", no_args_is_help=True)
models.register(app)
app.command("bench")(bench.bench)

Hints = Annotated[
    list[str] | None,
    typer.Option("--hint", help="A phrase that is expected; repeat for more.", metavar="PHRASE"),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@contextmanager
def _engine() -> Iterator[Engine]:
    engine = open_engine(load_settings())
    try:
        yield engine
    finally:
        engine.close()


@app.command("transcribe")
def transcribe_files(
    files: Annotated[list[Path], typer.Argument(help="Audio files: WAV, FLAC, any rate.", metavar="FILE...")],
    hint: Hints = None,
    as_json: AsJson = False,
) -> None:
    """Write down what is said in each FILE. Empty text: nothing was said."""
    failed = False
    with _engine() as engine:
        for file in files:
            try:
                pcm = read_audio(file, refuse_clipped=True)
            except AudioFileError as error:
                failed = True
                typer.echo(f"voice-gateway: {error}", err=True)
                continue
            transcript = transcribe(engine, pcm, hint or [])
            if as_json:
                row: dict[str, Any] = {"file": str(file), **dataclasses.asdict(transcript)}
                typer.echo(json.dumps(row, ensure_ascii=False))
            else:
                typer.echo(f"{file}\t{transcript.text}" if len(files) > 1 else transcript.text)
    if failed:
        raise typer.Exit(AudioFileError.exit_code)


@app.command("score")
def score(
    manifest: Annotated[Path, typer.Argument(help="TSV with a header: file, text; paths relative to it.")],
    hint: Hints = None,
    as_json: AsJson = False,
) -> None:
    """Character error rate per file and in all; digits and spoken numbers count as equal."""
    entries = read_manifest(manifest)
    audio = [read_audio(entry.path) for entry in entries]
    with _engine() as engine:
        heard = [transcribe(engine, pcm, hint or []).text for pcm in audio]
    errors = [character_error_rate(entry.text, text) for entry, text in zip(entries, heard, strict=True)]
    in_all = corpus_errors(errors)
    if as_json:
        files = [
            {"file": entry.file, "text": entry.text, "heard": text, "cer": round(one.rate, 4)}
            for entry, text, one in zip(entries, heard, errors, strict=True)
        ]
        summary = {"cer": round(in_all.rate, 4), "errors": in_all.errors, "characters": in_all.reference_length}
        typer.echo(json.dumps({"files": files, **summary}, ensure_ascii=False))
        return
    for entry, text, one in zip(entries, heard, errors, strict=True):
        typer.echo(f"{one.rate:7.2%}  {entry.file}\t{entry.text}\t{text}")
    counted = f"{in_all.errors} errors in {in_all.reference_length} characters, {len(entries)} files"
    typer.echo(f"{in_all.rate:7.2%}  in all: {counted}")


@app.command("engines")
def engines() -> None:
    """Name the recognisers that can be set."""
    for name in registry.engine_names():
        typer.echo(name)
