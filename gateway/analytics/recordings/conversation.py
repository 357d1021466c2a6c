"""From the words of a recording to the conversation that the analyses read: sides, turns, times, interruptions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.analytics.conversation import Conversation, Segment, TimedWord
from gateway.analytics.recordings.hearing import Heard
from gateway.findings import Participant, Voice

JOIN_MS = 1500.0
"""Somebody who goes on within this time, unanswered, is still at the same turn."""
LONGEST_TURN_MS = 30_000.0
"""A monologue becomes a new turn at its next pause after this: findings are told per turn."""
INTO_MS = 300.0
"""Speech that begins so long after the other's did, and so long before it ends, cuts in: less is a quick answer."""
GIVES_WAY_MS = 2000.0
"""Whoever is interrupted stops within this time, or wasn't."""

_END_MARKS = "。！？!?.，,；;、"


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Some words and whose they are."""

    participant: Participant
    heard: Heard


def conversation_of(name: str, said: Sequence[Said], duration_ms: float) -> Conversation:
    """Build it.

    Args:
        name: the recording's id.
        said: in any order.
        duration_ms: of the recording.
    """
    in_order = sorted(said, key=lambda one: (one.heard.piece.begin_ms, one.heard.piece.end_ms))
    turns = _turns(in_order)
    spans = [(turn[0].participant, turn[0].heard.piece.begin_ms, turn[-1].heard.piece.end_ms) for turn in turns]
    pieces = [(one.participant, one.heard.piece.begin_ms, one.heard.piece.end_ms) for one in in_order]
    segments = tuple(
        _segment(index, turn, interrupts=cuts_in(span, pieces))
        for index, (turn, span) in enumerate(zip(turns, spans, strict=True))
    )
    return Conversation(id=name, source="recording", segments=segments, ended=True, duration_ms=duration_ms)


def cuts_in(span: tuple[str, float, float], others: Sequence[tuple[str, float, float]]) -> bool:
    """Whether somebody's speech (who, begin and end, ms) began amid another's, which then gave way to it."""
    who, begin_ms, end_ms = span
    return any(
        other != who
        and other_begin_ms + INTO_MS <= begin_ms <= other_end_ms - INTO_MS
        and other_end_ms - begin_ms <= GIVES_WAY_MS
        and end_ms > other_end_ms
        for other, other_begin_ms, other_end_ms in others
    )


def _turns(said: Sequence[Said]) -> list[list[Said]]:
    """What one side says without the other answering, in one go."""
    turns: list[list[Said]] = []
    for one in said:
        turn = turns[-1] if turns else []
        goes_on = (
            bool(turn)
            and turn[-1].participant == one.participant
            and one.heard.piece.begin_ms - turn[-1].heard.piece.end_ms <= JOIN_MS
            and (one.heard.piece.follows or one.heard.piece.end_ms - turn[0].heard.piece.begin_ms <= LONGEST_TURN_MS)
        )
        if goes_on:
            turn.append(one)
        else:
            turns.append([one])
    return turns


def _segment(index: int, turn: Sequence[Said], *, interrupts: bool) -> Segment:
    text = ""
    words: list[TimedWord] = []
    for one in turn:
        piece, follows = one.heard.piece, one.heard.piece.follows
        if text and not follows and text[-1] not in _END_MARKS:
            text += "，"
        words += _times(one.heard.text, len(text), piece.begin_ms, piece.end_ms)
        text += one.heard.text
    letters = sum(len(one.heard.text) for one in turn)
    return Segment(
        index=index,
        participant=turn[0].participant,
        text=text,
        begin_ms=turn[0].heard.piece.begin_ms,
        end_ms=turn[-1].heard.piece.end_ms,
        words=tuple(words),
        confidence=sum(one.heard.confidence * len(one.heard.text) for one in turn) / letters,
        interrupts=interrupts,
        voice=_voice([one.heard.voice for one in turn]),
    )


def _times(text: str, offset: int, begin_ms: float, end_ms: float) -> list[TimedWord]:
    """Its characters, evenly spread over the piece: no engine here tells words with times."""
    step_ms = (end_ms - begin_ms) / len(text)
    return [
        TimedWord(offset + place, offset + place + 1, begin_ms + place * step_ms, begin_ms + (place + 1) * step_ms)
        for place in range(len(text))
    ]


def _voice(voices: Sequence[Voice | None]) -> Voice | None:
    """Of the whole turn: each piece counts as much as there is speech in it."""
    known = [voice for voice in voices if voice is not None and voice.speech_ms > 0]
    if not known:
        return None
    speech_ms = sum(voice.speech_ms for voice in known)
    power = sum(10 ** (voice.loudness_dbfs / 10) * voice.speech_ms for voice in known) / speech_ms
    return Voice(
        loudness_dbfs=10 * math.log10(power),
        pitch_hz=_weighted([(voice.pitch_hz, voice.speech_ms) for voice in known]),
        pitch_high_hz=_weighted([(voice.pitch_high_hz, voice.speech_ms) for voice in known]),
        speech_ms=speech_ms,
    )


def _weighted(values: Sequence[tuple[float | None, float]]) -> float | None:
    known = [(value, weight) for value, weight in values if value is not None]
    total = sum(weight for _, weight in known)
    return sum(value * weight for value, weight in known) / total if known else None
