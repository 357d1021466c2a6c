"""Options of the charts (Apache ECharts), drawn as SVG so that their colours are the theme's, light or dark. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.analytics.report import FIGURES, Figure, Sums, Thresholds
from gateway.analytics.report.thresholds import Line
from gateway.console.calls.labels import Titles
from gateway.console.service.words import group_name

_INK, _SOFT, _LINE, _CARD = "var(--vg-ink)", "var(--vg-soft)", "var(--vg-line)", "var(--vg-card)"
_BARS, _CURVE, _LIMIT = "var(--vg-bars)", "var(--q-primary)", "var(--q-negative)"
MOST_GROUPS = 12
"""Of hotlines and routes: those with the most calls."""
_HOURS = [f"{hour:02}" for hour in range(24)]


def lines_of(rules: Thresholds, figure: str, hotline: str) -> list[Line]:
    """The lines of a figure that hold for a hotline; for all together when it is empty, or for each."""
    wanted = [line for line in rules.alerts.values() if line.figure == figure]
    if not hotline:
        return wanted
    return [line for line in wanted if line.hotline is None or hotline in line.hotline or "*" in line.hotline]


def by_hour(groups: Mapping[str, Sums], figure: Figure, lines: Iterable[Line]) -> dict[str, Any]:
    """Calls as bars, the figure as a curve over them."""
    calls = [groups[hour].calls if hour in groups else 0 for hour in _HOURS]
    values = [_value(figure, groups.get(hour)) for hour in _HOURS]
    options = _common(f"{figure.title}和通数，按时段")
    options["legend"] = {"data": ["通数", figure.title], "textStyle": {"color": _SOFT}, "top": 0, "right": 8}
    options["xAxis"] = {"type": "category", "data": _HOURS, **_axis(), "axisLabel": {"color": _SOFT}}
    options["yAxis"] = [
        {"type": "value", "minInterval": 1, **_axis(), "axisLabel": {"color": _SOFT}, "splitLine": {"show": False}},
        {"type": "value", **_axis(), **_scale(figure, values, lines)},
    ]
    options["series"] = [
        {"name": "通数", "type": "bar", "data": calls, "itemStyle": {"color": _BARS}, "barMaxWidth": 22},
        {
            "name": figure.title,
            "type": "line",
            "yAxisIndex": 1,
            "data": values,
            "connectNulls": False,
            "symbolSize": 6,
            "lineStyle": {"color": _CURVE, "width": 2},
            "itemStyle": {"color": _CURVE},
            "markLine": _limits(lines, figure, "yAxis"),
        },
    ]
    return options


def by_group(
    by: str, groups: Mapping[str, Sums], figure: Figure, lines: Iterable[Line], titles: Titles
) -> dict[str, Any]:
    """The figure as level bars, the group with the most calls on top."""
    most = sorted(groups.items(), key=lambda group: (-group[1].calls, group[0]))[:MOST_GROUPS][::-1]
    values = [_value(figure, sums) for _, sums in most]
    options = _common(f"{figure.title}，分组")
    options["grid"] = {"left": 8, "right": 64, "top": 24, "bottom": 8, "containLabel": True}
    options["yAxis"] = {
        "type": "category",
        "data": [f"{group_name(by, name, titles)}（{sums.calls}）" for name, sums in most],
        **_axis(),
        "axisLabel": {"color": _SOFT, "width": 150, "overflow": "truncate"},
    }
    options["xAxis"] = {"type": "value", **_axis(), **_scale(figure, values, lines)}
    options["series"] = [
        {
            "name": figure.title,
            "type": "bar",
            "data": values,
            "barMaxWidth": 18,
            "itemStyle": {"color": _CURVE, "opacity": 0.75, "borderRadius": [0, 3, 3, 0]},
            "label": {"show": True, "position": "right", "color": _INK, "formatter": f"{{c}}{_sign(figure)}"},
            "markLine": _limits(lines, figure, "xAxis"),
        }
    ]
    return options


def height_px(groups: Mapping[str, Sums]) -> int:
    """Of a chart with so many level bars."""
    return 70 + 30 * max(1, min(len(groups), MOST_GROUPS))


def figure_of(name: str) -> Figure:
    """A figure that there is, whatever the address says."""
    return FIGURES.get(name, FIGURES["containment"])


def _common(what: str) -> dict[str, Any]:
    return {
        "what": what,
        "animation": False,
        "textStyle": {"fontFamily": "system-ui, sans-serif"},
        "grid": {"left": 8, "right": 8, "top": 40, "bottom": 8, "containLabel": True},
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": _CARD,
            "borderColor": _LINE,
            "textStyle": {"color": _INK},
            "confine": True,
        },
    }


def _axis() -> dict[str, Any]:
    return {"axisLine": {"lineStyle": {"color": _LINE}}, "axisTick": {"show": False}}


def _scale(figure: Figure, values: Iterable[float | None], lines: Iterable[Line]) -> dict[str, Any]:
    shown = [value for value in values if value is not None] + [_scaled(figure, _limit(line)) for line in lines]
    label = {"color": _SOFT, "formatter": f"{{value}}{_sign(figure)}"}
    most = {"share": 100.0, "score": 5.0}.get(figure.unit)
    peak = max(shown, default=0.0) * 1.15
    end = {} if most is None else {"max": most if peak > most * 0.55 else max(5.0 if most == 100 else 1.0, round(peak))}
    return {"axisLabel": label, "splitLine": {"lineStyle": {"color": _LINE}}, "min": 0, **end}


def _value(figure: Figure, sums: Sums | None) -> float | None:
    value = figure.value(sums) if sums is not None else None
    return None if value is None else _scaled(figure, value)


def _scaled(figure: Figure, value: float) -> float:
    """As it is drawn: shares in percent."""
    return round(value * 100, 1) if figure.unit == "share" else round(value, 2)


def _sign(figure: Figure) -> str:
    return {"share": "%", "seconds": " 秒", "score": " 分"}[figure.unit]


def _limit(line: Line) -> float:
    return line.below if line.above is None else line.above  # type: ignore[return-value]  # one of them is there


def _limits(lines: Iterable[Line], figure: Figure, axis: str) -> dict[str, Any]:
    drawn = [
        {axis: _scaled(figure, _limit(line)), "name": line.title, "label": {"formatter": line.title}} for line in lines
    ]
    return {
        "symbol": "none",
        "silent": True,
        "lineStyle": {"color": _LIMIT, "type": "dashed", "width": 1.5},
        "label": {"color": _LIMIT, "position": "insideEndTop" if axis == "yAxis" else "end", "fontSize": 11},
        "data": drawn,
    }
