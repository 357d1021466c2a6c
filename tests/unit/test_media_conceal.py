"""Concealment: holes sound like what was there, then fade; no joint clicks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr.audio import read_audio
from gateway.media.conceal import Concealer
from gateway.media.frames import to_frames
from tests.support.sound import tone

pytestmark = pytest.mark.unit

SAMPLES = Path(__file__).parents[2] / "audio_samples"


def played(pcm: np.ndarray, lost: set[int]) -> np.ndarray:
    concealer = Concealer()
    return np.concatenate(
        [concealer.lost() if at in lost else concealer.heard(frame) for at, frame in enumerate(to_frames(pcm))]
    )


def rms(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm.astype(float) ** 2)))


def steepest(pcm: np.ndarray) -> int:
    return int(np.max(np.abs(np.diff(pcm.astype(int)))))


def test_without_a_loss_every_frame_is_passed_on_as_it_is() -> None:
    concealer = Concealer()
    for frame in to_frames(tone(200)):
        assert concealer.heard(frame) is frame


def test_before_anything_was_heard_a_hole_is_silent() -> None:
    concealer = Concealer()
    assert not concealer.lost().any()
    frame = tone(20)
    joined = concealer.heard(frame)
    assert np.array_equal(joined[160:], frame[160:])
    assert abs(int(joined[1])) <= abs(int(frame[1])), "faded in"
    assert concealer.heard(frame) is frame


@pytest.mark.parametrize("hz", [90, 131, 200, 257, 390])
def test_a_lost_frame_of_a_voiced_sound_is_hardly_missed(hz: int) -> None:
    sound = tone(400, hz, -12) // 2 + tone(400, 3 * hz, -18) // 2 + tone(400, 7 * hz, -24)
    heard = played(sound, {10})
    error = heard[3200:3360].astype(int) - sound[3200:3360]  # the first 10 ms, which are not faded yet
    assert rms(error) < 0.35 * rms(sound)
    assert rms(heard[3200:3520]) > 0.7 * rms(sound)


def test_a_long_hole_fades_within_60_ms_and_stays_silent() -> None:
    heard = played(tone(1000, 200, -12), set(range(10, 40)))
    hole = heard[3200:12_800]
    levels = [rms(hole[at : at + 320]) for at in range(0, 960, 320)]
    assert levels[0] > levels[1] > levels[2] > 0
    assert not hole[960:].any()
    assert np.array_equal(heard[12_960:], tone(1000, 200, -12)[12_960:])


@pytest.mark.parametrize("lost", [{10}, {10, 11}, {10, 11, 12}, set(range(10, 14)), set(range(10, 30)), {10, 12, 14}])
@pytest.mark.parametrize("hz", [97, 203, 311])
def test_no_joint_clicks(lost: set[int], hz: int) -> None:
    sound = tone(800, hz, -12)
    naturally = steepest(sound)
    assert steepest(played(sound, lost)) < 1.6 * naturally


def test_real_speech_with_holes_has_no_steps_that_speech_has_not() -> None:
    sound = read_audio(SAMPLES / "balance_1.wav")
    frames = len(to_frames(sound))
    for first in range(3, 9):
        lost = {at + more for at in range(first, frames - 2, 7) for more in range(2)}
        heard = played(sound, lost)
        assert len(heard) == frames * 320
        assert steepest(heard) < 1.3 * steepest(sound)
        assert rms(heard) > 0.5 * rms(sound)


def test_the_loudest_sound_does_not_turn_over() -> None:
    square = np.where(np.arange(6400) // 40 % 2, -32768, 32767).astype(np.int16)
    heard = played(square, {5, 6, 12})
    hole = heard[1600:1760].astype(int)
    assert np.array_equal(np.sign(hole), np.sign(square[1600:1760].astype(int)))


def test_a_full_scale_joint_is_held_and_does_not_turn_over() -> None:
    square = np.where(np.arange(640) // 40 % 2, -32768, 32767).astype(np.int16)
    square[-1] = 32767  # the next edge, a sample early: the joint has all of full scale to make up for
    hole = played(np.concatenate([square, square]), {2})[640:656].astype(int)
    assert np.all(hole > 30_000)


def test_noise_goes_on_as_noise() -> None:
    noise = (np.random.default_rng(5).standard_normal(6400) * 3000).astype(np.int16)
    heard = played(noise, {10})
    assert rms(heard[3200:3520]) > 0.6 * rms(noise)
    assert steepest(heard) <= 1.3 * steepest(noise)


def test_what_is_heard_is_not_written_to() -> None:
    frames = to_frames(tone(200))
    for frame in frames:
        frame.flags.writeable = False
    concealer = Concealer()
    for frame in frames[:3]:
        concealer.heard(frame)
    concealer.lost()
    assert concealer.heard(frames[3]) is not frames[3]
