"""Service: the report's figures, compared and drawn; where callers give up; words on the rise."""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from nicegui import ui

from gateway.analytics.report import FIGURES, Alert, Figure, Thresholds
from gateway.analytics.report.figures import told_apart
from gateway.analytics.report.groups import By
from gateway.console.calls.labels import Titles, titles
from gateway.console.frame import Page, heading, page
from gateway.console.rights import Right
from gateway.console.service import charts
from gateway.console.service.alerting import standing, told_alert
from gateway.console.service.drop_off_panel import DropOffPanel
from gateway.console.service.figures import PERIODS, Figures, gather, period_of
from gateway.console.service.rising_panel import draw_rising
from gateway.console.service.words import GROUPS, change, formula, more_calls, with_unit
from gateway.errors import RulesError
from gateway.store import search

_GROUPED: tuple[By, ...] = ("hotline", "mode", "route")
VIEWS = {"own": "我的队列", "team": "本班组的队列", "floor": "本现场的热线", "all": "全部通话"}


@page("/service", title="服务指标", right=Right.SERVICE)
async def build(page: Page, period: str = "", hotline: str = "", figure: str = "") -> None:
    """What is shown stands in the address."""
    await _Service(page, period_of(period), hotline[:64], charts.figure_of(figure)).draw()


class _Service:
    """The page.

    Args:
        page: the frame's.
        period: a name of `PERIODS`.
        hotline: empty for all.
        figure: the one that is drawn.
    """

    def __init__(self, page: Page, period: str, hotline: str, figure: Figure) -> None:
        self._page = page
        self._period = period
        self._hotline = hotline
        self._figure = figure

    async def draw(self) -> None:
        page = self._page
        names = await asyncio.to_thread(titles, page.settings.analytics.rules, page.settings.flows_dir)
        occurring = await page.read(search.values, page.store, page.visitor.scope)
        self._draw_head(names, occurring.hotlines if occurring else ())
        body = ui.column().classes("vg-wide vg-service")
        with body:
            ui.label("正在计算…").classes("vg-muted").props("role=status")
        # 100,000 calls take seconds: the page is there before its figures.
        ui.timer(0.05, lambda: self._fill(body, names), once=True)

    async def _fill(self, body: ui.column, names: Titles) -> None:
        page = self._page
        try:
            rules = await asyncio.to_thread(Thresholds.load, page.settings.analytics.rules)
            found = await page.read(gather, page.store, page.settings, page.visitor.scope, self._period, self._hotline)
            standing_now = await page.read(standing, page.store, page.settings, page.visitor.scope)
        except RulesError as error:
            body.clear()
            with body:
                ui.label("警戒线文件 thresholds.yaml 有错，改好后刷新：").classes("vg-strong")
                ui.label(str(error)).classes("vg-rules-error")
            return
        if page.client.is_deleted:
            return
        body.clear()
        with body:
            if found is None:
                ui.label("现在读不到指标，请稍后刷新。").classes("vg-muted")
                return
            alerts = [
                alert for alert in standing_now or () if not self._hotline or alert.hotline in {"", self._hotline}
            ]
            self._draw_alerts(alerts)
            self._draw_cards(found, {alert.figure for alert in alerts})
            self._draw_charts(found, rules, names)
            panel = DropOffPanel(page, found.since, self._flow(found, names))
            panel.draw()
            rising = ui.column().classes("vg-panel")
        await panel.load()
        await draw_rising(page, rising, self._hotline)

    def _flow(self, found: Figures, names: Titles) -> str:
        """The hotline whose flow is drawn: the one that was chosen, else the one with the most calls."""
        if self._hotline:
            return self._hotline
        groups = [(sums.calls, name) for name, sums in found.groups["hotline"].items() if name in names.hotlines]
        return max(groups, default=(0, ""))[1]

    def _address(self, **changed: str) -> str:
        wanted = {"period": self._period, "hotline": self._hotline, "figure": self._figure.name, **changed}
        return f"/service?{urlencode({name: value for name, value in wanted.items() if value})}"

    def _draw_head(self, names: Titles, occurring: tuple[str, ...]) -> None:
        hotlines = {"": "全部热线"} | {name: names.hotlines.get(name, name) for name in occurring}
        hotlines.setdefault(self._hotline, self._hotline)

        def go(name: str, value: object) -> None:
            ui.navigate.to(self._address(**{name: str(value or "")}))

        with ui.row().classes("vg-page-head"):
            heading("服务指标")
            ui.label(VIEWS[self._page.visitor.scope.view]).classes("vg-muted")
            ui.space()
            period = ui.select(dict(PERIODS), label="时间", value=self._period)
            period.on_value_change(lambda event: go("period", event.value))
            hotline = ui.select(hotlines, label="热线", value=self._hotline)
            hotline.on_value_change(lambda event: go("hotline", event.value))
            for picker in (period, hotline):
                picker.props("outlined dense options-dense").classes("vg-search")

    def _draw_alerts(self, alerts: list[Alert]) -> None:
        if not alerts:
            return
        with ui.column().classes("vg-alerts").props('role=group aria-label="越过警戒线的指标"'):
            for alert in alerts:
                with ui.link(target=self._address(figure=alert.figure)).classes(f"vg-alert vg-alert-{alert.severity}"):
                    ui.icon("warning")
                    ui.label(alert.title).classes("vg-strong")
                    ui.label(told_alert(alert)).classes("vg-alert-words")

    def _draw_cards(self, found: Figures, crossed: set[str]) -> None:
        total = found.total
        with ui.element("div").classes("vg-figures"):
            with ui.element("div").classes("vg-figure"):
                ui.label("通数").classes("vg-muted")
                ui.label(f"{total.calls:,}").classes("vg-value").props('data-figure="calls"')
                ui.label(more_calls(total, found.before)).classes("vg-change vg-tone-calm")
                running = f"还在通话 {total.running} 通" if total.running else ""
                ui.label(running).classes("vg-muted")
            for figure in FIGURES.values():
                is_chosen = figure is self._figure
                css = "vg-figure" + (" vg-chosen" if is_chosen else "")
                css += " vg-crossed" if figure.name in crossed else ""
                with ui.link(target=self._address(figure=figure.name)).classes(css) as card:
                    card.props('aria-current="true"' if is_chosen else "")
                    self._draw_card(figure, found)

    def _draw_card(self, figure: Figure, found: Figures) -> None:
        value = with_unit(figure.unit, figure.value(found.total))
        difference, tone = change(figure, found.total, found.before)
        ui.label(figure.title).classes("vg-muted")
        ui.label(value).classes("vg-value").props(f'data-figure="{figure.name}"')
        ui.label(difference).classes(f"vg-change vg-tone-{tone}")
        ui.label(formula(figure, found.total)).classes("vg-muted")

    def _draw_charts(self, found: Figures, rules: Thresholds, names: Titles) -> None:
        figure = self._figure
        lines = charts.lines_of(rules, figure.name, self._hotline)
        if not found.total.calls:
            with ui.column().classes("vg-panel"):
                ui.label("这段时间里没有通话。").classes("vg-muted")
            return
        grouped = [by for by in _GROUPED if figure.name in told_apart(by)]
        with ui.element("div").classes("vg-charts"):
            with ui.column().classes("vg-panel vg-whole"):
                _subtitle(f"{figure.title} · 按{GROUPS['hour']}")
                _chart(charts.by_hour(found.groups["hour"], figure, lines), 280)
            for by in grouped:
                groups = found.groups[by]
                with ui.column().classes("vg-panel"):
                    _subtitle(f"{figure.title} · 按{GROUPS[by]}")
                    _chart(charts.by_group(by, groups, figure, lines, names), charts.height_px(groups))


def _subtitle(text: str) -> None:
    ui.label(text).classes("vg-subtitle").props('role=heading aria-level="2"')


def _chart(options: dict[str, object], height: int) -> None:
    what = str(options.pop("what"))
    chart = ui.echart(options, renderer="svg").classes("vg-chart").style(f"height: {height}px")
    chart.props["role"], chart.props["aria-label"] = "img", what
