"""`mood.yaml`: which words are content and which are not, how strongly, and how angry they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from gateway.analytics.patterns import Pattern
from gateway.analytics.rulefiles import refuse, rule_file
from gateway.dialogue.fields import Strict
from gateway.dialogue.mistakes import Mistake, validated
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.source import read
from gateway.errors import FlowError, RulesError

FILE = "mood.yaml"
LONGEST_WORD = 20

_Words = tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_WORD)], ...]
_Patterns = tuple[Annotated[str, Field(min_length=1)], ...]


class Group(Strict):
    """Words and constructions that mean the same, and mean it equally strongly."""

    title: str
    score: Annotated[float, Field(ge=-5, le=5)]
    """Of one of them: above 0 content, below 0 discontent."""
    anger: Annotated[int, Field(ge=0, le=3)] = 0
    negated: Annotated[float, Field(ge=-5, le=5)] | None = None
    """The score under a negation; None for -0.8 of what is content, and 0 of what isn't."""
    by_sound: bool = True
    """Whether words of three characters and more are also found by their sound."""
    words: _Words = ()
    patterns: _Patterns = ()


class Neutral(Strict):
    """What looks like a mood and isn't."""

    words: _Words = ()
    patterns: _Patterns = ()


class MoodRules(Strict):
    """The whole file."""

    groups: Mapping[str, Group]
    neutral: Neutral = Neutral()
    negators: _Words
    between: _Words = ()
    """What may stand between a negator and what it negates."""
    intensifiers: Mapping[str, Annotated[float, Field(gt=0, le=3)]] = {}
    contrast: _Words = ()
    """After these follows what counts."""
    requests: _Words = ()
    """Who says these wants something: thanks are then only polite."""


def load(folder: Path | None = None) -> MoodRules:
    """The rules of the operator's `folder`, or the package's.

    Raises:
        RulesError: all mistakes, each at file:line:column.
    """
    file = rule_file(FILE, folder)
    try:
        source = read(file)
    except FlowError as error:
        raise RulesError(error.problems) from error
    rules, mistakes = validated(MoodRules, source.data, ())
    groups = _mapping(_mapping(source.data).get("groups"))
    places: list[tuple[Place, Mapping[str, Any]]] = [
        (("groups", name), _mapping(group)) for name, group in groups.items()
    ]
    places.append((("neutral",), _mapping(_mapping(source.data).get("neutral"))))
    refuse(source, [*mistakes, *_bad_patterns(places), *_twice(places)])
    if rules is None or not rules.groups:
        raise RulesError([f"{file}:1:1: `groups` 是空的；请填上"])
    return rules


_Places = Sequence[tuple[Place, Mapping[str, Any]]]
"""Where groups stand in the file, and what is written there, right or wrong."""


def _mapping(raw: Any) -> Mapping[str, Any]:  # noqa: ANN401 -- YAML can hold anything
    return raw if isinstance(raw, dict) else {}


def _texts(group: Mapping[str, Any], key: str) -> Iterator[tuple[int, str]]:
    """The texts of a list, each with its index; what is none is told by the model."""
    listed = group.get(key)
    for index, text in enumerate(listed if isinstance(listed, tuple) else ()):
        if isinstance(text, str) and text:
            yield index, text


def _bad_patterns(places: _Places) -> Iterator[Mistake]:
    for place, group in places:
        for index, pattern in _texts(group, "patterns"):
            try:
                Pattern(pattern)
            except ValueError as error:
                yield Mistake((*place, "patterns", index), str(error))


def _twice(places: _Places) -> Iterator[Mistake]:
    """Words that stand in more than one place: which of them counted would be chance."""
    first: dict[str, str] = {}
    for place, group in places:
        for index, word in _texts(group, "words"):
            if word in first:
                what = f"“{word}”写了两次（第一次在 `{first[word]}`）；请删掉一个"
                yield Mistake((*place, "words", index), what)
            first.setdefault(word, str(place[-1]))
