"""Reading identity numbers is total, and what is said is read back."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.text import is_id_card, parse_id_card, say_digits
from asr.text.id_cards import check_character

pytestmark = pytest.mark.property

DENSE = "零一二三四五六七八九幺洞十两双个年月日号最后一位是叉艾克斯插Xx0123456789*，不对 "
texts = st.one_of(st.text(), st.text(alphabet=DENSE, max_size=50))


@st.composite
def cards(draw: st.DrawFn) -> str:
    region, order = draw(st.integers(110000, 659999)), draw(st.integers(0, 999))
    born = draw(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
    body = f"{region}{born:%Y%m%d}{order:03d}"
    return body + check_character(body)


@given(texts)
def test_every_string_is_read_without_an_error(text: str) -> None:
    card = parse_id_card(text)
    assert card is None or (len(card) == 18 and is_id_card(card))


@given(texts)
def test_every_string_is_judged_without_an_error(text: str) -> None:
    assert not is_id_card(text) or len(text) == 18


@given(cards(), st.sampled_from(["X", "叉", "艾克斯", "最后一位是X"]))
def test_what_is_said_is_read_back(card: str, letter: str) -> None:
    last = letter if card[-1] == "X" else say_digits(card[-1])
    assert is_id_card(card)
    assert parse_id_card(say_digits(card[:-1]) + last) == card
    assert parse_id_card(card) == card


@given(cards(), st.integers(0, 15))
def test_two_neighbours_that_changed_places_are_found(card: str, at: int) -> None:
    swapped = card[:at] + card[at + 1] + card[at] + card[at + 2 :]
    assert is_id_card(swapped) == (swapped == card)
