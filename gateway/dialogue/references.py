"""Does a flow hang together: targets, slots, names in prompts and conditions, and what a hotline can't do without."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.dialogue.choices import AGENT, BUILT_IN, choices_at
from gateway.dialogue.compiled import CALLER
from gateway.dialogue.expressions import Expression
from gateway.dialogue.mistakes import Mistake, suggestion
from gateway.dialogue.model import Flow, Mode, Override
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Menu, Option
from gateway.dialogue.nodes.question import prompts_of
from gateway.dialogue.slots import KINDS
from gateway.dialogue.state import STANDARD
from gateway.dialogue.template import Template

_ALWAYS_KNOWN = frozenset({CALLER, "slots", "mode", "today"})
_CONFIRMING = frozenset({"option", "value"})


@dataclass(frozen=True, slots=True)
class Declared:
    """Names that the file declares, also where a declaration has mistakes of its own and isn't in the flow."""

    nodes: frozenset[str]
    slots: frozenset[str]
    records: frozenset[str]
    """What look-ups save."""


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return f"there is no {kind} '{name}'; {suggestion(name, known)}"


class References:
    """Everything in a flow that names something else in it."""

    def __init__(self, flow: Flow, declared: Declared) -> None:
        self._flow = flow
        self._declared = declared

    def check(self) -> Iterator[Mistake]:
        """Every reference that leads nowhere, and what is missing."""
        yield from self._targets()
        yield from self._needs()
        for name, node in self._flow.nodes.items():
            yield from self._node(("nodes", name), node)
        for name, mode in self._flow.modes.items():
            yield from self._mode(("modes", name), mode)

    def _targets(self) -> Iterator[Mistake]:
        flow, nodes = self._flow, self._declared.nodes
        targets: list[tuple[Place, str]] = [(("entry",), flow.entry)]
        targets += [(("universals", name, "go"), said.go) for name, said in flow.universals.items() if said.go]
        targets += [(("modes", name, "on_error"), mode.on_error) for name, mode in flow.modes.items() if mode.on_error]
        for name, node in flow.nodes.items():
            targets += [(("nodes", name, *place), target) for place, target in node.targets()]
        yield from (Mistake(place, _unknown("node", target, nodes)) for place, target in targets if target not in nodes)

    def _needs(self) -> Iterator[Mistake]:
        flow = self._flow
        if AGENT not in flow.universals:
            yield Mistake(("universals",), f"no way to a human; add `{AGENT}` with phrases, a key and a `go`")
        for name, said in flow.universals.items():
            if not said.go and name not in BUILT_IN:
                yield Mistake(("universals", name), f"'{name}' leads nowhere; add `go: NODE`")
            if said.go and name in BUILT_IN:
                yield Mistake(("universals", name, "go"), f"'{name}' works by itself; remove its `go`", at_key=True)
        if STANDARD in flow.modes:
            what = f"'{STANDARD}' is the name of having no mode; choose another"
            yield Mistake(("modes", STANDARD), what, at_key=True)
        for place, prompt in prompts_of(flow.answers):
            names = {"option"} if place[0] == "confirm_prompt" else set()
            yield from self._prompt(("answers", *place), prompt, names)

    # -------------------------------------------------------------------------------------------------------- nodes

    def _node(self, at: Place, node: Node) -> Iterator[Mistake]:
        for place, expression in node.expressions():
            yield from self._expression((*at, *place), expression)
        for place, prompt in node.prompts():
            names = ({"value"} if isinstance(node, Collect) else {"option"}) if place[0] == "confirm_prompt" else set()
            yield from self._prompt((*at, *place), prompt, names)
        if isinstance(node, Collect):
            yield from self._collect(at, node)
        if isinstance(node, Menu):
            yield from self._menu(at, node)

    def _collect(self, at: Place, node: Collect) -> Iterator[Mistake]:
        yield from self._slot((*at, "slot"), node.slot)
        slot_type = self._flow.slots.get(node.slot)
        if slot_type is None:
            return
        if node.min_digits > node.max_digits:
            yield Mistake((*at, "min_digits"), f"min_digits is more than max_digits ({node.max_digits}); lower it")
        kind = KINDS[slot_type].says
        if node.confirm == "always" and kind is None:
            yield Mistake((*at, "confirm"), f"a {slot_type} can't be read back; remove `confirm`")
        elif kind and (node.confirm or self._flow.answers.confirm) != "never" and node.confirm_prompt is None:
            example = f"您说的是{{value | {kind}}}，对吗？"
            yield Mistake(at, f"'confirm_prompt' is missing; add one like `{example}`, or `confirm: never`")

    def _menu(self, at: Place, menu: Menu) -> Iterator[Mistake]:
        included = self._flow.nodes.get(menu.include) if menu.include else None
        if menu.include and not isinstance(included, Menu):
            menus = [name for name, node in self._flow.nodes.items() if isinstance(node, Menu)]
            yield Mistake((*at, "include"), _unknown("menu", menu.include, menus))
        keys: dict[str, str] = {}
        for name, option in menu.options.items():
            place: Place = (*at, "options", name)
            yield from self._option(place, name, option)
            if option.key and keys.setdefault(option.key, name) != name:
                what = f"key {option.key} already chooses '{keys[option.key]}'; take another"
                yield Mistake((*place, "key"), what)
        yield from self._offers(at, menu, menu.offers)

    def _option(self, place: Place, name: str, option: Option) -> Iterator[Mistake]:
        flow = self._flow
        inherits = name in flow.universals or name in flow.modes
        if not option.phrases and not inherits:
            what = f"option '{name}' has no phrases; add some, or name it like a universal or a mode"
            yield Mistake(place, what)
        if not (option.go or option.mode or inherits):
            yield Mistake(place, f"option '{name}' leads nowhere; add `go: NODE`")
        if option.mode and option.mode not in {*flow.modes, STANDARD}:
            yield Mistake((*place, "mode"), _unknown("mode", option.mode, [*flow.modes, STANDARD]))
        for slot in option.fills:
            yield from self._slot((*place, "set", slot), slot, at_key=True)

    def _offers(self, at: Place, menu: Menu, offers: tuple[str, ...]) -> Iterator[Mistake]:
        options = self._options(menu)
        for index, offered in enumerate(offers):
            if offered not in options:
                yield Mistake((*at, "offers", index), _unknown("option", offered, options))

    def _options(self, menu: Menu) -> list[str]:
        return [choice.name for choice in choices_at(self._flow, menu).values() if choice.is_option]

    # -------------------------------------------------------------------------------------------------------- modes

    def _mode(self, at: Place, mode: Mode) -> Iterator[Mistake]:
        if mode.enter_when is not None:
            yield from self._expression((*at, "enter_when"), mode.enter_when)
        yield from self._prompt((*at, "entered"), mode.entered)
        yield from self._prompt((*at, "struggling"), mode.struggling)
        yield from self._prompt((*at, "left"), mode.left)
        for name, override in mode.nodes.items():
            node = self._flow.nodes.get(name)
            if node is not None:
                yield from self._override((*at, "nodes", name), override, node)
            elif name not in self._declared.nodes:
                what = _unknown("node", name, self._declared.nodes)
                yield Mistake((*at, "nodes", name), what, at_key=True)
        for name, node in self._flow.nodes.items():
            if isinstance(node, Menu) and mode.max_options:
                yield from self._not_too_many((*at, "nodes", name), mode, name, node)

    def _override(self, at: Place, override: Override, node: Node) -> Iterator[Mistake]:
        given = override.model_fields_set
        if wrong := sorted(given - set(type(node).model_fields)):
            for part in wrong:
                yield Mistake((*at, part), f"a {node.kind} node has no '{part}'; remove it", at_key=True)
            return
        overlaid = node.model_copy(update={part: getattr(override, part) for part in given})
        for place, prompt in overlaid.prompts():
            if place[0] in given:
                yield from self._prompt((*at, *place), prompt)
        if isinstance(node, Menu) and override.offers:
            yield from self._offers(at, node, override.offers)

    def _not_too_many(self, at: Place, mode: Mode, name: str, menu: Menu) -> Iterator[Mistake]:
        """A menu with more options than a mode allows must say which of them it offers."""
        override = mode.nodes.get(name)
        offers = override.offers if override is not None and override.offers is not None else menu.offers
        if mode.max_options and len(offers or self._options(menu)) > mode.max_options:
            what = f"menu '{name}' offers more than {mode.max_options} options in this mode"
            yield Mistake(at, f"{what}; name at most {mode.max_options} of them in `offers`, and in its prompt")

    # -------------------------------------------------------------------------------------------------------- names

    def _slot(self, place: Place, slot: str, *, at_key: bool = False) -> Iterator[Mistake]:
        if slot not in self._declared.slots:
            yield Mistake(place, _unknown("slot", slot, self._declared.slots), at_key)

    def _prompt(self, place: Place, prompt: Template, names: Collection[str] = ()) -> Iterator[Mistake]:
        for field in prompt.fields:
            yield from self._expression(place, field.expression, names)

    def _expression(self, place: Place, expression: Expression, names: Collection[str] = ()) -> Iterator[Mistake]:
        known = _ALWAYS_KNOWN | self._declared.records | set(names)
        for name in sorted(expression.names - known):
            if name in _CONFIRMING:
                what = f"'{name}' is known only in a confirm_prompt of this kind of question; remove it"
                yield Mistake(place, what)
            else:
                yield Mistake(place, _unknown("name", name, known))
        for name, field in sorted(expression.fields):
            if name == "slots":
                yield from self._slot(place, field)
