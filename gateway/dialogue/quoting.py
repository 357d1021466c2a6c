"""How what a designer wrote is quoted back to them: names, keys and values in backquotes, as their manual has them."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(value: object) -> str:
    """One name or value, as YAML writes it: `main`, `true`, `null`."""
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case None:
            return "`null`"
    return f"`{value}`"


def listed(names: Iterable[str]) -> str:
    """Several, in the given order."""
    return "、".join(map(quoted, names))


def along(nodes: Iterable[str]) -> str:
    """A way from node to node."""
    return " → ".join(map(quoted, nodes))
