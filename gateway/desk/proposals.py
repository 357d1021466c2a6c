"""Where in a flow file a proposed phrase belongs, and the lines to paste there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.model import Flow, Slot
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.routes import Stop, stops
from gateway.dialogue.state import STANDARD

_PLAIN = re.compile(r"[\u3400-\u9fff][\u3400-\u9fffA-Za-z0-9]*")
"""Needs no quotes in YAML."""


class Places:
    """What can be said at each node of a flow, and where it is written."""

    def __init__(self, flow: CompiledFlow) -> None:
        self._flow = flow
        self._stops = {stop.name: stop for stop in stops(flow.flow)}

    def phrases(self, node: str) -> dict[str, Sequence[str]]:
        """Choice -> its phrases; empty where nothing is asked, and where there is no such node."""
        stop = self._stops.get(node)
        if stop is None or not isinstance(stop.node, Question):
            return {}
        return {choice.name: choice.phrases for choice in self._flow.choices(node).values()}

    def of(self, node: str, choice: str) -> Place | None:
        """The place of a choice's `phrases`; None for what has none of its own in the file, as a survey's scores."""
        flow, stop = self._flow.flow, self._stops[node]
        own = next((place for name, place in _own(flow, stop) if name == choice), None)
        if own is not None:
            return own
        if choice in flow.universals:
            return ("universals", choice, "phrases")
        if choice in flow.modes:
            return ("modes", choice, "enter_on", "phrases")
        if choice == STANDARD and flow.modes:
            return ("modes", next(iter(flow.modes)), "leave_on", "phrases")
        return None


def _own(flow: Flow, stop: Stop) -> Iterator[tuple[str, Place]]:
    """What a question itself, or the menu that it includes, lets callers choose by phrases of its own."""
    node = stop.node
    menus: list[tuple[Place, Node | None]] = [(stop.place, node)]
    if isinstance(node, Menu) and node.include:
        menus.append((("nodes", node.include), flow.nodes.get(node.include)))
    for place, menu in menus:
        for name, option in menu.options.items() if isinstance(menu, Menu) else ():
            if option.phrases or not (name in flow.universals or name in flow.modes):
                yield name, (*place, "options", name, "phrases")
    if isinstance(node, Collect):
        slots: list[tuple[Place, Slot | None]] = [(("slots", node.slot), flow.slots.get(node.slot))]
        slots += [
            (("subflows", name, "slots", node.slot), one.slots.get(node.slot)) for name, one in flow.subflows.items()
        ]
        place, slot = next((found for found in slots if found[1] is not None), slots[0])
        for name in (slot.options if slot else None) or {}:
            yield name, (*place, "options", name, "phrases")


def yaml_lines(proposed: Iterable[tuple[Place, Sequence[str], str]]) -> list[str]:
    """Phrases at their places, as a piece of a flow file: (place, phrases, why) each.

    Places come in the order of their first phrase; keys that two of them share are written once.
    """
    tree: dict[str, Any] = {}
    for place, phrases, why in proposed:
        branch = tree
        for key in place:
            branch = branch.setdefault(str(key), {})
        branch.update({phrase: why for phrase in phrases if phrase not in branch})
    return list(_written(tree, ""))


def _written(tree: dict[str, Any], indent: str) -> Iterator[str]:
    for key, below in tree.items():
        if isinstance(below, dict):
            yield f"{indent}{key}:"
            yield from _written(below, indent + "  ")
        else:
            yield f"{indent}- {key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)}  # {below}"
