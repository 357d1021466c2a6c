"""What `menu` and `collect` share: how long to wait, what to accept, and what to say when it fails."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from gateway.dialogue.actions import KeyEntry
from gateway.dialogue.expressions import Expression
from gateway.dialogue.fields import BargeIn, DurationMs, Identifier, Phrase, Prompt, Score, Strict
from gateway.dialogue.nodes.base import Fills, Node, Place, Scene
from gateway.dialogue.template import Template

Confirm = Literal["always", "low_confidence", "never"]
Wordings = Annotated[tuple[Prompt, ...], Field(min_length=1)]
"""What is said at the first failure, at the second, and so on; the last one again when there are more failures."""


class Settings(Strict):
    """Everything that a question may set for itself; what it leaves out comes from the flow's `answers`."""

    timeout: DurationMs | None = None
    speech_timeout: DurationMs | None = None
    complete_timeout: DurationMs | None = None
    """Silence that ends what is already a whole answer: a sure phrase, eleven digits."""
    incomplete_timeout: DurationMs | None = None
    """Silence that ends what plainly is none yet: a hesitation, half a number. None: by `speech_timeout`."""
    inter_digit_timeout: DurationMs | None = None
    max_speech: DurationMs | None = None
    max_retries: Annotated[int, Field(ge=1, le=10)] | None = None
    """The failure that leads to a human; no input, no match and refused confirmations count together."""
    barge_in: BargeIn | None = None
    confirm: Confirm | None = None
    accept_score: Score | None = None
    confirm_score: Score | None = None
    engine: Identifier | None = None
    """Who hears the answers: a recogniser's name in the settings; None: the default one."""
    confirm_prompt: Prompt | None = None
    """Asks for a yes; knows `option` (the label of a menu option) or `value` (of a slot)."""
    confirm_again: Wordings | None = None
    denied: Prompt | None = None
    no_input: Wordings | None = None
    """Said before the question is put again, by number of failures."""
    no_match: Wordings | None = None


class Answers(Settings):
    """The flow's defaults for all its questions, with the built-in defaults of the times and counts."""

    timeout: DurationMs = 5000
    speech_timeout: DurationMs = 600
    complete_timeout: DurationMs = 450
    inter_digit_timeout: DurationMs = 3000
    max_speech: DurationMs = 15_000
    max_retries: Annotated[int, Field(ge=1, le=10)] = 3
    barge_in: BargeIn = "speech"
    confirm: Confirm = "low_confidence"
    accept_score: Score = 0.45
    """From this score on a phrase is taken at its word, and a value needs no confirmation."""
    confirm_score: Score = 0.35
    """From this score on a phrase is asked about; below, nothing was understood."""
    confirm_prompt: Prompt
    confirm_again: Wordings
    denied: Prompt
    no_input: Wordings
    no_match: Wordings

    def merged(self, own: Settings) -> Answers:
        """These defaults with what a question sets for itself."""
        named = {name: getattr(own, name) for name in Settings.model_fields}
        return self.model_copy(update={name: value for name, value in named.items() if value is not None})


class Question(Node, Settings):
    """A node that waits for an answer."""

    again: Wordings | None = None
    """The question in other words, by number of failures."""
    hints: tuple[Phrase, ...] = ()
    """Words that the recogniser should expect, besides the phrases."""
    on_error: Identifier | None = None
    """Where `max_retries` failures lead; None: to a human."""

    @property
    @abstractmethod
    def prompt(self) -> Template:
        """The question itself."""

    @abstractmethod
    def key_entry(self, inter_digit_timeout_ms: int) -> KeyEntry:
        """Which keys make an answer."""

    def enter(self, scene: Scene) -> str | None:
        scene.ask()
        return None

    @property
    def failure(self) -> str | None:
        return self.on_error

    def targets(self) -> Iterator[tuple[Place, str]]:
        if self.on_error:
            yield ("on_error",), self.on_error

    def prompts(self) -> Iterator[tuple[Place, Template]]:
        yield (self.kind,), self.prompt
        yield from prompts_of(self)
        for index, wording in enumerate(self.again or ()):
            yield ("again", index), wording


class Asked(Question):
    """A question with one way on once it is answered."""

    then: Identifier
    fills: Fills = Field(default_factory=dict, alias="set")
    """Slots and variables to fill when it is answered."""

    def onward(self, scene: Scene) -> str:
        """It is answered: fill what it sets, and go on. Raises EvaluationError."""
        scene.fill_all(self.fills)
        return self.then

    def targets(self) -> Iterator[tuple[Place, str]]:
        yield from super().targets()
        yield ("then",), self.then

    def expressions(self) -> Iterator[tuple[Place, Expression]]:
        for name, expression in self.fills.items():
            yield ("set", name), expression


def prompts_of(settings: Settings) -> Iterator[tuple[Place, Template]]:
    """The wordings among the settings."""
    for name in ("confirm_prompt", "denied"):
        if (prompt := getattr(settings, name)) is not None:
            yield (name,), prompt
    for name in ("confirm_again", "no_input", "no_match"):
        for index, wording in enumerate(getattr(settings, name) or ()):
            yield (name, index), wording
