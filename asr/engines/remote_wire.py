"""What the protocols of speech servers have in common, as seen by a client. Pure: no sockets, no clock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from asr.engine import Capabilities, ClosedAnswer

LONGEST_TEXT = 20_000
"""Characters of one utterance, an hour of quick speech: what goes on beyond is no transcript."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the answers to one utterance come to."""

    text: str
    """Empty when nothing was said."""
    confidence: float
    """0.0 to 1.0."""
    alternatives: tuple[str, ...] = ()


class Hearing(Protocol):
    """One utterance on one connection: what is sent when, and what the answers say."""

    @property
    def opening(self) -> str:
        """The message before the audio."""

    @property
    def closing(self) -> str:
        """The message after the audio."""

    @property
    def partial(self) -> str:
        """What was heard so far."""

    def sent(self) -> None:
        """A chunk of audio is on its way."""

    def ended(self) -> None:
        """The closing message is on its way."""

    def take(self, answer: dict[str, Any]) -> bool:
        """Take an answer of the server; whether it was the last one.

        Raises:
            ValueError: no server that speaks this protocol says such a thing.
        """


class Dialect(Protocol):
    """A protocol of speech servers."""

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def subprotocols(self) -> tuple[str, ...]:
        """What is offered in the handshake (RFC 6455, section 1.9)."""

    @property
    def chunk_samples(self) -> int:
        """How much audio goes into a message."""

    def hearings(self, hints: Sequence[str], answer: ClosedAnswer | None) -> Sequence[Hearing]:
        """Begin an utterance: what to say on each of its connections, one or two. The first has the partial results."""

    def heard(self, hearings: Sequence[Hearing]) -> Heard:
        """What was said, once all hearings have had their last answer."""


def read_answer(message: str | bytes) -> dict[str, Any]:
    """The JSON object of a message.

    Raises:
        ValueError: it is none.
    """
    try:
        answer = json.loads(message)
    except RecursionError as error:
        raise ValueError("JSON nested too deeply") from error
    if not isinstance(answer, dict):
        raise ValueError(f"a JSON object was due, not {type(answer).__name__}")
    return answer


def text_field(answer: dict[str, Any], name: str) -> str:
    """A text of an answer; empty when it isn't there.

    Raises:
        ValueError: it is no text.
    """
    text = answer.get(name, "")
    if not isinstance(text, str):
        raise ValueError(f"{name!r} has to be text, not {type(text).__name__}")
    return text
