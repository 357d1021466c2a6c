"""The calls: found by what was flagged, said, felt; what is looked for stands in the address."""

from __future__ import annotations

import asyncio
import json
from zoneinfo import ZoneInfo

from nicegui import events, ui

from gateway.console.calls.controls import Controls, fields
from gateway.console.calls.labels import SORTS, titles
from gateway.console.calls.query import address_of, asked, clean, query_of, told
from gateway.console.calls.rows import CARD, COLUMNS, ROW, Rows
from gateway.console.calls.saving import SavedFilters
from gateway.console.calls.sheet import MOST
from gateway.console.frame import Page, heading, page
from gateway.console.rights import Right
from gateway.store import accounts as kept
from gateway.store.search import COUNTED, PageWanted, Values, find_calls, values
from gateway.store.search import Page as Found


@page("/", title="通话", right=Right.CALLS)
async def build(page: Page) -> None:
    """What the address asks for."""
    request = page.client.request
    pairs = request.query_params.multi_items() if request else []
    await _Calls(page, clean(pairs), dict(pairs).get("after", "")).draw()


class _Calls:
    """The page.

    Args:
        page: the frame's.
        query: that its address asks for.
        after: the place where its page begins.
    """

    def __init__(self, page: Page, query: dict[str, list[str]], after: str) -> None:
        self._page = page
        self._query = query
        self._places = [after] if after else []
        """Where each page behind the first begins, as far as it was turned to."""
        self._unmasked = False
        self._total: str = ""
        self._asking = 0
        """Counts up, so that a slow answer doesn't take the place of a later one."""
        self._controls = Controls(self._changed)

    async def draw(self) -> None:
        page = self._page
        names = await asyncio.to_thread(titles, page.settings.analytics.rules, page.settings.flows_dir)
        self._rows = Rows(zone=ZoneInfo(page.settings.timezone), titles=names, now=page.settings.now())
        there = await page.read(values, page.store, page.visitor.scope)
        quick, more = fields(names, there or Values(hotlines=(), modes=(), queues=()), names.flags)
        self._head()
        with ui.element("search").classes("vg-filters").props('aria-label="筛选通话"'):
            self._controls.draw(quick, self._query)
            self._more = ui.button("更多条件", icon="tune", on_click=self._fold).props("flat no-caps")
            await SavedFilters(page, lambda: self._query, self._show_query).draw()
            self._clear = ui.button("清除", icon="close", on_click=self._clear_all).props("flat no-caps")
        self._folded = ui.element("div").classes("vg-filters vg-filters-more")
        with self._folded:
            self._controls.draw(more, self._query)
        self._folded_names = {field.name for field in more}
        self._folded.set_visibility(bool(self._folded_names & self._query.keys()))
        self._list()
        self._listen()
        await self._load(count=True)

    def _head(self) -> None:
        page = self._page
        with ui.row().classes("vg-page-head"):
            heading("通话")
            self._counted = ui.label().classes("vg-muted").props("aria-live=polite")
            ui.space()
            self._sort = ui.select(dict(SORTS), value=self._sorted(), label="排序", on_change=self._sort_changed)
            self._sort.props("outlined dense options-dense").classes("vg-sort")
            if page.visitor.may(Right.UNMASK):
                self._switch = ui.switch("完整号码", on_change=self._unmask)
            if page.visitor.may(Right.EXPORT):
                ui.button("导出", icon="download", on_click=self._export).props("outline no-caps")

    def _list(self) -> None:
        self._table = ui.table(columns=COLUMNS, rows=[], row_key="id").classes("vg-table vg-calls")
        self._table.props('flat bordered hide-pagination :grid="Quasar.Screen.lt.md" :rows-per-page-options="[0]"')
        self._table.props('hide-no-data aria-label="通话"')
        self._table.add_slot("body", ROW)
        self._table.add_slot("item", CARD)
        self._empty = ui.column().classes("vg-empty")
        with self._empty:
            ui.icon("phone_disabled").classes("vg-empty-icon")
            self._empty_title, self._empty_words = ui.label().classes("vg-subtitle"), ui.label().classes("vg-muted")
        self._empty.set_visibility(False)
        with ui.row().classes("vg-pager") as self._pager:
            self._newer = ui.button("上一页", icon="chevron_left", on_click=self._back).props("flat no-caps")
            self._where = ui.label().classes("vg-muted")
            self._older = ui.button("下一页", on_click=self._on).props("flat no-caps icon-right=chevron_right")

    def _listen(self) -> None:
        page = self._page
        for keys, what in (
            (("j", "ArrowDown"), "下一通"),
            (("k", "ArrowUp"), "上一通"),
            (("Enter",), "打开选中的通话"),
        ):
            for key in keys:
                page.on_key(key, what)
        page.on_key("/", "搜索")
        page.on_key("r", "刷新", self._refresh)
        ui.on("vg_calls_back", self._went_back)
        ui.add_head_html('<script src="/static/calls.js" defer></script>')

    # ------------------------------------------------------------------------------------------- what is looked for

    def _sorted(self) -> str:
        chosen = self._query.get("sort", [""])[0]
        return next((sort for sort in SORTS if sort == chosen), "newest")

    async def _changed(self, name: str) -> None:
        query = self._controls.query(self._query)
        if query == self._query:
            return  # a control shows what was asked for
        if name == "when" and "when" in query:
            self._controls.clear("from", "to")
        elif name in {"from", "to"} and name in query:
            self._controls.clear("when")
        await self._ask(self._controls.query(self._query))

    async def _sort_changed(self) -> None:
        if self._sort.value != self._sorted():
            await self._ask({**self._query, "sort": [str(self._sort.value)]})

    async def _ask(self, query: dict[str, list[str]]) -> None:
        """Look for something else, which from now on stands in the address."""
        self._query = clean((name, value) for name, values in query.items() for value in values)
        if self._query.get("sort") == ["newest"]:
            del self._query["sort"]
        self._places.clear()
        self._push()
        await self._load(count=True)

    def _push(self) -> None:
        address = address_of(self._query)
        place = f"after={self._places[-1]}" if self._places else ""
        asked_for = "&".join(filter(None, (address, place)))
        ui.navigate.history.push(f"/?{asked_for}" if asked_for else "/")

    async def _show_query(self, query: dict[str, list[str]]) -> None:
        await self._ask(query)
        self._show_controls()

    async def _clear_all(self) -> None:
        await self._show_query({})

    async def _went_back(self, event: events.GenericEventArguments) -> None:
        """The browser's own buttons: the address says what to show."""
        address = str(event.args or "")
        self._query = query_of(address)
        after = [pair.removeprefix("after=") for pair in address.lstrip("?").split("&") if pair.startswith("after=")]
        self._places = after[:1]
        self._show_controls()
        await self._load(count=True)

    def _show_controls(self) -> None:
        self._controls.show(self._query)
        self._sort.value = self._sorted()
        if self._folded_names & self._query.keys():
            self._folded.set_visibility(True)

    def _fold(self) -> None:
        self._folded.set_visibility(not self._folded.visible)

    # --------------------------------------------------------------------------------------------------- what is found

    async def _on(self) -> None:
        if self._next:
            self._places.append(self._next)
            self._push()
            await self._load(count=False)

    async def _back(self) -> None:
        if self._places:
            self._places.pop()
        self._push()
        await self._load(count=not self._total)

    async def _refresh(self) -> None:
        await self._load(count=True)

    async def _load(self, *, count: bool) -> None:
        page = self._page
        self._asking += 1
        mine = self._asking
        wanted = asked(self._query, page.settings.now(), page.visitor)
        place = self._places[-1] if self._places else ""
        try:
            found = await page.read(
                find_calls, page.store, wanted.filter, page.visitor.scope, PageWanted(after=place, count=count)
            )
        except ValueError:  # an address that was cut, or is of another order
            self._places.clear()
            found = await page.read(find_calls, page.store, wanted.filter, page.visitor.scope, PageWanted())
        if found is None or mine != self._asking:
            return
        if self._unmasked and not await self._on_record(rows=len(found.rows)):
            self._unmasked = False
        self._draw(found)
        for mistake in wanted.mistakes:
            page.tell(f"{mistake}。", "bad")

    def _draw(self, found: Found) -> None:
        self._next = found.next
        self._table.rows = [self._rows.row(call, unmasked=self._unmasked) for call in found.rows]
        self._table.set_visibility(bool(found.rows))
        if found.total is not None:
            self._total = f"超过 {COUNTED:,} 通" if found.capped else f"共 {found.total:,} 通"
        self._counted.text = self._total
        self._pager.set_visibility(bool(self._places or found.next))
        self._newer.set_enabled(bool(self._places))
        self._older.set_enabled(found.next is not None)
        self._where.text = f"第 {len(self._places) + 1} 页"
        filters = self._query.keys() - {"sort"}
        self._clear.set_visibility(bool(filters))
        folded = len(self._folded_names & filters)
        self._more.text = f"更多条件（{folded}）" if folded else "更多条件"
        self._empty.set_visibility(not found.rows)
        self._empty_title.text = "没有符合条件的通话" if filters else "还没有通话"
        self._empty_words.text = self._why_empty() if not found.rows else ""

    def _why_empty(self) -> str:
        scope = self._page.visitor.scope
        if (scope.view in {"own", "team"} and not scope.queues) or (scope.view == "floor" and not scope.hotlines):
            return "您的账号还没有分配队列或热线，所以看不到通话；请找管理员。"
        if any(sum(char.isdigit() for char in words) >= 4 for words in self._query.get("q", ())):
            return "四位以上的数字不能按说的话搜索；找来电号码请用“更多条件”。"
        return "放宽或清除一些条件再试。" if self._query.keys() - {"sort"} else "有来电后会出现在这里。"

    # ------------------------------------------------------------------------------------------------- numbers, export

    async def _unmask(self) -> None:
        if self._switch.value and not await self._page.may(Right.UNMASK):
            self._switch.value = False
            return
        if self._unmasked != bool(self._switch.value):
            self._unmasked = bool(self._switch.value)
            await self._load(count=False)
            self._switch.value = self._unmasked

    async def _on_record(self, **detail: object) -> bool:
        """Nobody sees whole numbers off the record."""
        page = self._page
        entry = page.audited("unmask", detail={**told(self._query), **detail})

        def note() -> bool:
            kept.note(page.store, entry)
            return True

        return bool(await page.read(note))

    async def _export(self) -> None:
        if not await self._page.may(Right.EXPORT):
            return
        if self._total.startswith("超过"):
            self._page.tell(f"一次最多导出 {MOST:,} 通；更多的请缩小范围分几次导出。")
        query = dict(self._query)
        address = "/export/calls.csv?" + address_of(query) + ("&unmask=1" if self._unmasked else "")
        ui.run_javascript(f"window.location.assign({json.dumps(address)})")
