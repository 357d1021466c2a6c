"""How long what is stored of calls is kept, and that it is gone afterwards, provably.

Recordings, then words, then whole calls: each has its days, counted from the end of the call. Every deletion leaves a
row in `deletions`. Words and calls go in the transaction of their proof; for files see `gateway.store.recordings`. A
call that is going on is never touched. `apply` may run inside the gateway that owns the store, on a thread: it writes
one call at a time, so that running calls' own events wait for no more than that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.errors import StoreError
from gateway.store.forgetting import empty_log, forget_call, forget_words, rows_left, sweep, words_left
from gateway.store.recordings import Sound, erase, left, sounds, unlink
from gateway.store.refusals import forget_refusals
from gateway.store.store import Store
from gateway.store.tables import CallRow, DeletionRow
from gateway.strict import Strict

What = Literal["recording", "transcript", "call"]

SETTLED_AFTER = timedelta(minutes=1)
"""From the end of a call until its recorder and its analyses are done with it, whatever the policy."""
DRAFTS_AFTER = timedelta(days=1)
"""A draft of a file that is older was left by a killed process."""
_PAGE = 500

log = logging.getLogger(__name__)


class RetentionConfig(Strict):
    """The policy. None: kept for good."""

    recordings_days: int | None = Field(None, ge=0, le=36_500)
    """Recordings and left messages, and their redacted copies."""
    transcripts_days: int | None = Field(None, ge=0, le=36_500)
    """What was said, pressed and read out: in turns, events, findings, slots, and documents that were delivered."""
    calls_days: int | None = Field(None, ge=0, le=36_500)
    """Everything of a call, documents that still wait included."""
    keep_original: bool = False
    """Keep a recording that has a redacted copy; else it goes once the copy is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """Something that is to go."""

    what: What
    call_id: str
    reason: str
    """The setting that says so."""
    ended_at: datetime | None = None
    """Of its call; None for a file without one."""
    sound: Sound | None = None
    """The file of a recording."""

    @property
    def size_bytes(self) -> int:
        """Of the file."""
        return self.sound.size_bytes if self.sound else 0


@dataclass(slots=True)
class Done:
    """What one run did."""

    counts: dict[What, int] = field(default_factory=lambda: {"recording": 0, "transcript": 0, "call": 0})
    size_bytes: int = 0
    """Of the files."""
    finished: int = 0
    """Files that a run which was killed had left."""
    failed: list[str] = field(default_factory=list)
    """What couldn't be deleted, and why; the next run tries again."""
    log_emptied: bool = True
    """False when somebody was reading all the while, so that the database's log may still hold what was deleted; the
    next run empties it."""


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that `deletions` says is gone, and isn't."""

    what: What
    call_id: str
    where: str
    """The file's name, or the table."""


def plan(store: Store, policy: RetentionConfig, now: datetime) -> list[Due]:
    """What is due at `now` (aware), by call, oldest first; within a call the files first. Changes nothing.

    Raises:
        StoreError: the store can't be read.
    """
    files: dict[str, list[Sound]] = {}
    for sound in sounds(store):
        files.setdefault(sound.call_id, []).append(sound)
    due: list[Due] = []
    for call_id, ended_at, has_words in _ended(store, now - SETTLED_AFTER):
        due += _due_of_call(policy, now - ended_at, Due(what="call", call_id=call_id, reason="", ended_at=ended_at),
                            files.pop(call_id, []), has_words)  # fmt: skip
    return due + list(_ownerless(store, policy, now, files))


def apply(store: Store, policy: RetentionConfig, now: datetime) -> Done:
    """Delete what is due at `now` (aware), with proof, and finish what a killed run left. Blocking.

    Raises:
        StoreError: the store can't be read or written. What can't be deleted alone is told in the result.
    """
    done = Done()
    for sound, _ in list(left(store)):
        unlink(sound.path)
        done.finished += 1
    for one in plan(store, policy, now):
        try:
            done.size_bytes += _delete(store, one, now)
            done.counts[one.what] += 1
        except StoreError as error:
            log.warning("not deleted: %s", error)
            done.failed.append(str(error))
    if policy.calls_days is not None:  # or the figures of that time would be of the refused alone
        forget_refusals(store, now - timedelta(days=policy.calls_days))
    sweep(store)
    done.log_emptied = empty_log(store)
    return done


def verify(store: Store) -> list[Leftover]:
    """All that is recorded as deleted and is there all the same; empty when every proof holds. Only reads."""
    found = [Leftover("recording", call_id, sound.path.name) for sound, call_id in left(store)]
    for call_id, what in _proven(store):
        with store.session() as session:
            tables = words_left(session, call_id) if what == "transcript" else rows_left(session, call_id)
        found += [Leftover("call" if what == "call" else "transcript", call_id, table) for table in tables]
    return found


def words_forgotten(store: Store, call_id: str) -> bool:
    """Whether the words of a call are deleted: nobody can tell any more where its recording has to be silent."""
    proof = select(DeletionRow.id).where(DeletionRow.call_id == call_id, DeletionRow.what == "transcript")
    with store.session() as session:
        return session.scalar(proof.limit(1)) is not None


# ------------------------------------------------------------------------------------------------------------- planning


def _ended(store: Store, before: datetime) -> Iterator[tuple[str, datetime, bool]]:
    """Calls that had ended by then: id, end, and whether their words are there; a page at a time."""
    forgotten = CallRow.id.in_(select(DeletionRow.call_id).where(DeletionRow.what == "transcript"))
    calls = select(CallRow.id, CallRow.ended_at, ~forgotten).where(CallRow.ended_at <= before)
    in_order = calls.order_by(CallRow.ended_at, CallRow.id)
    offset = 0
    while True:
        with store.session() as session:
            page = session.execute(in_order.limit(_PAGE).offset(offset)).all()
        for call_id, ended_at, has_words in page:
            if ended_at is not None:
                yield call_id, ended_at, has_words
        if len(page) < _PAGE:
            return
        offset += _PAGE


def _due_of_call(
    policy: RetentionConfig, age: timedelta, call: Due, files: list[Sound], has_words: bool
) -> Iterator[Due]:
    def of_call(what: What, reason: str, sound: Sound | None = None) -> Due:
        return Due(what=what, call_id=call.call_id, reason=reason, ended_at=call.ended_at, sound=sound)

    whole = _over(age, policy.calls_days)
    if whole or _over(age, policy.recordings_days):
        reason = _setting(policy, "calls_days" if whole else "recordings_days")
        yield from (of_call("recording", reason, sound) for sound in files)
    elif not policy.keep_original:
        paths = {sound.path for sound in files}
        for sound in files:
            if not sound.is_redacted and sound.redacted_copy in paths:
                yield of_call("recording", "keep_original=false", sound)
    if whole:
        yield of_call("call", _setting(policy, "calls_days"))
    elif has_words and _over(age, policy.transcripts_days):
        yield of_call("transcript", _setting(policy, "transcripts_days"))


def _ownerless(store: Store, policy: RetentionConfig, now: datetime, files: dict[str, list[Sound]]) -> Iterator[Due]:
    """Files of no call that is known (its process was killed before its first event was stored), and old drafts."""
    young = CallRow.ended_at.is_(None) | (CallRow.ended_at > now - SETTLED_AFTER)
    with store.session() as session:
        known = set(session.scalars(select(CallRow.id).where(young)))
    name = "calls_days" if policy.recordings_days is None else "recordings_days"
    for sound in (sound for call_id, own in files.items() if call_id not in known for sound in own):
        age = timedelta(seconds=now.timestamp() - sound.modified_at)
        if age < DRAFTS_AFTER:
            continue
        if not sound.call_id:
            yield Due(what="recording", call_id="", reason="draft", sound=sound)
        elif _over(age, getattr(policy, name)):
            yield Due(what="recording", call_id=sound.call_id, reason=_setting(policy, name), sound=sound)


def _over(age: timedelta, days: int | None) -> bool:
    return days is not None and age >= timedelta(days=days)


def _setting(policy: RetentionConfig, name: str) -> str:
    return f"{name}={getattr(policy, name)}"


# ------------------------------------------------------------------------------------------------------------- deleting


def _delete(store: Store, due: Due, now: datetime) -> int:
    """Returns the bytes that went."""
    if due.sound is not None:
        sound = due.sound
        return erase(store, sound, due.reason, now, lambda session: _point_elsewhere(session, sound))
    if due.what == "call":
        forget_call(store, due.call_id, due.reason, now)
        return 0
    return forget_words(store, due.call_id, due.reason, now)


def _point_elsewhere(session: Session, sound: Sound) -> None:
    """The call of a file that goes is told of its redacted copy instead, or of none."""
    call = session.get(CallRow, sound.call_id)
    if call is None:
        return
    copy = sound.redacted_copy
    instead = copy.name if not sound.is_redacted and copy.exists() else ""

    def path(known: object) -> object:
        """As it was told, of the other file."""
        return known if not _is(known, sound) else str(Path(str(known)).with_name(instead)) if instead else ""

    call.recording = str(path(call.recording)) or None if call.recording is not None else None
    call.messages = [{**message, "path": path(message.get("path"))} for message in call.messages]


def _is(known: object, sound: Sound) -> bool:
    return isinstance(known, str) and Path(known).name == sound.path.name


def _proven(store: Store) -> list[tuple[str, str]]:
    """Calls that are recorded as deleted, and those whose words are but which are there."""
    kinds = select(DeletionRow.call_id, DeletionRow.what).where(DeletionRow.what.in_(("transcript", "call")))
    with store.session() as session:
        rows = [(call_id, what) for call_id, what in session.execute(kinds)]
    whole = {call_id for call_id, what in rows if what == "call"}
    return [(call_id, what) for call_id, what in rows if what == "call" or call_id not in whole]
