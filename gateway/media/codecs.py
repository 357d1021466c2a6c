"""The codecs that a call may speak, under their names in SDP: payloads to sound at the inner rate and back.

G.711 is ours (tables and a half-band filter, about 5 us a frame each way); G.722 and Opus come from FFmpeg by PyAV.
A decoder or an encoder is one stream of one call and keeps its state; `Codec` and `CODECS` are values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

import numpy as np

from gateway.media import g711
from gateway.media.frames import Pcm, ms_to_samples
from gateway.media.libav_codecs import OPUS_RATE_HZ, G722Decoder, OpusDecoder, g722_encoder, opus_encoder
from gateway.media.narrowband import NarrowbandDecoder, NarrowbandEncoder
from gateway.media.payload import BYTES_PER_MS, MAX_PAYLOAD_MS, CodecError, bytewise_ms, opus_ms

__all__ = ["CODECS", "MAX_PAYLOAD_MS", "Codec", "CodecError", "Decoder", "Encoder"]

_SETTLING_PACKETS = 5
"""An adaptive codec begins loud and needs some packets until silence is silent and small."""


class Decoder(Protocol):
    """The receiving side of one stream."""

    def decode(self, payload: bytes) -> Pcm:
        """Sound at 16 kHz, as long as `Codec.payload_ms` says.

        Raises:
            CodecError: not a payload of this codec. The stream may go on with the next one.
        """


class Encoder(Protocol):
    """The sending side of one stream."""

    def encode(self, pcm: Pcm) -> bytes:
        """One payload, of one packet time of sound at 16 kHz.

        Raises:
            ValueError: the sound has another length.
        """


@dataclass(frozen=True, slots=True)
class Codec:
    """What a codec is in SDP and RTP, and where its coders come from."""

    name: str
    """As in rtpmap; compared without case (RFC 4566 section 6)."""
    rtp_clock_hz: int
    """Not the sampling rate for G.722, by an old mistake that stays (RFC 3551 section 4.5.2)."""
    static_payload_type: int | None
    """RFC 3551 table 4; None: dynamic, 96 to 127."""
    channels: int
    """As in rtpmap. Opus always says 2, and is mono here (RFC 7587 section 7)."""
    packet_times_ms: tuple[int, ...]
    """What a packet of ours may hold, rising."""
    make_decoder: Callable[[], Decoder] = field(repr=False)
    make_encoder: Callable[[int], Encoder] = field(repr=False)
    measure: Callable[[bytes], float] = field(repr=False)
    silent_byte: int | None = None
    """What silence is made of; None where only the encoder can say it."""

    def packet_ms(self, wanted_ms: int) -> int:
        """What to send when the peer asks for `wanted_ms`: the longest that isn't longer, or the shortest, ms."""
        return max((ms for ms in self.packet_times_ms if ms <= wanted_ms), default=self.packet_times_ms[0])

    def decoder(self) -> Decoder:
        """A new stream."""
        return self.make_decoder()

    def encoder(self, ptime_ms: int) -> Encoder:
        """A new stream of packets of `ptime_ms`.

        Raises:
            ValueError: not one of `packet_times_ms`.
        """
        if ptime_ms not in self.packet_times_ms:
            raise ValueError(f"{self.name} has no packets of {ptime_ms} ms; it has {self.packet_times_ms}")
        return self.make_encoder(ptime_ms)

    def duration_ticks(self, ms: float) -> int:
        """How far the RTP timestamp moves in `ms`."""
        return int(ms * self.rtp_clock_hz / 1000)

    def payload_ms(self, payload: bytes) -> float:
        """How long the sound in a payload lasts, ms, without decoding it.

        Raises:
            CodecError: it can't be a payload of this codec, or holds more than any receiver need take.
        """
        return self.measure(payload)

    def silence(self, ptime_ms: int) -> bytes:
        """A payload of silence that may be sent again and again.

        Raises:
            ValueError: not one of `packet_times_ms`.
        """
        return _silence(self, ptime_ms)


@cache
def _silence(codec: Codec, ptime_ms: int) -> bytes:
    encoder = codec.encoder(ptime_ms)
    if codec.silent_byte is not None:
        return bytes([codec.silent_byte]) * (ptime_ms * BYTES_PER_MS)
    nothing = np.zeros(ms_to_samples(ptime_ms), np.int16)
    for _ in range(_SETTLING_PACKETS):
        payload = encoder.encode(nothing)
    return payload


def _g711(law: g711.Law, payload_type: int) -> Codec:
    return Codec(
        name=law.name,
        rtp_clock_hz=8000,
        static_payload_type=payload_type,
        channels=1,
        packet_times_ms=(10, 20, 30, 40, 50, 60),
        make_decoder=lambda: NarrowbandDecoder(law),
        make_encoder=lambda _: NarrowbandEncoder(law),
        measure=bytewise_ms,
        silent_byte=law.silence,
    )


_G722 = Codec("G722", 8000, 9, 1, (10, 20, 30, 40, 50, 60), G722Decoder, g722_encoder, bytewise_ms, silent_byte=0xFC)
"""0xFC is the smallest step in either half of the band: on it, decoders fall silent whatever they heard before."""
_OPUS = Codec("opus", OPUS_RATE_HZ, None, 2, (10, 20, 40, 60), OpusDecoder, opus_encoder, opus_ms)

CODECS: dict[str, Codec] = {codec.name: codec for codec in (_g711(g711.A_LAW, 8), _g711(g711.MU_LAW, 0), _G722, _OPUS)}
"""By name: PCMA, PCMU, G722, opus."""
