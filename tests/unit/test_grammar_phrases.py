"""Where in an utterance a phrase lies."""

from __future__ import annotations

import pytest

from gateway.dialogue.grammar.background import general_background
from gateway.dialogue.grammar.phrases import MAX_SYLLABLES, PhraseBook
from gateway.dialogue.grammar.pinyin import spoken

pytestmark = pytest.mark.unit

MENU = {"refund": ["退票", "我要退票"], "refund_progress": ["退票进度"], "lost": ["东西丢了"], "mute": ["……"]}


@pytest.fixture(scope="module")
def book() -> PhraseBook:
    return PhraseBook(MENU, general_background())


def test_an_exact_phrase_is_likeness_and_coverage_one(book: PhraseBook) -> None:
    place = book.align(spoken("退票进度"))["refund_progress"]
    assert (place.likeness, place.coverage) == (pytest.approx(1.0), pytest.approx(1.0))
    assert (place.start, place.end) == (0, 4)


def test_fillers_around_a_phrase_cost_no_likeness(book: PhraseBook) -> None:
    place = book.align(spoken("呃，那个，我想问一下退票进度，谢谢"))["refund_progress"]
    assert place.likeness == pytest.approx(1.0)
    assert place.phrase == "退票进度"
    assert (place.start, place.end) == (8, 12)


def test_the_longer_phrase_covers_more(book: PhraseBook) -> None:
    places = book.align(spoken("查一下退票进度"))
    assert places["refund"].likeness == pytest.approx(1.0)
    assert places["refund_progress"].coverage > places["refund"].coverage
    assert places["refund_progress"].score > places["refund"].score


def test_a_syllable_left_out_or_put_in_costs_some_likeness(book: PhraseBook) -> None:
    whole = book.align(spoken("我的东西丢了"))["lost"].likeness
    between = book.align(spoken("东西昨天丢了"))["lost"].likeness
    missing = book.align(spoken("东西"))["lost"].likeness
    assert whole > between > missing > 0.0


def test_options_without_a_pronounceable_phrase_are_left_out(book: PhraseBook) -> None:
    assert set(book.align(spoken("退票"))) == {"refund", "refund_progress", "lost"}


def test_silence_and_empty_menus_align_with_nothing(book: PhraseBook) -> None:
    assert book.align(spoken("")) == {}
    assert PhraseBook({}, general_background()).align(spoken("退票")) == {}


def test_a_monologue_is_judged_by_its_beginning(book: PhraseBook) -> None:
    assert book.align(spoken("退票" + "哦" * MAX_SYLLABLES))["refund"].end == 2


def test_a_phrase_claims_the_utterances_that_say_it(book: PhraseBook) -> None:
    assert book.claims(spoken("我要退票"))
    assert not book.claims(spoken("今天天气怎么样"))


def test_common_syllables_weigh_less_than_content(book: PhraseBook) -> None:
    i, want, return_, ticket = book.weights(spoken("我要退票")).tolist()
    assert max(i, want) < min(return_, ticket)
