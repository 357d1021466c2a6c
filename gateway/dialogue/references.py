"""Does a flow hang together: targets, slots, names in prompts and conditions, and what a hotline can't do without."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from gateway.dialogue.choices import AGENT, BUILT_IN, choices_at
from gateway.dialogue.declarations import CONFIRMING_NAMES, KNOWN_NAMES, declaration_mistakes
from gateway.dialogue.expressions import Expression
from gateway.dialogue.mistakes import Mistake, suggestion, unknown
from gateway.dialogue.model import Flow, Mode, Override, Slot
from gateway.dialogue.nodes.base import Fills, Node, Place
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.menu import Menu, Option
from gateway.dialogue.nodes.question import prompts_of
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.quoting import listed, quoted
from gateway.dialogue.routes import RETURN, all_slots, all_variables, overrides, stops
from gateway.dialogue.slots import KINDS
from gateway.dialogue.state import CALLER, STANDARD
from gateway.dialogue.template import Field, Template
from gateway.dialogue.values import SAID_AS, WrongTypeError, typed

_COMPARED: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("number", "amount", "data"), (int, float)),
    "yes_no": bool,
    **dict.fromkeys(("date", "month"), ()),
}
"""Value type -> the constants that a condition may compare it with; the rest are texts."""
_OWN_FIELDS: Mapping[str, Mapping[str, str]] = {CALLER: {"number": "phone"}, "survey": {"score": "number"}}
"""What is known without being declared."""


@dataclass(frozen=True, slots=True)
class Declared:
    """Names that the file declares, also where a declaration has mistakes of its own and isn't in the flow."""

    nodes: Mapping[str | None, frozenset[str]]
    """By sub-flow; None: the main flow's."""
    slots: frozenset[str]
    variables: frozenset[str]
    records: frozenset[str]
    subflows: frozenset[str]

    def reachable(self, subflow: str | None) -> frozenset[str]:
        """What a target in that sub-flow, or in the main flow, may name."""
        return self.nodes[None] | (self.nodes.get(subflow, frozenset()) | {RETURN} if subflow else frozenset())


class References:
    """Everything in a flow that names something else in it."""

    def __init__(self, flow: Flow, declared: Declared) -> None:
        self._flow = flow
        self._declared = declared
        self._slots = all_slots(flow)
        self._variables = all_variables(flow)
        self._nodes = {stop.name: stop.node for stop in stops(flow)}

    def check(self) -> Iterator[Mistake]:
        """Every reference that leads nowhere, and what is missing."""
        yield from self._targets()
        yield from self._needs()
        yield from declaration_mistakes(self._flow, self._declared.nodes[None])
        for stop in stops(self._flow):
            yield from self._node(stop.place, stop.node)
        for name, mode in self._flow.modes.items():
            yield from self._mode(("modes", name), name, mode)

    # ---------------------------------------------------------------------------------------------------- the whole

    def _targets(self) -> Iterator[Mistake]:
        flow = self._flow
        targets: list[tuple[Place, str, str | None]] = [(("entry",), flow.entry, None)]
        targets += [(("universals", name, "go"), said.go, None) for name, said in flow.universals.items() if said.go]
        for name, mode in flow.modes.items():
            targets += [(("modes", name, "on_error"), mode.on_error, None)] if mode.on_error else []
        for stop in stops(flow):
            targets += [((*stop.place, *place), target, stop.subflow) for place, target in stop.node.targets()]
        for place, target, subflow in targets:
            known = self._declared.reachable(subflow)
            if target not in known:
                yield Mistake(place, unknown("节点", target, known))
        for name, inner in flow.subflows.items():
            if inner.entry not in self._declared.nodes.get(name, ()):
                known = self._declared.nodes.get(name, frozenset())
                yield Mistake(("subflows", name, "entry"), unknown("节点", inner.entry, known))

    def _needs(self) -> Iterator[Mistake]:
        flow = self._flow
        if AGENT not in flow.universals:
            yield Mistake(("universals",), f"没有转人工的路；请加上 {quoted(AGENT)}，写明 `phrases`、`key` 和 `go`")
        for name, said in flow.universals.items():
            if not said.go and name not in BUILT_IN:
                yield Mistake(("universals", name), f"{quoted(name)} 没有去处；请加上 `go: 节点`")
            if said.go and name in BUILT_IN:
                yield Mistake(
                    ("universals", name, "go"), f"{quoted(name)} 自己就会起作用；请删掉它的 `go`", at_key=True
                )
        if STANDARD in flow.modes:
            what = f"{quoted(STANDARD)} 表示没有模式；请换一个名字"
            yield Mistake(("modes", STANDARD), what, at_key=True)
        for at, prompt in flow.any_moment.items():
            if prompt.fields:
                what = "这句话在通话的任何时候都可能要说，那时还没有数据；请不要写 `{…}`"
                yield Mistake(at, what)
        if flow.keys_only is not None:
            yield from self._offering(("keys_only", "option"), flow.keys_only.option)
        for place, prompt in prompts_of(flow.answers):
            names = {"option"} if place[0] == "confirm_prompt" else set()
            yield from self._prompt(("answers", *place), prompt, names)

    @staticmethod
    def _offering(at: Place, prompt: Template) -> Iterator[Mistake]:
        """It must name both, and can name nothing else."""
        said = {(field.expression.source.strip(), field.kind) for field in prompt.fields}
        if said != {("option", "text"), ("key", "number")}:
            yield Mistake(at, "这里念一个选项；请写上 `{option | text}` 和 `{key | number}`，不要写别的数据")

    # -------------------------------------------------------------------------------------------------------- nodes

    def _node(self, at: Place, node: Node) -> Iterator[Mistake]:
        for place, expression in node.expressions():
            yield from self._expression((*at, *place), expression)
        for place, prompt in node.prompts():
            names = set()
            if place[0] == "confirm_prompt":
                names = {"value"} if isinstance(node, Collect) else {"option"}
            yield from self._prompt((*at, *place), prompt, names)
        fills: Fills = getattr(node, "fills", {})
        for name, value in fills.items():
            yield from self._filled((*at, "set", name), name, value)
        match node:
            case Collect():
                yield from self._collect(at, node)
            case Menu():
                yield from self._menu(at, node)
            case Call():
                if node.call not in self._declared.subflows:
                    yield Mistake((*at, "call"), unknown("子流程", node.call, self._declared.subflows))
                for name, value in node.arguments.items():
                    yield from self._filled((*at, "with", name), name, value)
            case Lookup() | Ticket():
                if node.save not in self._declared.records:
                    meant = suggestion(node.save, self._declared.records)
                    what = f"没有查询结果 {quoted(node.save)}，字段要在 `records` 里声明"
                    yield Mistake((*at, "save"), f"{what}；{meant}")

    def _collect(self, at: Place, node: Collect) -> Iterator[Mistake]:
        yield from self._slot((*at, "slot"), node.slot)
        slot = self._slots.get(node.slot)
        if slot is None:
            return
        slot_type = slot.type
        if node.min_digits > node.max_digits:
            yield Mistake((*at, "min_digits"), f"`min_digits` 比 `max_digits`（{node.max_digits}）大；请改小")
        kind = KINDS[slot_type].says
        if node.confirm == "always" and kind is None:
            yield Mistake((*at, "confirm"), f"类型为 {quoted(slot_type)} 的回答念不出来，没法确认；请删掉 `confirm`")
        elif kind and (node.confirm or self._flow.answers.confirm) != "never" and node.confirm_prompt is None:
            example = f"您说的是{{value | {kind}}}，对吗？"
            yield Mistake(at, f"缺少 `confirm_prompt`；请加上一句，如 {quoted(example)}，或写 `confirm: never`")

    def _menu(self, at: Place, menu: Menu) -> Iterator[Mistake]:
        included = self._nodes.get(menu.include) if menu.include else None
        if menu.include and not isinstance(included, Menu):
            menus = [name for name, node in self._nodes.items() if isinstance(node, Menu)]
            yield Mistake((*at, "include"), unknown("菜单", menu.include, menus))
        keys: dict[str, str] = {}
        for name, option in menu.options.items():
            place: Place = (*at, "options", name)
            yield from self._option(place, name, option)
            if option.key and keys.setdefault(option.key, name) != name:
                what = f"按键 {option.key} 已经选中 {quoted(keys[option.key])}；请换一个"
                yield Mistake((*place, "key"), what)
        yield from self._offers(at, menu, menu.offers)
        for index, group in enumerate(menu.groups):
            yield from self._offers((*at, "groups", index), menu, group.offers)

    def _option(self, place: Place, name: str, option: Option) -> Iterator[Mistake]:
        flow = self._flow
        inherits = name in flow.universals or name in flow.modes
        if not option.phrases and not inherits:
            what = f"选项 {quoted(name)} 没有说法；请写上 `phrases`，或用 `universals`、`modes` 里的名字"
            yield Mistake(place, what)
        if not (option.go or option.mode or inherits):
            yield Mistake(place, f"选项 {quoted(name)} 没有去处；请加上 `go: 节点`")
        if option.mode and option.mode not in {*flow.modes, STANDARD}:
            yield Mistake((*place, "mode"), unknown("模式", option.mode, [*flow.modes, STANDARD]))
        for slot, value in option.fills.items():
            yield from self._filled((*place, "set", slot), slot, value)

    def _offers(self, at: Place, menu: Menu, offers: tuple[str, ...]) -> Iterator[Mistake]:
        options = self._options(menu)
        for index, offered in enumerate(offers):
            if offered not in options:
                yield Mistake((*at, "offers", index), unknown("选项", offered, options))

    def _options(self, menu: Menu) -> list[str]:
        return [choice.name for choice in choices_at(self._flow, menu).values() if choice.is_option]

    # -------------------------------------------------------------------------------------------------------- modes

    def _mode(self, at: Place, mode_name: str, mode: Mode) -> Iterator[Mistake]:
        if mode.enter_when is not None:
            yield from self._expression((*at, "enter_when"), mode.enter_when)
        yield from self._prompt((*at, "entered"), mode.entered)
        yield from self._prompt((*at, "struggling"), mode.struggling)
        yield from self._prompt((*at, "left"), mode.left)
        mine = {name: (place, override) for name, place, override in overrides(self._flow, mode_name)}
        for name, (place, override) in mine.items():
            subflow, dot, local = name.partition(".")
            known = self._declared.nodes.get(subflow if dot else None, frozenset())
            if name in self._nodes:
                yield from self._override(place, override, self._nodes[name])
            elif (local or name) not in known:
                yield Mistake(place, unknown("节点", local or name, known), at_key=True)
        for stop in stops(self._flow):
            if isinstance(stop.node, Menu) and mode.max_options:
                place, override = mine.get(stop.name, (stop.place, Override()))
                yield from self._not_too_many(place, mode.max_options, stop.node, override)

    def _override(self, at: Place, override: Override, node: Node) -> Iterator[Mistake]:
        given = override.model_fields_set
        if wrong := sorted(given - set(type(node).model_fields)):
            for part in wrong:
                yield Mistake((*at, part), f"{quoted(node.kind)} 节点没有 {quoted(part)}；请删掉", at_key=True)
            return
        overlaid = node.model_copy(update={part: getattr(override, part) for part in given})
        for place, prompt in overlaid.prompts():
            if place[0] in given:
                yield from self._prompt((*at, *place), prompt)
        if isinstance(node, Menu):
            yield from self._offers(at, node, override.offers or ())
            for index, group in enumerate(override.groups or ()):
                yield from self._offers((*at, "groups", index), node, group.offers)

    def _not_too_many(self, at: Place, most: int, menu: Menu, override: Override) -> Iterator[Mistake]:
        """A menu with more options than a mode allows offers some of them, or all in groups."""
        groups = menu.groups if override.groups is None else override.groups
        offers = (menu.offers if override.offers is None else override.offers) or self._options(menu)
        for names in [list(group.offers) for group in groups] or [list(offers)]:
            if len(names) > most:
                what = f"在这个模式里一次念的选项多于 {most} 个"
                fix = f"请用 `groups` 分组，或在 `offers` 和提示语里最多写 {most} 个"
                yield Mistake(at, f"{what}；{fix}")
                return

    # -------------------------------------------------------------------------------------------------------- names

    def _filled(self, place: Place, name: str, value: Expression) -> Iterator[Mistake]:
        known = self._declared.slots | self._declared.variables
        if name not in known:
            yield Mistake(place, unknown("槽位或变量", name, known), at_key=True)
            return
        declared = self._slots.get(name) or self._variables.get(name)
        if declared is None or not isinstance(value.tree, ast.Constant) or value.tree.value is None:
            return
        if isinstance(declared, Slot) and declared.options is not None:
            if value.tree.value not in declared.options:
                yield Mistake(place, unknown("选项", str(value.tree.value), declared.options))
            return
        try:
            typed(declared.type, value.tree.value)
        except WrongTypeError as error:
            yield Mistake(place, f"{error}；请改正其中一个")

    def _slot(self, place: Place, slot: str, *, at_key: bool = False) -> Iterator[Mistake]:
        if slot not in self._declared.slots:
            yield Mistake(place, unknown("槽位", slot, self._declared.slots), at_key)

    def _prompt(self, place: Place, prompt: Template, names: Collection[str] = ()) -> Iterator[Mistake]:
        for field in prompt.fields:
            yield from self._expression(place, field.expression, names)
            yield from self._said(place, field)

    def _said(self, place: Place, field: Field) -> Iterator[Mistake]:
        """A single value must be of a type that its kind can say."""
        for name, of in field.expression.fields:
            kind = self._type_of(name, of)
            if kind and field.expression.source.strip() == f"{name}.{of}" and field.kind not in SAID_AS[kind]:
                ways = listed(sorted(SAID_AS[kind]))
                what = f"`{name}.{of}` 的类型是 {quoted(kind)}，不能用 {quoted(field.kind)} 读"
                yield Mistake(place, f"{what}；请改用 {ways}" if ways else f"{what}；这种值念不出来，请删掉")

    def _type_of(self, name: str, field: str) -> str | None:
        if name == "slots":
            return self._slots[field].type if field in self._slots else None
        if name == "vars":
            return self._variables[field].type if field in self._variables else None
        return _OWN_FIELDS.get(name, {}).get(field) or self._flow.records.get(name, {}).get(field)

    def _expression(self, place: Place, expression: Expression, names: Collection[str] = ()) -> Iterator[Mistake]:
        known = KNOWN_NAMES | self._declared.records | set(names)
        for name in sorted(expression.names - known):
            if name in CONFIRMING_NAMES:
                what = f"{quoted(name)} 只能用在这种提问的 `confirm_prompt` 里；请删掉"
                yield Mistake(place, what)
            else:
                yield Mistake(place, unknown("名字", name, known))
        for name, field in sorted(expression.fields):
            yield from self._field(place, name, field)
        for name, field, constant in expression.comparisons:
            kind = self._type_of(name, field)
            if kind and constant is not None and not isinstance(constant, _COMPARED.get(kind, str)):
                what = f"`{name}.{field}` 的类型是 {quoted(kind)}，不能和 `{constant!r}` 比较"
                yield Mistake(place, f"{what}；请写这种类型的值")

    def _field(self, place: Place, name: str, field: str) -> Iterator[Mistake]:
        match name:
            case "slots":
                yield from self._slot(place, field)
            case "vars" if field not in self._declared.variables:
                yield Mistake(place, unknown("变量", field, self._declared.variables))
            case "hours" if field not in self._flow.hours:
                yield Mistake(place, unknown("营业时间", field, self._flow.hours))
            case _ if name in self._flow.records or name in _OWN_FIELDS:
                known = {*_OWN_FIELDS.get(name, ()), *self._flow.records.get(name, ())}
                if field not in known:
                    what = f"{quoted(name)} 没有字段 {quoted(field)}，字段要在 `records` 里声明"
                    yield Mistake(place, f"{what}；{suggestion(field, known)}")
