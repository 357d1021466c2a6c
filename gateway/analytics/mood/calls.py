"""The mood of a whole call, or of what there is of it, from the moods of its turns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from gateway.analytics.conversation import Segment
from gateway.analytics.mood.text import plain
from gateway.findings import CallMood, Evidence, Mood, Polarity, Trend

LAST_WEIGHS = 2.0
"""The last turn counts so many times the first: people remember a call by its end."""
MEANS_SOMETHING = 0.12
"""A call, or its end, whose score is nearer to 0 is neutral."""
CHANGED = 0.2
"""A half of a call whose mean score differs by so much from the other's is better or worse."""
BEFORE_LAST = 0.6
"""What the turn before the last one adds to how the call ended."""
MOST_EVIDENCE = 5
_SHORT = 4


def call_mood(segments: Sequence[Segment], moods: Mapping[int, Mood]) -> CallMood:
    """How the caller felt.

    Args:
        segments: in their order; those without a mood are left out.
        moods: by segment index.
    """
    said = [segment for segment in segments if segment.index in moods]
    if not said:
        return CallMood(polarity="neutral", anger=0, at_end="neutral", trend="steady")
    felt = [moods[segment.index] for segment in said]
    scores = [_score(mood) for mood in felt]
    return CallMood(
        polarity=_overall(scores),
        anger=max(mood.anger for mood in felt),
        at_end=_at_end(said, scores),
        trend=_trend(scores),
        evidence=_evidence(felt),
    )


def _score(mood: Mood) -> float:
    """-1 to 1: the words', lower by what the voice made of their anger."""
    score = mood.words.score - 0.15 * (mood.anger - mood.words.anger)
    return max(-1.0, min(1.0, 0.0 if mood.polarity == "neutral" and mood.anger == 0 else score))


def _polarity(score: float) -> Polarity:
    return "negative" if score <= -MEANS_SOMETHING else "positive" if score >= MEANS_SOMETHING else "neutral"


def _overall(scores: Sequence[float]) -> Polarity:
    """Of the turns that have a mood, later ones counting for more."""
    last = max(1, len(scores) - 1)
    weighed = [(score, 1 + (LAST_WEIGHS - 1) * at / last) for at, score in enumerate(scores) if score]
    if not weighed:
        return "neutral"
    return _polarity(sum(score * weight for score, weight in weighed) / sum(weight for _, weight in weighed))


def _at_end(said: Sequence[Segment], scores: Sequence[float]) -> Polarity:
    """By the last turns that say something; a 嗯 or 对 doesn't."""
    telling = [
        score for segment, score in zip(said, scores, strict=True) if score or len(plain(segment.text).chars) >= _SHORT
    ]
    latest = zip(telling[::-1], (1.0, BEFORE_LAST), strict=False)
    return _polarity(sum(score * weight for score, weight in latest))


def _trend(scores: Sequence[float]) -> Trend:
    if len(scores) < 2:
        return "steady"
    half = len(scores) // 2
    change = fmean(scores[-half:]) - fmean(scores[:half])
    return "better" if change >= CHANGED else "worse" if change <= -CHANGED else "steady"


def _evidence(felt: Sequence[Mood]) -> tuple[Evidence, ...]:
    """Of the angriest turns, and of the content ones where nobody was angry."""
    telling = sorted((mood for mood in felt if mood.polarity != "neutral"), key=lambda mood: -mood.anger)
    return tuple(evidence for mood in telling for evidence in mood.evidence)[:MOST_EVIDENCE]
