"""From the pieces of a prompt to one stretch of sound: recordings joined, with the pauses that a speaker would make."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from gateway.dialogue.actions import Piece, Say, Text, Tone, Value
from gateway.media.frames import Pcm, ms_to_samples
from gateway.prompts import sayas
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.clips import amplify, tone
from gateway.prompts.tables import normalize

SENTENCE_PAUSE_MS = 400
CLAUSE_PAUSE_MS = 200
LIST_PAUSE_MS = 140
GROUP_PAUSE_MS = 250
VALUE_PAUSE_MS = 40
"""Between a sentence and a number inside it, where nobody writes a comma."""

_MARKS = {**dict.fromkeys("。！？!?…", SENTENCE_PAUSE_MS), "、": LIST_PAUSE_MS}
_TOKENS = re.compile(r"[^，。！？；：、,.!?;:…\s]+|[，。！？；：、,.!?;:…\s]+")


@dataclass(frozen=True, slots=True)
class RenderedPrompt:
    """A prompt ready to be played."""

    pcm: Pcm
    """Begins and ends with sound: pauses stand only between recordings."""
    text: str
    """What is said, numbers written as they are spoken."""
    starts: tuple[int, ...]
    """Samples at which its clauses begin, for going on after a false stop."""


@dataclass(frozen=True, slots=True)
class _Part:
    sound: str | Tone
    """A recorded text, or a tone."""
    pause_ms: int
    """The pause before it."""


def render(say: Say, catalog: PromptCatalog) -> RenderedPrompt:
    """Join what was recorded into what `say` says, at its pace and gain.

    Raises:
        PromptError: something in it was never recorded, or a value can't be said.
    """
    parts = _parts(say.pieces, catalog)
    sound: list[Pcm] = []
    starts: list[int] = []
    at = 0
    for index, part in enumerate(parts):
        pause = np.zeros(ms_to_samples(part.pause_ms / say.pace) if index else 0, np.int16)
        clip = _clip(part.sound, say.pace, catalog)
        if not index or part.pause_ms >= CLAUSE_PAUSE_MS:
            starts.append(at + len(pause))
        at += len(pause) + len(clip)
        sound += [pause, clip]
    pcm = np.concatenate(sound) if sound else np.zeros(0, np.int16)
    return RenderedPrompt(amplify(pcm, say.gain_db), spoken_text(say.pieces), tuple(starts))


def spoken_text(pieces: tuple[Piece, ...]) -> str:
    """The prompt in characters, for the transcript."""
    return "".join(_written(piece) for piece in pieces)


def _written(piece: Piece) -> str:
    match piece:
        case Text():
            return piece.text
        case Tone():
            return "（嘀）"
        case Value():
            return "".join(sayas.words(piece))


def _clip(sound: str | Tone, pace: float, catalog: PromptCatalog) -> Pcm:
    """A tone is a sign and no speech: who needs slower words needs no longer tone."""
    return tone(sound.hz, sound.duration_ms) if isinstance(sound, Tone) else catalog.clip(sound, pace)


def _parts(pieces: tuple[Piece, ...], catalog: PromptCatalog) -> list[_Part]:
    parts: list[_Part] = []
    pause_ms = 0
    before: Piece | None = None
    for piece in pieces:
        match piece:
            case Value():
                # between two values stood a mark that the flow's parser had no reason to keep
                least_ms = CLAUSE_PAUSE_MS if isinstance(before, Value) else VALUE_PAUSE_MS
                parts += _value_parts(piece, catalog, max(pause_ms, least_ms))
                pause_ms = VALUE_PAUSE_MS
            case Tone():
                parts.append(_Part(piece, max(pause_ms, CLAUSE_PAUSE_MS)))
                pause_ms = CLAUSE_PAUSE_MS
            case Text():
                spoken, pause_ms = _text_parts(piece.text, catalog, pause_ms)
                parts += spoken
        before = piece
    return parts


def _text_parts(text: str, catalog: PromptCatalog, pause_ms: int) -> tuple[list[_Part], int]:
    """The clauses of a text, and the pause that its last mark asks for. One recording of the whole text wins."""
    whole = normalize(text) and text in catalog
    parts: list[_Part] = []
    for token in _TOKENS.findall(text):
        if not normalize(token):
            pause_ms = max(pause_ms, *(_MARKS.get(mark, CLAUSE_PAUSE_MS) for mark in token))
        elif not (whole and parts):
            parts.append(_Part(text if whole else token, pause_ms))
            pause_ms = 0
        else:
            pause_ms = 0
    return parts, pause_ms


def _value_parts(value: Value, catalog: PromptCatalog, pause_ms: int) -> list[_Part]:
    parts: list[_Part] = []
    for group in sayas.words(value):
        fragments = [group] if value.kind == "text" else sayas.split_into_fragments(group, catalog)
        for index, fragment in enumerate(fragments):
            parts.append(_Part(fragment, 0 if index else pause_ms))
        pause_ms = GROUP_PAUSE_MS
    return parts
