"""How much of a RIFF/WAVE file is missing: libsndfile plays what is left of a cut file without a word."""

from __future__ import annotations

import struct
from typing import BinaryIO

_UNKNOWN_SIZES = (0xFFFFFFFF, 0x7FFFFFFF)
"""What writers put in that can't seek back to the header (ffmpeg, sox into a pipe)."""


def missing_bytes(stream: BinaryIO, size: int) -> int:
    """How many bytes the file's header promises beyond its `size`; 0 when nothing is missing or it is no RIFF file.

    Args:
        stream: the file, at its beginning.
        size: the file's size in bytes.
    """
    head = stream.read(12)
    if head[:4] != b"RIFF" or (len(head) == 12 and head[8:] != b"WAVE"):
        return 0
    if len(head) < 12:
        return 12 - len(head)
    at = 12
    while at < size:
        stream.seek(at)
        chunk = stream.read(8)
        if len(chunk) < 8:
            break
        identifier, length = struct.unpack("<4sI", chunk)
        if identifier == b"data":
            return 0 if length in _UNKNOWN_SIZES else max(0, at + 8 + length - size)
        at += 8 + length + length % 2
    (promised,) = struct.unpack("<I", head[4:8])
    return max(at - size, 0 if promised in _UNKNOWN_SIZES else promised + 8 - size)
