"""What the test model hears while it learns: spoken lines made different, their features those of sherpa-onnx."""

from __future__ import annotations

import io
import zlib
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE_HZ = 16_000
FRAME_MS = 10
BINS = 80

Audio = NDArray[np.float64]
"""Mono samples in -1..1 at 16 kHz, shape (n,)."""
Features = NDArray[np.float32]
"""Natural logarithms of mel energies, shape (frames, 80), 10 ms each."""


def features(audio: Audio) -> Features:
    """Kaldi's filterbank as sherpa-onnx sets it for its zipformers and streaming NeMo models."""
    import kaldi_native_fbank  # only for training: what follows is used by measure.py as well

    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither = 0.0
    options.frame_opts.snip_edges = False
    options.frame_opts.samp_freq = RATE_HZ
    options.mel_opts.num_bins = BINS
    options.mel_opts.high_freq = -400.0
    bank = kaldi_native_fbank.OnlineFbank(options)
    bank.accept_waveform(RATE_HZ, audio.astype(np.float32))
    bank.input_finished()
    return np.stack([bank.get_frame(n) for n in range(bank.num_frames_ready)])


def through_telephone(audio: Audio) -> Audio:
    """300-3400 Hz, 8 kHz, G.711 A-law and back."""
    spectrum = np.fft.rfft(audio)
    hz = np.fft.rfftfreq(len(audio), 1 / RATE_HZ)
    spectrum *= np.clip((hz - 200) / 100, 0, 1) * np.clip((3600 - hz) / 200, 0, 1)
    narrow = soxr.resample(np.fft.irfft(spectrum, len(audio)), RATE_HZ, 8000)
    wire = io.BytesIO()
    soundfile.write(wire, narrow, 8000, subtype="ALAW", format="WAV")
    wire.seek(0)
    back: Audio = soxr.resample(soundfile.read(wire)[0], 8000, RATE_HZ)
    return back


def noise(length: int, others: list[Audio], rng: np.random.Generator) -> Audio:
    """White to brown noise, or four of the `others` talking at once; at the level of 1."""
    if rng.random() < 0.3:
        total = np.zeros(length)
        for k in rng.integers(len(others), size=4):
            total += np.roll(np.resize(others[k], length), int(rng.integers(length)))
    else:
        spectrum = np.fft.rfft(rng.standard_normal(length))
        hz = np.maximum(np.fft.rfftfreq(length, 1 / RATE_HZ), 40)
        total = np.fft.irfft(spectrum * hz ** -rng.uniform(0, 1), length)
    levelled: Audio = total / np.sqrt(np.mean(total**2) + 1e-12)
    return levelled


def made_different(speech: Audio, others: list[Audio], rng: np.random.Generator) -> Audio:
    """Another tract and pace (by resampling), silence around, noise in four of five, the telephone in three of four."""
    speech = soxr.resample(speech, RATE_HZ, RATE_HZ * rng.uniform(0.88, 1.14))
    lead, tail = (np.zeros(int(rng.uniform(0, 0.6) * RATE_HZ)) for _ in range(2))
    level = 10 ** (rng.uniform(-34, -16) / 20)
    speech *= level / (np.sqrt(np.mean(speech**2)) + 1e-9)
    audio = np.concatenate([lead, speech, tail])
    if rng.random() < 0.8:
        audio += noise(len(audio), others, rng) * level * 10 ** (-rng.uniform(5, 30) / 20)
    audio = np.clip(audio, -1, 1)
    return through_telephone(audio) if rng.random() < 0.75 else audio


def read(path: Path) -> Audio:
    """One spoken line, without the silence that the synthesiser puts at its ends (120 ms)."""
    audio: Audio = soundfile.read(path)[0]
    return audio[RATE_HZ // 10 : -RATE_HZ // 10]


def versions(path: Path, others: list[Audio], count: int) -> list[Features]:
    """`count` features of one line, each of another sound; the same ones for the same name."""
    speech = read(path)
    rngs = (np.random.default_rng([zlib.crc32(path.stem.encode()), n]) for n in range(count))
    return [features(made_different(speech, others, rng)) for rng in rngs]
