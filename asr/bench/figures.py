"""Takes summed up: one line of figures for each engine, condition and way of asking."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from asr.bench.conditions import Condition
from asr.bench.measure import Take
from asr.scoring import REFUSED, corpus_errors

_Z = 1.96
"""Of a confidence of 95 %."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with what that says of all that could have been asked."""

    hits: int
    of: int

    @property
    def rate(self) -> float:
        """0.0 to 1.0; 0.0 of nothing."""
        return self.hits / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Where the true rate lies with 95 % confidence (Wilson 1927); 0.0 to 1.0 of nothing."""
        if not self.of:
            return 0.0, 1.0
        weight = _Z * _Z / self.of
        middle = (self.rate + weight / 2) / (1 + weight)
        half = _Z * math.sqrt(self.rate * (1 - self.rate) / self.of + weight / self.of / 4) / (1 + weight)
        return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Figures:
    """What one engine made of all files in one condition."""

    engine: str
    condition: Condition
    hints: bool
    files: int
    cer: float
    """Errors in all by characters in all (long files weigh more); 0.0 and up."""
    option: Share
    """Sentences of an option that were accepted as that option."""
    confirmed: Share
    """Sentences of an option that were accepted as it, or asked about as it (`您是要...，对吗`)."""
    wrong: Share
    """Sentences of an option that were accepted as another."""
    false_accepts: Share
    """Sentences that belong to no option and were accepted as one."""
    cpu_per_s: float
    """CPU seconds for a second of audio."""
    latency_p50_ms: float
    latency_p95_ms: float


def figures_of(takes: Iterable[Take]) -> list[Figures]:
    """In the order in which engine, condition and way first come up: engines together, conditions within."""
    groups: dict[tuple[str, Condition, bool], list[Take]] = {}
    for take in takes:
        groups.setdefault((take.engine, take.condition, take.hints), []).append(take)
    engines = list(dict.fromkeys(engine for engine, _, _ in groups))
    ordered = sorted(groups.items(), key=lambda item: (engines.index(item[0][0]), not item[0][2]))
    return [_summed(group) for _, group in ordered]


def share_right(takes: Iterable[Take]) -> Share:
    """Of the sentences of an option: accepted as that option."""
    asked = [take for take in takes if take.judged and take.wanted != REFUSED]
    return Share(sum(take.right for take in asked), len(asked))


def share_accepted_wrongly(takes: Iterable[Take]) -> Share:
    """Of the sentences that belong to no option: accepted as one."""
    outside = [take for take in takes if take.judged and take.wanted == REFUSED]
    return Share(sum(not take.right for take in outside), len(outside))


def _summed(takes: Sequence[Take]) -> Figures:
    first = takes[0]
    asked = [take for take in takes if take.judged and take.wanted != REFUSED]
    meant = sum(take.judged is not None and take.judged.option == take.wanted for take in asked)
    accepted = sum(take.judged is not None and take.judged.accepted for take in asked)
    right = share_right(takes)
    latencies = [take.latency_ms for take in takes]
    return Figures(
        engine=first.engine,
        condition=first.condition,
        hints=first.hints,
        files=len(takes),
        cer=corpus_errors(take.errors for take in takes).rate,
        option=right,
        confirmed=Share(meant, len(asked)),
        wrong=Share(accepted - right.hits, len(asked)),
        false_accepts=share_accepted_wrongly(takes),
        cpu_per_s=sum(take.cpu_s for take in takes) / sum(take.audio_s for take in takes),
        latency_p50_ms=float(np.percentile(latencies, 50)),
        latency_p95_ms=float(np.percentile(latencies, 95)),
    )
