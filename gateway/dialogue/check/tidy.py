"""What is declared and used by nothing, and look-ups that forget that they may fail."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.dialogue.check.finding import Found
from gateway.dialogue.check.inspection import Inspection
from gateway.dialogue.expressions import Expression
from gateway.dialogue.nodes.base import Place
from gateway.dialogue.nodes.call import Call
from gateway.dialogue.nodes.collect import Collect
from gateway.dialogue.nodes.lookup import Lookup
from gateway.dialogue.nodes.ticket import Ticket
from gateway.dialogue.quoting import quoted
from gateway.dialogue.state import CALLER


def no_error_path(flow: Inspection) -> Iterator[Found]:
    """A look-up or a ticket that doesn't say what comes when it fails."""
    for stop in flow.stops.values():
        if isinstance(stop.node, Lookup | Ticket) and stop.node.on_error is None:
            what = f"{quoted(stop.name)} 没写失败或超时后去哪里；请加上 `on_error: 节点`"
            yield Found(stop.place, what, at_key=True)


def unused(flow: Inspection) -> Iterator[Found]:
    """Slots, variables, records, hours and texts that nothing fills or reads."""
    if flow.wild:
        return
    read = {f"{owner}.{field}" for expression in _expressions(flow) for owner, field in expression.fields}
    filled = _filled(flow)
    words = flow.unread.all_words
    for place, name in _declared(flow, "slots"):
        if f"slots.{name}" not in read and name not in filled | words:
            yield _nothing(place, "问或读槽位", name)
    for place, name in _declared(flow, "variables"):
        if f"vars.{name}" not in read and name not in words:
            yield _nothing(place, "读变量", name)
    saved = {stop.node.save for stop in flow.stops.values() if isinstance(stop.node, Lookup | Ticket)}
    for name in flow.flow.records:
        if name not in saved | words and name != CALLER:
            yield _nothing(("records", name), "保存查询结果", name)
    for name in flow.flow.hours:
        if f"hours.{name}" not in read and name not in words:
            yield _nothing(("hours", name), "用到营业时间", name)
    fields = [field for prompt in flow.sayings.prompts for field in prompt.template.fields if field.kind == "text"]
    from_data = any(field.expression.names - {"option", "value"} for field in fields)
    if flow.flow.recorded_texts and not from_data and not flow.unread.nodes:
        yield Found(("recorded_texts",), "没有提示语要从数据里读文字；请删掉 `recorded_texts`", at_key=True)


def _nothing(place: Place, does: str, name: str) -> Found:
    return Found(place, f"没有地方{does} {quoted(name)}；请用上，或删掉", at_key=True)


def _declared(flow: Inspection, kind: str) -> Iterator[tuple[Place, str]]:
    yield from (((kind, name), name) for name in getattr(flow.flow, kind))
    for subflow, inner in flow.flow.subflows.items():
        yield from ((("subflows", subflow, kind, name), name) for name in getattr(inner, kind))


def _filled(flow: Inspection) -> set[str]:
    filled: set[str] = set()
    for stop in flow.stops.values():
        if isinstance(stop.node, Collect):
            filled.add(stop.node.slot)
        filling = {"set", "with"} if isinstance(stop.node, Call) else {"set"}
        filled |= {str(place[-1]) for place, _ in stop.node.expressions() if filling & set(place[-2:-1])}
    return filled


def _expressions(flow: Inspection) -> Iterator[Expression]:
    for stop in flow.stops.values():
        yield from (expression for _, expression in stop.node.expressions())
    for prompt in flow.sayings.prompts:
        yield from (field.expression for field in prompt.template.fields)
    for mode in flow.flow.modes.values():
        if mode.enter_when is not None:
            yield mode.enter_when
