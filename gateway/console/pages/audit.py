"""The audit: who did what, newest first."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from nicegui import ui

from gateway.console.frame import Page, heading, page
from gateway.console.rights import Right
from gateway.console.wording import ACTIONS, told_detail
from gateway.store import accounts as kept
from gateway.store.accounts import Audited

PAGE_ROWS = 50
COLUMNS = [
    {"name": "at", "label": "时间", "field": "at", "align": "left"},
    {"name": "account", "label": "账号", "field": "account", "align": "left"},
    {"name": "action", "label": "操作", "field": "action", "align": "left"},
    {"name": "call", "label": "通话", "field": "call", "align": "left"},
    {"name": "detail", "label": "详情", "field": "detail", "align": "left"},
    {"name": "address", "label": "来自", "field": "address", "align": "left"},
]
_FIELD = "outlined dense clearable"
_CARD = """
<div class="vg-grid-card">
  <div class="vg-grid-head"><b>{{ props.row.action }}</b><span class="vg-muted">{{ props.row.at }}</span></div>
  <div>{{ props.row.account }} <span class="vg-muted">{{ props.row.address }}</span></div>
  <div class="vg-muted">{{ props.row.detail }}</div>
  <a v-if="props.row.call" class="nicegui-link" :href="`/calls/${encodeURIComponent(props.row.call)}`">
    通话 {{ props.row.call }}</a>
</div>
"""
"""An entry on a small screen; values are text to Vue, never HTML."""


@page("/audit", title="审计", right=Right.AUDIT)
async def build(page: Page, account: str = "", action: str = "", call: str = "") -> None:
    """The newest entries; filters can be given in the address."""
    await _Audit(page).draw(account, action, call)


class _Audit:
    """The page.

    Args:
        page: the frame's.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self._zone = ZoneInfo(page.settings.timezone)
        self._before: list[int] = []
        """The number that each page after the first begins below."""

    async def draw(self, account: str, action: str, call: str) -> None:
        with ui.row().classes("vg-page-head"):
            heading("审计")
            ui.space()
            self._account = ui.input("账号", value=account, on_change=self._anew).props(f"{_FIELD} debounce=400")
            chosen = action if action in ACTIONS else None
            self._action = ui.select(ACTIONS, label="操作", value=chosen, on_change=self._anew, clearable=True)
            self._action.props("outlined dense").classes("vg-search")
            self._call = ui.input("通话编号", value=call, on_change=self._anew).props(f"{_FIELD} debounce=400")
        self._table = ui.table(columns=COLUMNS, rows=[], row_key="id").classes("vg-table")
        self._table.props('flat bordered hide-pagination :grid="Quasar.Screen.lt.md" no-data-label="没有记录"')
        self._table.add_slot(
            "body-cell-call",
            '<q-td :props="props"><a v-if="props.value" class="nicegui-link" '
            ':href="`/calls/${encodeURIComponent(props.value)}`">{{ props.value }}</a></q-td>',
        )
        self._table.add_slot("item", _CARD)
        with ui.row().classes("vg-pager"):
            self._newer = ui.button("较新", icon="chevron_left", on_click=self._back).props("flat")
            self._where = ui.label().classes("vg-muted")
            self._older = ui.button("较早", on_click=self._on).props("flat icon-right=chevron_right")
        self._last = 0
        await self._load()

    async def _anew(self) -> None:
        self._before.clear()
        await self._load()

    async def _on(self) -> None:
        self._before.append(self._last)
        await self._load()

    async def _back(self) -> None:
        if self._before:
            self._before.pop()
        await self._load()

    async def _load(self) -> None:
        found = await self._page.read(
            kept.list_audit,
            self._page.store,
            account=str(self._account.value or "").strip(),
            action=str(self._action.value or ""),
            call_id=str(self._call.value or "").strip(),
            limit=PAGE_ROWS + 1,
            before_id=self._before[-1] if self._before else 0,
        )
        if found is None:
            return
        shown = found[:PAGE_ROWS]
        self._last = shown[-1][0] if shown else 0
        self._table.rows = [self._row(number, told) for number, told in shown]
        self._newer.set_enabled(bool(self._before))
        self._older.set_enabled(len(found) > PAGE_ROWS)
        self._where.text = f"第 {len(self._before) + 1} 页"

    def _row(self, number: int, told: Audited) -> dict[str, object]:
        return {
            "id": number,
            "at": told.at.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S"),
            "account": told.account,
            "action": ACTIONS.get(told.action, told.action),
            "call": told.call_id,
            "detail": told_detail(told.detail),
            "address": told.address,
        }
