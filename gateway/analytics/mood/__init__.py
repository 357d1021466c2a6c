"""How callers feel, turn by turn and over a call."""

from gateway.analytics.mood.reader import MoodReader

__all__ = ["MoodReader"]
