"""A telephone line for test callers: 300 to 3400 Hz, 8 kHz, G.711 A-law, and noise that is the same every time."""

from __future__ import annotations

import io
import zlib

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from gateway.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, Pcm

LEVEL_DBFS = -22.0
"""Of the speech itself."""
LINE_RATE_HZ = 8000
_BAND_HZ = (300.0, 3400.0)
_EDGES_HZ = (60.0, 200.0)
_ACTIVE_DB = 30.0
"""Frames this far below the loudest are no speech."""
_PAUSE_MS = 120
_NOISE_S = 4

_Audio = NDArray[np.float64]


class TelephoneLine:
    """What a caller's sound becomes on its way.

    Args:
        snr_db: how far the noise is below the speech, both within the band.
    """

    def __init__(self, snr_db: float) -> None:
        self._noise_dbfs = LEVEL_DBFS - snr_db
        self.idle = self._carried(np.zeros(_NOISE_S * SAMPLE_RATE_HZ), "idle")
        """The line when nobody speaks, to be repeated."""

    def carry(self, pcm: Pcm, name: str) -> Pcm:
        """Speech at the line's level with its noise, a short pause on either side.

        Args:
            pcm: int16 at 16 kHz, shape (n,).
            name: seeds the noise.
        """
        speech = _band(pcm.astype(np.float64) / 32768)
        pause = np.zeros(SAMPLE_RATE_HZ * _PAUSE_MS // 1000)
        level = _active_rms(speech)
        gain = 10 ** (LEVEL_DBFS / 20) / level if level else 0.0
        return self._carried(np.concatenate([pause, speech * gain, pause]), name)

    def _carried(self, audio: _Audio, name: str) -> Pcm:
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        noise = _band(rng.standard_normal(len(audio)))
        noise *= 10 ** (self._noise_dbfs / 20) / max(float(np.sqrt(np.mean(noise**2))), 1e-12)
        narrow = soxr.resample(audio + noise, SAMPLE_RATE_HZ, LINE_RATE_HZ)
        wide = soxr.resample(_a_law(np.clip(narrow, -1.0, 1.0)), LINE_RATE_HZ, SAMPLE_RATE_HZ)
        carried: Pcm = np.clip(np.round(wide * 32768), -32768, 32767).astype(np.int16)
        return carried


def _band(audio: _Audio) -> _Audio:
    """What a telephone lets through, with raised-cosine edges and no phase shift."""
    hz = np.fft.rfftfreq(len(audio), 1 / SAMPLE_RATE_HZ)
    up = np.clip((hz - (_BAND_HZ[0] - _EDGES_HZ[0])) / _EDGES_HZ[0], 0, 1)
    down = np.clip((_BAND_HZ[1] + _EDGES_HZ[1] - hz) / _EDGES_HZ[1], 0, 1)
    shape = np.sin(up * np.pi / 2) ** 2 * np.sin(down * np.pi / 2) ** 2
    passed: _Audio = np.fft.irfft(np.fft.rfft(audio) * shape, len(audio))
    return passed


def _active_rms(audio: _Audio) -> float:
    """Of the frames in which something is said."""
    frames = audio[: len(audio) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    power = np.mean(frames**2, axis=1) if len(frames) else np.zeros(1)
    active = power[power > power.max() / 10 ** (_ACTIVE_DB / 10)]
    return float(np.sqrt(active.mean())) if len(active) else 0.0


def _a_law(audio: _Audio) -> _Audio:
    """There and back through G.711 A-law."""
    coded = io.BytesIO()
    soundfile.write(coded, audio, LINE_RATE_HZ, format="RAW", subtype="ALAW")
    coded.seek(0)
    decoded, _ = soundfile.read(
        coded, dtype="float64", samplerate=LINE_RATE_HZ, channels=1, format="RAW", subtype="ALAW"
    )
    heard: _Audio = decoded
    return heard
