"""Which option of a question a caller meant, by sound and by wording, with a score, a margin and an outcome."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from gateway.dialogue.actions import Outcome
from gateway.dialogue.grammar.background import general_background
from gateway.dialogue.grammar.classifier import OptionClassifier
from gateway.dialogue.grammar.negation import begins_with_no, negation_start
from gateway.dialogue.grammar.phrases import Alignment, PhraseBook
from gateway.dialogue.grammar.pinyin import Spoken, spoken

ACCEPT_SCORE = 0.45
CONFIRM_SCORE = 0.35
ACCEPT_MARGIN = 0.1
"""Two options nearly as likely as each other are asked about, however likely both are."""
ACCEPT_CONFIDENCE = 0.35
"""What the recogniser hardly believes itself is asked about: in noise it reads expected phrases out of other speech. Of
41 sentences that belong to no option, 2 were accepted at 5 dB, not 5, and 1 clean, not 2; of 100 of an option none is
lost clean, and 3 are asked about at 15 dB."""

# Utilities of a conditional logit (McFadden 1974) over the options and refusing, fitted on recognised telephone speech,
# clean and at 15 dB. On 76 other wordings the right option, accepted or asked about, rose from 88 to 95 % (clean) and
# from 86 to 89 % (15 dB); of 41 sentences that belong to no option 1 is accepted in either, which was 1 and 3.
_WORDING = 1.0
"""Of the logarithm of the classifier's probability."""
_LIKENESS = 2.2
_SCORE = 2.6
_LENGTH, _MIDDLING, _LONGEST = 0.22, 3, 6
"""For each syllable by which a phrase that was said is longer than the middling: it is harder to hear by mistake."""
_VERBATIM = 1.6
"""For saying a phrase and nothing else: 投诉 is no shortened 投诉进度."""
_REFUSE = 0.45
_SHORT, _LONG_ENOUGH = 1.3, 3
"""For each syllable that a short utterance lacks: any cough sounds like part of something."""
_DOUBT, _USUAL_DOUBT = 2.0, 0.2
"""For the recogniser's doubt in nats beyond the usual, by syllable: one word heard badly is less than a sentence."""
_SAID = 0.75
"""From this likeness on a phrase was said, and a negation before it means it."""
_WHOLLY = 0.85
_LEAST_PROBABILITY = 1e-3
_ALTERNATIVE_DISCOUNT = 0.75
_MAX_ALTERNATIVES = 3
_MAX_NEGATIONS = 3
_TOLD = 3
_REMEMBERED = 512
"""Callers say much the same: so many utterances are not read again."""
_NEGATABLE = 2
"""Of the likeliest options, how many are looked at for a negation: 不是要投诉，要查话费 is about both."""


@dataclass(frozen=True, slots=True)
class Match:
    """What became of one utterance."""

    option: str | None
    """The likeliest option; None with `Outcome.NO_MATCH`."""
    score: float
    """Probability that the likeliest option was meant, 0.0 to 1.0; told even when it was not enough."""
    margin: float
    """How far the next option is behind, 0.0 to 1.0."""
    outcome: Outcome
    phrase: str | None = None
    """The flow's phrase that lies closest to what was heard."""
    ranking: tuple[tuple[str, float], ...] = ()
    """The likeliest options and their scores, at most three; told even when none was likely enough."""


class PhraseMatcher:
    """Matches utterances against the phrases of one question. Immutable; `match` may be called from any thread.

    Args:
        phrases: option id -> example phrases, at least one option with a pronounceable phrase.
        accept_score: from this score on an option is taken at its word.
        confirm_score: from this score on it is asked about; below, it is no match.
    """

    def __init__(
        self,
        phrases: Mapping[str, Sequence[str]],
        *,
        accept_score: float = ACCEPT_SCORE,
        confirm_score: float = CONFIRM_SCORE,
    ) -> None:
        self._accept_score, self._confirm_score = accept_score, confirm_score
        background = general_background()
        self._book = PhraseBook(phrases, background)
        self._options = tuple(dict.fromkeys(option for option, _, _ in self._book.entries))
        foreign = [line for line in background.lines if not self._book.claims(spoken(line))]
        self._classifier = OptionClassifier(phrases, foreign)
        self._read = lru_cache(_REMEMBERED)(self._read_anew)

    def match(self, text: str, alternatives: Sequence[str] = (), confidence: float = 1.0) -> Match:
        """What the caller meant by `text`; total for any string.

        Args:
            text: what was heard.
            alternatives: other readings of the same sound, likeliest first; the first three count, discounted.
            confidence: of the recogniser, 0.0 to 1.0.
        """
        heard = [sound for reading in (text, *alternatives[:_MAX_ALTERNATIVES]) if len(sound := spoken(reading))]
        if not heard or not self._options:
            return Match(None, 0.0, 0.0, Outcome.NO_MATCH)
        shares = [_ALTERNATIVE_DISCOUNT**rank for rank in range(len(heard))]
        totals = dict.fromkeys(self._options, 0.0)
        phrases: dict[str, str] = {}
        for share, sound in zip(shares, heard, strict=True):
            for option, (probability, phrase) in self._weigh(sound, confidence).items():
                totals[option] += share * probability / sum(shares)
                phrases.setdefault(option, phrase)
        return self._judge(totals, phrases, confidence)

    def _read_anew(self, sound: Spoken) -> tuple[Mapping[str, float], Mapping[str, Alignment]]:
        """The wording's probabilities and the closest phrases: nearly all of the time that a match takes."""
        return self._classifier.probabilities(sound), self._book.align(sound)

    def _judge(self, totals: Mapping[str, float], phrases: Mapping[str, str], confidence: float) -> Match:
        ranked = sorted(totals.items(), key=lambda item: -item[1])
        option, score = ranked[0]
        margin = score - (ranked[1][1] if len(ranked) > 1 else 0.0)
        likeliest = tuple(ranked[:_TOLD])
        if score < self._confirm_score:
            return Match(None, score, margin, Outcome.NO_MATCH, ranking=likeliest)
        sure = score >= self._accept_score and margin >= ACCEPT_MARGIN and confidence >= ACCEPT_CONFIDENCE
        outcome = Outcome.ACCEPT if sure else Outcome.CONFIRM
        return Match(option, score, margin, outcome, phrases.get(option), likeliest)

    def _weigh(self, sound: Spoken, confidence: float) -> dict[str, tuple[float, str]]:
        """Each option's probability and closest phrase, after what the caller negated has been taken out."""
        for _ in range(_MAX_NEGATIONS):
            weighed, closest = self._choose(sound, confidence)
            likeliest = sorted(weighed, key=lambda option: -weighed[option])[:_NEGATABLE]
            if _is_own_refusal(closest[likeliest[0]]):
                return {option: (weighed[option], closest[option].phrase) for option in weighed}
            places = [closest[option] for option in likeliest if closest[option].likeness >= _SAID]
            starts = [negation_start(sound.chars, place.phrase, place.start) for place in places]
            negated = next(
                ((start, place.end) for start, place in zip(starts, places, strict=True) if start is not None), None
            )
            if negated is None:
                return {option: (weighed[option], closest[option].phrase) for option in weighed}
            start, end = negated
            sound = Spoken(sound.chars[:start] + sound.chars[end:], sound.readings[:start] + sound.readings[end:])
            if not len(sound):
                break
        return {}

    def _choose(self, sound: Spoken, confidence: float) -> tuple[dict[str, float], Mapping[str, Alignment]]:
        wording, closest = self._read(sound)
        utilities = {
            option: _WORDING * math.log(max(_LEAST_PROBABILITY, wording[option]))
            + _SCORE * place.score
            + place.likeness * (_LIKENESS + _LENGTH * (min(_LONGEST, place.syllables) - _MIDDLING))
            + _VERBATIM * (place.likeness * place.coverage) ** 8
            for option, place in closest.items()
        }
        refuse = _reluctance(len(sound), confidence)
        top = max(refuse, *utilities.values())
        weights = {option: math.exp(utility - top) for option, utility in utilities.items()}
        total = sum(weights.values()) + math.exp(refuse - top)
        return {option: weight / total for option, weight in weights.items()}, closest


def _is_own_refusal(place: Alignment) -> bool:
    """A phrase that itself begins with a no was said, and nothing else: 不要宽带了 is no refused 宽带."""
    return begins_with_no(place.phrase) and min(place.likeness, place.coverage) >= _WHOLLY


def _reluctance(syllables: int, confidence: float) -> float:
    """The utility of refusing, whatever was said."""
    doubt = max(0.0, -math.log(max(confidence, _LEAST_PROBABILITY)) - _USUAL_DOUBT)
    return _REFUSE + _SHORT * max(0, _LONG_ENOUGH - syllables) + _DOUBT * doubt / syllables
