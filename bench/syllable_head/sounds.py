"""What is heard in the training of the syllable head and says nothing: noise, knocks, breath, tones, keys, tunes.

Pure, and the same for the same generator. All of it is computed; none of it is a recording.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
KEY_ROWS_HZ, KEY_COLUMNS_HZ = (697, 770, 852, 941), (1209, 1336, 1477)
SIGNALS_HZ = (350, 400, 425, 440, 450, 480, 620, 950, 1400, 1800, 2100)

Audio = NDArray[np.float64]
"""Mono at 16 kHz, shape (n,), at no particular level."""


def nothing_said(rng: np.random.Generator) -> Audio:
    """0.3 to 3 s of something that is no speech."""
    length = int(rng.uniform(0.3, 3.0) * RATE_HZ)
    kinds: tuple[Callable[[int, np.random.Generator], Audio], ...] = (
        _hiss,
        _knocks,
        _knocks,
        _breath,
        _signal,
        _keys,
        _tune,
    )
    sound = kinds[rng.integers(len(kinds))](length, rng)
    return sound + _hiss(length, rng) * np.std(sound) * rng.uniform(0.0, 0.2)


def _hiss(length: int, rng: np.random.Generator) -> Audio:
    """Steady noise, from white to brown."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** rng.uniform(0.0, 1.0)
    noise = np.fft.irfft(spectrum, length)
    return np.asarray(noise / np.std(noise), np.float64)


def _band(sound: Audio, low_hz: float, high_hz: float) -> Audio:
    """What of it lies between the two."""
    spectrum, frequencies = np.fft.rfft(sound), np.fft.rfftfreq(len(sound), 1 / RATE_HZ)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    return np.asarray(np.fft.irfft(spectrum, len(sound)), np.float64)


def _knocks(length: int, rng: np.random.Generator) -> Audio:
    """One to six short bursts that fade: a tap, a door, a cup, a cough."""
    sound, seconds = np.zeros(length), np.arange(length) / RATE_HZ
    for _ in range(rng.integers(1, 7)):
        low_hz = rng.uniform(50, 1500)
        burst = _band(_hiss(length, rng), low_hz, low_hz * rng.uniform(1.3, 6))
        since = seconds - rng.uniform(0, length / RATE_HZ)
        rise_s, fall_s = rng.uniform(0.001, 0.05), rng.uniform(0.01, 0.3)
        sound += (
            burst
            * np.where(since < 0, 0, np.minimum(1, since / rise_s) * np.exp(-since / fall_s))
            * rng.uniform(0.3, 1)
        )
    return sound


def _breath(length: int, rng: np.random.Generator) -> Audio:
    """Noise that swells and goes."""
    seconds = np.arange(length) / RATE_HZ
    swell = np.abs(np.sin(np.pi * seconds * rng.uniform(0.4, 2.5) + rng.uniform(0, np.pi))) ** rng.uniform(1, 3)
    return _band(_hiss(length, rng), rng.uniform(100, 900), rng.uniform(1500, 4000)) * swell


def _signal(length: int, rng: np.random.Generator) -> Audio:
    """One tone or two, steady, warbling or in a cadence."""
    seconds = np.arange(length) / RATE_HZ
    sound = np.zeros(length)
    for tone_hz in rng.choice(SIGNALS_HZ, rng.integers(1, 3), replace=False) * rng.uniform(0.9, 1.1):
        bend = rng.uniform(0, 30) * np.sin(2 * np.pi * rng.uniform(2, 20) * seconds) if rng.random() < 0.4 else 0
        sound += np.sin(2 * np.pi * tone_hz * seconds + bend)
    if rng.random() < 0.5:
        sound *= np.sin(2 * np.pi * rng.uniform(0.5, 4) * seconds + rng.uniform(0, 6)) > rng.uniform(-0.5, 0.5)
    return sound


def _keys(length: int, rng: np.random.Generator) -> Audio:
    """Keys of a telephone, each 60 to 250 ms."""
    sound, place = np.zeros(length), 0
    while place < length:
        pressed, pause = (int(rng.uniform(0.06, 0.25) * RATE_HZ) for _ in range(2))
        seconds = np.arange(min(pressed, length - place)) / RATE_HZ
        pair = rng.choice(KEY_ROWS_HZ), rng.choice(KEY_COLUMNS_HZ)
        sound[place : place + len(seconds)] = sum(np.sin(2 * np.pi * tone_hz * seconds) for tone_hz in pair)
        place += pressed + pause
    return sound


def _tune(length: int, rng: np.random.Generator) -> Audio:
    """Notes with overtones, two or three at a time."""
    sound, place = np.zeros(length), 0
    while place < length:
        lasts = int(rng.uniform(0.1, 0.6) * RATE_HZ)
        seconds = np.arange(min(lasts, length - place)) / RATE_HZ
        for step in rng.integers(0, 30, rng.integers(1, 4)):
            note_hz = 130 * 2 ** (step / 12)
            shape = sum(np.sin(2 * np.pi * note_hz * k * seconds) / k ** rng.uniform(1, 2) for k in range(1, 6))
            sound[place : place + len(seconds)] += shape * np.exp(-seconds / rng.uniform(0.1, 1.0))
        place += lasts
    return sound


KINDS: tuple[Callable[[int, np.random.Generator], Audio], ...] = (
    *(_hiss, _knocks, _knocks, _breath, _signal, _keys, _tune),
)
