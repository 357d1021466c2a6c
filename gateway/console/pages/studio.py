"""The flow studio: the list of hotlines, and one of them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from nicegui import background_tasks, ui

from gateway.console.frame import Page, heading, page
from gateway.console.rights import Right
from gateway.console.studio.bench import has_synthesiser
from gateway.console.studio.desk import Studio
from gateway.console.studio.files import FlowFolder, hotlines
from gateway.console.studio.listing import Listed, listed
from gateway.console.studio.trial import examine
from gateway.console.studio.wording import counted
from gateway.errors import ConsoleError

COLUMNS: list[dict[str, Any]] = [
    {"name": "title", "label": "热线", "field": "title", "align": "left", "sortable": True},
    {"name": "version", "label": "版本", "field": "version", "align": "left"},
    {"name": "findings", "label": "检查", "field": "findings", "align": "left"},
    {"name": "changed", "label": "最近修改", "field": "changed", "align": "left", "sortable": True},
]
_LINK = (
    '<a class="nicegui-link" :href="`/studio/${encodeURIComponent(props.row.hotline)}`">{{ props.row.title }}</a>'
    '<div class="vg-muted">{{ props.row.hotline }}</div>'
)
_CARD = f"""
<div class="vg-grid-card">
  <div>{_LINK}</div>
  <div>{{{{ props.row.findings }}}}</div>
  <div class="vg-muted">版本 {{{{ props.row.version }}}} · {{{{ props.row.changed }}}}</div>
</div>
"""
"""A hotline on a small screen; values are text to Vue, never HTML."""


@page("/studio", title="流程", right=Right.STUDIO)
async def build(page: Page) -> None:
    """All hotlines; what is wrong with them follows as it is found."""
    heading("流程")
    folders = await page.read(_folders, page)
    if not folders:
        ui.label("流程文件夹里没有热线。")
        return
    rows = [row for folder in folders if (row := await _row(page, folder)) is not None]
    table = ui.table(columns=COLUMNS, rows=rows, row_key="hotline").classes("vg-table")
    table.props('flat bordered hide-pagination :grid="Quasar.Screen.lt.sm" no-data-label="没有热线"')
    table.add_slot("body-cell-title", f'<q-td :props="props">{_LINK}</q-td>')
    table.add_slot("item", _CARD)

    async def check_all() -> None:
        for folder, row in zip(folders, table.rows, strict=True):
            if page.client.is_deleted:
                return
            trial = await page.read(examine, folder, {}, synthesiser=has_synthesiser(page))
            row["findings"] = counted(len(trial.errors), len(trial.warnings)) if trial else "没有检查"
            table.update()

    background_tasks.create(check_all(), name="studio list")


@page("/studio/{hotline}", title="流程", right=Right.STUDIO)
async def build_one(page: Page, hotline: str) -> None:
    """One hotline."""
    try:
        folder = await page.read(FlowFolder, page.settings.flows_dir, hotline)
    except ConsoleError as error:
        heading("流程")
        ui.label(error.message)
        ui.link("回到热线列表", "/studio")
        return
    if folder is None:
        return
    names = await page.read(lambda: list(folder.files()))
    told = await page.read(listed, folder)
    if names is not None and told is not None:
        await Studio(page, folder, names, told.title).draw()


def _folders(page: Page) -> list[FlowFolder]:
    flows_dir = page.settings.flows_dir
    return [FlowFolder(flows_dir, name) for name in hotlines(flows_dir)]


async def _row(page: Page, folder: FlowFolder) -> dict[str, Any] | None:
    told: Listed | None = await page.read(listed, folder)
    if told is None:
        return None
    changed = told.changed.astimezone(ZoneInfo(page.settings.timezone)).strftime("%Y-%m-%d %H:%M")
    return {
        "hotline": told.hotline,
        "title": told.title,
        "version": told.version,
        "findings": "正在检查……",
        "changed": changed,
    }
