"""Does a flow hang together: targets, slots, names in prompts and conditions, and what a hotline can't do without."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from gateway.dialogue.choices import AGENT, BUILT_IN, choices_at
from gateway.dialogue.compiled import CALLER
from gateway.dialogue.expressions import Expression
from gateway.dialogue.mistakes import Mistake, suggestion
from gateway.dialogue.model import Flow, Mode
from gateway.dialogue.nodes.base import Node, Place
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.menu import Menu, Option
from gateway.dialogue.nodes.question import prompts_of
from gateway.dialogue.slots import KINDS
from gateway.dialogue.state import STANDARD
from gateway.dialogue.template import Template

_ALWAYS_KNOWN = frozenset({CALLER, "slots", "mode", "today"})
_CONFIRMING = frozenset({"option", "value"})


@dataclass(frozen=True, slots=True)
class Declared:
    """Names that the file declares, also where the declaration has mistakes of its own."""

    nodes: frozenset[str]
    slots: frozenset[str]


def check_references(flow: Flow, declared: Declared) -> list[Mistake]:
    """Every reference that leads nowhere."""
    unheard = {f"there is no slot '{slot}'; " for slot in declared.slots - set(flow.slots)}
    mistakes = _all(flow, declared.nodes)
    return [mistake for mistake in mistakes if not mistake.what.startswith(tuple(unheard))]


def _all(flow: Flow, nodes: Collection[str]) -> Iterator[Mistake]:
    yield from _targets(flow, nodes)
    yield from _needs(flow)
    for name, node in flow.nodes.items():
        yield from _node(flow, name, node)
    for name, mode in flow.modes.items():
        yield from _mode(flow, name, mode, nodes)


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return f"there is no {kind} '{name}'; {suggestion(name, known)}"


def _targets(flow: Flow, nodes: Collection[str]) -> Iterator[Mistake]:
    targets: list[tuple[Place, str]] = [(("entry",), flow.entry)]
    targets += [(("universals", name, "go"), said.go) for name, said in flow.universals.items() if said.go]
    targets += [(("modes", name, "on_error"), mode.on_error) for name, mode in flow.modes.items() if mode.on_error]
    for name, node in flow.nodes.items():
        targets += [(("nodes", name, *place), target) for place, target in node.targets()]
    yield from (Mistake(place, _unknown("node", target, nodes)) for place, target in targets if target not in nodes)


def _needs(flow: Flow) -> Iterator[Mistake]:
    agent = flow.universals.get(AGENT)
    if agent is None:
        yield Mistake(("universals",), f"no way to a human; add `{AGENT}` with phrases, a key and a `go`")
    for name, said in flow.universals.items():
        if not said.go and name not in BUILT_IN:
            yield Mistake(("universals", name), f"'{name}' leads nowhere; add `go: NODE`")
        if said.go and name in BUILT_IN:
            yield Mistake(("universals", name, "go"), f"'{name}' works by itself; remove its `go`", at_key=True)
    if STANDARD in flow.modes:
        yield Mistake(("modes", STANDARD), f"'{STANDARD}' is the name of having no mode; choose another", at_key=True)
    for place, prompt in prompts_of(flow.answers):
        yield from _prompt(flow, ("answers", *place), prompt, {"option"} if place[0] == "confirm_prompt" else set())


def _node(flow: Flow, name: str, node: Node) -> Iterator[Mistake]:
    at: Place = ("nodes", name)
    for place, expression in node.expressions():
        yield from _expression(flow, (*at, *place), expression, set())
    for place, prompt in node.prompts():
        extra = ({"value"} if isinstance(node, Collect) else {"option"}) if place[0] == "confirm_prompt" else set()
        yield from _prompt(flow, (*at, *place), prompt, extra)
    if isinstance(node, Collect):
        yield from _collect(flow, at, node)
    if isinstance(node, Menu):
        yield from _menu(flow, at, node)


def _collect(flow: Flow, at: Place, node: Collect) -> Iterator[Mistake]:
    if node.slot not in flow.slots:
        yield Mistake((*at, "slot"), _unknown("slot", node.slot, flow.slots))
        return
    if node.min_digits > node.max_digits:
        yield Mistake((*at, "min_digits"), f"min_digits is more than max_digits ({node.max_digits}); lower it")
    slot_type = flow.slots[node.slot]
    can_be_said = KINDS[slot_type].says is not None
    if node.confirm == "always" and not can_be_said:
        yield Mistake((*at, "confirm"), f"a {slot_type} can't be read back; remove `confirm`")
    elif can_be_said and (node.confirm or flow.answers.confirm) != "never" and node.confirm_prompt is None:
        example = f"您说的是{{value | {KINDS[slot_type].says}}}，对吗？"
        yield Mistake(at, f"'confirm_prompt' is missing; add one like `{example}`, or `confirm: never`")


def _menu(flow: Flow, at: Place, menu: Menu) -> Iterator[Mistake]:
    included = flow.nodes.get(menu.include) if menu.include else None
    if menu.include and not isinstance(included, Menu):
        menus = [name for name, node in flow.nodes.items() if isinstance(node, Menu)]
        yield Mistake((*at, "include"), _unknown("menu", menu.include, menus))
    keys: dict[str, str] = {}
    for name, option in menu.options.items():
        place: Place = (*at, "options", name)
        yield from _option(flow, place, name, option)
        if option.key and option.key in keys:
            yield Mistake((*place, "key"), f"key {option.key} already chooses '{keys[option.key]}'; take another")
        elif option.key:
            keys[option.key] = name
    for index, offered in enumerate(menu.offers):
        if offered not in menu.options and not (isinstance(included, Menu) and offered in included.options):
            yield Mistake((*at, "offers", index), _unknown("option", offered, menu.options))


def _option(flow: Flow, place: Place, name: str, option: Option) -> Iterator[Mistake]:
    universal, mode = flow.universals.get(name), flow.modes.get(name)
    if not option.phrases and universal is None and mode is None:
        yield Mistake(place, f"option '{name}' has no phrases; add some, or name it like a universal or a mode")
    leads = option.go or option.mode or mode or universal
    if not leads:
        yield Mistake(place, f"option '{name}' leads nowhere; add `go: NODE`")
    if option.mode and option.mode not in {*flow.modes, STANDARD}:
        yield Mistake((*place, "mode"), _unknown("mode", option.mode, [*flow.modes, STANDARD]))
    for slot in option.fills:
        if slot not in flow.slots:
            yield Mistake((*place, "set", slot), _unknown("slot", slot, flow.slots), at_key=True)


def _mode(flow: Flow, name: str, mode: Mode, nodes: Collection[str]) -> Iterator[Mistake]:
    at: Place = ("modes", name)
    if mode.enter_when is not None:
        yield from _expression(flow, (*at, "enter_when"), mode.enter_when, set())
    for part in ("entered", "left"):
        yield from _prompt(flow, (*at, part), getattr(mode, part), set())
    for node_name, override in mode.nodes.items():
        place: Place = (*at, "nodes", node_name)
        node = flow.nodes.get(node_name)
        if node is None:
            if node_name not in nodes:
                yield Mistake(place, _unknown("node", node_name, nodes), at_key=True)
            continue
        wrong = [part for part in override.model_fields_set if part not in type(node).model_fields]
        for part in sorted(wrong):
            yield Mistake((*place, part), f"a {node.kind} node has no '{part}'; remove it", at_key=True)
        if not wrong:
            overlaid = node.model_copy(update={part: getattr(override, part) for part in override.model_fields_set})
            for prompt_place, prompt in overlaid.prompts():
                if prompt_place[0] in override.model_fields_set:
                    yield from _prompt(flow, (*place, *prompt_place), prompt, set())
    yield from _offers(flow, at, mode)


def _offers(flow: Flow, at: Place, mode: Mode) -> Iterator[Mistake]:
    """In a mode with `max_options`, a menu with more options says which of them it offers."""
    for name, node in flow.nodes.items() if mode.max_options else ():
        if not isinstance(node, Menu) or mode.max_options is None:
            continue
        override = mode.nodes.get(name)
        offers = override.offers if override is not None and override.offers is not None else node.offers
        place: Place = (*at, "nodes", name)
        options = {choice.name for choice in choices_at(flow, node).values() if choice.is_option}
        for index, offered in enumerate(offers):
            if offered not in options:
                yield Mistake((*place, "offers", index), _unknown("option", offered, options))
        if len(offers or options) > mode.max_options:
            what = f"menu '{name}' offers more than {mode.max_options} options in this mode"
            yield Mistake(place, f"{what}; name at most {mode.max_options} of them in `offers`, and in its prompt")


def _prompt(flow: Flow, place: Place, prompt: Template, extra: Collection[str]) -> Iterator[Mistake]:
    for field in prompt.fields:
        yield from _expression(flow, place, field.expression, extra)


def _expression(flow: Flow, place: Place, expression: Expression, extra: Collection[str]) -> Iterator[Mistake]:
    saved = {node.save for node in flow.nodes.values() if isinstance(node, Lookup)}
    known = _ALWAYS_KNOWN | saved | set(extra)
    for name in sorted(expression.names - known):
        if name in _CONFIRMING:
            yield Mistake(place, f"'{name}' is known only in a confirm_prompt of this kind of question; remove it")
        else:
            yield Mistake(place, _unknown("name", name, known))
    for name, field in sorted(expression.fields):
        if name == "slots" and field not in flow.slots:
            yield Mistake(place, _unknown("slot", field, flow.slots))
