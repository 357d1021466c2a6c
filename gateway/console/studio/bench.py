"""What the parts of an open studio share: whose page it is, the texts, and what the newest check came to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from gateway.console.frame import Page
from gateway.console.rights import Right
from gateway.console.studio.checking import Newest
from gateway.console.studio.files import FlowFolder
from gateway.console.studio.texts import Texts
from gateway.console.studio.trial import Trial, examine
from gateway.errors import ConsoleError

P = ParamSpec("P")
T = TypeVar("T")
CHECKS_AT_ONCE = 2
_checking = asyncio.Semaphore(CHECKS_AT_ONCE)
"""Of all open pages: a check takes 0.3 s of a core for our hotlines, and up to 9 s for a hostile text."""


class Bench:
    """The shared part of one open page.

    Args:
        page: the frame's.
        folder: the hotline's.
    """

    def __init__(self, page: Page, folder: FlowFolder) -> None:
        self.page = page
        self.folder = folder
        self.texts = Texts()
        self.trial: Trial | None = None
        """Of the newest text that was checked."""
        self.can_edit = page.visitor.may(Right.EDIT_FLOWS)
        self.on_trial: list[Callable[[Trial], None]] = []
        """Told of each check."""
        self.on_asked: list[Callable[[], None]] = []
        """Told when a text has changed, before it is checked."""
        self._newest = Newest(self.check, self._take, lambda: not page.client.is_deleted)

    @property
    def has_synthesiser(self) -> bool:
        """What isn't recorded can be made: `flow check` asks the same setting."""
        return has_synthesiser(self.page)

    def typed(self, name: str, text: str) -> None:
        """An editor's text has changed."""
        self.texts.put(name, text)
        self.ask()

    def ask(self) -> None:
        """Have the newest text checked, once nothing has changed for a moment."""
        for tell in self.on_asked:
            tell()
        self._newest.ask()

    async def check(self) -> Trial | None:
        """Check what is in the editor now; None when the login has ended, or the files can't be read."""
        texts = dict(self.texts.unsaved)
        async with _checking:
            return await self.attempt(examine, self.folder, texts, synthesiser=self.has_synthesiser)

    async def ready(self) -> Trial | None:
        """The newest text, checked now, when it has no errors; else it is told why not."""
        trial = await self.check()
        if trial is None:
            return None
        self._take(trial)
        if trial.compiled is None:
            self.page.tell(f"现在的文字有 {len(trial.errors)} 个错误，改好以后才能试。", "bad")
            return None
        return trial

    async def attempt(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """As `page.read`; what is refused is told in words."""
        try:
            return await self.page.read(function, *args, **kwargs)
        except ConsoleError as error:
            self.page.tell(error.message, "bad")
            return None

    def _take(self, trial: Trial) -> None:
        self.trial = trial
        for show in self.on_trial:
            show(trial)


def has_synthesiser(page: Page) -> bool:
    """Whether what isn't recorded can be made, as the settings have it."""
    return page.settings.synthesiser is not None
