"""Packets of sound to exactly one frame per tick: play-out, decoding, concealment, comfort noise.

Packets may last as long as they like, whatever was agreed on: sound is cut at 20 ms here, and what is over waits.
"""

from __future__ import annotations

import numpy as np

from gateway.media.codecs import Codec, CodecError
from gateway.media.comfort_noise import ComfortNoise
from gateway.media.conceal import Concealer
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SAMPLE_RATE_HZ, SILENCE, Frame, Pcm, ms_to_samples
from gateway.media.playout import Kind, Piece, PlayoutBuffer

QUIET = 400
"""The loudest sample of sound that may be left out unnoticed: -38 dBFS."""
_MAX_PIECES = 32
"""In one tick. Packets of next to nothing must not keep us busy."""
_GAPS = (Kind.LOST, Kind.SILENT, Kind.HOLD)


Packet = tuple[int, int, bytes]
"""Sequence number, time stamp and payload."""


class SoundReceiver:
    """The sound of one source. Pure: `now_ms` and `arrival_ms` are of one steady clock.

    Args:
        codec: what the payloads are.
        ptime_ms: how long a packet is expected to last.
        least_delay_ms: that a packet waits; one packet's time when left out.
    """

    __slots__ = (
        "_concealer",
        "_decoder",
        "_left",
        "_noise",
        "_noisy",
        "_samples_per_tick",
        "_ticks_per_frame",
        "_undecoded_ms",
        "codec",
        "playout",
        "undecodable",
    )

    def __init__(self, codec: Codec, ptime_ms: int, *, least_delay_ms: float | None = None) -> None:
        self.codec = codec
        self.playout = PlayoutBuffer(codec.rtp_clock_hz, ptime_ms, least_ms=least_delay_ms)
        self._decoder = codec.decoder()
        self._samples_per_tick = SAMPLE_RATE_HZ / codec.rtp_clock_hz
        self._ticks_per_frame = codec.rtp_clock_hz * FRAME_MS // 1000
        self._concealer = Concealer()
        self._noise = ComfortNoise()
        self._noisy = False
        self._left: Pcm | None = None
        self.undecodable = 0
        """Packets that were none of the codec's."""
        self._undecoded_ms = 0.0

    def put(self, packet: Packet, arrival_ms: float) -> None:
        """Take a packet of the codec's payload type."""
        try:
            ticks = int(self.codec.payload_ms(packet[2]) * self.codec.rtp_clock_hz) // 1000
        except CodecError:
            self.undecodable += 1
            return
        self.playout.put(packet, ticks, arrival_ms)

    def put_noise(self, packet: Packet, arrival_ms: float) -> None:
        """Take a packet of comfort noise."""
        self.playout.put(packet, 0, arrival_ms, noise=True)

    def reset(self) -> None:
        """Another sender: nothing of what is waiting belongs to it."""
        self.playout.reset()
        self._decoder = self.codec.decoder()
        self._left = None
        self._noisy = False

    @property
    def concealed_ms(self) -> int:
        """Sound that was made up, because the packets didn't come in time or at all, or weren't what they should be."""
        return round(self.playout.concealed_ms + self._undecoded_ms)

    def pull(self, now_ms: float) -> Frame:
        """The next 20 ms, shape (320,), perhaps read-only."""
        if self._left is not None:
            return self._assemble(now_ms)
        # Nearly every frame is one packet of its own.
        piece = self.playout.pull(now_ms, self._ticks_per_frame)
        pcm = self._sound(piece, now_ms)
        if pcm is not None and len(pcm) == FRAME_SAMPLES:
            return self._concealer.heard(pcm)
        return self._assemble(now_ms, piece, pcm)

    def _assemble(self, now_ms: float, piece: Piece | None = None, pcm: Pcm | None = None) -> Frame:
        """A frame of several pieces, or with a gap. `piece` and `pcm` are the first, unless some was left over."""
        parts: list[tuple[int, Pcm]] = []
        filled = 0
        if self._left is not None:
            pcm, self._left = self._left, None
        for _ in range(_MAX_PIECES):
            if pcm is not None:
                room = FRAME_SAMPLES - filled
                parts.append((filled, pcm[:room]))
                self._left = pcm[room:] if len(pcm) > room else None
                filled += min(room, len(pcm))
            elif piece is not None and piece.kind in _GAPS:
                filled = min(FRAME_SAMPLES, filled + max(1, int(piece.ticks * self._samples_per_tick)))
            if filled == FRAME_SAMPLES:
                break
            wanted = max(1, int((FRAME_SAMPLES - filled) / self._samples_per_tick))
            piece = self.playout.pull(now_ms, wanted)
            pcm = self._sound(piece, now_ms)
        return self._join(parts)

    def _join(self, parts: list[tuple[int, Pcm]]) -> Frame:
        """Lay the parts over noise where the sender is silent, over what was heard last where something is missing."""
        if sum(len(part) for _, part in parts) == FRAME_SAMPLES:
            return self._concealer.heard(np.concatenate([pcm for _, pcm in parts]))
        if not parts and not self._noisy:
            return self._concealer.lost()
        frame = self._noise.frame() if self._noisy else self._concealer.lost().copy()
        for at, pcm in parts:
            frame[at : at + len(pcm)] = pcm
        return self._concealer.heard(frame) if self._noisy else frame

    def _sound(self, piece: Piece, now_ms: float) -> Pcm | None:
        """What a piece sounds like; None for a gap and for what is left out."""
        if piece.kind is Kind.NOISE:
            self._noise.heard(piece.payload)
            self._noisy = True
        if piece.kind is not Kind.SOUND:
            return None
        self._noisy = False
        try:
            pcm = self._decoder.decode(piece.payload)
        except CodecError:
            self.undecodable += 1
            duration_ms = piece.ticks * self._samples_per_tick * 1000 / SAMPLE_RATE_HZ
            self._undecoded_ms += duration_ms
            pcm = self._instead(duration_ms)
        if piece.skip:
            return None
        if piece.skip_if_quiet and int(pcm.min(initial=0)) > -QUIET and int(pcm.max(initial=0)) < QUIET:
            self.playout.skipped(now_ms, piece.ticks)
            return None
        return pcm if len(pcm) else None

    def _instead(self, duration_ms: float) -> Pcm:
        """As long as a packet that couldn't be decoded."""
        frames = [self._concealer.lost() for _ in range(-(-int(duration_ms) // FRAME_MS))]
        return np.concatenate([*frames, SILENCE])[: ms_to_samples(duration_ms)]
