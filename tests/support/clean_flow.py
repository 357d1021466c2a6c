"""A small hotline that has one of everything and that `flow check` finds nothing wrong with, as text."""

from __future__ import annotations

from pathlib import Path

CLEAN = """\
flow: clean
title: 干净的热线
version: "1"
entry: profile
recorded_texts: [金卡, 银卡]
slots:
  pin: digits
  matter: text
  district:
    type: choice
    options:
      east: {label: 东区, phrases: [东区], key: "1"}
      west: {label: 西区, phrases: [西区], key: "2"}
variables: {tries: {type: number, value: 0}, what: text}
records:
  caller: {known: yes_no, age: number}
  bill: {due: amount, card: text}
  ticket: {number: digits}
hours:
  office: {weekly: {mon: "08:00-20:00", sat: "09:00-12:00"}, timezone: Asia/Shanghai}
subflows:
  ask_number: parts/ask_number.yaml
answers:
  confirm_prompt: 您是要{option | text}，对吗？
  confirm_again: [请说对，或者不对。, 对请按1，不对请按2。]
  denied: 好的，请再说。
  no_input: [没有声音。, 还是没有声音。]
  no_match: [没听清。, 还是没听清。]
universals:
  agent: {phrases: [转人工], key: "0", go: human}
  repeat: {phrases: [再说一遍], key: "9"}
  back: {phrases: [返回], key: "*"}
  more: {label: 听其他的, phrases: [还有什么]}
modes:
  elderly:
    label: 长辈服务
    enter_when: caller.age >= 65
    enter_on: {phrases: [老年人服务], errors: 2}
    leave_on: {phrases: [恢复普通]}
    entered: 慢慢说。
    struggling: 别着急。
    left: 恢复了。
    pace: 0.8
    times: 2
    max_options: 3
    barge_in: dtmf
    on_error: human
    nodes:
      main:
        groups:
          - {say: 查账单请按1。改密码请按2。听其他的请按井号键。, offers: [bill, pin, more]}
          - {say: 报修请按3。找人工请按0。从头听请按井号键。, offers: [fault, agent, more]}
      again:
        menu: 还要什么？没有了请按8。找人工请按0。
        offers: [nothing, agent]
nodes:
  profile:
    lookup: caller.profile
    with: {number: caller.number}
    save: caller
    then: welcome
    on_error: welcome
  welcome: {play: 您好，通话将被录音。, then: open}
  open:
    branch: [{when: hours.office, go: main}]
    otherwise: leave
  main:
    menu: 请说要办什么，查账单，改密码，还是报修。
    again: [可以说查账单。, 查账单请按1。]
    options:
      bill: {label: 查账单, phrases: [账单], key: "1", go: whose}
      pin: {label: 改密码, phrases: [密码], key: "2", go: pin}
      fault: {label: 报修, phrases: [坏了], key: "3", set: {what: "'银卡'"}, go: matter}
      more: {key: "#"}
      agent: {}
  whose: {call: ask_number, with: {purpose: "'查账单'"}, then: bill}
  bill:
    lookup: account.bill
    with: {number: slots.number or caller.number}
    save: bill
    then: tell_bill
    on_error: sorry
  tell_bill:
    play: 账单是{bill.due | amount}，卡是{bill.card | text}。
    done: true
    then: again
    on_error: sorry
  again:
    menu: 还要什么？没有了请说没有了。
    again: [可以说没有了。, 没有了请按8。]
    include: main
    options:
      nothing: {phrases: [没有了], key: "8", go: rate}
  pin:
    collect: 请输入密码。
    slot: pin
    min_digits: 4
    max_digits: 6
    finish_on_key: "#"
    confirm_prompt: 密码是{value | digits}，对吗？
    again: [请说四到六位密码。, 请按键输入密码，按井号键结束。]
    then: again
  matter:
    collect: 请说哪里坏了。
    slot: matter
    again: [请说说是什么坏了。, 请再讲讲坏的是什么。]
    then: district
  district:
    collect: 您在东区还是西区？
    slot: district
    confirm_prompt: 是{value | text}吗？
    again: [请说东区，或者西区。, 东区请按1，西区请按2。]
    then: ticket
  ticket:
    ticket: {category: fault, summary: slots.matter, deadline: 24h, with: {district: slots.district, card: vars.what}}
    save: ticket
    set: {tries: vars.tries + 1}
    then: tell_ticket
    on_error: sorry
  tell_ticket:
    play: "{vars.what | text}已经报修，工单号是{ticket.number | digits}。"
    then: again
    on_error: sorry
  leave:
    message: 现在没有人，请在嘀声后留言，说完请按井号键。
    again: [请留言。, 请在嘀声后说话。]
    then: goodbye
    on_error: goodbye
  rate:
    survey: 请您打分，五分最满意。
    again: [满意请按5，不满意请按1。]
    then: goodbye
  sorry: {play: 抱歉。, then: human}
  human:
    transfer: {queue: general, say: 请稍候。}
    unavailable: goodbye
  goodbye: {hangup: 再见。}
"""

ASK_NUMBER = """\
entry: ask
slots: {number: phone}
variables: {purpose: text}
nodes:
  ask:
    collect: 请说手机号码。
    slot: number
    skip_when: caller.known or slots.number
    confirm: always
    confirm_prompt: 号码是{value | digits}，对吗？
    again: [请一位一位说。, 请按键输入。]
    then: spoken
  spoken: {branch: [{when: vars.purpose == '查账单', go: return}], otherwise: return}
modes: {elderly: {nodes: {ask: {collect: 请您慢慢说手机号码。}}}}
"""


def write_clean(folder: Path, text: str = CLEAN, subflow: str = ASK_NUMBER) -> Path:
    """The flow's file, with its sub-flow's beside it."""
    (folder / "parts").mkdir(parents=True, exist_ok=True)
    (folder / "parts" / "ask_number.yaml").write_text(subflow, encoding="utf-8")
    file = folder / "flow.yaml"
    file.write_text(text, encoding="utf-8")
    return file
