"""What people make of flags and scores: a verdict on each flag, appeals against it, and who comes next.

A verdict is changed only by who has seen the one that stands: of two reviewers at once the second is told of the first.
Every change is on record in the transaction that makes it; the record is also the history, as rows hold what stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from unicodedata import category

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from gateway.errors import StoreError
from gateway.findings import SEVERITIES
from gateway.store.accounts import Audited, audit
from gateway.store.search import ScopeLike, in_scope
from gateway.store.store import Store
from gateway.store.tables import AppealRow, AuditRow, CallRow, FlagRow, ReviewRow

Verdict = Literal["confirmed", "dismissed"]
Decision = Literal["upheld", "rejected"]
MAX_COMMENT = 1000
"""Characters of a comment or a reason; what is longer is cut."""
_ODD = frozenset({"Cc", "Cs"})
HISTORY = ("review", "appeal", "decide")
"""Actions of the audit that tell what became of flags and scores."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What stands of a flag."""

    call_id: str
    flag: str
    verdict: str
    comment: str
    account: str
    at: datetime
    revision: int
    """From 1, counting up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What somebody makes of a flag."""

    call_id: str
    flag: str
    verdict: Verdict
    comment: str = ""
    expected_revision: int = 0
    """Of the review that they have seen; 0: there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """How it went."""

    taken: bool
    """False: somebody else was first, and nothing was changed."""
    stands: Review
    """The review that stands now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """The agent's side against a flag or a score."""

    id: int
    call_id: str
    about: str
    """A flag, or `CARD/RULE`."""
    reason: str
    account: str
    at: datetime
    decision: str | None
    """`upheld`, `rejected`, or None while it is open."""
    decision_comment: str
    decided_by: str
    decided_at: datetime | None


def review(store: Store, opinion: Opinion, told: Audited) -> Reviewed:
    """Confirm or dismiss a flag, on record as `told`, whose account and moment it bears.

    Raises:
        StoreError: the call has no such flag, or the store can't be written.
    """
    place = opinion.call_id, opinion.flag
    with store.writing() as session:
        if session.get(FlagRow, place) is None:
            raise StoreError(f"call {opinion.call_id} has no flag '{opinion.flag}'", where=str(store.database))
        row = session.get(ReviewRow, place)
        if row is not None and row.revision != opinion.expected_revision:
            return Reviewed(taken=False, stands=_review(row))
        if row is None:
            row = ReviewRow(call_id=opinion.call_id, flag=opinion.flag, revision=0)
            session.add(row)
        row.verdict, row.comment = opinion.verdict, clean(opinion.comment)
        row.account, row.at, row.revision = told.account, told.at, row.revision + 1
        _tell(session, told, flag=row.flag, verdict=row.verdict, comment=row.comment)
        return Reviewed(taken=True, stands=_review(row))


def reviews(store: Store, call_id: str) -> dict[str, Review]:
    """What stands of a call's flags, by flag."""
    of_call = select(ReviewRow).where(ReviewRow.call_id == call_id)
    with store.session() as session:
        return {row.flag: _review(row) for row in session.scalars(of_call)}


def appeal(store: Store, about: str, reason: str, told: Audited) -> Appeal:
    """Appeal against something of the call that `told` names; of several that are open on one thing the first stands.

    Raises:
        StoreError: there is no such call, or the store can't be written.
    """
    with store.writing() as session:
        if session.get(CallRow, told.call_id) is None:
            raise StoreError(f"there is no call {told.call_id}", where=str(store.database))
        is_same = AppealRow.call_id == told.call_id, AppealRow.about == about, AppealRow.decision.is_(None)
        if (open_one := session.scalar(select(AppealRow).where(*is_same).limit(1))) is not None:
            return _appeal(open_one)
        row = AppealRow(call_id=told.call_id, about=about, reason=clean(reason), account=told.account, at=told.at)
        row.decision_comment = row.decided_by = ""
        session.add(row)
        session.flush()
        _tell(session, told, about=about, comment=row.reason)
        return _appeal(row)


def decide(store: Store, appeal_id: int, decision: Decision, comment: str, told: Audited) -> Appeal:
    """Decide on an appeal; one that is decided already stays as it is, and is returned.

    Raises:
        StoreError: the call that `told` names has no such appeal, or the store can't be written.
    """
    with store.writing() as session:
        row = session.get(AppealRow, appeal_id)
        if row is None or row.call_id != told.call_id:
            raise StoreError(f"call {told.call_id} has no appeal {appeal_id}", where=str(store.database))
        if row.decision is None:
            row.decision, row.decision_comment = decision, clean(comment)
            row.decided_by, row.decided_at = told.account, told.at
            _tell(session, told, about=row.about, decision=decision, comment=row.decision_comment)
        return _appeal(row)


def appeals(store: Store, call_id: str) -> list[Appeal]:
    """Those of a call, in the order in which they were made."""
    of_call = select(AppealRow).where(AppealRow.call_id == call_id).order_by(AppealRow.id)
    with store.session() as session:
        return [_appeal(row) for row in session.scalars(of_call)]


def history(store: Store, call_id: str) -> Sequence[Audited]:
    """Every verdict, appeal and decision on a call, the oldest first."""
    told = select(AuditRow).where(AuditRow.call_id == call_id, AuditRow.action.in_(HISTORY)).order_by(AuditRow.id)
    names = ("at", "account", "action", "call_id", "detail", "address")
    with store.session() as session:
        return [Audited(**{name: getattr(row, name) for name in names}) for row in session.scalars(told)]


def next_flagged(store: Store, scope: ScopeLike, after: str = "") -> str | None:
    """The next call that has ended with a flag nobody has judged: the gravest first, of those the newest.

    Args:
        scope: whose calls.
        after: the call before it; behind the last comes the first again, but never the same call.

    Raises:
        StoreError: the store can't be read.
    """
    judged = exists().where(ReviewRow.call_id == FlagRow.call_id, ReviewRow.flag == FlagRow.flag)
    waits = exists().where(FlagRow.call_id == CallRow.id, ~judged)
    calls = select(CallRow.id).where(CallRow.disposition.is_not(None), CallRow.id != after, waits, in_scope(scope))
    newest = calls.order_by(CallRow.started_at.desc(), CallRow.id.desc()).limit(1)
    ranks = range(len(SEVERITIES) - 1, -1, -1)
    with store.session() as session:
        # Rank by rank, so that the walk along the calls, newest first, ends with the first that is found.
        last = session.get(CallRow, after) if after else None
        if last is not None and last.severity is not None:
            later = CallRow.started_at < last.started_at
            same_moment = (CallRow.started_at == last.started_at) & (CallRow.id < last.id)
            found = session.scalar(newest.where(CallRow.severity == last.severity, or_(later, same_moment)))
            ranks_left = [rank for rank in ranks if rank < last.severity]
            for rank in [] if found else ranks_left:
                found = found or session.scalar(newest.where(CallRow.severity == rank))
            if found:
                return found
        for rank in ranks:
            if found := session.scalar(newest.where(CallRow.severity == rank)):
                return found
    return None


def clean(text: str) -> str:
    """A comment as it is kept: control characters and lone surrogates out, no longer than MAX_COMMENT characters."""
    kept = "".join(letter for letter in text[: 2 * MAX_COMMENT] if letter == "\n" or category(letter) not in _ODD)
    return kept.strip()[:MAX_COMMENT]


def _tell(session: Session, told: Audited, **detail: object) -> None:
    """With what was kept, not what was typed."""
    audit(
        session,
        Audited(
            at=told.at,
            account=told.account,
            action=told.action,
            call_id=told.call_id,
            detail={**told.detail, **detail},
            address=told.address,
        ),
    )


def _review(row: ReviewRow) -> Review:
    names = ("call_id", "flag", "verdict", "comment", "account", "at", "revision")
    return Review(**{name: getattr(row, name) for name in names})


def _appeal(row: AppealRow) -> Appeal:
    names = ("id", "call_id", "about", "reason", "account", "at")
    decided = ("decision", "decision_comment", "decided_by", "decided_at")
    return Appeal(**{name: getattr(row, name) for name in (*names, *decided)})
