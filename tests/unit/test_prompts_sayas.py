"""Values are cut into few recorded fragments, and everything a hotline reads out can be said."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from asr.text import VOCABULARY, parse_digits, reading_groups
from gateway.dialogue.actions import Value
from gateway.errors import PromptError
from gateway.prompts.sayas import FRAGMENTS, LONGEST_FRAGMENT, split_into_fragments, words

pytestmark = pytest.mark.unit

RECORDED = frozenset(FRAGMENTS)


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("amount", Decimal("35.6"), ("三十五元六角",)),
        ("amount", Decimal(0), ("零元",)),
        ("number", Decimal("-12.5"), ("负十二点五",)),
        ("data", Decimal(6656), ("六点五G",)),
        ("date", date(2026, 11, 5), ("二零二六年十一月五日",)),
        ("day", date(2026, 11, 5), ("十一月五日",)),
        ("month", date(2026, 3, 1), ("二零二六年三月",)),
        ("text", "轻享套餐", ("轻享套餐",)),
        ("digits", "13900001002", ("幺三九", "零零零零", "幺零零二")),
        ("digits", "11010519491231002X", ("幺幺零", "幺零五", "幺九四九", "幺二三幺", "零零二叉")),
    ],
)
def test_words(kind, value, said):
    assert words(Value(kind, value)) == said


@pytest.mark.parametrize("length", range(1, 33))
def test_digits_are_said_in_the_groups_that_people_read(length):
    digits = "31415926535897932384626433832795"
    said = words(Value("digits", digits[:length]))
    assert [len(group) for group in said] == [len(group) for group in reading_groups(digits[:length])]
    assert parse_digits("".join(said)) == digits[:length]


@pytest.mark.parametrize(
    ("said", "fragments"),
    [
        ("三十五元六角", ["三十五元", "六角"]),
        ("一千两百零五元零八分", ["一千", "两百", "零五元", "零八分"]),
        ("二零二六年十一月二十三日", ["二零二六年", "十一月", "二十三日"]),
        ("幺三九", ["幺三", "九"]),
        ("十二点五G", ["十二", "点五", "G"]),
    ],
)
def test_the_longest_fragment_wins(said, fragments):
    assert split_into_fragments(said, RECORDED) == fragments


def joined(value):
    return [fragment for group in words(value) for fragment in split_into_fragments(group, RECORDED)]


def test_every_amount_up_to_9999_99_is_sayable_with_few_joins():
    amounts = [Decimal(100 * yuan + yuan * 37 % 100) / 100 for yuan in range(10_000)]
    amounts += [Decimal(100 * yuan + cents) / 100 for yuan in (0, 1, 20, 305, 9999) for cents in range(100)]
    for amount in amounts:
        fragments = joined(Value("amount", amount))
        assert "".join(fragments) == words(Value("amount", amount))[0]
        assert len(fragments) <= 6


def test_every_date_of_twelve_years_is_three_fragments():
    day = date(2024, 1, 1)
    while day.year < 2036:
        assert len(joined(Value("date", day))) == 3
        day += timedelta(days=1)


def test_everything_that_can_be_said_can_be_said_from_single_characters():
    assert set(FRAGMENTS) >= VOCABULARY
    assert max(map(len, FRAGMENTS)) == LONGEST_FRAGMENT
    assert len(set(FRAGMENTS)) == len(FRAGMENTS)


def test_a_character_without_a_recording_is_named():
    with pytest.raises(PromptError, match="没有录音能说“亿”"):
        split_into_fragments("两亿", {"两"})


@pytest.mark.parametrize(
    "value",
    [
        Value("digits", "12a"),
        Value("digits", None),
        Value("amount", "much"),
        Value("amount", Decimal("NaN")),
        Value("data", Decimal(-1)),
        Value("date", "2026-11-05"),
        Value("song", "la"),
    ],
    ids=lambda value: f"{value.kind}-{value.value}",
)
def test_what_is_not_of_its_kind_is_refused(value):
    with pytest.raises(PromptError, match=f"不能把这个值读成 `{value.kind}`"):
        words(value)
