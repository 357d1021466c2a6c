"""Sentences compared: marks, case and width don't count, homophones hardly do, other sentences do."""

from __future__ import annotations

import pytest

from gateway.analytics.quality.text import MAX_CHARACTERS, Heard, alike, fold, likeness

pytestmark = pytest.mark.unit


def test_what_can_be_said_is_kept_with_its_places():
    assert fold("您好，　ＡＢ１ c。") == ("您好ab1c", [0, 1, 4, 5, 6, 8])
    assert fold("\ud800😀\x00，") == ("", [])
    assert len(fold("您" * 100_000)[0]) == MAX_CHARACTERS


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ("请问有什么可以帮您", "请问，有什么可以帮您？", 1.0, 1.0),
        ("非常抱歉给您带来不便", "非常包歉给您带来不变", 0.85, 0.99),  # homophones
        ("您能听到吗", "您能定到吗", 0.5, 0.99),
        ("感谢您的来电", "请报一下身份证号码", 0.0, 0.2),
        ("", "您好", 0.0, 0.0),
        ("", "", 0.0, 0.0),
    ],
)
def test_likeness_of_wholes(one: str, other: str, low: float, high: float):
    for first, second in ((one, other), (other, one)):
        assert low <= alike(Heard(first), Heard(second)) <= high


@pytest.mark.parametrize(
    "said",
    [
        "您先别着急我帮您处理一下",
        "嗯您先不要着急我马上来帮您处理啊",
        "好的那您先别着及我来帮您处里",
        "您别着急，我来给您处理",
    ],
)
def test_other_wordings_of_a_sentence_are_alike(said: str):
    """Wordings that the threshold was not chosen on."""
    assert likeness(Heard("您先别着急我来帮您处理"), Heard(said), 0.55)


@pytest.mark.parametrize("said", ["我来帮您查一下话费", "您先挂机我给您回电话", "处理完会发短信给您", "您", ""])
def test_other_sentences_are_not(said: str):
    assert likeness(Heard("您先别着急我来帮您处理"), Heard(said), 0.55) is None


def test_the_likest_stretch_is_told():
    text = "嗯，这边非常抱歉、给您带来不便，然后"
    found = likeness(Heard("非常抱歉给您带来不便"), Heard(text), 0.55)
    assert found is not None
    score, (start, end) = found
    assert (score, text[start:end]) == (1.0, "非常抱歉、给您带来不便")
