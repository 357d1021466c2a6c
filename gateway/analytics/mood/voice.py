"""The mood in the voice: louder, higher, faster than the caller's own beginning of the call, and interrupting.

Anger and joy both raise all three (Juslin and Laukka 2003, "Communication of emotions in vocal expression and music
performance"), so this is arousal and says nothing of its direction; the words do.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median_low

from gateway.analytics.conversation import Segment
from gateway.analytics.mood.text import plain
from gateway.findings import Voice, VoiceMood

BEGINNING_TURNS = 3
BEGINNING_MS = 1000.0
"""Of speech, that the beginning has at least."""
SHORTEST_MS = 300.0
"""A turn with less speech is no measure of a voice: 嗯."""
FEWEST_CHARACTERS = 4
"""Of fewer the pace is chance."""

LOUDER_DB = 3.0, 12.0
"""From where on it counts, and where it counts fully. A telephone that moves from the mouth changes it by 3 dB."""
HIGHER = 0.15, 0.5
"""Mandarin's tones move the pitch as well: of two calm turns of one voice, the one was higher by 12% in a quarter of
the pairs, and by 31% in a twentieth (73 samples of seven voices)."""
FASTER = 0.3, 0.9
"""Likewise 19% and 61%."""
WEIGHTS = 0.65, 0.65, 0.3, 0.2
"""Of loudness, pitch, pace and interrupting: together they leave so much less calm each."""


def voice_mood(segment: Segment, before: Sequence[Segment]) -> VoiceMood | None:
    """The mood of a turn's voice against the caller's first turns in `before`, the conversation until then.

    The beginning is the caller's first spoken turns, `BEGINNING_TURNS` at most; of each measure the low median, so that
    a call that begins with one shout is not measured by it.

    Returns:
        None without a voice, or while the beginning has less than `BEGINNING_MS` of speech.
    """
    voice = segment.voice
    beginning = _beginning(segment, before)
    if voice is None or voice.speech_ms < SHORTEST_MS or not beginning:
        return None
    if sum(said.speech_ms for said, _ in beginning) < BEGINNING_MS:
        return None
    louder_db = voice.loudness_dbfs - median_low(said.loudness_dbfs for said, _ in beginning)
    higher = _more(_pitch(voice), [_pitch(said) for said, _ in beginning])
    faster = _more(_pace(voice, segment.text), [_pace(said, text) for said, text in beginning])
    signs = (_share(louder_db, LOUDER_DB), _share(higher, HIGHER), _share(faster, FASTER), float(segment.interrupts))
    calm = 1.0
    for sign, weight in zip(signs, WEIGHTS, strict=True):
        calm *= 1 - weight * sign
    return VoiceMood(
        arousal=round(1 - calm, 3),
        louder_db=round(louder_db, 2),
        higher=round(higher, 3),
        faster=round(faster, 3),
        interrupts=segment.interrupts,
    )


def _beginning(segment: Segment, before: Sequence[Segment]) -> list[tuple[Voice, str]]:
    said = [
        (one.voice, one.text)
        for one in before
        if one.participant == "customer" and one.voice is not None and one.voice.speech_ms >= SHORTEST_MS
        if one.index != segment.index
    ]
    return said[:BEGINNING_TURNS]


def _pitch(voice: Voice) -> float | None:
    """Between its median and its 90th percentile, Hz: steadier than either."""
    if not voice.pitch_hz or not voice.pitch_high_hz:
        return None
    return float((voice.pitch_hz * voice.pitch_high_hz) ** 0.5)


def _pace(voice: Voice, text: str) -> float | None:
    """Characters a second of speech."""
    characters = len(plain(text).chars)
    return None if characters < FEWEST_CHARACTERS else characters / voice.speech_ms * 1000


def _more(now: float | None, beginning: Sequence[float | None]) -> float:
    """By which share it is more than at the beginning; 0 where that is unknown."""
    known = [one for one in beginning if one]
    return now / median_low(known) - 1 if now and known else 0.0


def _share(value: float, limits: tuple[float, float]) -> float:
    low, high = limits
    return min(1.0, max(0.0, (value - low) / (high - low)))
