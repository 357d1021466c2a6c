"""Engines take turns on what comes out of the telephone: what they heard, what was meant by it, and what it cost.

For each condition and file every engine hears the same samples one after the other, so that whatever else the machine
does hits them all. CPU is this process's user and system time: an engine that runs elsewhere costs nothing here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from asr.bench.conditions import Condition, Telephone
from asr.engine import SAMPLE_RATE_HZ, ClosedAnswer, Engine, Pcm, Transcript
from asr.scoring import REFUSED, CharacterErrors, ManifestEntry, character_error_rate

_CHUNK_SAMPLES = SAMPLE_RATE_HZ // 10
"""Streams get 100 ms at a time, as they come in."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a dialogue makes of a transcript."""

    option: str | None
    """The likeliest option; None when there is none."""
    accepted: bool
    """Taken at its word; False: asked about first, or refused."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is being asked while the files are heard."""

    judge: Callable[[Transcript], Judged]
    hints: tuple[str, ...] = ()
    """The phrases expected, likeliest first."""
    answer: ClosedAnswer | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A recording and what is said in it."""

    entry: ManifestEntry
    pcm: Pcm
    """int16, 16 kHz, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What arrives of a recording in one condition."""

    entry: ManifestEntry
    pcm: Pcm
    condition: Condition


@dataclass(frozen=True, slots=True)
class Take:
    """One file, heard once by one engine in one condition."""

    engine: str
    condition: Condition
    hints: bool
    """What the question expects was told to the engine."""
    file: str
    text: str
    """What is said in it."""
    wanted: str | None
    """Its option, `REFUSED`, or None when nobody says."""
    heard: Transcript
    judged: Judged | None
    """None where there is no question, or nothing wanted."""
    errors: CharacterErrors
    audio_s: float
    cpu_s: float
    """CPU time of the whole utterance."""
    latency_ms: float
    """Wall time from the last sample to the transcript: what a caller waits for beyond the endpoint."""

    @property
    def right(self) -> bool:
        """The option was accepted, or what must be refused wasn't."""
        if self.judged is None:
            return False
        if self.wanted == REFUSED:
            return not self.judged.accepted
        return self.judged.accepted and self.judged.option == self.wanted


def listen(
    engine: Engine, pcm: Pcm, hints: Sequence[str] = (), answer: ClosedAnswer | None = None
) -> tuple[Transcript, float, float]:
    """Have one utterance heard; gives the transcript, the CPU time in s, and the wall time after its end in ms."""
    began = time.process_time()
    stream = engine.stream(hints, answer=answer)
    for start in range(0, len(pcm), _CHUNK_SAMPLES):
        stream.accept(pcm[start : start + _CHUNK_SAMPLES])
    ended = time.perf_counter()
    heard = stream.finish()
    return heard, time.process_time() - began, (time.perf_counter() - ended) * 1000


def spread(entries: Sequence[ManifestEntry], limit: int) -> list[ManifestEntry]:
    """At most `limit` of them, evenly spread over the list; all when it is 0."""
    count = min(limit, len(entries)) if limit else len(entries)
    return [entries[index * len(entries) // count] for index in range(count)]


def takes(
    engines: Mapping[str, Engine],
    samples: Sequence[Sample],
    conditions: Sequence[Condition],
    telephone: Telephone,
    question: Question | None = None,
) -> Iterator[Take]:
    """Hear everything, each file with the question's hints and without; lazily, so that progress can be shown.

    A file whose option nobody tells answers no question: it is heard without hints only, as is everything by an engine
    that makes no use of them, or without a question.

    Raises:
        ConditionError: a condition that can't be made of these samples.
    """
    for engine in engines.values():
        listen(engine, samples[0].pcm)  # the first run pays for allocations
    for condition in conditions:
        for sample in samples:
            pcm = telephone.through(sample.pcm, condition, sample.entry.file)
            sound = Sound(sample.entry, pcm, condition)
            for name, engine in engines.items():
                for with_hints in _ways(engine, question, sample.entry.option):
                    yield take(name, engine, sound, question, with_hints=with_hints)


def _ways(engine: Engine, question: Question | None, wanted: str | None) -> tuple[bool, ...]:
    can = engine.capabilities.hints or engine.capabilities.closed_answers
    asked = question is not None and wanted is not None and (question.hints or question.answer)
    return (False, True) if can and asked else (False,)


def take(name: str, engine: Engine, sound: Sound, question: Question | None, *, with_hints: bool) -> Take:
    """Have one engine, known as `name`, hear one sound; what it heard is judged if the manifest says what it means."""
    told = question if with_hints else None
    heard, cpu_s, latency_ms = listen(engine, sound.pcm, told.hints if told else (), told.answer if told else None)
    entry = sound.entry
    return Take(
        engine=name,
        condition=sound.condition,
        hints=with_hints,
        file=entry.file,
        text=entry.text,
        wanted=entry.option,
        heard=heard,
        judged=question.judge(heard) if question and entry.option is not None else None,
        errors=character_error_rate(entry.text, heard.text),
        audio_s=len(sound.pcm) / SAMPLE_RATE_HZ,
        cpu_s=cpu_s,
        latency_ms=latency_ms,
    )


def count(
    engines: Mapping[str, Engine], samples: Sequence[Sample], conditions: Sequence[Condition], question: Question | None
) -> int:
    """How many takes there will be."""
    once = sum(len(_ways(engine, question, sample.entry.option)) for sample in samples for engine in engines.values())
    return once * len(conditions)
