"""What the ears report. Times are ms on the call's media clock; a frame ticked at t covers t to t + 20 ms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gateway.media.frames import Pcm


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The caller began to speak; reported once 120 ms of speech confirm it."""

    at_ms: float
    """The onset."""
    over_prompt: bool


@dataclass(frozen=True, slots=True)
class SpeechDropped:
    """Speech that was reported as started will be no answer."""

    at_ms: float
    reason: Literal["brief", "not_allowed", "keys", "echo"]
    """Too short to cut a prompt; over a prompt that speech may not cut; the caller went over to the keys; it was the
    prompt coming back."""


@dataclass(frozen=True, slots=True)
class BargeIn:
    """The prompt is to stop now."""

    at_ms: float
    by: Literal["speech", "keys"]


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """The caller said something."""

    pcm: Pcm
    """From 300 ms before the onset to at most 200 ms after the end."""
    start_ms: float
    """The onset, where `pcm` without its pre-roll begins."""
    end_ms: float
    """Where the last speech ends."""
    ended_at_ms: float
    """When it was judged over: `end_ms` plus the silence window; or the moment it grew too long."""
    over_prompt: bool
    """It began while a prompt was playing."""
    answers: bool
    """It answers the question, and the ears are off until the next one. False only for an utterance that ended over a
    prompt without cutting it, because nothing but a keyword does or because it may have been a back-channel: recognise
    it, and `disarm` when it has a keyword, or says something."""


@dataclass(frozen=True, slots=True, eq=False)
class Paused:
    """The caller has been quiet for 200 ms in what may be their answer: an `Utterance` with this very sound follows,
    unless they go on. What was said so far may be looked at, to `judge` how long to wait.
    """

    pcm: Pcm
    start_ms: float
    end_ms: float


@dataclass(frozen=True, slots=True)
class KeysEntered:
    """The caller entered an answer by keys."""

    digits: str
    """In the order pressed, without the finish key."""
    finished_by: Literal["finish_key", "length", "timeout"]
    start_ms: float
    end_ms: float
    """The last key."""
    ended_at_ms: float
    """When the entry was judged complete."""


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """The caller left a message, and the ears are off until the next question."""

    pcm: Pcm
    """From 300 ms before the onset to at most 200 ms after the end."""
    start_ms: float
    """The onset."""
    end_ms: float
    """Where the last speech ends."""
    ended_at_ms: float
    """When it was judged over."""
    keys: KeysEntered | None = None
    """What ended it, the finish key too; None when silence, its longest time or the end of the line did."""


@dataclass(frozen=True, slots=True)
class NoInput:
    """The caller neither spoke nor pressed a key in time."""

    at_ms: float


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """One key; reported for every key, also outside a question."""

    key: str
    at_ms: float


ListenEvent = (
    SpeechStarted | SpeechDropped | BargeIn | Paused | Utterance | KeysEntered | Message | NoInput | KeyPressed
)
