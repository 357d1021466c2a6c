"""Everything that is wrong with a flow: what the file says wrong, what a hotline demands, what nobody has recorded.

Pure but for reading files; `check` may be called in any thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.desk.unrecorded import measured, unrecorded
from gateway.dialogue.check import Finding as Lint
from gateway.dialogue.check import Unread, lint
from gateway.dialogue.check.finding import Severity
from gateway.dialogue.check.unread import words_in
from gateway.dialogue.load import FLOW_FILE, Draft, find_flow, read_draft
from gateway.dialogue.mistakes import Mistake
from gateway.dialogue.model import Flow
from gateway.dialogue.nodes.base import Place
from gateway.errors import FlowError

_TARGETS = frozenset({"go", "then", "on_error", "otherwise", "unavailable", "entry", "call"})
_OF_THE_WHOLE = frozenset({"unreachable", "dead_end", "endless_loop"})
"""Rules that say something of a node even where something in it is wrong."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong, at its place, counted from 1."""

    file: str
    line: int
    column: int
    rule: str
    """`unreadable`, `language` (what the file can't say), `unrecorded`, or one of `gateway.dialogue.check.RULES`."""
    severity: Severity
    message: str
    """What is wrong; what to do about it."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass(frozen=True, slots=True)
class Report:
    """All that was found, in the order of the file."""

    findings: tuple[Finding, ...]
    flow: Flow | None
    """None when calls can't be taken with it: the file has mistakes."""
    readable: bool = True

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What makes calls go wrong; the rest are warnings."""
        return tuple(finding for finding in self.findings if finding.severity == "error")


def flow_file(name: str, flows_dir: Path) -> Path:
    """The file that is meant by a hotline's name, its folder, or a path. Raises FlowError when there is none."""
    path = Path(name)
    if path.is_dir():
        if (path / FLOW_FILE).is_file():
            return path / FLOW_FILE
        raise FlowError([f"{path}: 这个文件夹里没有 {FLOW_FILE}；请写热线的名字、文件夹或流程文件"])
    if path.suffix or len(path.parts) > 1:
        return path
    return find_flow(name, flows_dir)


def check(path: Path, *, synthesiser: bool = False) -> Report:
    """Read a flow file and say everything that is wrong with it; never fails.

    Args:
        path: the flow file; its recordings are looked for beside it.
        synthesiser: what isn't recorded can be made, and so isn't told.
    """
    draft = read_draft(path)
    rule = "language" if draft.source.readable else "unreadable"
    findings = [
        Finding(str(spot.file), spot.line, spot.column, rule, "error", what) for spot, what in draft.source.problems
    ]
    flow = draft.flow if not findings else None
    if draft.flow is not None:
        told = [one for one in _linted(draft, draft.flow, synthesiser) if not _follows(one, draft.mistakes)]
        for one in told:
            spot = draft.source.spot(one.place, key=one.at_key)
            findings.append(Finding(str(spot.file), spot.line, spot.column, one.rule, one.severity, one.what))
    ordered = sorted(dict.fromkeys(findings), key=lambda one: (one.file != str(path), one))
    return Report(tuple(ordered), flow, draft.source.readable)


def _linted(draft: Draft, flow: Flow, synthesiser: bool) -> Iterator[Lint]:
    folder = draft.source.file.parent
    yield from lint(flow, _unread(draft), measured(folder))
    if not synthesiser:
        yield from unrecorded(flow, folder)


def _unread(draft: Draft) -> Unread:
    wrong = [(mistake.place, _value(draft.source.data, mistake.place)) for mistake in draft.mistakes]
    lost = any(len(place) < 2 or (place[-1] in _TARGETS and not isinstance(value, str)) for place, value in wrong)
    words = frozenset().union(*(words_in(value) for _, value in wrong))
    nodes = {name: words_in(raw) for name, raw in draft.unread.items()}
    return Unread(nodes, words, more=lost or not draft.whole)


def _value(data: Any, place: Place) -> Any:  # noqa: ANN401 -- YAML can hold anything
    for part in place:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return None
    return data


def _follows(found: Lint, mistakes: list[Mistake]) -> bool:
    """Whether it may come from a mistake that is told already."""
    return any(
        mistake.touches(found.place) and (len(found.place) >= len(mistake.place) or found.rule not in _OF_THE_WHOLE)
        for mistake in mistakes
    )
