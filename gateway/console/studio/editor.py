"""The editor of the studio: an editor for each opened file, so that undoing in one never brings back another."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from nicegui import events, ui

from gateway.console.studio.bench import Bench
from gateway.console.studio.files import MAX_BYTES, Opened
from gateway.console.studio.trial import Told, Trial

MAX_PASTE = 200_000
"""In characters: a message of more than 1 MiB would cut the page's line, and a character takes up to 4 bytes."""
_GUARD = f"""(event) => {{
  const data = event.clipboardData || event.dataTransfer;
  const size = data ? data.getData("text").length + [...data.files].length * {MAX_PASTE + 1} : 0;
  if (size > {MAX_PASTE}) {{ event.preventDefault(); event.stopImmediatePropagation(); emit(size); }}
}}"""
_LABEL = """
(function label(tries) {{
  const content = document.querySelector("#c{id} .cm-content");
  if (content) {{ content.setAttribute("aria-label", {name}); content.tabIndex = 0; }}
  else if (tries) setTimeout(label, 100, tries - 1);
}})(100)
"""
"""What the editor itself leaves out; it comes a moment after its element."""
_THEMES: dict[bool, Any] = {False: "githubLight", True: "githubDark"}


class Editor:
    """What one types in.

    Args:
        bench: of the page.
        names: of the files that can be opened.
        save: what Ctrl+S does.
    """

    def __init__(self, bench: Bench, names: list[str], save: Callable[[], Awaitable[None]]) -> None:
        self._bench = bench
        self._names = names
        self._save = save
        self._open: dict[str, ui.codemirror] = {}
        self._dark = False
        self.current = names[0]
        """The file that is shown."""

    def draw(self) -> None:
        """The choice of files, and the place of the editors."""
        with ui.column().classes("vg-studio-left"):
            with ui.row().classes("vg-studio-files"):
                self._choice = ui.select(self._titles(()), label="文件", value=self.current, on_change=self._chosen)
                self._choice.props("outlined dense options-dense").classes("vg-studio-file")
                self._about = ui.label().classes("vg-muted")
            self._place = ui.element("div").classes("vg-code").props('role=region aria-label="编辑器"')
            for event in ("paste.capture", "drop.capture"):
                self._place.on(event, self._too_large, js_handler=_GUARD)

    async def open(self, name: str) -> bool:
        """Show a file; whether it could be opened."""
        if name not in self._names:
            return False
        if name not in self._bench.texts:
            opened = await self._bench.attempt(self._bench.folder.read, name)
            if not isinstance(opened, Opened):
                self._choice.value = self.current
                return False
            self._bench.texts.open(opened)
            self._make(name, opened.text)
        self.current = name
        self._choice.value = name
        for other, editor in self._open.items():
            editor.set_visibility(other == name)
        return True

    def put(self, name: str, text: str) -> None:
        """Replace the text of an opened file; the editor can undo it."""
        self._open[name].value = text

    async def go(self, name: str, line: int) -> None:
        """Show a line of a file."""
        if await self.open(name):
            last = self._bench.texts.text(name).count("\n") + 1
            self._open[name].reveal_line(max(1, min(line, last)))

    def mark(self, trial: Trial) -> None:
        """Mark the lines with findings."""
        for name, editor in self._open.items():
            last = self._bench.texts.text(name).count("\n") + 1
            mine = [told for told in trial.findings if told.file == name and 1 <= told.line <= last]
            editor.decorations = _marks(mine)
            editor.line_tooltips = _tips(mine)

    def set_dark(self, *, dark: bool) -> None:
        """Follow the page's theme."""
        self._dark = dark
        for editor in self._open.values():
            editor.theme = _THEMES[dark]

    def show_unsaved(self, unsaved: Iterable[str]) -> None:
        """Mark the files with unsaved text in the choice."""
        self._choice.set_options(self._titles(unsaved), value=self.current)

    def _titles(self, unsaved: Iterable[str]) -> dict[str, str]:
        changed = set(unsaved)
        return {name: f"{name}（未保存）" if name in changed else name for name in self._names}

    def _make(self, name: str, text: str) -> None:
        def typed(event: events.ValueChangeEventArguments[str]) -> None:
            self._bench.typed(name, event.value or "")

        with self._place:
            editor = ui.codemirror(
                text,
                language="YAML",
                theme=_THEMES[self._dark],
                indent="  ",
                line_wrapping=True,
                on_change=typed,
                keymap={"Mod-s": self._save} if self._bench.can_edit else None,
            )
            editor.classes("vg-code-file")
            if not self._bench.can_edit:
                editor.disable()
        self._open[name] = editor
        self._bench.page.client.run_javascript(_LABEL.format(id=editor.id, name=json.dumps(f"{name} 的内容")))

    async def _chosen(self, event: events.ValueChangeEventArguments[str]) -> None:
        if event.value != self.current and not await self.open(str(event.value)):
            self._choice.value = self.current

    def _too_large(self, _event: events.GenericEventArguments) -> None:
        self._bench.page.tell(
            f"粘贴的内容太大，没有放进去：一次最多 {MAX_PASTE // 1000} 千字，全文最多 {MAX_BYTES >> 10} KB。", "bad"
        )


def _marks(found: list[Told]) -> list[dict[str, Any]]:
    worst = {told.line: told.severity for told in sorted(found, key=lambda told: told.severity == "error")}
    return [{"kind": "line", "line": line, "class": f"vg-line-{kind}"} for line, kind in sorted(worst.items())]


def _tips(found: list[Told]) -> dict[int, str]:
    tips: dict[int, list[str]] = {}
    for told in found:
        tips.setdefault(told.line, []).append(told.message)
    return {line: "\n".join(messages) for line, messages in tips.items()}
