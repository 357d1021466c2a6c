"""Numbers in the groups in which they are read."""

from __future__ import annotations

import pytest

from asr.text import reading_groups
from asr.text.rhythm import group_spans, runs_of_groups

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("number", "groups"),
    [
        ("13800138000", ["138", "0013", "8000"]),
        ("02787881234", ["027", "8788", "1234"]),
        ("071287881234", ["0712", "8788", "1234"]),
        ("07128788123", ["0712", "8788", "123"]),
        ("11010519491231002X", ["110", "105", "1949", "1231", "002X"]),
        ("6222021234567890", ["6222", "0212", "3456", "7890"]),
        ("123456", ["123", "456"]),
        ("12", ["12"]),
        ("", [""]),
    ],
)
def test_a_number_is_read_in_groups(number: str, groups: list[str]) -> None:
    assert reading_groups(number) == groups


def test_runs_are_whole_groups_and_never_the_whole() -> None:
    assert group_spans("13800138000") == [(0, 3), (3, 7), (7, 11)]
    assert runs_of_groups("13800138000") == [(0, 3), (0, 7), (3, 7), (3, 11), (7, 11)]
    assert runs_of_groups("3587") == []
