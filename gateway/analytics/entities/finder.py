"""What is named in a conversation: numbers of people and things, money, amounts of data, days, products, places."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from asr.text.numbers import parse_integer
from gateway.analytics.conversation import Segment
from gateway.analytics.entities.chains import chained
from gateway.analytics.entities.measures import find_measures
from gateway.analytics.entities.named import Names
from gateway.analytics.entities.numbers import NOTHING, Asked, asked_about, find_numbers
from gateway.analytics.entities.places import Gazetteer
from gateway.analytics.entities.plain import Plain, plain
from gateway.analytics.entities.rules import load_entity_rules
from gateway.findings import Entity

MAX_CHARACTERS = 10_000
"""Of a text, so many are looked at: half an hour of talking."""
_ORDER = (
    *("id_card", "bank_card", "phone", "verification_code", "address"),
    *("product", "amount", "data_volume", "date", "number", "place"),
)
"""The most specific first: where two overlap, the first stays."""
_RANK = {kind: rank for rank, kind in enumerate(_ORDER)}
_NUMERAL = re.compile(r"[0-9零一二两三四五六七八九十百千万幺洞拐勾双半今昨明前后上下这本当周月]")
_DIGITS = re.compile(r"[0-9零一二两三四五六七八九幺洞拐勾双](?:.{0,6}?[0-9零一二两三四五六七八九幺洞拐勾千]){2}")
_PLAN = re.compile(r"(?P<price>[0-9]{1,3}|[零一二两三四五六七八九幺十百]{1,6})(?:[块元]钱?)?(?:的|那个|这个)*套餐")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in a text that may be an entity."""

    kind: str
    value: str
    start: int
    """In the plain text."""
    end: int


class EntityFinder:
    """Finds entities; see `load`."""

    def __init__(self, products: Names, gazetteer: Gazetteer) -> None:
        self._products = products
        self._gazetteer = gazetteer

    @classmethod
    def load(cls, rules: Path | None = None) -> EntityFinder:
        """With the products and places of the operator's entities.yaml in the folder `rules`, else the package's.

        Raises:
            RulesError: with every mistake in it.
        """
        known = load_entity_rules(rules)
        names = ((name, product.name) for product in known.products for name in (product.name, *product.also))
        return cls(Names(names, by_sound=True), Gazetteer(known.places))

    def find(self, segment: Segment, today: date, asked: str = "") -> tuple[Entity, ...]:
        """All in one segment, from left to right, without overlaps. Any text will do.

        Args:
            today: what 昨天 is told by.
            asked: the question that it answers; 验证码 in it says what digits are.
        """
        form = plain(segment.text[:MAX_CHARACTERS])
        found = _chosen(self.candidates(form.text, today, asked_about(plain(asked).text) if asked else NOTHING))
        return tuple(_entity(segment, form, one) for one in found)

    def within(self, segments: Sequence[Segment], today: date) -> tuple[Entity, ...]:
        """All that the caller said and pressed, and numbers that they said piece by piece, in order.

        The evidence of such a number is its first piece; it lasts until the end of its last one.
        """
        found = []
        pieces = chained(segments)
        taken = {(piece.segment.index, at) for chain in pieces for piece in chain.pieces for at in piece.characters}
        for segment, asked in _with_questions(segments):
            for entity in self.find(segment, today, asked):
                place = range(entity.evidence.start, entity.evidence.end)
                if not any((segment.index, at) in taken for at in place):
                    found.append(entity)
        found += [chain.entity() for chain in pieces]
        return tuple(sorted(found, key=lambda one: (one.evidence.segment, one.evidence.start)))

    def candidates(self, text: str, today: date, asked: Asked = NOTHING) -> Iterator[Candidate]:
        """All that may be an entity in a plain text; they overlap."""
        for name in self._products.find(text):
            yield Candidate("product", name.value, name.start, name.end)
        for where in self._gazetteer.find(text):
            yield Candidate(where.kind, where.value, where.start, where.end)
        if not _NUMERAL.search(text):
            return
        for measure in find_measures(text, today):
            yield Candidate(measure.kind, measure.value, measure.start, measure.end)
        if "套餐" in text:
            yield from _plans(text)
        if _DIGITS.search(text):
            for number in find_numbers(text, asked):
                yield Candidate(number.kind, number.value, number.start, number.end)


def _with_questions(segments: Sequence[Segment]) -> Iterator[tuple[Segment, str]]:
    asked = ""
    for segment in segments:
        if segment.participant != "customer":
            asked = segment.text or asked
        elif segment.text:
            yield segment, asked


def _plans(text: str) -> Iterator[Candidate]:
    """A plan by its price: 三十九块的套餐, 幺二九套餐."""
    for found in _PLAN.finditer(text):
        price = parse_integer(found["price"])
        if price and price not in {4, 5}:
            yield Candidate("product", f"{price}元套餐", *found.span())


def _chosen(candidates: Iterable[Candidate]) -> list[Candidate]:
    """The best ones that don't overlap, in their order."""
    chosen: list[Candidate] = []
    for one in sorted(candidates, key=lambda one: (_RANK[one.kind], one.start - one.end, one.start)):
        if all(one.end <= other.start or one.start >= other.end for other in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.start)


def _entity(segment: Segment, form: Plain, found: Candidate) -> Entity:
    return Entity(kind=found.kind, value=found.value, evidence=segment.evidence(*form.original(found.start, found.end)))
