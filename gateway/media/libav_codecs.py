"""G.722 and Opus by PyAV (FFmpeg's G.722, libopus), a packet at a time, between payloads and the inner rate."""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from gateway.media.frames import SAMPLE_RATE_HZ, Pcm, ms_to_samples
from gateway.media.payload import CodecError, bytewise_ms, opus_ms
from gateway.media.resample import StreamResampler

OPUS_RATE_HZ = 48_000
OPUS_BIT_RATE = 24_000
"""Bits a second, about: a clear voice at 16 kHz (RFC 6716 section 2.1.1 asks for 16 to 20 kbit/s, wideband)."""
OPUS_COMPLEXITY = "5"
"""Of 0 to 10: 0.7 of the time that 10 takes, and what WebRTC's own library chooses on telephones."""


_Name = Literal["g722", "libopus"]


def _context(name: _Name, mode: Literal["r", "w"], rate_hz: int) -> AudioCodecContext:
    context = av.CodecContext.create(name, mode)
    context.sample_rate = rate_hz
    context.layout = "mono"
    return context


def _decoded(context: AudioCodecContext, payload: bytes) -> NDArray[np.int16]:
    try:
        frames = context.decode(av.Packet(payload))
    except av.FFmpegError as error:
        raise CodecError(f"{context.name} can't decode {len(payload)} bytes: {error.strerror}") from error
    if not frames:
        raise CodecError(f"{context.name} finds no sound in {len(payload)} bytes")
    pieces = [frame.to_ndarray()[0] for frame in frames]
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


class G722Decoder:
    """G.722 at 64 kbit/s to int16 at 16 kHz, one stream; 1.4 ms late."""

    def __init__(self) -> None:
        self._context = _context("g722", "r", SAMPLE_RATE_HZ)

    def decode(self, payload: bytes) -> Pcm:
        """2 * n samples of n bytes. Raises CodecError for none, or more than 200 ms."""
        bytewise_ms(payload)
        return _decoded(self._context, payload)


class OpusDecoder:
    """Opus, mono or stereo, to int16 mono at 16 kHz, one stream.

    libopus gives 48 kHz; the resampler holds back 1 ms, for which the first packet begins with as much silence: every
    packet gives as many samples as it is long.
    """

    def __init__(self) -> None:
        self._context = _context("libopus", "r", OPUS_RATE_HZ)
        self._resampler = StreamResampler(OPUS_RATE_HZ, SAMPLE_RATE_HZ)

    def decode(self, payload: bytes) -> Pcm:
        """`opus_ms(payload)` of sound. Raises CodecError for a malformed packet; the stream may go on after it."""
        samples = ms_to_samples(opus_ms(payload))
        pcm = self._resampler.process(_decoded(self._context, payload))
        if len(pcm) < samples:
            return np.concatenate([np.zeros(samples - len(pcm), np.int16), pcm])
        return pcm


class LibavEncoder:
    """int16 at 16 kHz to packets of one length, one stream."""

    def __init__(self, context: AudioCodecContext, ptime_ms: int) -> None:
        self._context = context
        self._samples = ms_to_samples(ptime_ms)

    def encode(self, pcm: Pcm) -> bytes:
        """One packet of one packet's time of sound.

        Raises:
            ValueError: not as many samples as the packet time has.
        """
        if len(pcm) != self._samples:
            raise ValueError(f"{len(pcm)} samples; a packet takes {self._samples}")
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(pcm).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        return b"".join(bytes(packet) for packet in self._context.encode(frame))


def g722_encoder(ptime_ms: int) -> LibavEncoder:
    """G.722 at 64 kbit/s, packets of any `ptime_ms`."""
    return _encoder("g722", ptime_ms, {"frame_size": str(ms_to_samples(ptime_ms))})


def opus_encoder(ptime_ms: int) -> LibavEncoder:
    """Opus for voice, mono, wideband, about `OPUS_BIT_RATE`; one frame of `ptime_ms` (10, 20, 40 or 60) a packet.

    Its length varies with the sound. Without forward error correction, which takes its bits from the voice.
    """
    options = {
        "application": "voip",
        "frame_duration": str(ptime_ms),
        "fec": "0",
        "vbr": "constrained",
        "compression_level": OPUS_COMPLEXITY,
    }
    return _encoder("libopus", ptime_ms, options, OPUS_BIT_RATE)


def _encoder(name: _Name, ptime_ms: int, options: dict[str, str], bit_rate: int | None = None) -> LibavEncoder:
    context = _context(name, "w", SAMPLE_RATE_HZ)
    context.format = "s16"
    context.time_base = Fraction(1, SAMPLE_RATE_HZ)
    if bit_rate:
        context.bit_rate = bit_rate
    context.options = options
    context.open()
    return LibavEncoder(context, ptime_ms)
