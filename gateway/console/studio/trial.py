"""A hotline with texts that aren't saved, laid out in a temporary folder: checked there, and compiled to be tried.

Blocking, and pure but for reading files: any thread may do it.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.console.studio.files import MAX_BYTES, FlowFolder, unfit
from gateway.console.studio.picture import Image, image_of
from gateway.desk.check import Finding, check
from gateway.desk.conversation import remembering
from gateway.desk.dialogues.load import FOLDER, TestDialogue, load_dialogues
from gateway.dialogue.check.finding import Severity
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import FLOW_FILE, read_draft
from gateway.dialogue.model import Flow
from gateway.dialogue.source import attempt
from gateway.errors import FlowError

MAX_FINDINGS = 500
_VOICES = "voices"
"""Beside the hotlines' folders: what the voice has recorded."""
_PROBLEM = re.compile(r"(.*?):(\d+):(\d+): (.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Told:
    """A finding, with the file as the studio names it."""

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a check."""

    findings: tuple[Told, ...]
    """At most `MAX_FINDINGS`; errors are never left out for warnings."""
    compiled: CompiledFlow | None = None
    """To be tried; None when there are errors."""
    image: Image | None = None
    """Its drawing."""
    spots: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """File and line of each node, by its full name."""
    subflow_files: Mapping[str, str] = field(default_factory=dict)
    """The file of each sub-flow that has one, by the sub-flow's name."""

    @property
    def errors(self) -> tuple[Told, ...]:
        """What keeps it from being saved."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    @property
    def warnings(self) -> tuple[Told, ...]:
        """What doesn't."""
        return tuple(finding for finding in self.findings if finding.severity == "warning")


@dataclass(frozen=True, slots=True)
class Copy:
    """A hotline laid out in a temporary folder."""

    flow_file: Path
    subflow_files: Mapping[str, str]
    _hotline: Path
    _real: Path

    def name_of(self, file: str) -> str:
        """The studio's name of a file of the copy."""
        return Path(os.path.relpath(file, self._hotline)).as_posix()

    def in_words(self, message: str) -> str:
        """A message without the temporary folder."""
        return message.replace(str(self._hotline.parent), str(self._real.parent))

    def dialogues(self) -> list[Path]:
        """Its dialogue files."""
        return sorted((self._hotline / FOLDER).glob("*.yaml"))


def examine(folder: FlowFolder, texts: Mapping[str, str], *, synthesiser: bool = False) -> Trial:
    """Check a hotline as it would be with these texts in its files.

    Args:
        folder: the hotline's.
        texts: what the editor has, by the files' names; other files count as they are on disk.
        synthesiser: what isn't recorded can be made (`flow check` does the same).
    """
    wrong = [
        Told(name, found[0], 1, "unfit", "error", found[1]) for name, text in texts.items() if (found := unfit(text))
    ]
    if wrong:
        return Trial(tuple(wrong))
    with laid_out(folder, texts) as copy:
        report = check(copy.flow_file, synthesiser=synthesiser)
        findings = [_told(copy, finding) for finding in report.findings]
        if report.flow is not None and not report.errors:
            changed = [name for name in texts if name.startswith(f"{FOLDER}/")]
            findings += _of_dialogues(copy, [copy.flow_file.parent / name for name in changed], report.flow)
        findings = _most_important(findings)
        if report.flow is None or report.errors:
            return Trial(tuple(findings), subflow_files=copy.subflow_files)
        compiled, spots = CompiledFlow(report.flow, remembering), _spots(copy)
        return Trial(tuple(findings), compiled, image_of(compiled), spots, copy.subflow_files)


def read_dialogues(copy: Copy, compiled: CompiledFlow) -> list[TestDialogue]:
    """The copy's dialogues. Raises FlowError with their mistakes, told with the studio's names."""
    try:
        return load_dialogues(copy.dialogues(), compiled.flow)
    except FlowError as error:
        raise FlowError([_shown(copy, problem) for problem in error.problems]) from error


@contextmanager
def laid_out(folder: FlowFolder, texts: Mapping[str, str]) -> Iterator[Copy]:
    """The hotline's folder with these texts, as long as the context lasts. Texts must not be `unfit`.

    YAML files are copied (the loader refuses links that lead out of the folder), recordings are linked to.
    """
    with tempfile.TemporaryDirectory(prefix="voice-gateway-studio-") as made:
        hotline = Path(made).resolve() / folder.hotline
        hotline.mkdir()
        on_disk = folder.files()
        for name, real in on_disk.items():
            _put(hotline, name, texts[name].encode() if name in texts else _some(real))
        named = attempt(hotline / FLOW_FILE).data
        for name, real in folder.subflows(named).items():
            if name not in on_disk:  # the unsaved flow names it
                _put(hotline, name, _some(real))
        for entry in folder.folder.iterdir():
            if not entry.name.startswith(".") and not (hotline / entry.name).exists():
                (hotline / entry.name).symlink_to(entry.resolve())
        voices, there = hotline.parent / _VOICES, folder.root / _VOICES
        if there.is_dir() and not voices.exists():
            voices.symlink_to(there)
        yield Copy(hotline / FLOW_FILE, _subflow_files(folder, named), hotline, folder.folder)


def _put(hotline: Path, name: str, content: bytes) -> None:
    file = Path(os.path.normpath(hotline / name))
    if hotline.parent not in file.parents:  # files() never names such a one
        raise ValueError(f"{name} is outside the flows' folder")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


def _some(real: Path) -> bytes:
    """As much of a file as is needed to see that it is too large."""
    try:
        with real.open("rb") as stream:
            return stream.read(2 * MAX_BYTES + 1)
    except OSError:
        return b""  # it went away meanwhile: the check says that it is empty


def _subflow_files(folder: FlowFolder, data: object) -> dict[str, str]:
    named = data.get("subflows") if isinstance(data, dict) else None
    found: dict[str, str] = {}
    for name, inner in named.items() if isinstance(named, dict) else ():
        if isinstance(inner, str) and (real := folder.subflow(inner)) is not None:
            found[str(name)] = folder.name_of(real)
    return found


def _told(copy: Copy, finding: Finding) -> Told:
    message = copy.in_words(finding.message)
    return Told(copy.name_of(finding.file), finding.line, finding.column, finding.rule, finding.severity, message)


def _of_dialogues(copy: Copy, files: Sequence[Path], flow: Flow) -> Iterator[Told]:
    """The mistakes in changed dialogue files: those of others don't keep a flow from being saved."""
    try:
        load_dialogues([file for file in files if file.is_file()], flow)
    except FlowError as error:
        for problem in error.problems:
            if found := _PROBLEM.fullmatch(problem):
                yield Told(
                    copy.name_of(found[1]), int(found[2]), int(found[3]), "dialogue", "error", copy.in_words(found[4])
                )


def _shown(copy: Copy, problem: str) -> str:
    found = _PROBLEM.fullmatch(problem)
    return f"{copy.name_of(found[1])}:{found[2]}:{found[3]}: {copy.in_words(found[4])}" if found else problem


def _most_important(findings: list[Told]) -> list[Told]:
    if len(findings) <= MAX_FINDINGS:
        return findings
    return sorted(findings, key=lambda one: one.severity != "error")[:MAX_FINDINGS]


def _spots(copy: Copy) -> dict[str, tuple[str, int]]:
    source = read_draft(copy.flow_file).source
    found: dict[str, tuple[str, int]] = {}
    for place, spot in source.keys.items():
        match place:
            case ("nodes", str(name)):
                found[name] = (copy.name_of(str(spot.file)), spot.line)
            case ("subflows", str(subflow), "nodes", str(name)):
                found[f"{subflow}.{name}"] = (copy.name_of(str(spot.file)), spot.line)
    return found
