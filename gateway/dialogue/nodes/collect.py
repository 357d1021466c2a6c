"""`collect`: fill a slot from what the caller says or keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from gateway.dialogue.actions import KeyEntry
from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import Expr, Identifier, Key, Prompt
from gateway.dialogue.nodes.base import Place, Scene
from gateway.dialogue.nodes.question import Asked
from gateway.dialogue.template import Template

MAX_DIGITS = 32


class Collect(Asked):
    """Goes to `then` once the slot is filled."""

    kind: ClassVar[str] = "collect"
    collect: Prompt
    slot: Identifier
    skip_when: Expr | None = None
    """Nothing is asked when this holds."""
    min_digits: Annotated[int, Field(ge=1, le=MAX_DIGITS)] = 1
    """Of a number, spoken or keyed; digits and phone numbers only."""
    max_digits: Annotated[int, Field(ge=1, le=MAX_DIGITS)] = MAX_DIGITS
    finish_on_key: Key | None = None

    @property
    def prompt(self) -> Template:
        return self.collect

    def passed_over(self, scene: Scene) -> str | None:
        return self.then if self.skip_when is not None and scene.holds(self.skip_when) else None

    def key_entry(self, inter_digit_timeout_ms: int) -> KeyEntry:
        return KeyEntry(self.min_digits, self.max_digits, self.finish_on_key, inter_digit_timeout_ms)

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        yield from super().expressions()
        if self.skip_when is not None:
            yield ("skip_when",), self.skip_when
