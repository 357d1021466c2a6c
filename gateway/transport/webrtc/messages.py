"""What is said on the data channel beside the sound: captions, the state of the line, keys. JSON, one object a message.

From the page: `alive`, `key`, `bye`, `transferred`. To the page: `alive`, `state`, `said`, `key`, `mode`, `transfer`,
`transfer_failed`, `ended`. Pure.
"""

from __future__ import annotations

import json
from typing import Any, Literal, NamedTuple

from gateway import events
from gateway.transport.leg import HotlineState
from gateway.transport.rtp.telephone_event import KEYS

MAX_MESSAGE_BYTES = 512
"""Of the page's; longer ones are not read."""
MAX_CAPTION_CHARS = 2000

State = Literal["speaking", "listening", "hearing", "thinking", "waiting"]


class Said(NamedTuple):
    """What a page says."""

    kind: Literal["alive", "key", "bye", "transferred"]
    key: str = ""


def read_message(text: str) -> Said | None:
    """What a page's message says; None for anything that isn't one. Total."""
    if len(text) > MAX_MESSAGE_BYTES:
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    match message.get("type"):
        case "alive" | "bye" | "transferred" as kind:
            return Said(kind)
        case "key" if isinstance(key := message.get("key"), str) and len(key) == 1 and key in KEYS:
            return Said("key", key)
        case _:
            return None


def write_message(kind: str, **content: Any) -> str:  # noqa: ANN401 - JSON's own types
    """A message to a page."""
    return json.dumps({"type": kind, **content}, ensure_ascii=False, separators=(",", ":"))


class Teller:
    """Tells a page what its call does, as events and states come; what is the same is told once."""

    def __init__(self) -> None:
        self._told: State | None = None
        self._hearing = False
        self._waiting = False

    def state(self, hotline: HotlineState) -> str | None:
        """The message that tells what the line does now, unless the page knows."""
        state = self._state(hotline)
        if state == self._told:
            return None
        self._told = state
        return write_message("state", state=state)

    def _state(self, hotline: HotlineState) -> State:
        if self._waiting:
            return "waiting"
        if hotline.speaking:
            return "speaking"
        if not hotline.listening:
            return "thinking"
        return "hearing" if self._hearing else "listening"

    def event(self, event: events.Event) -> str | None:
        """The message that tells what happened; None for what a caller need not see."""
        match event:
            case events.PromptStarted(text=text):
                self._hearing = self._waiting = False
                return _caption("hotline", text)
            case events.SpeechStarted():
                self._hearing = True
            case events.PromptEnded(cut_by=None):  # whatever was said over it doesn't count, or it would have been cut
                self._hearing = False
            case events.UtteranceHeard(text=text):
                self._hearing = False
                return _caption("caller", text)
            case events.KeyPressed(key=key):
                self._hearing = False
                return write_message("key", key=key)
            case events.ModeChanged(mode=mode):
                return write_message("mode", mode=mode)
            case events.TransferRequested():
                self._waiting = True
            case events.TransferFailed():
                self._waiting = False
                return write_message("transfer_failed")
            case _:
                pass
        return None


def _caption(who: Literal["hotline", "caller"], text: str) -> str | None:
    return write_message("said", who=who, text=text[:MAX_CAPTION_CHARS]) if text else None
