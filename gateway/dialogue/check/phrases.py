"""Phrases that stand twice, or that sound so alike that one is heard as the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from asr.text import strip_punctuation
from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.inspection import Inspection
from gateway.dialogue.grammar.confusable import confusable_pairs
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Menu, Option
from gateway.dialogue.quoting import quoted


@dataclass(frozen=True, slots=True)
class Said:
    """One phrase: what it chooses, and where it stands."""

    option: str
    phrase: str
    place: Place
    where: str = ""
    """Whose it is, in words that stand before the option, when it isn't the question's own."""


def duplicate_phrase(flow: Inspection) -> Iterator[Found]:
    """The same phrase twice among what can be said at one question."""
    yield from _repeated(everywhere(flow), [])
    for own, around in questions(flow):
        yield from _repeated(own, around)


def _repeated(own: list[Said], around: list[Said]) -> Iterator[Found]:
    first: dict[str, Said] = {}
    for said in around:
        first.setdefault(strip_punctuation(said.phrase), said)
    for said in own:
        before = first.setdefault(strip_punctuation(said.phrase), said)
        if before is said:
            continue
        if before.option == said.option:
            if not before.where:
                yield Found(said.place, f"“{said.phrase}”在 {quoted(said.option)} 里写了两次；请删掉一个")
        else:
            what = f"“{said.phrase}”也是{before.where} {quoted(before.option)} 的说法；请只留在一处"
            yield Found(said.place, what)


def confusable_phrase(flow: Inspection) -> Iterator[Found]:
    """Phrases of different options at one question that recognition may swap."""
    parts = [(everywhere(flow), list[Said]()), *questions(flow)]
    near: dict[str, list[tuple[str, float]]] = {}
    for pair in confusable_pairs(_by_use(parts)):
        if strip_punctuation(pair.phrase_a) != strip_punctuation(pair.phrase_b):
            near.setdefault(pair.phrase_a, []).append((pair.phrase_b, pair.distance))
            near.setdefault(pair.phrase_b, []).append((pair.phrase_a, pair.distance))
    for own, around in parts:
        yield from _alike(own, around, near)


def _by_use(parts: list[tuple[list[Said], list[Said]]]) -> dict[str, list[str]]:
    """The phrases, those together that choose the same wherever they stand: these may sound as they like."""
    uses: dict[str, set[tuple[int, str]]] = {}
    for number, (own, _) in enumerate(parts):
        for said in own:
            uses.setdefault(said.phrase, set()).add((number, said.option))
    together: dict[str, list[str]] = {}
    for phrase, use in uses.items():
        together.setdefault(str(sorted(use)), []).append(phrase)
    return together


def _alike(own: list[Said], around: list[Said], near: Mapping[str, list[tuple[str, float]]]) -> Iterator[Found]:
    order = {said.place: index for index, said in enumerate(own)}
    by_phrase: dict[str, list[Said]] = {}
    for said in (*own, *around):
        by_phrase.setdefault(said.phrase, []).append(said)
    for said in own:
        for phrase, distance in near.get(said.phrase, ()):
            for other in by_phrase.get(phrase, ()):
                if other.option != said.option and order.get(other.place, -1) < order[said.place]:
                    what = f"“{said.phrase}”的读音像{other.where} {quoted(other.option)} 的“{phrase}”"
                    yield Found(said.place, f"{what}（距离 {distance:.2f}）；请换掉一个说法")


def questions(flow: Inspection) -> Iterator[tuple[list[Said], list[Said]]]:
    """For each question with phrases of its own: these, and what can be said there besides."""
    anywhere = everywhere(flow)
    for name, node in flow.questions.items():
        if isinstance(node, Menu):
            included = flow.flow.nodes.get(node.include) if node.include else None
            around = list(anywhere)
            if isinstance(included, Menu):
                around += _options(included, ("nodes", str(node.include)), f" {quoted(node.include)} 的")
            yield _options(node, flow.stops[name].place), around
        elif isinstance(node, Collect) and (slot := flow.slot(node)) and slot[1].options:
            at = (*slot[0], "options")
            own = [
                Said(option, phrase, (*at, option, "phrases", index))
                for option, pick in slot[1].options.items()
                for index, phrase in enumerate(pick.phrases)
            ]
            yield own, anywhere


def _options(menu: Menu, at: Place, where: str = "") -> list[Said]:
    return [
        Said(name, phrase, (*at, "options", name, "phrases", index), where)
        for name, option in menu.options.items()
        for index, phrase in enumerate(_phrases(option))
    ]


def _phrases(option: Option) -> tuple[str, ...]:
    return option.phrases or ()


def everywhere(flow: Inspection) -> list[Said]:
    """What can be said at every question."""
    where = "任何时候都可以说的"
    said: list[tuple[str, tuple[str, ...], Place]] = []
    said += [(name, one.phrases, ("universals", name, "phrases")) for name, one in flow.flow.universals.items()]
    for name, mode in flow.flow.modes.items():
        said.append((name, mode.enter_on.phrases, ("modes", name, "enter_on", "phrases")))
        said.append((f"退出 {name}", mode.leave_on.phrases, ("modes", name, "leave_on", "phrases")))
    return [
        Said(option, phrase, (*at, index), where)
        for option, phrases, at in said
        for index, phrase in enumerate(phrases)
    ]
