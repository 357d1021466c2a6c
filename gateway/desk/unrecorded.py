"""What of a flow has been recorded: what is missing, and how long the rest takes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from gateway.dialogue.actions import Say, Text
from gateway.dialogue.check import Finding
from gateway.dialogue.check.inspection import Inspection, Measure
from gateway.dialogue.check.speed import estimated_seconds, values_seconds
from gateway.dialogue.check.wording import MAX_PROMPT_S
from gateway.dialogue.model import Flow
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.menu import Menu
from gateway.dialogue.template import Template
from gateway.errors import PromptError
from gateway.media.frames import SAMPLE_RATE_HZ
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.inventory import Inventory
from gateway.prompts.render import render
from gateway.prompts.tables import clauses, flow_folder, normalize
from gateway.prompts.takes import read_recording

RULE = "unrecorded"
_DOUBTFUL = 0.6
"""A prompt estimated at more than this share of the limit is measured."""


def unrecorded(flow: Flow, folder: Path) -> Iterator[Finding]:
    """Prompts, labels and texts that no recording says; `folder` is the hotline's."""
    own = flow_folder(folder)
    inventory = Inventory(flow, folder)
    try:
        needed, missing = inventory.needed(), inventory.missing()
    except PromptError as error:
        yield Finding(RULE, "error", (), str(error).splitlines()[0])
        return
    if not own.table.is_file():
        what = f"这条热线一句也没有录音（缺 {len(missing)} 条），也没有设置合成命令"
        yield Finding(RULE, "error", (), f"{what}；请看 `voice-gateway prompts missing`")
        return
    sentences = {normalize(text) for name, text in missing.items() if needed[name][0] == own}
    for place, text in _texts(flow):
        lacking = [clause for clause in (text, *clauses(text)) if normalize(clause) in sentences]
        if lacking:
            what = f"“{'、'.join(dict.fromkeys(lacking))}”没有录音，也没有设置合成命令"
            yield Finding(RULE, "error", place, f"{what}；请录音，或设置以后运行 `prompts build`")
    if pieces := [text for name, text in missing.items() if needed[name][0] != own]:
        what = f"数字和日期有 {len(pieces)} 段没有录音（如“{pieces[0]}”），也没有设置合成命令"
        yield Finding(RULE, "error", _first_value(flow), f"{what}；请看 `voice-gateway prompts missing`")


def _texts(flow: Flow) -> Iterator[tuple[Place, str]]:
    """Everything that is said as written: the fixed parts of prompts, the recorded texts, the labels."""
    inspection = Inspection(flow)
    for prompt in inspection.sayings.prompts:
        for text in prompt.template.texts:
            yield prompt.place, text
    for index, text in enumerate(flow.recorded_texts):
        yield ("recorded_texts", index), text
    named: list[tuple[Place, str | None]] = []
    named += [(("universals", name, "label"), one.label) for name, one in flow.universals.items()]
    named += [(("modes", name, "label"), mode.label) for name, mode in flow.modes.items()]
    for stop in inspection.stops.values():
        if isinstance(stop.node, Menu):
            at = (*stop.place, "options")
            named += [((*at, name, "label"), one.label) for name, one in stop.node.options.items()]
    for at, slot in inspection.slots:
        named += [((*at, "options", name, "label"), pick.label) for name, pick in (slot.options or {}).items()]
    yield from ((place, label) for place, label in named if label)


def _first_value(flow: Flow) -> Place:
    prompts = Inspection(flow).sayings.prompts
    return next((one.place for one in prompts if any(field.kind != "text" for field in one.template.fields)), ())


def measured(folder: Path) -> Measure:
    """Seconds of a prompt by its recordings; estimated where it is surely short, or not recorded."""

    @cache
    def recordings() -> dict[str, Path]:
        own = flow_folder(folder)
        try:
            return {normalize(row.text): own.path(name) for name, row in own.read().items()}
        except PromptError:
            return {}

    def seconds(prompt: Template, pace: float) -> float:
        estimate = estimated_seconds(prompt, pace)
        if estimate < _DOUBTFUL * MAX_PROMPT_S:
            return estimate
        try:
            texts = [clause for text in prompt.texts for clause in (text, *clauses(text))]
            files = {text: recordings()[normalize(text)] for text in texts if normalize(text) in recordings()}
            catalog = PromptCatalog({text: read_recording(file) for text, file in files.items()})
            said = render(Say("", tuple(Text(text) for text in prompt.texts)), catalog)
        except PromptError:
            return estimate
        return len(said.pcm) / SAMPLE_RATE_HZ / pace + values_seconds(prompt, pace)

    return seconds
