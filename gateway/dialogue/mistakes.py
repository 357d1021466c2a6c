"""Validation that goes on after the first mistake, and says each in the words of the flow file."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.dialogue.nodes.base import Place

_Model = TypeVar("_Model", bound=BaseModel)
_MANY = 18
_COMPARED = 400
"""Names that a misspelt one is compared with, some 10 us each."""
_MOST = 300
"""Mistakes that are told of one part of a flow."""
_MOST_COMPLETED = 20
_WORDS = ("x",)
_PROMPTS = ("confirm_prompt", "denied"), ("confirm_again", "no_input", "no_match")
_STAND_INS: tuple[Any, ...] = (
    *("x", _WORDS, {}, {"phrases": _WORDS}, "text"),
    dict.fromkeys(_PROMPTS[0], "x") | dict.fromkeys(_PROMPTS[1], _WORDS),
)
"""Between them they fit every part that a flow must have, but its nodes."""
_WORDING = {
    "string_type": "must be a text; put it in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "dict_type": "must be a mapping, `key: value`",
    "model_type": "must be a mapping, `key: value`",
    "model_attributes_type": "must be a mapping, `key: value`",
    "tuple_type": "must be a list, [one, two]",
    "too_short": "must not be empty; fill it",
    "string_too_short": "must not be empty; fill it",
}
_PATTERNS: Mapping[str, str] = {
    r"^[a-z][a-z0-9_]{0,63}$": "lower-case letters, digits and _, a letter first",
    r"^[0-9*#]$": 'one key of the telephone, as "1" or "*"',
    r"\w": "words that can be said",
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$": "lower-case words joined by dots, as account.balance",
}


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where in the file, and what with its remedy."""

    place: Place
    what: str
    at_key: bool = False
    """It is the key that is wrong, not its value."""

    def touches(self, place: Place) -> bool:
        """Whether one of the two places is in the other."""
        shared = min(len(self.place), len(place))
        return self.place[:shared] == place[:shared]


def closest(name: str, known: Collection[str]) -> str | None:
    """What was meant by a misspelt name; nothing where there are too many to compare with."""
    return next(iter(difflib.get_close_matches(name, known, 1)), None) if len(known) <= _COMPARED else None


def suggestion(name: str, known: Collection[str]) -> str:
    """`did you mean 'x'?`, or what is known here when that isn't too much."""
    if close := closest(name, known):
        return f"did you mean '{close}'?"
    if len(known) > _MANY:
        return "check its spelling"
    return f"known here: {', '.join(sorted(known))}" if known else "there are none"


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """What is wrong with a name that nothing has."""
    return f"there is no {kind} '{name}'; {suggestion(name, known)}"


def validated(
    model: type[_Model],
    raw: Any,  # noqa: ANN401 -- YAML can hold anything
    place: Place,
    *,
    complete: bool = False,
) -> tuple[_Model | None, list[Mistake]]:
    """The model, and the mistakes in it, with `place` before their places.

    With mistakes, the model is what remains when misspelt keys are put right and wrong values left out, so that a typo
    doesn't hide what else is wrong; None when that isn't enough. `complete`: something stands in for what is missing.
    """
    try:
        return model.model_validate(raw), []
    except ValidationError as error:
        details = error.errors()[:_MOST]
    meant = {loc: name for loc, name in _misspelt(model, raw, details).items() if name}
    mistakes = []
    for detail in details:
        loc = detail["loc"]
        if detail["type"] == "missing" and loc in {(*typo[:-1], name) for typo, name in meant.items()}:
            continue
        plain = tuple(part for part in loc if part != "[key]")
        at_key = detail["type"] == "extra_forbidden" or "[key]" in loc
        mistakes.append(Mistake((*place, *plain), _what(model, detail, place), at_key))
        if detail["type"] != "missing":
            raw = _repaired(raw, loc, meant.get(loc))
    try:
        return model.model_validate(raw), mistakes
    except ValidationError as error:
        return (_completed(model, raw, error) if complete else None), mistakes


def _completed(model: type[_Model], raw: Any, error: ValidationError) -> _Model | None:  # noqa: ANN401
    """The model with anything that fits in the place of what is missing; it is told, so nobody reads it."""
    missing = [detail["loc"] for detail in error.errors() if detail["type"] == "missing"][:_MOST_COMPLETED]
    for loc in missing:
        for stand_in in _STAND_INS:
            tried = _put(raw, loc, stand_in)
            try:
                return model.model_validate(tried)
            except ValidationError as again:
                if not any(detail["loc"][: len(loc)] == loc for detail in again.errors()):
                    raw = tried
                    break
    return None


def _put(raw: Any, place: Place, value: Any) -> Any:  # noqa: ANN401
    """A copy with the value at `place`."""
    if not place:
        return value
    inner = raw.get(place[0], {}) if isinstance(raw, dict) else {}
    return (raw if isinstance(raw, dict) else {}) | {place[0]: _put(inner, place[1:], value)}


def _misspelt(model: type[BaseModel], raw: Any, details: list[ErrorDetails]) -> dict[Place, str | None]:  # noqa: ANN401
    """Unknown keys, and the known key that each was meant to be, when that one isn't there."""
    meant: dict[Place, str | None] = {}
    for detail in details:
        if detail["type"] == "extra_forbidden":
            loc = detail["loc"]
            free = [name for name in _known_keys(model, loc[:-1]) if name not in _at(raw, loc[:-1])]
            meant[loc] = next(iter(difflib.get_close_matches(str(loc[-1]), free, 1)), None)
    return meant


def _at(raw: Any, place: Place) -> Any:  # noqa: ANN401
    for part in place:
        raw = raw[part]
    return raw


def _repaired(raw: Any, place: Place, renamed: str | None) -> Any:  # noqa: ANN401
    """A copy with the key at `place` renamed, or left out."""
    if not place or not isinstance(raw, dict) or place[0] not in raw:
        return raw
    first, *rest = place
    if rest and isinstance(raw[first], dict):
        return raw | {first: _repaired(raw[first], tuple(rest), renamed)}
    kept = {key: value for key, value in raw.items() if key != first}
    return kept | {renamed: raw[first]} if renamed else kept


def _what(model: type[BaseModel], detail: ErrorDetails, place: Place) -> str:
    loc = tuple(part for part in (*place, *detail["loc"]) if part != "[key]")
    name, kind, context = str(loc[-1]) if loc else "flow", detail["type"], detail.get("ctx", {})
    if kind == "missing":
        return f"'{name}' is missing; add it"
    if kind == "extra_forbidden":
        return f"unknown key '{name}'; {suggestion(name, _known_keys(model, detail['loc'][:-1]))}"
    if kind == "string_pattern_mismatch":
        return f"'{detail['input']}' can't stand here; use {_PATTERNS.get(context['pattern'], 'another text')}"
    if kind == "literal_error":
        allowed = [part.strip("'") for part in context["expected"].replace(" or ", ", ").split(", ")]
        return f"'{name}' can't be {detail['input']!r}; {suggestion(str(detail['input']), allowed)}"
    if kind == "value_error":
        return f"'{name}': {context['error']}"
    if kind in _WORDING:
        return f"'{name}' {_WORDING[kind]}"
    return f"'{name}': {detail['msg'][:1].lower()}{detail['msg'][1:]}; correct it"


def _known_keys(model: Any, place: Place) -> list[str]:  # noqa: ANN401 -- annotations are of any type
    """The keys of the model that stands at `place` in `model`."""
    for part in place:
        model = _inside(model, part)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _inside(model: Any, part: str | int) -> Any:  # noqa: ANN401
    """The annotation one step into another: a field of a model, an item of a mapping or list."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        named = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        return _required(named.get(str(part)))
    arguments: tuple[Any, ...] = getattr(model, "__args__", ()) or (None,)
    return _required(arguments[1] if len(arguments) > 1 and arguments[1] is not Ellipsis else arguments[0])


def _required(annotation: Any) -> Any:  # noqa: ANN401
    """`X` of `X | None` and of `Annotated[X, ...]`."""
    while hasattr(annotation, "__metadata__"):
        annotation = annotation.__origin__
    arguments = getattr(annotation, "__args__", ())
    kept = [argument for argument in arguments if argument is not type(None)]
    return kept[0] if len(kept) == 1 and len(arguments) > 1 else annotation
