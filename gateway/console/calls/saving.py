"""The menu of saved filters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui

from gateway.console.chrome import dialog
from gateway.console.frame import Page
from gateway.console.rights import Right
from gateway.store.saved_filters import MAX_NAME, MOST, SavedFilter, delete_filter, save_filter, saved_filters


class SavedFilters:
    """A button with the visitor's own.

    Args:
        page: the frame's.
        current: the query that would be saved.
        apply: shows one.
    """

    def __init__(
        self,
        page: Page,
        current: Callable[[], dict[str, list[str]]],
        apply: Callable[[dict[str, list[str]]], Awaitable[None]],
    ) -> None:
        self._page = page
        self._current = current
        self._apply = apply
        self._saved: list[SavedFilter] = []

    async def draw(self) -> None:
        """The button and its menu."""
        with ui.button("常用筛选", icon="bookmark_border").props("flat no-caps aria-haspopup=menu"):
            self._menu = ui.menu().props('auto-close aria-label="常用筛选"').classes("vg-saved")
        await self._refresh()

    async def _refresh(self) -> None:
        page = self._page
        self._saved = await page.read(saved_filters, page.store, page.visitor.account) or []
        self._menu.clear()
        with self._menu:
            for one in self._saved:
                ui.menu_item(one.name, partial(self._show, one))
            if self._saved:
                ui.separator()
            ui.menu_item("保存当前筛选…", self._ask)
            if self._saved:
                ui.menu_item("删除…", self._ask_which)

    async def _show(self, saved: SavedFilter) -> None:
        await self._apply({name: list(values) for name, values in saved.query.items()})

    def _ask_which(self) -> None:
        with self._page.main, dialog("删除常用筛选") as opened:
            for saved in self._saved:
                with ui.row().classes("vg-saved-row") as row:
                    ui.label(saved.name)
                    ui.space()
                    button = ui.button(icon="delete_outline", on_click=partial(self._forget, saved, row))
                    button.props("flat round dense").props["aria-label"] = f"删除 {saved.name}"
        opened.open()

    async def _forget(self, saved: SavedFilter, row: ui.row) -> None:
        page = self._page

        def forget() -> bool:
            delete_filter(page.store, page.visitor.account, saved.name)
            return True

        if await page.may(Right.CALLS) and await page.read(forget):
            row.delete()
            await self._refresh()

    def _ask(self) -> None:
        with self._page.main, dialog("保存当前筛选") as opened:
            name = ui.input("名称").props(f"outlined dense maxlength={MAX_NAME} autofocus").classes("vg-wide")

            async def save() -> None:
                if await self._save(str(name.value or "").strip()):
                    opened.close()

            name.on("keydown.enter", save)
            ui.button("保存", on_click=save).classes("vg-wide")
        opened.open()

    async def _save(self, name: str) -> bool:
        page = self._page
        if not name:
            page.tell("请写一个名称。", "bad")
        elif len(self._saved) >= MOST and name not in {one.name for one in self._saved}:
            page.tell(f"最多保存 {MOST} 个，请先删掉几个。", "bad")
        elif await page.may(Right.CALLS):
            saved = SavedFilter(name=name, query=self._current())

            def keep() -> bool:
                save_filter(page.store, page.visitor.account, saved)
                return True

            if await page.read(keep):
                await self._refresh()
                page.tell(f"已保存“{name}”。", "good")
                return True
        return False
