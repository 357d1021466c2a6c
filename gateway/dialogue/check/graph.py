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


def circles(names: Collection[str], follow: Follow) -> set[str]:
    """Those of the names that lie on a circle of them, or between two circles."""
    inside = set(names)
    forth = {name: [target for target in set(follow(name)) if target in inside] for name in inside}
    back = backward(inside, lambda name: forth[name])
    for onward, sources in ((forth, back), (back, forth)):
        count = {name: sum(1 for target in onward.get(name, ()) if target in inside) for name in inside}
        waiting = [name for name in inside if not count[name]]
        while waiting:
            name = waiting.pop()
            inside.discard(name)
            for source in sources.get(name, ()):
                if source in inside:
                    count[source] -= 1
                    if not count[source]:
                        waiting.append(source)
    return inside


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
