"""Whether a voice that has just begun may be saying no more than 嗯, 哦, 好的 or 对, by the sound of its first 300 ms.

A very small network on a coarse log-mel picture of the sound. It is no recogniser: it only says which voices are to
be waited for, and being wrong costs 300 ms or a prompt that stops and resumes. `docs/hearing.md` says what it learned
from, how well it does, and what is not known about it.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from gateway.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, Pcm

FRAMES = 15
"""What it looks at: 300 ms."""
BANDS = 12
SLICES = 5
"""The picture: 12 bands in each of 5 times 60 ms."""
LOW_HZ, HIGH_HZ = 250.0, 3500.0
"""What a telephone carries."""
RANGE_NEPERS = 9.0
"""What lies 39 dB below the loudest place is as good as silent."""
HIDDEN = 24
_FFT = 512
_FULL_SCALE = 32768.0


def may_be_backchannel(sound: Pcm) -> bool:
    """Whether a voice that begins like this may be a back-channel's: int16 at 16 kHz, 300 ms from the onset on.

    Less than 300 ms is none.
    """
    if len(sound) < FRAMES * FRAME_SAMPLES:
        return False
    mean, scale, hidden, hidden_bias, out, bias = _network()
    inner = np.maximum((picture(sound) - mean) / scale @ hidden + hidden_bias, 0.0)
    return float(inner @ out + bias[0]) > 0.0


def picture(sound: Pcm) -> NDArray[np.float64]:
    """The sound's first 300 ms as log-mel energies against their loudest, and how much they change: shape (61,)."""
    samples = sound[: FRAMES * FRAME_SAMPLES] / _FULL_SCALE
    samples = np.diff(samples, prepend=samples[:1])  # speech falls by 6 dB an octave
    side = (_FFT - FRAME_SAMPLES) // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(samples, side), _FFT)[::FRAME_SAMPLES]
    power = np.abs(np.fft.rfft(windows * np.hanning(_FFT))) ** 2
    energies = np.log(power @ _mel_bank().T + 1e-12)
    energies = np.maximum(energies - energies.max(), -RANGE_NEPERS)
    coarse = energies.reshape(SLICES, -1, BANDS).mean(axis=1)
    return np.append(coarse.ravel(), np.abs(np.diff(energies, axis=0)).mean())


@lru_cache(maxsize=1)
def _mel_bank() -> NDArray[np.float64]:
    """Triangles on the mel scale: shape (12, 257)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOW_HZ, HIGH_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, BANDS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE_HZ)
    up = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    down = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    bank: NDArray[np.float64] = np.clip(np.minimum(up, down), 0.0, None)
    return bank


@lru_cache(maxsize=1)
def _network() -> tuple[NDArray[np.float64], ...]:
    """Mean and scale of the inputs, weights and biases of the hidden and of the output layer: `backchannel.txt`."""
    text = resources.files(__package__).joinpath("backchannel.txt").read_text(encoding="ascii")
    values = np.array(text.split(), dtype=np.float64)
    inputs = SLICES * BANDS + 1
    sizes = np.cumsum([inputs, inputs, inputs * HIDDEN, HIDDEN, HIDDEN])
    mean, scale, hidden, hidden_bias, out, bias = np.split(values, sizes)
    return mean, scale, hidden.reshape(inputs, HIDDEN), hidden_bias, out, bias
