"""What the shown file was before it was saved; a version can be looked at, and put back into the editor."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from nicegui import ui

from gateway.console.chrome import dialog
from gateway.console.studio.bench import Bench
from gateway.console.studio.editor import Editor
from gateway.console.studio.saver import show_difference
from gateway.console.studio.saving import Version, read_version, versions

MAX_SHOWN = 50


class VersionsPanel:
    """The list.

    Args:
        bench: of the page.
        editor: of the page.
    """

    def __init__(self, bench: Bench, editor: Editor) -> None:
        self._bench = bench
        self._editor = editor
        self._zone = ZoneInfo(bench.page.settings.timezone)

    def draw(self) -> None:
        """The button, and nothing yet."""
        with ui.row().classes("vg-studio-tools"):
            ui.button("列出这个文件的历史版本", icon="history", on_click=self._list_them).props("flat no-caps")
        self._state = ui.label("每次保存都会留下原来的版本。").classes("vg-muted")
        self._list = ui.column().classes("vg-findings")

    async def _list_them(self) -> None:
        name = self._editor.current
        found = await self._bench.page.read(versions, self._bench.folder, name)
        if found is None:
            return
        self._list.clear()
        self._state.text = f"{name}：{len(found)} 个历史版本" if found else f"{name} 还没有历史版本"
        with self._list:
            for version in found[:MAX_SHOWN]:
                self._one(name, version)

    def _one(self, name: str, version: Version) -> None:
        until = version.until.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")
        with ui.row().classes("vg-version"):
            ui.label(f"{until} 之前的，{version.account} 保存时留下，{version.size / 1024:.1f} KB")
            ui.space()
            ui.button("差异", on_click=lambda: self._look(name, version)).props(
                f'flat dense no-caps aria-label="差异 {until}"'
            )
            if self._bench.can_edit:
                restore = ui.button("放进编辑器", on_click=lambda: self._restore(name, version))
                restore.props(f'flat dense no-caps aria-label="放进编辑器 {until}"')

    async def _text(self, name: str, version: Version) -> str | None:
        return await self._bench.attempt(read_version, self._bench.folder, name, version.key)

    async def _look(self, name: str, version: Version) -> None:
        text = await self._text(name, version)
        if text is not None:
            with self._bench.page.main, dialog("减号是这个版本，加号是编辑器里的") as opened:
                show_difference(text, self._bench.texts.text(name))
            opened.open()

    async def _restore(self, name: str, version: Version) -> None:
        text = await self._text(name, version)
        if text is not None and await self._editor.open(name):
            self._editor.put(name, text)
            self._bench.page.tell("已放进编辑器；保存以后才会生效，撤销（Ctrl+Z）可以恢复刚才的文字。", "good")
