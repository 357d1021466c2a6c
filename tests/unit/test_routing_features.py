"""How the router reads a text: characters, sounds, and where they stand."""

from __future__ import annotations

import pytest

from gateway.analytics.routing.features import MAX_CHARACTERS, Sounds, grams, heard

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("said", "meant"),
    [("查化费", "查话费"), ("转人公", "转人工"), ("宽代", "宽带"), ("刘量", "流量"), ("几个季", "几个G")],
)
def test_what_sounds_alike_is_alike(said: str, meant: str) -> None:
    sounds = Sounds()
    assert heard(said, sounds).sounds == heard(meant, sounds).sounds


def test_what_sounds_otherwise_is_not_alike() -> None:
    sounds = Sounds()
    assert heard("查话费", sounds).sounds != heard("查流量", sounds).sounds


def test_script_width_and_case_do_not_count() -> None:
    sounds = Sounds()
    assert heard("查話費，ＷＩＦＩ5", sounds).chars == heard("查话费wifi五", sounds).chars


def test_places_point_into_the_text() -> None:
    text = "喂，😀查 话费！"
    said = heard(text, Sounds())
    assert "".join(text[begin:end] for begin, end in said.places) == "喂查话费"
    assert len(said) == 4


def test_a_long_number_is_one_mark_over_all_its_digits() -> None:
    said = heard("我的号码是138 0013八零零零，查", Sounds())
    assert said.chars == "^我的号码是#查$"
    assert said.places[6] == (5, 17)


def test_small_numbers_stay() -> None:
    assert heard("扣了三十八块", Sounds()).chars == "^扣了三十八块$"


@pytest.mark.parametrize("text", ["", "   ", "😀🎉", "\ud800", "\x00\x1b", "。。。"])
def test_what_nobody_can_say_is_nothing(text: str) -> None:
    assert len(heard(text, Sounds())) == 0


def test_a_text_is_cut_at_its_limit() -> None:
    assert len(heard("话" * 100_000, Sounds())) == MAX_CHARACTERS


def test_sounds_of_a_stored_model_keep_their_numbers() -> None:
    first = Sounds()
    before = heard("查话费", first)
    again = Sounds(first.names)
    heard("宽带坏了", again)  # others first, and unknown to it
    assert heard("查话费", again) == before


def test_grams_cover_what_they_say() -> None:
    said = heard("查话费", Sounds())
    found = list(grams(said))
    assert ("话费", 2, 4) in found
    assert ("^查话", 0, 3) in found
    assert all(gram in (said.chars[begin:end], said.sounds[begin:end]) for gram, begin, end in found)
