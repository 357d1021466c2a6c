"""The embedded engine on real sound: the bundled caller samples, noise, and what is longer than the model takes."""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from asr.audio import read_audio
from asr.engine import ClosedAnswer, Pcm, transcribe
from asr.engines.whisper import WhisperEngine
from asr.scoring import character_error_rate, corpus_errors
from gateway.engines import NICENESS, open_engines
from gateway.settings import Settings

pytestmark = pytest.mark.models

SAMPLES = Path(__file__).parents[2] / "audio_samples"

HINTS = [
    *(
        "查话费",
        "话费还剩多少",
        "查余额",
        "查流量",
        "流量还剩多少",
        "改套餐",
        "换套餐",
        "宽带报修",
        "宽带坏了",
        "上不了网",
    ),
    *("我要投诉", "投诉进度", "老年人服务", "爱心通道", "说慢一点", "转人工", "人工服务", "找个真人"),
    *("再说一遍", "没听清", "返回", "上一步"),
]

MENU_PHRASES = (
    "balance_1",
    "data_usage_1",
    "plan_change_1",
    "broadband_fault_1",
    "complaint_1",
    "elderly_1",
    "agent_1",
)


@pytest.fixture(scope="module")
def engine() -> Iterator[WhisperEngine]:
    loaded = WhisperEngine()
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def samples() -> dict[str, tuple[str, Pcm]]:
    """Text and sound by name."""
    with (SAMPLES / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    return {Path(row["file"]).stem: (row["text"], read_audio(SAMPLES / row["file"])) for row in rows}


def test_hints_turn_short_menu_phrases_into_what_was_said(
    engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]
) -> None:
    chosen = [samples[name] for name in MENU_PHRASES]
    with_hints = corpus_errors(character_error_rate(text, transcribe(engine, pcm, HINTS).text) for text, pcm in chosen)
    without = corpus_errors(character_error_rate(text, transcribe(engine, pcm).text) for text, pcm in chosen)
    assert with_hints.rate <= 0.1
    assert with_hints.rate < without.rate


def test_what_is_no_hint_is_not_bent_into_one(engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    for name in ("other_1", "other_2", "other_3"):
        assert transcribe(engine, samples[name][1], HINTS).text not in HINTS


def noises() -> dict[str, Pcm]:
    rng = np.random.default_rng(20)
    t = np.arange(2 * 16_000) / 16_000
    white = rng.standard_normal(len(t))
    spectrum = np.fft.rfft(rng.standard_normal(len(t)))
    pink = np.fft.irfft(spectrum / np.sqrt(np.arange(1, len(spectrum) + 1)), len(t))
    keys = (np.sin(2 * np.pi * 770 * t) + np.sin(2 * np.pi * 1336 * t)) * (t % 0.4 < 0.2)
    cough = np.zeros(len(t))
    for start in (6000, 13_000):
        decay = np.exp(-np.arange(4000) / 800)
        cough[start : start + 4000] = decay * rng.standard_normal(4000)
    waves = {
        "white": white,
        "pink": pink,
        "hum": np.sin(2 * np.pi * 50 * t) + 0.5 * np.sin(2 * np.pi * 150 * t) + 0.3 * np.sin(2 * np.pi * 250 * t),
        "dial tone": np.sin(2 * np.pi * 450 * t),
        "keys": keys,
        "cough": cough,
    }
    return {name: (wave / np.abs(wave).max() * 9000).astype(np.int16) for name, wave in waves.items()}


@pytest.mark.parametrize("hints", [(), HINTS])
@pytest.mark.parametrize("name", noises())
@pytest.mark.parametrize("gain", [1.0, 0.1])
def test_what_is_not_speech_is_empty(engine: WhisperEngine, name: str, hints: list[str], gain: float) -> None:
    heard = transcribe(engine, (noises()[name] * gain).astype(np.int16), hints)
    assert (heard.text, heard.confidence) == ("", 0.0)
    assert heard.rejected


def test_without_speech_a_closed_question_is_told_why(engine: WhisperEngine) -> None:
    assert transcribe(engine, np.zeros(16_000, np.int16), answer=ClosedAnswer("yes_no")).rejected == "silence"


def test_two_hints_that_were_said_are_kept(engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    text, pcm = samples["repeat_1"]
    assert text == "没听清，再说一遍"
    assert "再说一遍" in transcribe(engine, pcm, HINTS).text


def test_no_sample_loops(engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    for name in (*MENU_PHRASES, "yes_1", "no_1", "complaint_2"):
        text, pcm = samples[name]
        assert len(transcribe(engine, pcm, HINTS).text) <= len(text) + 3


def test_audio_longer_than_the_model_takes_is_heard_to_its_end(
    engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]
) -> None:
    pause = np.zeros(16_000, np.int16)
    names = ("complaint_progress_2", "broadband_fault_3", "plan_change_2", "data_usage_2", "complaint_2", "elderly_3")
    said = [part for _ in range(2) for name in names for part in (samples[name][1], pause)]
    pcm = np.concatenate(said)
    assert len(pcm) > 30 * 16_000
    heard = transcribe(engine, pcm)
    text = "".join(samples[name][0] for _ in range(2) for name in names)
    assert character_error_rate(text, heard.text).rate < 0.4
    assert heard.audio_ms == len(pcm) // 16


def test_without_hints_there_are_other_readings(engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    heard = transcribe(engine, samples["balance_1"][1])
    assert heard.alternatives
    assert heard.text not in heard.alternatives
    assert len(set(heard.alternatives)) == len(heard.alternatives)


def test_a_phrase_at_the_very_edges_of_the_audio_is_heard(
    engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]
) -> None:
    _, pcm = samples["agent_2"]
    loud = np.flatnonzero(np.abs(pcm.astype(int)) > 1000)
    heard = transcribe(engine, pcm[loud[0] : loud[-1]], HINTS).text
    assert character_error_rate("人工服务", heard).errors <= 1


def test_more_hints_than_the_prompt_holds_are_cut_not_refused(
    engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]
) -> None:
    many = [*HINTS, *(f"办理第{number}号业务" for number in range(400))]
    assert transcribe(engine, samples["agent_2"][1], many).text == "人工服务"


def test_the_decoder_is_told_the_likeliest_24_hints_and_no_more(engine: WhisperEngine) -> None:
    many = tuple(f"第{number}项" for number in range(30))
    assert engine._previous_text(many) == engine._previous_text(many[:24])
    assert engine._previous_text(many) != engine._previous_text(many[:23])


def test_calls_side_by_side_hear_their_own(engine: WhisperEngine, samples: dict[str, tuple[str, Pcm]]) -> None:
    names = ("agent_2", "elderly_1", "data_usage_2", "complaint_1")
    alone = {name: transcribe(engine, samples[name][1], HINTS).text for name in names}
    together: dict[str, str] = {}

    def hear(name: str) -> None:
        together[name] = transcribe(engine, samples[name][1], HINTS).text

    threads = [threading.Thread(target=hear, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_the_threads_of_a_model_stand_back_and_those_of_the_calls_do_not() -> None:
    usual, before = os.getpriority(os.PRIO_PROCESS, 0), niceness_by_thread()
    engines = open_engines(Settings())
    try:
        brought = [niceness for thread, niceness in niceness_by_thread().items() if thread not in before]
        assert brought == [usual + NICENESS] * len(brought)
        assert len(brought) >= Settings().recognitions_at_once
        assert os.getpriority(os.PRIO_PROCESS, 0) == usual
    finally:
        engines.close()


def niceness_by_thread() -> dict[int, int]:
    """The threads of this process. One that ends meanwhile, as a joined one may a moment later, isn't among them."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):
            found[int(task.name)] = os.getpriority(os.PRIO_PROCESS, int(task.name))
    return found
