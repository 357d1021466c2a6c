"""How values are written in quality.yaml, each read strictly and with an error that says how to write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.analytics.patterns import Pattern
from gateway.analytics.quality.text import fold

Side = Literal["customer", "agent", "system", "service"]
"""Whose words: the caller's, a human's, the machine's; `service` is the hotline's, human or machine."""

_TIME = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|h)")
_UNITS_MS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000}
MAX_TIME_MS = 24 * 3_600_000


def _time_ms(value: Any) -> float:  # noqa: ANN401 -- an operator can write anything
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError("不是时长；请写成 `800ms`、`8s` 或 `5m`")
    time_ms = float(match[1]) * _UNITS_MS[match[2]]
    if not 0 < time_ms <= MAX_TIME_MS:
        raise ValueError("时长要大于 0，最多 `24h`；请改正")
    return time_ms


@dataclass(frozen=True, slots=True)
class Extent:
    """So many segments of one side, or so much time: one of the two is None."""

    segments: int | None
    time_ms: float | None


def _extent(value: Any) -> Extent:  # noqa: ANN401
    if isinstance(value, int) and not isinstance(value, bool):
        if not 0 < value <= 1000:
            raise ValueError("句数不对；请写 1 到 1000")
        return Extent(value, None)
    try:
        return Extent(None, _time_ms(value))
    except ValueError:
        raise ValueError("请写几句，如 `2`，或多久，如 `20s`") from None


def _pattern(value: Any) -> Pattern:  # noqa: ANN401
    if not isinstance(value, str):
        raise ValueError("不是文字；请加引号")
    return Pattern(value)


def _sayable(value: str) -> str:
    if not fold(value)[0]:
        raise ValueError("没有能说出来的字；请改正")
    return value


TimeMs = Annotated[float, BeforeValidator(_time_ms)]
"""Written 800ms, 8s, 5m or 1h; held in ms."""
Stretch = Annotated[Extent, BeforeValidator(_extent)]
"""Written 2 (segments) or 20s."""
Regex = Annotated[Pattern, BeforeValidator(_pattern)]
"""A regular expression, compiled."""
Sayable = Annotated[str, AfterValidator(_sayable)]
Phrases = Annotated[tuple[Sayable, ...], Field(min_length=1)]
Count = Annotated[int, Field(ge=1, le=1000)]
Likeness = Annotated[float, Field(ge=0.3, le=1.0)]
"""Below 0.3 any two sentences are alike."""
