"""The embedded engine made streaming, on the project's own samples."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from asr.adapters.segmenting import SegmentingEngine
from asr.audio import read_audio
from asr.engine import Pcm, Transcript, transcribe
from asr.engines.whisper import WhisperEngine
from gateway.engines import open_engines
from gateway.settings import Settings
from gateway.speech.config import SegmentingConfig

pytestmark = pytest.mark.models

FRAME = 320
HINTS = ("查话费", "转人工", "投诉")
PAUSE = np.zeros(9600, np.int16)


@pytest.fixture(scope="module")
def whisper() -> Iterator[WhisperEngine]:
    engine = WhisperEngine()
    yield engine
    engine.close()


def sample(name: str) -> Pcm:
    return read_audio(Path(__file__).parents[2] / "audio_samples" / name)


def spoken(whisper: WhisperEngine, pcm: Pcm, *, quick: bool = False) -> tuple[list[str], Transcript]:
    stream = SegmentingEngine(whisper).stream(HINTS, quick=quick)
    partials = [stream.accept(pcm[start : start + FRAME]) for start in range(0, len(pcm), FRAME)]
    return [text for text in partials if text is not None], stream.finish()


def test_a_menu_phrase_is_there_before_the_silence_runs_out(whisper: WhisperEngine) -> None:
    pcm = np.concatenate([sample("balance_1.wav"), PAUSE])
    partials, heard = spoken(whisper, pcm)
    assert partials == ["查话费"]
    assert heard.text == transcribe(whisper, pcm, HINTS).text == "查话费"


def test_long_speech_is_heard_in_pieces_and_nothing_is_missing(whisper: WhisperEngine) -> None:
    said = {
        "balance_1.wav": "查话费",
        "agent_2.wav": "转人",
        "complaint_1.wav": "我要投诉",
        "back_1.wav": "上一步",
        "balance_2.wav": "还剩多少",
        "complaint_2.wav": "投诉你们",
    }
    pcm = np.concatenate([piece for name in said for piece in (sample(name), PAUSE)])
    _, heard = spoken(whisper, pcm, quick=True)
    places = [heard.text.find(words) for words in said.values()]
    assert min(places) >= 0
    assert places == sorted(places)
    assert heard.audio_ms == len(pcm) // 16


def test_the_settings_can_make_an_engine_streaming() -> None:
    engines = open_engines(Settings(engines={"live": SegmentingConfig(kind="segmenting", of="whisper")}, engine="live"))
    try:
        assert engines.default is engines.named["live"]
        assert engines.default.capabilities.streaming
        assert transcribe(engines.default, sample("balance_1.wav"), HINTS).text == "查话费"
    finally:
        engines.close()
