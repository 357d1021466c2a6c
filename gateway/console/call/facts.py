"""What was found in a call and what became of it: matter, mood, path, ticket, hand-over, entities, scores, line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from zoneinfo import ZoneInfo

from nicegui import ui

from gateway.analytics.tickets.lookups import TOLD
from gateway.analytics.tickets.rules import PRIORITIES
from gateway.analytics.titles import ENTITY_TITLES, TREND_TITLES
from gateway.console.call.message import MessagePlayer
from gateway.console.call.view import Shown
from gateway.console.call.words import LINE, clock, lines, moment
from gateway.console.calls.labels import ANGER, POLARITIES
from gateway.console.calls.labels import mood as mood_words
from gateway.findings import Evidence, QualityCard, QualityHit, Route
from gateway.store.tickets import TicketRecord

_GREY, _ANGER, _WORDS = "#7d8a97", "#d0554c", "#4a86d0"
"""Of the chart: seen on light and on dark."""
_MOST = 200
"""Chips of one kind; an hour's call has no more that anybody reads."""


class Facts:
    """Cards beside the transcript.

    Args:
        titles: of routes and skill groups.
        zone: that times are shown in.
        seek: goes to a moment of the call, ms.
        appeal: opens an appeal against a score, by name and title; None for who may not.
        may_listen: messages that were left can be heard.
    """

    def __init__(
        self,
        titles: Mapping[str, str],
        zone: ZoneInfo,
        seek: Callable[[float], None],
        appeal: Callable[[str, str], None] | None,
        *,
        may_listen: bool,
    ) -> None:
        self._titles = titles
        self._zone = zone
        self._seek = seek
        self._appeal = appeal
        self._may_listen = may_listen
        self._list = ui.column().classes("vc-facts")

    def show(self, shown: Shown) -> None:
        """The call as it is now."""
        self._list.clear()
        with self._list:
            if shown.findings is not None:
                self._matter(shown.findings.route, shown.findings.summary)
            self._mood(shown)
            self._path(shown)
            for ticket in shown.tickets:
                self._ticket(ticket)
            self._messages(shown)
            if shown.queue or shown.handed_over:
                with _card("转给人工的内容"):
                    _rows([("队列", shown.queue), *lines(shown.handed_over)])
            if shown.slots:
                with _card("已问到的"):
                    _rows(lines(shown.slots))
            self._entities(shown)
            for card in shown.findings.quality if shown.findings else ():
                self._quality(card)
            self._line(shown)

    def _matter(self, route: Route, summary: str) -> None:
        with _card("诉求"):
            with ui.row().classes("vc-line"):
                ui.label(self._title(route.route)).classes("vg-strong")
                ui.label(f"{route.probability:.0%}").classes("vg-muted")
                if group := self._titles.get(f"group {route.skill_group}"):
                    ui.label(group).classes("vg-muted")
            if summary:
                ui.label(summary)
            self._chips(route.evidence)
            others = "、".join(f"{self._title(name)} {share:.0%}" for name, share in route.others)
            if others:
                ui.label(f"也可能是：{others}").classes("vg-muted")

    def _title(self, route: str) -> str:
        return self._titles.get(route, route)

    def _mood(self, shown: Shown) -> None:
        begins = {one.index: one.begin_ms for one in shown.segments}
        turns = [(begins[at], shown.turns[at].mood) for at in sorted(shown.turns, key=lambda at: begins.get(at, 0.0))
                 if at in begins]  # fmt: skip
        if not turns:
            return
        with _card("来电者情绪"):
            whole = shown.findings.mood if shown.findings else None
            if whole is not None:
                gravest = f"，最重时{ANGER[whole.anger]}" if ANGER.get(whole.anger) else ""
                told = f"{POLARITIES[whole.polarity]}{gravest}，结束时{POLARITIES[whole.at_end]}"
                ui.label(f"{told}，总体{TREND_TITLES[whole.trend]}")
            if len(turns) < 2:
                return
            seconds = [round(at_ms / 1000, 1) for at_ms, _ in turns]
            anger = [[at, mood.anger] for at, (_, mood) in zip(seconds, turns, strict=True)]
            words = [[at, mood.words.score] for at, (_, mood) in zip(seconds, turns, strict=True)]
            spoken = "；".join(f"{clock(at)} {mood_words(one.polarity, one.anger)}" for at, one in turns[:_MOST])
            chart = ui.echart(_chart(words, anger, shown.duration_ms / 1000)).classes("vc-mood-chart")
            chart.props["role"], chart.props["aria-label"] = "img", f"情绪随时间变化：{spoken}"

    def _path(self, shown: Shown) -> None:
        if not shown.path:
            return
        with _card("走过的流程"), ui.element("ol").classes("vc-path"):
            for node, at_ms in shown.path[:_MOST]:
                with ui.element("li"):
                    self._chip(node, at_ms)

    def _ticket(self, ticket: TicketRecord) -> None:
        with _card(f"工单 {ticket.number}"):
            with ui.row().classes("vc-line"):
                ui.label(TOLD.get(ticket.status, ticket.status)).classes("vc-badge")
                ui.label(PRIORITIES.get(ticket.priority, ticket.priority)).classes("vc-badge")
                ui.label(f"{self._title(ticket.category)} · {ticket.team}").classes("vg-muted")
            ui.label(ticket.summary)
            due = (("首次答复", ticket.answer_by), ("解决", ticket.solve_by), ("回访", ticket.visit_by))
            _rows([*ticket.facts.items(), *((f"{what}时限", moment(at, self._zone)) for what, at in due)])
            with ui.element("ol").classes("vc-history"):
                for step in ticket.steps:
                    with ui.element("li"):
                        ui.label(f"{moment(step.at, self._zone)}　{step.who}").classes("vg-muted")
                        ui.label(f"{TOLD.get(step.status, step.status)}　{step.note}")

    def _entities(self, shown: Shown) -> None:
        found = [entity for at in sorted(shown.turns) for entity in shown.turns[at].entities][:_MOST]
        if not found:
            return
        with _card("提到的"), ui.row().classes("vc-chips"):
            for one in found:
                self._chip(f"{ENTITY_TITLES.get(one.kind, one.kind)} {one.value}", one.evidence.begin_ms)

    def _quality(self, card: QualityCard) -> None:
        title = f"{card.title}　{card.score:g} 分" + ("　不合格" if card.failed else "")
        with _card(title), ui.element("ul").classes("vc-quality"):
            for hit in card.hits:
                self._hit(card, hit)

    def _hit(self, card: QualityCard, hit: QualityHit) -> None:
        with ui.element("li"):
            icon = ui.icon("check" if hit.passed else "close").classes("vc-good" if hit.passed else "vc-bad")
            icon.props["aria-label"] = "符合" if hit.passed else "不符合"
            icon.props["role"] = "img"
            ui.label(hit.title)
            if hit.points:
                ui.label(f"{hit.points:+g}").classes("vg-strong")
            if not hit.passed or hit.points:
                self._chips(hit.evidence)
            if self._appeal is not None and not hit.passed:
                appeal, about = self._appeal, f"{card.card}/{hit.rule}"
                ui.button("申诉", on_click=lambda: appeal(about, hit.title)).props("flat dense")

    def _messages(self, shown: Shown) -> None:
        if not shown.messages:
            return
        with _card("留言"):
            for number, message in enumerate(shown.messages):
                title = f"留言 {number + 1}"
                self._chip(message.node or title, message.begin_ms)
                MessagePlayer(shown, number, title, may_listen=self._may_listen)

    def _line(self, shown: Shown) -> None:
        known = [(title, str(shown.line[name])) for name, title in LINE.items() if shown.line.get(name) is not None]
        if known:
            with _card("线路"):
                _rows(known)

    def _chips(self, evidence: Sequence[Evidence]) -> None:
        words = [one for one in evidence if one.text][:_MOST]
        if words:
            with ui.row().classes("vc-chips"):
                for one in words:
                    self._chip(f"“{one.text}”", one.begin_ms)

    def _chip(self, text: str, at_ms: float) -> None:
        """A piece of text that goes to its moment."""
        with ui.element("button").classes("vc-chip").props("type=button") as chip:
            ui.label(clock(at_ms)).classes("vg-muted")
            ui.label(text)
        chip.on("click", lambda: self._seek(at_ms))


@contextmanager
def _card(title: str) -> Iterator[None]:
    with ui.card().classes("vc-panel"):
        ui.label(title).classes("vg-subtitle").props('role=heading aria-level="2"')
        yield


def _rows(rows: Iterable[tuple[str, str]]) -> None:
    with ui.element("dl").classes("vc-rows"):
        for title, text in rows:
            if text:
                with ui.element("dt"):
                    ui.label(title)
                with ui.element("dd"):
                    ui.label(text)


def _chart(words: Sequence[list[float]], anger: Sequence[list[float]], seconds: float) -> dict[str, object]:
    """The words' mood as a line, anger as bars, over the seconds of the call."""
    label = {"color": _GREY, "showMaxLabel": False}
    quiet = {"axisLine": {"lineStyle": {"color": _GREY}}, "axisLabel": {"color": _GREY}, "splitLine": {"show": False}}
    return {
        "animation": False,
        "grid": {"left": 44, "right": 32, "top": 30, "bottom": 24},
        "legend": {"top": 0, "textStyle": {"color": _GREY}, "itemHeight": 8},
        "tooltip": {"trigger": "axis", "renderMode": "richText"},
        "xAxis": {"type": "value", "min": 0, "max": round(seconds, 1), **quiet, "axisLabel": label},
        "yAxis": [
            {"type": "value", "min": -1, "max": 1, "interval": 1, **quiet},
            {"type": "value", "min": 0, "max": 3, "interval": 1, **quiet},
        ],
        "series": [
            {"name": "用词", "type": "line", "data": list(words), "color": _WORDS, "symbolSize": 6},
            {"name": "怒气", "type": "bar", "data": list(anger), "yAxisIndex": 1, "color": _ANGER, "barWidth": 8},
        ],
    }
