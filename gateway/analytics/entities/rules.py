"""entities.yaml: the products and places that callers name."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from gateway.analytics.rulefiles import load_rules, refuse, rule_file
from gateway.dialogue.mistakes import Mistake
from gateway.strict import Strict

Name = Annotated[str, Field(min_length=2, max_length=20, pattern=r"\w")]


class Product(Strict):
    """Something that is sold, and what it is called."""

    name: Name
    also: tuple[Name, ...] = ()
    """Other names of it."""


class Places(Strict):
    """Provinces and cities, without 省 and 市."""

    provinces: tuple[Name, ...] = ()
    cities: tuple[Name, ...] = ()
    ambiguous: tuple[Name, ...] = ()
    """Those that are words too (开封, 三明): only with 市 or 省 after them."""


class EntityRules(Strict):
    """The file."""

    products: tuple[Product, ...] = ()
    places: Places = Places()


def load_entity_rules(folder: Path | None = None) -> EntityRules:
    """The operator's entities.yaml in `folder`, else the package's.

    Raises:
        RulesError: with every mistake in it.
    """
    rules, source = load_rules(EntityRules, rule_file("entities.yaml", folder))
    mistakes, seen = [], dict[str, str]()
    for index, product in enumerate(rules.products):
        for place, name in (
            (("products", index, "name"), product.name),
            *((("products", index, "also", at), other) for at, other in enumerate(product.also)),
        ):
            if name in seen:
                mistakes.append(Mistake(place, f"“{name}”前面写过，是“{seen[name]}”的名称；请删掉一个"))
            seen.setdefault(name, product.name)
    known = {*rules.places.provinces, *rules.places.cities}
    mistakes += [
        Mistake(("places", "ambiguous", index), f"“{name}”不在 `provinces` 和 `cities` 里；请删掉，或加到那里")
        for index, name in enumerate(rules.places.ambiguous)
        if name not in known
    ]
    refuse(source, mistakes)
    return rules
