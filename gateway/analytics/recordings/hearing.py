"""Pieces of speech put into words, with how they sounded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from asr.engine import Engine, transcribe
from gateway.analytics.recordings.speech import Piece
from gateway.findings import Voice
from gateway.speech.voice import measure_voice

_HAN = r"[\u4e00-\u9fff]"
_MARKS = str.maketrans(",?!;", "，？！；")
_HALF_WIDTH = re.compile(r"(?<!\d)[,?!;]\s*|[,?!;](?!\d)\s*")
_GAP = re.compile(rf"(?<={_HAN})\s+(?={_HAN})")


SURE_OF_HINTS = 0.8
"""Less sure than this, what was heard with hints may have been read from them (是的 as 开发票): it is heard without."""


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """One piece and its words."""

    piece: Piece
    text: str
    confidence: float
    voice: Voice | None


def hear(engine: Engine, pieces: Iterable[Piece], hints: Sequence[str] = ()) -> Iterator[Heard]:
    """Put each piece into words; pieces in which the engine heard none (noise, music, keys) are left out.

    Args:
        engine: the recogniser.
        pieces: in any order.
        hints: the phrases to expect; empty for a conversation.

    Raises:
        Exception: whatever the engine raises.
    """
    for piece in pieces:
        # Quick: what is unsure with hints is searched widely without them, not twice.
        transcript = transcribe(engine, piece.pcm, hints, quick=bool(hints))
        if hints and transcript.confidence < SURE_OF_HINTS:
            transcript = transcribe(engine, piece.pcm)
        if transcript.text:
            yield Heard(piece, punctuated(transcript.text), transcript.confidence, measure_voice(piece.pcm))


def punctuated(text: str) -> str:
    """With the marks of Chinese, as Whisper writes them one time in two: a comma of half width, or a space, is one."""
    if not re.search(_HAN, text):
        return text
    return _GAP.sub("，", _HALF_WIDTH.sub(lambda mark: mark[0].strip().translate(_MARKS), text))
