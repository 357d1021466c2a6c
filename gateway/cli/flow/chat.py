"""voice-gateway flow chat: a call to a flow by typing, with what the machine makes of it."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from gateway.cli.narrate import CallConsole
from gateway.desk.check import flow_file
from gateway.desk.conversation import Conversation, Exchange, remembering
from gateway.desk.dialogues.backend import Samples
from gateway.desk.dialogues.model import CHINA
from gateway.desk.dialogues.text import back_end, not_cut
from gateway.desk.telling import ENDS, MODES, Did, fields, markup, told
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.errors import LookupFailedError
from gateway.privacy import mask
from gateway.settings import load_settings

HELP = """\
直接打字就是说话；只有数字、* 和 # 的一行是按键。
/keys 12#    按键          /silent      不说话，等到超时
/over 文字   提示音没放完就插话
/slots       已填的内容    /mode        现在的模式
/hangup      挂机          /help        这段说明"""
_KEYPAD = frozenset("0123456789*#")


def chat(
    flow: Annotated[str, typer.Argument(help="The hotline: its name, folder or file.", metavar="FLOW")],
    caller: Annotated[str | None, typer.Option("--from", help="The caller's number.", metavar="NUMBER")] = None,
    at: Annotated[
        dt.datetime | None,
        typer.Option(help="The day and time of the call in China; now if not given.", formats=["%Y-%m-%d %H:%M"]),
    ] = None,
) -> None:
    """Talk to a hotline by typing: what is matched, how surely, and what happens. Its sample customers answer."""
    file = flow_file(flow, load_settings().flows_dir)
    compiled = CompiledFlow(load_flow(file), remembering)
    samples = Samples(file.parent)
    moment = at.replace(tzinfo=CHINA) if at else dt.datetime.now(CHINA)
    number = caller if caller is not None else next(iter(samples.numbers), "")
    console = CallConsole()
    console.rule(f"[bold]来电 {escape(mask(number)) or '（无号码）'} → {compiled.flow.title}[/bold]")
    console.print(f"[dim]{HELP}[/dim]")
    provider = samples.fresh(lambda: moment) or _Nobody()
    talk = Conversation(compiled, {"number": number}, lambda: moment, back_end(provider))
    _Chat(talk, console).run(_typed_lines())


class _Nobody:
    """A hotline without sample customers."""

    async def lookup(self, name: str, arguments: object) -> dict[str, object]:  # noqa: ARG002 -- the protocol's
        raise LookupFailedError("没有试用客户资料", where=name)


def _typed_lines() -> Iterator[str]:
    """What is typed or piped in, line by line."""
    if sys.stdin.isatty():
        with suppress(ImportError):
            import readline  # noqa: F401 -- makes `input` remember and edit lines
    prompt = "来电者> " if sys.stdin.isatty() else ""
    while True:
        try:
            yield input(prompt).strip()
        except (EOFError, KeyboardInterrupt):
            return


class _Chat:
    """One call in the terminal."""

    def __init__(self, talk: Conversation, console: Console) -> None:
        self._talk = talk
        self._console = console

    def run(self, typed: Iterator[str]) -> None:
        """From the greeting to the end of the call; who types no more hangs up."""
        self._show(self._talk.start())
        for line in typed:
            if line:
                self._do(line)
            if self._talk.ending:
                break
        else:
            self._talk.hangs_up()
        ending = self._talk.ending
        if ending:
            self._console.print(f"结果：{ENDS[ending.disposition]}（{escape(ending.reason)}）")

    def _do(self, line: str) -> None:
        talk = self._talk
        command, _, rest = line.partition(" ")
        match command:
            case "/silent":
                self._show(talk.silent())
            case "/keys" if rest and set(rest) <= _KEYPAD:
                self._show(talk.keys(rest))
            case "/over" if rest:
                if (why := not_cut(talk, rest)) is not None:
                    self._note(why)
                else:
                    self._show(talk.says(rest))
            case "/hangup":
                talk.hangs_up()
            case "/slots":
                self._note(mask(fields(talk.slots)) or "还没有填内容")
            case "/mode":
                self._note(MODES.get(talk.mode, talk.mode))
            case _ if command.startswith("/"):
                self._console.print(f"[dim]{HELP}[/dim]")
            case _ if set(line) <= _KEYPAD:
                self._show(talk.keys(line))
            case _:
                self._show(talk.says(line))

    def _show(self, exchange: Exchange) -> None:
        for line in told(exchange, self._talk.match(exchange)):
            if not (isinstance(line, Did) and sys.stdin.isatty()):  # who types has it before them
                self._console.print(markup(line), soft_wrap=True)
        if self._talk.ending is None:
            where = f"在节点 {self._talk.node} 等待回答，{MODES.get(self._talk.mode, self._talk.mode)}"
            self._note(where + (f"，已填 {mask(fields(self._talk.slots))}" if self._talk.slots else ""))

    def _note(self, text: str) -> None:
        self._console.print(f"       [dim]{escape(text)}[/dim]", soft_wrap=True)
