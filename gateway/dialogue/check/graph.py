"""Names that hang together: reached, going round in circles, connected. In linear time, and without recursion."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

Follow = Callable[[str], Iterable[str]]
"""From a name to the names it leads to."""


def reached(starts: Iterable[str], follow: Follow) -> set[str]:
    """The starts, and all that they lead to."""
    seen = set(starts)
    waiting = list(seen)
    while waiting:
        for name in follow(waiting.pop()):
            if name not in seen:
                seen.add(name)
                waiting.append(name)
    return seen


def backward(names: Iterable[str], follow: Follow) -> dict[str, list[str]]:
    """Name -> the names that lead to it."""
    sources: dict[str, list[str]] = {}
    for name in names:
        for target in follow(name):
            sources.setdefault(target, []).append(name)
    return sources


def circles(names: Collection[str], follow: Follow) -> list[list[str]]:
    """The names parted into those that can be gone round in, again and again; each part in the given order."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    order = {name: index for index, name in enumerate(names)}
    ways = [(order[name], order[target]) for name in order for target in set(follow(name)) if target in order]
    if not ways:
        return []
    sources, targets = zip(*ways, strict=True)
    table = csr_array(([True] * len(ways), (sources, targets)), shape=(len(order), len(order)))
    _, parts = connected_components(table, connection="strong")
    found: dict[int, list[str]] = {}
    for name, part in zip(order, parts.tolist(), strict=True):
        found.setdefault(part, []).append(name)
    to_itself = {source for source, target in ways if source == target}
    return [part for part in found.values() if len(part) > 1 or order[part[0]] in to_itself]


def groups(names: Collection[str], follow: Follow) -> list[list[str]]:
    """The names parted into those that lead to one another, whichever way; each in the given order."""
    inside = set(names)
    sources = backward(names, lambda name: [target for target in follow(name) if target in inside])
    order = {name: index for index, name in enumerate(names)}
    left = dict.fromkeys(names)
    parts: list[list[str]] = []
    while left:
        first = next(iter(left))
        part = reached([first], lambda name: [n for n in (*follow(name), *sources.get(name, ())) if n in inside])
        parts.append(sorted(part, key=order.__getitem__))
        for name in part:
            del left[name]
    return parts
