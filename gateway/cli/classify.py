"""voice-gateway classify: what is in single sentences of callers, a JSON line for each."""

from __future__ import annotations

import codecs
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from gateway.errors import VoiceGatewayError
from gateway.settings import load_settings

if TYPE_CHECKING:
    from gateway.analytics.analyser import TextFindings
    from gateway.findings import Evidence

MAX_CHARACTERS = 100_000
"""A line is read so far. Nobody says that much in one turn: at four characters a second it takes seven hours."""
_MAX_BYTES = 4 * MAX_CHARACTERS  # of the longest characters of UTF-8
_STANDARD_INPUT = "-"

# How typer folds help: lines that belong together are one paragraph, \b keeps the ones below as they are.
_HELP = """逐句理解来电人说的话：每行一句，每句输出一行 JSON。

\b
text               原话
route              诉求类别，拿不准时为 other
route_probability  该类别的概率，0 到 1
skill_group        对应的技能组
polarity           情绪：positive 正面，neutral 中性，negative 负面
anger              愤怒程度：0 无，1 不耐烦，2 生气，3 暴怒
flags              标记：regulator 监管、churn 离网、abuse 辱骂等
entities           号码、金额、日期等：种类 kind，值 value
evidence           依据：for 是 route、mood 或某个标记
text, start, end   后两者里：原文和它的起止位置

读一句答一句，可以接在管道里。空行跳过；坏字节以 � 代替，过长的行截断，都在标准错误里说明，不影响其他行。
"""


class Line(NamedTuple):
    """One line of the input that isn't empty."""

    number: int
    """From 1."""
    text: str
    """Without spaces around it, at most `MAX_CHARACTERS`."""
    remark: str
    """Chinese; what was wrong with it, or empty."""


def classify(
    file: Annotated[str, typer.Argument(help="文本文件（UTF-8，每行一句）；- 为标准输入。", metavar="FILE|-")] = "-",
    rules: Annotated[
        Path | None, typer.Option(help="自定义规则所在的文件夹；不写则用设置里的，再没有则用自带的。", metavar="DIR")
    ] = None,
    pretty: Annotated[bool, typer.Option("--pretty", help="缩进排版，便于阅读（每句不止一行）。")] = False,
) -> None:
    # The docstring would be the help, which is Chinese: see `_HELP` at the end.
    from gateway.analytics.analyser import Analyser  # only here: its libraries take a second to load

    with _input(file) as stream:
        analyser = Analyser.load(rules or load_settings().analytics.rules)
        try:
            for line in read_lines(stream):
                if line.remark:
                    typer.echo(f"第 {line.number} 行：{line.remark}", err=True)
                print_line(as_json(line.text, analyser.text(line.text)), pretty=pretty)
        except BrokenPipeError:
            _leave_quietly()
        except OSError as error:  # a folder as standard input, a full disk
            raise VoiceGatewayError(
                f"broke off ({error.strerror})",
                where=file,
                remedy="see that it can be read, and that what is printed can be written",
            ) from error


classify.__doc__ = _HELP


def read_lines(stream: IO[bytes]) -> Iterator[Line]:
    """The lines of `stream`, each as soon as it is there; no more than one is held, cut at `MAX_CHARACTERS`."""
    number = 0
    while raw := stream.readline(_MAX_BYTES):
        number += 1
        cut = not raw.endswith(b"\n") and len(raw) == _MAX_BYTES and _skip_rest(stream)
        if number == 1:
            raw = raw.removeprefix(codecs.BOM_UTF8)  # as editors on Windows write it
        text, bad = _decoded(raw, whole=not cut)
        text = text.strip().removesuffix("\x1a")  # DOS's end of file
        if not text:
            continue
        remarks = ["有不是 UTF-8 的字节，已用 � 代替"] if bad else []
        if cut or len(text) > MAX_CHARACTERS:
            remarks.append(f"超过 {MAX_CHARACTERS} 个字符，只看前面的")
        yield Line(number, text[:MAX_CHARACTERS], "；".join(remarks))


def _skip_rest(stream: IO[bytes]) -> bool:
    """Read what is left of a line and forget it. False when nothing was left."""
    any_left = False
    while rest := stream.readline(_MAX_BYTES):
        any_left = any_left or bool(rest.strip())
        if rest.endswith(b"\n"):
            break
    return any_left


def _decoded(raw: bytes, *, whole: bool) -> tuple[str, bool]:
    """The text, and whether there were bad bytes; unless `raw` is `whole`, a character may lack its end."""
    try:
        return codecs.utf_8_decode(raw, "strict", whole)[0], False
    except UnicodeDecodeError:
        return codecs.utf_8_decode(raw, "replace", whole)[0], True


def as_json(text: str, found: TextFindings) -> dict[str, Any]:
    """What was found in `text` as the command prints it; see the help for what the fields mean."""
    because = [("route", found.route.evidence), ("mood", found.mood.evidence)]
    because += [(flag.flag, flag.evidence) for flag in found.flags]
    return {
        "text": text,
        "route": found.route.route,
        "route_probability": round(found.route.probability, 4),
        "skill_group": found.route.skill_group,
        "polarity": found.mood.polarity,
        "anger": found.mood.anger,
        "flags": [flag.flag for flag in found.flags],
        "entities": [
            {"kind": entity.kind, "value": entity.value, **_place(entity.evidence)} for entity in found.entities
        ],
        "evidence": [{"for": what, **_place(place)} for what, places in because for place in places],
    }


def _place(evidence: Evidence) -> dict[str, Any]:
    return {"text": evidence.text, "start": evidence.start, "end": evidence.end}


def print_line(document: dict[str, Any], *, pretty: bool) -> None:
    """Print it at once, so that whoever reads the pipe has the answer before the next line comes."""
    # A terminal without Chinese gets \\u escapes: still JSON, which Python's own backslashes (\\U0001f600) are not.
    plain = not (sys.stdout.encoding or "").lower().replace("_", "-").startswith("utf")
    sys.stdout.write(json.dumps(document, ensure_ascii=plain, indent=2 if pretty else None) + "\n")
    sys.stdout.flush()


@contextmanager
def _input(file: str) -> Iterator[IO[bytes]]:
    if file == _STANDARD_INPUT:
        if sys.stdin is None:
            raise VoiceGatewayError("standard input is closed", where=file, remedy="name a file, or send it lines")
        if sys.stdin.isatty():
            typer.echo("每行输入一句话，Ctrl-D 结束。", err=True)
        yield sys.stdin.buffer
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 -- closed below: errors of its reader are not errors of opening
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise VoiceGatewayError(
            f"can't be read ({reason})", where=file, remedy="name a text file in UTF-8, or - for standard input"
        ) from error
    with stream:
        yield stream


def _leave_quietly() -> None:
    """Nobody reads any more (`| head`): what is still in Python's buffer goes nowhere, at exit too."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
