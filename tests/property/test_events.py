"""The codec of events: writing and reading is a fixed point, and reading anything else is a ValueError."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.events import Event, from_json, to_json

pytestmark = pytest.mark.property

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
KNOWN: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    str | None: st.none() | TEXT,
    float: NUMBER,
    float | None: st.none() | NUMBER,
    dict[str, str]: st.dictionaries(TEXT, TEXT, max_size=3),
    dict[str, Any]: st.dictionaries(TEXT, JSON, max_size=3),
    dict[str, Any] | None: st.none() | st.dictionaries(TEXT, JSON, max_size=3),
    list[str]: st.lists(TEXT, max_size=3),
    list[dict[str, Any]]: st.lists(st.dictionaries(TEXT, JSON, max_size=3), max_size=2),
    tuple[str, ...]: st.lists(TEXT, max_size=3).map(tuple),
}


def any_of(kind: type) -> st.SearchStrategy[Any]:
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: value_of(hints[f.name]) for f in fields(kind)})


def value_of(hint: Any) -> st.SearchStrategy[Any]:
    if hint in KNOWN:
        return KNOWN[hint]
    if is_dataclass(hint):
        return st.deferred(lambda: any_of(hint))
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple and inner[-1] is not Ellipsis:
        return st.tuples(*map(value_of, inner))
    if origin in (tuple, list):
        return st.lists(value_of(inner[0]), max_size=2).map(origin)
    return st.one_of(*map(value_of, inner)) if origin is UnionType else st.from_type(hint)


EVENTS = st.one_of([any_of(kind) for kind in get_args(Event)])


@given(EVENTS)
def test_what_is_written_is_read_back(event: Event) -> None:
    line = to_json(event)
    assert "\n" not in line
    assert from_json(line) == event
    assert from_json(line.encode()) == event
    assert to_json(from_json(line)) == line


@given(EVENTS, st.data())
def test_a_line_cut_short_is_refused(event: Event, data: st.DataObject) -> None:
    line = to_json(event)
    with pytest.raises(ValueError, match="json"):
        from_json(line[: data.draw(st.integers(0, len(line) - 1))])


@given(
    TEXT
    | st.binary()
    | JSON.map(json.dumps)
    | st.dictionaries(st.sampled_from(["event", "call_id", "at_ms"]), JSON).map(json.dumps)
)
def test_anything_else_is_a_value_error(line: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(line)
