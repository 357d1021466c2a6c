"""A small hotline that has one of everything, as text, for tests of the language and the machine."""

from __future__ import annotations

from pathlib import Path

from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from tests.support.talk import PhraseInText

SMALL = """\
flow: small
title: 小热线
version: "1"
entry: profile
recorded_texts: [金卡]
slots: {number: phone, pin: digits, day: date, much: amount, month: month, count: number, sure: yes_no, words: text}
records:
  caller: {known: yes_no, age: number}
  bill: {due: amount, card: text}
answers:
  timeout: 4s
  confirm_prompt: 您是要{option | text}，对吗？
  confirm_again: [请说对，或者不对。, 对请按1，不对请按2。]
  denied: 好的，请再说。
  no_input: [没有声音。, 还是没有声音。]
  no_match: [没听清。, 还是没听清。]
universals:
  agent: {phrases: [人工, 客服], key: "0", go: human}
  repeat: {phrases: [再说一遍], key: "9"}
  back: {phrases: [返回], key: "*"}
  bye: {phrases: [再见], go: goodbye}
modes:
  elderly:
    label: 长辈服务
    enter_when: caller.age >= 65
    enter_on: {phrases: [老年人, 慢一点], errors: 2}
    leave_on: {phrases: [快一点]}
    entered: 慢慢说。
    struggling: 别着急。
    left: 恢复了。
    pace: 0.8
    gain_db: 3
    times: 2
    max_options: 3
    barge_in: dtmf
    on_error: human
    nodes:
      main: {menu: 长辈您好，请说。, offers: [bill, agent]}
      more: {offers: [nothing, agent]}
nodes:
  profile:
    lookup: caller.profile
    with: {number: caller.number}
    save: caller
    then: main
    on_error: main
  main:
    menu: 请说要办什么。
    again: [可以说账单。, 账单请按1。]
    options:
      bill: {label: 查账单, phrases: [账单, 花了多少], key: "1", go: bill}
      pin: {phrases: [密码], key: "2", go: pin}
      day: {phrases: [预约], key: "3", go: day}
      talk: {phrases: [留言], key: "4", go: words}
      numbers: {phrases: [登记], go: much}
      card: {phrases: [升级], go: sure, set: {words: "'金卡'"}}
      elderly: {key: "7"}
      agent: {}
  bill:
    lookup: account.bill
    with: {number: slots.number or caller.number, day: today}
    save: bill
    then: bill_branch
    on_error: sorry
  bill_branch:
    branch:
      - {when: bill.due > 100, go: much_due}
    otherwise: tell_bill
  much_due:
    play: 欠费很多。
    then: human
  tell_bill:
    play: 账单是{bill.due | amount}，卡是{bill.card | text}。
    done: true
    then: more
    on_error: sorry
  more:
    menu: 还要什么？
    include: main
    barge_in: keyword
    options:
      nothing: {phrases: [没有了], key: "8", go: goodbye}
  pin:
    collect: 请输入密码。
    slot: pin
    min_digits: 4
    max_digits: 6
    finish_on_key: "#"
    confirm_prompt: 密码是{value | digits}，对吗？
    again: [请说四到六位密码。]
    then: more
  day:
    collect: 哪一天？
    slot: day
    confirm: always
    confirm_prompt: 是{value | date}吗？
    on_error: sorry
    then: more
  words:
    collect: 请留言。
    slot: words
    speech_timeout: 2s
    max_speech: 60s
    then: number
  number:
    collect: 请说号码。
    slot: number
    skip_when: caller.number or slots.number
    confirm: never
    min_digits: 11
    max_digits: 11
    then: more
  much: {collect: 多少钱？, slot: much, confirm: never, then: month}
  month: {collect: 哪个月？, slot: month, confirm: never, then: count}
  count: {collect: 几次？, slot: count, confirm: never, then: more}
  sure: {collect: 确定吗？, slot: sure, then: tell_sure}
  tell_sure:
    play: 换成{slots.words | text}。
    then: more
    on_error: sorry
  sorry: {play: 抱歉。, then: human}
  human:
    transfer: {queue: general, say: 请稍候。}
    unavailable: goodbye
  goodbye: {hangup: 再见。}
"""


STEPS = """\
flow: steps
title: 各种步骤
version: "1"
entry: start
slots:
  district:
    type: choice
    options:
      wuchang: {label: 武昌, phrases: [武昌], key: "1"}
      hankou: {label: 汉口, phrases: [汉口], key: "2"}
  card: id_card
variables:
  tries: {type: number, value: 0}
  purpose: text
records:
  order: {number: digits, due: date}
hours:
  desk: {weekly: {mon: "08:00-20:00", sat: "09:00-12:00"}, timezone: Asia/Shanghai}
answers:
  confirm_prompt: 您是要{option | text}，对吗？
  confirm_again: [请说对，或者不对。]
  denied: 好的，请再说。
  no_input: [没有声音。]
  no_match: [没听清。]
universals:
  agent: {phrases: [人工], key: "0", go: human}
  back: {phrases: [返回], key: "*"}
  more: {phrases: [其他], key: "#"}
modes:
  elderly:
    label: 长辈服务
    enter_on: {phrases: [老年人], errors: null}
    leave_on: {phrases: [快一点]}
    entered: 慢慢说。
    struggling: 别着急。
    left: 恢复了。
    max_options: 1
    nodes:
      main: {groups: [{say: 开单吗？, offers: [open]}, {say: 留言吗？, offers: [leave]}]}
subflows:
  ask_number:
    entry: ask
    slots: {number: phone}
    variables: {asked: {type: number, value: 0}}
    modes: {elderly: {nodes: {ask: {collect: 长辈您好，请说号码。}}}}
    nodes:
      ask:
        collect: 请说号码。
        slot: number
        min_digits: 11
        max_digits: 11
        confirm: always
        confirm_prompt: 是{value | digits}吗？
        set: {asked: vars.asked + 1}
        then: check
      check: {branch: [{when: slots.number == '13700000000', go: stop}], otherwise: return}
      stop: {play: 这个号码不行。, then: human}
nodes:
  start: {play: 您好。, set: {tries: vars.tries + 1}, then: who}
  who: {call: ask_number, with: {purpose: "'开单'"}, then: where}
  where: {collect: 哪个区？, slot: district, confirm: always, confirm_prompt: "是{value | text}吗？", then: main}
  main:
    menu: 要办什么？
    options:
      open: {phrases: [开单], go: open}
      leave: {phrases: [留言], go: leave}
      card: {phrases: [证件], go: card}
      rate: {phrases: [打分], go: rate}
      hours: {phrases: [上班], go: hours}
  open:
    ticket:
      category: fault
      summary: "vars.purpose + '，' + slots.district.label"
      deadline: 24h
      with: {callback: slots.number}
    save: order
    then: told
    on_error: sorry
  told: {play: "单号{order.number | digits}，{order.due | day}前。", then: main, on_error: sorry}
  sorry: {play: 没开成。, then: main}
  leave: {message: 请留言。, then: thanks, on_error: nothing}
  thanks: {play: 记下了。, then: main}
  nothing: {play: 没听到留言。, then: main}
  card: {collect: 身份证号？, slot: card, confirm_prompt: "是{value | digits}吗？", then: main}
  hours: {branch: [{when: hours.desk, go: open_now}], otherwise: closed}
  open_now: {play: 开着。, then: main}
  closed: {play: 关了。, then: main}
  rate: {survey: 请打分。, then: bye}
  bye: {hangup: 再见。}
  human: {transfer: {queue: general}, unavailable: bye}
"""
"""What SMALL hasn't: sub-flows, choices, groups, tickets, messages, a survey, variables, opening hours."""


def small_flow(folder: Path, text: str = SMALL) -> CompiledFlow:
    """The flow, matched by phrases in the text."""
    file = folder / "flow.yaml"
    file.write_text(text, encoding="utf-8")
    return CompiledFlow(load_flow(file), PhraseInText)
