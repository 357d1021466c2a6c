"""Everything that a flow says, in every mode."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from gateway.dialogue.model import Flow
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.nodes.question import prompts_of
from gateway.dialogue.routes import Stop, overrides
from gateway.dialogue.state import STANDARD
from gateway.dialogue.template import Template


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something that is said."""

    place: Place
    template: Template
    node: str | None = None
    mode: str = STANDARD
    """The mode that says it so."""
    part: str = ""
    """Which of the node's wordings: `menu`, `again`, ..."""


class Sayings:
    """The prompts of a flow's nodes, by mode."""

    def __init__(self, flow: Flow, stops: Mapping[str, Stop]) -> None:
        self._flow = flow
        self._stops = stops

    @cached_property
    def prompts(self) -> list[Prompt]:
        """Everything that is said, with its place, in every mode."""
        flow = self._flow
        found: list[Prompt] = []
        for place, template in prompts_of(flow.answers):
            found.append(Prompt(("answers", *place), template, part=str(place[0])))
        found += [Prompt(place, template, part=place[0]) for place, template in flow.any_moment.items()]
        if flow.keys_only is not None:
            found.append(Prompt(("keys_only", "option"), flow.keys_only.option, part="keys_only"))
        for name, stop in self._stops.items():
            for place, template in stop.node.prompts():
                found.append(Prompt((*stop.place, *place), template, name, part=_part(place)))
        for mode_name, mode in flow.modes.items():
            for part in ("entered", "struggling", "left"):
                pace_of = STANDARD if part == "left" else mode_name
                found.append(Prompt(("modes", mode_name, part), getattr(mode, part), mode=pace_of, part=part))
            found += self._overriding(mode_name)
        return found

    @cached_property
    def at(self) -> dict[str, list[Prompt]]:
        """The prompts of each node, in every mode."""
        found: dict[str, list[Prompt]] = {}
        for prompt in self.prompts:
            if prompt.node is not None:
                found.setdefault(prompt.node, []).append(prompt)
        return found

    def _overriding(self, mode: str) -> Iterator[Prompt]:
        for name, at, override in overrides(self._flow, mode):
            node = self.in_mode(name, mode)
            if node is not None:
                for place, template in node.prompts():
                    if place[0] in override.model_fields_set:
                        yield Prompt((*at, *place), template, name, mode, _part(place))

    def in_mode(self, name: str, mode: str) -> Node | None:
        """The node as it is in a mode; None when it doesn't exist."""
        return self._overlays[mode].get(name, self._stops[name].node if name in self._stops else None)

    @cached_property
    def _overlays(self) -> dict[str, dict[str, Node]]:
        found: dict[str, dict[str, Node]] = {STANDARD: {}}
        for mode in self._flow.modes:
            found[mode] = {}
            for name, _, override in overrides(self._flow, mode):
                if name in self._stops:
                    node = self._stops[name].node
                    given = override.model_fields_set & set(type(node).model_fields)
                    update = {part: getattr(override, part) for part in given}
                    found[mode][name] = node.model_copy(update=update)
        return found


def _part(place: Place) -> str:
    return "say" if place[0] == "groups" else str(place[0])
