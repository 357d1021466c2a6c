"""The player as an element of a page: static/player.js in NiceGUI's hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nicegui import events
from nicegui.element import Element

from gateway.console.call.marks import player_data
from gateway.console.call.view import Shown


class Player(Element, component="../static/player.js"):
    """Waveform, controls and transcript; what is drawn in it (`with player:`) stands beside the transcript.

    Args:
        shown: the call.
        may_listen: its sound is offered.
        on_choose: a flag was chosen, by its number from 0.
        at_ms: where to begin.
    """

    def __init__(self, shown: Shown, *, may_listen: bool, on_choose: Callable[[int], None], at_ms: float = 0.0) -> None:
        super().__init__()
        self._may_listen = may_listen
        self._on_choose = on_choose
        self.props["at"] = at_ms
        self.props["chosen"] = -1
        self.on("choose", self._chosen)
        self.show(shown)

    def show(self, shown: Shown) -> None:
        """The call as it is now; sent only when it is another."""
        data: dict[str, Any] = player_data(shown)
        audible = self._may_listen and data["sound"]
        why = "" if audible else self._why(shown)
        told = {"call": data, "original": shown.unmasked, "audible": audible, "why": why}
        if any(self.props.get(name) != value for name, value in told.items()):
            self.props.update(told)
            self.update()

    def choose(self, number: int) -> None:
        """Mark the words of a flag."""
        self.props["chosen"] = number
        self.update()

    def seek(self, at_ms: float) -> None:
        """Go there in sound and transcript."""
        self.run_method("seekTo", at_ms)

    def _why(self, shown: Shown) -> str:
        if not self._may_listen:
            return "您的角色不能听录音。"
        if not shown.ended:
            return "通话还在进行，结束后可以听录音。"
        return "这通电话没有录音，或者录音已按保留期限删除；文字仍可以看。"

    def _chosen(self, event: events.GenericEventArguments) -> None:
        if isinstance(event.args, int):
            self._on_choose(event.args)
