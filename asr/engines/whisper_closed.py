"""Closed answers on the embedded engine: the syllable head first, Whisper's decoder where the head is unsure.

The head reads the same encoding that the decoder would, and costs a tenth of the decoder. What it spells out
within the question's grammar is the answer when the sound says it and nothing else. Otherwise it reads the sound again
as two other mouths would have said it, one a little longer and one shorter, and without noise where more than one
syllable may be said; the average counts (over the vocal tract, as in training: Jaitly and Hinton 2013). Then the
decoder is asked too, with the question's hints: callers also say 转人工, 我不知道 or 不对，最后四位是 to a question for
a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from asr.closed.corrections import BY_DIGITS, COMMA, corrections_of, nearness, number_in
from asr.closed.grammar import grammar_of
from asr.closed.search import Found, find
from asr.engine import ClosedAnswer, Transcript
from asr.syllables.head import LogProbabilities, averaged
from asr.text import parse_digits

_SURE = -1.5
"""From this score on ..."""
_CLEAR_LEAD = 1.5
"""... with the second best this far behind, the decoder isn't asked."""
_SAID = -8.0
"""Below it, something else was said than an answer: what the decoder heard goes first."""
_PERHAPS = -10.0
"""Down to it, the head's answer is worth being an alternative. No further: the dialogue takes a number before a phrase,
and 转人工 must stay what it is."""
_ALONE = -4.5
"""What the head must say when the decoder heard nothing at all. Of 143 sounds of 1.5 s that a line carries besides
speech 31 reach it for a digit and 27 for a yes or no, most of them voices that laugh, hum or babble."""
_AGREED = 5.0
"""What head and decoder both hear wins over what only the head hears, up to this lead."""
_PLAUSIBLE = 10.0
"""What the sound says worse than its best reading by more than this was not said, whatever else speaks for it."""
_AS_LIKELY = 2.0
_QUICK_BEAMS = 8
_BEAMS = 24
_ALTERNATIVES = 4


class ClosedHearing:
    """Hears one utterance as the answer to a closed question.

    Args:
        sound: the syllables that the head hears in the speech.
        hear_again: those in the same speech as other mouths would have said it, or without noise, each of the same
            shape; called when the first leave a doubt.
        decode: the utterance as the decoder hears it, without any grammar; called when these do too.
    """

    def __init__(
        self,
        sound: LogProbabilities,
        hear_again: Callable[[], Iterable[LogProbabilities]],
        decode: Callable[[], Transcript],
    ) -> None:
        self._sound = sound
        self._hear_again = hear_again
        self._decode = decode

    def hear(self, answer: ClosedAnswer, *, quick: bool = False) -> Transcript:
        """What was said, with the other readings that are answers behind it. Blocking.

        Args:
            answer: what the question asks for.
            quick: believe the head sooner.
        """
        readings = self._read(answer, quick=quick)
        texts = [one.text for one in readings[: _ALTERNATIVES + 1]]
        if readings and (_is_sure(readings) or (quick and readings[0].score >= _SAID)):
            return Transcript(texts[0], _confidence(readings), tuple(texts[1:]))
        heard = self._decode()
        if not readings or readings[0].score < _PERHAPS:
            return heard
        if heard.rejected and readings[0].score < _ALONE:
            return heard
        said = _agreed(answer, readings, heard)
        if said is None:
            return _with(heard, heard.text, heard.confidence, [*heard.alternatives, *texts]) if heard.text else heard
        return _with(heard, said, _confidence(readings), [*texts, heard.text, *heard.alternatives])

    def _read(self, answer: ClosedAnswer, *, quick: bool) -> list[_Reading]:
        """What the head reads; where it is unsure, on the average over all ways of hearing it."""
        readings = _readings(self._sound, answer, _QUICK_BEAMS if quick else _BEAMS)
        if quick or not readings or _is_sure(readings) or readings[0].score < _PERHAPS:
            return readings
        return _readings(averaged([self._sound, *self._hear_again()]), answer, _BEAMS)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One value that may have been said."""

    text: str
    syllables: int
    score: float
    """How well the sound says it, as in `Found`."""
    weight: float
    """The same with what is known besides, a natural logarithm: they are in this order."""


def _readings(sound: LogProbabilities, answer: ClosedAnswer, beams: int) -> list[_Reading]:
    """What the sound may say, likeliest first; corrections too, when it is no plain answer."""
    found: list[Found] = []
    readings: list[_Reading] = []
    for grammar in (grammar_of(answer), *corrections_of(answer)):
        found += find(sound, grammar, beams=beams)
        readings = _by_meaning(found, answer)
        if readings and _is_sure(readings):
            break
    return readings


def _by_meaning(found: Sequence[Found], answer: ClosedAnswer) -> list[_Reading]:
    """Those that give the same value as one, whatever no was said before it; without those that the sound rules out."""
    once = {one.syllables: one for one in sorted(found, key=lambda one: one.score)}
    same: dict[str, list[Found]] = {}
    for one in sorted(once.values(), key=lambda one: -one.score):
        same.setdefault(one.text.rpartition(COMMA)[2], []).append(one)
    together = [(float(np.logaddexp.reduce([one.score for one in some])), some) for some in same.values()]
    least = max((score for score, _ in together), default=0.0) - _PLAUSIBLE
    readings = (_together(score, some, answer) for score, some in together if score >= least)
    return sorted(readings, key=lambda one: -one.weight)


def _together(score: float, same: Sequence[Found], answer: ClosedAnswer) -> _Reading:
    """Likeliest first in, one out; a no that may have been said was."""
    text = max((one.text for one in same if same[0].score - one.score <= _AS_LIKELY), key=len)
    return _Reading(text, len(same[0].syllables), score, score + nearness(text, answer))


def _with(heard: Transcript, text: str, confidence: float, others: Sequence[str]) -> Transcript:
    rest = tuple(dict.fromkeys(other for other in others if other not in {"", text}))
    return Transcript(text, confidence, rest, None, heard.audio_ms, heard.compute_ms)


def _is_sure(readings: Sequence[_Reading]) -> bool:
    lead = readings[0].weight - readings[1].weight if len(readings) > 1 else math.inf
    return readings[0].score >= _SURE and lead >= _CLEAR_LEAD


def _confidence(readings: Sequence[_Reading]) -> float:
    """The best answer's share of all that were found, less when the sound says something else; 0.0 to 1.0."""
    best = readings[0]
    share = 1.0 / sum(math.exp(one.weight - best.weight) for one in readings)
    return share * min(1.0, math.exp(best.score / (1 + best.syllables)))


def _agreed(answer: ClosedAnswer, readings: Sequence[_Reading], heard: Transcript) -> str | None:
    """The answer that the head's and the decoder's evidence give together; None when it is none."""
    best = readings[0]
    if best.score < _SAID:
        return None
    decoded = {_value(answer, text) for text in (heard.text, *heard.alternatives)} - {None}
    near = [one.text for one in readings if best.weight - one.weight <= _AGREED]
    return next((text for text in near if _value(answer, text) in decoded), near[0])


def _value(answer: ClosedAnswer, text: str) -> str | None:
    if answer.read_back:
        return number_in(text, answer) or text
    return parse_digits(text) if answer.kind in BY_DIGITS else text
