"""The set of events is closed, small, and each has a name of its own."""

from __future__ import annotations

import dataclasses
import re
from typing import get_args

import pytest

from gateway.events import CallEnded, Event, KeyPressed, NodeEntered, from_json, to_json

pytestmark = pytest.mark.unit

KINDS = get_args(Event)


def test_there_are_few() -> None:
    assert 10 < len(KINDS) <= 22


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_named_after_its_class_and_never_changes(kind: type) -> None:
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
    assert kind.__dataclass_fields__["event"].default == name
    assert kind.__dataclass_params__.frozen
    assert {"call_id", "at_ms", "event"} <= {field.name for field in dataclasses.fields(kind)}


def test_a_line_is_plain_json_with_its_chinese_readable() -> None:
    line = to_json(NodeEntered(call_id="c1", at_ms=20.0, node="话费", kind="menu"))
    assert line == '{"call_id":"c1","at_ms":20.0,"event":"node_entered","node":"话费","kind":"menu"}'


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{}",
        "[]",
        '{"event":"key_pressed"}',
        '{"event":"key_squeezed","call_id":"c1","at_ms":0,"key":"1"}',
        '{"event":"key_pressed","call_id":"c1","at_ms":"soon","key":"1"}',
        "[" * 100_000,
    ],
)
def test_what_is_no_event_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        from_json(line)


def test_an_end_told_before_there_were_tickets_is_still_read() -> None:
    facts = (
        '"disposition":"completed","reason":"completed","duration_ms":5,"path":[],"options":[],"slots":{},"turns":[]'
    )
    ended = from_json(
        f'{{"event":"call_ended","call_id":"c1","at_ms":5,{facts},"mode":"standard","transfer":null,"recording":null}}'
    )
    assert isinstance(ended, CallEnded)
    assert (ended.tickets, ended.messages, ended.satisfaction, ended.line) == ([], [], None, None)


def test_an_event_is_read_as_the_class_it_was() -> None:
    assert from_json('{"event":"key_pressed","call_id":"c1","at_ms":0,"key":"#"}') == KeyPressed(
        call_id="c1", at_ms=0, key="#"
    )
