"""What an engine is to the rest of the system.

An engine is heavy and loaded once; a stream is light and belongs to one utterance of one call. Engines say what they
can do and adapters fill the gaps, so callers never ask which engine they hold.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 16_000

Pcm = NDArray[np.int16]
"""Mono int16 samples at 16 kHz, full scale +-32767, shape (n,)."""


AnswerKind = Literal["digits", "phone", "id_card", "number", "amount", "date", "month", "yes_no"]


@dataclass(frozen=True, slots=True)
class ClosedAnswer:
    """A question whose answers have a grammar. Callers may still say something else: a command, a refusal."""

    kind: AnswerKind
    min_digits: int = 1
    max_digits: int = 32
    """Of `digits` and `phone`."""
    corrects: AnswerKind | None = None
    """An answer of this kind, with these numbers of digits, was read back to the caller, who may also say it again, or
    only the part of it that is wrong (`不对，后四位是 ...`)."""
    read_back: tuple[str, ...] = field(default=(), repr=False)
    """Numbers that were, the latest last. They were refused; only to a question of yes or no the last is still open."""

    @property
    def kinds(self) -> tuple[AnswerKind, ...]:
        """Of what may be said."""
        return (self.kind, self.corrects) if self.corrects else (self.kind,)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do; whoever needs more puts an adapter in front."""

    streaming: bool
    """Gives partial results while audio is still coming."""
    hints: bool
    """Uses the phrases that the current question expects."""
    word_times: bool
    """Says when each word was spoken."""
    closed_answers: bool = False
    """Hears the answer to a closed question within its grammar."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was heard in one utterance."""

    text: str
    """Simplified Chinese, punctuation kept; empty when nothing was said (see `rejected`)."""
    confidence: float
    """0.0 to 1.0: the mean token probability; 0.0 for empty text."""
    alternatives: tuple[str, ...] = ()
    """Other readings of the same sound, likeliest first, without `text` itself."""
    rejected: str | None = None
    """Why the engine's output was thrown away: `silence`, `invented`, `hint_echo`; None when it was kept."""
    audio_ms: int = 0
    """Length of the audio that was heard, ms."""
    compute_ms: float = 0.0
    """Wall time spent recognising, ms."""


@runtime_checkable
class Stream(Protocol):
    """One utterance on its way through an engine. Not thread-safe; used from one worker at a time."""

    def accept(self, pcm: Pcm) -> str | None:
        """Take more audio; return the partial text when it changed, None otherwise (always None without streaming)."""

    def finish(self) -> Transcript:
        """Close the utterance and return what was heard. Blocking: belongs on a worker thread."""


@runtime_checkable
class Engine(Protocol):
    """A loaded recogniser, shared by all calls. `stream` may be called from any thread."""

    @property
    def name(self) -> str: ...

    @property
    def capabilities(self) -> Capabilities: ...

    def stream(self, hints: Sequence[str] = (), *, answer: ClosedAnswer | None = None, quick: bool = False) -> Stream:
        """Open a stream for one utterance. What an engine can't make use of, it passes over.

        Args:
            hints: the phrases expected now, likeliest first.
            answer: what the question asks for, when that is closed.
            quick: the machine is short of time: search less, at the price of a few more errors.
        """

    def close(self) -> None:
        """Free the model. Streams opened before must not be used after."""


class OfflineStream:
    """A stream of an engine without streaming: keeps the audio and has it recognised at the end.

    Args:
        recognise: what is said in one whole utterance.
    """

    def __init__(self, recognise: Callable[[Pcm], Transcript]) -> None:
        self._recognise = recognise
        self._chunks: list[Pcm] = []

    def accept(self, pcm: Pcm) -> str | None:
        self._chunks.append(pcm)
        return None

    def finish(self) -> Transcript:
        return self._recognise(np.concatenate(self._chunks) if self._chunks else np.zeros(0, np.int16))


def transcribe(
    engine: Engine, pcm: Pcm, hints: Sequence[str] = (), *, answer: ClosedAnswer | None = None, quick: bool = False
) -> Transcript:
    """Recognise one whole utterance at once. Blocking."""
    stream = engine.stream(hints, answer=answer, quick=quick)
    stream.accept(pcm)
    return stream.finish()
