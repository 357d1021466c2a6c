"""How an utterance sounded, whatever its words: loudness, pitch, and how much of it is speech.

Pitch is found by autocorrelation, each frame's divided by its window's (Boersma 1993, "Accurate short-term analysis of
the fundamental frequency and the harmonics-to-noise ratio of a sampled sound"), and then once more in the range that
this gave for the utterance (De Looze and Hirst 2008, "Detecting changes in key and range"). A telephone line cuts off
what lies below 300 Hz, and with it the fundamental of most voices; their harmonics repeat with the same period, so the
autocorrelation still has a peak there. Measured on the 16 clean samples against Praat 6.1's pitch, the median is off by
1% (4% at the most), the 90th percentile by 1% (4%); behind a 300-3400 Hz filter by 3% (13%) and 2% (8%), and with noise
at 15 dB besides by 5% (19%) and 3% (16%).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from gateway.findings import Voice
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, Pcm, ms_to_samples

LOWEST_HZ, HIGHEST_HZ = 70.0, 450.0
QUIETEST_DBFS = -60.0
"""What is nowhere louder is silence."""
LOUD_PERCENTILE = 95
PAUSE_DB = 25.0
"""So much below the loud frames is a pause: vowels are within 15 dB of each other, a line's noise lies lower."""
OVER_NOISE_DB = 6.0
"""On a noisy line speech is what stands out by so much from the quietest frames."""
LEAST_DB = 10.0
"""Frames within so much of the loud ones are speech, however loud the line is."""
VOICED = 0.5
"""A frame is voiced whose autocorrelation reaches this share of a perfectly periodic one's. Boersma takes 0.45."""
OCTAVE_COST = 0.005
"""Per octave, taken off longer periods: of a periodic sound every multiple of the period fits, too. Praat's 0.01 takes
the second harmonic for the voice a little more often where a line has left nothing below it."""
HARMONICS_HZ = 2000.0
"""What lies above is left out: a peak of the autocorrelation is then wide enough for its height to be known."""
LAGS_PER_SAMPLE = 2
"""With one, the period of 220 Hz lies between two lags, and three periods on one: 73 Hz looked stronger."""
RANGE = 0.75, 1.25
"""Where an utterance's pitch is looked for again: times its first quartile to times its third. The paper's is wider;
already 1.4 lets the second harmonics back in (90th percentile off by up to 35%, not 8%)."""
FEWEST_VOICED = 5
"""Frames; of fewer there is no median worth the name."""
MOST_FRAMES = 300
"""Frames whose pitch is looked for, evenly spaced: a message of three minutes costs as much as 6 s."""

_FULL_SCALE = 32768.0
_WINDOW = ms_to_samples(3 * 1000 / LOWEST_HZ)
"""Three of the longest periods."""
_LAG_RATE_HZ = SAMPLE_RATE_HZ * LAGS_PER_SAMPLE
_SHORTEST, _LONGEST = int(_LAG_RATE_HZ / HIGHEST_HZ), int(np.ceil(_LAG_RATE_HZ / LOWEST_HZ))
_LAGS = slice(_SHORTEST - 1, _LONGEST + 2)
"""One more at each end, so that the first and the last can be peaks."""
_SIZE = fft.next_fast_len(_WINDOW + _LONGEST // LAGS_PER_SAMPLE + 2, real=True)


def measure_voice(pcm: Pcm) -> Voice | None:
    """The voice in an utterance; takes some 3 ms for 3 s, and some 10 ms however long it is.

    Args:
        pcm: mono int16 at 16 kHz, shape (n,); with the silence around the words or without.

    Returns:
        None for silence, and for less than one frame of 20 ms. `pitch_hz` is None for what has no voice (noise,
        whispering). Loudness is RMS against a full scale of 32768. Speech is what is louder than the pauses by 6 dB or
        more, in frames of 20 ms.
    """
    frames = pcm[: len(pcm) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES).astype(np.float32)
    if not len(frames):
        return None
    frames = frames / np.float32(_FULL_SCALE)
    centred = frames - frames.mean()
    power = np.einsum("ij,ij->i", centred, centred) / FRAME_SAMPLES
    speech = _speech(10 * np.log10(np.maximum(power, 1e-12)))
    if not speech.any():
        return None
    pitches = _pitches(centred.reshape(-1), np.flatnonzero(speech))
    sure = len(pitches) >= FEWEST_VOICED
    return Voice(
        loudness_dbfs=float(10 * np.log10(power[speech].mean())),
        pitch_hz=float(np.median(pitches)) if sure else None,
        pitch_high_hz=float(np.percentile(pitches, 90)) if sure else None,
        speech_ms=float(np.count_nonzero(speech) * FRAME_MS),
    )


def _speech(levels_dbfs: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which frames are speech, by their levels."""
    loud = float(np.percentile(levels_dbfs, LOUD_PERCENTILE))
    if loud < QUIETEST_DBFS:
        return np.zeros(len(levels_dbfs), np.bool_)
    noise = float(np.percentile(levels_dbfs, 10))
    threshold = max(loud - PAUSE_DB, min(noise + OVER_NOISE_DB, loud - LEAST_DB))
    return np.asarray(levels_dbfs >= threshold)


@lru_cache(maxsize=1)
def _window() -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """The Hann window, its own autocorrelation at the lags looked at, and what each lag costs."""
    window = np.hanning(_WINDOW).astype(np.float32)
    own = _autocorrelation(window[None])[0]
    cost = OCTAVE_COST * np.log2(np.arange(_LAGS.start, _LAGS.stop) / _SHORTEST)
    return window, own[_LAGS] / own[0], cost.astype(np.float32)


def _autocorrelation(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of each row, below `HARMONICS_HZ`; column k is the lag of k / `LAGS_PER_SAMPLE` samples."""
    spectrum = fft.rfft(windows, _SIZE, axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    power[:, int(HARMONICS_HZ * _SIZE / SAMPLE_RATE_HZ) :] = 0
    return np.asarray(fft.irfft(power, _SIZE * LAGS_PER_SAMPLE, axis=1))


def _pitches(sound: NDArray[np.float32], frames: NDArray[np.intp]) -> NDArray[np.float32]:
    """The pitch of those `frames` of `sound` (shape (n,), -1..1) that are voiced, Hz."""
    if len(frames) > MOST_FRAMES:
        frames = frames[np.linspace(0, len(frames) - 1, MOST_FRAMES).astype(np.intp)]
    before = (_WINDOW - FRAME_SAMPLES) // 2
    padded = np.pad(sound, (before, _WINDOW))
    cut = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[frames * FRAME_SAMPLES]
    window, own, cost = _window()
    cut = (cut - cut.mean(axis=1, keepdims=True)) * window
    alike = _autocorrelation(cut)
    strength = np.asarray(alike[:, _LAGS] / (np.maximum(alike[:, :1], 1e-9) * own), np.float32)
    first = _peaks(strength, cost)
    if len(first) < FEWEST_VOICED:
        return first
    lowest_hz, highest_hz = np.percentile(first, (25, 75)) * RANGE
    lags = np.arange(_LAGS.start, _LAGS.stop)
    outside = (lags < _LAG_RATE_HZ / highest_hz) | (lags > _LAG_RATE_HZ / lowest_hz)
    return _peaks(strength, np.where(outside, np.inf, cost).astype(np.float32))


def _peaks(strength: NDArray[np.float32], cost: NDArray[np.float32]) -> NDArray[np.float32]:
    """The pitch at the best peak of each row, Hz; rows without one that is high enough are left out.

    Args:
        strength: shape (frames, lags), from a lag before the shortest to one beyond the longest.
        cost: of each lag, shape (lags,).
    """
    left, middle, right = strength[:, :-2], strength[:, 1:-1], strength[:, 2:]
    is_peak = (middle >= left) & (middle > right) & np.isfinite(cost[1:-1])
    bend = np.where(is_peak, left - 2 * middle + right, -1.0)  # of the parabola through the three
    height = np.where(is_peak, middle - (left - right) ** 2 / (8 * bend), -np.inf)
    height = np.where(height > 1, 1 / np.maximum(height, 1), height)  # few periods in a window: too high, as in Praat
    best = np.argmax(height - cost[1:-1], axis=1)
    rows = np.flatnonzero(height[np.arange(len(height)), best] >= VOICED)
    best = best[rows]
    lag = _SHORTEST + best + 0.5 * (left[rows, best] - right[rows, best]) / bend[rows, best]
    return np.asarray(_LAG_RATE_HZ / lag)
