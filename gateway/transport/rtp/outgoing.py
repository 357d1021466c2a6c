"""Frames of 20 ms to payloads of whatever length was agreed on."""

from __future__ import annotations

import numpy as np

from gateway.media.codecs import Codec
from gateway.media.frames import FRAME_MS, Frame, Pcm, ms_to_samples


class Packetizer:
    """Encodes one stream.

    Args:
        codec: of the payloads.
        ptime_ms: how long each is.

    Raises:
        ValueError: the codec has no such packets.
    """

    __slots__ = ("_encoder", "_left", "_samples", "codec", "ptime_ms")

    def __init__(self, codec: Codec, ptime_ms: int) -> None:
        self.codec = codec
        self.ptime_ms = ptime_ms
        self._encoder = codec.encoder(ptime_ms)
        self._samples = ms_to_samples(ptime_ms)
        self._left: list[Pcm] = []

    def encode(self, frame: Frame) -> tuple[bytes, ...]:
        """The payloads that are complete with this frame, none to two."""
        if self.ptime_ms == FRAME_MS:
            return (self._encoder.encode(frame),)
        pcm = np.concatenate((*self._left, frame))
        whole = len(pcm) // self._samples * self._samples
        self._left = [pcm[whole:]]
        return tuple(self._encoder.encode(pcm[at : at + self._samples]) for at in range(0, whole, self._samples))
