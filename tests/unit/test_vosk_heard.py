from __future__ import annotations

import json
import math

import pytest

from asr.engines.vosk_heard import (
    UNLIKE_PER_S,
    Reading,
    Stretch,
    Word,
    choose,
    heard_freely,
    heard_within,
    others_of,
    readings_of,
    text_of,
    weigh,
)
from asr.engines.vosk_words import Grammar

pytestmark = pytest.mark.unit

GRAMMAR = Grammar((("查", "话费"), ("宽带",)))


def reading(text: str, score: float, word_s: float = 0.5) -> Reading:
    words = text.split()
    return Reading(tuple(Word(word, index * word_s, (index + 1) * word_s) for index, word in enumerate(words)), score)


def test_the_readings_of_vosk_are_read_with_their_times() -> None:
    result = {
        "alternatives": [
            {"confidence": 143.5, "result": [{"word": "查", "start": 0.3, "end": 0.6}], "text": "查"},
            {"confidence": 141.0, "text": ""},
        ]
    }
    assert readings_of(json.dumps(result)) == (Reading((Word("查", 0.3, 0.6),), 143.5), Reading((), 141.0))
    assert readings_of('{"text": ""}') == (Reading((), 0.0),)


def test_a_word_is_as_likely_as_the_readings_that_have_it_at_the_same_time() -> None:
    words = weigh([reading("查 话费", math.log(6)), reading("茶 话费", math.log(3)), reading("话费 查", math.log(1))])
    assert [word.text for word in words] == ["查", "话费"]
    assert [word.confidence for word in words] == pytest.approx([0.6, 0.9])


def test_scores_of_any_size_are_weighed() -> None:
    assert weigh([reading("查", 9000.0), reading("茶", -9000.0)])[0].confidence == 1.0
    assert weigh([Reading((), 0.0)]) == ()


def test_a_whole_hint_that_sounds_like_it_is_taken_and_the_free_reading_kept() -> None:
    stretch = choose(GRAMMAR, [reading("查 话费", 100.0)], [reading("茶 花 飞", 90.0)])
    assert text_of([stretch]) == "查话费"
    assert [word.confidence for word in stretch.words] == [1.0, 1.0]
    assert others_of([stretch]) == ("茶花飞",)


def test_the_price_of_a_hint_lowers_its_confidence_down_to_half_and_then_the_hint_falls() -> None:
    def at(price: float) -> Stretch:
        return choose(GRAMMAR, [reading("查 话费", 100.0)], [reading("茶 花", 100.0 + price * UNLIKE_PER_S)])

    assert at(0.5).words[0].confidence == pytest.approx(0.75)
    assert at(0.99).words[0].confidence == pytest.approx(0.505)
    assert text_of([at(1.01)]) == "茶花"
    assert others_of([at(1.01)]) == ("查话费",)


@pytest.mark.parametrize("expected", ["查", "宽带 查 话费", ""])
def test_scraps_of_the_grammar_are_never_taken(expected: str) -> None:
    stretch = choose(GRAMMAR, [reading(expected, 200.0)], [reading("今天 天气", 100.0)])
    assert text_of([stretch]) == "今天天气"


def test_where_nothing_is_heard_freely_scraps_are_no_other_reading() -> None:
    assert choose(GRAMMAR, [reading("查", 90.0)], [reading("", 100.0)]) == Stretch()


def test_a_grammar_alone_gives_whole_hints_and_reports_scraps() -> None:
    assert text_of([heard_within(GRAMMAR, [reading("宽带", 1.0)])]) == "宽带"
    assert heard_within(GRAMMAR, [reading("查 宽带", 1.0)]) == Stretch(scraps=True)
    assert heard_within(GRAMMAR, [reading("[unk]", 1.0)]) == Stretch()


def test_stretches_make_one_text_and_their_second_readings_another() -> None:
    stretches = [
        heard_freely([reading("查 话费", 3.0), reading("茶 话费", 1.0), reading("擦 话费", 0.0)]),
        heard_freely([reading("", 0.0)]),
        heard_freely([reading("再见", 3.0), reading("在 见", 1.0)]),
    ]
    assert text_of(stretches) == "查话费再见"
    assert others_of(stretches) == ("茶话费在见", "擦话费再见")
    assert (text_of([]), others_of([])) == ("", ())
