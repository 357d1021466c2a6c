"""Real prompts, their echoes and real detection: what stops a prompt and what doesn't."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from asr.audio import read_audio
from asr.vad.detector import SpeechDetector
from gateway.dialogue.actions import BargeIn, Listen
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, SILENCE, Pcm, ms_to_samples
from gateway.speech.events import BargeIn as Cut
from gateway.speech.events import ListenEvent, SpeechStarted, Utterance
from gateway.speech.listener import Listener

pytestmark = pytest.mark.models

ROOT = Path(__file__).parents[2]
PROMPT = ROOT / "ivr_flows" / "mobile_hotline" / "audio"
CALLERS = ROOT / "audio_samples"
Sound = NDArray[np.float64]
ECHOES = [(20, 12), (80, 14), (140, 20), (250, 12), (250, 25)]
"""ms late, dB down."""


def spoken_prompt(seconds: float) -> Pcm:
    """The hotline's longest recordings, one after another."""
    longest = sorted(PROMPT.glob("*.flac"), key=lambda path: path.stat().st_size)[-6:]
    return np.concatenate([read_audio(path) for path in longest])[: int(seconds * SAMPLE_RATE_HZ)]


def telephone(sound: Sound) -> Sound:
    """8 bits, about: the noise of G.711, 38 dB below what is coded."""
    steps = np.maximum(np.abs(sound) / 50, 1.0)
    return np.round(sound / steps) * steps


def echo(played: Pcm, delay_ms: float, loss_db: float) -> Sound:
    taps = np.random.default_rng(int(delay_ms)).standard_normal(96) * np.exp(-np.arange(96) / 24)
    taps *= 10 ** (-loss_db / 20) / np.sqrt(np.sum(taps**2))
    rung = np.convolve(telephone(played.astype(float)), taps)
    return np.concatenate([np.zeros(ms_to_samples(delay_ms)), rung])[: len(played)]


def call(caller: Pcm, at_ms: float, line: tuple[float, float] | None, *, seconds: float = 5.0) -> list[ListenEvent]:
    """A prompt plays from the beginning until it is cut; the caller speaks `at_ms`; the line sends back an echo."""
    prompt = spoken_prompt(seconds)
    near = np.random.default_rng(1).normal(0, 10, len(prompt))
    start = ms_to_samples(at_ms)
    near[start : start + len(caller)] += caller[: len(near) - start]
    listener, events, played = Listener(SpeechDetector()), [], prompt.copy()
    listener.arm(Listen(node="q"), 0)
    came_in = telephone(near + (echo(played, *line) if line else 0))
    for at in range(0, len(prompt) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        playing = not any(isinstance(event, Cut) for event in events)
        listener.prompt(playing, BargeIn.SPEECH)
        frame = np.clip(np.round(came_in[at : at + FRAME_SAMPLES]), -32768, 32767).astype(np.int16)
        events.extend(listener.tick(at * 1000 / SAMPLE_RATE_HZ, frame))
        if playing and any(isinstance(event, Cut) for event in events):
            played[at:] = 0
            came_in = telephone(near + (echo(played, *line) if line else 0))
        listener.played(played[at : at + FRAME_SAMPLES] if playing else SILENCE)
    return events


def cut_ms(events: list[ListenEvent]) -> float | None:
    return next((event.at_ms + FRAME_MS for event in events if isinstance(event, Cut)), None)


def caller(name: str, level_db: float = 0.0) -> Pcm:
    return (read_audio(CALLERS / f"{name}.wav") * 10 ** (level_db / 20)).astype(np.int16)


NOBODY = np.zeros(0, np.int16)


@pytest.mark.parametrize("line", ECHOES, ids=str)
def test_the_echo_of_a_prompt_neither_stops_it_nor_is_an_utterance(line: tuple[float, float]) -> None:
    events = call(NOBODY, 0, line)
    assert not [event for event in events if isinstance(event, Cut | Utterance)]


@pytest.mark.parametrize("line", [None, *ECHOES[::2]], ids=str)
@pytest.mark.parametrize("name", ["agent_1", "data_usage_1", "complaint_1", "broadband_fault_4"])
def test_a_request_stops_a_prompt_also_through_its_echo(name: str, line: tuple[float, float] | None) -> None:
    events = call(caller(name), 1500, line)
    cut = cut_ms(events)
    assert cut is not None
    (utterance,) = [event for event in events if isinstance(event, Utterance)]
    assert utterance.answers
    assert cut <= utterance.start_ms + 760


def test_an_utterance_over_a_prompt_is_handed_out_without_the_echo() -> None:
    said = caller("complaint_5")
    events = call(said, 1500, (80, 14), seconds=9)
    (utterance,) = [event for event in events if isinstance(event, Utterance)]
    first = ms_to_samples(utterance.start_ms - 300)
    wanted = np.zeros(len(utterance.pcm))
    offset = ms_to_samples(1500) - first
    piece = said[max(0, -offset) : len(wanted) - offset]
    wanted[max(0, offset) : max(0, offset) + len(piece)] = piece
    error = np.mean((utterance.pcm - wanted) ** 2)
    assert 10 * np.log10(np.mean(wanted**2) / error) > 15


@pytest.mark.parametrize("name", ["filler_1", "filler_2"])
@pytest.mark.parametrize("line", [None, (140, 20)], ids=str)
def test_a_back_channel_stops_no_prompt(name: str, line: tuple[float, float] | None) -> None:
    events = call(caller(name), 1500, line)
    assert cut_ms(events) is None
    assert not [event for event in events if isinstance(event, Utterance) and event.answers]


def test_a_quiet_caller_on_a_quiet_line_stops_a_prompt() -> None:
    assert cut_ms(call(caller("data_usage_1", -23), 1500, None)) is not None  # -45 dBFS


def test_a_television_far_fainter_than_the_caller_does_not() -> None:
    listener = Listener(SpeechDetector())
    silence = np.zeros(ms_to_samples(1500), np.int16)
    listener.arm(Listen(node="q"), 0)
    events: list[ListenEvent] = []
    sounds = [silence, caller("balance_6"), silence, caller("other_5", -16), silence]
    now_ms = 0.0
    for sound in sounds:
        for at in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
            answered = not listener.armed
            if answered:
                listener.arm(Listen(node="next"), now_ms)
                listener.prompt(True, BargeIn.SPEECH)
            events.extend(listener.tick(now_ms, sound[at : at + FRAME_SAMPLES]))
            now_ms += FRAME_MS
    assert len([event for event in events if isinstance(event, Utterance) and event.answers]) == 1
    assert cut_ms(events) is None
    assert len([event for event in events if isinstance(event, SpeechStarted)]) == 2


@pytest.mark.parametrize("level_dbfs", [-60.0, -45.0, -35.0])
def test_comfort_noise_stops_no_prompt(level_dbfs: float) -> None:
    noise = np.random.default_rng(2).normal(0, 32768 * 10 ** (level_dbfs / 20), 3 * SAMPLE_RATE_HZ)
    events = call(np.clip(noise, -32768, 32767).astype(np.int16), 1000, None)
    assert not [event for event in events if isinstance(event, Cut | Utterance)]


def coughs() -> Pcm:
    """Three bursts of noise through a throat: 200 ms each, loud, sinking."""
    rng = np.random.default_rng(8)
    length = ms_to_samples(200)
    burst = np.convolve(rng.standard_normal(length), np.sin(np.arange(40) * 0.35) * np.exp(-np.arange(40) / 10), "same")
    burst *= np.exp(-np.arange(length) / (length / 4)) * 6000 / np.std(burst)
    pause = np.zeros(ms_to_samples(250))
    return np.clip(np.concatenate([burst, pause, burst, pause, burst]), -32768, 32767).astype(np.int16)


def test_a_fit_of_coughing_stops_no_prompt() -> None:
    events = call(coughs(), 1500, None)
    assert not [event for event in events if isinstance(event, Cut | Utterance)]
