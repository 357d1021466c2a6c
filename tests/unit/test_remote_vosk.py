"""vosk-server's protocol, word by word: what is sent, and what its answers come to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from asr.engine import ClosedAnswer
from asr.engines.remote_vosk import CONFIDENCE, VoskDialect, VoskHearing
from asr.engines.remote_wire import LONGEST_TEXT, Hearing

pytestmark = pytest.mark.unit

HINTS = ["查话费", "转人工", "500 元"]


def reading(*words: str, score: float = 100.0) -> dict[str, Any]:
    times = [{"word": word, "start": at * 0.4, "end": at * 0.4 + 0.4} for at, word in enumerate(words)]
    return {"confidence": score, "result": times, "text": " ".join(words)}


def config(hearing: Hearing) -> dict[str, Any]:
    opened: dict[str, Any] = json.loads(hearing.opening)["config"]
    return opened


def ended(hearing: Hearing, *answers: dict[str, Any]) -> Hearing:
    """The hearing of an utterance with these results, one for each chunk and the last one for the end."""
    for answer in answers[:-1]:
        hearing.sent()
        assert not hearing.take(answer)
    hearing.ended()
    assert hearing.take(answers[-1])
    return hearing


def test_the_end_is_written_as_the_server_compares_it() -> None:
    assert VoskHearing().closing == '{"eof" : 1}'


def test_the_model_is_never_named() -> None:
    for hearing in VoskDialect().hearings(HINTS, ClosedAnswer("digits")):
        assert set(config(hearing)) <= {"sample_rate", "words", "max_alternatives", "phrase_list"}


def test_hints_go_over_a_second_connection_cut_into_characters() -> None:
    free, listed = VoskDialect().hearings(HINTS, None)
    assert "phrase_list" not in config(free)
    assert config(listed)["phrase_list"] == ["查 话 费", "转 人 工", "五 零 零 元", "[unk]"]
    assert config(listed)["sample_rate"] == 16_000


def test_without_hints_one_connection_is_enough() -> None:
    assert len(VoskDialect().hearings([], None)) == 1


def test_a_closed_answer_is_expected_in_its_own_words() -> None:
    _, listed = VoskDialect().hearings([], ClosedAnswer("yes_no"))
    assert {"是", "对", "不"} <= set(config(listed)["phrase_list"])


def test_partial_results_grow_and_ended_stretches_stay() -> None:
    hearing = VoskHearing()
    seen = []
    for answer in ({"partial": ""}, {"partial": "查 话"}, {"text": "查 话费"}, {"partial": "谢"}):
        hearing.sent()
        hearing.take(answer)
        seen.append(hearing.partial)
    assert seen == ["", "查话", "查话费", "查话费谢"]


def test_the_last_answer_is_known_by_counting() -> None:
    hearing = VoskHearing()
    for _ in range(2):
        hearing.sent()
    hearing.ended()
    assert not hearing.take({"text": "查 话费"})
    assert not hearing.take({"partial": ""})
    assert hearing.take({"text": "谢谢"})
    assert VoskDialect().heard([hearing]).text == "查话费谢谢"


def test_the_confidences_of_words_are_used_where_the_server_gives_them() -> None:
    words = [
        {"word": "查", "start": 0.0, "end": 0.3, "conf": 0.5},
        {"word": "话费", "start": 0.3, "end": 1.0, "conf": 0.7},
    ]
    heard = VoskDialect().heard([ended(VoskHearing(), {"result": words, "text": "查 话费"})])
    assert heard.confidence == pytest.approx(0.6)


def test_a_server_that_gives_none_gets_the_documented_one() -> None:
    assert VoskDialect().heard([ended(VoskHearing(), {"text": "查 话费"})]).confidence == CONFIDENCE


def test_readings_that_disagree_make_it_less_sure() -> None:
    answer = {"alternatives": [reading("查", "话费", score=100.0), reading("查", "画", score=100.0)]}
    heard = VoskDialect().heard([ended(VoskHearing(), answer)])
    assert (heard.text, heard.alternatives) == ("查话费", ("查画",))
    assert heard.confidence == pytest.approx(0.75)


def listed_and_free(listed: dict[str, Any], free: dict[str, Any]) -> str:
    dialect = VoskDialect()
    without, within = dialect.hearings(HINTS, None)
    return dialect.heard([ended(without, {"alternatives": [free]}), ended(within, {"alternatives": [listed]})]).text


def test_the_expected_is_taken_when_it_fits_the_sound_nearly_as_well() -> None:
    assert listed_and_free(reading("查", "话", "费", score=100.0), reading("茶", "花", "费", score=103.0)) == "查话费"


def test_what_was_said_is_taken_when_the_list_had_to_bend_it() -> None:
    assert (
        listed_and_free(reading("查", "话", "费", score=100.0), reading("我", "要", "投诉", score=300.0)) == "我要投诉"
    )


def test_what_the_list_does_not_have_is_heard_freely() -> None:
    assert listed_and_free(reading("[unk]", score=100.0), reading("投诉", score=90.0)) == "投诉"


def test_stretches_that_end_in_different_places_are_compared_as_one() -> None:
    dialect = VoskDialect()
    without, within = dialect.hearings(HINTS, None)
    free = [{"alternatives": [reading("茶", score=50.0)]}, {"alternatives": [reading("花", "费", score=51.0)]}]
    heard = dialect.heard([ended(without, *free), ended(within, {"alternatives": [reading("查", "话", "费")]})])
    assert heard.text == "查话费"


def test_nothing_heard_is_nothing() -> None:
    heard = VoskDialect().heard([ended(VoskHearing(), {"partial": ""}, {"text": ""})])
    assert (heard.text, heard.confidence) == ("", 0.0)


WRONG = [
    {"partial": 3},
    {"text": []},
    {"alternatives": 7},
    {"alternatives": {"a": 1}},
    {"alternatives": [{"text": "好"}]},
    {"alternatives": [{"text": "好", "confidence": "much"}]},
    {"alternatives": [{"text": "好", "confidence": float("nan")}]},
    {"result": [{"word": "好"}], "text": "好"},
    {"result": "好", "text": "好"},
    {"text": "好" * (LONGEST_TEXT + 1)},
    {"partial": "好" * (LONGEST_TEXT + 1)},
]


@pytest.mark.parametrize("answer", WRONG)
def test_other_types_are_refused(answer: dict[str, Any]) -> None:
    hearing = VoskHearing()
    hearing.sent()
    with pytest.raises(ValueError):  # noqa: PT011 - each reason has its own words
        hearing.take(answer)


def test_an_answer_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="an answer to nothing"):
        VoskHearing().take({"text": "谁"})
