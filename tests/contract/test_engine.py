"""The scripted engine and the real one keep the same contract."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from asr.audio import read_audio
from asr.engine import Engine, Pcm, Stream, transcribe
from asr.registry import load_engine

pytestmark = pytest.mark.contract

SAMPLE = "balance_1.wav"
SAID = "查话费"


@pytest.fixture(scope="module", params=["scripted", "whisper"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    options = {"script": lambda pcm, hints: SAID} if request.param == "scripted" else {}
    loaded = load_engine(request.param, **options)
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def speech() -> Pcm:
    return read_audio(Path(__file__).parents[2] / "audio_samples" / SAMPLE)


def test_it_is_an_engine_under_the_name_it_was_asked_for(engine: Engine) -> None:
    assert isinstance(engine, Engine)
    assert isinstance(engine.stream(), Stream)
    assert load_engine("scripted").name == "scripted"
    assert engine.name in ("scripted", "whisper")
    assert engine.capabilities.hints


def test_speech_becomes_text_with_all_its_facts(engine: Engine, speech: Pcm) -> None:
    heard = transcribe(engine, speech, [SAID, "查流量", "转人工"])
    assert heard.text == SAID
    assert 0.0 < heard.confidence <= 1.0
    assert heard.rejected is None
    assert heard.text not in heard.alternatives
    assert heard.audio_ms == len(speech) // 16
    assert heard.compute_ms >= 0.0


def test_pieces_give_what_the_whole_gives(engine: Engine, speech: Pcm) -> None:
    stream = engine.stream([SAID])
    partials = [stream.accept(speech[start : start + 320]) for start in range(0, len(speech), 320)]
    assert engine.capabilities.streaming or set(partials) == {None}
    assert stream.finish().text == transcribe(engine, speech, [SAID]).text


@pytest.mark.parametrize("length", [0, 1, 100, 16_000])
def test_silence_is_empty_text_and_says_why(engine: Engine, length: int) -> None:
    heard = transcribe(engine, np.zeros(length, np.int16), [SAID])
    assert (heard.text, heard.confidence, heard.rejected) == ("", 0.0, "silence")
    assert heard.audio_ms == length // 16


def test_a_stream_without_audio_ends_empty(engine: Engine) -> None:
    assert engine.stream([SAID]).finish().rejected == "silence"


def test_streams_of_several_threads_do_not_mix(engine: Engine, speech: Pcm) -> None:
    texts: list[str] = []

    def hear() -> None:
        texts.append(transcribe(engine, speech, [SAID]).text)

    threads = [threading.Thread(target=hear) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == [SAID] * 4
