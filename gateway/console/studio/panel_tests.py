"""The hotline's test dialogues, held with the text in the editor, on demand."""

from __future__ import annotations

from nicegui import ui

from gateway.console.studio.bench import Bench
from gateway.console.studio.dialogues import Result, Run
from gateway.console.studio.editor import Editor
from gateway.console.studio.panel_chat import bubbles
from gateway.dialogue.compiled import CompiledFlow
from gateway.errors import FlowError, VoiceGatewayError

MAX_SHOWN = 30
WATCH_S = 0.3


class TestsPanel:
    """The run.

    Args:
        bench: of the page.
        editor: of the page.
    """

    __test__ = False  # for pytest, which would take it for a test

    def __init__(self, bench: Bench, editor: Editor) -> None:
        self._bench = bench
        self._editor = editor
        self._run: Run | None = None

    def draw(self) -> None:
        """The button, and nothing yet."""
        with ui.row().classes("vg-studio-tools"):
            self._begin = ui.button("运行测试对话", icon="play_arrow", on_click=self._hold).props("no-caps")
            self._end = ui.button("停止", icon="stop", on_click=self._stop).props("flat no-caps")
            self._end.set_visibility(False)
            self._state = ui.label("和 flow test 一样，用编辑器里的文字运行 dialogues 里的对话。").classes("vg-muted")
        self._bar = ui.linear_progress(0, show_value=False).props('aria-label="进度"')
        self._bar.set_visibility(False)
        self._list = ui.column().classes("vg-findings")
        self._watch = ui.timer(WATCH_S, self._progress, active=False)

    def _stop(self) -> None:
        if self._run is not None:
            self._run.stop()

    async def _hold(self) -> None:
        trial = await self._bench.ready()
        if trial is None or trial.compiled is None:
            return
        self._run = run = Run()
        self._bench.page.client.on_delete(run.stop)
        self._running(True)
        self._list.clear()
        held = await self._held(run, trial.compiled)
        self._running(False)
        if held:
            self._show(run)
        else:
            self._state.text = "没有运行"

    async def _held(self, run: Run, compiled: CompiledFlow) -> bool:
        """Hold them; False when they can't be held, which is told."""
        bench = self._bench
        try:
            await bench.page.read(run.hold, bench.folder, dict(bench.texts.unsaved), compiled)
        except FlowError as error:
            bench.page.tell("测试对话的文件有错误，没有运行。", "bad")
            with self._list:
                for problem in error.problems[:MAX_SHOWN]:
                    ui.label(problem)
            return False
        except VoiceGatewayError as error:
            bench.page.tell(f"没有运行：{error}", "bad")
            return False
        return True

    def _running(self, on: bool) -> None:
        self._watch.active = on
        self._begin.set_enabled(not on)
        self._end.set_visibility(on)
        self._bar.set_visibility(on)
        if on:
            self._bar.value = 0
            self._state.text = "正在运行……"

    def _progress(self) -> None:
        run = self._run
        if run is not None and run.total:
            done = len(run.results)
            self._bar.value = done / run.total
            self._state.text = f"{done}/{run.total}，{len(run.failed)} 个不符"

    def _show(self, run: Run) -> None:
        done, failed = len(run.results), run.failed
        words = f"{done} 个对话，" + (f"{len(failed)} 个不符" if failed else "全部相符")
        if done < run.total:
            words = f"{'超过时限' if run.out_of_time else '已停止'}：运行了 {done}/{run.total} 个，{len(failed)} 个不符"
        self._state.text = "没有测试对话" if not run.total else f"{words}。{run.coverage}"
        with self._list:
            for result in failed[:MAX_SHOWN]:
                self._one(result)
            if len(failed) > MAX_SHOWN:
                ui.label(f"另有 {len(failed) - MAX_SHOWN} 个没有列出").classes("vg-muted")

    def _one(self, result: Result) -> None:
        with ui.expansion(f"✗ {result.name}").classes("vg-test"):
            where = f"{result.file}:{result.line}"
            ui.button(where, on_click=lambda: self._editor.go(result.file, result.line)).props("flat dense no-caps")
            ui.label(f"期望 {result.expected}")
            ui.label(f"实际 {result.found}")
            bubbles(result.lines)
