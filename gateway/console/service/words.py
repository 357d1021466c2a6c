"""Figures and groups in words: units, changes, the titles of what calls are told apart by. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.analytics.report import Figure, Sums
from gateway.console.calls.labels import MODES, Titles

GROUPS: Mapping[str, str] = {"hour": "时段", "hotline": "热线", "mode": "模式", "route": "诉求"}
NONE = "（未判明）"
NO_VALUE = "—"
_MORE_IS_BETTER = frozenset({"answered", "containment", "first_contact", "satisfaction", "satisfaction_score", "rated"})
_LESS_IS_BETTER = frozenset({"abandonment", "failure", "repeat"})
"""Of `transfer` and `handling_time` neither is: a human is sometimes what it takes."""
_SAME = {"share": 0.0005, "seconds": 0.05, "score": 0.005}
"""Less than what is shown is no change."""


def with_unit(unit: str, value: float | None) -> str:
    """As `voice-gateway report` writes it: `62.5%`, `48.0 秒`, `4.20 分`."""
    if value is None:
        return NO_VALUE
    if unit == "share":
        return f"{value:.1%}"
    return f"{value:.1f} 秒" if unit == "seconds" else f"{value:.2f} 分"


def change(figure: Figure, now: Sums, before: Sums | None) -> tuple[str, str]:
    """The change against the period before, and whether it is `good`, `bad` or `calm`; empty where nothing compares."""
    value, former = figure.value(now), figure.value(before) if before is not None else None
    if value is None or former is None:
        return "", "calm"
    difference = value - former
    if abs(difference) < _SAME[figure.unit]:
        return "与上期持平", "calm"
    shown = (
        f"{abs(difference) * 100:.1f} 个百分点" if figure.unit == "share" else with_unit(figure.unit, abs(difference))
    )
    better = (difference > 0 and figure.name in _MORE_IS_BETTER) or (difference < 0 and figure.name in _LESS_IS_BETTER)
    judged = figure.name in _MORE_IS_BETTER | _LESS_IS_BETTER
    return f"{'↑' if difference > 0 else '↓'} {shown}", ("good" if better else "bad") if judged else "calm"


def more_calls(now: Sums, before: Sums | None) -> str:
    """The change of how many calls there were."""
    if before is None or not before.calls:
        return ""
    difference = now.calls - before.calls
    return "与上期持平" if not difference else f"{'↑' if difference > 0 else '↓'} {abs(difference) / before.calls:.0%}"


def formula(figure: Figure, sums: Sums) -> str:
    """What stands above and below the line: `25 / 40`."""
    below = figure.denominator(sums)
    return f"{figure.numerator(sums):,.0f} / {below:,}" if below else "没有可算的通话"


def group_name(by: str, name: str, titles: Titles) -> str:
    """What a group is called."""
    known = {"mode": MODES, "route": titles.routes, "hotline": titles.hotlines}.get(by, {})
    return known.get(name, name) or NONE
