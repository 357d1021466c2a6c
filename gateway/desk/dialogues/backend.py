"""What answers a test dialogue's look-ups: its stubs, what it says of the caller, else the sample back end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.call.lookups import LookupProvider, SampleLookups
from gateway.desk.conversation import Now
from gateway.desk.dialogues.model import FAILS, Case
from gateway.dialogue.model import Flow
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.ticket import CREATE
from gateway.dialogue.routes import stops
from gateway.dialogue.state import CALLER
from gateway.errors import LookupFailedError

CUSTOMERS = "customers.yaml"


class Samples:
    """The hotline's sample back end, read once; every dialogue begins with its own copy."""

    def __init__(self, flow_dir: Path) -> None:
        """Raises SettingsError when the file has a mistake; a hotline without one has no samples."""
        file = flow_dir / CUSTOMERS
        self._read = SampleLookups(file) if file.is_file() else None

    @property
    def numbers(self) -> tuple[str, ...]:
        """The numbers of the sample customers."""
        return self._read.numbers if self._read else ()

    def fresh(self, now: Now) -> LookupProvider | None:
        """As if nobody had called before; the dates are those of `now`."""
        return self._read.afresh(lambda: now().date()) if self._read else None


@dataclass
class CaseLookups:
    """The `LookupProvider` of one dialogue."""

    case: Case
    sample: LookupProvider | None
    profiles: frozenset[str]
    """The look-ups that tell who calls."""
    tickets: list[Mapping[str, Any]] = field(default_factory=list)
    """What was asked for and told of each work order; `number` is the order's."""
    _asked: Counter[str] = field(default_factory=Counter)

    async def lookup(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """Raises LookupFailedError when the dialogue says so, or when nobody knows the answer."""
        answer = await self._answer(name, arguments)
        if name == CREATE:
            self.tickets.append({**answer, **arguments, "number": answer.get("number")})
        return answer

    async def _answer(self, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if stubs := self.case.lookups.get(name):
            stub = stubs[min(self._asked[name], len(stubs) - 1)]
            self._asked[name] += 1
            if stub == FAILS:
                raise LookupFailedError("对话里写了 `fails`", where=name)
            return dict(stub)
        told = {field: value for field, value in (self.case.caller or {}).items() if field != "number"}
        if name in self.profiles and told:
            return {"known": True} | await self._sampled_or_nothing(name, arguments) | told
        if self.sample is None:
            raise LookupFailedError("没有试用客户资料", where=name, remedy="请在 `lookups` 里写出答案")
        return await self.sample.lookup(name, arguments)

    async def _sampled_or_nothing(self, name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        try:
            return dict(await self.sample.lookup(name, arguments)) if self.sample else {}
        except LookupFailedError:
            return {}


def profile_lookups(flow: Flow) -> frozenset[str]:
    """The look-ups whose answer is saved as the caller's profile."""
    nodes = (stop.node for stop in stops(flow))
    return frozenset(node.lookup for node in nodes if isinstance(node, Lookup) and node.save == CALLER)
