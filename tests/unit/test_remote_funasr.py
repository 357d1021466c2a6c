"""FunASR's protocol, word by word: what is sent, and what its answers come to."""

from __future__ import annotations

import json

import pytest

from asr.engines.remote_funasr import CONFIDENCE, HOTWORD_WEIGHT, MOST_HOTWORDS, FunasrDialect, FunasrHearing
from asr.engines.remote_wire import LONGEST_TEXT, read_answer

pytestmark = pytest.mark.unit


def told(hearing: FunasrHearing, mode: str, text: str, **more: object) -> bool:
    return hearing.take({"mode": mode, "wav_name": "call", "text": text, "is_final": False, **more})


def test_the_first_message_is_the_documented_one() -> None:
    opening = json.loads(FunasrHearing("2pass", ["查话费", "转人工"]).opening)
    hotwords = json.loads(opening.pop("hotwords"))
    assert hotwords == {"查话费": HOTWORD_WEIGHT, "转人工": HOTWORD_WEIGHT}
    assert opening["mode"] == "2pass"
    assert opening["is_speaking"] is True
    assert (opening["wav_format"], opening["audio_fs"], opening["itn"]) == ("pcm", 16_000, False)
    assert opening["chunk_size"] == [5, 10, 5]


def test_a_message_of_audio_has_a_tenth_of_what_the_model_takes() -> None:
    assert FunasrDialect("2pass").chunk_samples == 960


def test_hotwords_are_each_sent_once_and_not_without_end() -> None:
    hints = [" 查话费", "查话费", "", *(f"号{number}" for number in range(500))]
    hotwords = json.loads(json.loads(FunasrHearing("online", hints).opening)["hotwords"])
    assert len(hotwords) == MOST_HOTWORDS
    assert next(iter(hotwords)) == "查话费"


def test_without_hints_there_are_no_hotwords() -> None:
    assert "hotwords" not in json.loads(FunasrHearing("2pass").opening)


def test_the_last_message_says_that_nobody_speaks_any_more() -> None:
    assert json.loads(FunasrHearing("2pass").closing)["is_speaking"] is False


def test_new_words_are_added_and_a_second_hearing_takes_their_place() -> None:
    hearing = FunasrHearing("2pass")
    seen = []
    for mode, text in [
        ("2pass-online", "查一"),
        ("2pass-online", "下画废"),
        ("2pass-offline", "查一下话费，"),
        ("2pass-online", "谢"),
    ]:
        assert not told(hearing, mode, text)
        seen.append(hearing.partial)
    assert seen == ["查一", "查一下画废", "查一下话费，", "查一下话费，谢"]


def test_the_final_answer_is_the_one_that_says_so_after_the_end() -> None:
    hearing = FunasrHearing("2pass")
    assert not told(hearing, "2pass-offline", "查话费。", is_final=True)  # servers in Python say so all the time
    hearing.ended()
    assert not told(hearing, "2pass-offline", "转人工。")
    assert told(hearing, "2pass-offline", "谢谢。", is_final=True)
    heard = FunasrDialect("2pass").heard([hearing])
    assert (heard.text, heard.confidence) == ("查话费。转人工。谢谢。", CONFIDENCE)


def test_an_empty_final_answer_without_a_mode_loses_nothing() -> None:
    hearing = FunasrHearing("2pass")
    told(hearing, "2pass-online", "再见")
    hearing.ended()
    assert hearing.take({"text": "", "wav_name": "call", "is_final": True})
    assert FunasrDialect("2pass").heard([hearing]).text == "再见"


def test_an_offline_server_answers_once_and_never_says_final() -> None:
    hearing = FunasrHearing("offline")
    hearing.ended()
    assert told(hearing, "offline", "查话费")
    assert hearing.partial == "查话费"


def test_a_server_that_says_it_is_through_is_believed() -> None:
    hearing = FunasrHearing("2pass")
    hearing.ended()
    assert hearing.take({"is_end": True, "is_final": True})
    assert FunasrDialect("2pass").heard([hearing]).confidence == 0.0


def test_marks_of_language_and_mood_are_no_words() -> None:
    hearing = FunasrHearing("2pass")
    told(hearing, "2pass-offline", "<|zh|><|NEUTRAL|><|Speech|><|woitn|>查话费")
    assert hearing.partial == "查话费"


@pytest.mark.parametrize("answer", [{"text": 1}, {"text": None}, {"mode": [], "text": ""}, {"mode": None}])
def test_other_types_are_refused(answer: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="has to be text"):
        FunasrHearing("2pass").take(answer)


def test_text_without_end_is_refused() -> None:
    hearing = FunasrHearing("2pass")
    told(hearing, "2pass-online", "好" * LONGEST_TEXT)
    with pytest.raises(ValueError, match="more text"):
        told(hearing, "2pass-online", "好")


@pytest.mark.parametrize("message", ["", "好", "[1]", "null", '"text"', "[" * 100_000, b"\xff", "{" + '"a":{' * 50_000])
def test_what_is_no_json_object_is_refused(message: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each reason has its own words
        read_answer(message)


def test_partial_results_depend_on_the_mode() -> None:
    assert FunasrDialect("2pass").capabilities.streaming
    assert not FunasrDialect("offline").capabilities.streaming
