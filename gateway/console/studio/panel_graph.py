"""The flow's graph, drawn anew whenever the text can be read; a click on a node goes to its line."""

from __future__ import annotations

from nicegui import events, ui

from gateway.console.studio.bench import Bench
from gateway.console.studio.editor import Editor
from gateway.console.studio.picture import Image
from gateway.console.studio.trial import Trial

_CLICK = "(event) => emit([event.offsetX / event.target.clientWidth, event.offsetY / event.target.clientHeight])"


class GraphPanel:
    """The drawing.

    Args:
        bench: of the page.
        editor: of the page.
    """

    def __init__(self, bench: Bench, editor: Editor) -> None:
        self._bench = bench
        self._editor = editor
        self._image: Image | None = None
        self._spots = dict[str, tuple[str, int]]()
        bench.on_trial.append(self.show)

    def draw(self) -> None:
        """Empty, until the text can be read."""
        with ui.row().classes("vg-graph-tools"):
            self._node = ui.select([], label="到节点", on_change=self._chosen, with_input=True, clearable=True)
            self._node.props("outlined dense options-dense").classes("vg-graph-node")
            ui.label("大小").classes("vg-muted")
            self._size = ui.slider(min=20, max=150, step=10, value=50, on_change=self._resize)
            self._size.props('aria-label="流程图大小（百分之）"').classes("vg-graph-size")
        self._note = ui.label("正在画……").classes("vg-muted")
        with ui.element("div").classes("vg-graph").props('tabindex=0 role=region aria-label="流程图，可以滚动"'):
            self._picture = ui.element("img").props('alt="流程图"')
            self._picture.on("click", self._clicked, js_handler=_CLICK)
            self._picture.set_visibility(False)

    def show(self, trial: Trial) -> None:
        """Draw what was read."""
        if trial.image is None:
            kept = "，这里还是改出错之前的样子" if self._image else "，改好以后就会画出来"
            self._note.text = f"现在的文字有错误{kept}。"
            return
        self._image = trial.image
        self._spots = dict(trial.spots)
        self._note.text = "点一个节点，编辑器会跳到它所在的行。"
        self._picture.props["src"] = self._image.source
        self._picture.props["alt"] = self._image.title
        self._picture.set_visibility(True)
        self._resize()
        self._node.set_options(sorted(self._spots), value=None)

    def _resize(self) -> None:
        if self._image is not None:
            self._picture.style(f"width: {self._image.width_px * float(self._size.value or 50) / 100:.0f}px")

    async def _clicked(self, event: events.GenericEventArguments) -> None:
        match event.args:
            case [int() | float() as x, int() | float() as y] if self._image is not None:
                await self._go(self._image.at(x, y))

    async def _chosen(self, event: events.ValueChangeEventArguments[str | None]) -> None:
        await self._go(event.value)

    async def _go(self, node: str | None) -> None:
        if node is not None and (spot := self._spots.get(node)):
            await self._editor.go(*spot)
