"""A call told as a conversation, event by event, for people at a terminal."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from gateway import events
from gateway.analytics.tickets.rules import PRIORITIES, TicketRules
from gateway.analytics.titles import SEVERITY_TITLES
from gateway.findings import CallFindings, Flag
from gateway.privacy import mask

_DISPOSITIONS = {
    "completed": "[green]自助办结[/green]",
    "transferred": "[cyan]转接人工[/cyan]",
    "abandoned": "[yellow]中途挂机[/yellow]",
    "failed": "[red]异常结束[/red]",
}
_OUTCOMES = {"accept": "[green]听懂[/green]", "confirm": "[yellow]待确认[/yellow]", "no_match": "[red]未匹配[/red]"}
_MODES = {"standard": "标准", "elderly": "长者模式"}
_POLARITIES = {"positive": "满意", "neutral": "平和", "negative": "不满"}
_CUT_BY = {"speech": "来电者插话", "keys": "来电者按键", "shutdown": "系统停机"}


class CallConsole(Console):
    """A terminal, or a pipe that may close: then the call goes on untold."""

    def __init__(self) -> None:
        super().__init__(highlight=False)

    def on_broken_pipe(self) -> None:
        """Fall silent; rich would end the process, and the call with it."""
        with suppress(SystemExit):
            super().on_broken_pipe()


class Narrator:
    """Subscribes to a call's events and prints the conversation.

    Args:
        console: where.
        rules: the operator's folder of rules, as the analyses read them; None: the package's.
    """

    def __init__(self, console: Console, rules: Path | None) -> None:
        self._console = console
        self._rules = rules
        self._tickets: TicketRules | None = None

    def __call__(self, event: events.Event) -> None:
        """Print what is worth telling of one event."""
        match event:
            case events.CallStarted():
                self._started(event)
            case events.PromptStarted():
                self._line(event.at_ms, "[bold blue]热线[/bold blue]　", escape(mask(event.text)))
            case events.PromptEnded(cut_by=str() as by):
                self._note(f"✂ {_CUT_BY[by]}，提示音在 {event.played_ms / 1000:.1f} 秒处停下")
            case events.UtteranceHeard(text=""):
                self._note(f"（没有听到话音：{event.rejected or '静音'}）")
            case events.TurnFinished():
                self._turn(event.turn)
            case events.TransferRequested() | events.TransferFailed():
                self._transfer(event)
            case events.FlagRaised():
                self._flag(event.flag)
            case events.CallEnded():
                self._ended(event)
            case events.CallAnalyzed():
                self._found(event.findings)
            case _:
                self._fact(event)

    def _fact(self, event: events.Event) -> None:
        match event:
            case events.LookupFinished():
                outcome = "成功" if event.ok else f"失败，{escape(event.reason)}"
                self._note(f"☎ 查询 {event.name}：{outcome}，{event.elapsed_ms:.0f} 毫秒")
            case events.ModeChanged():
                self._note(f"⇢ 进入{_MODES.get(event.mode, event.mode)}（{event.reason}）")
            case events.TicketOpened():
                self._note(
                    f"📋 工单 {escape(mask(_ticket(event.number, event.category, event.summary)))}，期限 {event.due}"
                )
            case events.MessageRecorded():
                seconds = (event.end_ms - event.start_ms) / 1000
                self._note(f"✉ 留言 {seconds:.1f} 秒：{escape(event.path)}")
            case events.SurveyAnswered():
                self._note(f"★ 满意度 {event.score} 分")

    def _line(self, at_ms: float, who: str, text: str) -> None:
        minutes, seconds = divmod(at_ms / 1000, 60)
        self._console.print(f"[dim]{int(minutes):02d}:{seconds:04.1f}[/dim]  {who}{text}", soft_wrap=True)

    def _note(self, text: str) -> None:
        self._console.print(f"         [dim]{text}[/dim]", soft_wrap=True)

    def _started(self, event: events.CallStarted) -> None:
        title = f"来电 {mask(event.caller_number)} → {event.flow}（第 {event.flow_version} 版）"
        self._console.rule(f"[bold]{escape(title)}[/bold]")
        if event.resumes:
            self._note(f"↺ 接着断线的电话 {event.resumes}")

    def _turn(self, turn: events.Turn) -> None:
        if turn.kind == "silence":
            self._line(turn.start_ms, "[dim]来电者[/dim]", "[dim]（没有回答）[/dim]")
            return
        said = f"按键 {turn.keys}" if turn.kind == "keys" else f"“{turn.text}”"
        self._line(turn.start_ms, "[bold magenta]来电者[/bold magenta]", escape(mask(said)))
        parts = [_OUTCOMES.get(turn.outcome, turn.outcome)]
        if turn.matched:
            parts.append(f"{turn.matched}" + (f" {turn.score:.2f}" if turn.score is not None else ""))
        if turn.kind == "speech":
            parts.append(f"识别 {turn.recognise_ms:.0f} 毫秒")
        if turn.turn_latency_ms is not None:
            parts.append(f"应答 {turn.turn_latency_ms:.0f} 毫秒（其中静音等待 {turn.silence_window_ms:.0f}）")
        self._note("↳ " + "，".join(parts))

    def _transfer(self, event: events.TransferRequested | events.TransferFailed) -> None:
        if isinstance(event, events.TransferFailed):
            self._note(f"⇢ 转接不成，没有人接（{escape(event.reason)}）")
        else:
            self._note(f"⇢ 转接人工队列 {event.queue}，随话转交：{escape(_told_to_human(event.handed_over))}")

    def _flag(self, flag: Flag) -> None:
        words = "、".join(f"“{one.text}”" for one in flag.evidence if one.text)
        told = f"{flag.title}（{SEVERITY_TITLES[flag.severity]}）" + (f"：{words}" if words else "")
        self._note(f"⚑ [red]标记[/red] {escape(mask(told))}")

    def _found(self, found: CallFindings) -> None:
        mood = f"情绪 {_POLARITIES[found.mood.polarity]}，愤怒 {found.mood.anger} 级"
        wish = self._category(found.route.route)
        self._note(f"◎ 诉求 {escape(wish)}（{found.route.probability:.2f}），{mood}")
        for card in found.quality:
            self._note(
                f"◎ 质检 {escape(card.title)} {card.score:.0f} 分" + ("，[red]不合格[/red]" if card.failed else "")
            )
        if ticket := found.ticket:
            told = f"{self._category(ticket.category)}，{ticket.team}，{PRIORITIES[ticket.priority]}，{ticket.summary}"
            self._note(f"◎ 工单补全：{escape(mask(told))}，解决期限 {ticket.solve_by}")

    def _category(self, route: str) -> str:
        if self._tickets is None:
            self._tickets = TicketRules.load(self._rules)
        return self._tickets.category(route).title

    def _ended(self, event: events.CallEnded) -> None:
        self._console.print(
            f"结果：{_DISPOSITIONS[event.disposition]}（{event.reason}），{_MODES.get(event.mode, event.mode)}，"
            f"通话 {event.duration_ms / 1000:.1f} 秒，{len(event.turns)} 轮"
        )
        self._note("路径 " + " → ".join(event.path))
        if event.tickets:
            numbers = "、".join(ticket["number"] or "（无单号）" for ticket in event.tickets)
            self._note(f"工单 {escape(mask(numbers))}")
        for message in event.messages:
            self._note(f"留言 {escape(message['path'])}")
        if event.satisfaction is not None:
            self._note(f"满意度 {event.satisfaction} 分")
        if event.line is not None:
            self._note(f"线路 {escape(_line_quality(event.line))}")
        if event.recording:
            self._note(f"录音 {event.recording}")


_LINE = {
    "codec": "编码",
    "packets_received": "收到包",
    "packets_sent": "发出包",
    "lost": "丢包",
    "loss_percent": "丢包率％",
    "jitter_ms": "抖动毫秒",
    "remote_loss_percent": "对方丢包率％",
    "remote_jitter_ms": "对方抖动毫秒",
}


def _line_quality(line: dict[str, Any]) -> str:
    """How the line was: what there is of the usual figures; a transport may know more, which is on the record."""
    return "，".join(f"{told} {line[name]}" for name, told in _LINE.items() if line.get(name) is not None)


def _ticket(number: str | None, category: str, summary: str) -> str:
    return f"{number or '（无单号）'}（{category}）：{summary}"


def _told_to_human(handed_over: dict[str, Any]) -> str:
    """The transfer packet in one line; what is empty is left out."""
    said = [f"“{turn['text']}”" for turn in handed_over.get("transcript", ())]
    left_out = ("transcript", "path", "tickets", "messages")
    facts = [f"{name}={value}" for name, value in handed_over.items() if name not in left_out and value]
    facts += [
        f"工单 {_ticket(ticket['number'], ticket['category'], ticket['summary'])}"
        for ticket in handed_over.get("tickets", ())
    ]
    if messages := handed_over.get("messages"):
        facts.append(f"留言 {len(messages)} 段")
    return mask("，".join([*facts, f"来电者说过{'、'.join(said)}" if said else "来电者没有说话"]))
