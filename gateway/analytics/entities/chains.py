"""A number that is said piece by piece, the hotline saying 嗯 in between: 一三八 / 零零一三 / 八千.

Pieces are what ends one of the caller's segments and begins the next. They are one number only if together they have
the form of one, and none is one by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.analytics.conversation import Segment
from gateway.analytics.entities.dictated import stretches
from gateway.analytics.entities.numbers import kind_of
from gateway.analytics.entities.plain import Plain, plain
from gateway.findings import Entity, Participant

MAX_PIECES = 8
MAX_PAUSE_MS = 20_000.0
"""From one piece to the next, the hotline's words between them included."""
_MAX_CHARACTERS = 200
"""Of a segment with a piece in it."""
_SAID_AROUND = 6
"""Characters beside the digits at the end where the number goes on (嗯对, 然后后面是)."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some digits of a number: characters `start` to `end` of a segment's text."""

    segment: Segment
    digits: str
    start: int
    end: int
    begins: bool
    """Nothing much is said before it, so that it may go on with a number; `ends`: nothing much after it."""
    ends: bool

    @property
    def characters(self) -> range:
        """Their places in the text."""
        return range(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Chain:
    """A number and its pieces, at least two."""

    kind: str
    value: str
    pieces: tuple[Piece, ...]

    def entity(self) -> Entity:
        """Its first piece is the evidence, until the end of the last one."""
        first, last = self.pieces[0], self.pieces[-1]
        end_ms = last.segment.moment(last.start, last.end)[1]
        return Entity(
            kind=self.kind,
            value=self.value,
            evidence=replace(first.segment.evidence(first.start, first.end), end_ms=end_ms),
        )


def chained(segments: Sequence[Segment], participant: Participant = "customer") -> list[Chain]:
    """Every number in pieces that the caller (or another) said or pressed."""
    return [chain for run in runs(segments, participant) for chain in _numbers(run)]


def runs(segments: Sequence[Segment], participant: Participant = "customer") -> Iterator[list[Piece]]:
    """Pieces that go on from one of their segments to the next, at least two at a time."""
    run: list[Piece] = []
    for segment in segments:
        if segment.participant != participant or not segment.text:
            continue
        pieces = list(_pieces(segment))
        late = run and segment.begin_ms - run[-1].segment.end_ms > MAX_PAUSE_MS
        if not pieces or not pieces[0].begins or late:
            yield from _whole(run)
            run = []
        if not pieces:
            continue
        if pieces[0].begins:
            run.append(pieces[0])
        if len(pieces) > 1 or not pieces[0].ends:
            yield from _whole(run)
            run = []
        if pieces[-1].ends and not run:
            run = [pieces[-1]]
    yield from _whole(run)


def _whole(run: list[Piece]) -> Iterator[list[Piece]]:
    if len(run) > 1:
        yield run


def _numbers(run: list[Piece]) -> list[Chain]:
    """The numbers that pieces one after another make, the longest first of those with the same beginning."""
    found, at = [], 0
    while at < len(run) - 1:
        for end in range(min(len(run), at + MAX_PIECES), at + 1, -1):
            pieces = tuple(run[at:end])
            digits = "".join(piece.digits for piece in pieces)
            if (kind := kind_of(digits)) and not any(kind_of(piece.digits) for piece in pieces):
                found.append(Chain(kind, digits, pieces))
                at = end - 1
                break
        at += 1
    return found


def _pieces(segment: Segment) -> Iterator[Piece]:
    form = plain(segment.text[:_MAX_CHARACTERS])
    if segment.kind == "keys":
        yield from _pressed(segment, form)
        return
    for stretch in stretches(form.text):
        certain = [token for token in stretch if not token.soft]
        start, end = certain[0].start, certain[-1].end
        digits = "".join(token.digits for token in certain)
        yield Piece(
            segment,
            digits,
            *form.original(start, end),
            begins=start <= _SAID_AROUND,
            ends=len(form.text) - end <= _SAID_AROUND,
        )


def _pressed(segment: Segment, form: Plain) -> Iterator[Piece]:
    keys = form.text.rstrip("#")
    if keys:
        yield Piece(segment, keys.replace("*", "X"), *form.original(0, len(keys)), begins=True, ends=True)
