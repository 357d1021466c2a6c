"""Flow files: from a path to a checked `Flow`, or to every mistake in it at file:line:column."""

from __future__ import annotations

import difflib
import hashlib
from pathlib import Path
from typing import Any

from gateway.dialogue.mistakes import Mistake, suggestion, validated
from gateway.dialogue.model import Flow, Subflow
from gateway.dialogue.nodes import TYPES, node_type
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.references import Declared, References
from gateway.dialogue.source import Source, lines, read
from gateway.errors import FlowError

FLOW_FILE = "flow.yaml"


def load_flow(path: Path) -> Flow:
    """Read and check a flow file. Raises FlowError with every mistake, and nothing else."""
    source, digest = _read_whole(path)
    flow, mistakes = _checked(source.data)
    source.problems += [(source.spot(mistake.place, key=mistake.at_key), mistake.what) for mistake in mistakes]
    if source.problems or flow is None:
        raise FlowError(lines(source))
    flow._digest = digest  # noqa: SLF001 -- the loader is the one who knows it
    return flow


def _read_whole(path: Path) -> tuple[Source, str]:
    """The flow file with the files of its sub-flows in their places, and the digest of them all."""
    source = read(path)
    if not isinstance(source.data, dict):
        source.problems.append((source.spot(()), "not a flow; begin with `flow: NAME`"))
        raise FlowError(lines(source))
    digest = hashlib.sha256(source.raw)
    subflows = _mapping(source.data, "subflows")
    for name, inner in subflows.items():
        if isinstance(inner, str):
            place = ("subflows", name)
            file = (path.parent / inner).resolve()
            if file.suffix not in {".yaml", ".yml"} or path.parent.parent.resolve() not in file.parents:
                what = f"'{inner}' can't be a sub-flow's file; name a .yaml file here or in a folder beside this one"
                source.problems.append((source.spot(place), what))
                subflows[name] = None
                continue
            if not file.is_file():
                source.problems.append((source.spot(place), f"there is no file '{inner}'; check the path"))
                subflows[name] = None
                continue
            try:
                other = read(path.parent / inner)
            except FlowError as error:
                raise FlowError([*lines(source), *error.problems]) from error
            digest.update(other.raw)
            source.graft(place, other)
            subflows[name] = other.data
    return source, digest.hexdigest()


def find_flow(name: str, flows_dir: Path) -> Path:
    """The file of the hotline `name`. Raises FlowError naming those that exist."""
    known = sorted(file.parent.name for file in flows_dir.glob(f"*/{FLOW_FILE}"))
    if name in known:
        return flows_dir / name / FLOW_FILE
    raise FlowError([f"{flows_dir}: there is no flow '{name}'; {_close(name, known)}"])


def _close(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    existing = f"flows here: {', '.join(known)}" if known else "there are none here, name another folder"
    return f"did you mean '{close[0]}'? {existing}" if close else existing


def _checked(data: dict[str, Any]) -> tuple[Flow | None, list[Mistake]]:
    """The flow as far as it can be understood, and its mistakes."""
    raw_nodes = data.get("nodes")
    if not isinstance(raw_nodes, dict) or not raw_nodes:
        return validated(Flow, data, ())
    nodes, mistakes = _nodes(raw_nodes, ("nodes",))
    if not nodes:
        return None, mistakes
    subflows, wrong = _subflows(data.get("subflows"))
    mistakes += wrong
    given = {key: value for key, value in data.items() if key != "subflows" or not isinstance(value, dict)}
    flow, wrong = validated(Flow, given | {"nodes": nodes} | ({"subflows": subflows} if subflows else {}), ())
    mistakes += wrong
    if flow is not None:
        mistakes += References(flow, _declared(data)).check()
    return flow, mistakes


def _subflows(raw: Any) -> tuple[dict[str, Subflow], list[Mistake]]:  # noqa: ANN401 -- YAML can hold anything
    subflows: dict[str, Subflow] = {}
    mistakes: list[Mistake] = []
    for name, inner in raw.items() if isinstance(raw, dict) else ():
        place = ("subflows", name)
        raw_nodes = inner.get("nodes") if isinstance(inner, dict) else None
        nodes, wrong = _nodes(raw_nodes, (*place, "nodes")) if isinstance(raw_nodes, dict) else ({}, [])
        mistakes += wrong
        subflow, wrong = validated(Subflow, inner | {"nodes": nodes} if nodes else inner, place)
        mistakes += wrong
        if subflow is not None:
            subflows[name] = subflow
    return subflows, mistakes


def _nodes(raw: dict[str, Any], place: Place) -> tuple[dict[str, Node], list[Mistake]]:
    """The nodes as far as they can be understood, and their mistakes."""
    nodes: dict[str, Node] = {}
    mistakes: list[Mistake] = []
    for name, one in raw.items():
        node, wrong = _node(name, one, (*place, name))
        mistakes += wrong
        if node is not None:
            nodes[name] = node
    return nodes, mistakes


def _declared(data: dict[str, Any]) -> Declared:
    subflows = _mapping(data, "subflows")
    nodes: dict[str | None, frozenset[str]] = {None: frozenset(_mapping(data, "nodes"))}
    nodes |= {name: frozenset(_mapping(one, "nodes")) for name, one in subflows.items()}
    parts = [data, *subflows.values()]
    return Declared(
        nodes,
        slots=frozenset(name for part in parts for name in _mapping(part, "slots")),
        variables=frozenset(name for part in parts for name in _mapping(part, "variables")),
        records=frozenset(_mapping(data, "records")),
        subflows=frozenset(subflows),
    )


def _mapping(data: Any, key: str) -> dict[str, Any]:  # noqa: ANN401
    value = data.get(key) if isinstance(data, dict) else None
    return value if isinstance(value, dict) else {}


def _node(name: str, raw: Any, place: Place) -> tuple[Node | None, list[Mistake]]:  # noqa: ANN401
    kind = node_type(raw)
    if kind is not None:
        return validated(TYPES[kind], raw, place)
    if not isinstance(raw, dict):
        return None, [Mistake(place, f"'{name}' must be a mapping with one of {', '.join(TYPES)}")]
    for key in raw:
        if difflib.get_close_matches(key, TYPES, 1):
            return None, [Mistake((*place, key), f"unknown key '{key}'; {suggestion(key, TYPES)}", at_key=True)]
    what = f"'{name}' has no type; give it one of {', '.join(TYPES)}"
    return None, [Mistake(place, what, at_key=True)]
