"""The JSON Schema of flow files, for editors: what can be written where, and what it means.

Generated from the model, with the docstrings of its fields as descriptions, and put into the form that editors complete
and underline best: a node is chosen by its type's key, null stands nowhere, wrong names are underlined.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from gateway.dialogue.fields import Strict
from gateway.dialogue.model import Flow, Subflow
from gateway.dialogue.nodes import TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NODE = {"$ref": "#/$defs/Node"}
_SHORT = {"Slot": "a type, or a mapping", "Variable": "a type, or a mapping"}
"""What may be written as its `type` alone."""

Schema = dict[str, Any]


def flow_schema() -> Schema:
    """Of a `flow.yaml`."""
    return _schema(Flow, "A hotline")


def subflow_schema() -> Schema:
    """Of a file with one sub-flow."""
    return _schema(Subflow, "A sub-flow")


def _schema(model: type[Strict], title: str) -> Schema:
    raw = model.model_json_schema(by_alias=True)
    definitions = raw.pop("$defs")
    described = {found.__name__: found for found in _models(Strict)}
    _describe(raw, model)
    for name, definition in definitions.items():
        _describe(definition, described[name])
    shaped: Schema = {"$schema": DIALECT, "title": title} | _shaped(raw, definitions)
    shaped["$defs"] = {"Node": _node()} | {name: _shaped(one, definitions) for name, one in definitions.items()}
    return shaped


def _node() -> Schema:
    """Exactly one type's key, and then what that type has."""
    kinds = {kind: inspect.getdoc(node) or kind for kind, node in TYPES.items()}
    return {
        "type": "object",
        "description": f"One step of a flow: one of {', '.join(kinds)}.",
        "properties": {kind: {"description": told} for kind, told in kinds.items()},
        "oneOf": [{"required": [kind]} for kind in kinds],
        "allOf": [
            {"if": {"required": [kind]}, "then": {"$ref": f"#/$defs/{node.__name__}"}} for kind, node in TYPES.items()
        ],
    }


# --------------------------------------------------------------------------------------------------------- shaping


def _shaped(part: Any, definitions: Schema) -> Any:  # noqa: ANN401 -- a schema is any JSON
    if isinstance(part, list):
        return [_shaped(item, definitions) for item in part]
    if not isinstance(part, dict):
        return part
    if {"oneOf"} <= part.keys() and {"$ref": "#/$defs/Play"} in part["oneOf"]:
        return _NODE
    part = _without_null(part)
    shaped = {key: _shaped(value, definitions) for key, value in part.items() if key != "title" or not _is_str(value)}
    if "patternProperties" in shaped:
        shaped.setdefault("additionalProperties", False)
    if isinstance(default := shaped.get("default"), int) and shaped.get("type") == "string":
        shaped["default"] = f"{default / 1000:g}s"
    name = str(shaped.get("$ref", "")).rpartition("/")[2]
    if name in _SHORT:
        kinds = definitions[name]["properties"]["type"]["enum"]
        return {"description": _SHORT[name], "anyOf": [{"enum": kinds}, shaped]}
    if name == Subflow.__name__:
        text = {"type": "string", "description": "The file that holds it, relative to this one."}
        return {"anyOf": [shaped, text]}
    return shaped


def _is_str(value: object) -> bool:
    return isinstance(value, str)


def _without_null(part: Schema) -> Schema:
    """`X` of `X or null`: a key that is left out is not written."""
    kept = {key: value for key, value in part.items() if key != "default" or value not in (None, [], {})}
    if "anyOf" in kept:
        others = [one for one in kept["anyOf"] if one != {"type": "null"}]
        del kept["anyOf"]
        kept |= others[0] if len(others) == 1 else {"anyOf": others}
    return kept


# ------------------------------------------------------------------------------------------------------- describing


def _describe(definition: Schema, model: type[Strict]) -> None:
    """Put the docstrings of a model's fields at its properties."""
    told = _docstrings(model)
    for name, field in model.model_fields.items():
        key = field.alias or name
        if name in told and key in definition.get("properties", {}):
            definition["properties"][key]["description"] = told[name]


def _docstrings(model: type[Strict]) -> dict[str, str]:
    """What stands in the source below each field, its own or inherited."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if isinstance(base, type) and issubclass(base, Strict) and base is not Strict:
            tree = ast.parse(textwrap.dedent(inspect.getsource(base))).body[0]
            body = tree.body if isinstance(tree, ast.ClassDef) else []
            for field, told in pairwise(body):
                if (
                    isinstance(field, ast.AnnAssign)
                    and isinstance(field.target, ast.Name)
                    and isinstance(told, ast.Expr)
                ):
                    text = told.value.value if isinstance(told.value, ast.Constant) else None
                    found |= {field.target.id: " ".join(str(text).split())} if text else {}
    return found


def _models(model: type[Strict]) -> Iterator[type[Strict]]:
    for one in model.__subclasses__():
        yield one
        yield from _models(one)
