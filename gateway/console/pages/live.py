"""Live: calls in progress as they go, what is grave at the top, and how the engine does."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from urllib.parse import quote

from nicegui import ui

from gateway.analytics.report import Alert
from gateway.console.calls.labels import titles
from gateway.console.frame import Page, heading, page
from gateway.console.live.poller import Live, live_of
from gateway.console.live.rows import Row, call_row, engine_lines, raised_row
from gateway.console.plain import store_words
from gateway.console.rights import Right
from gateway.console.service.alerting import standing, told_alert
from gateway.errors import RulesError

ALERTS_EVERY_S = 30.0
LOGIN_EVERY_S = 10.0
"""How often the page asks whether its login still stands; until it does, nothing new is shown."""
MOST_RAISED = 5
COLUMNS = [
    {"name": "state", "label": "状态", "field": "what", "align": "left"},
    {"name": "since", "label": "已通话", "field": "since", "align": "right"},
    {"name": "hotline", "label": "热线", "field": "hotline", "align": "left"},
    {"name": "node", "label": "节点", "field": "node", "align": "left"},
    {"name": "mode", "label": "模式", "field": "mode", "align": "left"},
    {"name": "mood", "label": "情绪", "field": "mood", "align": "left"},
    {"name": "flags", "label": "标记", "field": "flags", "align": "left"},
    {"name": "words", "label": "最后一句", "field": "words", "align": "left"},
]
_FLAGS = (
    '<span v-for="flag in props.row.flags" :key="flag.flag" :class="flag.css" :aria-label="`标记：${flag.told}`" '
    'role="img">{{ flag.title }}</span>'
)
_TIME = (
    '<span v-if="props.row.lasted">{{ props.row.lasted }}</span>'
    '<span v-else :key="props.row.id" :data-since="props.row.since"></span>'
)
_LINK = '<a class="nicegui-link" :href="`/calls/${encodeURIComponent(props.row.id)}`">{{ props.row.number }}</a>'
_STATE = '<span :class="`vg-live-state vg-live-${props.row.state}`">{{ props.row.what }}</span>'
_MOOD = '<span :class="props.row.tone">{{ props.row.mood }}</span>'
_NODE = '{{ props.row.node }} <span class="vg-muted">{{ props.row.kind }}</span>'
_WORDS = '<span class="vg-live-words">{{ props.row.words }}</span>'
_SLOTS = {
    "state": f"{_STATE}<br>{_LINK}",
    "since": _TIME,
    "node": _NODE,
    "mood": _MOOD,
    "flags": _FLAGS,
    "words": _WORDS,
}
_CARD = f"""
<div :class="`vg-grid-card vg-live-card vg-live-row-${{props.row.state}}`" :data-call="props.row.id">
  <div class="vg-grid-head">{_STATE}<b class="vg-live-time">{_TIME}</b></div>
  <div>{{{{ props.row.hotline }}}} · {_NODE} · {{{{ props.row.mode }}}}</div>
  <div>{_MOOD} {_FLAGS}</div>
  <div v-if="props.row.words">“{_WORDS}”</div>
  <div class="vg-muted">{_LINK}</div>
</div>
"""
"""Values are text to Vue, never HTML."""


@page("/live", title="实时", right=Right.LIVE)
async def build(page: Page) -> None:
    """The board, pushed to the browser while it is open."""
    live = live_of(page.store, page.settings.now, page.settings.console.metrics_url)
    names = await asyncio.to_thread(titles, page.settings.analytics.rules, page.settings.flows_dir)
    board = _Board(page, live, names.hotlines)
    board.draw()
    page.client.on_delete(live.watch(board.show))


class _Board:
    """One open page.

    Args:
        page: the frame's.
        live: what is going on.
        hotlines: their titles.
    """

    def __init__(self, page: Page, live: Live, hotlines: Mapping[str, str]) -> None:
        self._page = page
        self._live = live
        self._hotlines = hotlines
        self._stands = True
        self._shown: tuple[object, ...] = ()

    def draw(self) -> None:
        ui.add_head_html('<script src="/static/live.js" defer></script>')
        with ui.row().classes("vg-page-head"):
            heading("实时")
            self._count = ui.label("").classes("vg-muted")
            ui.space()
            self._engine = ui.row().classes("vg-live-engine").props('role=group aria-label="引擎状态"')
        self._trouble = ui.label("").classes("vg-live-trouble").props("role=alert")
        self._trouble.set_visibility(False)
        self._alerts = ui.column().classes("vg-alerts").props('role=group aria-label="越过警戒线的指标"')
        self._raised = ui.column().classes("vg-alerts").props('aria-live=polite role=group aria-label="需要留意的通话"')
        self._table = ui.table(columns=COLUMNS, rows=[], row_key="id", pagination=0)
        self._table.classes("vg-table vg-live-table")
        self._table.props(
            'flat bordered hide-pagination :grid="Quasar.Screen.lt.md" no-data-label="现在没有进行中的通话" '
            ':table-row-class-fn="row => `vg-live-row-${row.state}`"'
        )
        for name, slot in _SLOTS.items():
            self._table.add_slot(f"body-cell-{name}", f'<q-td :props="props">{slot}</q-td>')
        self._table.add_slot("item", _CARD)
        ui.timer(ALERTS_EVERY_S, self._load_alerts)
        ui.timer(LOGIN_EVERY_S, self._check, immediate=False)
        self.show()

    def show(self) -> None:
        """Bring the page up to date; only what has changed is sent."""
        if self._page.client.is_deleted or not self._stands:
            return
        now, scope = self._page.settings.now(), self._page.visitor.scope
        calls = self._live.board.calls(scope, now)
        rows = [call_row(call, now, self._hotlines) for call in calls]
        raised = [raised_row(one, now, self._hotlines) for one in self._live.board.raised(scope)[:MOST_RAISED]]
        engine = [*engine_lines(self._live.engine, has_engine=self._live.has_engine)]
        trouble = store_words(self._live.error) if self._live.error else ""
        before, self._shown = self._shown, (rows, raised, engine, trouble)
        if before == self._shown:
            return
        with self._page.client:
            self._table.rows = rows
            up = sum(row["state"] == "up" for row in rows)
            self._count.text = f"{up} 通进行中"
            if before[1:2] != (raised,):
                self._show_raised(raised)
            if before[2:3] != (engine,):
                self._show_engine(engine)
            self._trouble.text = f"读不到最新的通话，下面是之前的：{trouble}" if trouble else ""
            self._trouble.set_visibility(bool(trouble))

    def _show_raised(self, raised: list[Row]) -> None:
        self._raised.clear()
        with self._raised:
            for row in raised:
                with ui.link(target=f"/calls/{quote(str(row['id']), safe='')}").classes(
                    f"vg-alert vg-alert-{row['severity']}"
                ):
                    ui.icon("flag")
                    ui.label(str(row["title"])).classes("vg-strong")
                    ui.label(f"“{row['words']}”" if row["words"] else "").classes("vg-alert-words")
                    ui.label(f"{row['hotline']} · {row['ago']}").classes("vg-muted")

    def _show_engine(self, lines: list[tuple[str, str, str]]) -> None:
        self._engine.clear()
        with self._engine:
            for title, value, tone in lines:
                with ui.row().classes("vg-live-figure"):
                    ui.label(title).classes("vg-muted")
                    ui.label(value).classes(f"vg-tone-{tone}")

    async def _load_alerts(self) -> None:
        if not self._stands:
            return
        page = self._page
        try:
            found = await page.read(standing, page.store, page.settings, page.visitor.scope)
        except RulesError:
            found = ()  # the page of figures says what is wrong with the file
        if found is not None and not page.client.is_deleted:
            self._show_alerts(found)

    def _show_alerts(self, alerts: tuple[Alert, ...]) -> None:
        self._alerts.clear()
        with self._alerts:
            for alert in alerts:
                with ui.link(target="/service").classes(f"vg-alert vg-alert-{alert.severity}"):
                    ui.icon("warning")
                    ui.label(alert.title).classes("vg-strong")
                    ui.label(told_alert(alert)).classes("vg-alert-words")

    async def _check(self) -> None:
        stands = await self._page.read(bool) is not None and self._page.visitor.may(Right.LIVE)
        if stands != self._stands:
            self._stands = stands
            self._shown = ()
            self.show()
