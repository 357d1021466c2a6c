"""What the files of a flow say about each node, as plain data with the designer's own units."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gateway.dialogue.source import read


def written_nodes(flow_file: Path) -> dict[str, Any]:
    """By full name; of a flow that has been loaded without mistakes, so that everything is where it belongs."""
    data = read(flow_file).data
    nodes: dict[str, Any] = dict(data["nodes"])
    subflows: Mapping[str, Any] = data.get("subflows", {})
    for subflow, inner in subflows.items():
        own = read(flow_file.parent / inner).data if isinstance(inner, str) else inner
        nodes |= {f"{subflow}.{name}": node for name, node in own["nodes"].items()}
    return nodes
