"""What is said: not too much at once, and not the same again to somebody who didn't understand it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from asr.text import strip_punctuation
from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.inspection import Inspection
from gateway.dialogue.check.keys import spoken_keys
from gateway.dialogue.check.sayings import Prompt
from gateway.dialogue.choices import MORE, Choice
from gateway.dialogue.expressions import Expression
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.nodes.message import Message
from gateway.dialogue.nodes.question import Answers, Question
from gateway.dialogue.routes import all_slots
from gateway.dialogue.state import STANDARD
from gateway.dialogue.template import Template

MAX_OPTIONS = 5
"""More than that nobody remembers at the end of the prompt."""
MAX_PROMPT_S = 20.0


def too_many_options(flow: Inspection) -> Iterator[Found]:
    """A menu that offers more than five options at once; what can be said everywhere doesn't count."""
    for prompt in flow.sayings.prompts:
        menu = flow.sayings.in_mode(prompt.node, prompt.mode) if prompt.node else None
        if not isinstance(menu, Menu) or not prompt.node or prompt.part not in {"menu", "again", "say"}:
            continue
        own = {name: one for name, one in flow.choices[prompt.node].items() if name in menu.options}
        named = [name for name in _named(prompt, own) if name not in flow.flow.universals]
        if len(named) > MAX_OPTIONS:
            what = f"this prompt offers {len(named)} options at once ({', '.join(named)}), and callers remember"
            yield Found(prompt.place, f"{what} {MAX_OPTIONS}; offer the rest in `groups`, or in a menu of their own")
    for name, menu in flow.questions.items():
        if isinstance(menu, Menu):
            lists: list[tuple[Place, tuple[str, ...]]] = [(("offers",), menu.offers)]
            lists += [(("groups", index, "offers"), group.offers) for index, group in enumerate(menu.groups)]
            for place, offers in lists:
                count = sum(1 for one in offers if one not in flow.flow.universals)
                if count > MAX_OPTIONS:
                    what = f"{count} options are offered at once, and callers remember {MAX_OPTIONS}; use `groups`"
                    yield Found((*flow.stops[name].place, *place), what)


def _named(prompt: Prompt, choices: Mapping[str, Choice]) -> list[str]:
    """The options that a prompt names, by their name or their key; 流量包 doesn't name 流量."""
    said, keys = "\n".join(prompt.template.texts), {key for key, _ in spoken_keys(prompt)}
    words = [(word, name) for name, one in choices.items() for word in (one.label, *one.phrases[:1])]
    named = {name for name, one in choices.items() if one.key in keys}
    for word, name in sorted(words, key=lambda one: -len(one[0])):
        if word in said:
            named.add(name)
            said = said.replace(word, "\n")
    return [name for name in choices if name in named]


def unheard_group(flow: Inspection) -> Iterator[Found]:
    """A menu with several groups, and no way to ask for the next one."""
    for name, menu in flow.questions.items():
        groups = [getattr(flow.sayings.in_mode(name, mode), "groups", ()) for mode in (STANDARD, *flow.flow.modes)]
        if isinstance(menu, Menu) and MORE not in flow.choices[name] and any(len(one) > 1 for one in groups):
            what = f"nobody can ask '{name}' for its other groups; add `{MORE}` to `universals`"
            yield Found(flow.stops[name].place, what, at_key=True)


def long_prompt(flow: Inspection) -> Iterator[Found]:
    """A prompt that takes more than 20 s, at the pace of the slowest mode that says it."""
    overridden = {(prompt.node, prompt.mode, prompt.part) for prompt in flow.sayings.prompts if prompt.mode != STANDARD}
    paces = {STANDARD: 1.0} | {name: mode.pace for name, mode in flow.flow.modes.items()}
    for prompt in flow.sayings.prompts:
        modes = [prompt.mode]
        if prompt.mode == STANDARD:
            modes = [mode for mode in paces if mode == STANDARD or (prompt.node, mode, prompt.part) not in overridden]
        saying = [mode for mode in modes if _says(flow, prompt, mode)]
        if not saying:
            continue
        slowest = min(saying, key=lambda mode: paces[mode])
        seconds = flow.measure(prompt.template, paces[slowest])
        if seconds > MAX_PROMPT_S:
            how = "" if slowest == STANDARD else f" in mode {slowest}"
            what = f"this prompt takes {seconds:.0f} s{how}, and callers listen for {MAX_PROMPT_S:.0f}"
            yield Found(prompt.place, f"{what}; shorten it, or divide it")


def _says(flow: Inspection, prompt: Prompt, mode: str) -> bool:
    """Not what its groups are said for, nor, where the first failure leads to a human, what is said after one."""
    if prompt.part == "menu" and prompt.node:
        return not getattr(flow.sayings.in_mode(prompt.node, mode), "groups", ())
    return mode == STANDARD or prompt.part not in _AFTER_FAILURES or flow.flow.modes[mode].on_error is None


# ------------------------------------------------------------------------------------------------- saying it again


def same_words(flow: Inspection) -> Iterator[Found]:
    """Fewer wordings than a question is put times, or the same words twice."""
    flow_wide = flow.flow.answers
    yield from _of_failures(("answers",), flow_wide, flow_wide.max_retries)
    for name, question in flow.questions.items():
        if isinstance(question, Message) or name not in flow.reachable:
            continue
        at, settings = flow.stops[name].place, flow_wide.merged(question)
        if flow_wide.max_retries < settings.max_retries:
            yield from _of_failures(at, settings, settings.max_retries)
        else:
            own = settings.model_copy(update={p: () for p in _WORDINGS if getattr(question, p) is None})
            yield from _of_failures(at, own, settings.max_retries)
        yield from _of_question(at, question, settings.max_retries)


_WORDINGS = ("no_input", "no_match", "confirm_again")
_AFTER_FAILURES = frozenset({*_WORDINGS, "denied", "again"})


def _of_failures(at: Place, settings: Answers, retries: int) -> Iterator[Found]:
    for part in _WORDINGS:
        wordings: tuple[Template, ...] = getattr(settings, part)
        if wordings:
            yield from _enough((*at, part), part, [], wordings, retries - 1)


def _of_question(at: Place, question: Question, retries: int) -> Iterator[Found]:
    again = question.again or ()
    if not again and retries > 1:
        what = "after a failure the same words come again; add `again` with the question in other words"
        yield Found(at, f"{what}, {retries - 1} of them" if retries > 2 else what, at_key=True)
        return
    prompts = [group.say for group in question.groups] if isinstance(question, Menu) and question.groups else []
    yield from _enough((*at, "again"), "again", prompts or [question.prompt], again, retries - 1)


def _enough(at: Place, part: str, before: list[Template], given: tuple[Template, ...], needed: int) -> Iterator[Found]:
    said = {strip_punctuation(template.source) for template in before}
    for index, template in enumerate(given):
        words = strip_punctuation(template.source)
        if words in said:
            yield Found((*at, index), f"the same words again ('{template.source}'); say it in another way")
        said.add(words)
    if len(given) < needed:
        what = f"`{part}` has {len(given)} wording{'s' * (len(given) > 1)} for {needed} failures before the last"
        yield Found(at, f"{what}; add {needed - len(given)}, in other words")


# ------------------------------------------------------------------------------------------------- texts from data


def unsayable_text(flow: Inspection) -> Iterator[Found]:
    """A text to be read aloud that is not among the recorded ones: put in a slot by the flow, or said by callers."""
    fields = [field for one in flow.sayings.prompts for field in one.template.fields]
    read = {field.expression.source.strip() for field in fields if field.kind == "text"}
    labels = {choice.label for choices in flow.choices.values() for choice in choices.values()}
    picked = {name for slot in all_slots(flow.flow).values() for name in slot.options or ()}
    known = {*flow.flow.recorded_texts, *labels, *picked}
    yield from _own_words(flow)
    for stop in flow.stops.values():
        for place, expression in stop.node.expressions():
            text = _constant(expression)
            if len(place) < 2 or place[-2] != "set" or text is None or text in known:
                continue
            if {f"slots.{place[-1]}", f"vars.{place[-1]}"} & read:
                what = f"a prompt reads '{text}' aloud, but it is not among `recorded_texts`; add it there"
                yield Found((*stop.place, *place), what)


def _own_words(flow: Inspection) -> Iterator[Found]:
    """Prompts that read what callers say in their own words, which nobody can have recorded."""
    asked = {question.slot for question in flow.questions.values() if isinstance(question, Collect)}
    free = {
        f"slots.{name}": name for name, slot in all_slots(flow.flow).items() if slot.type == "text" and name in asked
    }
    for prompt in flow.sayings.prompts:
        for field in prompt.template.fields:
            if (name := free.get(field.expression.source.strip())) is not None:
                what = f"a prompt reads '{name}' aloud, the caller's own words, which nobody can have recorded"
                yield Found(prompt.place, f"{what}; leave it out, or make the slot a choice")


def _constant(expression: Expression) -> str | None:
    tree = expression.tree
    return tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, str) else None
