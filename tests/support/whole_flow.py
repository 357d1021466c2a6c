"""The small hotline with the rest of the language: a sub-flow, a ticket, a message, a survey, and awkward words."""

from __future__ import annotations

from tests.support.small_flow import SMALL

AWKWARD = '报修"上门" [加急] | <b>&#;'
"""Everything that a drawing could take for its own."""

_NOTHING = '      nothing: {phrases: [没有了], key: "8", go: goodbye}\n'
_RECORD = "  bill: {due: amount, card: text}\n"

WHOLE = (
    SMALL.replace(_RECORD, f"{_RECORD}  work: {{number: text}}\n").replace(
        _NOTHING, f"{_NOTHING}      repair: {{label: '{AWKWARD}', phrases: [报修], key: \"5\", go: end}}\n"
    )
    + """\
  end: {call: ask_day, then: open, on_error: sorry}
  open: {ticket: {category: repair, summary: "'报修'", deadline: 24h}, save: work, then: leave, on_error: human}
  leave: {message: 请在嘀声后留言。, then: rate}
  rate: {survey: 请打分。, then: goodbye}
subflows:
  ask_day:
    entry: ask
    slots: {when: date}
    modes: {elderly: {nodes: {ask: {collect: 您慢慢说，哪一天？}}}}
    nodes:
      ask: {collect: 哪一天方便？, slot: when, confirm: never, timeout: 9s, then: check}
      check:
        branch: [{when: slots.when > today, go: return}]
        otherwise: late
      late: {play: 这一天已经过了。, then: ask}
"""
)
