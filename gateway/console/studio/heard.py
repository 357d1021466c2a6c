"""What callers of a hotline said and nothing was made of, with where each could be added. Blocking store work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from gateway.console.rights import Scope
from gateway.desk.funnel import Funnel
from gateway.desk.proposals import Places
from gateway.desk.trace import KINDS
from gateway.desk.unmatched import (
    LONGEST_PHRASE,
    Group,
    NoEvidence,
    Proposal,
    Understood,
    Verdict,
    judged,
    ranks,
)
from gateway.dialogue.choices import AGENT
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.nodes.base import Place
from gateway.store import Store, Wanted, stream_calls
from gateway.store.search import in_scope

MAX_CALLS = 20_000
MAX_GROUPS = 50
MAX_TEXTS = 6


@dataclass(frozen=True, slots=True)
class HeardGroup:
    """What sounds alike at one node."""

    node: str
    count: int
    texts: tuple[tuple[str, int], ...]
    """Personal numbers masked, the commonest first; at most `MAX_TEXTS`."""
    advice: str
    """In Chinese."""
    phrases: tuple[str, ...]
    """What of it can be added; the proposed ones first."""
    proposed: str | None
    """The option that the evidence is for."""
    places: dict[str, Place]
    """Options that phrases can be added to, and where theirs are in the flow."""


@dataclass(frozen=True, slots=True)
class Heard:
    """All of it."""

    calls: int
    groups: tuple[HeardGroup, ...]
    left_out: int
    """Groups that aren't told."""
    capped: bool = False
    """There are more calls than were read."""


def heard(store: Store, compiled: CompiledFlow, scope: Scope, since: dt.datetime, least: int = 1) -> Heard:
    """Read the calls that a visitor may see.

    Args:
        store: open.
        compiled: the flow as it is in the editor: what it understands by now is told as understood.
        scope: the visitor's.
        since: aware.
        least: groups that were heard less often are left out.

    Raises:
        StoreError: the store can't be read.
    """
    counted = Funnel(compiled)
    wanted = Wanted(flow=compiled.flow.flow, since=since, among=in_scope(scope))
    for call in islice(stream_calls(store, wanted, KINDS), MAX_CALLS):
        counted.add(call)
    places, rank = Places(compiled), ranks(compiled)
    frequent = [group for group in counted.unmatched.groups() if group.count >= least]
    groups = []
    for group in frequent[:MAX_GROUPS]:
        phrases = places.phrases(group.node)
        groups.append(_told(group, judged(group, phrases, rank), places, phrases))
    return Heard(counted.calls, tuple(groups), len(frequent[MAX_GROUPS:]), counted.calls >= MAX_CALLS)


def _told(group: Group, verdict: Verdict, places: Places, phrases: dict[str, Sequence[str]]) -> HeardGroup:
    known = {name: place for name in phrases if (place := places.of(group.node, name)) is not None}
    proposal = verdict if isinstance(verdict, Proposal) else None
    short = [text for text, _ in group.texts if len(text) <= LONGEST_PHRASE and "*" not in text]
    own = (*(proposal.phrases if proposal else ()), *(text.strip("，。？！、 ") for text in short))
    return HeardGroup(
        group.node,
        group.count,
        group.texts[:MAX_TEXTS],
        _advice(verdict, is_asked=bool(phrases), can_add=proposal is None or proposal.option in known),
        () if isinstance(verdict, Understood) else tuple(dict.fromkeys(filter(None, own)))[:MAX_TEXTS],
        proposal.option if proposal and proposal.option in known else None,
        known,
    )


def _advice(verdict: Verdict, *, is_asked: bool, can_add: bool) -> str:
    if not is_asked:
        return "这个节点已不在流程里，或不再提问"
    match verdict:
        case Understood(option=option):
            return f"现在的文字已认得：{option}"
        case NoEvidence(is_phrase=False):
            return "话太长或带着号码，不宜作说法"
        case NoEvidence(votes=votes):
            chose = "、".join(f"{choice} {count} 次" for choice, count in votes[:3])
            missing = "；这里也许缺一个选项" if votes and votes[0][0] == AGENT else ""
            return f"依据不足{f'，来电者接着选了 {chose}' if chose else ''}{missing}"
        case Proposal(option=option) if not can_add:
            return f"可能是 {option}，但它的说法是内置的，不能添加"
        case _:
            votes_ = f"来电者接着选了它，{verdict.of_votes} 次中 {verdict.votes} 次" if verdict.votes else ""
            score = f"匹配最像它，{verdict.score:.2f}" if verdict.score is not None else ""
            return f"建议加到 {verdict.option}：{'；'.join(part for part in (votes_, score) if part)}"
