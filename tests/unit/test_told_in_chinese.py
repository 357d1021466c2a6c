"""What a designer is told of a flow, of its test dialogues and of its recordings is Chinese, whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.desk.check import check
from gateway.desk.dialogues.load import load_dialogues
from gateway.dialogue.load import load_flow
from gateway.errors import FlowError
from gateway.prompts.takes import Fault
from tests.support.chinese import not_chinese
from tests.support.clean_flow import CLEAN, write_clean

pytestmark = pytest.mark.unit

MISUSED = """\
flow: Broken
title: 3
version: ""
entry: mian
extra: 1
slots: {pin: digit, visit: choice, card: {type: phone, options: {a: {label: 甲, phrases: [甲]}}}}
variables: {pin: text, tries: {type: number, value: 零}}
records: {vars: {due: amount}, bill: {due: money}}
hours:
  day: {weekly: {mon: "8-20", tue: ["08:00-12:00", "11:00-13:00"]}, closed: [2026-02-30], timezone: Asia/Shangai}
  none: {weekly: {}}
answers:
  timeout: 4
  max_retries: 99
  accept_score: 2
  barge_in: maybe
  confirm_prompt: "{option | txet}吗"
  confirm_again: []
  denied: "{bil.due | amount}"
  no_input: 没有声音。
  no_match: ["｛", "{", ""]
universals:
  repeat: {phrases: ["再，说"], go: main}
  help: {phrases: [帮忙]}
modes:
  elderly: {label: 长辈, enter_on: {phrases: [慢点]}, leave_on: {phrases: [普通]}, entered: 好。, struggling: 好。,
            left: 好。, max_options: 1, on_error: nobody, nodes: {mian: {menu: 嗯}, main: {play: 嗯}}}
  standard: {label: 普通}
subflows:
  gone: parts/gone.yaml
  outside: /etc/passwd
  inner: {entry: nothing, nodes: {main: {play: 好。, then: retrun}, again: {call: inner, then: return}}}
nodes:
  main:
    menu: 请说
    options:
      a: {key: 1}
      b: {phrases: [甲], key: "12", go: nowhere, mode: fast, set: {nix: "open('x')"}}
      c: {phrases: [乙], key: "2", go: main}
      d: {phrases: [丙], key: "2", go: main}
    include: pin
    offers: [x]
  ask: {collect: 请说, slot: nothing, min_digits: 9, max_digits: 3, confirm: always, then: main, skip_when: "1 +"}
  pin: {collect: 请说, slot: pin, then: main, set: {tries: "'x'"}}
  say: {play: "{vars.tries | digits}{slots.pin | amount}{caller.nix | text}{hours.noon | number}", then: main}
  look: {lookup: Account, save: bil, then: main, timeout: 0s}
  work: {ticket: {category: a, summary: "value", deadline: 3x}, save: bil, then: main}
  go: {transfer: {queue: a}}
  odd: 3
  sub: {call: inner, then: main, with: {nix: "1"}}
  done: {pley: 好}
  again: {branch: [{when: vars.tries == 'x', go: main}], otherwise: main}
"""

DIALOGUES = """\
caller: 13900001001
clock: today
lookups: {no.such: maybe}
dialogues:
  一:
    steps: [{}, {says: 喂, keys: "1"}, {at: nowhere, says: 喂}, {keys: x}, {silent: 99}, {hangs_up: no}]
    slots: {nix: 1}
    mode: fast
    ends: {queue: nobody, disposition: ended}
    ticket: 3
  二: {steps: [], path: [nowhere]}
  三: {sayz: 喂}
"""


def told_of(file: Path) -> list[str]:
    return [one.message for one in check(file).findings]


def test_every_mistake_of_the_language_is_told_in_chinese(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    told: list[str] = []
    for text in (MISUSED, MISUSED.replace("Broken", "broken").replace("extra: 1\n", "")):
        file.write_text(text, encoding="utf-8")
        told += told_of(file)
    assert len(set(told)) > 40
    assert not_chinese(told) == []


@pytest.mark.parametrize(
    "raw",
    [
        *(
            b"",
            b"- a\n",
            b"flow: [",
            b"a: {b: 1",
            b"a: 'x",
            b"a: b: c",
            b"a: *gone",
            b"a: &a [*a]",
            b"a: @x",
            b"a:\n\t- b",
        ),
        *(
            b"a: 1\n b: 2\n",
            b"a: 1\n---\nb: 2\n",
            b"%YAML 9\n---\na",
            b'a: "\\q"',
            b"a: !x b",
            b"a: 1\na: 2\n",
            b"? [a]\n: b",
        ),
        *(b"flow: \xb2\xe9\n", b"flow: a\n\x00", b"a: >x\n y", b"a: - b", b"<<: [1]\n", b" " * (1 << 20 | 1)),
    ],
    ids=repr,
)
def test_what_is_no_flow_is_told_in_chinese(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "flow.yaml"
    file.write_bytes(raw)
    told = told_of(file)
    assert told
    assert not_chinese(told) == []


def test_a_file_that_cannot_be_read_is_told_in_chinese(tmp_path: Path) -> None:
    told = [*told_of(tmp_path / "none.yaml"), *told_of(tmp_path), *told_of(tmp_path / ("x" * 300))]
    assert len(told) == 3
    assert not_chinese(told) == []


def test_what_is_wrong_with_dialogues_is_told_in_chinese(tmp_path: Path) -> None:
    flow = load_flow(write_clean(tmp_path, CLEAN))
    told: list[str] = []
    for text in (DIALOGUES, DIALOGUES.split("dialogues:", maxsplit=1)[0], "dialogues: 3", "[x]", ""):
        (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(FlowError) as caught:
            load_dialogues([tmp_path / "a.yaml"], flow)
        told += caught.value.problems
    assert len(told) > 12
    assert not_chinese(one.partition(".yaml")[2] for one in told) == []


def test_what_is_wrong_with_a_recording_is_told_in_chinese() -> None:
    assert not_chinese(words for fault in Fault for words in fault.value) == []


def test_english_would_be_noticed() -> None:
    assert not_chinese(["there is no node", "节点 there is no node 不对", "`a b c`", "`a b c` 不对"]) == [
        "there is no node",
        "节点 there is no node 不对",
        "`a b c`",
    ]
