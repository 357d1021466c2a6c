"""A small hotline with a message, a survey, a ticket, a sub-flow, a choice, groups and hours, and its dialogues."""

from __future__ import annotations

from pathlib import Path

from gateway.desk.dialogues.backend import Samples
from gateway.desk.dialogues.load import TestDialogue, load_dialogues
from gateway.desk.dialogues.text import Held, TextStage
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from tests.support.talk import PhraseInText

ERRANDS = """\
flow: errands
title: 跑腿热线
version: "1"
entry: profile
slots:
  district:
    type: choice
    options: {wuchang: {label: 武昌, phrases: [武昌], key: "1"}, hankou: {label: 汉口, phrases: [汉口], key: "2"}}
variables: {purpose: text}
records:
  caller: {known: yes_no, age: number}
  ticket: {number: digits}
  parcel: {days: number, fee: amount}
hours:
  service: {weekly: {mon: "08:00-20:00"}}
answers:
  confirm_prompt: 您是要{option | text}，对吗？
  confirm_again: [请说对，或者不对。]
  denied: 好的，请再说。
  no_input: [没有声音。]
  no_match: [没听清。]
universals:
  agent: {phrases: [人工], key: "0", go: human}
  repeat: {phrases: [再说一遍], key: "9"}
  more: {phrases: [还有呢], key: "#"}
modes:
  elderly:
    label: 长辈服务
    enter_when: caller.age >= 65
    enter_on: {phrases: [慢一点], errors: 2}
    leave_on: {phrases: [快一点]}
    entered: 慢慢说。
    struggling: 别着急。
    left: 恢复了。
    barge_in: dtmf
    on_error: human
    nodes:
      main: {groups: [{say: 寄东西还是查快递？, offers: [send, track]}, {say: 要留言吗？, offers: [leave]}]}
nodes:
  profile: {lookup: caller.profile, with: {number: caller.number}, save: caller, then: open, on_error: open}
  open:
    branch: [{when: hours.service, go: main}]
    otherwise: leave
  main:
    menu: 寄东西，查快递，还是留言？
    options:
      send: {phrases: [寄东西], key: "1", go: ask}
      track: {phrases: [查快递], key: "2", go: parcel}
      leave: {phrases: [留言], key: "3", go: leave}
      rate: {phrases: [评价], key: "4", go: rate}
  ask: {call: where, with: {purpose: "'寄件'"}, then: order}
  order:
    ticket: {category: pick_up, summary: "vars.purpose", deadline: 24h, with: {district: slots.district}}
    save: ticket
    then: told
    on_error: human
  told: {play: "单号是{ticket.number | digits}。", done: true, then: rate}
  parcel: {lookup: parcel.status, with: {number: caller.number}, save: parcel, then: parcel_told, on_error: human}
  parcel_told:
    play: "还有{parcel.days | number}天，运费{parcel.fee | amount}。"
    done: true
    then: rate
    on_error: human
  leave: {message: 请留言。, then: bye, on_error: nothing}
  nothing: {play: 没有听到留言。, then: bye}
  rate: {survey: 请打分。, then: bye}
  human: {transfer: {queue: general, say: 请稍候。}, unavailable: leave}
  bye: {hangup: 再见。}
subflows:
  where:
    entry: district
    nodes:
      district: {collect: 在哪个区？, slot: district, confirm: never, then: return}
"""

CUSTOMERS = """\
next_ticket: "5001"
plans: {}
customers:
  "13900001001": {name: 陈静, age: 34, vip: false, tickets: []}
  "13900001002": {name: 刘桂英, age: 72, vip: false, tickets: []}
"""


class Errands:
    """The hotline in a folder of its own, with the dialogues that a test writes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "flow.yaml"
        self.file.write_text(ERRANDS, encoding="utf-8")
        (folder / "customers.yaml").write_text(CUSTOMERS, encoding="utf-8")
        (folder / "dialogues").mkdir()
        self.flow = CompiledFlow(load_flow(self.file), PhraseInText)
        self.samples = Samples(folder)

    def read(self, text: str, name: str = "some.yaml") -> list[TestDialogue]:
        """The dialogues of one file."""
        file = self.file.parent / "dialogues" / name
        file.write_text(text, encoding="utf-8")
        return load_dialogues([file], self.flow.flow)

    def hold(self, text: str) -> list[Held]:
        """Every dialogue of a file, held."""
        stage = TextStage(self.flow, self.samples)
        return [stage.hold(dialogue) for dialogue in self.read(text)]

    def one(self, text: str) -> Held:
        """The one dialogue whose steps and ends `text` are."""
        indented = "\n".join(f"    {line}" for line in text.splitlines())
        (held,) = self.hold(f"dialogues:\n  one:\n{indented}\n")
        return held
