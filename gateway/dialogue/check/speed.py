"""How long a prompt takes to say, judged by its words, before anybody has recorded it."""

from __future__ import annotations

import re

from gateway.dialogue.template import Template

SYLLABLES_PER_S = 3.9
"""Of a hotline's announcer, pauses counted in; measured on the bundled hotline's prompts."""
VALUE_SYLLABLES = {"amount": 7, "digits": 11, "number": 4, "date": 10, "day": 5, "month": 7, "data": 5, "text": 5}
"""Of a usual value of each kind of prompt field."""
_SYLLABLE = re.compile(r"[^\W_]")


def estimated_seconds(prompt: Template, pace: float) -> float:
    """The prompt with values of usual length in it, said at that pace (1 is usual, 0.8 slow)."""
    syllables = sum(len(_SYLLABLE.findall(text)) for text in prompt.texts)
    return (syllables / SYLLABLES_PER_S + values_seconds(prompt, 1.0)) / pace


def values_seconds(prompt: Template, pace: float) -> float:
    """The values alone."""
    return sum(VALUE_SYLLABLES[field.kind] for field in prompt.fields) / SYLLABLES_PER_S / pace
