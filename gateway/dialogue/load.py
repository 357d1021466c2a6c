"""Flow files: from a path to a checked `Flow`, or to every mistake in it at file:line:column."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from gateway.dialogue.fields import Identifier
from gateway.dialogue.model import Flow
from gateway.dialogue.nodes import TYPES, AnyNode, node_type
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.references import check_references
from gateway.dialogue.source import Path_, Source, lines, read
from gateway.errors import FlowError

_Model = TypeVar("_Model", bound=BaseModel)
FLOW_FILE = "flow.yaml"
_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_NODE: TypeAdapter[Node] = TypeAdapter(AnyNode)
_WORDING = {
    "string_type": "must be a text; put it in quotes",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "float_type": "must be a number",
    "dict_type": "must be a mapping, `key: value`",
    "model_type": "must be a mapping, `key: value`",
    "model_attributes_type": "must be a mapping, `key: value`",
    "tuple_type": "must be a list, [one, two]",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def load_flow(path: Path) -> Flow:
    """Read and check a flow file. Raises FlowError with every mistake, and nothing else."""
    source = read(path)
    if not isinstance(source.data, dict):
        source.problems.append((source.spot(()), "not a flow; begin with `flow: NAME`"))
        raise FlowError(lines(source))
    flow = _validated(source)
    if source.problems or flow is None:
        raise FlowError(lines(source))
    return flow


def find_flow(name: str, flows_dir: Path) -> Path:
    """The file of the hotline `name`. Raises FlowError naming those that exist."""
    known = sorted(file.parent.name for file in flows_dir.glob(f"*/{FLOW_FILE}"))
    if name in known:
        return flows_dir / name / FLOW_FILE
    close = difflib.get_close_matches(name, known, 1)
    remedy = f"did you mean '{close[0]}'? " if close else ""
    existing = f"flows here: {', '.join(known)}" if known else "there are none here; set the folder of flows"
    raise FlowError([f"{flows_dir}: no flow named '{name}'; {remedy}{existing}"])


def _validated(source: Source) -> Flow | None:
    """The flow; None when it has mistakes, which are then in `source.problems`.

    Each node is validated by itself and again without what was wrong with it, so that a typo doesn't hide the other
    mistakes of the file.
    """
    data: dict[str, Any] = dict(source.data)
    raw_nodes = data.get("nodes")
    nodes: dict[str, Node] = {}
    for name, raw in raw_nodes.items() if isinstance(raw_nodes, dict) else ():
        place: Path_ = ("nodes", name)
        _report(source, place, _errors(_IDENTIFIER, name), key=True)
        node = _validate_node(source, place, raw)
        if node is not None:
            nodes[name] = node
    head = _validate_head(source, data, nodes)
    if head is not None:
        names = frozenset(raw_nodes) if isinstance(raw_nodes, dict) else frozenset()
        for problem in check_references(head, names):
            source.problems.append((source.spot(problem.place, key=problem.at_key), problem.what))
    return head if not source.problems else None


def _validate_head(source: Source, data: dict[str, Any], nodes: dict[str, Node]) -> Flow | None:
    """Everything but the nodes, which are put in as they are."""
    if isinstance(data.get("nodes"), dict) and data["nodes"]:
        filled = data | {"nodes": nodes or {"none": _NODE.validate_python({"hangup": "再见"})}}
    else:
        filled = data
    try:
        return Flow.model_validate(filled)
    except ValidationError as error:
        details = [detail for detail in error.errors() if detail["loc"][:1] != ("nodes",) or filled is data]
        _report(source, (), details)
        return _second_try(Flow, filled, details)


def _validate_node(source: Source, place: Path_, raw: Any) -> Node | None:  # noqa: ANN401 -- YAML can hold anything
    kind = node_type(raw)
    if kind is None:
        what = f"a node without a type; give it one of {', '.join(TYPES)}"
        if isinstance(raw, dict):
            close = [match for key in raw for match in difflib.get_close_matches(str(key), TYPES, 1)]
            what += f" (did you mean '{close[0]}'?)" if close else ""
        else:
            what = f"a node must be a mapping with one of {', '.join(TYPES)}"
        source.problems.append((source.spot(place), what))
        return None
    try:
        return TYPES[kind].model_validate(raw)
    except ValidationError as error:
        details = error.errors()
        _report(source, place, details)
        return _second_try(TYPES[kind], raw, details)


def _second_try(model: type[_Model], raw: dict[str, Any], details: list[ErrorDetails]) -> _Model | None:
    """The model without the parts that are wrong; None when it can't do without them."""
    for detail in details:
        if detail["type"] != "missing":
            raw = _without(raw, detail["loc"])
    try:
        return model.model_validate(raw)
    except ValidationError:
        return None


def _without(raw: Any, place: tuple[str | int, ...]) -> Any:  # noqa: ANN401
    if not place or not isinstance(raw, dict):
        return raw
    first, *rest = place
    if first not in raw:
        return raw
    if not rest or not isinstance(raw[first], dict):
        return {key: value for key, value in raw.items() if key != first}
    return raw | {first: _without(raw[first], tuple(rest))}


def _errors(adapter: TypeAdapter[Any], value: object) -> list[ErrorDetails]:
    try:
        adapter.validate_python(value)
    except ValidationError as error:
        return error.errors()
    return []


def _report(source: Source, place: Path_, details: Iterable[ErrorDetails], *, key: bool = False) -> None:
    for detail in details:
        loc = tuple(part for part in detail["loc"] if part != "[key]")
        at_key = key or detail["type"] == "extra_forbidden" or "[key]" in detail["loc"]
        source.problems.append((source.spot((*place, *loc), key=at_key), _what(detail, source, place)))


def _what(detail: ErrorDetails, source: Source, place: Path_) -> str:
    loc = [part for part in detail["loc"] if part != "[key]"]
    name = str((loc or [place[-1] if place else "flow"])[-1])
    if detail["type"] == "missing":
        return f"'{name}' is missing; add it"
    if detail["type"] == "extra_forbidden":
        known = _known_keys(source, place, loc[:-1])
        close = difflib.get_close_matches(name, known, 1)
        return f"unknown key '{name}'; " + (
            f"did you mean '{close[0]}'?" if close else f"known here: {', '.join(known)}"
        )
    if detail["type"] == "string_pattern_mismatch":
        return f"'{detail['input']}' can't stand here; use {_PATTERNS.get(detail['ctx']['pattern'], 'another text')}"
    if detail["type"] == "literal_error":
        allowed = detail["ctx"]["expected"]
        close = difflib.get_close_matches(
            str(detail["input"]), allowed.replace("'", "").replace(" or ", ", ").split(", "), 1
        )
        return f"'{name}' can't be {detail['input']!r}; " + (
            f"did you mean '{close[0]}'?" if close else f"use {allowed}"
        )
    if detail["type"] == "value_error":
        return f"'{name}': {detail['ctx']['error']}"
    if detail["type"] in _WORDING:
        return f"'{name}' {_WORDING[detail['type']]}"
    return f"'{name}': {detail['msg'][:1].lower()}{detail['msg'][1:]}; correct it"


_PATTERNS: Mapping[str, str] = {
    r"^[a-z][a-z0-9_]{0,63}$": "lower-case letters, digits and _, a letter first",
    r"^[0-9*#]$": 'one key of the telephone, as "1" or "*"',
    r"\w": "words that can be said",
    r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$": "lower-case words joined by dots, as account.balance",
}


def _known_keys(source: Source, place: Path_, loc: list[str | int]) -> list[str]:
    """The keys of the model in which an unknown key stands."""
    model: Any = Flow
    if place:
        raw = source.data["nodes"][place[1]]
        model = TYPES[str(node_type(raw))]
    for part in loc:
        model = _field_model(model, part)
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _field_model(model: Any, part: str | int) -> Any:  # noqa: ANN401
    """The model under one step of a place: a field of a model, or an item of a mapping or list."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        named = {field.alias or name: field.annotation for name, field in model.model_fields.items()}
        return _strip_optional(named.get(str(part)))
    arguments = getattr(model, "__args__", ())
    if not arguments:
        return None
    return _strip_optional(arguments[1] if len(arguments) > 1 and arguments[1] is not Ellipsis else arguments[0])


def _strip_optional(annotation: Any) -> Any:  # noqa: ANN401
    arguments = [argument for argument in getattr(annotation, "__args__", ()) if argument is not type(None)]
    is_optional = len(arguments) == 1 and type(None) in getattr(annotation, "__args__", ())
    return arguments[0] if is_optional else annotation
