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
from gateway.dialogue.slots import NO_KEY, YES_KEY
from gateway.dialogue.state import STANDARD

_AMOUNT = r"(?![\d.]|[元角块折天年月倍次]|个(?!人)|小时|分钟)"
_SPOKEN_KEY = re.compile(
    rf"按(?:下)?(?:([0-9*#]){_AMOUNT}|(井号|星号)|([零一二三四五六七八九])(?=键|[，。；！？、]|$))"
)
"""请按1, but not 按1元计费."""
_MEANT = {"井号": "#", "星号": "*", **dict(zip("零一二三四五六七八九", "0123456789", strict=True))}
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
    taken: dict[str, str] = {YES_KEY: "yes at a confirmation", NO_KEY: "no at a confirmation"}
    for name, said in flow.flow.universals.items():
        if said.key:
            if said.key in taken:
                what = f"key {said.key} already means {taken[said.key]}; take another"
                yield Found(("universals", name, "key"), what)
            taken.setdefault(said.key, f"'{name}'")


def _picks(flow: Inspection) -> Iterator[Found]:
    universals = {said.key: f"'{name}', which holds everywhere" for name, said in flow.flow.universals.items()}
    for at, slot in flow.slots:
        taken: dict[str | None, str] = dict(universals)
        for name, pick in (slot.options or {}).items():
            if pick.key and pick.key in taken:
                what = f"key {pick.key} chooses '{name}' here and hides {taken[pick.key]}; take another key"
                if pick.key not in universals:
                    what = f"key {pick.key} chooses {taken[pick.key]} already; take another"
                yield Found((*at, "options", name, "key"), what)
            taken.setdefault(pick.key, f"'{name}'")


def _menu(at: Place, menu: Menu, choices: Mapping[str, Choice]) -> Iterator[Found]:
    for name, option in menu.options.items():
        if not option.key:
            continue
        others = [one for one in choices.values() if one.key == option.key and one.name not in menu.options]
        for other in others:
            if other.name != AGENT:
                whose = f"'{other.name}'" + (f" of '{menu.include}'" if other.is_option else ", which holds everywhere")
                what = f"key {option.key} chooses '{name}' here and hides {whose}; take another key"
                yield Found((*at, "options", name, "key"), what)


def _survey(flow: Inspection, at: Place) -> Iterator[Found]:
    scores = {str(score) for score in SCORES}
    for name, said in flow.flow.universals.items():
        if said.key in scores:
            what = f"key {said.key} is a score here, so that it can't be '{name}'; give '{name}' another key"
            yield Found((*at, "survey"), what)


def _entry(flow: Inspection, at: Place, question: Collect | Message) -> Iterator[Found]:
    finish = question.finish_on_key
    for name, said in flow.flow.universals.items():
        if said.key and said.key == finish:
            what = f"key {finish} ends the entry here, so that it can't be '{name}'; take another"
            place = (*at, "finish_on_key") if "finish_on_key" in question.model_fields_set else at
            yield Found(place, what)
    if isinstance(question, Collect):
        if finish == _X_KEY and (slot := flow.slot(question)) and slot[1].type == "id_card":
            yield Found((*at, "finish_on_key"), f"key {finish} stands for an X here; let another end the entry")
        yield from _one_digit(flow, at, question)


def _one_digit(flow: Inspection, at: Place, question: Collect) -> Iterator[Found]:
    """Where one digit is an answer, the digit that reaches a human is one, too."""
    agent, slot = flow.flow.universals.get(AGENT), flow.slot(question)
    if agent and agent.key and agent.key.isdigit() and slot and slot[1].type == "digits" and question.min_digits == 1:
        what = f"a single {agent.key} is an answer here, so that it reaches no human; set `min_digits` to 2 or more"
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
            what = f"this prompt names key {key} for '{other.name}', but it chooses '{by_key[key].name}'"
            yield Found(prompt.place, f"{what}; {'say key ' + other.key if other.key else 'correct one of them'}")
    if idle:
        keys = ", ".join(dict.fromkeys(idle))
        fix = "give an option that key, or name another"
        if isinstance(question, Message) or digits:
            fix = f'add `finish_on_key: "{idle[0]}"`'
        yield Found(prompt.place, f"this prompt names key {keys}, which does nothing here; {fix}")


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
                    keys = ", ".join(f"{choice.key} for '{choice.name}'" for choice in untold)
                    what = f"in mode {mode} a prompt says the key of everything it offers; say key {keys}"
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
