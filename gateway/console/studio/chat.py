"""A call to a flow by typing, as `flow chat` holds it, for the studio. Blocking, but quick: no look-up waits."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from gateway.call.lookups import LookupProvider
from gateway.desk.conversation import Conversation, Exchange
from gateway.desk.dialogues.backend import Samples
from gateway.desk.dialogues.text import back_end
from gateway.desk.telling import ENDS, MODES, Line, Note, fields, told
from gateway.dialogue.compiled import CompiledFlow
from gateway.errors import LookupFailedError
from gateway.privacy import mask

KEYPAD = frozenset("0123456789*#")
MAX_TEXT = 300
MAX_ACTS = 300
"""Of one call: a page that is left open doesn't grow for ever."""


class Chat:
    """One call.

    Args:
        compiled: the flow.
        folder: the hotline's: its sample customers answer.
        number: the caller's; empty: withheld.
        moment: day and time of the call, aware.

    Raises:
        SettingsError: the sample customers' file has a mistake.
    """

    def __init__(self, compiled: CompiledFlow, folder: Path, number: str, moment: dt.datetime) -> None:
        provider: LookupProvider = Samples(folder).fresh(lambda: moment) or _Nobody()
        self._talk = Conversation(compiled, {"number": number}, lambda: moment, back_end(provider))
        self._acts = 0

    @property
    def is_over(self) -> bool:
        """Whether the call has ended."""
        return self._talk.ending is not None

    def start(self) -> list[Line]:
        """The hotline answers."""
        return self._told(self._talk.start)

    def says(self, text: str) -> list[Line]:
        """The caller speaks; figures, * and # alone are keys, as in `flow chat`."""
        typed = text.strip()[:MAX_TEXT]
        if not typed:
            return []
        if set(typed) <= KEYPAD:
            return self._told(lambda: self._talk.keys(typed))
        return self._told(lambda: self._talk.says(typed))

    def silent(self) -> list[Line]:
        """The caller says nothing."""
        return self._told(self._talk.silent)

    def hangs_up(self) -> list[Line]:
        """The caller is gone."""
        return self._told(self._talk.hangs_up)

    def _told(self, act: Callable[[], Exchange]) -> list[Line]:
        if self.is_over:
            return []
        self._acts += 1
        exchange = act() if self._acts < MAX_ACTS else self._talk.hangs_up()
        lines = list(told(exchange, self._talk.match(exchange)))
        ending = self._talk.ending
        if ending is not None:
            return [*lines, Note(f"结果：{ENDS[ending.disposition]}（{ending.reason}）")]
        slots = mask(fields(self._talk.slots))
        where = f"在节点 {self._talk.node} 等待回答，{MODES.get(self._talk.mode, self._talk.mode)}"
        return [*lines, Note(where + (f"，已填 {slots}" if slots else ""))]


def numbers(folder: Path) -> list[str]:
    """The numbers of the sample customers. Raises SettingsError."""
    return list(Samples(folder).numbers)


class _Nobody:
    """A hotline without sample customers."""

    async def lookup(self, name: str, arguments: object) -> dict[str, object]:  # noqa: ARG002 -- the protocol's
        raise LookupFailedError("没有试用客户资料", where=name)
