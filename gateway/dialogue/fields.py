"""Types of the flow file's fields, each read strictly and with an error that says how to write it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from gateway.dialogue.expressions import Expression
from gateway.dialogue.template import Template

_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s)")
_WIDE_COMMA = re.compile(r"[，、；：]")
_MAX_DURATION_MS = 600_000


def _duration_ms(value: Any) -> int:  # noqa: ANN401 -- a designer can write anything
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError("不是时长；请写成 `5s` 或 `600ms`")
    duration_ms = round(float(match[1]) * (1000 if match[2] == "s" else 1))
    if not 0 < duration_ms <= _MAX_DURATION_MS:
        raise ValueError("时长要大于 0，最多 `600s`；请改正")
    return duration_ms


_DEADLINE = re.compile(r"(\d{1,5})(m|h|d)")
_SECONDS = {"m": 60, "h": 3600, "d": 86400}
_MAX_DEADLINE = timedelta(days=366)


def _deadline(value: Any) -> timedelta:  # noqa: ANN401
    match = _DEADLINE.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError("不是期限；请写成 `30m`、`4h` 或 `2d`")
    deadline = timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
    if not timedelta(0) < deadline <= _MAX_DEADLINE:
        raise ValueError("期限要大于 0，最多 `366d`；请改正")
    return deadline


def _text(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        raise ValueError("不是文字；请加引号")
    return value


def _prompt(value: Any) -> Template:  # noqa: ANN401
    return value if isinstance(value, Template) else Template.parse(_text(value))


def _expression(value: Any) -> Expression:  # noqa: ANN401
    return value if isinstance(value, Expression) else Expression.parse(_text(value))


def _without_wide_commas(value: str) -> str:
    """What is said has no marks, so these are lists whose commas were typed in Chinese."""
    if mark := _WIDE_COMMA.search(value):
        raise ValueError(f"“{value}”里有全角的“{mark[0]}”；列表请用半角逗号隔开，如 `[一, 二]`")
    return value


class Strict(BaseModel):
    """A part of a flow: immutable, unknown keys refused, nothing converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)


DurationMs = Annotated[
    int, BeforeValidator(_duration_ms), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?(ms|s)$"})
]
"""Written 5s or 600ms; held in ms."""

Deadline = Annotated[
    timedelta, BeforeValidator(_deadline), WithJsonSchema({"type": "string", "pattern": r"^\d{1,5}(m|h|d)$"})
]
"""Written 30m, 4h or 2d."""

Prompt = Annotated[Template, BeforeValidator(_prompt), WithJsonSchema({"type": "string"})]
Expr = Annotated[Expression, BeforeValidator(_expression), WithJsonSchema({"type": "string"})]

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""Of a node, slot, option, universal or mode."""

BargeIn = Literal["off", "dtmf", "speech", "keyword"]
"""What may cut a prompt."""

Key = Annotated[str, StringConstraints(pattern=r"^[0-9*#]$")]
"""One key of the telephone, in quotes."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"\w")]
"""How something is called when it is said."""
Phrase = Annotated[Label, AfterValidator(_without_wide_commas)]
"""Something that is said in one breath."""
Score = Annotated[float, Field(ge=0, le=1)]
