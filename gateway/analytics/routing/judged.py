"""Files of sentences whose route somebody judged: what a router is scored on."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from pathlib import Path

from gateway.dialogue.mistakes import unknown
from gateway.errors import RulesError, refused

MAX_BYTES = 16 << 20
MAX_PROBLEMS = 20
"""That are told of one file."""
_TEXT, _ROUTE = "text", "route"

Judgement = tuple[str, str]
"""A text and its route."""


def read_judged(file: Path, routes: Collection[str]) -> list[Judgement]:
    """Read a tab-separated file; its header line names the columns, of which `text` and `route` are read.

    Args:
        routes: those that the column may name.

    Raises:
        RulesError: it can't be read, lacks a column, or has lines with mistakes; told at file:line.
    """
    lines = _lines(file)
    if not lines or not lines[0].strip():
        raise RulesError([f"{file}:1: 没有标题行；请以 `{_TEXT}<tab>{_ROUTE}` 开头"])
    header = lines[0].split("\t")
    if missing := [name for name in (_TEXT, _ROUTE) if name not in header]:
        raise RulesError([f"{file}:1: 标题行里没有 `{missing[0]}` 一栏；各栏请用制表符隔开"])
    judged: list[Judgement] = []
    problems = []
    for number, row in _rows(lines):
        if what := _wrong(row, header, routes):
            problems.append(f"{file}:{number}: {what}")
        else:
            judged.append((row[header.index(_TEXT)], row[header.index(_ROUTE)]))
    if problems:
        raise RulesError(problems[:MAX_PROBLEMS])
    if not judged:
        raise RulesError([f"{file}:1: 标题行下面没有句子；请一行写一句"])
    return judged


def _wrong(row: list[str], header: list[str], routes: Collection[str]) -> str | None:
    if len(row) < len(header):
        return f"这一行有 {len(row)} 栏，标题行有 {len(header)} 栏；请用制表符隔开"
    if not row[header.index(_TEXT)].strip():
        return "没有文字；请写上说的话，或删掉这一行"
    route = row[header.index(_ROUTE)]
    return None if route in routes else unknown("诉求", route, routes)


def _rows(lines: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Lines that hold something, numbered as in the file. Quotes are characters as any other."""
    for number, row in enumerate(csv.reader(lines[1:], delimiter="\t", quoting=csv.QUOTE_NONE), start=2):
        if any(cell.strip() for cell in row):
            yield number, row


def _lines(file: Path) -> list[str]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise RulesError([f"{file}:1: 文件超过 {MAX_BYTES >> 20} MiB；请分成几个文件"])
        raw = file.read_bytes()
    except OSError as error:
        raise RulesError([f"{file}:1: {refused(error)}；请检查路径和权限"]) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise RulesError([f"{file}:{line}: 不是 UTF-8；请把文件存成 UTF-8"]) from error
    return [line.rstrip("\r") for line in text.split("\n")]
