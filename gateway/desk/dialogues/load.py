"""Dialogue files: from a hotline's folder to checked dialogues, or to every mistake in them at file:line:column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.desk.dialogues.model import Case, DialogueFile, Setting
from gateway.dialogue.mistakes import Mistake, unknown, validated
from gateway.dialogue.model import Flow
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.ticket import CREATE, Ticket
from gateway.dialogue.nodes.transfer import Transfer
from gateway.dialogue.routes import all_slots, overrides, stops
from gateway.dialogue.source import Source, lines, read
from gateway.dialogue.state import STANDARD
from gateway.errors import FlowError

FOLDER = "dialogues"
"""Beside the flow's file."""


@dataclass(frozen=True, slots=True)
class TestDialogue:
    """One dialogue of a file, the file's own settings filled in."""

    __test__ = False  # for pytest, which would take it for a test

    name: str
    case: Case
    source: Source

    def line(self, *place: str | int) -> int:
        """The line of a part of it in its file."""
        return self.source.spot(("dialogues", self.name, *place), key=not place).line


def dialogue_files(flow_file: Path) -> list[Path]:
    """The hotline's dialogue files, by name."""
    return sorted((flow_file.parent / FOLDER).glob("*.yaml"))


def load_dialogues(files: Sequence[Path], flow: Flow) -> list[TestDialogue]:
    """Read and check dialogue files of a flow. Raises FlowError with the mistakes of all of them."""
    found: list[TestDialogue] = []
    problems: list[str] = []
    known = _Known.of(flow)
    for file in files:
        try:
            found += _load(file, known)
        except FlowError as error:
            problems += error.problems
    if problems:
        raise FlowError(problems)
    return found


def _load(file: Path, known: _Known) -> list[TestDialogue]:
    source = read(file)
    if not isinstance(source.data, dict):
        source.problems.append((source.spot(()), "这里没有测试对话；请以 `dialogues:` 开头"))
        raise FlowError(lines(source))
    read_file, mistakes = validated(DialogueFile, source.data, ())
    if read_file is not None:
        mistakes += _unknown(read_file, known)
    source.problems += [(source.spot(mistake.place, key=mistake.at_key), mistake.what) for mistake in mistakes]
    if source.problems or read_file is None:
        raise FlowError(lines(source))
    return [TestDialogue(name, _filled(case, read_file), source) for name, case in read_file.dialogues.items()]


def _filled(case: Case, file: DialogueFile) -> Case:
    shared = {name: getattr(file, name) for name in Setting.model_fields if name not in case.model_fields_set}
    return case.model_copy(update=shared | {"lookups": file.lookups | case.lookups})


@dataclass(frozen=True, slots=True)
class _Known:
    """The names of a flow that a dialogue may use."""

    nodes: frozenset[str]
    slots: frozenset[str]
    modes: frozenset[str]
    lookups: frozenset[str]
    queues: frozenset[str]

    @classmethod
    def of(cls, flow: Flow) -> _Known:
        nodes = {stop.name: stop.node for stop in stops(flow)}
        lookups = {node.lookup for node in nodes.values() if isinstance(node, Lookup)}
        tickets = {CREATE for node in nodes.values() if isinstance(node, Ticket)}
        queues = {node.transfer.queue for node in nodes.values() if isinstance(node, Transfer)}
        said_instead = [override for mode in flow.modes for _, _, override in overrides(flow, mode)]
        queues |= {override.transfer.queue for override in said_instead if override.transfer}
        return cls(
            frozenset(nodes),
            frozenset(all_slots(flow)),
            frozenset({STANDARD, *flow.modes}),
            frozenset(lookups | tickets),
            frozenset(queues),
        )


def _unknown(file: DialogueFile, known: _Known) -> Iterator[Mistake]:
    """Names that the flow doesn't have."""
    yield from _strangers("查询", known.lookups, [(("lookups", name), name) for name in file.lookups])
    for name, case in file.dialogues.items():
        for what, among, used in _names(case, known):
            yield from _strangers(what, among, [(("dialogues", name, *place), word) for place, word in used])


_Used = list[tuple[Place, str]]


def _names(case: Case, known: _Known) -> Iterator[tuple[str, frozenset[str], _Used]]:
    yield "查询", known.lookups, [(("lookups", name), name) for name in case.lookups]
    yield "槽位", known.slots, [(("slots", name), name) for name in case.slots]
    yield "模式", known.modes, [(("mode",), case.mode)] if case.mode else []
    nodes: _Used = [(("steps", index, "at"), step.at) for index, step in enumerate(case.steps) if step.at]
    yield "节点", known.nodes, nodes + [(("path", index), name) for index, name in enumerate(case.path or ())]
    queue = case.ends.queue if case.ends else None
    yield "队列", known.queues, [(("ends", "queue"), queue)] if queue else []


def _strangers(what: str, known: frozenset[str], used: _Used) -> Iterator[Mistake]:
    for place, name in used:
        if name not in known:
            at_key = bool(place) and place[-1] == name
            yield Mistake(place, f"流程里{unknown(what, name, known)}", at_key=at_key)
