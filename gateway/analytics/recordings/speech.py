"""Where somebody speaks in a channel, and in which pieces it is recognised. Silence costs next to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from asr.engine import SAMPLE_RATE_HZ, Pcm
from asr.vad.detector import SpeechDetector
from asr.windows import FRAME_SAMPLES, cut_windows
from gateway.speech.segments import POST_ROLL_FRAMES, PRE_ROLL_FRAMES, Segment, Segmenter

LONGEST_PIECE_S, SHORTEST_PIECE_S = 8.0, 2.0
"""As `gateway.call.work` has them, for its reasons: Whisper takes a long pause for the end."""
PAUSE_MS = 800.0
"""Speech that pauses so long is two pieces. With 500 ms the CER of conversations put together from samples was 12.8 %,
with 900 ms 11.1 %, at a little less CPU; on read speech 44.9 and 44.3 % (that is with telephone bands)."""
QUICK_PAUSE_MS = 300.0
"""Where two speakers share a channel: the other's answer often follows within half a second."""
_MAX_SPEECH_MS = 60_000.0
"""Speech without a pause is handed on at this length, so that music never heaps up; `cut_windows` divides it anyway."""
_FRAME_MS = FRAME_SAMPLES * 1000 / SAMPLE_RATE_HZ


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some seconds of one channel's speech, at most `LONGEST_PIECE_S` and the quiet around them."""

    channel: int
    pcm: Pcm
    begin_ms: float
    """Where its speech begins and ends in the recording."""
    end_ms: float
    follows: bool = False
    """It goes on where the piece before it was cut, without a pause."""


def pieces_of(pcm: Pcm, channel: int = 0, *, pause_ms: float = PAUSE_MS) -> list[Piece]:
    """The speech of one channel, in order.

    Args:
        pcm: int16 at 16 kHz, shape (n,), of any length.
        channel: what the pieces are marked with.
        pause_ms: a pause that divides.
    """
    detector, segmenter = SpeechDetector(), Segmenter()
    found: list[Segment] = []
    now_ms = 0.0
    for start in range(0, len(pcm), FRAME_SAMPLES):
        frame = pcm[start : start + FRAME_SAMPLES]
        if len(frame) < FRAME_SAMPLES:
            frame = np.pad(frame, (0, FRAME_SAMPLES - len(frame)))
        verdict = detector.accept(frame)
        level_dbfs = verdict.level_dbfs if verdict.speech else None
        ended = segmenter.tick(now_ms, frame, level_dbfs, silence_ms=pause_ms, max_speech_ms=_MAX_SPEECH_MS)
        now_ms += _FRAME_MS
        if ended is not None:
            found.append(ended)
    last = segmenter.finish(now_ms)
    if last is not None:
        found.append(last)
    return [piece for segment in found for piece in _cut(segment, channel)]


def joined(pieces: Sequence[Piece], pcm: Pcm, *, pause_ms: float = PAUSE_MS) -> list[Piece]:
    """Pieces of one speaker, in order, with those made one that only a short pause divides, as long as one may be.

    Args:
        pieces: of one channel.
        pcm: that channel, int16 at 16 kHz, shape (n,).
        pause_ms: a pause that divides.
    """
    made: list[Piece] = []
    for piece in pieces:
        before = made[-1] if made else None
        if (
            before is not None
            and not piece.follows
            and piece.begin_ms - before.end_ms < pause_ms
            and piece.end_ms - before.begin_ms <= LONGEST_PIECE_S * 1000
        ):
            first = max(0, round((before.begin_ms - PRE_ROLL_FRAMES * _FRAME_MS) * SAMPLE_RATE_HZ / 1000))
            last = round((piece.end_ms + POST_ROLL_FRAMES * _FRAME_MS) * SAMPLE_RATE_HZ / 1000)
            made[-1] = replace(before, pcm=pcm[first:last], end_ms=piece.end_ms)
        else:
            made.append(piece)
    return made


def _cut(segment: Segment, channel: int) -> list[Piece]:
    windows = cut_windows(segment.pcm, LONGEST_PIECE_S, SHORTEST_PIECE_S)
    pieces = []
    post_roll_ms = min(POST_ROLL_FRAMES * _FRAME_MS, segment.ended_at_ms - segment.end_ms)
    at_ms = segment.end_ms + post_roll_ms - len(segment.pcm) * 1000 / SAMPLE_RATE_HZ
    for number, window in enumerate(windows):
        end_ms = at_ms + len(window) * 1000 / SAMPLE_RATE_HZ
        begin_ms = max(at_ms, segment.start_ms)
        pieces.append(Piece(channel, window, begin_ms, max(begin_ms, min(end_ms, segment.end_ms)), number > 0))
        at_ms = end_ms
    return pieces
