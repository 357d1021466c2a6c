"""What is still known of a stored call, in the form in which a dialogue knows it; the rest by samples of its type."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.machine import Dialogue
from gateway.dialogue.model import Slot
from gateway.dialogue.sayable import Picked
from gateway.dialogue.state import CALLER
from gateway.dialogue.values import WrongTypeError, typed
from gateway.store import ToldCall

_SAMPLES: Mapping[str, Any] = {
    "number": 1,
    "amount": 1,
    "data": 1024,
    "digits": "1",
    "phone": "10086",
    "id_card": "11010519491231002X",
    "date": date(2026, 1, 1),
    "month": date(2026, 1, 1),
}
"""By type; of a yes_no there is none, and a text is one that the flow may say."""


class Recalled:
    """What a dialogue of `flow` would know in a stored call, whatever it has not been told in it."""

    def __init__(self, flow: CompiledFlow, call: ToldCall) -> None:
        self._flow = flow
        self._began = call.started_at.astimezone()
        known = _handed_over(call)
        self._caller = {"number": call.caller_number} | self._record(CALLER, known)
        self._records = {name: self._record(name, known) for name in flow.flow.records if name != CALLER}

    def dialogue(self) -> Dialogue:
        """A new one, at the flow's entry."""
        dialogue = Dialogue(self._flow, self._caller, lambda: self._began)
        state = dialogue.state
        state.saved = dict(self._records)
        unset = {name: one.type for name, one in self._flow.variables.items() if state.variables.get(name) is None}
        state.variables.update({name: self._sample(kind) for name, kind in unset.items()})
        return dialogue

    def slots(self, told: Mapping[str, str], own: Mapping[str, Any]) -> dict[str, Any]:
        """The values of the flow's slots, from the texts in their events; `own` values where they are the same."""
        known = {name: slot for name, slot in self._flow.slots.items() if name in told}
        return {
            name: own[name] if name in own and str(own[name]) == told[name] else _read_back(slot, told[name])
            for name, slot in known.items()
        }

    def _record(self, name: str, known: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        kinds = self._flow.flow.records.get(name, {})
        record = {field: self._sample(kind) for field, kind in kinds.items()}
        for field, value in known.get(name, {}).items():
            with suppress(WrongTypeError):
                record[field] = typed(kinds[field], value) if field in kinds else value
        return record

    def _sample(self, kind: str) -> Any:  # noqa: ANN401 -- of any type that a flow knows
        return next(iter(self._flow.flow.recorded_texts), None) if kind == "text" else _SAMPLES.get(kind)


def _handed_over(call: ToldCall) -> dict[str, Mapping[str, Any]]:
    """Records by name, the caller's among them, as a human was told."""
    packet = (call.transfer or {}).get("handed_over") or {}
    records = {**(packet.get("records") or {}), CALLER: packet.get(CALLER)}
    return {name: record for name, record in records.items() if isinstance(record, Mapping)}


def _read_back(slot: Slot, told: str) -> Any:  # noqa: ANN401
    """None when it isn't of the slot's type any more."""
    if slot.type == "choice":
        picked = (slot.options or {}).get(told)
        return Picked(told, picked.label) if picked else None
    if slot.type == "yes_no":
        return {"True": True, "False": False}.get(told)
    with suppress(WrongTypeError):
        return typed(slot.type, told)
    return None
