"""What a supervisor may write in flags.yaml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from gateway.analytics.flags.conditions.asked_for_human import AskedForHuman
from gateway.analytics.flags.conditions.elderly import ElderlyNotOfferedHuman
from gateway.analytics.flags.conditions.long_silence import LongSilence
from gateway.analytics.flags.conditions.loop import Loop
from gateway.analytics.flags.conditions.low_confidence import LowConfidence
from gateway.analytics.flags.conditions.repeat_contact import RepeatContact
from gateway.analytics.flags.conditions.silent_abandon import SilentAbandon
from gateway.analytics.flags.conditions.view import CallCondition
from gateway.findings import Severity
from gateway.strict import Strict

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Word = Annotated[str, StringConstraints(pattern=r"\w")]
Lift = Literal["negation", "report"]


class Unless(Strict):
    """What takes a finding back that it overlaps: 垃圾短信 is no insult."""

    words: tuple[Word, ...] = ()
    patterns: tuple[str, ...] = ()


class Condition(Strict):
    """One way in which a flag is raised: by words, or by how the call went. Just one of the two."""

    words: tuple[Word, ...] = ()
    """Found also by their sound, from three syllables on."""
    sound: tuple[Word, ...] = ()
    """Found also by their sound although they have only two syllables."""
    exact: tuple[Word, ...] = ()
    """Found only as they are written."""
    patterns: tuple[str, ...] = ()
    unless: Unless = Unless()
    lifted_by: tuple[Lift, ...] = ("negation", "report")
    anger: int = Field(default=0, ge=0, le=3)
    """Counts only where the mood is at least as angry."""
    participant: Literal["customer", "agent"] = "customer"
    severity: Severity | None = None
    """Instead of the flag's."""

    repeat_contact: RepeatContact | None = None
    asked_for_human: AskedForHuman | None = None
    loop: Loop | None = None
    silent_abandon: SilentAbandon | None = None
    elderly_not_offered_human: ElderlyNotOfferedHuman | None = None
    long_silence: LongSilence | None = None
    low_confidence: LowConfidence | None = None

    @property
    def calls(self) -> tuple[CallCondition, ...]:
        """What it asks of the call; a valid condition has one, or words."""
        kinds = (
            self.repeat_contact,
            self.asked_for_human,
            self.loop,
            self.silent_abandon,
            self.elderly_not_offered_human,
            self.long_silence,
            self.low_confidence,
        )
        return tuple(kind for kind in kinds if kind is not None)

    @property
    def has_words(self) -> bool:
        """It looks for words or patterns."""
        return bool(self.words or self.sound or self.exact or self.patterns)

    @model_validator(mode="after")
    def _one_kind(self) -> Condition:
        if self.has_words + len(self.calls) != 1:
            raise ValueError("一个条件要么写话（`words`、`patterns` 等），要么写一种通话的情况；请分开，或补上")
        return self


class FlagRule(Strict):
    """One flag."""

    title: Word
    """What supervisors read."""
    severity: Severity
    unless: Unless = Unless()
    """For all its conditions."""
    conditions: tuple[Condition, ...] = Field(min_length=1)


class FlagFile(Strict):
    """The whole file."""

    heard_as: tuple[Word, ...] = ()
    """Words that patterns use and that recognisers write with other characters of the same sound."""
    keep: tuple[Word, ...] = ()
    """Words that stay as they are although they sound like others of this file."""
    parts: dict[str, str] = Field(default_factory=dict)
    """Pieces of patterns, by the name that stands for them: `<多次>`."""
    flags: dict[Name, FlagRule]
