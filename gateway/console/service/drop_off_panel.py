"""The panel of drop-off: the flow drawn with its counts, the same as a table, and each node's calls."""

from __future__ import annotations

import datetime as dt
import json
from urllib.parse import quote
from zoneinfo import ZoneInfo

from nicegui import events, ui

from gateway.console.chrome import dialog
from gateway.console.frame import Page
from gateway.console.service.drop_off import DropOff, drop_off
from gateway.console.service.picture import told
from gateway.desk.funnel import NodeFigures
from gateway.desk.graph.drawing import KINDS

COLUMNS: list[dict[str, object]] = [
    {"name": "node", "label": "节点", "field": "node", "align": "left"},
    {"name": "entered", "label": "进入", "field": "entered", "align": "right", "sortable": True},
    {"name": "no_input", "label": "没说话", "field": "no_input", "align": "right"},
    {"name": "no_match", "label": "没听懂", "field": "no_match", "align": "right"},
    {"name": "asked_human", "label": "要人工", "field": "asked_human", "align": "right"},
    {"name": "hung_up", "label": "放弃", "field": "hung_up", "align": "right"},
    {"name": "went_on", "label": "往下走", "field": "went_on", "align": "right"},
]
_OPEN = (
    '<q-td :props="props"><q-btn flat dense no-caps color="primary" :label="props.row.node" '
    '@click="$parent.$emit(\'calls\', props.row.node)" :aria-label="`${props.row.node} 的通话`"></q-btn> '
    '<span class="vg-muted">{{ props.row.kind }}</span></q-td>'
)
_CARD = """
<div class="vg-grid-card">
  <div class="vg-grid-head"><q-btn flat dense no-caps color="primary" :label="props.row.node"
    @click="$parent.$emit('calls', props.row.node)" :aria-label="`${props.row.node} 的通话`"></q-btn>
    <span class="vg-muted">{{ props.row.kind }}</span></div>
  <div>进入 {{ props.row.entered }}　放弃 {{ props.row.hung_up }}　往下走 {{ props.row.went_on }}</div>
  <div class="vg-muted">
    没说话 {{ props.row.no_input }}　没听懂 {{ props.row.no_match }}　要人工 {{ props.row.asked_human }}</div>
</div>
"""
_CLICKED = """(event) => {
  const card = event.target.closest('[data-name]');
  if (card && (event.type === 'click' || event.key === 'Enter' || event.key === ' ')) {
    event.preventDefault();
    emit(card.dataset.name);
  }
}"""

_SCROLLED = """
const frame = document.getElementById("%s"), card = frame?.querySelector(`[data-name=${CSS.escape(%s)}]`);
if (card) {
  const outer = frame.getBoundingClientRect(), inner = card.getBoundingClientRect();
  frame.scrollLeft += inner.left - outer.left - 24;
  frame.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
}
"""
"""To the node that the flow begins with."""


class DropOffPanel:
    """The panel; drawn at once, filled by `load`.

    Args:
        page: the frame's.
        since: when the period began.
        flow: the hotline; empty when there is none to show.
    """

    def __init__(self, page: Page, since: dt.datetime | None, flow: str) -> None:
        self._page = page
        self._since = since
        self._flow = flow
        self._found: DropOff | None = None

    def draw(self) -> None:
        """The empty panel."""
        with ui.column().classes("vg-panel"):
            ui.label("来电者在哪里放弃").classes("vg-subtitle").props('role=heading aria-level="2"')
            self._about = ui.label("正在数…" if self._flow else "没有可画的流程。").classes("vg-muted")
            self._body = ui.column().classes("vg-wide")

    async def load(self) -> None:
        """Count and fill."""
        if not self._flow:
            return
        page = self._page
        found = await page.read(
            drop_off, page.store, page.settings.flows_dir, page.visitor.scope, self._flow, self._since
        )
        if page.client.is_deleted:
            return
        if found is None:
            self._about.text = "这条热线的流程现在读不出来。"
            return
        self._found = found
        cut = f"最近 {found.calls:,} 通" if found.is_cut else f"{found.calls:,} 通"
        self._about.text = f"{found.title}，{cut}已结束的通话。点一个节点，看在那里放弃的通话。"
        with self._body:
            self._draw_picture(found)
            self._draw_table(found)

    def _draw_picture(self, found: DropOff) -> None:
        frame = ui.element("div").classes("vg-flow").props('tabindex=0 role=region aria-label="流程图和人数，可以滚动"')
        with frame:
            # Written by a serialiser that escapes, from the flow's file alone: nothing that a caller said is in it.
            drawn = ui.html(found.picture, sanitize=False)
        whole = ui.switch("看全图").props("dense")
        whole.on_value_change(lambda event: frame.classes(toggle="vg-flow-whole") if event.value is not None else None)
        ui.run_javascript(_SCROLLED % (frame.html_id, json.dumps(found.entry)))
        for kind in ("click", "keydown"):
            drawn.on(kind, self._open, js_handler=_CLICKED)

    def _draw_table(self, found: DropOff) -> None:
        worst = sorted(found.nodes, key=lambda node: (-node.hung_up, -node.entered))
        rows = [_row(node) for node in worst if node.entered]
        with ui.expansion("列成表").classes("vg-wide"):
            table = ui.table(columns=COLUMNS, rows=rows, row_key="node", pagination=0).classes("vg-table")
            table.props('flat bordered hide-pagination :grid="Quasar.Screen.lt.md" no-data-label="没有通话"')
            table.add_slot("body-cell-node", _OPEN)
            table.add_slot("item", _CARD)
            table.on("calls", self._open)

    def _open(self, event: events.GenericEventArguments) -> None:
        """The calls of a node; what the browser says is only looked up."""
        found, node = self._found, str(event.args)
        if found is None:
            return
        figures = next((one for one in found.nodes if one.node == node), None)
        zone = ZoneInfo(self._page.settings.timezone)
        with self._page.main, dialog(f"{node}：{told(figures)}") as opened:
            calls = found.at.get(node, [])
            if not calls:
                ui.label("没有来电走到这里。").classes("vg-muted")
            for call in calls:
                with ui.row().classes("vg-call-line"):
                    at = call.started_at.astimezone(zone)
                    ui.link(f"{at:%m-%d %H:%M:%S}", f"/calls/{quote(call.id, safe='')}")
                    ui.label("在这里放弃" if call.gave_up else "走过").classes(
                        "vg-tone-bad" if call.gave_up else "vg-muted"
                    )
        opened.open()


def _row(node: NodeFigures) -> dict[str, object]:
    def share(count: int) -> str:
        return f"{count:,}（{count / node.entered:.0%}）" if count else "0"

    shown = {name: share(getattr(node, name)) for name in ("no_input", "no_match", "asked_human", "hung_up", "went_on")}
    kind = KINDS.get(node.kind, node.kind) if node.in_flow else "已不在流程里"
    return {"node": node.node, "kind": kind, "entered": node.entered, **shown}
