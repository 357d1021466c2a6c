"""What goes to sherpa-onnx and what comes from it, without a model."""

from __future__ import annotations

import math

import numpy as np
import pytest

from asr.engines.sherpa_stream import UNKNOWN_CONFIDENCE, as_floats, cleaned, hotwords_of, is_silent, transcript_of

pytestmark = pytest.mark.unit


def test_hints_become_hotwords_that_the_model_can_write() -> None:
    assert hotwords_of(["查话费", "转人工", "查话费", "查流量"], set("查话费转人工").__contains__) == "查话费/转人工"


def test_nothing_in_a_hint_is_read_as_a_score_or_as_two_phrases() -> None:
    assert hotwords_of([" 查话费 :abc", "查/费", "#话", "：", ""], set("查话费").__contains__) == "查费/话"


def test_no_hints_are_no_hotwords() -> None:
    assert hotwords_of([], bool) == ""


def test_text_is_simplified_and_without_spaces_between_characters() -> None:
    assert cleaned(" 查 話費 ") == "查话费"
    assert cleaned("开通 5 G 套餐 vip plus") == "开通5 G套餐vip plus"


def test_the_confidence_is_the_mean_token_probability_where_there_is_one() -> None:
    heard = transcript_of("话费", [math.log(0.9), math.log(0.4)], 16_000, 0.25)
    assert heard.confidence == pytest.approx(0.6)
    assert (heard.audio_ms, heard.compute_ms, heard.rejected) == (1000, 250.0, None)
    assert transcript_of("话费", (), 16_000, 0.1).confidence == UNKNOWN_CONFIDENCE


def test_no_text_is_silence() -> None:
    heard = transcript_of(" ", [-0.1], 160, 0.0)
    assert (heard.text, heard.confidence, heard.rejected) == ("", 0.0, "silence")


def test_loudness_and_samples_at_the_ends_of_the_range() -> None:
    edges = np.array([-32768, 0, 32767], np.int16)
    assert not is_silent(edges)
    assert is_silent(np.array([-33, 33], np.int16))
    assert is_silent(np.zeros(0, np.int16))
    assert as_floats(edges).tolist() == pytest.approx([-1.0, 0.0, 1.0], abs=1e-4)
