"""Which recordings a flow needs, and which of them are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import BaseModel

from gateway.dialogue.model import Flow
from gateway.dialogue.template import Template
from gateway.prompts.catalog import Folder, clauses, flow_folder, normalize, voice_folder
from gateway.prompts.recordings import recording_name
from gateway.prompts.sayas import FRAGMENTS

VOICE = "hotline"


def voice_dir(flow_dir: Path) -> Path:
    """The voice that the hotline in `flow_dir` speaks with: beside it, shared with the other hotlines."""
    return flow_dir.parent / "voices" / VOICE


class Inventory:
    """The recordings of one hotline: those its flow needs, and those its tables have."""

    def __init__(self, flow: Flow, flow_dir: Path) -> None:
        """`flow_dir` is the hotline's folder; the voice is `voices/hotline` beside it."""
        self._flow = flow
        self._own = flow_folder(flow_dir)
        self._voice = voice_folder(voice_dir(flow_dir))

    def needed(self) -> dict[str, tuple[Folder, str]]:
        """Name -> where it is kept and what it says: every clause of every prompt, label and recorded text, and the
        fragments of values when a prompt has any.
        """
        prompts = list(templates(self._flow))
        texts = [text for prompt in prompts for text in prompt.texts]
        texts += [*self._flow.recorded_texts, *labels(self._flow)]
        recorded = self._recorded(self._own)
        wanted: dict[str, tuple[Folder, str]] = {}
        for text in texts:
            parts = clauses(text)
            for clause in [text] if len(parts) > 1 and normalize(text) in recorded else parts:
                wanted[recording_name(clause)] = (self._own, clause)
        if any(field.kind != "text" for prompt in prompts for field in prompt.fields):
            wanted |= {recording_name(fragment): (self._voice, fragment) for fragment in FRAGMENTS}
        return wanted

    def addable(self) -> dict[str, tuple[Folder, str]]:
        """What may be recorded: all that is needed, and again whatever the tables already have under a name."""
        listed = {
            name: (folder, text) for folder in (self._voice, self._own) for name, (text, _) in folder.read().items()
        }
        return listed | self.needed()

    def missing(self) -> dict[str, str]:
        """Name -> text of what is needed and in no table, or has lost its file.

        Raises:
            PromptError: a table that can't be read.
        """
        recorded = {folder: self._recorded(folder) for folder in (self._own, self._voice)}
        return {name: text for name, (folder, text) in self.needed().items() if normalize(text) not in recorded[folder]}

    @staticmethod
    def _recorded(folder: Folder) -> set[str]:
        return {normalize(text) for name, (text, _) in folder.read().items() if folder.path(name).is_file()}


def templates(part: object) -> Iterator[Template]:
    """Every prompt anywhere in a flow, or in a part of one."""
    if isinstance(part, Template):
        yield part
    else:
        for child in _children(part):
            yield from templates(child)


def labels(part: object) -> Iterator[str]:
    """Every `label`: what `{option | text}` says."""
    if isinstance(part, BaseModel) and isinstance(label := getattr(part, "label", None), str):
        yield label
    for child in _children(part):
        yield from labels(child)


def _children(part: object) -> Iterator[object]:
    match part:
        case BaseModel():
            yield from (value for _, value in part)
        case Mapping():
            yield from part.values()
        case tuple() | list():
            yield from part
