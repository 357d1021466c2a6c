"""Order and nearness: one thing before another, one thing soon after another. What the things are is decided above."""

from __future__ import annotations

from gateway.analytics.quality.talk import Found, Talk
from gateway.findings import Evidence


def in_order(first: Found, then: Found) -> Found:
    """Holds when both are so, and `first` shows before `then` does. Evidence: where each shows first."""
    if not (first.holds and then.holds):
        return Found(False, (*first.evidence[:1], *then.evidence[:1]))
    one, other = _earliest(first), _earliest(then)
    if one is None or other is None:  # something that shows nowhere has no place in an order
        return Found(False)
    return Found(_at(one) < _at(other), (one, other))


def follows(talk: Talk, after: Found, then: Found, *, turns: int | None, time_ms: float | None) -> Found:
    """Holds when everything of `after` is followed by something of `then`; also when there is nothing to follow.

    Args:
        turns: within so many segments of the side that says `then`; None: whenever.
        time_ms: within so long after the end of what it follows; None: whenever.

    Returns:
        When it holds, what follows; else what is not followed.
    """
    if not after.holds:
        return Found(True)
    answers: list[Evidence] = []
    unanswered: list[Evidence] = []
    candidates = then.evidence if then.holds else ()
    for cause in after.evidence:
        later = [one for one in candidates if _at(one) > _at(cause)]
        near = [one for one in later if _is_near(talk, cause, one, turns, time_ms)]
        (answers.append(near[0]) if near else unanswered.append(cause))
    return Found(not unanswered, tuple(unanswered or dict.fromkeys(answers)))


def _is_near(talk: Talk, cause: Evidence, effect: Evidence, turns: int | None, time_ms: float | None) -> bool:
    if time_ms is not None and effect.begin_ms - cause.end_ms > time_ms:
        return False
    if turns is None:
        return True
    segments = talk.conversation.segments
    said, answer = segments[cause.segment], segments[effect.segment]
    # By their time: the words of a message are a segment that comes late.
    begin, end = (said.begin_ms, said.index), (answer.begin_ms, answer.index)
    between = [one for one in talk.by(answer.participant) if begin < (one.begin_ms, one.index) <= end]
    return len(between) <= turns


def _earliest(found: Found) -> Evidence | None:
    return min(found.evidence, key=_at, default=None)


def _at(one: Evidence) -> tuple[float, int]:
    return one.begin_ms, one.start
