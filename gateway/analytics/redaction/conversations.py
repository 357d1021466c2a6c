"""A whole conversation without what belongs to a person alone, in words and in sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.analytics.conversation import Conversation, Segment, TimedWord
from gateway.analytics.entities.chains import Piece, chained, runs
from gateway.analytics.redaction.hiding import Hidden, Text, redacted_keys
from gateway.analytics.redaction.masks import MASKS
from gateway.analytics.redaction.silences import Silence, joined, silence
from gateway.analytics.redaction.values import KEPT, redact_value
from gateway.findings import Evidence, Participant

_SPEAKERS: tuple[Participant, ...] = ("customer", "agent", "system")
_WHOLE_NUMBER = 7
"""Digits of pieces that are hidden together though they make no right number."""
_PIECE = 2
"""Digits of a piece: a menu is answered with one."""
_TICKET_KEPT = KEPT | {"number"}


@dataclass(frozen=True, slots=True)
class Redacted:
    """What may be shown."""

    conversation: Conversation
    silences: tuple[Silence, ...]
    """What its recording must not tell, in order of time."""
    hidden: Mapping[int, tuple[Hidden, ...]] = field(default_factory=dict)
    """By the index of a segment, what of its text as it was is hidden, from left to right."""

    def evidence(self, evidence: Evidence) -> Evidence:
        """The same place in the text as it may be shown; half a hidden number is the whole mask."""
        hidden = self.hidden.get(evidence.segment, ())
        if not hidden:
            return evidence
        text = next((one.text for one in self.conversation.segments if one.index == evidence.segment), "")
        start, end = _place(hidden, evidence.start, to_end=False), _place(hidden, evidence.end, to_end=True)
        return replace(evidence, start=start, end=end, text=text[start:end] if evidence.text else "")


def redact(conversation: Conversation) -> Redacted:
    """A copy with masks for telephone numbers, ID cards, bank cards, addresses and codes: in every segment, in what
    was read back, in pieces over several segments, in keys, slots and tickets.

    The numbers of tickets stay in `tickets`, not in the words. Redacting twice changes nothing.
    """
    segments = conversation.segments
    texts = _texts(segments)
    for participant in _SPEAKERS:
        _hide_pieces(segments, texts, participant)
    for text in texts.values():
        text.search()
    spans = {place: text.spans() for place, text in texts.items() if text.hidden}
    silences = [silence(segments[place], one.start, one.end) for place, hidden in spans.items() for one in hidden]
    shown = tuple(_shown(segment, texts.get(place)) for place, segment in enumerate(segments))
    return Redacted(
        _facts_redacted(replace(conversation, segments=shown)),
        joined(silences),
        {segments[place].index: tuple(hidden) for place, hidden in spans.items()},
    )


def _place(hidden: Sequence[Hidden], at: int, *, to_end: bool) -> int:
    """Where a place in the text as it was is in the text with masks; within one, its beginning or its end."""
    shift = 0
    for one in hidden:
        length = len(MASKS[one.kind])
        if at < one.end and (at > one.start or not to_end):
            return at + shift if at <= one.start else one.start + shift + (length if to_end else 0)
        if at <= one.start:
            return at + shift
        shift += length - (one.end - one.start)
    return at + shift


def _texts(segments: Sequence[Segment]) -> dict[int, Text]:
    """Of every segment with something in it, by its place."""
    texts, asked = {}, ""
    for place, segment in enumerate(segments):
        if not segment.text:
            continue
        answers = asked if segment.participant == "customer" else ""
        if segment.kind == "keys":
            texts[place] = redacted_keys(segment.text, answers)
        else:
            texts[place] = Text(segment.text, answers)
            texts[place].search()
        if segment.participant != "customer":
            asked = segment.text
    return texts


def _hide_pieces(segments: Sequence[Segment], texts: dict[int, Text], participant: Participant) -> None:
    """Numbers that go on from one segment to the next, as far as they can still be seen."""
    seen = [
        replace(segment, text=texts[place].visible, index=place) if place in texts else replace(segment, index=place)
        for place, segment in enumerate(segments)
    ]
    for chain in chained(seen, participant):
        for piece in chain.pieces:
            texts[piece.segment.index].hide(chain.kind, piece.start, piece.end)
    for run in runs(seen, participant):
        if _is_number(run):
            for piece in run:
                texts[piece.segment.index].hide("number", piece.start, piece.end)


def _is_number(run: list[Piece]) -> bool:
    lengths = [len(piece.digits) for piece in run]
    return sum(lengths) >= _WHOLE_NUMBER and min(lengths) >= _PIECE


def _shown(segment: Segment, text: Text | None) -> Segment:
    if text is None or not text.hidden:
        return segment
    return replace(segment, text=text.render(), words=_words(segment.words, text.spans()))


def _words(words: tuple[TimedWord, ...], hidden: list[Hidden]) -> tuple[TimedWord, ...]:
    """The words at their new places; those of one mask are one word."""
    kept, shift, left = [], 0, list(words)
    for one in hidden:
        kept += [_moved(word, shift) for word in left if word.end <= one.start]
        within = [word for word in left if word.start < one.end and word.end > one.start]
        left = [word for word in left if word.start >= one.end]
        length = len(MASKS[one.kind])
        if within:
            start = one.start + shift
            kept.append(TimedWord(start, start + length, within[0].begin_ms, within[-1].end_ms))
        shift += length - (one.end - one.start)
    return (*kept, *(_moved(word, shift) for word in left))


def _moved(word: TimedWord, by: int) -> TimedWord:
    return replace(word, start=word.start + by, end=word.end + by)


def _facts_redacted(conversation: Conversation) -> Conversation:
    number = MASKS["phone"] if any(char.isdigit() for char in conversation.caller_number) else ""
    tickets: list[dict[str, Any]] = [redact_value(ticket, _TICKET_KEPT) for ticket in conversation.tickets]
    return replace(
        conversation,
        caller_number=number or conversation.caller_number,
        slots=redact_value(conversation.slots),
        tickets=tuple(tickets),
    )
