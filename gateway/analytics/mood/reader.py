"""How callers feel: in words and in the voice, each kept apart, and then joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.analytics.conversation import Segment
from gateway.analytics.mood.calls import call_mood
from gateway.analytics.mood.learned import MODEL, Learned
from gateway.analytics.mood.rules import load
from gateway.analytics.mood.voice import voice_mood
from gateway.analytics.mood.words import Reading, WordReader
from gateway.analytics.rulefiles import rule_file
from gateway.findings import CallMood, Evidence, Mood, Polarity, VoiceMood, WordMood

AROUSED = 0.5
"""From here on the voice makes negative words angrier, by one step."""
VERY_AROUSED = 0.8
"""And here it makes neutral ones impatient; joy is loud, too, so never more than that."""
MOST_ANGER = 3
MOST_EVIDENCE = 10
"""Of a turn."""


class MoodReader:
    """Reads the mood of turns and of calls. Immutable, for any thread.

    Args:
        words: reads what is said.
    """

    def __init__(self, words: WordReader) -> None:
        self._words = words

    @classmethod
    def load(cls, rules: Path | None = None) -> MoodReader:
        """By the operator's folder of rules, or the package's. Raises RulesError, with every mistake."""
        return cls(WordReader(load(rules), Learned.load(rule_file(MODEL, rules))))

    def turn(self, segment: Segment, before: Sequence[Segment] = ()) -> Mood:
        """The mood of one thing that the caller said; `before`: the conversation until then."""
        reading = self._words.read(segment.text)
        words = reading.mood
        voice = voice_mood(segment, before)
        polarity, anger = _joined(words, voice)
        return Mood(polarity=polarity, anger=anger, words=words, voice=voice, evidence=_evidence(segment, reading))

    def call(self, segments: Sequence[Segment], moods: Mapping[int, Mood]) -> CallMood:
        """The mood of a call so far: what the caller said, and the moods of that by segment index."""
        return call_mood(segments, moods)


def _joined(words: WordMood, voice: VoiceMood | None) -> tuple[Polarity, int]:
    """The voice adds to what the words say, and never turns it round."""
    arousal = 0.0 if voice is None else voice.arousal
    if words.polarity == "negative" and arousal >= AROUSED:
        return "negative", min(MOST_ANGER, words.anger + 1)
    if words.polarity == "neutral" and arousal >= VERY_AROUSED:
        return "neutral", max(1, words.anger)
    return words.polarity, words.anger


def _evidence(segment: Segment, reading: Reading) -> tuple[Evidence, ...]:
    """The words that decided, the weightiest first."""
    cues = sorted(reading.deciding, key=lambda cue: -abs(cue.score))
    spans = dict.fromkeys(reading.text.span(cue.start, cue.end) for cue in cues)
    return tuple(segment.evidence(*span) for span in spans)[:MOST_EVIDENCE]
