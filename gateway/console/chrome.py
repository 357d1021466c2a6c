"""The frame's parts: header, navigation, drawer of small screens, account menu, help about keys."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import ui

from gateway.console.csrf import FIELD
from gateway.console.plain import BRAND
from gateway.console.rights import TITLES, Right, Visitor


@dataclass(frozen=True, slots=True)
class Place:
    """A page in the navigation."""

    path: str
    title: str
    icon: str
    right: Right


PLACES = (
    Place("/", "通话", "call", Right.CALLS),
    Place("/live", "实时", "sensors", Right.LIVE),
    Place("/service", "服务指标", "insights", Right.SERVICE),
    Place("/studio", "流程", "account_tree", Right.STUDIO),
    Place("/audit", "审计", "history", Right.AUDIT),
    Place("/accounts", "账号", "manage_accounts", Right.ACCOUNTS),
)
KEY_NAMES = {
    " ": "空格",
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
    "Enter": "回车",
    "Escape": "Esc",
}


class Chrome:
    """What is around one page.

    Args:
        visitor: whose page it is.
        path: of the page, to mark its place.
        theme: `light`, `dark` or `auto`.
        csrf: token for the forms that log out.
        change_password: opens what changes the visitor's own.
    """

    def __init__(self, visitor: Visitor, path: str, theme: str, csrf: str, change_password: Callable[[], None]) -> None:
        self._visitor = visitor
        self._path = path
        self._theme = theme
        self._csrf = csrf
        self._change_password = change_password
        self._places = [place for place in PLACES if visitor.may(place.right)]

    def draw(self, show_keys: Callable[[], None]) -> None:
        """Header and drawer; what comes after is the page's own.

        Args:
            show_keys: opens the help about keys.
        """
        ui.dark_mode({"light": False, "dark": True}.get(self._theme))
        with (
            ui.left_drawer(value=False, bordered=True)
            .props("overlay behavior=mobile width=240")
            .classes("vg-drawer") as drawer
        ):
            ui.label(BRAND).classes("vg-brand")
            with _navigation("菜单"):
                self._links()
        with ui.header(bordered=True).classes("vg-header"):
            ui.link("跳到正文", "#main").classes("vg-skip")
            _icon_button("menu", "打开菜单", drawer.toggle).classes("vg-menu-button")
            with ui.link(target="/").classes("vg-home"):
                ui.element("img").props('src="/static/icon.svg" alt=""').classes("vg-logo")
                ui.label(BRAND).classes("vg-brand")
            with _navigation("主导航").classes("vg-nav"):
                self._links()
            ui.space()
            _icon_button("keyboard", "键盘快捷键（?）", show_keys).classes("vg-keys-button")
            _icon_button("contrast", "切换浅色和深色").on("click", js_handler="() => voiceGateway.toggleDark()")
            self._account()

    def _links(self) -> None:
        for place in self._places:
            here = self._path == place.path or (place.path != "/" and self._path.startswith(f"{place.path}/"))
            here = here or (place.path == "/" and self._path.startswith("/calls/"))
            with ui.link(target=place.path).classes("vg-nav-link" + (" vg-here" if here else "")) as link:
                ui.icon(place.icon)
                ui.label(place.title)
            if here:
                link.props('aria-current="page"')

    def _account(self) -> None:
        visitor = self._visitor
        with ui.button(icon="account_circle", color=None).props(
            'flat dense no-caps aria-label="我的账号" aria-haspopup=menu'
        ) as button:
            button.classes("vg-account")
            ui.label(visitor.title).classes("vg-account-name")
            with ui.menu().props('auto-close aria-label="我的账号"').classes("vg-account-menu"):
                with ui.column().classes("vg-account-card"):
                    ui.label(visitor.title).classes("vg-strong")
                    ui.label(f"{visitor.account} · {TITLES[visitor.role]}").classes("vg-muted")
                ui.separator()
                ui.menu_item("修改口令", self._change_password)
                self._log_out("退出登录", everywhere=False)
                self._log_out("在所有设备上退出", everywhere=True)

    def _log_out(self, text: str, *, everywhere: bool) -> None:
        form = ui.element("form").props('method=post action="/logout"')
        with form:
            ui.element("input").props(f'type=hidden name={FIELD} value="{self._csrf}"')
            if everywhere:
                ui.element("input").props("type=hidden name=everywhere value=1")
        ui.menu_item(text).on("click", js_handler=f"() => document.getElementById('{form.html_id}').submit()")


def show_keys(keys: Sequence[tuple[str, str]]) -> None:
    """The help about keys: of the page, then those of all pages."""
    with dialog("键盘快捷键") as opened, ui.element("dl").classes("vg-keys"):
        for name, what in (*keys, ("?", "打开这个说明"), ("Tab", "到下一个控件"), ("Escape", "关闭对话框")):
            with ui.element("dt"):
                ui.label(KEY_NAMES.get(name, name.upper() if len(name) == 1 else name)).classes("vg-key")
            with ui.element("dd"):
                ui.label(what)
    opened.open()


@contextmanager
def dialog(title: str) -> Iterator[ui.dialog]:
    """A dialog with a title (read out when it opens) and a button that closes it; `open()` it when it is drawn."""
    with ui.dialog() as opened, ui.card().classes("vg-dialog"):
        opened.props["aria-label"] = title
        with ui.row().classes("vg-dialog-head"):
            ui.label(title).classes("vg-subtitle").props('role=heading aria-level="2"')
            ui.space()
            _icon_button("close", "关闭", opened.close)
        yield opened


def _icon_button(icon: str, what: str, handler: Callable[[], object] | None = None) -> ui.button:
    """A button with a picture alone; `what` it does is its name and its tooltip."""
    button = ui.button(icon=icon, on_click=handler, color=None).props(f'flat round dense aria-label="{what}"')
    with button:
        ui.tooltip(what)
    return button


def _navigation(what: str) -> ui.element:
    return ui.element("nav").props(f'aria-label="{what}"')
