"""The figures, each a formula over sums. docs/figures.zh.md tells what counts above and below each line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.analytics.report.groups import By
from gateway.analytics.report.sums import Sums

Unit = Literal["share", "seconds", "score"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it is called, and how it is reckoned."""

    name: str
    title: str
    unit: Unit
    numerator: Callable[[Sums], float]
    denominator: Callable[[Sums], int]

    def value(self, sums: Sums) -> float | None:
        """A share (0 to 1), seconds, or a score (1 to 5); None when nothing is below the line."""
        below = self.denominator(sums)
        return self.numerator(sums) / below if below else None


def _ended(sums: Sums) -> int:
    return sums.ended


_ALL = (
    Figure("answered", "接通率", "share", lambda sums: sums.calls, lambda sums: sums.calls + sums.turned_away),
    Figure("containment", "自助率", "share", lambda sums: sums.served, _ended),
    Figure("transfer", "转人工率", "share", lambda sums: sums.transferred, _ended),
    Figure("abandonment", "中途放弃率", "share", lambda sums: sums.abandoned, _ended),
    Figure("failure", "异常结束率", "share", lambda sums: sums.failed, _ended),
    Figure("first_contact", "一次解决率", "share", lambda sums: sums.not_again, lambda sums: sums.judged),
    Figure("repeat", "重复来电率", "share", lambda sums: sums.again, lambda sums: sums.known),
    Figure("satisfaction", "满意率（4、5 分）", "share", lambda sums: sums.content, lambda sums: sums.rated),
    Figure("satisfaction_score", "满意度平均分", "score", lambda sums: sums.score, lambda sums: sums.rated),
    Figure("rated", "参评率", "share", lambda sums: sums.rated, _ended),
    Figure("handling_time", "平均通话时长", "seconds", lambda sums: sums.duration_ms / 1000, lambda sums: sums.timed),
)
FIGURES: Mapping[str, Figure] = {figure.name: figure for figure in _ALL}
"""By name, in the order in which they are told."""


def told_apart(by: By | None) -> Mapping[str, Figure]:
    """The figures that groups have: not 接通率 where who was not answered came to no node, or said nothing."""
    if by not in ("node", "mode", "route"):
        return FIGURES
    return {name: figure for name, figure in FIGURES.items() if name != "answered"}
