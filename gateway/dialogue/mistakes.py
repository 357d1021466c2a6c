"""Validation that goes on after the first mistake, and says each in the words of the flow file."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gateway.dialogue.nodes.base import Place
from gateway.dialogue.quoting import listed, quoted

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
_WORDING: Mapping[str, str] = {
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "要写成整数"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "要写成 `true` 或 `false`"),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number", "decimal_type", "decimal_parsing"), "要写成数"),
    **dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type"), "要写成 `键: 值` 的形式"),
    **dict.fromkeys(("tuple_type", "list_type"), "要写成列表，如 `[一, 二]`"),
    "string_type": "要写成文字；请加引号",
    "too_short": "至少要写 {min_length} 项；请补上",
    "too_long": "最多写 {max_length} 项；请减少",
    "string_too_short": "至少要写 {min_length} 个字；请补上",
    "string_too_long": "最多写 {max_length} 个字；请缩短",
    "greater_than": "要大于 {gt:g}；请改正",
    "greater_than_equal": "不能小于 {ge:g}；请改正",
    "less_than": "要小于 {lt:g}；请改正",
    "less_than_equal": "不能大于 {le:g}；请改正",
    "decimal_max_places": "最多写 {decimal_places} 位小数；请改正",
}
_PATTERNS: Mapping[str, str] = {
    r"^[a-z][a-z0-9_]{0,63}$": "小写字母开头的名字，后面可以有小写字母、数字和下划线",
    r"^[0-9*#]$": '电话上的一个键，如 `"1"` 或 `"*"`',
    r"\w": "能说出来的字",
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$": "用点连起来的小写单词，如 `account.balance`",
    r"^\d{5,20}$": "5 到 20 位数字的号码",
    r"^[1-9]\d{3,9}$": "4 到 10 位数字的工单号，不以 0 开头",
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
    """What was probably meant, or what is known here when that isn't too much."""
    if close := closest(name, known):
        return f"是不是 {quoted(close)}？"
    if len(known) > _MANY:
        return "请检查拼写"
    return f"这里有：{listed(sorted(known))}" if known else "这里一个也没有"


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """What is wrong with a name that nothing has."""
    return f"没有{kind} {quoted(name)}；{suggestion(name, known)}"


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
    name, kind, context = quoted(loc[-1]) if loc else "", detail["type"], detail.get("ctx", {})
    match kind:
        case "missing":
            return f"缺少 {name}；请补上"
        case "extra_forbidden":
            return f"不认识的键 {name}；{suggestion(str(loc[-1]), _known_keys(model, detail['loc'][:-1]))}"
        case "string_pattern_mismatch":
            wanted = _PATTERNS.get(context["pattern"], "别的写法")
            return f"这里不能写 {quoted(detail['input'])}；请写{wanted}"
        case "literal_error":
            allowed = [part.strip("'") for part in context["expected"].replace(" or ", ", ").split(", ")]
            return f"{_called(loc)}不能是 {quoted(detail['input'])}；{suggestion(str(detail['input']), allowed)}"
        case "value_error":
            return f"{name}：{context['error']}" if loc and isinstance(loc[-1], str) else str(context["error"])
    return f"{_called(loc)}{_WORDING.get(kind, '的值不对；请改正').format_map(context)}"


def _called(loc: Place) -> str:
    """A key by its name; what stands in a list has none."""
    match loc:
        case (*_, int(index)):
            return f"第 {index + 1} 项"
        case (*_, str(key)):
            return f"{quoted(key)} "
    return "文件"


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
