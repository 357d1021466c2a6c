"""Levels, bands and noises: what the telephone's troubles are made of. Pure; every noise comes from a generator."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from asr.engine import SAMPLE_RATE_HZ, Pcm

Audio = NDArray[np.float64]
"""Mono samples at 16 kHz in -1..1, shape (n,)."""

LINE_RATE_HZ = 8000
_LOW_HZ, _HIGH_HZ = 300.0, 3400.0
_LOW_EDGE_HZ, _HIGH_EDGE_HZ = 60.0, 200.0
_FULL_SCALE = 32768.0

_SMOOTHING_S = 0.03
_HANGOVER_S = 0.2
_MARGIN_DB = 15.9
_THRESHOLDS = 2.0 ** -np.arange(1, 16)
"""Of P.56: half of full scale, and 14 more, each half of the one before."""

TALKERS = 5
"""Voices in a babble: with fewer a caller can be understood between them, with many it is noise."""

_MELODY = (0, 2, 4, 7, 9, 12, 14, 16)
"""Semitones of a pentatonic scale."""
_NOTE_S = 0.28


def to_audio(pcm: Pcm) -> Audio:
    """int16 as floats in -1..1."""
    return pcm.astype(np.float64) / _FULL_SCALE


def to_pcm(audio: Audio) -> Pcm:
    """Floats in -1..1 as int16; what is louder is clipped."""
    return np.clip(np.rint(audio * _FULL_SCALE), -32768, 32767).astype(np.int16)


def telephone_band(audio: Audio) -> Audio:
    """Keep 300 to 3400 Hz, with raised-cosine edges of 60 Hz below and 200 Hz above, and no delay."""
    spectrum = np.fft.rfft(audio)
    hz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE_HZ)
    up = np.clip((hz - (_LOW_HZ - _LOW_EDGE_HZ)) / _LOW_EDGE_HZ, 0, 1)
    down = np.clip((_HIGH_HZ + _HIGH_EDGE_HZ - hz) / _HIGH_EDGE_HZ, 0, 1)
    shape = np.sin(up * np.pi / 2) ** 2 * np.sin(down * np.pi / 2) ** 2
    return np.asarray(np.fft.irfft(spectrum * shape, len(audio)), np.float64)


def through_a_law(audio: Audio) -> Audio:
    """What is left behind an 8 kHz G.711 A-law line."""
    narrow = soxr.resample(audio, SAMPLE_RATE_HZ, LINE_RATE_HZ, quality="VHQ")
    wire = io.BytesIO()
    soundfile.write(wire, np.clip(narrow, -1, 1), LINE_RATE_HZ, subtype="ALAW", format="RAW")
    wire.seek(0)
    heard, _ = soundfile.read(wire, samplerate=LINE_RATE_HZ, channels=1, subtype="ALAW", format="RAW")
    wide = soxr.resample(heard, LINE_RATE_HZ, SAMPLE_RATE_HZ, quality="VHQ")
    return np.asarray(np.resize(wide, len(audio)) if len(wide) < len(audio) else wide[: len(audio)], np.float64)


def active_level_db(audio: Audio) -> float:
    """The level of the speech itself, without its pauses, dBov (a full-scale square wave is 0); -inf for silence.

    ITU-T P.56 (12/2011), method B: an envelope smoothed twice with 30 ms, a hangover of 200 ms, a margin of 15.9 dB
    between the active level and the threshold that it is found with.
    """
    power = float(np.mean(audio**2)) if len(audio) else 0.0
    if power == 0.0:
        return float("-inf")
    envelope = _envelope(audio)
    hangover = int(_HANGOVER_S * SAMPLE_RATE_HZ)
    previous: tuple[float, float] | None = None  # level and its distance to the threshold, one threshold higher
    for threshold in _THRESHOLDS:
        active = _active_samples(envelope >= threshold, hangover)
        if not active:
            continue
        level_db = 10 * np.log10(power * len(audio) / active)
        above_db = level_db - 20 * np.log10(threshold) - _MARGIN_DB
        if above_db >= 0:
            if previous is None:
                return float(level_db)
            share = previous[1] / (previous[1] - above_db)
            return float(previous[0] + share * (level_db - previous[0]))
        previous = float(level_db), float(above_db)
    return 10 * float(np.log10(power))


def _envelope(audio: Audio) -> Audio:
    from scipy.signal import lfilter  # half a second to import, and every command would wait for it

    keep = float(np.exp(-1 / (_SMOOTHING_S * SAMPLE_RATE_HZ)))
    once = lfilter([1 - keep], [1, -keep], np.abs(audio))
    return np.asarray(lfilter([1 - keep], [1, -keep], once), np.float64)


def _active_samples(loud: NDArray[np.bool_], hangover: int) -> int:
    """Samples that are loud, or follow a loud one within the hangover."""
    places = np.arange(len(loud))
    last = np.maximum.accumulate(np.where(loud, places, -hangover - 1))
    return int(np.count_nonzero(places - last <= hangover))


def at_level(audio: Audio, level_db: float, *, of: float) -> Audio:
    """Scaled so that what was at `of` dBov is at `level_db`; silence stays silence."""
    return audio if of == float("-inf") else audio * 10 ** ((level_db - of) / 20)


def rms_db(audio: Audio) -> float:
    """Level over everything, pauses too, dBov; -inf for silence."""
    power = float(np.mean(audio**2)) if len(audio) else 0.0
    return 10 * float(np.log10(power)) if power else float("-inf")


def coloured(length: int, exponent: float, rng: np.random.Generator) -> Audio:
    """Noise whose power falls with frequency to the power of `exponent`, from 40 Hz up: 1 is pink, 1.8 like a car."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / SAMPLE_RATE_HZ)
    return np.asarray(np.fft.irfft(spectrum * np.maximum(hz, 40) ** (-exponent / 2), length), np.float64)


def babble(length: int, others: Sequence[Audio], rng: np.random.Generator) -> Audio:
    """`TALKERS` people talking at once, equally loud, each from a random place in one of the `others` (at least one);
    when there are fewer of those, some talk twice.
    """
    total = np.zeros(length)
    for talker in rng.choice(len(others), TALKERS, replace=len(others) < TALKERS):
        voice = at_level(others[talker], -26.0, of=active_level_db(others[talker]))
        total += np.roll(np.resize(voice, length), int(rng.integers(length)))
    return total


def music(length: int, rng: np.random.Generator) -> Audio:
    """Music as on hold: a plucked melody over a chord, synthesised, at no particular level."""
    total = np.zeros(length + SAMPLE_RATE_HZ)
    step = int(_NOTE_S * SAMPLE_RATE_HZ)
    root_hz = 220.0 * 2 ** (int(rng.integers(12)) / 12)
    for beat, start in enumerate(range(0, length, step)):
        total[start : start + SAMPLE_RATE_HZ] += _note(root_hz * 2 * 2 ** (int(rng.choice(_MELODY)) / 12))
        if beat % 4 == 0:
            chord = sum(_note(root_hz * 2 ** (semitones / 12)) for semitones in (0, 4, 7))
            total[start : start + SAMPLE_RATE_HZ] += 0.5 * chord
    return total[:length]


def _note(hz: float) -> Audio:
    """One second of a string that was plucked: five partials, the higher ones weaker and sooner over."""
    at = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    partials = (np.sin(2 * np.pi * hz * k * at) * np.exp(-at * (3 + k)) / k for k in range(1, 6))
    return np.asarray(sum(partials), np.float64)
