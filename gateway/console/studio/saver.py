"""Saving from the page: checked, asked about where there is need, on record, and never over others' work."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Callable, Sequence

from nicegui import ui

from gateway.console.chrome import dialog
from gateway.console.logins import utc_now
from gateway.console.rights import Right
from gateway.console.studio.bench import Bench
from gateway.console.studio.files import Opened
from gateway.console.studio.saving import Change, ConflictError, save
from gateway.console.studio.trial import examine
from gateway.errors import ConsoleError, StoreError
from gateway.store import accounts as kept

MAX_DIFF_LINES = 400


class Saver:
    """What the button does.

    Args:
        bench: of the page.
        put: replaces the text of an opened file in its editor.
        show_findings: brings the findings to the front.
    """

    def __init__(self, bench: Bench, put: Callable[[str, str], None], show_findings: Callable[[], None]) -> None:
        self._bench = bench
        self._put = put
        self._show_findings = show_findings
        self._is_saving = False

    async def save(self) -> None:
        """Check all unsaved texts together, and write them if nothing is wrong."""
        if self._is_saving:
            return
        self._is_saving = True
        try:
            await self._save()
        finally:
            self._is_saving = False

    async def _save(self) -> None:
        bench, page = self._bench, self._bench.page
        if not await page.may(Right.EDIT_FLOWS):
            return
        changes = bench.texts.changes()
        if not changes:
            page.tell("没有要保存的改动。")
            return
        texts = {change.opened.name: change.text for change in changes}
        trial = await bench.attempt(examine, bench.folder, texts, synthesiser=bench.has_synthesiser)
        if trial is None:
            return
        if trial.errors:
            self._show_findings()
            page.tell(f"没有保存：有 {len(trial.errors)} 个错误，改好以后再保存。", "bad")
            return
        if trial.warnings and not await self._asked(len(trial.warnings)):
            self._show_findings()
            return
        if await page.may(Right.EDIT_FLOWS):  # asked again: the question may have stood there for hours
            await self._write(changes)

    async def _write(self, changes: Sequence[Change]) -> None:
        bench, page = self._bench, self._bench.page
        names = "、".join(f"{bench.folder.hotline}/{change.opened.name}" for change in changes)
        told = page.audited("flow_saved", detail={"flow": names})

        def put_on_record() -> None:
            kept.note(page.store, told)

        try:
            saved = await asyncio.to_thread(save, bench.folder, changes, page.visitor.account, utc_now(), put_on_record)
        except ConflictError as conflict:
            self._show_conflict(conflict.now)
        except ConsoleError as error:
            page.tell(error.message, "bad")
        except StoreError:
            page.tell("审计记录写不进通话库，没有保存；请稍后再试。", "bad")
        else:
            for opened in saved:
                bench.texts.saved(opened)
            bench.ask()
            page.tell("已保存；网关会在下一通电话用上新的流程。", "good")

    async def _asked(self, warnings: int) -> bool:
        with self._bench.page.main, dialog("仍要保存吗？") as opened:
            ui.label(f"没有错误，但有 {warnings} 个提醒：来电者可能会不方便。")
            with ui.row().classes("vg-dialog-row"):
                ui.button("先看看", on_click=lambda: opened.submit(False)).props("flat no-caps")
                ui.button("仍然保存", on_click=lambda: opened.submit(True)).props("no-caps")
        answer = await opened
        opened.delete()
        return bool(answer)

    def _show_conflict(self, now: Opened) -> None:
        bench = self._bench
        mine = bench.texts.text(now.name)

        def take_over() -> None:
            bench.texts.open(now)
            self._put(now.name, now.text)
            bench.ask()
            opened.close()

        def keep_own() -> None:
            bench.texts.rebase(now)
            bench.ask()
            bench.page.tell("保留了您的文字；再按一次保存，就会盖过别人的改动（别人的版本会留在历史里）。")
            opened.close()

        with bench.page.main, dialog(f"{now.name} 被别人改过") as opened:
            ui.label("在您打开之后，磁盘上的文件变了，所以没有保存。减号是磁盘上现在的，加号是您的：")
            show_difference(now.text, mine)
            with ui.row().classes("vg-dialog-row"):
                ui.button("用磁盘上的，放弃我的", on_click=take_over).props("flat no-caps")
                ui.button("保留我的，继续编辑", on_click=keep_own).props("no-caps")
        opened.open()


def show_difference(before: str, after: str) -> None:
    """Two texts' difference, line by line, as plain text."""
    lines = list(difflib.unified_diff(before.split("\n"), after.split("\n"), "之前", "之后", lineterm="", n=2))[2:]
    with ui.element("div").classes("vg-diff").props('tabindex=0 role=region aria-label="差异"'):
        if not lines:
            ui.label("没有差异")
        for line in lines[:MAX_DIFF_LINES]:
            kind = {"+": "vg-diff-new", "-": "vg-diff-old", "@": "vg-diff-where"}.get(line[:1], "")
            ui.label(line).classes(kind)
        if len(lines) > MAX_DIFF_LINES:
            ui.label(f"……另有 {len(lines) - MAX_DIFF_LINES} 行")
