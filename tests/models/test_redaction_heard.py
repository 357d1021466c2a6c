"""A number that was spoken can't be heard any more in the redacted copy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from asr.audio import read_audio
from asr.engine import Engine, transcribe
from asr.registry import load_engine
from asr.text import normalize_for_scoring
from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.redaction import redact, redact_recording

pytestmark = pytest.mark.models

SAMPLES = Path(__file__).parents[2] / "audio_samples"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = load_engine("whisper")
    yield engine
    engine.close()


def test_a_number_is_not_in_the_text_and_not_in_the_sound(engine: Engine, tmp_path: Path) -> None:
    pcm, rate_hz = sf.read(SAMPLES / "phone_2.wav", dtype="int16")
    length_ms = len(pcm) / rate_hz * 1000
    before = np.zeros(rate_hz, np.int16)
    number = tmp_path / "number.wav"
    sf.write(number, np.concatenate((before, pcm, before)), rate_hz)
    heard = transcribe(engine, read_audio(number)).text
    assert len(re.findall(r"\d", normalize_for_scoring(heard))) >= 7

    segment = Segment(index=0, participant="customer", text=heard, begin_ms=1000.0, end_ms=1000.0 + length_ms)
    redacted = redact(
        Conversation(id="c", source="call", segments=(segment,), ended=True, duration_ms=length_ms + 2000)
    )
    redact_recording(number, tmp_path / "silent.wav", redacted.silences)
    left = normalize_for_scoring(transcribe(engine, read_audio(tmp_path / "silent.wav")).text)
    assert not re.search(r"\d{2}", normalize_for_scoring(redacted.conversation.segments[0].text))
    assert not re.search(r"\d{2}", left)
