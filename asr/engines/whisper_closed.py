"""Closed answers on the embedded engine: the syllable head first, Whisper's decoder where the head is unsure.

The head reads the same encoding that the decoder would, and costs a tenth of the decoder. What it spells out
within the question's grammar is the answer when the sound says it and nothing else. Otherwise the decoder is asked too,
with the question's hints: callers also say 转人工, 我不知道 or 不对，最后四位是 to a question for a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np

from asr.closed.corrections import corrections_of, nearness
from asr.closed.grammar import grammar_of
from asr.closed.search import Found, find
from asr.engine import ClosedAnswer, Pcm, Transcript
from asr.syllables.head import Encoded, LogProbabilities
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
_ALONE = -4.0
"""What the head must say when the decoder heard nothing at all. Of 155 sounds of 1.5 s that a line carries besides
speech 17 % reach it, most of them voices that laugh, hum or babble; of 105 answers of one syllable all but 3 do."""
_AGREED = 5.0
"""What head and decoder both hear wins over what only the head hears, up to this lead."""
_QUICK_BEAMS = 8
_BEAMS = 24
_ALTERNATIVES = 4


class ClosedHearing:
    """Hears one utterance as the answer to a closed question. Light; safe for several threads when its parts are.

    Args:
        encode: the encoding of the speech in some audio, shape (frames, 512), 20 ms a frame; None when there is no
            speech in it, or more than the encoder takes at once.
        head: names the syllables in an encoding (`asr.syllables.head.Head`).
    """

    def __init__(self, encode: Callable[[Pcm], Encoded | None], head: Callable[[Encoded], LogProbabilities]) -> None:
        self._encode = encode
        self._head = head

    def hear(
        self, pcm: Pcm, answer: ClosedAnswer, decode: Callable[[], Transcript], *, quick: bool = False
    ) -> Transcript:
        """What was said, with the other readings that are answers behind it. Blocking.

        Args:
            pcm: the utterance.
            answer: what the question asks for.
            decode: the utterance as the decoder hears it, without any grammar; called when the head alone is unsure.
            quick: believe the head sooner.
        """
        encoded = self._encode(pcm)
        if encoded is None:
            return decode()
        found = self._found(self._head(encoded), answer, _QUICK_BEAMS if quick else _BEAMS)
        texts = list(dict.fromkeys(one.text for one in found))[: _ALTERNATIVES + 1]
        if found and (_is_sure(found) or (quick and found[0].score >= _SAID)):
            return Transcript(texts[0], _confidence(found), tuple(texts[1:]))
        heard = decode()
        if not found or found[0].score < _PERHAPS:
            return heard
        if heard.rejected and found[0].score < _ALONE:
            return heard
        said = _agreed(answer, found, heard)
        if said is None:
            return _with(heard, heard.text, heard.confidence, [*heard.alternatives, *texts]) if heard.text else heard
        return _with(heard, said, _confidence(found), [*texts, heard.text, *heard.alternatives])

    @staticmethod
    def _found(sound: LogProbabilities, answer: ClosedAnswer, beams: int) -> list[Found]:
        """Answers that the sound gives, likeliest first; corrections too, when it is no plain answer."""
        found: list[Found] = []
        together: list[Found] = []
        for grammar in (grammar_of(answer), *corrections_of(answer)):
            found += find(sound, grammar, beams=beams)
            together = _by_meaning(found, answer)
            if together and _is_sure(together):
                break
        return together


def _by_meaning(found: Sequence[Found], answer: ClosedAnswer) -> list[Found]:
    """Those that give the same value counted as one, whatever no was said before it, and weighed by what is known."""
    same: dict[str, list[Found]] = {}
    for one in sorted(found, key=lambda one: -one.score):
        same.setdefault(one.text.rpartition("，")[2], []).append(one)
    together = [
        replace(some[0], score=_log_of_sum(one.score for one in some) + nearness(some[0].text, answer))
        for some in same.values()
    ]
    return sorted(together, key=lambda one: -one.score)


def _log_of_sum(scores: Iterable[float]) -> float:
    return float(np.logaddexp.reduce(list(scores)))


def _with(heard: Transcript, text: str, confidence: float, others: Sequence[str]) -> Transcript:
    rest = tuple(dict.fromkeys(other for other in others if other not in {"", text}))
    return Transcript(text, confidence, rest, None, heard.audio_ms, heard.compute_ms)


def _is_sure(found: Sequence[Found]) -> bool:
    lead = found[0].score - found[1].score if len(found) > 1 else math.inf
    return found[0].score >= _SURE and lead >= _CLEAR_LEAD


def _confidence(found: Sequence[Found]) -> float:
    """The best answer's share of all that were found, less when the sound says something else; 0.0 to 1.0."""
    best = found[0].score
    share = 1.0 / sum(math.exp(one.score - best) for one in found)
    return share * min(1.0, math.exp(best / (1 + len(found[0].syllables))))


def _agreed(answer: ClosedAnswer, found: Sequence[Found], heard: Transcript) -> str | None:
    """The answer that the head's and the decoder's evidence give together; None when it is none."""
    best = found[0]
    if best.score < _SAID:
        return None
    decoded = {_value(answer, text) for text in (heard.text, *heard.alternatives)} - {None}
    near = [one.text for one in found if best.score - one.score <= _AGREED]
    return next((text for text in near if _value(answer, text) in decoded), near[0])


def _value(answer: ClosedAnswer, text: str) -> str | None:
    return parse_digits(text) if answer.kind in {"digits", "phone", "id_card"} else text
