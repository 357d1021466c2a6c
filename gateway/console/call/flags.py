"""The flags of a call, each with the words that raised it and what people made of it (复核)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from nicegui import ui

from gateway.analytics.redaction import redact_text
from gateway.analytics.titles import SEVERITY_TITLES
from gateway.console.call.view import Shown
from gateway.console.call.words import clock, moment
from gateway.console.calls.labels import VERDICTS
from gateway.console.frame import Page
from gateway.console.rights import Right
from gateway.findings import Flag
from gateway.store import reviews
from gateway.store.reviews import MAX_COMMENT, Opinion, Review, Verdict

_DONE: Mapping[Verdict, str] = {"confirmed": "已确认：属实。", "dismissed": "已驳回：不属实。"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doings:
    """What the panel asks of the page."""

    seek: Callable[[float], None]
    """Go to a moment of the call, ms."""
    appeal: Callable[[str, str], None]
    """Open an appeal against something, by its name and title."""
    choose: Callable[[int], None]
    """A flag was chosen in the panel, by its number from 0."""
    reviewed: Callable[[], Awaitable[None]]
    """Something was reviewed: the history is another."""


class FlagPanel:
    """All flags; one of them may be chosen, which opens it.

    Args:
        page: the frame's.
        doings: what it asks of the page.
    """

    def __init__(self, page: Page, doings: Doings) -> None:
        self._page = page
        self._doings = doings
        self._cards: dict[str, _FlagCard] = {}
        self._order: list[str] = []
        self._chosen = ""
        with ui.card().classes("vc-panel"):
            ui.label("标记与复核").classes("vg-subtitle").props('role=heading aria-level="2"')
            self._none = ui.label("这通电话没有标记。").classes("vg-muted")
            self._list = ui.column().classes("vc-flags")

    def show(self, shown: Shown, found: Mapping[str, Review]) -> None:
        """The flags as they stand; what is being typed stays."""
        self._none.set_visibility(not shown.flags)
        for flag in shown.flags:
            if flag.flag not in self._cards:
                with self._list:
                    self._cards[flag.flag] = _FlagCard(self._page, shown.id, self._doings)
        self._order = [flag.flag for flag in shown.flags]
        for number, flag in enumerate(shown.flags):
            card = self._cards[flag.flag]
            card.show(number, flag, unmasked=shown.unmasked)
            card.tell(found.get(flag.flag))
            card.frame.move(target_index=number)

    def choose(self, number: int) -> None:
        """Open a flag, by its number from 0; another is closed."""
        if 0 <= number < len(self._order):
            self._chosen = self._order[number]
            for name, card in self._cards.items():
                card.open(name == self._chosen)

    async def judge(self, verdict: Verdict) -> None:
        """Confirm or dismiss the chosen flag."""
        card = self._cards.get(self._chosen)
        if card is None:
            self._page.tell("请先选一个标记（数字键 1-9）。")
        else:
            await card.judge(verdict)


class _FlagCard:
    """One flag."""

    def __init__(self, page: Page, call_id: str, doings: Doings) -> None:
        self._page = page
        self._call_id = call_id
        self._doings = doings
        self._zone = ZoneInfo(page.settings.timezone)
        self._flag: Flag | None = None
        self._number = 0
        self._unmasked = False
        self._review: Review | None = None
        with ui.element("section").classes("vc-flag") as self.frame:
            with ui.element("button").classes("vc-flag-head").props("type=button aria-expanded=false") as self._head:
                self._key = ui.label().classes("vg-key").props("aria-hidden=true")
                self._title = ui.label().classes("vc-flag-title")
                self._severity = ui.label().classes("vc-badge")
                self._state = ui.label().classes("vc-flag-state")
            self._head.on("click", lambda: doings.choose(self._number))
            with ui.column().classes("vc-flag-body") as self._body:
                self._evidence = ui.row().classes("vc-chips")
                self._told = ui.label().classes("vc-flag-told")
                self._form()
        self._body.set_visibility(False)

    def _form(self) -> None:
        visitor = self._page.visitor
        self._comment: ui.textarea | None = None
        with ui.row().classes("vc-buttons"):
            if visitor.may(Right.REVIEW):
                comment = ui.textarea("说明（可不写）").props(f"outlined dense autogrow maxlength={MAX_COMMENT}")
                self._comment = comment.classes("vg-wide")
                ui.button("确认", icon="check", on_click=lambda: self.judge("confirmed")).props("unelevated")
                ui.button("驳回", icon="close", on_click=lambda: self.judge("dismissed")).props("outline")
            if visitor.may(Right.APPEAL):
                ui.button("申诉", icon="gavel", on_click=self._appeal).props("flat")

    def _appeal(self) -> None:
        if self._flag is not None:
            self._doings.appeal(self._flag.flag, self._flag.title)

    def show(self, number: int, flag: Flag, *, unmasked: bool) -> None:
        self._number = number
        self._key.text = str(number + 1) if number < 9 else "·"
        if (flag, unmasked) == (self._flag, self._unmasked):
            return
        self._flag, self._unmasked = flag, unmasked
        self._title.text = flag.title
        self._severity.text = SEVERITY_TITLES.get(flag.severity, flag.severity)
        self._severity.props["data-severity"] = flag.severity
        self._severity.update()
        self._evidence.clear()
        with self._evidence:
            for one in flag.evidence:
                words = f"“{one.text}”" if one.text else "（此处）"
                chip = ui.element("button").classes("vc-chip").props("type=button")
                chip.on("click", lambda _, at=one.begin_ms: self._doings.seek(at))
                with chip:
                    ui.label(clock(one.begin_ms)).classes("vg-muted")
                    ui.label(words)

    def open(self, is_open: bool) -> None:
        self.frame.classes(add="vc-chosen" if is_open else "", remove="" if is_open else "vc-chosen")
        self._body.set_visibility(is_open)
        self._head.props(f"aria-expanded={'true' if is_open else 'false'}")

    def tell(self, review: Review | None) -> None:
        """What stands."""
        self._review = review
        if review is None:
            self._state.text, self._told.text = "待复核", "还没有人复核。"
        else:
            self._state.text = VERDICTS.get(review.verdict, review.verdict)
            self._told.text = self._words(review)
        self._state.props["data-verdict"] = review.verdict if review else ""
        self._state.update()

    def _words(self, review: Review) -> str:
        comment = review.comment if self._unmasked else redact_text(review.comment)
        told = (
            f"{review.account} 于 {moment(review.at, self._zone)} 判为“{VERDICTS.get(review.verdict, review.verdict)}”"
        )
        return f"{told}：{comment}" if comment else f"{told}。"

    async def judge(self, verdict: Verdict) -> None:
        """Two at once: the second sees what the first said, keeps what they typed, and may then change it."""
        page = self._page
        if self._flag is None or not await page.may(Right.REVIEW):
            return
        opinion = Opinion(
            call_id=self._call_id,
            flag=self._flag.flag,
            verdict=verdict,
            comment=str(self._comment.value or "") if self._comment else "",
            expected_revision=self._review.revision if self._review else 0,
        )
        outcome = await page.read(reviews.review, page.store, opinion, page.audited("review", self._call_id))
        if outcome is None:
            return
        self.tell(outcome.stands)
        if outcome.taken:
            if self._comment:
                self._comment.value = ""
            page.tell(_DONE[verdict], "good")
            await self._doings.reviewed()
        else:
            page.tell(f"已经有人先复核了：{self._words(outcome.stands)} 您的结论没有保存，看过后仍可修改。", "bad")
