"""voice-gateway ...: one file for each group of commands, imported when one of its commands is called."""

from __future__ import annotations

import gc
import importlib
import io
import sys
from types import ModuleType
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from gateway.errors import VoiceGatewayError
from gateway.privacy import setup_logging

COMMANDS = {
    "analyze": "分析录音：转写、诉求、情绪、标记、要素、质检、摘要。",
    "asr": "Offline speech recognition.",
    "call": "Call a hotline with a scripted caller and tell what happens.",
    "classify": "逐句理解来电人说的话：每行一句，每句输出一行 JSON。",
    "console": "工作台：质检、主管和流程设计人员用的网页。",
    "demo": "Three real calls: a balance by voice, a 72-year-old, an angry caller with a complaint.",
    "flow": "Check, draw, try and test hotlines' flows, and see how calls went.",
    "outbox": "待发送的结果：查看、重发、放弃。",
    "prompts": "The hotline's recorded voice.",
    "report": "服务指标：自助率、转人工率、一次解决率、满意度等，以及越过警戒线的。",
    "retention": "保存期限：到期的录音、文字和通话，删除并留下证明。",
    "routing": "Which matter a caller's words are about.",
    "serve": "Take calls, by telephone and from browsers, until SIGTERM or Ctrl-C.",
    "ticket": "工单：查看，办理，回访。",
}
"""Each command's module in this folder, which has a Typer `app` or a function of the same name, and a line about it."""


def _imported(name: str) -> ModuleType:
    """A command's module. What is imported stays: to look for rubbish among it takes a quarter of a command's start."""
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


class _Listed(TyperGroup):
    """The commands, only to be told of."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401, ARG002
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name])


class _OnDemand(_Listed):
    """Imports a command when it is called: all of them together take seconds, their help only needs `COMMANDS`."""

    def get_command(self, ctx: typer.Context, cmd_name: str) -> Any:  # type: ignore[override]  # noqa: ANN401, ARG002
        if cmd_name not in COMMANDS:
            return None
        module = _imported(f"gateway.cli.{cmd_name}")
        if hasattr(module, "app"):
            command: Any = get_group(module.app)
        else:
            single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
            single.command()(getattr(module, cmd_name))
            command = get_command(single)
        command.name = cmd_name
        return command

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ANN401
        _Listed(name=self.name, params=self.params, help=self.help).format_help(ctx, formatter)


app = typer.Typer(cls=_OnDemand, name="voice-gateway", no_args_is_help=True, pretty_exceptions_enable=False)


@app.callback()
def _about() -> None:
    """Voice IVR and speech analytics gateway for Chinese service hotlines."""


def main() -> None:
    """The console script. What a person can act on is a line on stderr and exit status 2; the rest is a traceback."""
    setup_logging("ERROR")  # what is worth a warning in a service is told here when the command ends
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Chinese loses letters, not the call
    try:
        app()
    except VoiceGatewayError as error:
        for line in str(error).splitlines():
            typer.echo(f"voice-gateway: {line}", err=True)
        sys.exit(error.exit_code)
