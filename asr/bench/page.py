"""The figures as one page that needs nothing else: no script, nothing fetched."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from html import escape
from importlib.resources import files
from string import Template
from xml.etree.ElementTree import Element, tostring

from asr.bench.conditions import CLEAN, ECHO, LOSS, UNITS
from asr.bench.figures import Figures
from asr.bench.plots import Axis, Point, Series, bar_plot, distribution_plot, legend_key, line_plot
from asr.bench.report import HEADINGS, Report, heading, notes, row

_COLOURS = 6
_TITLES = {
    "pink": "pink noise",
    "car": "car noise",
    "babble": "babble: five other voices",
    "music": "music on hold",
    ECHO: "echo of the prompt",
    LOSS: "packet loss",
}

Value = Callable[[Figures], Point | None]
Way = tuple[str, bool]
"""An engine, and whether it got hints."""


def page(report: Report) -> str:
    """The page's HTML."""
    style = _part("page.css")
    figures = report.figures
    ways = _ways(figures)
    return Template(_part("page.html")).substitute(
        hash=f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}",
        style=style,
        heading=escape(heading(report)),
        machine=escape(report.machine.told),
        legend="".join(f"<span>{_html(legend_key(css))}{escape(_named(way))}</span>" for way, css in ways.items()),
        sections="\n".join(_sections(report, figures, ways)),
        head=f"<tr>{''.join(f'<th>{escape(name)}</th>' for name in HEADINGS)}</tr>",
        rows=_rows(figures),
        notes="".join(f"<li>{escape(line)}</li>" for line in notes(report)),
    )


def _sections(report: Report, figures: Sequence[Figures], ways: dict[Way, str]) -> list[str]:
    found = []
    if any(one.option.of for one in figures):
        found.append(_section("Option accuracy", _over_lines(figures, ways, _option, 1.0)))
    if any(one.false_accepts.of for one in figures):
        found.append(_section("False accepts", _over_lines(figures, ways, _false_accepts, None)))
    found.append(_section("Character error rate", _over_lines(figures, ways, lambda one: Point(one.cer), None)))
    latency = [
        (_named(way), css, [take.latency_ms for take in report.takes if (take.engine, take.hints) == way])
        for way, css in ways.items()
    ]
    plots = [distribution_plot("recognised within ...", latency), _cpu(figures, ways)]
    memory = [
        (name, ways.get((name, False), "c0").removesuffix(" without"), grown, f"{grown:.0f}")
        for name, grown in report.memory_mib.items()
        if grown is not None
    ]
    if memory:
        plots.append(bar_plot("memory, engine loaded", "MiB that a fresh process grows by", memory))
    found.append(_section("What it costs", plots))
    return found


def _option(one: Figures) -> Point | None:
    return Point(one.option.rate, *one.option.interval) if one.option.of else None


def _false_accepts(one: Figures) -> Point | None:
    return Point(one.false_accepts.rate, *one.false_accepts.interval) if one.false_accepts.of else None


def _over_lines(figures: Sequence[Figures], ways: dict[Way, str], value: Value, top: float | None) -> list[Element]:
    """A plot for each kind of trouble, from a clean line to the worst; only the clean line when nothing else was
    measured.
    """
    points = {((one.engine, one.hints), one.condition): value(one) for one in figures}
    if top is None:
        highest = max((point.high or point.value for point in points.values() if point), default=1.0)
        top = next((limit for limit in (0.1, 0.2, 0.4, 0.6, 0.8) if highest <= limit), 1.0)
    conditions = list(dict.fromkeys(condition for _, condition in points))
    kinds = [kind for kind in UNITS if any(one.kind == kind for one in conditions)]
    clean = [one for one in conditions if one.kind == CLEAN]
    plots = []
    for kind in kinds or [CLEAN]:
        own = sorted((one for one in conditions if one.kind == kind and kind != CLEAN), key=lambda one: one.amount)
        lines = [*clean, *(own if kind == LOSS else reversed(own))]
        places = tuple(one.kind if one.kind == CLEAN else f"{one.amount:g}" for one in lines)
        label = {LOSS: "lost packets, %", ECHO: "below the prompt, dB", CLEAN: ""}.get(kind, "SNR, dB")
        series = [
            Series(_named(way), css, tuple(points.get((way, line)) for line in lines)) for way, css in ways.items()
        ]
        plots.append(line_plot(_TITLES.get(kind, "clean line"), Axis(label, places, top), series))
    return plots


def _cpu(figures: Sequence[Figures], ways: dict[Way, str]) -> Element:
    bars = []
    for way, css in ways.items():
        own = [one.cpu_per_s for one in figures if (one.engine, one.hints) == way]
        mean = sum(own) / len(own)
        bars.append((_named(way), css, mean, f"{mean:.3f}"))
    return bar_plot("CPU", "CPU seconds for a second of audio, mean of all lines", bars)


def _ways(figures: Sequence[Figures]) -> dict[Way, str]:
    """With the class that each is drawn by: a colour for each engine, dashed without hints."""
    engines = list(dict.fromkeys(one.engine for one in figures))
    found = dict.fromkeys((one.engine, one.hints) for one in figures)
    return {way: f"c{engines.index(way[0]) % _COLOURS}{'' if way[1] else ' without'}" for way in found}


def _named(way: Way) -> str:
    return f"{way[0]}, {'with' if way[1] else 'without'} hints"


def _rows(figures: Sequence[Figures]) -> str:
    rows, previous = [], None
    for one in figures:
        begins = previous is not None and previous != (one.engine, one.hints)
        previous = one.engine, one.hints
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row(one))
        rows.append(f"{'<tr class=first>' if begins else '<tr>'}{cells}</tr>")
    return "\n".join(rows)


def _section(title: str, plots: Sequence[Element]) -> str:
    return f'<section>\n<h2>{escape(title)}</h2>\n<div class="plots">{"".join(map(_html, plots))}</div>\n</section>'


def _part(name: str) -> str:
    return (files(__package__ or "") / name).read_text(encoding="utf-8")


def _html(element: Element) -> str:
    return tostring(element, encoding="unicode", method="html")
