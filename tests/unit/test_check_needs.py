"""What an expression needs to have a value, and what is known once it holds or doesn't."""

from __future__ import annotations

import ast

import pytest

from gateway.dialogue.check.needs import missing, when_false, when_true

pytestmark = pytest.mark.unit

RECORDS = frozenset({"bill"})


def tree(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


@pytest.mark.parametrize(
    ("source", "lacking"),
    [
        ("slots.a", {"slots.a"}),
        ("vars.a + 1", {"vars.a"}),
        ("-survey.score", {"survey.score"}),
        ("bill.due", {"bill"}),
        ("caller.age", set()),
        ("slots.a or caller.number", set()),
        ("slots.a or slots.b", {"slots.a"}),
        ("slots.a and slots.b", {"slots.a", "slots.b"}),
        ("slots.a if slots.a else 'x'", set()),
        ("slots.b if slots.a else 'x'", {"slots.b"}),
        ("'x' if slots.a == None else slots.a", set()),
        ("slots.a > 3", {"slots.a"}),
        ("slots.a == 'x'", set()),
        ("not slots.a", set()),
        ("'x' in slots.a", set()),
    ],
)
def test_missing(source: str, lacking: set[str]) -> None:
    assert missing(tree(source), frozenset(), RECORDS) == lacking
    assert missing(tree(source), frozenset({"slots.a", "slots.b", "vars.a", "survey.score", "bill"}), RECORDS) == set()


@pytest.mark.parametrize(
    ("source", "true", "false"),
    [
        ("slots.a", {"slots.a"}, set()),
        ("not slots.a", set(), {"slots.a"}),
        ("slots.a and vars.b", {"slots.a", "vars.b"}, set()),
        ("slots.a or vars.b", set(), set()),
        ("not slots.a or not vars.b", set(), {"slots.a", "vars.b"}),
        ("slots.a or (slots.a and vars.b)", {"slots.a"}, set()),
        ("bill.due > 0", {"bill"}, set()),
        ("slots.a == 'x'", {"slots.a"}, set()),
        ("slots.a == None", set(), {"slots.a"}),
        ("slots.a != None", {"slots.a"}, set()),
        ("slots.a is not None", {"slots.a"}, set()),
        ("caller.age > 3", set(), set()),
    ],
)
def test_what_a_condition_tells(source: str, true: set[str], false: set[str]) -> None:
    assert when_true(tree(source), RECORDS) == true
    assert when_false(tree(source), RECORDS) == false
