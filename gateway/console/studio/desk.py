"""The studio of one hotline as somebody has it open: editor on the left, what is known of the text on the right."""

from __future__ import annotations

from nicegui import ui

from gateway.console.frame import Page, heading
from gateway.console.studio.bench import Bench
from gateway.console.studio.editor import Editor
from gateway.console.studio.files import FlowFolder
from gateway.console.studio.panel_chat import ChatPanel
from gateway.console.studio.panel_findings import FindingsPanel
from gateway.console.studio.panel_graph import GraphPanel
from gateway.console.studio.panel_heard import HeardPanel
from gateway.console.studio.panel_tests import TestsPanel
from gateway.console.studio.panel_versions import VersionsPanel
from gateway.console.studio.saver import Saver
from gateway.console.studio.trial import Trial
from gateway.console.studio.wording import counted
from gateway.dialogue.load import FLOW_FILE

_DARK = """
(() => {
  let last = null;
  const tell = () => {
    const dark = document.body.classList.contains("body--dark");
    if (dark !== last) emitEvent("vg_studio_dark", last = dark);
  };
  new MutationObserver(tell).observe(document.body, {attributes: true, attributeFilter: ["class"]});
  tell();
})()
"""
"""The editor has a theme of its own, which follows the page's."""


class Studio:
    """One open page.

    Args:
        page: the frame's.
        folder: the hotline's.
        names: of the files that can be opened, the flow's first.
        title: what the hotline is called.
    """

    def __init__(self, page: Page, folder: FlowFolder, names: list[str], title: str) -> None:
        self._title = title
        self._bench = bench = Bench(page, folder)
        self._saver = Saver(bench, self._put, self._show_findings)
        self._editor = Editor(bench, names, self._saver.save)
        self._is_dirty = False
        bench.on_trial += [self._show, self._editor.mark]
        bench.on_asked.append(self._asked)

    async def draw(self) -> None:
        """The page's content, with the flow itself opened."""
        page = self._bench.page
        with ui.row().classes("vg-page-head"):
            ui.link("全部热线", "/studio")
            heading(self._title)
            ui.label(self._bench.folder.hotline).classes("vg-muted")
            self._state = ui.label().classes("vg-muted").props('role=status aria-live="polite"')
            ui.space()
            if self._bench.can_edit:
                self._save = ui.button("保存", icon="save", on_click=self._saver.save).props("no-caps")
                self._save.disable()
        with ui.element("div").classes("vg-studio"):
            self._editor.draw()
            self._panels()
        await self._editor.open(FLOW_FILE)
        ui.on("vg_studio_dark", lambda event: self._editor.set_dark(dark=bool(event.args)))
        page.client.on_connect(lambda: page.client.run_javascript(_DARK))
        self._bench.ask()

    def _panels(self) -> None:
        bench, editor = self._bench, self._editor
        panels = (
            ("findings", "问题", FindingsPanel(bench, editor).draw),
            ("graph", "流程图", GraphPanel(bench, editor).draw),
            ("chat", "试打", ChatPanel(bench).draw),
            ("tests", "测试对话", TestsPanel(bench, editor).draw),
            ("heard", "没听懂的话", HeardPanel(bench, editor).draw),
            ("versions", "历史版本", VersionsPanel(bench, editor).draw),
        )
        with ui.column().classes("vg-studio-side"):
            tabs = ui.tabs().props('dense no-caps align=left outside-arrows mobile-arrows aria-label="关于这段文字"')
            with tabs.classes("vg-studio-tabs"):
                for name, title, _ in panels:
                    ui.tab(name, title)
            # Kept alive: what is in a panel that isn't shown stays, and follows the text
            with ui.tab_panels(tabs, value="findings", animated=False, keep_alive=True) as shown:
                for name, _, draw in panels:
                    with ui.tab_panel(name):
                        draw()
        shown.classes("vg-studio-panels")
        self._tabs = tabs

    def _put(self, name: str, text: str) -> None:
        self._editor.put(name, text)

    def _show_findings(self) -> None:
        self._tabs.value = "findings"

    def _show(self, trial: Trial) -> None:
        self._state.text = counted(len(trial.errors), len(trial.warnings))

    def _asked(self) -> None:
        self._state.text = "正在检查……"
        unsaved = self._bench.texts.unsaved
        if self._bench.can_edit:
            self._save.set_enabled(bool(unsaved))
        self._editor.show_unsaved(unsaved)
        if bool(unsaved) != self._is_dirty:
            self._is_dirty = bool(unsaved)
            leaving = "(event) => event.preventDefault()" if unsaved else "null"  # the browser asks before it leaves
            self._bench.page.client.run_javascript(f"window.onbeforeunload = {leaving}")
