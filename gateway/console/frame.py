"""What is around every page: header, navigation by rights, light and dark, keys, and whose page it is."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, ParamSpec, TypeVar

from fastapi import Request
from nicegui import Client, events, ui

from gateway.console.accounts import change_own_password
from gateway.console.chrome import Chrome, dialog, show_keys
from gateway.console.config import Settings
from gateway.console.csrf import csrf_token
from gateway.console.door import Surroundings, surroundings_of
from gateway.console.passwords import MIN_LENGTH
from gateway.console.plain import BRAND, store_words, theme_of
from gateway.console.presence import Presence
from gateway.console.rights import Right, Visitor
from gateway.errors import ConsoleError, StoreError, VoiceGatewayError
from gateway.store import Store
from gateway.store import accounts as kept

Kind = Literal["info", "good", "bad"]
BUILD_S = 15.0
"""A page that isn't drawn by then is given up; a search of a big store takes its time on a slow disk."""
_NOTIFY: dict[Kind, Literal["info", "positive", "negative"]] = {"info": "info", "good": "positive", "bad": "negative"}

_DARK_FROM_THE_BEGINNING = "<style>body:not(.body--light) { background: #14181c; }</style>"
"""Or the page would be white for a moment, until its scripts run."""

P = ParamSpec("P")
T = TypeVar("T")
Build = Callable[..., Awaitable[None]]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a page: what it is, what it does, and, unless the page handles it itself, how."""

    name: str
    """As browsers name it: `n`, `Enter`, `ArrowLeft`, ` `."""
    what: str
    """In Chinese, for the help."""
    handler: Callable[[], Awaitable[None] | None] | None = None


class Page:
    """One open page of one visitor; only made by `page`."""

    def __init__(self, client: Client, surroundings: Surroundings, presence: Presence) -> None:
        self.client = client
        self.keys: list[Key] = []
        self._surroundings = surroundings
        self._presence = presence
        self.main = ui.element("div").props('id=main tabindex="-1"').classes("vg-main")
        """What pages are drawn in; Quasar puts a landmark around it."""

    @property
    def visitor(self) -> Visitor:
        """Whose page it is, as they were when last asked for: a change of their queues counts at the next step."""
        return self._presence.visitor

    @property
    def store(self) -> Store:
        """The store; its methods block: `read`."""
        return self._surroundings.store

    @property
    def settings(self) -> Settings:
        """What is set."""
        return self._surroundings.settings

    async def may(self, right: Right) -> bool:
        """Whether the login still stands and its role has the right, asked of the store again: call it before every
        change. If not, the page says why: what was typed stays, and who logs in again goes on."""
        if not await self._stands(used=True):
            return False
        if not self.visitor.may(right):
            self.tell("您的角色没有这项权限。", "bad")
            return False
        return True

    async def read(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
        """What `function` returns, run on a thread while the login stands. None when it doesn't, or when the store
        fails, which is shown in words. What a page asks by itself doesn't keep the login alive."""
        if not await self._stands(used=False):
            return None
        try:
            return await asyncio.to_thread(function, *args, **kwargs)
        except StoreError as error:
            self._tell_store_error(error)
            return None

    async def note(self, action: str, call_id: str = "", **detail: object) -> None:
        """Put it into the audit."""
        told = self._surroundings.logins.told(action, self.visitor, call_id, **detail)
        try:
            await asyncio.to_thread(kept.note, self.store, told)
        except StoreError as error:
            self._tell_store_error(error)

    def audited(self, action: str, call_id: str = "", detail: Mapping[str, object] | None = None) -> kept.Audited:
        """What the audit is to have of something, for who writes it in the transaction of the change itself."""
        return self._surroundings.logins.told(action, self.visitor, call_id, **(detail or {}))

    def tell(self, text: str, kind: Kind = "info") -> None:
        """A short message, which goes away by itself; also read aloud by screen readers."""
        if not self.client.is_deleted:
            with self.client:
                ui.notify(text, type=_NOTIFY[kind], position="top", close_button="关闭", timeout=5000)

    def on_key(self, name: str, what: str, handler: Callable[[], Awaitable[None] | None] | None = None) -> None:
        """A key of this page, which the help (`?`) shows; never taken while somebody types.

        Args:
            name: as browsers name it: `n`, `Enter`, `ArrowLeft`.
            what: what it does, in Chinese.
            handler: does it; None when the page listens itself.
        """
        self.keys.append(Key(name, what, handler))
        mine = [key.name for key in self.keys if key.handler is not None]
        self.main.props["data-keys"] = json.dumps(mine)
        self.main.update()

    def show_keys(self) -> None:
        """Open the help about keys."""
        with self.main:
            show_keys([(key.name, key.what) for key in self.keys])

    async def on_pressed(self, event: events.GenericEventArguments) -> None:
        """A key was pressed that is this page's, or `?`; the browser says which (static/console.js)."""
        if event.args == "?":
            self.show_keys()
        for key in self.keys:
            if key.handler is not None and key.name == event.args:
                with self.main:
                    done = key.handler()
                    if inspect.isawaitable(done):
                        await done

    def change_password(self) -> None:
        """Open what changes the visitor's own password."""
        with self.main, dialog("修改口令") as opened:
            old = _password("现在的口令", "current-password")
            new = _password(f"新口令（至少 {MIN_LENGTH} 个字符）", "new-password")
            again = _password("再输入一次新口令", "new-password")

            async def change() -> None:
                if new.value != again.value:
                    self.tell("两次输入的新口令不一样。", "bad")
                elif await self._change_own(str(old.value or ""), str(new.value or "")):
                    opened.close()

            ui.button("修改", on_click=change).classes("vg-wide")
        opened.open()

    async def _change_own(self, old: str, new: str) -> bool:
        told = self.audited("password_changed", detail={"account": self.visitor.account})
        try:
            await asyncio.to_thread(change_own_password, self.store, self.visitor.account, old, new, told)
        except ConsoleError as error:
            self.tell(error.message, "bad")
            return False
        self.tell("口令已修改，请用新口令重新登录。", "good")
        self._presence.lapse()
        return True

    async def _stands(self, *, used: bool) -> bool:
        visitor = self.visitor
        ask = self._surroundings.logins.visitor
        try:
            found = await asyncio.to_thread(ask, visitor.token_sha256, visitor.address, used=used)
        except StoreError as error:
            self._tell_store_error(error)
            return False
        if found is None:
            if self._presence.reopened.is_set():
                self._presence.lapse()
            return False
        self._presence.refresh(found)
        return True

    def _tell_store_error(self, error: StoreError) -> None:
        log.error("%s", error)
        self.tell(store_words(error), "bad")

    def on_exception(self, error: Exception) -> None:
        """Something in the page failed: say so, instead of nothing at all. NiceGUI logs it."""
        if isinstance(error, StoreError):
            self._tell_store_error(error)
        else:
            self.tell("操作没有完成，已记入日志，请再试一次。" if not _has_words(error) else str(error), "bad")


def page(path: str, *, title: str, right: Right) -> Callable[[Build], Build]:
    """Make `async def build(page: Page, **path_and_query_parameters)` a page, drawn inside the frame.

    Args:
        path: with `{names}` of parameters, as FastAPI has them.
        title: of the window, and of the page for who can't see it.
        right: who lacks it gets a page that says so (403).
    """

    def place(build: Build) -> Build:
        parameters = list(inspect.signature(build, eval_str=True).parameters.values())[1:]

        async def show(request: Request, **found: object) -> None:
            await _show(build, right, request, found)

        first = inspect.Parameter("request", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Request)
        named = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters]
        show.__signature__ = inspect.Signature([first, *named])  # type: ignore[attr-defined]  # FastAPI reads it
        ui.page(path, title=f"{title} · {BRAND}", response_timeout=BUILD_S)(show)
        return build

    return place


async def _show(build: Build, right: Right, request: Request, found: dict[str, object]) -> None:
    client = ui.context.client
    surroundings = surroundings_of(request)
    presence = Presence(request.state.visitor, lambda: _ask(client))
    surroundings.presences[client.id] = presence
    client.on_delete(lambda: surroundings.presences.pop(client.id, None))
    shown = Page(client, surroundings, presence)
    client.on_exception(shown.on_exception)
    csrf = csrf_token(request.state.token)
    theme = theme_of(request)
    ui.add_head_html(f'<meta name="csrf-token" content="{csrf}">')  # hexadecimal and a dot
    if theme == "dark":
        ui.add_head_html(_DARK_FROM_THE_BEGINNING)
    chrome = Chrome(shown.visitor, request.url.path, theme, csrf, shown.change_password)
    chrome.draw(shown.show_keys)
    ui.on("vg_key", shown.on_pressed)
    with shown.main:
        if not shown.visitor.may(right):
            client.status_code = 403
            _forbidden()
            return
        await build(shown, **found)


def _ask(client: Client) -> None:
    """Have the browser ask for the password again (static/console.js)."""
    client.run_javascript(f"voiceGateway.logInAgain({json.dumps(client.id)})")


def _forbidden() -> None:
    with ui.column().classes("vg-empty"):
        ui.icon("lock").classes("vg-empty-icon")
        heading("没有权限")
        ui.label("您的角色不能使用这个页面；如果工作需要，请找管理员。")
        ui.link("回到首页", "/")


def _password(label: str, autocomplete: str) -> ui.input:
    return ui.input(label, password=True).props(f"outlined dense autocomplete={autocomplete}").classes("vg-wide")


def heading(text: str) -> ui.label:
    """The page's title, once on every page."""
    return ui.label(text).classes("vg-title").props('role=heading aria-level="1"')


def _has_words(error: Exception) -> bool:
    """An error of ours that is told in Chinese."""
    return isinstance(error, VoiceGatewayError) and not error.message.isascii()
