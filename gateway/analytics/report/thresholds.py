"""thresholds.yaml: the lines that figures ought not to cross, and the days of a repeated call."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from gateway.analytics.report.figures import FIGURES
from gateway.analytics.rulefiles import load_rules, refuse, rule_file
from gateway.dialogue.fields import Identifier, Strict
from gateway.dialogue.mistakes import Mistake, unknown
from gateway.findings import Severity

FILE = "thresholds.yaml"
_TIME = re.compile(r"(\d{1,4})(m|h|d)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LONGEST = dt.timedelta(days=92)


def _time(value: Any) -> dt.timedelta:  # noqa: ANN401 -- an operator can write anything
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError("不是时长；请写成 `30m`、`2h` 或 `7d`")
    time = dt.timedelta(**{_UNITS[match[2]]: int(match[1])})
    if not dt.timedelta(0) < time <= _LONGEST:
        raise ValueError("时长要大于 0，最多 `92d`；请改正")
    return time


class Line(Strict):
    """One alert: a figure above or below what it ought to be."""

    title: Annotated[str, StringConstraints(pattern=r"\w", max_length=200)]
    figure: str
    """A name of `FIGURES`."""
    hotline: tuple[str, ...] | None = None
    """Each of these by itself; `*` is each hotline that had calls. All together when not given."""
    above: float | None = None
    below: float | None = None
    over_last: Annotated[dt.timedelta, BeforeValidator(_time)]
    at_least: Annotated[int, Field(ge=1)] = 20
    """Fewer calls below the line of the figure's formula prove nothing."""
    severity: Severity = "medium"

    @field_validator("figure")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in FIGURES:
            raise ValueError(unknown("指标", name, FIGURES))
        return name

    @model_validator(mode="after")
    def _is_sound(self) -> Line:
        limits = [one for one in (self.above, self.below) if one is not None]
        if len(limits) != 1:
            raise ValueError("`above` 和 `below` 要写一个，也只能写一个；请改正")
        most = {"share": 1.0, "score": 5.0, "seconds": 86_400.0}[FIGURES[self.figure].unit]
        if not 0 <= limits[0] <= most:
            raise ValueError(f"`{self.figure}` 在 0 到 {most:g} 之间；请写这个范围里的数")
        return self


class Thresholds(Strict):
    """The whole file."""

    repeat_days: Annotated[int, Field(ge=1, le=90)] = 7
    """The N of 一次解决率 and 重复来电率."""
    alerts: dict[Identifier, Line] = Field(default_factory=dict)

    @classmethod
    def load(cls, rules: Path | None = None) -> Thresholds:
        """From the operator's folder of rule files, else those of the package.

        Raises:
            RulesError: no such folder, or mistakes in the file; all of them.
        """
        found, source = load_rules(cls, rule_file(FILE, rules))
        days = dt.timedelta(days=found.repeat_days)
        too_short = [
            Mistake(("alerts", name, "over_last"), f"`first_contact` 过 {days.days} 天才知道；请写长一些")
            for name, line in found.alerts.items()
            if line.figure == "first_contact" and line.over_last <= days
        ]
        refuse(source, too_short)
        return found
