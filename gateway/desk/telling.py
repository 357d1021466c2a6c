"""A conversation as lines to be shown: what each side said, how it was taken, and what went on behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.markup import escape

from gateway import events
from gateway.desk.conversation import Exchange, ranking
from gateway.dialogue.actions import (
    Action,
    Hangup,
    Heard,
    Input,
    Keys,
    Lookup,
    LookupFailed,
    LookupSucceeded,
    ModeChanged,
    NoInput,
    Recorded,
    Say,
    Served,
    SlotFilled,
    SurveyAnswered,
    TicketOpened,
    Transfer,
    TransferFailed,
    Understood,
)
from gateway.dialogue.compiled import Matched
from gateway.privacy import mask
from gateway.prompts.render import spoken_text

OUTCOMES = {"accept": "听懂", "confirm": "待确认", "no_match": "未匹配", "no_input": "没有回答"}
MODES = {"standard": "标准模式", "elderly": "长者模式"}
REASONS = {"profile": "按来电者资料", "asked": "来电者要求", "errors": "多次没听懂"}
ENDS = {"completed": "自助办结", "transferred": "转接人工", "abandoned": "中途挂机", "failed": "异常结束"}


@dataclass(frozen=True, slots=True)
class Said:
    """The hotline spoke."""

    node: str
    text: str


@dataclass(frozen=True, slots=True)
class Did:
    """The caller did something."""

    text: str


@dataclass(frozen=True, slots=True)
class Note:
    """What was made of it, or what went on behind it."""

    text: str


Line = Said | Did | Note


def told(exchange: Exchange, match: Matched | None) -> Iterator[Line]:
    """An exchange as lines, the caller's act first."""
    if exchange.given is not None:
        yield Did(act_text(exchange.given))
    asked: Lookup | None = None
    for event in exchange.happened:
        if isinstance(event, Lookup):
            asked = event
        elif isinstance(event, Understood):
            yield taken(event.outcome, event.matched, event.score, ranking(match))
        elif isinstance(event, LookupSucceeded | LookupFailed) and asked is not None:
            yield _looked_up(asked, event)
        elif (line := _line(event)) is not None:
            yield line


def told_event(event: events.Event) -> Line | None:
    """What happened in a call, as a line; None for what nobody needs to read."""
    match event:
        case events.PromptStarted():
            return Said(event.node, mask(event.text))
        case events.TurnFinished(turn=turn):
            heard = {"speech": f"听到“{turn.text}”", "keys": f"收到按键 {turn.keys}"}.get(turn.kind, "")
            note = taken(turn.outcome, turn.matched, turn.score)
            return Note(mask("，".join(part for part in (note.text, heard) if part)))
        case events.LookupFinished(ok=ok):
            return Note(mask(f"☎ 查询 {event.name}：{'成功' if ok else f'失败，{event.reason}'}"))
        case events.SlotFilled():
            return Note(mask(f"✎ {event.slot} = {event.value}"))
        case events.ModeChanged():
            return Note(f"⇢ 进入{MODES.get(event.mode, event.mode)}（{REASONS.get(event.reason, event.reason)}）")
        case events.TransferRequested():
            return Note(f"⇢ 转接人工队列 {event.queue}")
        case events.TransferFailed():
            return Note(f"⇢ 没有人接（{event.reason}）")
    return None


def act_text(given: Input) -> str:
    """What the caller did, in Chinese; personal numbers masked."""
    match given:
        case Heard(text=text):
            return mask(f"“{text}”")
        case Keys(digits=digits, finished_by=by):
            return mask(f"按键 {digits}{'#' if by == 'finish_key' else ''}")
        case NoInput():
            return "（没有说话）"
        case Recorded(duration_ms=duration_ms):
            return f"（留言 {duration_ms / 1000:.0f} 秒）"
    return "（在等结果）"


def taken(outcome: str, matched: str | None, score: float | None, likeliest: Iterable[tuple[str, float]] = ()) -> Note:
    """How an answer was taken: outcome, what matched and how surely, and what else was likely."""
    parts = [f"↳ {OUTCOMES.get(outcome, outcome)}"]
    if matched is not None:
        parts.append(f"{matched}" + (f" {score:.2f}" if score is not None else ""))
    scores = dict(likeliest)
    others = [f"{name} {value:.2f}" for name, value in scores.items() if name != matched]
    if others and (matched is None or matched in scores):
        parts.append(f"{'其次' if matched else '最接近'} {others[0]}")
    return Note("，".join(parts))


def _looked_up(asked: Lookup, answer: LookupSucceeded | LookupFailed) -> Note:
    told = fields(answer.value) if isinstance(answer, LookupSucceeded) else f"失败，{answer.reason}"
    return Note(mask(f"☎ 查询 {asked.name}（{fields(asked.arguments)}）：{told}"))


def fields(record: Mapping[str, Any]) -> str:
    """A record in one line; what is empty is left out."""
    return "，".join(f"{name}={value}" for name, value in record.items() if value is not None)


def _line(event: Action | Input) -> Line | None:
    if isinstance(event, Say):
        return Said(event.node, mask(spoken_text(event.pieces)))
    text = _note(event)
    return None if text is None else Note(mask(text))


def _note(event: Action | Input) -> str | None:
    text: str | None = None
    match event:
        case SlotFilled(slot=slot, value=value):
            text = f"✎ {slot} = {value}"
        case ModeChanged(mode=mode, reason=reason):
            text = f"⇢ 进入{MODES.get(mode, mode)}（{REASONS.get(reason, reason)}）"
        case Served():
            text = "✓ 要办的事已办到"
        case TicketOpened(category=category, summary=summary, due=due, number=number):
            text = f"✎ 工单 {number or '（无号）'}：{category}，{summary}，{due} 前办结"
        case SurveyAnswered(score=score):
            text = f"✎ 满意度 {score}"
        case Transfer(queue=queue):
            text = f"⇢ 转接人工队列 {queue}"
        case TransferFailed():
            text = "⇢ 没有人接"
        case Hangup(reason=reason):
            text = f"⇢ 热线挂机（{reason}）"
    return text


def markup(line: Line) -> str:
    """A line for a terminal, as rich writes its colours."""
    match line:
        case Said(node=node, text=text):
            return f"[bold blue]热线[/bold blue]　 {escape(text)}　[dim]{node}[/dim]"
        case Did(text=text):
            return f"[bold magenta]来电者[/bold magenta] {escape(text)}"
        case Note(text=text):
            return f"       [dim]{escape(text)}[/dim]"
