"""Plots as SVG elements; every colour and line style is a class of page.css."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

WIDTH, HEIGHT = 330.0, 230.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 44.0, 16.0, 30.0, 40.0
_FRAME_WIDTH, _FRAME_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_DOT = 3.2
_APART = 4.0
"""Series are drawn side by side by so many pixels: whiskers on top of each other can't be read."""
_GRID = 4


@dataclass(frozen=True, slots=True)
class Point:
    """A value, and where it may truly lie."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One line: a point for each place on the x axis, None where nothing was measured."""

    name: str
    css: str
    points: tuple[Point | None, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """What stands below, and how high the frame is."""

    label: str
    places: tuple[str, ...]
    top: float
    """The value at the frame's upper edge."""


def line_plot(title: str, axis: Axis, series: Sequence[Series]) -> Element:
    """Values in percent over places in order, with whiskers where the points have intervals."""
    svg = _frame(title, axis.label)
    _levels(svg, [(level, f"{level:.0%}") for level in _steps(axis.top)], axis.top)
    step = _FRAME_WIDTH / len(axis.places)
    for index, place in enumerate(axis.places):
        _text(svg, _LEFT + step * (index + 0.5), HEIGHT - _BOTTOM + 15, place, "tick middle")
    for number, one in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * _APART
        _line(svg, one, [_LEFT + step * (index + 0.5) + shift for index in range(len(axis.places))], axis.top)
    return svg


def distribution_plot(title: str, curves: Sequence[tuple[str, str, Sequence[float]]]) -> Element:
    """What share of utterances was ready within a time; a curve is its name, its class and its times in ms."""
    longest = max(max(times) for _, _, times in curves)
    top_ms = _round_up(longest)
    svg = _frame(title, "wall time after the last sample, ms")
    _levels(svg, [(level, f"{level:.0%}") for level in _steps(1.0)], 1.0)
    for index in range(_GRID + 1):
        at = _LEFT + _FRAME_WIDTH * index / _GRID
        _text(svg, at, HEIGHT - _BOTTOM + 15, f"{top_ms * index / _GRID:.0f}", "tick middle")
    for name, css, times in curves:
        ordered = sorted(times)
        steps = [f"M{_LEFT:.1f} {_y(0, 1):.1f}"]
        for index, value in enumerate(ordered, start=1):
            x = _LEFT + _FRAME_WIDTH * value / top_ms
            steps.append(f"H{x:.1f}V{_y(index / len(ordered), 1):.1f}")
        path = SubElement(svg, "path", {"class": f"line {css}", "d": "".join([*steps, f"H{WIDTH - _RIGHT:.1f}"])})
        SubElement(path, "title").text = name
    return svg


def bar_plot(title: str, label: str, bars: Sequence[tuple[str, str, float, str]]) -> Element:
    """Horizontal bars: each its name, its class, its value and how that is written."""
    svg = _frame(title, label)
    longest = max(value for _, _, value, _ in bars) or 1.0
    step = _FRAME_HEIGHT / len(bars)
    thick = min(step * 0.6, 22.0)
    room = _FRAME_WIDTH - 48
    for index, (name, css, value, written) in enumerate(bars):
        y = _TOP + step * (index + 0.5) - thick / 2
        width = room * value / longest
        size = {"x": f"{_LEFT:.1f}", "y": f"{y:.1f}", "width": f"{width:.1f}", "height": f"{thick:.1f}"}
        bar = SubElement(svg, "rect", {"class": f"bar {css}", "rx": "2", **size})
        SubElement(bar, "title").text = name
        _text(svg, _LEFT + width + 6, y + thick / 2 + 4, written, "tick")
    return svg


def legend_key(css: str) -> Element:
    """The piece of line that stands before a name."""
    svg = Element("svg", {"class": "key", "viewBox": "0 0 34 12", "width": "34", "height": "12", "aria-hidden": "true"})
    SubElement(svg, "path", {"class": f"line {css}", "d": "M1 6H33"})
    SubElement(svg, "circle", {"class": f"dot {css}", "cx": "17", "cy": "6", "r": f"{_DOT}"})
    return svg


def _frame(title: str, label: str) -> Element:
    shape = {"viewBox": f"0 0 {WIDTH:.0f} {HEIGHT:.0f}", "role": "img", "aria-label": title}
    svg = Element("svg", {"class": "plot", **shape})
    _text(svg, _LEFT, 16, title, "title")
    _text(svg, _LEFT + _FRAME_WIDTH / 2, HEIGHT - 6, label, "label middle")
    SubElement(svg, "path", {"class": "axis", "d": f"M{_LEFT} {_TOP}V{HEIGHT - _BOTTOM}H{WIDTH - _RIGHT}"})
    return svg


def _levels(svg: Element, levels: Sequence[tuple[float, str]], top: float) -> None:
    for level, written in levels:
        y = _y(level, top)
        if level:
            SubElement(svg, "path", {"class": "grid", "d": f"M{_LEFT} {y:.1f}H{WIDTH - _RIGHT}"})
        _text(svg, _LEFT - 6, y + 4, written, "tick end")


def _line(svg: Element, one: Series, places: Sequence[float], top: float) -> None:
    group = SubElement(svg, "g")
    SubElement(group, "title").text = one.name
    there = [(x, point) for x, point in zip(places, one.points, strict=True) if point is not None]
    for x, point in there:
        if point.low is not None and point.high is not None:
            ends = f"M{x:.1f} {_y(point.low, top):.1f}V{_y(point.high, top):.1f}"
            SubElement(group, "path", {"class": f"whisker {one.css}", "d": ends})
    joined = "L".join(f"{x:.1f} {_y(point.value, top):.1f}" for x, point in there)
    if joined:
        SubElement(group, "path", {"class": f"line {one.css}", "d": f"M{joined}"})
    for x, point in there:
        place = {"cx": f"{x:.1f}", "cy": f"{_y(point.value, top):.1f}", "r": f"{_DOT}"}
        dot = SubElement(group, "circle", {"class": f"dot {one.css}", **place})
        SubElement(dot, "title").text = f"{one.name}: {point.value:.1%}"


def _y(value: float, top: float) -> float:
    return _TOP + _FRAME_HEIGHT * (1 - min(value, top) / top)


def _steps(top: float) -> list[float]:
    return [top * index / _GRID for index in range(_GRID + 1)]


def _round_up(value: float) -> float:
    """To the next 1, 2 or 4 times a power of ten: what quarters are round numbers of."""
    power = 10.0 ** math.floor(math.log10(max(value, 1e-9)))
    return next(step * power for step in (1.0, 2.0, 4.0, 10.0) if value <= step * power)


def _text(parent: Element, x: float, y: float, text: str, css: str) -> None:
    SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "class": css}).text = text
