"""Keys: those that two things want, those that a prompt names and nothing answers to, those that it should name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.inspection import Inspection
from gateway.dialogue.check.sayings import Prompt
from gateway.dialogue.choices import AGENT, Choice
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.nodes.survey import SCORES, Survey
from gateway.dialogue.quoting import quoted
from gateway.dialogue.slots import NO_KEY, YES_KEY
from gateway.dialogue.state import STANDARD

_AMOUNT = r"(?![\d.]|[元角块折天年月倍次]|个(?!人)|小时|分钟)"
_SPOKEN_KEY = re.compile(
    rf"按(?:下)?(?:([0-9*#]){_AMOUNT}|(井号|星号)|([零一二三四五六七八九])(?=键|[，。；！？、]|$))"
)
"""请按1, but not 按1元计费."""
_MEANT = {"井号": "#", "星号": "*", **dict(zip("零一二三四五六七八九", "0123456789", strict=True))}
_ANYWHERE = "任何时候都可以按的"
_X_KEY = "*"
"""Stands for the X of an ID card's number."""
_SENTENCE = re.compile(r"(?<=[。！？；])")


def key_clash(flow: Inspection) -> Iterator[Found]:
    """One key for two things that can be pressed at the same question."""
    yield from _universals(flow)
    yield from _picks(flow)
    for name, question in flow.questions.items():
        at = flow.stops[name].place
        if isinstance(question, Menu):
            yield from _menu(at, question, flow.choices[name])
        elif isinstance(question, Survey):
            yield from _survey(flow, at)
        elif isinstance(question, Collect | Message):
            yield from _entry(flow, at, question)


def _universals(flow: Inspection) -> Iterator[Found]:
    taken: dict[str, str] = {YES_KEY: "确认时的“是”", NO_KEY: "确认时的“不是”"}
    for name, said in flow.flow.universals.items():
        if said.key:
            if said.key in taken:
                what = f"按键 {said.key} 已经用来表示{taken[said.key]}；请换一个"
                yield Found(("universals", name, "key"), what)
            taken.setdefault(said.key, f" {quoted(name)}")


def _picks(flow: Inspection) -> Iterator[Found]:
    universals = {said.key: name for name, said in flow.flow.universals.items()}
    for at, slot in flow.slots:
        taken: dict[str | None, str] = dict(universals)
        for name, pick in (slot.options or {}).items():
            if pick.key and pick.key in taken:
                what = _hides(pick.key, name, f"{_ANYWHERE} {quoted(taken[pick.key])}")
                if pick.key not in universals:
                    what = f"按键 {pick.key} 已经选中 {quoted(taken[pick.key])}；请换一个"
                yield Found((*at, "options", name, "key"), what)
            taken.setdefault(pick.key, name)


def _hides(key: str, name: str, other: str) -> str:
    return f"按键 {key} 在这里选中 {quoted(name)}，遮住了{other}；请换一个键"


def _menu(at: Place, menu: Menu, choices: Mapping[str, Choice]) -> Iterator[Found]:
    for name, option in menu.options.items():
        if not option.key:
            continue
        others = [one for one in choices.values() if one.key == option.key and one.name not in menu.options]
        for other in others:
            if other.name != AGENT:
                whose = f" {quoted(menu.include)} 的" if other.is_option else _ANYWHERE
                what = _hides(option.key, name, f"{whose} {quoted(other.name)}")
                yield Found((*at, "options", name, "key"), what)


def _survey(flow: Inspection, at: Place) -> Iterator[Found]:
    scores = {str(score) for score in SCORES}
    for name, said in flow.flow.universals.items():
        if said.key in scores:
            what = f"按键 {said.key} 在这里是打分，不能表示 {quoted(name)}；请给 {quoted(name)} 换一个键"
            yield Found((*at, "survey"), what)


def _entry(flow: Inspection, at: Place, question: Collect | Message) -> Iterator[Found]:
    finish = question.finish_on_key
    for name, said in flow.flow.universals.items():
        if said.key and said.key == finish:
            what = f"按键 {finish} 在这里是结束键，不能表示 {quoted(name)}；请换一个"
            place = (*at, "finish_on_key") if "finish_on_key" in question.model_fields_set else at
            yield Found(place, what)
    if isinstance(question, Collect):
        if finish == _X_KEY and (slot := flow.slot(question)) and slot[1].type == "id_card":
            yield Found((*at, "finish_on_key"), f"按键 {finish} 在这里代替 X；请换一个结束键")
        yield from _one_digit(flow, at, question)


def _one_digit(flow: Inspection, at: Place, question: Collect) -> Iterator[Found]:
    """Where one digit is an answer, the digit that reaches a human is one, too."""
    agent, slot = flow.flow.universals.get(AGENT), flow.slot(question)
    if agent and agent.key and agent.key.isdigit() and slot and slot[1].type == "digits" and question.min_digits == 1:
        what = f"只按一个 {agent.key} 在这里就算回答，转不了人工；请把 `min_digits` 写成 2 或更多"
        yield Found((*at, "min_digits") if "min_digits" in question.model_fields_set else at, what)


# ------------------------------------------------------------------------------------------------ keys in prompts


def spoken_key(flow: Inspection) -> Iterator[Found]:
    """A prompt that names a key which does nothing there, or something else than it says."""
    for prompt in flow.sayings.prompts:
        question = flow.sayings.in_mode(prompt.node, prompt.mode) if prompt.node else None
        if isinstance(question, Question) and prompt.node and prompt.part in {question.kind, "again", "say"}:
            yield from _named(flow, prompt, question, flow.choices[prompt.node])


def _named(flow: Inspection, prompt: Prompt, question: Question, choices: Mapping[str, Choice]) -> Iterator[Found]:
    by_key = {choice.key: choice for choice in reversed(list(choices.values())) if choice.key}
    finish = question.finish_on_key if isinstance(question, Collect | Message) else None
    digits = isinstance(question, Collect) and not _is_choice(flow, question)
    idle: list[str] = []
    for key, before in spoken_keys(prompt):
        if key == finish or (digits and key.isdigit()):
            continue
        if key not in by_key:
            idle.append(key)
        elif isinstance(question, Menu) and (other := _other(before, by_key[key], choices)):
            what = f"提示语说按 {key} 是 {quoted(other.name)}，按了却选中 {quoted(by_key[key].name)}"
            yield Found(prompt.place, f"{what}；{f'请改成按 {other.key}' if other.key else '请改正其中一个'}")
    if idle:
        keys = "、".join(dict.fromkeys(idle))
        fix = "请给选项写上这个键，或改提示语"
        if isinstance(question, Message) or digits:
            fix = f'请加上 `finish_on_key: "{idle[0]}"`'
        yield Found(prompt.place, f"提示语里说的按键 {keys} 在这里没有用；{fix}")


def _is_choice(flow: Inspection, question: Collect) -> bool:
    slot = flow.slot(question)
    return slot is not None and slot[1].options is not None


def spoken_keys(prompt: Prompt) -> Iterator[tuple[str, str]]:
    """The keys that a prompt names, each with what is said about it."""
    for sentence in _SENTENCE.split("".join(prompt.template.texts)):
        start = 0
        for match in _SPOKEN_KEY.finditer(sentence):
            named = match[1] or _MEANT[match[2] or match[3]]
            yield named, sentence[start : match.start()]
            start = match.end()


def _other(said: str, chosen: Choice, choices: Mapping[str, Choice]) -> Choice | None:
    """Another option than `chosen` which is called by its name there, while `chosen` isn't mentioned."""
    if any(phrase in said for phrase in (chosen.label, *chosen.phrases)):
        return None
    called = (one for one in choices.values() if one.label in said or (one.phrases and one.phrases[0] in said))
    return next(called, None)


def untold_key(flow: Inspection) -> Iterator[Found]:
    """In a mode with `max_options`: a menu whose prompt doesn't say the keys of what it offers."""
    limited = [name for name, mode in flow.flow.modes.items() if mode.max_options]
    for name in flow.questions:
        for mode in limited if name in flow.reachable else ():
            for prompt, offered in _offering(flow, name, mode):
                named = {key for key, _ in spoken_keys(prompt)}
                choices = [flow.choices[name][one] for one in offered if one in flow.choices[name]]
                if untold := [choice for choice in choices if choice.key and choice.key not in named]:
                    keys = "、".join(f"{choice.key}（{quoted(choice.name)}）" for choice in untold)
                    what = f"在模式 {quoted(mode)} 里，提示语没有念出所给选项的按键；请补上 {keys}"
                    yield Found(prompt.place, what)


def _offering(flow: Inspection, name: str, mode: str) -> Iterator[tuple[Prompt, tuple[str, ...]]]:
    """What a menu says in a mode, and what it offers by that."""
    menu = flow.sayings.in_mode(name, mode)
    if not isinstance(menu, Menu):
        return
    part = "say" if menu.groups else "menu"
    prompts = [prompt for prompt in flow.sayings.at[name] if prompt.part == part]
    said = [one for one in prompts if one.mode == mode] or [one for one in prompts if one.mode == STANDARD]
    others = tuple(option for option in menu.options if option not in flow.flow.modes)
    offers = [group.offers for group in menu.groups] or [menu.offers or others]
    yield from zip(said, offers, strict=True)
