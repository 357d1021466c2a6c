"""What `flow check` finds, each at its line; a click goes there."""

from __future__ import annotations

from nicegui import ui

from gateway.console.studio.bench import Bench
from gateway.console.studio.editor import Editor
from gateway.console.studio.trial import Told, Trial
from gateway.console.studio.wording import RULES

MAX_SHOWN = 100


class FindingsPanel:
    """The list.

    Args:
        bench: of the page.
        editor: of the page.
    """

    def __init__(self, bench: Bench, editor: Editor) -> None:
        self._bench = bench
        self._editor = editor
        bench.on_trial.append(self.show)

    def draw(self) -> None:
        """An empty list, until something is checked."""
        self._list = ui.column().classes("vg-findings")

    def show(self, trial: Trial) -> None:
        """What was found."""
        self._list.clear()
        with self._list:
            if not trial.findings:
                with ui.row().classes("vg-findings-none"):
                    ui.icon("check_circle", color="positive", size="24px")
                    ui.label("没有问题，可以保存。" if self._bench.can_edit else "没有问题。")
            for told in trial.findings[:MAX_SHOWN]:
                self._one(told)
            if len(trial.findings) > MAX_SHOWN:
                ui.label(f"另有 {len(trial.findings) - MAX_SHOWN} 个没有列出").classes("vg-muted")

    def _one(self, told: Told) -> None:
        is_error = told.severity == "error"
        button = ui.button(color=None, on_click=lambda: self._editor.go(told.file, told.line))
        with button.props("flat no-caps align=left").classes("vg-finding"):
            icon, color = ("error", "negative") if is_error else ("warning", "warning")
            ui.icon(icon, color=color, size="20px").props(f'role=img aria-label="{"错误" if is_error else "提醒"}"')
            with ui.column().classes("vg-finding-words"):
                with ui.row().classes("vg-finding-head"):
                    ui.label(RULES.get(told.rule, told.rule)).classes("vg-strong")
                    ui.label(f"{told.file}:{told.line}").classes("vg-muted")
                ui.label(told.message)
