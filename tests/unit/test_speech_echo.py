"""The echo canceller on sound whose echo is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, Pcm, ms_to_samples
from gateway.speech.echo import EchoCanceller

pytestmark = pytest.mark.unit

RNG_SEED = 7


def voice(seconds: float, seed: int, level_dbfs: float = -20.0) -> Pcm:
    """Syllables of coloured noise: as broad and as uneven as speech, and no two alike."""
    rng = np.random.default_rng(seed)
    length = int(seconds * SAMPLE_RATE_HZ)
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    sound = np.fft.irfft(spectrum * ((hz > 250) & (hz < 3400)) / np.maximum(hz, 250), length)
    loudness = np.repeat(rng.uniform(0.1, 1.0, length // 2400 + 1), 2400)[:length]
    sound *= loudness
    return (sound * 32767 * 10 ** (level_dbfs / 20) / np.sqrt(np.mean(sound**2))).astype(np.int16)


def echo(played: Pcm, delay_ms: float, loss_db: float) -> np.ndarray:
    """What a hybrid sends back: late, fainter, and rung by it for 6 ms."""
    rng = np.random.default_rng(RNG_SEED)
    taps = rng.standard_normal(96) * np.exp(-np.arange(96) / 24)
    taps *= 10 ** (-loss_db / 20) / np.sqrt(np.sum(taps**2))
    late = np.concatenate([np.zeros(ms_to_samples(delay_ms)), np.convolve(played, taps)])
    return late[: len(played)]


def run(canceller: EchoCanceller, came_in: np.ndarray, played: Pcm) -> Pcm:
    came = np.round(came_in).astype(np.int16)
    cleaned = []
    for start in range(0, len(came) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = slice(start, start + FRAME_SAMPLES)
        cleaned.append(canceller.clean(came[frame]))
        canceller.played(played[frame])
    return np.concatenate(cleaned)


def level_db(sound: np.ndarray) -> float:
    return 10 * float(np.log10(np.mean(sound.astype(float) ** 2) + 1e-9))


@pytest.mark.parametrize(("delay_ms", "loss_db"), [(20, 12), (60, 25), (150, 18), (270, 12), (380, 20)])
def test_an_echo_is_found_and_taken_out(delay_ms: float, loss_db: float) -> None:
    played = voice(3, 1)
    came = echo(played, delay_ms, loss_db)
    canceller = EchoCanceller()
    cleaned = run(canceller, came, played)
    assert canceller.delay_ms == pytest.approx(delay_ms, abs=4)
    late = slice(ms_to_samples(delay_ms + 600), None)
    assert level_db(cleaned[late]) < level_db(came[late]) - 18


def test_the_caller_stays_as_they_are_on_a_line_without_echo() -> None:
    caller = voice(4, 2)
    canceller = EchoCanceller()
    assert np.array_equal(run(canceller, caller, voice(4, 1)), caller)
    assert canceller.delay_ms is None
    assert not canceller.explains(400)


def test_the_caller_is_heard_through_the_echo() -> None:
    played, caller = voice(5, 1), voice(5, 2, level_dbfs=-26)
    caller[: 2 * SAMPLE_RATE_HZ] = 0
    cleaned = run(EchoCanceller(), echo(played, 120, 14) + caller, played)
    speaks = slice(2 * SAMPLE_RATE_HZ, None)
    assert level_db(cleaned[speaks] - caller[speaks].astype(float)) < level_db(caller[speaks]) - 15


def test_an_echo_that_is_not_yet_known_is_explained_by_what_was_played() -> None:
    played = voice(1, 1)
    canceller = EchoCanceller()
    run(canceller, echo(played, 200, 15)[: ms_to_samples(460)], played)
    assert canceller.explains(240)
    assert canceller.delay_ms == pytest.approx(200, abs=4)


def test_a_caller_louder_than_the_echo_is_not_explained_by_it() -> None:
    played = voice(1, 1)
    canceller = EchoCanceller()
    run(canceller, (echo(played, 100, 20) + voice(1, 2, level_dbfs=-25))[: ms_to_samples(500)], played)
    assert not canceller.explains(400)


def test_a_line_whose_delay_slips_is_learned_anew() -> None:
    played = voice(6, 1)
    half = 3 * SAMPLE_RATE_HZ
    came = np.concatenate([echo(played, 100, 14)[:half], echo(played, 140, 14)[half:]])
    canceller = EchoCanceller()
    cleaned = run(canceller, came, played)
    assert canceller.delay_ms == pytest.approx(140, abs=4)
    end = slice(5 * SAMPLE_RATE_HZ, None)
    assert level_db(cleaned[end]) < level_db(came[end]) - 18


def test_what_is_known_of_a_line_is_kept_from_prompt_to_prompt() -> None:
    played = voice(6, 1)
    played[2 * SAMPLE_RATE_HZ : 4 * SAMPLE_RATE_HZ] = 0
    came = echo(played, 100, 14)
    cleaned = run(EchoCanceller(), came, played)
    begins = slice(ms_to_samples(4100), ms_to_samples(4400))
    assert level_db(cleaned[begins]) < level_db(came[begins]) - 12


def test_nothing_is_done_to_sound_while_nothing_was_played() -> None:
    canceller = EchoCanceller()
    frame = voice(0.02, 3)
    assert canceller.clean(frame) is frame
    canceller.played(np.zeros(FRAME_SAMPLES, np.int16))
    assert not canceller.active
    canceller.played(frame)
    assert canceller.active
    for _ in range(30):
        canceller.clean(frame)
    assert not canceller.active


def test_sound_louder_than_full_scale_is_clipped_not_wrapped() -> None:
    played = voice(2, 1, level_dbfs=-12)
    came = np.clip(echo(played, 60, 0), -32768, 32767)
    cleaned = run(EchoCanceller(), came, played)
    assert level_db(cleaned) <= level_db(came)
