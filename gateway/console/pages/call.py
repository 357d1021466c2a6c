"""One call: heard, read and judged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Query
from nicegui import events, ui

from gateway.console.call import words
from gateway.console.call.appeals import AppealPanel
from gateway.console.call.facts import Facts
from gateway.console.call.flags import Doings, FlagPanel
from gateway.console.call.player import Player
from gateway.console.call.view import Shown, load
from gateway.console.calls import labels
from gateway.console.frame import Page, heading, page
from gateway.console.rights import Right
from gateway.store import Store, reviews
from gateway.store import accounts as kept
from gateway.store.accounts import Audited
from gateway.store.search import GOING_ON, ScopeLike

REFRESH_S = 2.0
"""A call that is going on is read again so often."""
FOUND_WITHIN_S = 60.0
"""After its end, what is found in the whole call comes within so long, or never."""

Moment = Annotated[float, Query(ge=0, le=1e9)]


@page("/calls/{call_id}", title="通话", right=Right.CALLS)
async def build(page: Page, call_id: str, at: Moment = 0.0) -> None:
    """The call, beginning `at` so many milliseconds."""
    found = await page.read(_load, page.store, page.visitor.scope, call_id, False)
    if found is None:
        return
    if not found:
        page.client.status_code = 404
        _missing()
        return
    named = await page.read(_titles, page.settings.analytics.rules)
    await _CallPage(page, found[0], named or {}).draw(at)


class _CallPage:
    """The page.

    Args:
        page: the frame's.
        shown: the call.
        titles: of routes and skill groups.
    """

    def __init__(self, page: Page, shown: Shown, titles: Mapping[str, str]) -> None:
        self._page = page
        self._shown = shown
        self._titles = titles
        self._zone = ZoneInfo(page.settings.timezone)
        self._switch: ui.switch | None = None
        self._waits_s = FOUND_WITHIN_S

    async def draw(self, at_ms: float) -> None:
        visitor = self._page.visitor
        self._head()
        may_listen = visitor.may(Right.LISTEN)
        self._player = Player(self._shown, may_listen=may_listen, on_choose=self._choose, at_ms=at_ms)
        with self._player:
            doings = Doings(seek=self._player.seek, appeal=self._appeal, choose=self._choose_here, reviewed=self._again)
            self._flags = FlagPanel(self._page, doings)
            appeal = self._appeal if visitor.may(Right.APPEAL) else None
            self._facts = Facts(self._titles, self._zone, self._player.seek, appeal, may_listen=may_listen)
            self._appeals = AppealPanel(self._page, self._shown.id)
        self._keys()
        await self._show()
        if self._shown.flags and not at_ms:
            self._choose(0)
        if not self._shown.ended:
            self._timer = ui.timer(REFRESH_S, self._refresh)

    # ------------------------------------------------------------------------------------------------------------ parts

    def _head(self) -> None:
        with ui.row().classes("vc-call-head"):
            with ui.column().classes("vc-call-names"):
                self._title = heading("")
                self._told = ui.label().classes("vg-muted")
            self._badges = ui.row().classes("vc-line")
            ui.space()
            if self._page.visitor.may(Right.UNMASK):
                self._switch = ui.switch("显示完整号码", on_change=self._unmask)
            following = ui.button("下一通", icon="skip_next", on_click=self._next).props("outline")
            following.props["aria-keyshortcuts"] = "n"
            following.props["title"] = "下一通待复核的通话（N）"

    def _keys(self) -> None:
        page, visitor = self._page, self._page.visitor
        for name, what in ((" ", "播放或暂停"), ("ArrowLeft", "后退 5 秒"), ("ArrowRight", "前进 5 秒"),
                           ("ArrowUp", "上一句"), ("ArrowDown", "下一句"), ("1-9", "选择标记")):  # fmt: skip
            page.on_key(name, what)
        if visitor.may(Right.REVIEW):
            page.on_key("c", "确认选中的标记", lambda: self._flags.judge("confirmed"))
            page.on_key("d", "驳回选中的标记", lambda: self._flags.judge("dismissed"))
        page.on_key("n", "下一通待复核的通话", self._next)
        if visitor.may(Right.UNMASK):
            page.on_key("u", "显示或隐去完整号码", self._turn_switch)

    async def _show(self) -> None:
        """Everything as `_shown` has it."""
        shown = self._shown
        self._title.text = f"来电 {shown.caller_number or '未显示号码'}"
        length = words.clock(shown.duration_ms)
        told = [words.moment(shown.started_at, self._zone), shown.hotline, f"时长 {length}"]
        told += [f"满意度 {shown.satisfaction}"] if shown.satisfaction else []
        told += ["文字已按保留期限删除"] if shown.words_gone else []
        self._told.text = " · ".join(told)
        self._badges.clear()
        with self._badges:
            how = shown.disposition or GOING_ON
            ui.label(labels.DISPOSITIONS.get(how, how)).classes("vc-badge")
            if shown.mode != "standard":
                ui.label(labels.MODES.get(shown.mode, shown.mode)).classes("vc-badge")
        self._player.show(shown)
        found = await self._page.read(reviews.reviews, self._page.store, shown.id)
        self._flags.show(shown, found or {})
        self._facts.show(shown)
        await self._appeals.load(self._names(), unmasked=shown.unmasked)

    def _names(self) -> dict[str, str]:
        """Titles of what can be appealed against."""
        names = {flag.flag: flag.title for flag in self._shown.flags}
        for card in self._shown.findings.quality if self._shown.findings else ():
            names |= {f"{card.card}/{hit.rule}": hit.title for hit in card.hits}
        return names

    # ------------------------------------------------------------------------------------------------------------ doing

    def _choose(self, number: int) -> None:
        self._flags.choose(number)
        self._player.choose(number)

    def _choose_here(self, number: int) -> None:
        self._choose(number)
        if number < len(self._shown.flags):
            self._player.seek(self._shown.flags[number].at_ms)

    def _appeal(self, about: str, title: str) -> None:
        self._appeals.open(about, title)

    async def _again(self) -> None:
        await self._appeals.load(self._names(), unmasked=self._shown.unmasked)

    async def _next(self) -> None:
        page = self._page
        found = await page.read(_next_flagged, page.store, page.visitor.scope, self._shown.id)
        if found:
            ui.navigate.to(f"/calls/{quote(found, safe='')}")
        elif found is not None:
            page.tell("没有其他待复核的通话了。")

    def _turn_switch(self) -> None:
        if self._switch is not None:
            self._switch.value = not self._switch.value

    async def _unmask(self, event: events.ValueChangeEventArguments[bool | None]) -> None:
        """Seen only once it is on record."""
        wanted = bool(event.value)
        if wanted == self._shown.unmasked:
            return
        page = self._page
        done = not wanted
        if wanted and await page.may(Right.UNMASK):
            done = bool(await page.read(_noted, page.store, page.audited("unmask", self._shown.id)))
        found = await page.read(_load, page.store, page.visitor.scope, self._shown.id, wanted) if done else None
        if found:
            self._shown = found[0]
            await self._show()
        elif self._switch is not None:
            self._switch.value = self._shown.unmasked

    async def _refresh(self) -> None:
        """A call that is going on, or has just ended."""
        page = self._page
        unmasked = self._shown.unmasked and page.visitor.may(Right.UNMASK)
        found = await page.read(_load, page.store, page.visitor.scope, self._shown.id, unmasked)
        if found and found[0] != self._shown:
            had = bool(self._shown.flags)
            self._shown = found[0]
            await self._show()
            if self._shown.flags and not had:
                self._choose(0)
        if self._shown.ended:
            self._waits_s -= REFRESH_S
            if self._shown.findings is not None or self._waits_s <= 0:
                self._timer.cancel()


def _missing() -> None:
    with ui.column().classes("vg-empty"):
        ui.icon("search_off").classes("vg-empty-icon")
        heading("没有这通电话")
        ui.label("它可能已按保留期限删除，或者不在您能看的范围内。")
        ui.link("回到通话列表", "/")


def _titles(rules: Path | None) -> dict[str, str]:
    """Of routes, and of skill groups under `group NAME`."""
    groups = {f"group {name}": title for name, title in words.skill_groups(rules).items()}
    return {**labels.titles(rules).routes, **groups}


def _load(store: Store, scope: ScopeLike, call_id: str, unmasked: bool) -> tuple[Shown, ...]:
    """One call or none, as a tuple: None is for a store that failed."""
    shown = load(store, scope, call_id, unmasked=unmasked)
    return () if shown is None else (shown,)


def _next_flagged(store: Store, scope: ScopeLike, after: str) -> str:
    return reviews.next_flagged(store, scope, after) or ""


def _noted(store: Store, told: Audited) -> bool:
    kept.note(store, told)
    return True
