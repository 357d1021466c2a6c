"""Where callers give up: the flow's funnel over the latest calls, and each node's calls."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select

from gateway.console.rights import Scope
from gateway.console.service.picture import funnel_picture
from gateway.console.service.sharing import shared
from gateway.desk.funnel import Funnel, NodeFigures
from gateway.desk.graph.draw import draw
from gateway.desk.trace import HUNG_UP, KINDS, in_order
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import find_flow, load_flow
from gateway.errors import FlowError
from gateway.events import NodeEntered
from gateway.store import Store, ToldCall, Wanted, stream_calls
from gateway.store.search import in_scope
from gateway.store.tables import CallRow

MOST_CALLS = 1000
"""The latest ones: their events are read one by one, in about a second."""
MOST_LINKS = 20
"""Calls that are named at a node: the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Through:
    """A call that came through a node."""

    id: str
    started_at: dt.datetime
    gave_up: bool
    """There, with nothing done."""


@dataclass(slots=True, kw_only=True)
class DropOff:
    """What the page shows of one flow."""

    title: str
    entry: str
    """The node that it begins with."""
    picture: str
    """SVG; see `funnel_picture`."""
    nodes: list[NodeFigures]
    calls: int
    is_cut: bool
    """Only the latest `MOST_CALLS`."""
    at: dict[str, list[Through]] = field(default_factory=dict)
    """The latest calls of each node, those that were given up there first."""


def drop_off(store: Store, flows_dir: Path, scope: Scope, hotline: str, since: dt.datetime | None) -> DropOff | None:
    """The funnel of a hotline over the calls in the scope. Blocks; shared for a minute. None when there is no such
    flow, or it can't be read.

    Raises:
        StoreError: the database, or an event in it, can't be read.
    """
    question = "drop_off", scope, hotline, since.replace(second=0, microsecond=0) if since else None
    return shared(store).get(question, lambda: _find(store, flows_dir, scope, hotline, since))


def _find(store: Store, flows_dir: Path, scope: Scope, hotline: str, since: dt.datetime | None) -> DropOff | None:
    try:
        compiled = CompiledFlow(load_flow(find_flow(hotline, flows_dir)))
    except FlowError:
        return None
    began, is_cut = _beginning(store, scope, compiled.flow.flow, since)
    funnel = Funnel(compiled)
    at: dict[str, list[Through]] = {}
    wanted = Wanted(flow=compiled.flow.flow, since=began, among=in_scope(scope))
    for call in stream_calls(store, wanted, KINDS):
        funnel.add(call)
        for node, through in _through(call):
            at.setdefault(node, []).append(through)
    return DropOff(
        title=compiled.flow.title,
        entry=compiled.flow.entry,
        picture=funnel_picture(draw(compiled), {node.node: node for node in funnel.nodes}),
        nodes=funnel.nodes,
        calls=funnel.calls,
        is_cut=is_cut,
        at={node: _latest(calls) for node, calls in at.items()},
    )


def _beginning(store: Store, scope: Scope, flow: str, since: dt.datetime | None) -> tuple[dt.datetime | None, bool]:
    """When the oldest call that is looked at began, and whether older ones are left out."""
    ended = select(CallRow.started_at).where(CallRow.flow == flow, CallRow.disposition.is_not(None), in_scope(scope))
    if since is not None:
        ended = ended.where(CallRow.started_at >= since)
    with store.session() as session:
        newest = ended.order_by(CallRow.started_at.desc(), CallRow.id.desc()).offset(MOST_CALLS - 1).limit(1)
        oldest = session.scalar(newest)
    return (since, False) if oldest is None else (oldest, True)


def _through(call: ToldCall) -> Iterator[tuple[str, Through]]:
    path = [event.node for event in in_order(call.events) if isinstance(event, NodeEntered)]
    was_given_up = call.disposition == "abandoned" and call.reason == HUNG_UP
    for node in dict.fromkeys(path):
        gave_up = was_given_up and node == path[-1]
        yield node, Through(id=call.id, started_at=call.started_at, gave_up=gave_up)


def _latest(calls: list[Through]) -> list[Through]:
    return sorted(calls, key=lambda call: (not call.gave_up, -call.started_at.timestamp()))[:MOST_LINKS]
