"""The way to a human: open at every question, and in one step where people need it most."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.graph import backward, reached
from gateway.dialogue.check.inspection import ELSEWHERE, Inspection, Way
from gateway.dialogue.choices import AGENT
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.survey import Survey
from gateway.dialogue.quoting import listed, quoted


def no_human(flow: Inspection) -> Iterator[Found]:
    """A question at which asking for a human leads to none."""
    reaching = _reaching(flow, lambda way: way.why not in {"universal", "mode", "human"}, asking=True)
    for place, target in _asking(flow).items():
        if target not in reaching:
            what = f"来电者在这里要人工，会走到 {quoted(target)}，从那里转不了人工"
            yield Found(place, f"{what}；请改到能转人工的节点")
    for name, question in flow.questions.items():
        if name in flow.reachable and isinstance(question, Menu):
            yield from _taken_keys(flow, name, question)


def _taken_keys(flow: Inspection, name: str, menu: Menu) -> Iterator[Found]:
    agent = flow.choices[name].get(AGENT)
    if agent is None or agent.key is None:
        return
    for option, own in menu.options.items():
        if option != AGENT and own.key == agent.key:
            what = f"按键 {own.key} 在这里选中 {quoted(option)}，转不了人工；请给它换一个键"
            yield Found((*flow.stops[name].place, "options", option, "key"), what)


def far_human(flow: Inspection) -> Iterator[Found]:
    """In a mode for people who need help: a question from which one answer, or one failure, doesn't lead to a human.

    That is a mode with an `on_error`; one with `max_options` must have it.
    """
    for name, mode in flow.flow.modes.items():
        if mode.max_options and mode.on_error is None:
            what = f"在模式 {quoted(name)} 里，第一次失败不会转人工"
            yield Found(("modes", name), f"{what}；请加上 `on_error: 节点`", at_key=True)
    helping = {name: mode.on_error for name, mode in flow.flow.modes.items() if mode.on_error}
    if not helping:
        return
    near = _reaching(flow, lambda way: way.why != "human", asking=False)
    hopeless = {found.place for found in no_human(flow)}
    for place, target in _asking(flow).items():
        if target not in near and place not in hopeless:
            yield _far(place, target, "来电者要人工", list(helping))
    for name, target in helping.items():
        if flow.target_of("", target) not in near:
            yield _far(("modes", name, "on_error"), target, "第一次失败", [name])
    for name, question in flow.questions.items():
        helped = not isinstance(question, Survey | Message) and name in flow.reachable
        if helped and question.on_error and flow.target_of(name, question.on_error) not in near:
            yield _far((*flow.stops[name].place, "on_error"), question.on_error, "第一次失败", list(helping))


def _far(place: Place, target: str, who: str, modes: list[str]) -> Found:
    what = f"在模式 {listed(modes)} 里，{who}会走到 {quoted(target)}，从那里还要再答一题才能转人工"
    return Found(place, f"{what}；请直接转人工")


def _asking(flow: Inspection) -> dict[Place, str]:
    """Where the file says what asking for a human leads to, and to which node."""
    found: dict[Place, str] = {}
    for name in flow.questions:
        agent = flow.choices[name].get(AGENT)
        if agent is None or agent.go is None or name not in flow.reachable:
            continue
        node = flow.stops[name].node
        own = isinstance(node, Menu) and AGENT in node.options and node.options[AGENT].go
        place: Place = (*flow.stops[name].place, "options", AGENT, "go") if own else ("universals", AGENT, "go")
        if own or not agent.is_option or place not in found:
            found.setdefault(place, flow.target_of(name, agent.go))
    return found


def _reaching(flow: Inspection, by: Callable[[Way], bool], *, asking: bool) -> set[str]:
    """The nodes from which a transfer is reached by such ways; not `asking`: without a question."""
    passing = [name for name in flow.names if asking or name not in flow.questions]
    returning = None if asking else flow.silently_returning
    back = backward(passing, lambda name: [way.target for way in flow.ways(name, returning=returning) if by(way)])
    humans = [name for name in (*flow.names, ELSEWHERE) if flow.is_human(name)]
    return reached(humans, lambda name: back.get(name, ()))
