"""voice-gateway report: service figures of the stored calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.analytics.report import FIGURES, Alert, Asked, Figure, Report, Sums, Thresholds, alerts
from gateway.analytics.report import report as figures_of
from gateway.analytics.report.figures import told_apart
from gateway.analytics.report.groups import BY
from gateway.analytics.titles import SEVERITY_TITLES
from gateway.cli.flow import stored
from gateway.cli.narrate import CallConsole
from gateway.settings import load_settings

_BY_TITLES = {"hotline": "热线", "node": "节点", "hour": "时段", "mode": "模式", "route": "诉求"}
_NONE = "（无）"
_COLUMNS = {
    "answered": "接通率",
    "containment": "自助率",
    "transfer": "转人工",
    "abandonment": "放弃",
    "failure": "异常",
    "first_contact": "一次解决",
    "repeat": "重复来电",
    "satisfaction": "满意率",
    "handling_time": "平均时长",
}


def report(
    store: stored.StoreDir = None,
    since: stored.Since = None,
    hotline: Annotated[str | None, typer.Option(help="只看这条热线。", metavar="NAME")] = None,
    by: Annotated[str | None, typer.Option(help=f"再分开列出：{'、'.join(BY)}。", metavar="WHAT")] = None,
    as_json: stored.AsJson = False,
) -> None:
    """服务指标：自助率、转人工率、一次解决率、满意度等，以及越过警戒线的。算法见 docs/figures.zh.md。"""
    if by is not None and by not in BY:
        raise typer.BadParameter(f"没有“{by}”这种分法；可以写：{'、'.join(BY)}", param_hint="--by")
    settings = load_settings()
    now = settings.now()
    thresholds = Thresholds.load(settings.analytics.rules)
    asked = Asked(
        since=stored.moment(since, now),
        hotline=hotline,
        by=by,
        repeat_days=thresholds.repeat_days,
    )
    with stored.open_store(store) as opened:
        told = _Told(
            figures_of(opened, asked, now),
            alerts(opened, thresholds, now),
        )
    if as_json:
        typer.echo(json.dumps(told.as_json(), ensure_ascii=False))
    else:
        told.print(CallConsole())


class _Told:
    """A report, as it is shown."""

    def __init__(self, report: Report, raised: tuple[Alert, ...]) -> None:
        self._report = report
        self._raised = raised

    def as_json(self) -> dict[str, Any]:
        asked, total = self._report.asked, self._report.total
        return {
            "since": asked.since.isoformat() if asked.since else None,
            "hotline": asked.hotline,
            "repeat_days": asked.repeat_days,
            "calls": total.calls,
            "running": total.running,
            "killed": total.killed,
            "figures": _values(total, FIGURES),
            "by": asked.by,
            "groups": {
                name: {"calls": sums.calls, "figures": _values(sums, self._told_apart)}
                for name, sums in self._groups.items()
            },
            "alerts": [_alert_as_json(alert) for alert in self._raised],
        }

    @property
    def _groups(self) -> Mapping[str, Sums]:
        return self._report.groups

    @property
    def _told_apart(self) -> Mapping[str, Figure]:
        """The figures that groups have."""
        return told_apart(self._report.asked.by)

    def print(self, console: Console) -> None:
        asked, total = self._report.asked, self._report.total
        since = f"{asked.since:%Y-%m-%d %H:%M} 起" if asked.since else "全部"
        where = f"　{escape(asked.hotline)}" if asked.hotline else ""
        console.rule(f"[bold]服务指标　{since}{where}　{total.calls} 通电话[/bold]")
        if total.calls:
            self._print_totals(console)
            if asked.by:
                console.print()
                self._print_groups(console)
        else:
            console.print("没有符合条件的通话。")
        self._print_alerts(console)

    def _print_totals(self, console: Console) -> None:
        total = self._report.total
        table = Table(box=None, pad_edge=False)
        for heading in ("指标", "数值", "分子 / 分母"):
            table.add_column(heading, justify="left" if heading == "指标" else "right", no_wrap=True)
        for figure in FIGURES.values():
            above, below = figure.numerator(total), figure.denominator(total)
            table.add_row(figure.title, _shown(figure, total), f"{above:,.0f} / {below:,}" if below else "")
        stored.print_whole(table)
        days = self._report.asked.repeat_days
        rest = f"还在通话 {total.running} 通，只计入通数；进程被终止 {total.killed} 通，计入异常结束，不计时长。"
        console.print(f"[dim]{rest}一次解决、重复来电看 {days} 天内，隐藏号码不计。[/dim]", soft_wrap=True)

    def _print_groups(self, console: Console) -> None:
        by = self._report.asked.by or "hotline"
        table = Table(box=None, pad_edge=False)
        table.add_column(_BY_TITLES[by], no_wrap=True)
        columns = {name: title for name, title in _COLUMNS.items() if name in self._told_apart}
        for heading in ("通数", *columns.values()):
            table.add_column(heading, justify="right", no_wrap=True)
        for name, sums in self._groups.items():
            shown = [_shown(FIGURES[figure], sums) for figure in columns]
            table.add_row(escape(name) or _NONE, str(sums.calls), *shown)
        stored.print_whole(table)
        if by == "node":
            console.print("[dim]经过这个节点的通话；一通电话经过几个节点，就计入几行。[/dim]", soft_wrap=True)

    def _print_alerts(self, console: Console) -> None:
        if self._raised:
            console.print("\n[bold red]越过警戒线[/bold red]")
        for alert in self._raised:
            console.print(f"  {escape(_alert_line(alert))}", soft_wrap=True)


def _values(sums: Sums, figures: Mapping[str, Figure]) -> dict[str, dict[str, float | None]]:
    return {
        name: {
            "value": figure.value(sums),
            "numerator": figure.numerator(sums),
            "denominator": figure.denominator(sums),
        }
        for name, figure in figures.items()
    }


def _shown(figure: Figure, sums: Sums) -> str:
    return _with_unit(figure.unit, figure.value(sums))


def _with_unit(unit: str, value: float | None) -> str:
    if value is None:
        return "—"
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:.1f} 秒" if unit == "seconds" else f"{value:.2f} 分"


def _alert_line(alert: Alert) -> str:
    figure = FIGURES[alert.figure]
    limit = f"{'应不高于' if alert.is_above else '应不低于'} {_with_unit(figure.unit, alert.limit)}"
    since = f"{alert.since:%m-%d %H:%M} 起 {alert.calls} 通"
    where = f"{alert.hotline}　" if alert.hotline else ""
    severity = SEVERITY_TITLES[alert.severity]
    value = _with_unit(figure.unit, alert.value)
    return f"［{severity}］{where}{alert.title}：{figure.title} {value}，{limit}（{since}）"


def _alert_as_json(alert: Alert) -> dict[str, Any]:
    moments = {"since": alert.since.isoformat(), "until": alert.until.isoformat()}
    return {
        "alert": alert.alert,
        "title": alert.title,
        "severity": alert.severity,
        "figure": alert.figure,
        "hotline": alert.hotline or None,
        "value": alert.value,
        "limit": alert.limit,
        "is_above": alert.is_above,
        "calls": alert.calls,
        **moments,
    }
