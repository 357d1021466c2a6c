"""Scorecards: the rules of quality.yaml applied to a conversation that is over, rule by rule, with evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from gateway.analytics.conversation import Conversation
from gateway.analytics.quality.condition import Condition
from gateway.analytics.quality.fields import Side
from gateway.analytics.quality.talk import Found, Talk
from gateway.analytics.rulefiles import load_rules, rule_file
from gateway.dialogue.fields import Identifier, Strict
from gateway.findings import Flag, QualityCard, QualityHit, TurnFindings

FILE = "quality.yaml"
MAX_EVIDENCE = 20
"""Pieces of evidence of one rule that are kept, the earliest."""
SURE = 0.5
"""From which probability on a turn is of a route."""

_Title = Annotated[str, StringConstraints(pattern=r"\w", max_length=200)]
_Points = Annotated[float, Field(ge=-100, le=100)]
_OneOrMore = Annotated[tuple[Annotated[str, StringConstraints(min_length=1)], ...], Field(min_length=1)]


class AppliesWhen(Strict):
    """Which conversations a card or a rule is for: those of which all that is given is so."""

    source: Literal["call", "recording"] | None = None
    hotline: _OneOrMore | None = None
    """Names of flows."""
    mode: _OneOrMore | None = None
    route: _OneOrMore | None = None
    """One of the caller's turns is of one of these routes, at least half sure."""
    participant: Annotated[tuple[Side, ...], Field(min_length=1)] | None = None
    """All of these say something."""
    condition: Condition | None = None
    """This is so."""

    def fits(self, talk: Talk) -> bool:
        """Whether the conversation is one of them."""
        call = talk.conversation
        return (
            (self.source is None or call.source == self.source)
            and (self.hotline is None or call.hotline in self.hotline)
            and (self.mode is None or call.mode in self.mode)
            and (self.route is None or not _routes(talk).isdisjoint(self.route))
            and all(talk.by(side) for side in self.participant or ())
            and (self.condition is None or self.condition.find(talk).holds)
        )


def _routes(talk: Talk) -> set[str]:
    return {turn.route.route for turn in talk.turns if turn.route.probability >= SURE}


class Rule(Strict):
    """One line of a scorecard: something that must be, must not be, or earns points when it is."""

    title: _Title
    must: Condition | None = None
    must_not: Condition | None = None
    bonus: Condition | None = None
    points: _Points = 0.0
    """Deducted (written -5) when `must` or `must_not` is broken; added (5) when `bonus` is so."""
    fatal: bool = False
    """Broken, it fails the card, and the card's score is 0."""
    applies_when: AppliesWhen = AppliesWhen()

    @model_validator(mode="after")
    def _is_sound(self) -> Rule:
        given = [one for one in (self.must, self.must_not, self.bonus) if one is not None]
        if len(given) != 1:
            raise ValueError("`must`、`must_not`、`bonus` 要写一个，也只能写一个；请改正")
        if self.bonus is not None:
            if self.points <= 0 or self.fatal:
                raise ValueError("`bonus` 是加分；请把 `points` 写成正数，不写 `fatal`")
        elif self.points > 0:
            raise ValueError(f"不合要求是扣分；请写 `points: {-self.points:g}`，或改成 `bonus`")
        elif not self.points and not self.fatal:
            raise ValueError("没有分数的规则不起作用；请把 `points` 写成负数，或写 `fatal: true`")
        return self

    def hit(self, name: str, talk: Talk) -> QualityHit:
        """How it went. A bonus can't be failed: when it isn't earned, it is passed with no points."""
        if self.bonus is not None:
            found = self.bonus.find(talk)
            return self._hit(name, found, passed=True, points=self.points if found.holds else 0.0)
        wanted = self.must or self.must_not
        found = wanted.find(talk) if wanted else Found(True)
        passed = found.holds is (self.must is not None)
        return self._hit(name, found, passed=passed, points=0.0 if passed else self.points)

    def _hit(self, name: str, found: Found, *, passed: bool, points: float) -> QualityHit:
        evidence = found.evidence[:MAX_EVIDENCE]
        return QualityHit(rule=name, title=self.title, points=points, passed=passed, evidence=evidence)


class Card(Strict):
    """A scorecard: a base, and rules that take from it or add to it."""

    title: _Title
    base: Annotated[float, Field(gt=0, le=100)] = 100.0
    applies_when: AppliesWhen = AppliesWhen()
    rules: Annotated[dict[Identifier, Rule], Field(min_length=1)]

    def fill_in(self, name: str, talk: Talk) -> QualityCard | None:
        """None when it isn't for this conversation, or none of its rules is."""
        if not self.applies_when.fits(talk):
            return None
        hits = [(rule, rule.hit(key, talk)) for key, rule in self.rules.items() if rule.applies_when.fits(talk)]
        if not hits:
            return None
        failed = any(rule.fatal and not hit.passed for rule, hit in hits)
        score = 0.0 if failed else min(100.0, max(0.0, self.base + sum(hit.points for _, hit in hits)))
        return QualityCard(
            card=name, title=self.title, score=round(score, 2), failed=failed, hits=tuple(hit for _, hit in hits)
        )


class QualityFile(Strict):
    """quality.yaml."""

    cards: Annotated[dict[Identifier, Card], Field(min_length=1)]


class Scorecards:
    """The scorecards of one quality.yaml."""

    def __init__(self, file: QualityFile) -> None:
        self.cards = dict(file.cards)

    @classmethod
    def load(cls, rules: Path | None = None) -> Scorecards:
        """From the operator's folder of rule files, else those of the package.

        Raises:
            RulesError: no such folder, or mistakes in the file; all of them.
        """
        return cls(load_rules(QualityFile, rule_file(FILE, rules))[0])

    def score(
        self, conversation: Conversation, turns: Sequence[TurnFindings], flags: Sequence[Flag] = ()
    ) -> tuple[QualityCard, ...]:
        """Every card that is for this conversation, in the file's order.

        None while it is going on: what wasn't said yet is no fault.
        """
        if not conversation.ended:
            return ()
        talk = Talk(conversation, turns, flags)
        cards = (card.fill_in(name, talk) for name, card in self.cards.items())
        return tuple(card for card in cards if card is not None)
