"""What the studio's editor holds of a hotline: files as they were opened, and what has become of them. Pure."""

from __future__ import annotations

from gateway.console.studio.files import Opened
from gateway.console.studio.saving import Change


class Texts:
    """The opened files of one page."""

    def __init__(self) -> None:
        self._opened: dict[str, Opened] = {}
        self._now: dict[str, str] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._opened

    def open(self, opened: Opened) -> None:
        """A file was read, or saved: what is unsaved of it is forgotten."""
        self._opened[opened.name] = opened
        self._now[opened.name] = opened.text

    def rebase(self, opened: Opened) -> None:
        """A file has changed on disk; one's own text stays, and is now a change to that."""
        self._opened[opened.name] = opened

    def saved(self, opened: Opened) -> None:
        """A file was written; what was typed meanwhile stays."""
        was = self._opened[opened.name]
        if self._now[opened.name] == was.text:
            self._now[opened.name] = opened.text
        self._opened[opened.name] = opened

    def put(self, name: str, text: str) -> None:
        """The editor has this now."""
        self._now[name] = text

    def text(self, name: str) -> str:
        """As it is in the editor."""
        return self._now[name]

    @property
    def unsaved(self) -> dict[str, str]:
        """The texts that differ from what was opened, by name."""
        return {name: text for name, text in self._now.items() if text != self._opened[name].text}

    def changes(self) -> list[Change]:
        """The same, to be saved."""
        return [Change(self._opened[name], text) for name, text in self.unsaved.items()]
