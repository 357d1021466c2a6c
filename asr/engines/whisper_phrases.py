"""Expected phrases on the embedded engine: where the decoder is unsure, the sound itself says which phrase was spoken.

With hints, Whisper's decoder writes menu words into sounds that were something else, and in noise it loses words that
its encoder still hears. So what it wrote, and every hint, are compared with what a head that knows no words makes of
the same encoding (`asr.phrases`). A phrase that the sound says is given in place of a text that it doesn't say; a text
that the sound doesn't say, while it says another reading better, is believed no more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from asr.engine import Transcript
from asr.phrases.likelihood import ratios
from asr.syllables.head import LogProbabilities
from asr.syllables.names import classes_of

_A_SYLLABLE_MORE = 3.0
"""Nats that a phrase's ratio may be worse for each syllable more: longer ones are harder to hear by mistake."""
_SAID = 0.7
"""From this score on a phrase was said. Thresholds: docs/hearing.md tells what they were chosen on."""
_NEAR = 2.0
"""Phrases this close behind the best are alternatives."""
_SAME = 0.5
"""The decoder's text is kept when it is no worse than the phrase by more than this for each syllable."""
_SAYS_MORE = 3.0
"""A text that holds the phrase and more is kept down to here: 投诉 is no other reading of 我投诉的那个, but 人工服务 is
one of 老年人工服务, which the sound says worse by seven nats. On the samples anything from 1 nat on gives the same."""
_UNSAID, _UNSAID_OF_LONG = -2.75, -4.5
_SHORT = 10
_BETTER = 1.0
"""A text below this for each syllable isn't what the sound says, when another reading is better by so much: in a bad
sound all readings are bad. What hints put there is short; a sentence that was said has its mistakes."""
_WORSE = 0.4
"""Other readings that the sound says worse than the best by more than this for each syllable are dropped: a dialogue
weighs them all. In babble at 5 dB 153 of 170 samples are accepted right and 2 of 44 wrongly, with anything from 0.1 to
0.4; with 1.0 it is 151 and 3, and without it fewer still."""
_BELIEVED, _DOUBTED = 0.5, 0.3
"""What a phrase that was said is worth at least, and a text at most that wasn't: less than a dialogue accepts."""
_ROWS_OF_A_SYLLABLE = 30
"""1.2 s. A text with fewer syllables tells too little of what was said: somebody speaks, and two of a sentence's
syllables sound like a phrase. Of 59 recordings of real people who want nothing of the main menu 5, 5 and 11 are
accepted (clean, babble at 15 and 5 dB), without this 11, 11 and 23; of 2240 requests in own words 1 % is asked about
for it."""
_MOST_PHRASES = 400
_MOST_SAID = 3


def weighed(sound: LogProbabilities, hints: Sequence[str], heard: Transcript) -> Transcript:
    """`heard`, or what the sound says instead, with the other readings behind it.

    Args:
        sound: the syllables that a head hears in the speech.
        hints: the phrases expected; the first 400 count.
        heard: what the decoder made of it, with little confidence.
    """
    phrases = [hint for hint in dict.fromkeys(hints[:_MOST_PHRASES]) if classes_of(hint)]
    if not phrases or not len(sound):
        return heard
    readings = [text for text in (heard.text, *heard.alternatives) if classes_of(text)]
    found = ratios(sound, [classes_of(text) for text in (*phrases, *readings)])
    by_syllable = found.by_syllable
    said_of = dict(zip(readings, by_syllable[len(phrases) :].tolist(), strict=True))
    text_said = said_of.pop(heard.text, -math.inf)
    scores = (found.totals + _A_SYLLABLE_MORE * found.lengths)[: len(phrases)]
    order = np.argsort(-scores, kind="stable")
    best = int(order[0])
    if scores[best] < _SAID:
        least = _UNSAID if len(classes_of(heard.text)) <= _SHORT else _UNSAID_OF_LONG
        unsaid = text_said < least and max(said_of.values(), default=-math.inf) >= text_said + _BETTER
        if unsaid:
            return replace(heard, confidence=min(heard.confidence, _DOUBTED))
        return replace(heard, alternatives=_as_well_said(heard.alternatives, said_of, text_said))
    near = max(_SAID, float(scores[best]) - _NEAR)
    said = [phrases[place] for place in order[:_MOST_SAID] if scores[place] >= near]
    allowed = _SAYS_MORE if _within(phrases[best], heard.text) else _SAME
    kept = text_said >= by_syllable[best] - allowed
    more = [phrase for phrase in said if not _within(phrase, heard.text)]
    first = [heard.text, *more] if kept else said
    rest = _as_well_said(heard.alternatives, said_of, max(text_said, float(by_syllable[best])))
    text, *others = dict.fromkeys((*first, *rest))
    too_little = len(classes_of(text)) * _ROWS_OF_A_SYLLABLE < len(sound)
    confidence = min(heard.confidence, _DOUBTED) if too_little else max(heard.confidence, _BELIEVED)
    return replace(heard, text=text, confidence=confidence, alternatives=tuple(others), rejected=None)


def _as_well_said(readings: Sequence[str], said_of: Mapping[str, float], best: float) -> tuple[str, ...]:
    """What the decoder thought of and the sound doesn't say is no other reading."""
    return tuple(one for one in readings if said_of.get(one, -math.inf) >= best - _WORSE)


def _within(phrase: str, text: str) -> bool:
    """Whether the phrase is in the text, by sound: 投诉 in 我上次头宿的事. Then the text says more, and stays."""
    sought, among = classes_of(phrase), classes_of(text)
    return any(among[start : start + len(sought)] == sought for start in range(len(among) - len(sought) + 1))
