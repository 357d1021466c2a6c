"""The telephone and its troubles: levels that are what they say, seeds that hold, nobody who babbles behind himself."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from asr.bench import sounds
from asr.bench.conditions import (
    ECHO_DELAY_MS,
    FRAME_SAMPLES,
    NOISES,
    SPEECH_DBOV,
    Condition,
    ConditionError,
    Telephone,
    conditions_of,
    silent_gaps,
    usual_conditions,
)
from asr.engine import SAMPLE_RATE_HZ, Pcm

pytestmark = pytest.mark.unit

CLEAN = Condition("clean")


def tone(hz: float, seconds: float, amplitude: float = 0.2) -> sounds.Audio:
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ)


def voice(hz: float, seconds: float = 2.0) -> Pcm:
    """A tone that comes and goes four times a second, as syllables do."""
    syllables = np.clip(np.sin(2 * np.pi * 4 * np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ), 0, 1)
    return sounds.to_pcm(tone(hz, seconds) * syllables)


def share_at(audio: sounds.Audio, hz: float) -> float:
    """How much of its power lies within 20 Hz of a frequency."""
    power = np.abs(np.fft.rfft(audio)) ** 2
    near = np.abs(np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE_HZ) - hz) < 20
    return float(power[near].sum() / power.sum())


def trouble(telephone: Telephone, pcm: Pcm, condition: Condition, file: str = "a") -> sounds.Audio:
    """What a condition adds to a clean line, both after the line."""
    heard, clean = (telephone.through(pcm, one, file) for one in (condition, CLEAN))
    return sounds.to_audio(heard) - sounds.to_audio(clean)


@pytest.fixture(scope="module")
def telephone() -> Telephone:
    return Telephone({name: voice(hz) for name, hz in (("a", 1000), ("b", 700), ("c", 500))}, [voice(1500, 4.0)])


def test_the_active_level_of_speech_leaves_its_pauses_out() -> None:
    speech = np.concatenate([tone(1000, 5), np.zeros(15 * SAMPLE_RATE_HZ)])
    assert sounds.active_level_db(speech) == pytest.approx(sounds.rms_db(tone(1000, 5)), abs=0.4)
    assert sounds.rms_db(speech) == pytest.approx(sounds.rms_db(tone(1000, 5)) - 6, abs=0.1)


def test_silence_has_no_level_and_stays_silent() -> None:
    assert sounds.active_level_db(np.zeros(16_000)) == float("-inf")
    heard = Telephone({}).through(np.zeros(16_000, np.int16), CLEAN, "a")
    assert int(np.abs(heard).max()) <= 16  # A-law has no zero
    assert len(Telephone({}).through(np.zeros(0, np.int16), CLEAN, "a")) == 0


@pytest.mark.parametrize(("hz", "lost_db"), [(100, 60), (1000, 0), (3300, 0), (3700, 60)])
def test_the_telephone_keeps_300_to_3400_hz(hz: float, lost_db: float) -> None:
    audio = tone(hz, 1.0)
    lost = sounds.rms_db(audio) - sounds.rms_db(sounds.telephone_band(audio))
    assert lost > lost_db - 20 if lost_db else lost < 0.1


def test_a_law_leaves_a_telephone_s_own_noise() -> None:
    audio = tone(1000, 1.0, 0.07)
    inside = slice(1600, -1600)
    noise = (sounds.through_a_law(audio) - audio)[inside]
    assert 34 < sounds.rms_db(audio[inside]) - sounds.rms_db(noise) < 42  # G.711 is known for 37 to 38 dB


@pytest.mark.parametrize("amplitude", [0.5, 0.01])
def test_speech_comes_out_at_the_nominal_level(amplitude: float) -> None:
    quiet = sounds.to_pcm(sounds.to_audio(voice(1000)) * amplitude)
    heard = Telephone({}).through(quiet, CLEAN, "a")
    assert sounds.active_level_db(sounds.to_audio(heard)) == pytest.approx(SPEECH_DBOV, abs=0.3)


@pytest.mark.parametrize("kind", NOISES)
@pytest.mark.parametrize("snr_db", [15.0, 5.0])
def test_a_noise_is_as_loud_as_its_ratio_says(telephone: Telephone, kind: str, snr_db: float) -> None:
    noise = trouble(telephone, voice(1000), Condition(kind, snr_db))
    assert sounds.rms_db(noise) == pytest.approx(SPEECH_DBOV - snr_db, abs=0.5)


@pytest.mark.parametrize("kind", [*NOISES, "echo"])
def test_at_every_ratio_it_is_the_same_noise(telephone: Telephone, kind: str) -> None:
    low, high = (trouble(telephone, voice(1000), Condition(kind, ratio)) for ratio in (10.0, 4.0))
    assert np.corrcoef(low, high)[0, 1] > 0.97
    assert sounds.rms_db(high) - sounds.rms_db(low) == pytest.approx(6.0, abs=0.4)


@pytest.mark.parametrize("condition", [*conditions_of(["pink-10db", "music-10db", "echo-12db", "loss-5pct"])])
def test_a_file_meets_the_same_trouble_in_every_run_and_another_file_another(
    telephone: Telephone, condition: Condition
) -> None:
    once, again, other = (telephone.through(voice(1000), condition, file) for file in ("a", "a", "b"))
    assert np.array_equal(once, again)
    assert not np.array_equal(once, other)


def test_nobody_babbles_behind_himself(telephone: Telephone) -> None:
    behind_a, behind_b = (trouble(telephone, voice(2000), Condition("babble", 5.0), file) for file in ("a", "b"))
    assert share_at(behind_a, 1000) < 0.01 < 0.1 < share_at(behind_b, 1000)


def test_babble_needs_other_files_and_an_echo_needs_a_prompt() -> None:
    alone = Telephone({"a": voice(1000)})
    with pytest.raises(ConditionError, match="other files"):
        alone.through(voice(1000), Condition("babble", 5.0), "a")
    with pytest.raises(ConditionError, match="needs a prompt"):
        alone.through(voice(1000), Condition("echo", 12.0), "a")


def test_an_echo_is_the_prompt_late_and_lower() -> None:
    prompt = sounds.to_pcm(tone(1500, 4.0))
    echo = trouble(Telephone({}, [prompt]), voice(700), Condition("echo", 12.0))
    first, last = (ms * SAMPLE_RATE_HZ // 1000 for ms in ECHO_DELAY_MS)
    assert sounds.rms_db(echo[: first - 160]) < sounds.rms_db(echo[last:]) - 20
    assert sounds.rms_db(echo[last:]) == pytest.approx(sounds.rms_db(sounds.to_audio(prompt)) - 12, abs=0.5)
    assert share_at(echo, 1500) > 0.9


def test_packets_are_lost_as_often_as_it_says_and_what_is_left_is_untouched() -> None:
    sent: list[Pcm | None] = []

    def conceal(packets: Sequence[Pcm | None]) -> Pcm:
        sent.extend(packets)
        return silent_gaps(packets)

    pcm = voice(1000, 30.0)
    heard = Telephone({}, conceal=conceal).through(pcm, Condition("loss", 5.0), "a")
    clean = Telephone({}).through(pcm, CLEAN, "a").reshape(-1, FRAME_SAMPLES)
    lost = np.array([packet is None for packet in sent])
    assert 0.03 < lost.mean() < 0.07
    assert np.array_equal(heard.reshape(-1, FRAME_SAMPLES)[~lost], clean[~lost])
    assert not heard.reshape(-1, FRAME_SAMPLES)[lost].any()


def test_a_condition_is_found_by_its_own_name() -> None:
    usual = usual_conditions()
    assert conditions_of([one.name for one in usual]) == usual
    assert [one.name for one in usual[:5]] == ["clean", "pink-20db", "pink-15db", "pink-10db", "pink-5db"]


def test_a_kind_stands_for_all_its_usual_conditions_each_once() -> None:
    named = conditions_of(["loss-3pct", "Loss", "echo--3db", "clean"])
    assert [one.name for one in named] == ["loss-3pct", "loss-1pct", "loss-5pct", "echo--3db", "clean"]


@pytest.mark.parametrize(
    "name", ["", "rain", "rain-5db", "babble-5", "babble-5pct", "loss-3db", "loss-101pct", "pink-99db", "clean-5db"]
)
def test_what_is_no_condition_is_refused(name: str) -> None:
    with pytest.raises(ConditionError, match="no such condition") as caught:
        conditions_of([name])
    assert "babble-5db" in (caught.value.remedy or "")
