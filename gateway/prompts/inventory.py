"""Which recordings a flow needs, and which of them are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel

from gateway.dialogue.choices import choices_at
from gateway.dialogue.model import Flow
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.survey import Survey
from gateway.dialogue.routes import stops
from gateway.dialogue.template import Template
from gateway.prompts.recordings import is_stale, recording_name, spelled
from gateway.prompts.sayas import FRAGMENTS
from gateway.prompts.tables import Folder, Row, clauses, flow_folder, normalize, voice_folder

VOICE = "hotline"
_FRAGMENTS = frozenset(map(normalize, FRAGMENTS))


class Listed(NamedTuple):
    """One recording of a table."""

    folder: Folder
    name: str
    row: Row

    @property
    def path(self) -> Path:
        """Its file, there or not."""
        return self.folder.path(self.name)


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

    def listed(self) -> list[Listed]:
        """All that the tables have, needed or not.

        Raises:
            PromptError: a table that can't be read; so do all methods here.
        """
        return [Listed(folder, name, row) for folder in (self._voice, self._own) for name, row in folder.read().items()]

    def needed(self) -> dict[str, tuple[Folder, str]]:
        """Name -> where it is kept and what it says: every clause of every prompt, every label and recorded text in one
        piece, and the fragments of values when a prompt has any.
        """
        prompts = list(templates(self._flow))
        own = _names(self._own)
        texts = [*self._flow.recorded_texts, *labels(self._flow)]
        for text in (text for prompt in prompts for text in prompt.texts):
            parts = clauses(text)
            texts += [text] if len(parts) > 1 and normalize(text) in own else parts
        wanted = {own.get(normalize(text)) or recording_name(text): (self._own, text) for text in texts}
        if any(field.kind != "text" for prompt in prompts for field in prompt.fields):
            voice = _names(self._voice)
            wanted |= {voice.get(normalize(said)) or recording_name(said): (self._voice, said) for said in FRAGMENTS}
        return wanted

    def addable(self) -> dict[str, tuple[Folder, str]]:
        """What may be recorded: all that is needed, and again whatever the tables already have under a name."""
        return {one.name: (one.folder, one.row.text) for one in self.listed()} | self.needed()

    def missing(self) -> dict[str, str]:
        """Name -> text of what is needed and in no table, or has lost its file."""
        there = {one.path for one in self.listed() if one.path.is_file()}
        return {name: text for name, (folder, text) in self.needed().items() if folder.path(name) not in there}

    def stale(self) -> dict[str, str]:
        """Name -> text of the needed recordings by a synthesiser that would be spoken differently now."""
        needed = self._needed_paths()
        return {one.name: one.row.text for one in self.listed() if one.path in needed and is_stale(one.row)}

    def unused(self) -> list[Listed]:
        """What nothing says any more. The voice is shared: its fragments count as used, needed here or not."""
        needed = self._needed_paths() | {
            self._voice.path(name) for name in map(_names(self._voice).get, _FRAGMENTS) if name
        }
        return [one for one in self.listed() if one.path not in needed]

    def unlisted(self) -> list[Path]:
        """The recordings that lie in the folders and are in no table."""
        listed = {one.path for one in self.listed()}
        folders = (self._own, self._voice)
        return [path for folder in folders for path in sorted(folder.audio.glob("*.flac")) if path not in listed]

    def spellings(self, texts: Mapping[str, str]) -> dict[str, str]:
        """Name -> what a synthesiser is to speak for these names and texts."""
        own = {one.name: one.row.spelled for one in self.listed() if one.row.spelled}
        return {name: own.get(name) or spelled(text) for name, text in texts.items()}

    def _needed_paths(self) -> set[Path]:
        return {folder.path(name) for name, (folder, _) in self.needed().items()}


def _names(folder: Folder) -> dict[str, str]:
    """Normalised text -> the name that it is listed under."""
    return {normalize(row.text): name for name, row in folder.read().items()}


def templates(part: object) -> Iterator[Template]:
    """Every prompt anywhere in a flow, or in a part of one."""
    if isinstance(part, Template):
        yield part
    else:
        for child in _children(part):
            yield from templates(child)


def labels(flow: Flow) -> Iterator[str]:
    """What `{option | text}` says when an answer is to be confirmed: what each choice at each question is called, be it
    by its label or by its first phrase.
    """
    for stop in stops(flow):
        if isinstance(stop.node, Question):
            unconfirmed = isinstance(stop.node, Survey) and stop.node.confirm == "never"
            for choice in choices_at(flow, stop.node).values():
                if not (unconfirmed and isinstance(choice.value, int)):
                    yield choice.label


def _children(part: object) -> Iterator[object]:
    match part:
        case BaseModel():
            yield from (value for _, value in part)
        case Mapping():
            yield from part.values()
        case tuple() | list():
            yield from part
