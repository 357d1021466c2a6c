"""What is known of the calls in progress, put together from their events. Pure: the time is always given."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.findings import SEVERITIES
from gateway.privacy import mask
from gateway.store.live import Happening, Look, OpenCall
from gateway.store.search import ScopeLike

LEAVES_AFTER = dt.timedelta(seconds=4)
"""A call that has ended is shown for so long, so that nobody wonders where it went."""
LOST_AFTER = dt.timedelta(minutes=5)
"""A call without any event for so long is out of touch: its gateway was killed. Prompts, answers and waiting for one
tell something every few seconds; only ringing for a human is silent, for `transfer` timeouts of a minute or two."""
FRESH = dt.timedelta(seconds=20)
"""A flag stands out for so long."""
REMEMBERED = dt.timedelta(minutes=10)
"""Grave flags are told of for so long, even when their call is over."""
MOST_RAISED = 200
MAX_WORDS = 120
"""Characters of the last words."""
GRAVE = frozenset({"high", "critical"})


@dataclass(slots=True, kw_only=True)
class LiveFlag:
    """A flag of a call in progress."""

    flag: str
    title: str
    severity: str
    seen_at: dt.datetime
    """When it was first read, or became graver."""
    words: str
    """The caller's last by then, masked."""


@dataclass(slots=True, kw_only=True)
class LiveCall:
    """A call in progress, or one that has just ended."""

    id: str
    hotline: str
    mode: str
    number: str
    """Masked."""
    started_at: dt.datetime
    heard_at: dt.datetime
    """When the last event happened, as near as is known."""
    node: str = ""
    kind: str = ""
    """Of the node."""
    words: str = ""
    """The caller's last, masked."""
    polarity: str = ""
    """Of the last turn that was judged; empty before."""
    anger: int = 0
    flags: dict[str, LiveFlag] = field(default_factory=dict)
    queue: str = ""
    """The one that a human was asked for in."""
    ended_at: dt.datetime | None = None
    """When its end was read."""
    disposition: str = ""
    seq: int = -1
    """Of the last event that was read."""
    judged: int = -1
    """The turn that `polarity` is of."""

    def lost(self, now: dt.datetime) -> bool:
        """Whether nothing has been heard of it for too long."""
        return self.ended_at is None and now - self.heard_at > LOST_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """A grave flag, as it is told at the top."""

    call: LiveCall
    flag: LiveFlag


class Board:
    """All calls in progress, whoever may see them."""

    def __init__(self) -> None:
        self._calls: dict[str, LiveCall] = {}
        self._raised: deque[Raised] = deque(maxlen=MOST_RAISED)
        self._is_first = True

    @property
    def places(self) -> dict[str, int]:
        """How far each call has been read, for the next `look`."""
        return {call.id: call.seq for call in self._calls.values()}

    def update(self, found: Look, now: dt.datetime) -> None:
        """Take in what a look found."""
        opened = {call.id for call in found.calls}
        for one in found.calls:
            if one.id not in self._calls:
                self._calls[one.id] = _begun(one)
        for event in found.events:
            if event.call_id in self._calls:
                self._happened(self._calls[event.call_id], event, now)
        for call in [*self._calls.values()]:
            if call.id not in opened and call.ended_at is None:
                call.ended_at = now  # its rows are gone, or it was ended without an event
            if call.ended_at is not None and now - call.ended_at > LEAVES_AFTER:
                del self._calls[call.id]
        self._raised = deque((one for one in self._raised if now - one.flag.seen_at <= REMEMBERED), MOST_RAISED)
        self._is_first = False

    def calls(self, scope: ScopeLike, now: dt.datetime) -> list[LiveCall]:
        """Those in the scope: the newest first, then those that are out of touch."""
        seen = [call for call in self._calls.values() if in_scope(scope, call)]
        return sorted(seen, key=lambda call: (call.lost(now), -call.started_at.timestamp(), call.id))

    def raised(self, scope: ScopeLike) -> list[Raised]:
        """Grave flags of calls in the scope, the newest first, each call's flag once."""
        newest = {(one.call.id, one.flag.flag): one for one in self._raised if in_scope(scope, one.call)}
        return sorted(newest.values(), key=lambda one: one.flag.seen_at, reverse=True)

    def _happened(self, call: LiveCall, event: Happening, now: dt.datetime) -> None:
        call.seq = event.seq
        happened_at = call.started_at + dt.timedelta(milliseconds=event.at_ms)
        # What was there at the first look may be old; what comes later has just been written.
        call.heard_at = max(call.heard_at, happened_at if self._is_first else now)
        if event.body is not None:
            self._told(call, event.kind, event.body, happened_at if self._is_first else now)

    def _told(self, call: LiveCall, kind: str, body: Mapping[str, Any], at: dt.datetime) -> None:
        match kind:
            case "node_entered":
                call.node, call.kind = str(body.get("node", "")), str(body.get("kind", ""))
            case "mode_changed":
                call.mode = str(body.get("mode", ""))
            case "turn_finished":
                call.words = _words(body.get("turn") or {}) or call.words
            case "turn_analyzed" if body.get("turn", 0) >= call.judged:
                mood = (body.get("findings") or {}).get("mood") or {}
                call.judged, call.polarity = body.get("turn", 0), str(mood.get("polarity", ""))
                call.anger = int(mood.get("anger", 0))
            case "flag_raised":
                self._flag(call, [body.get("flag") or {}], at)
            case "transfer_requested":
                call.queue = str(body.get("queue", ""))
            case "call_ended":
                call.ended_at, call.disposition = at, str(body.get("disposition", ""))
            case "call_analyzed":
                self._flag(call, (body.get("findings") or {}).get("flags") or [], at)

    def _flag(self, call: LiveCall, told: Iterable[Mapping[str, Any]], at: dt.datetime) -> None:
        for one in told:
            name, severity = str(one.get("flag", "")), str(one.get("severity", "low"))
            known = call.flags.get(name)
            if known is not None and _rank(severity) <= _rank(known.severity):
                continue
            title = str(one.get("title") or name)
            call.flags[name] = LiveFlag(flag=name, title=title, severity=severity, seen_at=at, words=call.words)
            if severity in GRAVE:
                self._raised.append(Raised(call=call, flag=call.flags[name]))


def in_scope(scope: ScopeLike, call: LiveCall) -> bool:
    """As `gateway.store.search.in_scope`, with the queue that a human is asked for in; the store has it at the end."""
    match scope.view:
        case "all":
            return True
        case "floor":
            return call.hotline in scope.hotlines
        case "own" | "team":
            return bool(call.queue) and call.queue in scope.queues
        case _:
            return False


def _begun(call: OpenCall) -> LiveCall:
    return LiveCall(
        id=call.id,
        hotline=call.flow,
        mode=call.mode,
        number=mask(call.caller_number),
        started_at=call.started_at,
        heard_at=call.started_at,
    )


def _words(turn: Mapping[str, Any]) -> str:
    match turn.get("kind"):
        case "speech":
            return mask(str(turn.get("text") or ""))[:MAX_WORDS]
        case "keys":  # they may be an ID card's
            return f"（按了 {len(str(turn.get('keys') or ''))} 个键）"
        case _:
            return "（没有说话）"


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0
