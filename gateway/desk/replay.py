"""Stored calls given to a changed flow: which answers now lead elsewhere, and in which calls.

Every answer is compared by its first effect: the node it leads to, or the confirmation that it asks for, or another
mode, or that it leads nowhere. After a call's first difference its later answers are compared as if it had come there
all the same. A question that is skipped when something unstored holds counts as skipped if that makes the two agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from gateway.desk.retrace import Retracing, Unplaced, Where
from gateway.desk.trace import Step, in_order, resumes, steps
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.expressions import Expression
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.routes import RETURN, stops
from gateway.dialogue.state import CALLER
from gateway.privacy import mask
from gateway.store import ToldCall

MAX_KEPT = 1000
"""Differing answers that are held one by one; more are only counted."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One answer that now leads elsewhere."""

    call_id: str
    turn: int
    """Its number in the call, counted from 0."""
    node: str
    kind: str
    said: str
    """Words or keys, personal numbers masked."""
    before: Where
    now: Where


class Replay:
    """Takes calls one by one; holds figures, and the first differences.

    Args:
        flow: as it is now; make it with `conversation.remembering`, and what many callers say is matched once.
    """

    def __init__(self, flow: CompiledFlow, max_kept: int = MAX_KEPT) -> None:
        self.calls = 0
        self.calls_elsewhere = 0
        """Calls with a difference."""
        self.answers = 0
        self.same = 0
        self.different = 0
        self.unplaced: Counter[Unplaced] = Counter()
        """Answers that could not be compared."""
        self.changes: Counter[tuple[str, Where, Where]] = Counter()
        """Differing answers by node, where they led then, and where they lead now."""
        self.differences: list[Difference] = []
        """The first of them."""
        self._flow = flow
        self._nodes = {stop.name: stop.node for stop in stops(flow.flow)}
        self._max_kept = max_kept

    def add(self, call: ToldCall) -> None:
        """Replay one ended call, told with the events of `trace.KINDS`."""
        self.calls += 1
        answers = steps(in_order(call.events))
        self.answers += len(answers)
        if answers and resumes(call.events):
            self.unplaced["resumed"] += len(answers)
            return
        retracing = Retracing(self._flow, self._nodes, call)
        before = self.different
        for step in answers:
            led = retracing.led(step, last=step is answers[-1])
            if isinstance(led, str):
                self.unplaced[led] += 1
            elif self._agree(*led):
                self.same += 1
            else:
                self._note(call, step, *led)
        self.calls_elsewhere += self.different > before

    def _note(self, call: ToldCall, step: Step, before: Where, now: Where) -> None:
        turn = step.turn
        if now.how == "goes":
            now = replace(now, or_else=next(self._passed(now), None))
        self.different += 1
        self.changes[turn.node, before, now] += 1
        if len(self.differences) < self._max_kept:
            said = mask(turn.text or turn.keys)
            self.differences.append(Difference(call.id, turn.index, turn.node, turn.kind, said, before, now))

    def _agree(self, before: Where, now: Where) -> bool:
        if before == now:
            return True
        if before.how != "goes" or now.how != "goes":
            return False
        return now.what in set(self._passed(before)) or before.what in set(self._passed(now))

    def _passed(self, where: Where) -> Iterator[str]:
        """Where a caller who is taken to a node comes, if its question is skipped, and the next one's, and so on."""
        name, returns = where.what or "", where.returns
        for _ in self._nodes:  # no way is longer
            node = self._nodes.get(name)
            if isinstance(node, Call):
                returns, following = (*returns, name), self._flow.entry(node.call)
            elif isinstance(node, Collect) and node.skip_when is not None and self._unknown(node.skip_when):
                following = self._flow.resolve(name, node.then)
            else:
                return
            if following == RETURN and returns:
                *still_open, call = returns
                returns, caller = tuple(still_open), self._nodes[call]
                following = self._flow.resolve(call, caller.then) if isinstance(caller, Call) else RETURN
            name = following
            yield name

    def _unknown(self, condition: Expression) -> bool:
        """Whether it reads what isn't stored: of the caller more than the number, a look-up's record, a variable."""
        roots = {"vars", *self._flow.flow.records} - {CALLER}
        return any(root in roots or (root == CALLER and field != "number") for root, field in condition.fields)
