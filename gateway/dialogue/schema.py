"""The JSON Schema of flow files, for editors: what can be written where, and what it means.

Generated from the model, with the descriptions that designers read, and put into the form that editors complete and
underline best: a node is chosen by its type's key, null stands only where it means something, wrong names are
underlined.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.dialogue.descriptions import FLOW_TITLE, MODELS, NODE, SHORT, SUBFLOW_FILE, SUBFLOW_TITLE, description
from gateway.dialogue.fields import Strict
from gateway.dialogue.model import Flow, Subflow
from gateway.dialogue.nodes import TYPES

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NODE = {"$ref": "#/$defs/Node"}

Schema = dict[str, Any]


def flow_schema() -> Schema:
    """Of a `flow.yaml`."""
    return _schema(Flow, FLOW_TITLE)


def subflow_schema() -> Schema:
    """Of a file with one sub-flow."""
    return _schema(Subflow, SUBFLOW_TITLE)


def _schema(model: type[Strict], title: str) -> Schema:
    raw = model.model_json_schema(by_alias=True)
    definitions = raw.pop("$defs")
    models = {found.__name__: found for found in _models(Strict) if found.__module__.startswith(_LANGUAGE)}
    described: Schema = {"$schema": DIALECT, "title": title} | _described(_shaped(raw, definitions), model)
    described["$defs"] = {"Node": _node()} | {
        name: _described(_shaped(one, definitions), models[name]) for name, one in definitions.items()
    }
    return described


def _node() -> Schema:
    """Exactly one type's key, and then what that type has."""
    return {
        "type": "object",
        "description": NODE,
        "properties": {kind: {"description": MODELS[node.__name__]} for kind, node in TYPES.items()},
        "oneOf": [{"required": [kind]} for kind in TYPES],
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
    told = {key for key in ("title", "description") if isinstance(part.get(key), str)}
    kept = {key: value for key, value in _without_null(part).items() if key not in told}
    shaped = {key: _shaped(value, definitions) for key, value in kept.items()}
    if "patternProperties" in shaped:
        shaped.setdefault("additionalProperties", False)
    if isinstance(default := shaped.get("default"), int) and shaped.get("type") == "string":
        shaped["default"] = f"{default / 1000:g}s"
    name = str(shaped.get("$ref", "")).rpartition("/")[2]
    if name in SHORT:
        kinds = definitions[name]["properties"]["type"]["enum"]
        return {"description": SHORT[name], "anyOf": [{"enum": kinds}, shaped]}
    if name == Subflow.__name__:
        text = {"type": "string", "description": SUBFLOW_FILE}
        return {"anyOf": [shaped, text]}
    return shaped


def _without_null(part: Schema) -> Schema:
    """`X` of `X or null`: a key that is left out is not written. But null stays where leaving out means a value."""
    kept = {key: value for key, value in part.items() if key != "default" or value not in (None, [], {})}
    if "anyOf" in kept and "default" not in kept:
        others = [one for one in kept["anyOf"] if one != {"type": "null"}]
        del kept["anyOf"]
        kept |= others[0] if len(others) == 1 else {"anyOf": others}
    return kept


# ------------------------------------------------------------------------------------------------------- describing


def _described(shaped: Schema, model: type[Strict]) -> Schema:
    """With what designers are told, of the model and of each of its keys. Raises KeyError where nothing is."""
    keys = {name: {"description": description(model, name)} | part for name, part in shaped["properties"].items()}
    return {"description": MODELS[model.__name__]} | shaped | {"properties": keys}


_LANGUAGE = "gateway.dialogue."
"""Rule files of other packages are strict as well, and may have models of the same names."""


def _models(model: type[Strict]) -> Iterator[type[Strict]]:
    for one in model.__subclasses__():
        yield one
        yield from _models(one)
