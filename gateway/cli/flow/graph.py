"""voice-gateway flow graph: a flow drawn, for a document or to look around in."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gateway.desk.graph.draw import draw
from gateway.desk.graph.mermaid import mermaid
from gateway.desk.graph.page import page
from gateway.desk.graph.written import written_nodes
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import find_flow, load_flow
from gateway.errors import VoiceGatewayError, refused
from gateway.settings import load_settings


class Format(StrEnum):
    """What to draw with."""

    MERMAID = "mermaid"
    HTML = "html"


def graph(
    flow: Annotated[str, typer.Argument(help="The hotline, by name.", metavar="FLOW")],
    form: Annotated[
        Format | None, typer.Option("--format", help="By the file's name if not given, or mermaid.")
    ] = None,
    mode: Annotated[str | None, typer.Option(help="Draw what is said in this mode.", metavar="MODE")] = None,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Write it there.", metavar="FILE")] = None,
) -> None:
    """Draw a hotline, the path of the elderly marked: a Mermaid flowchart, or an HTML page with zoom and search."""
    flow_file = find_flow(flow, load_settings().flows_dir)
    compiled = CompiledFlow(load_flow(flow_file))
    drawing = draw(compiled, mode)
    if (form or _format_of(out)) is Format.HTML:
        text = page(compiled, drawing, written_nodes(flow_file), in_mode=mode is not None)
    else:
        text = mermaid(drawing, in_mode=mode is not None)
    if out is None:
        typer.echo(text, nl=False)
    else:
        _write(out, text)


def _format_of(out: Path | None) -> Format:
    return Format.HTML if out is not None and out.suffix.lower() in {".html", ".htm"} else Format.MERMAID


def _write(out: Path, text: str) -> None:
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise VoiceGatewayError(f"图写不进去：{refused(error)}", where=str(out), remedy="请换一个文件") from error
