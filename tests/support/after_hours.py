"""A hotline in which a caller leaves a message, gets a ticket and is asked how content they are; it speaks in tones."""

from __future__ import annotations

from pathlib import Path

from gateway.call.lookups import SampleLookups
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.hotline import Hotline
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.inventory import Inventory
from tests.support.sound import tone
from tests.support.talk import PhraseInText

FLOW = """\
flow: after_hours
title: 下班留言
version: "1"
entry: leave
records: {ticket: {number: text, due: date}}
answers:
  confirm_prompt: 是{option | text}吗？
  confirm_again: [请说对]
  denied: 好的
  no_input: [没有声音]
  no_match: [没听清]
universals:
  agent: {phrases: [人工], key: "0", go: human}
  repeat: {phrases: [再说]}
  back: {phrases: [返回]}
nodes:
  leave:
    message: 请留言
    max_speech: 180s
    speech_timeout: 3s
    timeout: 3s
    then: open
    on_error: goodbye
  open:
    ticket: {category: broadband_fault, summary: "'留言'", deadline: 24h}
    save: ticket
    then: rate
    on_error: human
  rate: {survey: 请打分, then: goodbye}
  human:
    transfer: {queue: general, say: 请稍候}
    unavailable: goodbye
  goodbye: {hangup: 再见}
"""
CUSTOMERS = """\
next_ticket: "60112735"
customers: {"13900001001": {name: 陈静}}
"""


def after_hours(folder: Path) -> Hotline:
    """The hotline, its files in `folder`."""
    (folder / "flow.yaml").write_text(FLOW, encoding="utf-8")
    (folder / "customers.yaml").write_text(CUSTOMERS, encoding="utf-8")
    return in_tones(folder)


def in_tones(folder: Path) -> Hotline:
    """The hotline in `folder`, read without a recording.

    Raises:
        FlowError: its flow has mistakes.
    """
    flow = CompiledFlow(load_flow(folder / "flow.yaml"), PhraseInText)
    texts = [text for _, text in Inventory(flow.flow, folder).needed().values()]
    prompts = PromptCatalog({text: tone(600) for text in texts})
    return Hotline(flow, prompts, SampleLookups(folder / "customers.yaml"))
