"""Prompts: fixed sentences with values in them, as in `您的话费余额为{account.balance | amount}。`"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.dialogue.actions import Piece, Text, Value
from gateway.dialogue.expressions import EvaluationError, Expression
from gateway.dialogue.quoting import listed, quoted
from gateway.dialogue.sayable import KINDS, UnsayableError, sayable

MAX_LENGTH = 1000
_FIELD = re.compile(r"\{([^{}]*)\}")
_WIDE_BRACE = re.compile(r"[｛｝]")
_SPOKEN = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Field:
    """A value to be read aloud by its kind."""

    expression: Expression
    kind: str


@dataclass(frozen=True, slots=True)
class Template:
    """A prompt as it stands in the flow: fixed texts (str) and fields, in order."""

    source: str
    parts: tuple[str | Field, ...]

    @classmethod
    def parse(cls, source: str) -> Template:
        """Raises ValueError saying what is wrong with it."""
        if len(source) > MAX_LENGTH:
            raise ValueError(f"这句提示语超过 {MAX_LENGTH} 个字；请分成几句")
        if _WIDE_BRACE.search(source):
            raise ValueError("全角的花括号会被念出来；数据请用半角的 `{` 和 `}`")
        parts: list[str | Field] = []
        for index, piece in enumerate(_FIELD.split(source)):
            if index % 2:
                parts.append(_field(piece))
            elif "{" in piece or "}" in piece:
                raise ValueError("花括号没有成对；数据请写成 `{account.balance | amount}`")
            elif piece:
                parts.append(piece)
        if not _SPOKEN.search(source):
            raise ValueError("提示语是空的；请写上要说的话")
        return cls(source, tuple(parts))

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(part for part in self.parts if isinstance(part, Field))

    @property
    def texts(self) -> tuple[str, ...]:
        """The fixed parts, as written."""
        return tuple(part for part in self.parts if isinstance(part, str))

    def render(self, names: Mapping[str, Any], recorded: Collection[str]) -> tuple[Piece, ...]:
        """The pieces to be said. Raises UnsayableError when a value is missing or not of its kind."""
        return tuple(Text(part) if isinstance(part, str) else _value(part, names, recorded) for part in self.parts)


def _field(source: str) -> Field:
    expression, bar, kind = source.rpartition("|")
    known = f"可以用 {listed(KINDS)}"
    if not bar:
        raise ValueError(f"`{{{source}}}` 没写怎么读；请写成 `{{{source.strip()} | 怎么读}}`，{known}")
    kind = kind.strip()
    if kind not in KINDS:
        close = difflib.get_close_matches(kind, KINDS, 1)
        raise ValueError(f"没有读法 {quoted(kind)}；" + (f"是不是 {quoted(close[0])}？" if close else known))
    return Field(Expression.parse(expression), kind)


def _value(field: Field, names: Mapping[str, Any], recorded: Collection[str]) -> Value:
    try:
        value = field.expression.evaluate(names)
    except EvaluationError as error:
        raise UnsayableError(str(error)) from error
    return Value(field.kind, sayable(field.kind, value, recorded))
