"""How long the sound in a payload lasts, told without decoding it; what can't be a payload is told here too."""

from __future__ import annotations

MAX_PAYLOAD_MS = 200
"""RFC 3551 section 4.2: receivers accept up to 200 ms in a packet. More is somebody's mistake, or ill will."""

BYTES_PER_MS = 8
"""Of G.711 and G.722: 64 kbit/s."""
_OPUS_MAX_MS = 120
_OPUS_MAX_FRAME_BYTES = 1275
_SILK_MS = (10.0, 20.0, 40.0, 60.0)
_HYBRID_MS = (10.0, 20.0)
_CELT_MS = (2.5, 5.0, 10.0, 20.0)
_OPUS_FRAME_MS = _SILK_MS * 3 + _HYBRID_MS * 2 + _CELT_MS * 4
"""By the configuration number of RFC 6716 section 3.1, table 2."""


class CodecError(ValueError):
    """A payload that is none of the codec's."""


def bytewise_ms(payload: bytes) -> float:
    """Length of G.711 or G.722 sound, ms: 64 kbit/s.

    Raises:
        CodecError: none, or more than `MAX_PAYLOAD_MS`.
    """
    if not 0 < len(payload) <= MAX_PAYLOAD_MS * BYTES_PER_MS:
        raise CodecError(f"{len(payload)} bytes are no payload; 1 to {MAX_PAYLOAD_MS * BYTES_PER_MS} are")
    return len(payload) / BYTES_PER_MS


def opus_ms(payload: bytes) -> float:
    """Length of the sound in an Opus packet, ms (2.5 to 120), by its first one or two bytes (RFC 6716 section 3.1-3.2).

    Raises:
        CodecError: empty, of an impossible length, or with frames of more than 120 ms in all.
    """
    if not payload:
        raise CodecError("an Opus packet has at least one byte")
    frame_ms = _OPUS_FRAME_MS[payload[0] >> 3]
    body = len(payload) - 1
    match payload[0] & 3:
        case 0:
            frames = 1
        case 1:
            frames = 2
            if body % 2:
                raise CodecError("two Opus frames of one size can't be an odd number of bytes")
        case 2:
            frames = 2
            if not body:
                raise CodecError("an Opus packet ends before the length of its first frame")
        case _:
            if not body:
                raise CodecError("an Opus packet ends before the number of its frames")
            frames = payload[1] & 0x3F
    if not 0 < frames * frame_ms <= _OPUS_MAX_MS:
        raise CodecError(f"{frames} Opus frames of {frame_ms:g} ms; an Opus packet holds up to {_OPUS_MAX_MS} ms")
    if payload[0] & 3 < 2 and body > frames * _OPUS_MAX_FRAME_BYTES:
        raise CodecError(f"an Opus frame of more than {_OPUS_MAX_FRAME_BYTES} bytes")
    return frames * frame_ms
