"""Draws a flow: boxes from its nodes, arrows from its routes, and the walk of a caller in the mode along them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.desk.graph.drawing import Anywhere, Arrow, Box, Drawing, Walk, Way
from gateway.desk.graph.wording import gist
from gateway.dialogue.choices import AGENT
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.mistakes import unknown
from gateway.dialogue.model import Mode
from gateway.dialogue.nodes.base import Node
from gateway.dialogue.nodes.branch import Branch
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.routes import RETURN, Route, Stop, routes, stops
from gateway.dialogue.state import STANDARD
from gateway.errors import FlowError

_FAILURES: Mapping[str, str] = {
    "lookup": "失败/超时",
    "ticket": "失败/超时",
    "play": "读不出来",
    "transfer": "无人接听",
    "message": "没有留言",
}


def draw(compiled: CompiledFlow, mode: str | None = None) -> Drawing:
    """The drawing with the path of `mode` marked, of the flow's first mode when None. Raises FlowError if unknown."""
    flow = compiled.flow
    if mode is not None and mode not in flow.modes:
        raise FlowError([f"{flow.flow}: {unknown('模式', mode, flow.modes)}"])
    chosen = mode or next(iter(flow.modes), None)
    return _Draughtsman(compiled, chosen).drawing()


class _Draughtsman:
    def __init__(self, compiled: CompiledFlow, mode: str | None) -> None:
        self._compiled = compiled
        self._flow = compiled.flow
        self._name = mode
        self._mode: Mode | None = self._flow.modes[mode] if mode else None
        self._stops = {stop.name: stop for stop in stops(self._flow)}

    def drawing(self) -> Drawing:
        flow = self._flow
        arrows = [*self._arrows()]
        walks = self._walked(arrows)
        boxes = [self._box(stop, walks) for stop in self._stops.values()]
        returns = dict.fromkeys(arrow.target for arrow in arrows if arrow.target.endswith(f".{RETURN}"))
        boxes += [
            Box(name, RETURN, "回到调用它的地方", None, name.partition(".")[0], walks.get(name, Walk.NEVER))
            for name in returns
        ]
        return Drawing(
            flow.title,
            flow.flow,
            flow.version,
            flow.entry,
            self._name,
            self._mode.label if self._mode else "",
            tuple(boxes),
            tuple(arrows),
            tuple(self._anywhere()),
        )

    def _in_mode(self, name: str) -> Node:
        return self._compiled.node(name, self._name or STANDARD)

    def _box(self, stop: Stop, walks: Mapping[str, Walk]) -> Box:
        usual, own = gist(stop.node), gist(self._in_mode(stop.name))
        walk = walks.get(stop.name, Walk.NEVER)
        return Box(stop.name, stop.node.kind, usual, own if own != usual else None, stop.subflow, walk)

    # ------------------------------------------------------------------------------------------------------- arrows

    def _arrows(self) -> Iterator[Arrow]:
        ways = [*routes(self._flow)]
        for stop in self._stops.values():
            if isinstance(stop.node, Menu) and stop.node.include:
                yield self._included(stop, stop.node.include)
            yield from (self._arrow(stop, route) for route in ways if route.source == stop.name)
            failing = isinstance(stop.node, Question) and stop.node.failure is None
            if failing and self._mode and self._mode.on_error:
                label = f"{self._mode.label}：第一次失败"
                yield Arrow(stop.name, self._mode.on_error, Way.MODE_FAILURE, label, None, Walk.TOLD)

    def _included(self, stop: Stop, menu: str) -> Arrow:
        other = self._flow.nodes[menu]
        options = other.options if isinstance(other, Menu) else {}
        told = any(options[name].go for name in self._offers(stop.name) if name in options)
        return Arrow(stop.name, menu, Way.INCLUDED, f"{menu} 的选项", None, Walk.TOLD if told else Walk.ASKED)

    def _arrow(self, stop: Stop, route: Route) -> Arrow:
        target = f"{stop.subflow}.{RETURN}" if stop.subflow and route.target == RETURN else route.target
        match route.why:
            case ("options", str(option), *_):
                choice = self._compiled.choices(stop.name)[option]
                return Arrow(stop.name, target, Way.OPTION, choice.label, choice.key, self._offered(stop.name, option))
            case ("branch", int(index), *_) if isinstance(stop.node, Branch):
                condition = stop.node.branch[index].when.source.strip()
                return Arrow(stop.name, target, Way.CONDITION, condition, None, Walk.TOLD)
            case ("call", *_):
                return Arrow(stop.name, target, Way.ENTERED, "进入子流程", None, Walk.TOLD)
            case ("otherwise", *_):
                return Arrow(stop.name, target, Way.CONDITION, "否则", None, Walk.TOLD)
            case ("on_error" | "unavailable", *_):
                label = _FAILURES.get(stop.node.kind, "多次失败" if isinstance(stop.node, Question) else "失败")
                return Arrow(stop.name, target, Way.FAILURE, label, None, Walk.TOLD)
        return Arrow(stop.name, target, Way.ONWARD, "", None, Walk.TOLD)

    def _offered(self, menu: str, option: str) -> Walk:
        offered = self._offers(menu)
        return Walk.TOLD if not offered or option in offered else Walk.ASKED

    def _offers(self, menu: str) -> frozenset[str]:
        """The options that the mode's prompts name; none when the flow doesn't say which."""
        node = self._in_mode(menu)
        if not isinstance(node, Menu):
            return frozenset()
        return frozenset(name for group in node.groups for name in group.offers) or frozenset(node.offers)

    # --------------------------------------------------------------------------------------------------------- walk

    def _walked(self, arrows: list[Arrow]) -> dict[str, Walk]:
        """How a caller in the mode comes to each node, by following the arrows and the universals."""
        ways: dict[str, list[Arrow]] = {}
        for arrow in arrows:
            ways.setdefault(arrow.source, []).append(arrow)
        found: dict[str, Walk] = {}
        for level in (Walk.TOLD, Walk.ASKED) if self._mode else ():
            waiting = [self._flow.entry]
            seen: set[str] = set()
            while waiting:
                name = waiting.pop()
                if name not in seen:
                    seen.add(name)
                    found.setdefault(name, level)
                    waiting += self._next(name, ways, level)
        return found

    def _next(self, name: str, ways: Mapping[str, list[Arrow]], level: Walk) -> Iterator[str]:
        for arrow in ways.get(name, ()):
            if arrow.walk < level:
                continue
            if arrow.way is Way.INCLUDED:
                yield from (other.target for other in ways.get(arrow.target, ()) if other.way is Way.OPTION)
            else:
                yield arrow.target
        if name in self._stops and isinstance(self._stops[name].node, Question):
            for universal, said in self._flow.universals.items():
                if said.go and (level is Walk.ASKED or universal == AGENT):
                    yield said.go

    def _anywhere(self) -> Iterator[Anywhere]:
        for said in self._flow.universals.values():
            yield Anywhere(said.label or said.phrases[0], said.key, said.phrases[0], said.go)
        for mode in self._flow.modes.values():
            yield Anywhere(mode.label, None, mode.enter_on.phrases[0], None)
