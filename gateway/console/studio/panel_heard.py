"""What callers said that nothing matched; one click puts a phrase into the text."""

from __future__ import annotations

import datetime as dt

from nicegui import ui

from gateway.console.logins import utc_now
from gateway.console.studio.bench import Bench
from gateway.console.studio.editor import Editor
from gateway.console.studio.heard import Heard, HeardGroup, heard
from gateway.console.studio.phrases import add_phrase
from gateway.dialogue.load import FLOW_FILE
from gateway.dialogue.nodes.base import Place
from gateway.errors import ConsoleError

DAYS = {1: "最近一天", 7: "最近 7 天", 30: "最近 30 天", 365: "最近一年"}


class HeardPanel:
    """The groups.

    Args:
        bench: of the page.
        editor: of the page.
    """

    def __init__(self, bench: Bench, editor: Editor) -> None:
        self._bench = bench
        self._editor = editor

    def draw(self) -> None:
        """The button, and nothing yet: it reads many calls."""
        with ui.row().classes("vg-studio-tools"):
            self._days = ui.select(DAYS, label="通话", value=30).props("outlined dense options-dense")
            self._button = ui.button("查找", icon="search", on_click=self._find).props("no-caps")
            self._state = ui.label("来电者说了、但没有听懂的话，读音相近的归在一起。").classes("vg-muted")
        self._list = ui.column().classes("vg-findings")

    async def _find(self) -> None:
        trial = await self._bench.ready()
        if trial is None or trial.compiled is None:
            return
        self._button.disable()
        self._state.text = "正在读通话……"
        page = self._bench.page
        since = utc_now() - dt.timedelta(days=int(self._days.value or 30))
        try:
            found = await page.read(heard, page.store, trial.compiled, page.visitor.scope, since)
        finally:
            self._button.enable()
        self._show(found)

    def _show(self, found: Heard | None) -> None:
        self._list.clear()
        if found is None:
            self._state.text = "没有读到"
            return
        words = (
            f"{found.calls} 通电话，{len(found.groups)} 组没听懂的话"
            if found.groups
            else f"{found.calls} 通电话，没有没听懂的话"
        )
        self._state.text = (
            words
            + (f"，另有 {found.left_out} 组没有列出" if found.left_out else "")
            + ("（电话太多，只读了最早的一部分）" if found.capped else "")
        )
        with self._list:
            for group in found.groups:
                self._group(group)

    def _group(self, group: HeardGroup) -> None:
        with ui.column().classes("vg-heard"):
            ui.label("、".join(f"{text}（{count}）" for text, count in group.texts)).classes("vg-strong")
            ui.label(f"{group.node}，{group.count} 次。{group.advice}").classes("vg-muted")
            if not (self._bench.can_edit and group.phrases and group.places):
                return
            with ui.row().classes("vg-studio-tools"):
                phrase = ui.select(list(group.phrases), label="说法", value=group.phrases[0])
                phrase.props("outlined dense options-dense").classes("vg-heard-field")
                option = ui.select(list(group.places), label="选项", value=group.proposed)
                option.props("outlined dense options-dense").classes("vg-heard-field")

                async def add() -> None:
                    if option.value is None:
                        self._bench.page.tell("先选要加到哪个选项。")
                    elif await self._add(group.places[str(option.value)], str(phrase.value)):
                        button.props("icon=check").set_text("已加入")
                        button.disable()

                button = ui.button("加入", icon="add", on_click=add).props("no-caps")

    async def _add(self, place: Place, phrase: str) -> bool:
        """Put a phrase into the text of the file that has its place; whether it is there now."""
        bench = self._bench
        files = bench.trial.subflow_files if bench.trial else {}
        name = FLOW_FILE
        match place:
            case ("subflows", str(subflow), *rest) if subflow in files:
                name, place = files[subflow], tuple(rest)
        if not await self._editor.open(name):
            return False
        text = bench.texts.text(name)
        try:
            changed = add_phrase(text, place, phrase)
        except ConsoleError as error:
            bench.page.tell(error.message, "bad")
            return False
        self._editor.put(name, changed)
        first = next(index for index, (old, new) in enumerate(zip(text, changed, strict=False)) if old != new)
        await self._editor.go(name, changed.count("\n", 0, first + 1) + 1)
        bench.page.tell(f"“{phrase}”已加进文字，检查没有问题后请保存。", "good")
        return True
