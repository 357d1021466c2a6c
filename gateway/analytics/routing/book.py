"""routes.yaml: which routes there are, whose work each is, and how callers put it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from asr.text import strip_punctuation
from gateway.analytics.routing.features import MAX_CHARACTERS, Sounds, heard
from gateway.analytics.rulefiles import load_rules, refuse, rule_file
from gateway.dialogue.mistakes import Mistake, unknown
from gateway.dialogue.nodes.base import Place
from gateway.errors import RulesError
from gateway.findings import OTHER
from gateway.strict import Strict

NAME = "routes.yaml"
FEWEST_EXAMPLES = 5
"""Of a route: cross-validation puts one into each of its five parts."""

_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
_Text = Annotated[str, Field(min_length=1)]


class RouteRule(Strict):
    """One route of the file."""

    label: _Text
    """What supervisors read."""
    skill_group: str
    outweighs: tuple[str, ...] = ()
    """Routes that don't count in a conversation that is also about this one: a query, where something is disputed."""
    examples: tuple[str, ...]
    """As callers say it."""


class Around(Strict):
    """What callers say around a matter: training examples are wrapped in it."""

    openings: tuple[_Text, ...] = ()
    closings: tuple[_Text, ...] = ()
    asides: tuple[_Text, ...] = ()
    """Complaints, thanks and circumstances: they go with any matter, and so decide none."""


class RouteRules(Strict):
    """The whole file."""

    skill_groups: dict[_Name, _Text] = Field(min_length=1)
    """Name -> what supervisors read."""
    routes: dict[_Name, RouteRule] = Field(min_length=2)
    around: Around = Around()


@dataclass(frozen=True, slots=True)
class RouteBook:
    """routes.yaml, read and checked."""

    file: Path
    digest: str
    """SHA-256 of the file's bytes, hex: which book a model was trained from."""
    rules: RouteRules

    def examples(self) -> Iterator[tuple[str, str]]:
        """All examples as (text, route), in the file's order."""
        for name, rule in self.rules.routes.items():
            for text in rule.examples:
                yield text, name

    def skill_group(self, route: str) -> str:
        """Whose work a route is; that of `OTHER` for a route that the file doesn't have."""
        routes = self.rules.routes
        return (routes.get(route) or routes[OTHER]).skill_group


def load_book(folder: Path | None = None, *, own: bool = False) -> RouteBook:
    """The operator's routes.yaml in `folder`, else the package's.

    Args:
        own: the folder must have one: nobody means to train the package's model by naming a folder of theirs.

    Raises:
        RulesError: it can't be read, or has mistakes; all of them at file:line:column.
    """
    file = rule_file(NAME, folder)
    if own and folder is not None and file.parent != folder:
        raise RulesError([f"{folder / NAME}: 没有这个文件；请把 {file} 复制过去再改"])
    rules, source = load_rules(RouteRules, file)
    refuse(source, list(_mistakes(rules)))
    return RouteBook(file, hashlib.sha256(source.raw).hexdigest(), rules)


def _mistakes(rules: RouteRules) -> Iterator[Mistake]:
    if OTHER not in rules.routes:
        yield Mistake(("routes",), f"缺少诉求 `{OTHER}`；请加上，放不属于别的诉求的话", at_key=True)
    first: dict[str, tuple[str, str]] = {}
    sounds = Sounds()
    for name, rule in rules.routes.items():
        place: Place = ("routes", name)
        if rule.skill_group not in rules.skill_groups:
            yield Mistake((*place, "skill_group"), unknown("技能组", rule.skill_group, rules.skill_groups))
        if len(rule.examples) < FEWEST_EXAMPLES:
            what = f"{len(rule.examples)} 个例句太少，学不会；请至少写 {FEWEST_EXAMPLES} 个，最好 60 个"
            yield Mistake((*place, "examples"), what, at_key=True)
        for index, lesser in enumerate(rule.outweighs):
            if lesser not in rules.routes:
                yield Mistake((*place, "outweighs", index), unknown("诉求", lesser, rules.routes))
        for index, text in enumerate(rule.examples):
            if wrong := _wrong(text, name, first, sounds):
                yield Mistake((*place, "examples", index), wrong)


def _wrong(text: str, route: str, first: dict[str, tuple[str, str]], sounds: Sounds) -> str | None:
    """What is wrong with one example, if anything."""
    said = heard(text, sounds)
    if not len(said):
        return "例句里没有能说出来的字；请写来电者的话，或删掉"
    if len(text) > MAX_CHARACTERS:
        return f"例句超过 {MAX_CHARACTERS} 个字；请缩短"
    same = strip_punctuation(text.lower())
    if same in first:
        other, earlier = first[same]
        where = "在这个诉求里写了两次" if other == route else f"在 `{other}` 里也有"
        return f"“{text}”{where}（写作“{earlier}”）；请只留一个"
    first[same] = (route, text)
    return None
