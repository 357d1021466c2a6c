"""A conversation in figures, as documents tell them: pauses, pace, interruptions, sentiment by quarter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean

from gateway.analytics.conversation import Conversation, Segment
from gateway.analytics.shapes.parts import (
    Characteristics,
    Interruptions,
    NonTalkTime,
    Pause,
    QuarterScores,
    Role,
    ScorePeriod,
    SentimentShape,
    Speed,
    Talked,
    TalkSpeed,
    TalkTime,
)
from gateway.findings import Participant, TurnFindings

PAUSE_MS = 3000
"""A pause that counts, as Contact Lens counts it."""
SCALE = 5.0
"""Sentiment is told from -5 to 5, as there."""
ROLES: Mapping[Participant, Role] = {"customer": "CUSTOMER", "agent": "AGENT", "system": "SYSTEM"}


def characteristics(conversation: Conversation, turns: Sequence[TurnFindings]) -> Characteristics:
    """Everything; `turns` are those of the conversation."""
    spoken = [segment for segment in conversation.segments if segment.kind == "speech" and segment.text]
    duration = max([millis(conversation.duration_ms), *(millis(one.end_ms) for one in spoken)])
    return Characteristics(
        total_conversation_duration_millis=duration,
        sentiment=_sentiment(conversation, turns, duration),
        interruptions=_interruptions(conversation.segments),
        non_talk_time=_pauses(spoken, duration),
        talk_speed=TalkSpeed(details_by_participant=_speeds(spoken)),
        talk_time=_talk_time(spoken),
    )


def millis(value_ms: float) -> int:
    """Whole milliseconds, not before the beginning; 0 for what is no time at all."""
    return max(0, round(value_ms)) if abs(value_ms) < 1e12 else 0  # false also for nan


def _sentiment(conversation: Conversation, turns: Sequence[TurnFindings], duration: int) -> SentimentShape:
    begins = {segment.index: millis(segment.begin_ms) for segment in conversation.segments}
    scores = [(begins.get(turn.segment, 0), turn.mood.words.score * SCALE) for turn in turns]
    bounds = [duration * quarter // 4 for quarter in range(5)]
    periods = []
    for begin, end in pairwise(bounds):
        is_last = end == duration
        within = [score for at, score in scores if begin <= at < end or (is_last and at >= end)]
        score = round(fmean(within), 2) if within else None
        periods.append(ScorePeriod(begin_offset_millis=begin, end_offset_millis=end, score=score))
    overall = round(fmean(score for _, score in scores), 2) if scores else 0.0
    return SentimentShape(
        overall_sentiment={"CUSTOMER": overall}, sentiment_by_period=QuarterScores(QUARTER={"CUSTOMER": periods})
    )


def _interruptions(segments: Sequence[Segment]) -> Interruptions:
    """How long both spoke: nothing where the other side stopped before it can be told."""
    by_role: dict[Role, list[Pause]] = {}
    for place, segment in enumerate(segments):
        if not segment.interrupts:
            continue
        others = [one for one in segments[max(0, place - 3) : place] if one.participant != segment.participant]
        begin = millis(segment.begin_ms)
        end = min(millis(segment.end_ms), max([begin, *(millis(one.end_ms) for one in others)]))
        by_role.setdefault(ROLES[segment.participant], []).append(_pause(begin, max(begin, end)))
    every = [one for some in by_role.values() for one in some]
    return Interruptions(interruptions_by_interrupter=by_role, total_count=len(every), total_time_millis=_total(every))


def _pauses(spoken: Sequence[Segment], duration: int) -> NonTalkTime:
    instances, until = [], 0
    for segment in sorted(spoken, key=lambda one: one.begin_ms):
        if millis(segment.begin_ms) - until >= PAUSE_MS:
            instances.append(_pause(until, millis(segment.begin_ms)))
        until = max(until, millis(segment.end_ms))
    if duration - until >= PAUSE_MS:
        instances.append(_pause(until, duration))
    return NonTalkTime(instances=instances, total_time_millis=_total(instances))


def _speeds(spoken: Sequence[Segment]) -> dict[Role, Speed]:
    characters: dict[Role, int] = {}
    minutes: dict[Role, float] = {}
    for segment in spoken:
        role = ROLES[segment.participant]
        spoken_ms = segment.voice.speech_ms if segment.voice else segment.end_ms - segment.begin_ms
        characters[role] = characters.get(role, 0) + sum(letter.isalnum() for letter in segment.text)
        minutes[role] = minutes.get(role, 0.0) + millis(spoken_ms) / 60_000
    return {
        role: Speed(average_characters_per_minute=round(count / minutes[role], 1))
        for role, count in characters.items()
        if minutes[role] > 0
    }


def _talk_time(spoken: Sequence[Segment]) -> TalkTime:
    lengths: dict[Role, int] = {}
    for segment in spoken:
        role = ROLES[segment.participant]
        lengths[role] = lengths.get(role, 0) + max(0, millis(segment.end_ms) - millis(segment.begin_ms))
    return TalkTime(
        details_by_participant={role: Talked(total_time_millis=length) for role, length in lengths.items()},
        total_time_millis=sum(lengths.values()),
    )


def _pause(begin: int, end: int) -> Pause:
    return Pause(begin_offset_millis=begin, end_offset_millis=end, duration_millis=end - begin)


def _total(pauses: Iterable[Pause]) -> int:
    return sum(one.duration_millis for one in pauses)
