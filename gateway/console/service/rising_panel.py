"""The panel of words on the rise among complaints, each with its calls."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote, urlencode

from nicegui import ui

from gateway.console.config import Settings
from gateway.console.frame import Page
from gateway.console.rights import Scope
from gateway.console.service.sharing import shared
from gateway.privacy import mask
from gateway.store import Store
from gateway.store.rising import Rising, RisingWords, rising_words

DAYS = 7


def rising_for(store: Store, settings: Settings, scope: Scope, hotline: str) -> RisingWords:
    """What is on the rise, found out once a minute for all of the same scope. Blocks. Raises StoreError."""

    def find() -> RisingWords:
        return rising_words(store, scope, settings.now(), DAYS, hotline or None)

    return shared(store).get(("rising", scope, hotline), find)


async def draw_rising(page: Page, panel: ui.column, hotline: str) -> None:
    """Fill the panel."""
    found = await page.read(rising_for, page.store, page.settings, page.visitor.scope, hotline)
    if found is None or page.client.is_deleted:
        return
    since = page.settings.now() - dt.timedelta(days=DAYS)
    with panel:
        ui.label("投诉里变多的话").classes("vg-subtitle").props('role=heading aria-level="2"')
        ui.label(_about(found)).classes("vg-muted")
        with ui.element("div").classes("vg-rising"):
            for one in found.words:
                _draw(one, found, hotline, since)


def _about(found: RisingWords) -> str:
    this, before = found.calls * found.one_in, found.before * found.one_in
    looked = f"近 {DAYS} 天投诉和不满的来电 {this:,} 通，前 {DAYS} 天 {before:,} 通"
    sampled = f"（每 {found.one_in} 通看 1 通）" if found.one_in > 1 else ""
    return f"{looked}{sampled}。{'' if found.words else '没有明显变多的话。'}"


def _draw(one: Rising, found: RisingWords, hotline: str, since: dt.datetime) -> None:
    wanted = {"q": one.word, "from": f"{since:%Y-%m-%dT%H:%M}"} | ({"hotline": hotline} if hotline else {})
    with ui.column().classes("vg-rising-word"):
        ui.link(mask(one.word), f"/?{urlencode(wanted)}").classes("vg-strong")
        times = f"{one.calls * found.one_in:,} 通，前一周 {one.before * found.one_in:,} 通"
        ui.label(times).classes("vg-muted")
        with ui.row().classes("vg-rising-calls"):
            for number, call_id in enumerate(one.latest, 1):
                link = ui.link(f"通话 {number}", f"/calls/{quote(call_id, safe='')}")
                link.props(f'aria-label="说到“{mask(one.word)}”的通话 {number}"')
