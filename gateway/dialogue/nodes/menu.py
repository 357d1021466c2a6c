"""`menu`: let the caller choose, by voice or with one key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.dialogue.actions import KeyEntry
from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import Identifier, Key, Label, Phrase, Prompt, Strict
from gateway.dialogue.nodes.base import Fills, Place
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.template import Template

OptionIds = Annotated[tuple[Identifier, ...], Field(min_length=1)]
Phrases = Annotated[tuple[Phrase, ...], Field(min_length=1)]


class Option(Strict):
    """Something to choose. An option named like a universal or a mode takes from it whatever it leaves out."""

    label: Label | None = None
    """How it is called when it is confirmed; the first phrase when left out."""
    phrases: Phrases | None = None
    key: Key | None = None
    means: Literal["yes", "no"] | None = None
    """Any way of saying yes (or no) chooses it, besides its phrases."""
    go: Identifier | None = None
    mode: Identifier | None = None
    """Choosing it switches to this mode, and asks again unless there is a `go`."""
    fills: Fills = Field(default_factory=dict, alias="set")
    """Slots and variables that choosing it fills."""


class Group(Strict):
    """Some of a menu's options, offered together."""

    say: Prompt
    offers: OptionIds


class Menu(Question):
    """Goes where the chosen option leads."""

    kind: ClassVar[str] = "menu"
    menu: Prompt
    options: Annotated[dict[Identifier, Option], Field(min_length=1)]
    include: Identifier | None = None
    """Another menu whose options can be chosen here too."""
    offers: tuple[Identifier, ...] = ()
    """The options that the prompt names; their phrases are what the recogniser expects first."""
    groups: tuple[Group, ...] = ()
    """What is said instead of `menu`, a few options at a time; `more` leads from one group to the next."""

    @property
    def prompt(self) -> Template:
        return self.menu

    def key_entry(self, inter_digit_timeout_ms: int) -> KeyEntry:
        return KeyEntry(inter_digit_timeout_ms=inter_digit_timeout_ms)

    def targets(self) -> Iterator[tuple[Place, str]]:
        yield from super().targets()
        for name, option in self.options.items():
            if option.go:
                yield ("options", name, "go"), option.go

    def prompts(self) -> Iterator[tuple[Place, Template]]:
        yield from super().prompts()
        for index, group in enumerate(self.groups):
            yield ("groups", index, "say"), group.say

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        for name, option in self.options.items():
            for slot, expression in option.fills.items():
                yield ("options", name, "set", slot), expression
