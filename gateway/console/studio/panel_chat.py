"""A call to the text in the editor, by typing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import TypeVar
from zoneinfo import ZoneInfo

from nicegui import ui

from gateway.console.studio.bench import Bench
from gateway.console.studio.chat import MAX_TEXT, Chat, numbers
from gateway.desk.telling import Did, Line, Said
from gateway.errors import VoiceGatewayError

T = TypeVar("T")
_FORM = "%Y-%m-%dT%H:%M"


class ChatPanel:
    """The call.

    Args:
        bench: of the page.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._zone = ZoneInfo(bench.page.settings.timezone)
        self._chat: Chat | None = None

    def draw(self) -> None:
        """The form of a call that isn't there yet."""
        with ui.row().classes("vg-chat-form"):
            self._number = ui.input("来电号码（空着就用样例客户）").props("outlined dense maxlength=32")
            self._number.classes("vg-chat-number")
            now = self._bench.page.settings.now().astimezone(self._zone)
            self._moment = ui.input("来电时间", value=now.strftime(_FORM)).props("outlined dense type=datetime-local")
            ui.button("打电话", icon="call", on_click=self._call).props("no-caps")
        self._lines = ui.column().classes("vg-chat").props('role=log aria-label="通话" aria-live="polite" tabindex=0')
        with ui.row().classes("vg-chat-say"):
            self._said = ui.input("来电者说的话；只有数字、* 和 # 就是按键").props(
                f"outlined dense maxlength={MAX_TEXT}"
            )
            self._said.classes("vg-chat-words").on("keydown.enter", self._say)
            self._buttons = [
                ui.button("说", on_click=self._say).props("no-caps"),
                ui.button("不说话", on_click=lambda: self._act("silent")).props("flat no-caps"),
                ui.button("挂机", on_click=lambda: self._act("hangs_up")).props("flat no-caps"),
            ]
        self._enable(False)

    async def _call(self) -> None:
        try:
            moment = dt.datetime.strptime(str(self._moment.value), _FORM).replace(tzinfo=self._zone)
        except ValueError:
            self._bench.page.tell("来电时间要写成 年-月-日 时:分。", "bad")
            return
        trial = await self._bench.ready()
        if trial is None or trial.compiled is None:
            return
        compiled, folder, typed = trial.compiled, self._bench.folder.folder, str(self._number.value or "").strip()

        def begin() -> tuple[Chat, list[Line]]:
            number = typed or next(iter(numbers(folder)), "")
            chat = Chat(compiled, folder, number, moment)
            return chat, chat.start()

        begun = await self._attempt(begin)
        if begun is not None:
            self._lines.clear()
            self._chat, lines = begun
            self._show(lines)

    async def _say(self) -> None:
        text = str(self._said.value or "")
        if self._chat is not None and text.strip():
            self._said.value = ""
            chat = self._chat
            self._show(await self._attempt(lambda: chat.says(text)) or ())

    async def _act(self, what: str) -> None:
        if self._chat is not None:
            act = {"silent": self._chat.silent, "hangs_up": self._chat.hangs_up}[what]
            self._show(await self._attempt(act) or ())

    async def _attempt(self, act: Callable[[], T]) -> T | None:
        try:
            return await self._bench.page.read(act)
        except VoiceGatewayError as error:
            self._bench.page.tell(f"试打不下去：{error}", "bad")
            return None

    def _show(self, lines: Iterable[Line]) -> None:
        with self._lines:
            for line in lines:
                _bubble(line)
        self._enable(self._chat is not None and not self._chat.is_over)
        ui.run_javascript(f"(document.getElementById('{self._lines.html_id}') || {{}}).scrollTop = 1e9")

    def _enable(self, on: bool) -> None:
        for control in (self._said, *self._buttons):
            control.set_enabled(on)


def _bubble(line: Line) -> None:
    match line:
        case Said(node=node, text=text):
            with ui.column().classes("vg-bubble vg-bubble-line"):
                ui.label(text)
                ui.label(node).classes("vg-muted")
        case Did(text=text):
            ui.label(text).classes("vg-bubble vg-bubble-caller")
        case _:
            ui.label(line.text).classes("vg-muted vg-bubble-note")


def bubbles(lines: Iterable[Line]) -> None:
    """A conversation as it is shown here."""
    for line in lines:
        _bubble(line)
