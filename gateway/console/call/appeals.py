"""Appeals of the agent's side against flags and scores, their decisions, and the history of all of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from nicegui import ui

from gateway.analytics.redaction import redact_text
from gateway.console.call.words import DECISIONS, moment
from gateway.console.calls.labels import VERDICTS
from gateway.console.chrome import dialog
from gateway.console.frame import Page
from gateway.console.rights import Right
from gateway.console.wording import ACTIONS
from gateway.store import reviews
from gateway.store.accounts import Audited
from gateway.store.reviews import MAX_COMMENT, Appeal, Decision


class AppealPanel:
    """Appeals and history.

    Args:
        page: the frame's.
        call_id: whose.
    """

    def __init__(self, page: Page, call_id: str) -> None:
        self._page = page
        self._call_id = call_id
        self._zone = ZoneInfo(page.settings.timezone)
        self._titles: Mapping[str, str] = {}
        self._unmasked = False
        self._drawn: object = None
        with ui.card().classes("vc-panel") as self._card:
            ui.label("申诉与复核记录").classes("vg-subtitle").props('role=heading aria-level="2"')
            self._list = ui.column().classes("vc-appeals")
            self._history = ui.element("ol").classes("vc-history")

    async def load(self, titles: Mapping[str, str], *, unmasked: bool) -> None:
        """Read and draw anew.

        Args:
            titles: of what can be appealed against, by name.
            unmasked: personal numbers in comments may be seen.
        """
        self._titles, self._unmasked = titles, unmasked
        page = self._page
        appeals = await page.read(reviews.appeals, page.store, self._call_id)
        history = await page.read(reviews.history, page.store, self._call_id)
        if appeals is None or history is None:
            return
        drawn = appeals, history, dict(titles), unmasked
        if drawn != self._drawn:  # else what is being typed stays
            self._drawn = drawn
            self._draw(appeals, history)

    def _draw(self, appeals: Sequence[Appeal], history: Sequence[Audited]) -> None:
        self._card.set_visibility(bool(appeals or history))
        self._list.clear()
        with self._list:
            for one in appeals:
                self._appeal(one)
        self._history.clear()
        with self._history:
            for told in history:
                with ui.element("li"):
                    ui.label(f"{moment(told.at, self._zone)}　{told.account}").classes("vg-muted")
                    ui.label(self._told(told))

    def _appeal(self, one: Appeal) -> None:
        with ui.element("section").classes("vc-appeal"):
            ui.label(f"申诉：{self._title(one.about)}").classes("vg-strong")
            ui.label(f"{one.account} 于 {moment(one.at, self._zone)}：{self._shown(one.reason)}")
            if one.decision is not None:
                decided = f"{DECISIONS.get(one.decision, one.decision)}（{one.decided_by}）"
                ui.label(f"{decided}{self._after(one.decision_comment)}").classes("vg-strong")
            elif self._page.visitor.may(Right.DECIDE):
                comment = ui.textarea("裁定说明（可不写）").props(f"outlined dense autogrow maxlength={MAX_COMMENT}")
                comment.classes("vg-wide")
                with ui.row().classes("vc-buttons"):
                    ui.button("申诉成立", on_click=lambda: self._decide(one, "upheld", comment)).props("unelevated")
                    ui.button("申诉不成立", on_click=lambda: self._decide(one, "rejected", comment)).props("outline")
            else:
                ui.label("等待裁定").classes("vg-muted")

    async def _decide(self, one: Appeal, decision: Decision, comment: ui.textarea) -> None:
        page = self._page
        if not await page.may(Right.DECIDE):
            return
        told = page.audited("decide", self._call_id)
        done = await page.read(reviews.decide, page.store, one.id, decision, str(comment.value or ""), told)
        if done is None:
            return
        if (done.decided_by, done.decision, done.decided_at) == (page.visitor.account, decision, told.at):
            page.tell("裁定已保存。", "good")
        else:
            page.tell(f"{done.decided_by} 已先裁定：{DECISIONS.get(done.decision or '', '')}。", "bad")
        await self.load(self._titles, unmasked=self._unmasked)

    def open(self, about: str, title: str) -> None:
        """Ask for the reason of an appeal, and keep it."""
        page = self._page
        with page.main, dialog(f"申诉：{title}") as opened:
            reason = ui.textarea("理由").props(f"outlined autogrow maxlength={MAX_COMMENT}").classes("vg-wide")

            async def send() -> None:
                if not str(reason.value or "").strip():
                    page.tell("请写明理由。", "bad")
                    return
                if not await page.may(Right.APPEAL):
                    return
                told = page.audited("appeal", self._call_id)
                made = await page.read(reviews.appeal, page.store, about, str(reason.value), told)
                if made is None:
                    return
                mine = (made.account, made.at) == (told.account, told.at)
                page.tell(
                    "申诉已提交。" if mine else f"{made.account} 已经对此申诉，正等待裁定。", "good" if mine else "bad"
                )
                opened.close()
                await self.load(self._titles, unmasked=self._unmasked)

            ui.button("提交", on_click=send).classes("vg-wide")
        opened.open()

    def _told(self, told: Audited) -> str:
        detail = {name: str(value) for name, value in told.detail.items()}
        about = self._title(detail.get("flag") or detail.get("about") or "")
        verdict = VERDICTS.get(detail.get("verdict", ""), "") or DECISIONS.get(detail.get("decision", ""), "")
        what = "　".join(part for part in (ACTIONS.get(told.action, told.action), about, verdict) if part)
        return f"{what}{self._after(detail.get('comment', ''))}"

    def _title(self, about: str) -> str:
        return self._titles.get(about, about)

    def _after(self, comment: str) -> str:
        return f"：{self._shown(comment)}" if comment else ""

    def _shown(self, text: str) -> str:
        return text if self._unmasked else redact_text(text)
