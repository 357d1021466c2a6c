"""What callers from browsers say in tests and benchmarks: Opus packets made once, with clicks that tell how late it is.

A click is 8 ms of a loud tone in the middle of a packet's 20 ms, amid silence. Whoever hears it notes when
(`ClickWatch`); the caller knows when the packet went out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np

from asr.audio import read_audio
from gateway.media.codecs import CODECS
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, Frame, Pcm, to_frames

SAMPLES = Path(__file__).parents[2] / "audio_samples"
OPUS = CODECS["opus"]
LOUD = 14_000
"""A frame with a sample beyond this holds a click; voices stay below `_VOICE_PEAK`."""
_VOICE_PEAK = 7_000
_CLICK_PEAK = 26_000
_CLICK_MS = 8
_CLICK_HZ = 1000
_CLEAR_MS = 80
"""Silence on both sides of a click."""
_NEXT_CLICK_MS = 400.0
"""What is loud again so soon is the same click, perhaps told twice by a concealed loss."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Packets of 20 ms, played again from the beginning when they are over."""

    payloads: Sequence[bytes]
    clicks: frozenset[int] = frozenset()
    """Numbers of those with a click in them."""


def encode(pcm: Pcm) -> Sound:
    """Sound of any length as Opus, the last packet filled up with silence; clicks are found by decoding it again."""
    encoder, decoder, watch = OPUS.encoder(FRAME_MS), OPUS.decoder(), ClickWatch()
    payloads = [encoder.encode(frame) for frame in to_frames(pcm)]
    for number, payload in enumerate(payloads):
        watch.hear(decoder.decode(payload), float(number * FRAME_MS))
    return Sound(payloads, frozenset(int(at_ms) // FRAME_MS for at_ms in watch.at_ms))


@cache
def clicking(file: str = "balance_4.wav", *, seconds: int = 5, every_ms: int = 1000) -> Sound:
    """A voice of audio_samples over and over, with a click every so often."""
    voice = read_audio(SAMPLES / file).astype(np.float32)
    voice = np.resize(voice * (_VOICE_PEAK / np.abs(voice).max()), seconds * SAMPLE_RATE_HZ)
    times = np.arange(_CLICK_MS * SAMPLE_RATE_HZ // 1000) / SAMPLE_RATE_HZ
    click = _CLICK_PEAK * np.sin(2 * np.pi * _CLICK_HZ * times)
    clear = _CLEAR_MS * SAMPLE_RATE_HZ // 1000
    step = every_ms * SAMPLE_RATE_HZ // 1000
    for at in range(step // 2 // FRAME_SAMPLES * FRAME_SAMPLES, len(voice), step):
        voice[at - clear : at + clear] = 0
        voice[at : at + len(click)] = click  # the encoder is 6.5 ms late: that is the middle of a packet
    return encode(voice.astype(np.int16))


@cache
def line_noise(seconds: int = 5) -> Sound:
    """Somebody who says nothing: noise at -60 dBFS."""
    noise = np.random.default_rng(7).normal(0, 33, seconds * SAMPLE_RATE_HZ)
    return encode(noise.astype(np.int16))


@cache
def speech(file: str, *, before_s: float = 0.5, after_s: float = 0.5) -> Sound:
    """A file of audio_samples as it is, with silence around it."""
    around = [np.zeros(int(seconds * SAMPLE_RATE_HZ), np.int16) for seconds in (before_s, after_s)]
    return encode(np.concatenate([around[0], read_audio(SAMPLES / file), around[1]]))


@dataclass(slots=True)
class ClickWatch:
    """Notes when a click is heard."""

    at_ms: list[float] = field(default_factory=list)

    def hear(self, frame: Frame, now_ms: float) -> None:
        """The next 20 ms, and when they are there."""
        if int(frame.max(initial=0)) > LOUD and (not self.at_ms or now_ms - self.at_ms[-1] > _NEXT_CLICK_MS):
            self.at_ms.append(now_ms)
