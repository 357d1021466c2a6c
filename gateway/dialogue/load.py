"""Flow files: from a path to a checked `Flow`, or to every mistake in it at file:line:column."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from gateway.dialogue.mistakes import Mistake, suggestion, validated
from gateway.dialogue.model import Flow
from gateway.dialogue.nodes import TYPES, node_type
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.references import Declared, References
from gateway.dialogue.source import lines, read
from gateway.errors import FlowError

FLOW_FILE = "flow.yaml"


def load_flow(path: Path) -> Flow:
    """Read and check a flow file. Raises FlowError with every mistake, and nothing else."""
    source = read(path)
    if not isinstance(source.data, dict):
        source.problems.append((source.spot(()), "not a flow; begin with `flow: NAME`"))
        raise FlowError(lines(source))
    flow, mistakes = _checked(source.data)
    source.problems += [(source.spot(mistake.place, key=mistake.at_key), mistake.what) for mistake in mistakes]
    if source.problems or flow is None:
        raise FlowError(lines(source))
    return flow


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
    mistakes: list[Mistake] = []
    nodes: dict[str, Node] = {}
    for name, raw in raw_nodes.items():
        node, wrong = _node(name, raw)
        mistakes += wrong
        if node is not None:
            nodes[name] = node
    if not nodes:
        return None, mistakes
    flow, wrong = validated(Flow, data | {"nodes": nodes}, ())
    mistakes += wrong
    if flow is not None:
        mistakes += References(flow, _declared(data, raw_nodes)).check()
    return flow, mistakes


def _declared(data: dict[str, Any], nodes: dict[str, Any]) -> Declared:
    slots = data.get("slots")
    saved = {node["save"] for node in nodes.values() if isinstance(node, dict) and isinstance(node.get("save"), str)}
    return Declared(frozenset(nodes), frozenset(slots if isinstance(slots, dict) else ()), frozenset(saved))


def _node(name: str, raw: Any) -> tuple[Node | None, list[Mistake]]:  # noqa: ANN401 -- YAML can hold anything
    kind = node_type(raw)
    if kind is not None:
        return validated(TYPES[kind], raw, ("nodes", name))
    if not isinstance(raw, dict):
        return None, [Mistake(("nodes", name), f"'{name}' must be a mapping with one of {', '.join(TYPES)}")]
    for key in raw:
        if difflib.get_close_matches(key, TYPES, 1):
            return None, [Mistake(("nodes", name, key), f"unknown key '{key}'; {suggestion(key, TYPES)}", at_key=True)]
    what = f"'{name}' has no type; give it one of {', '.join(TYPES)}"
    return None, [Mistake(("nodes", name), what, at_key=True)]
