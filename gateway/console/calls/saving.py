"""The menu of saved filters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

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
        self._count = 0

    async def draw(self) -> None:
        """The button and its menu."""
        with ui.button("常用筛选", icon="bookmark_border").props("flat no-caps aria-haspopup=menu"), ui.menu() as menu:
            menu.props('aria-label="常用筛选"')
            self._list = ui.column().classes("vg-saved")
        await self._refresh()

    async def _refresh(self) -> None:
        page = self._page
        found = await page.read(saved_filters, page.store, page.visitor.account) or []
        self._count = len(found)
        self._list.clear()
        with self._list:
            for one in found:
                self._item(one)
            if not found:
                ui.label("还没有保存的筛选").classes("vg-muted vg-saved-none")
            ui.separator()
            ui.menu_item("保存当前筛选…", self._ask)

    def _item(self, saved: SavedFilter) -> None:
        async def show() -> None:
            await self._apply({name: list(values) for name, values in saved.query.items()})

        async def forget() -> None:
            page = self._page
            if await page.may(Right.CALLS):
                await page.read(delete_filter, page.store, page.visitor.account, saved.name)
                await self._refresh()

        with ui.row().classes("vg-saved-item"):
            ui.menu_item(saved.name, show).classes("vg-saved-name")
            button = ui.button(icon="delete_outline", on_click=forget).props("flat round dense")
            button.props["aria-label"] = f"删除筛选 {saved.name}"

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
        elif self._count >= MOST:
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
