"""Flow files: from a path to a checked `Flow`, or to every mistake in it at file:line:column."""

from __future__ import annotations

import difflib
import hashlib
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.dialogue.mistakes import Mistake, suggestion, validated
from gateway.dialogue.model import Flow, Subflow
from gateway.dialogue.nodes import TYPES, node_type
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.quoting import listed, quoted
from gateway.dialogue.references import Declared, References
from gateway.dialogue.routes import stops
from gateway.dialogue.source import Source, attempt, lines
from gateway.errors import FlowError

FLOW_FILE = "flow.yaml"
_SHOWN = 60
"""Characters of a file's name in an error."""


@dataclass(slots=True)
class Draft:
    """A flow file as far as it can be understood."""

    source: Source
    """With every mistake in its `problems`."""
    flow: Flow | None = None
    """Without what has mistakes; None when too little is left."""
    mistakes: list[Mistake] = field(default_factory=list)
    unread: dict[str, Any] = field(default_factory=dict)
    """The nodes that are not in the flow, by their full names, as the file has them."""
    whole: bool = True
    """False: more than those nodes may be missing in the flow."""


def load_flow(path: Path) -> Flow:
    """Read and check a flow file. Raises FlowError with every mistake, and nothing else."""
    draft = read_draft(path)
    if draft.source.problems or draft.flow is None:
        raise FlowError(lines(draft.source))
    return draft.flow


def read_draft(path: Path) -> Draft:
    """Never fails: whatever is wrong is in `source.problems`."""
    source = attempt(path)
    draft = Draft(source)
    if not source.readable:
        return draft
    if not isinstance(source.data, dict):
        source.problems.append((source.spot(()), "这不是流程；请以 `flow: 名字` 开头"))
        source.readable = False
        return draft
    digest = _graft_subflows(draft)
    draft.flow, draft.mistakes = _checked(source.data)
    source.problems += [(source.spot(mistake.place, key=mistake.at_key), mistake.what) for mistake in draft.mistakes]
    if draft.flow is not None:
        draft.flow._digest = digest  # noqa: SLF001 -- the loader is the one who knows it
        draft.unread = _unread(source.data, draft.flow)
    return draft


def _graft_subflows(draft: Draft) -> str:
    """Put the files of the sub-flows in their places; the digest of all the files."""
    source, folder = draft.source, draft.source.file.parent
    digest = hashlib.sha256(source.raw)
    subflows = _mapping(source.data, "subflows")
    for name, inner in subflows.items():
        if not isinstance(inner, str):
            continue
        place = ("subflows", name)
        subflows[name] = None
        try:
            file = (folder / inner).resolve()
            there = file.is_file()
        except (OSError, ValueError):  # no name that a file can have
            file, there = folder / "?", False
        if file.suffix not in {".yaml", ".yml"} or folder.parent.resolve() not in file.parents:
            what = f"{quoted(inner[:_SHOWN])} 不能当子流程的文件；请写这里或旁边文件夹里的 .yaml 文件"
            source.problems.append((source.spot(place), what))
        elif not there:
            source.problems.append((source.spot(place), f"没有文件 {quoted(inner[:_SHOWN])}；请检查路径"))
        else:
            other = attempt(Path(os.path.normpath(folder / inner)))
            digest.update(other.raw)
            source.graft(place, other)
            subflows[name] = other.data
        draft.whole &= isinstance(subflows[name], dict)
    return digest.hexdigest()


def _unread(data: dict[str, Any], flow: Flow) -> dict[str, Any]:
    read = {stop.name for stop in stops(flow)}
    nodes = dict(_mapping(data, "nodes"))
    for subflow, inner in _mapping(data, "subflows").items():
        nodes |= {f"{subflow}.{name}": node for name, node in _mapping(inner, "nodes").items()}
    return {name: node for name, node in nodes.items() if name not in read}


def find_flow(name: str, flows_dir: Path) -> Path:
    """The file of the hotline `name`. Raises FlowError naming those that exist."""
    known = sorted(file.parent.name for file in flows_dir.glob(f"*/{FLOW_FILE}"))
    if name in known:
        return flows_dir / name / FLOW_FILE
    raise FlowError([f"{flows_dir}: 没有热线 {quoted(name)}；{_close(name, known)}"])


def _close(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, 1)
    existing = f"这里的热线有：{listed(known)}" if known else "这里没有热线，请换一个文件夹"
    return f"是不是 {quoted(close[0])}？{existing}" if close else existing


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
    whole = given | {"nodes": nodes} | ({"subflows": subflows} if subflows else {})
    flow, wrong = validated(Flow, whole, (), complete=True)
    mistakes += wrong
    if flow is not None:
        told = [mistake for mistake in wrong if not mistake.at_key]
        leading = References(flow, _declared(data)).check()
        mistakes += [one for one in leading if not any(mistake.touches(one.place) for mistake in told)]
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
        return None, [Mistake(place, f"{quoted(name)} 要写成 `键: 值` 的形式，并有这些键之一：{listed(TYPES)}")]
    for key in raw:
        if difflib.get_close_matches(key, TYPES, 1):
            return None, [Mistake((*place, key), f"不认识的键 {quoted(key)}；{suggestion(key, TYPES)}", at_key=True)]
    what = f"{quoted(name)} 没有类型；请写上这些键之一：{listed(TYPES)}"
    return None, [Mistake(place, what, at_key=True)]
