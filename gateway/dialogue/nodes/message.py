"""`message`: keep what the caller says, for a person to hear."""

from __future__ import annotations

from typing import ClassVar

from gateway.dialogue.actions import KeyEntry
from gateway.dialogue.fields import BargeIn, DurationMs, Key, Prompt
from gateway.dialogue.nodes.question import Asked
from gateway.dialogue.template import Template


class Message(Asked):
    """Says its prompt and a tone, keeps what follows, goes to `then`; to `on_error` when nothing is said."""

    kind: ClassVar[str] = "message"
    message: Prompt
    finish_on_key: Key = "#"
    """Ends the message; any other key is an answer, such as 0 for a human."""
    barge_in: BargeIn = "dtmf"
    """Whoever says 喂 into the prompt hasn't begun the message."""
    timeout: DurationMs = 8000
    speech_timeout: DurationMs = 4000
    """People think while they speak to a machine."""
    max_speech: DurationMs = 60_000
    """The longest message."""

    @property
    def prompt(self) -> Template:
        return self.message

    @property
    def failure(self) -> str | None:
        return self.on_error or self.then

    def key_entry(self, inter_digit_timeout_ms: int) -> KeyEntry:
        return KeyEntry(finish_on_key=self.finish_on_key, inter_digit_timeout_ms=inter_digit_timeout_ms)
