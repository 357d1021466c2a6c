"""What calls add up to: counts from which every figure is reckoned, so that parts can be added to a whole."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Of some calls. A call whose line was lost and that was gone on with is counted as one with its continuation."""

    calls: int = 0
    """All of them."""
    running: int = 0
    """Have not ended; they count in nothing else but `calls`."""
    ended: int = 0
    killed: int = 0
    """Of the ended: cut off because the gateway's process was killed."""
    served: int = 0
    """Of the ended: came to their proper end, or got what they called for, without a human (`completed`)."""
    transferred: int = 0
    """Of the ended: a human took the caller."""
    abandoned: int = 0
    """Of the ended: the caller hung up, or was hung up on by the flow, with nothing done."""
    failed: int = 0
    """Of the ended: the line or the gateway failed; those that were killed included."""
    timed: int = 0
    """Of the ended: those whose length is known, all but the killed."""
    duration_ms: float = 0.0
    """Of the timed, together."""
    rated: int = 0
    """Of the ended: the caller said how content they are."""
    content: int = 0
    """Of the rated: with 4 or 5."""
    score: int = 0
    """Of the rated, together."""
    known: int = 0
    """Of the ended: with a number."""
    again: int = 0
    """Of the known: the same number had called within the days before."""
    judged: int = 0
    """Of the known: with a route other than `other`, and so long ago that the days after are over."""
    not_again: int = 0
    """Of the judged: no other call of that number about that route began within the days after."""
    turned_away: int = 0
    """Not among the calls: callers of ours that were refused. Known by hotline and hour, and for no other group."""

    def __add__(self, other: Sums) -> Sums:
        return Sums(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(Sums)})
