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
from gateway.dialogue.quoting import listed, quoted
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
            what = f"这句提示语一次念 {len(named)} 个选项（{listed(named)}），来电者只记得住 {MAX_OPTIONS} 个"
            yield Found(prompt.place, f"{what}；其余的请放进 `groups`，或另做一个菜单")
    for name, menu in flow.questions.items():
        if isinstance(menu, Menu):
            lists: list[tuple[Place, tuple[str, ...]]] = [(("offers",), menu.offers)]
            lists += [(("groups", index, "offers"), group.offers) for index, group in enumerate(menu.groups)]
            for place, offers in lists:
                count = sum(1 for one in offers if one not in flow.flow.universals)
                if count > MAX_OPTIONS:
                    what = f"一次念 {count} 个选项，来电者只记得住 {MAX_OPTIONS} 个；请用 `groups` 分组"
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
            what = f"来电者听不到 {quoted(name)} 的下一组选项；请在 `universals` 里加上 {quoted(MORE)}"
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
            how = "" if slowest == STANDARD else f"（模式 {quoted(slowest)}）"
            what = f"这句提示语要说 {seconds:.0f} 秒{how}，来电者只听得下 {MAX_PROMPT_S:.0f} 秒"
            yield Found(prompt.place, f"{what}；请缩短，或分开说")


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
        what = "没听懂以后会把同一句话再问一遍；请加上 `again`，换个说法问"
        yield Found(at, f"{what}，要 {retries - 1} 种" if retries > 2 else what, at_key=True)
        return
    prompts = [group.say for group in question.groups] if isinstance(question, Menu) and question.groups else []
    yield from _enough((*at, "again"), "again", prompts or [question.prompt], again, retries - 1)


def _enough(at: Place, part: str, before: list[Template], given: tuple[Template, ...], needed: int) -> Iterator[Found]:
    said = {strip_punctuation(template.source) for template in before}
    for index, template in enumerate(given):
        words = strip_punctuation(template.source)
        if words in said:
            yield Found((*at, index), f"又是同一句话（“{template.source}”）；请换个说法")
        said.add(words)
    if len(given) < needed:
        what = f"最后一次失败之前要说 {needed} 次，{quoted(part)} 只有 {len(given)} 种说法"
        yield Found(at, f"{what}；请再加 {needed - len(given)} 种")


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
                what = f"提示语要读出“{text}”，它却不在 `recorded_texts` 里；请加进去"
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
                what = f"提示语要读出 {quoted(name)}，那是来电者的原话，不可能录过"
                yield Found(prompt.place, f"{what}；请不要读，或把槽位改成 `choice`")


def _constant(expression: Expression) -> str | None:
    tree = expression.tree
    return tree.value if isinstance(tree, ast.Constant) and isinstance(tree.value, str) else None
