"""voice-gateway analyze: recordings from elsewhere, one or thousands, transcribed and analysed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from gateway.analytics.recordings.files import wanted_files
from gateway.analytics.recordings.machine import usual_workers
from gateway.analytics.recordings.sides import SIDES, Sides
from gateway.engines import open_engine
from gateway.errors import SettingsError
from gateway.findings import Participant
from gateway.settings import load_settings

if TYPE_CHECKING:
    from gateway.analytics.recordings.batch import Batch

_HELP = """分析录音：转写（带时间和说话人）、诉求、情绪、标记、要素、质检、工单、小结。

\b
文件：WAV（含 A-law）、FLAC、MP3、Opus、AAC、AMR 等，8 到 48 kHz，最长一小时
文件夹：里面所有的录音，包括下级文件夹
双声道：默认左声道是来电者，右声道是坐席（--stereo 可改）
单声道：尽量分出两个说话人；分不清的算来电者

坏文件逐个报告，不影响其余的；有失败的，退出码为 1。
用 --out 保存结果：每个录音一个 JSON，外加 summary.json 和 summary.csv。
中断后用同样的命令再运行，做完的不会重做。详见 docs/analyze.zh.md。
"""


def analyze(  # noqa: PLR0913 - each is an option of the command
    paths: Annotated[list[Path], typer.Argument(help="录音文件或文件夹。", metavar="FILE|FOLDER...")],
    as_json: Annotated[bool, typer.Option("--json", help="每个录音输出一行 JSON。")] = False,
    out: Annotated[Path | None, typer.Option(help="保存结果的文件夹；再次运行时只做没做完的。", metavar="DIR")] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="同时分析几个；默认每个处理器核一个。", metavar="N")
    ] = None,
    rules: Annotated[Path | None, typer.Option(help="自定义规则所在的文件夹。", metavar="DIR")] = None,
    engine: Annotated[str | None, typer.Option(help="用哪个识别引擎；默认用设置里的。", metavar="NAME")] = None,
    stereo: Annotated[
        str, typer.Option(help="双声道里谁在哪边：customer 来电者，agent 坐席，system 机器。", metavar="SIDES")
    ] = "left=customer,right=agent",
    agent_only: Annotated[bool, typer.Option("--agent-only", help="单声道录音里只有坐席。")] = False,
    customer_only: Annotated[bool, typer.Option("--customer-only", help="单声道录音里只有来电者。")] = False,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="不遮盖号码等个人信息。")] = False,
) -> None:
    # The docstring would be the help, which is Chinese: see `_HELP`.
    from gateway.analytics.recordings.batch import Batch
    from gateway.analytics.recordings.recipe import Recipe, made_with
    from gateway.analytics.recordings.results import Results

    sides = _sides(stereo, agent_only=agent_only, customer_only=customer_only)
    settings = load_settings()
    rules = rules or settings.analytics.rules
    name = engine or settings.engine
    config = settings.engines.get(name)
    told = f"{name} {config.model_dump_json(exclude={'token'})}" if config else name
    made = made_with(told, rules, sides, unmasked=unmasked)
    one_thread = settings.model_copy(update={"engine_threads": 1, "recognitions_at_once": 1})
    recipe = Recipe(partial(open_engine, one_thread, name), made, rules, sides, unmasked)
    files = wanted_files(paths)
    if not files:
        raise SettingsError(
            "there is no recording in it", where=", ".join(map(str, paths)), remedy="name audio files or their folder"
        )
    batch = Batch(files, recipe, workers or usual_workers(), Results(out, made) if out else None)
    with _ended_by_sigterm():
        ended = _tell(batch, rules, as_json=as_json)
    if status := ended or bool(batch.summary.failures):
        raise typer.Exit(int(status))


analyze.__doc__ = _HELP


def _tell(batch: Batch, rules: Path | None, *, as_json: bool) -> int:
    """Run it and tell what comes of it; returns the exit status of a run that was cut short, else 0."""
    from gateway.cli.analyzed import Reporter

    reporter = Reporter(len(batch.files), rules)
    ended = 0
    with closing(batch.run()) as running:
        try:
            with reporter.progress() as advance:
                for done in running:
                    advance()
                    if done.failure is not None:
                        typer.echo(f"voice-gateway: {done.failure}", err=True)
                    if as_json:
                        error = {"Error": done.failure, "File": {"Path": done.wanted.shown}}
                        typer.echo(json.dumps(done.document or error, ensure_ascii=False))
                    elif done.document is not None:
                        reporter.take(done.document)
        except KeyboardInterrupt as told:
            ended = told.args[0] if isinstance(told, _ToldToEnd) else 128 + signal.SIGINT
        except BrokenPipeError:  # nobody reads on: what was kept is kept
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            ended = 128 + signal.SIGPIPE
    summary = batch.finish()
    if not as_json:
        reporter.print(summary)
    if ended:
        typer.echo("voice-gateway: 已中断；用同样的命令和 --out 再运行，会接着做。", err=True)
    return ended


def _sides(stereo: str, *, agent_only: bool, customer_only: bool) -> Sides:
    if agent_only and customer_only:
        raise typer.BadParameter("--agent-only 和 --customer-only 只能用一个")
    told: dict[str, str] = {}
    for part in stereo.split(","):
        side, _, who = part.strip().partition("=")
        if side not in ("left", "right") or who not in SIDES or side in told:
            raise typer.BadParameter(
                f"--stereo {stereo}：写成 left=customer,right=agent（或 left=agent,right=customer）"
            )
        told[side] = who
    if len(told) == 1:
        (side, who), other = next(iter(told.items())), {"left": "right", "right": "left"}
        told[other[side]] = "agent" if who == "customer" else "customer"
    mono = "agent" if agent_only else "customer" if customer_only else None
    return Sides(cast(Participant, told["left"]), cast(Participant, told["right"]), cast("Participant | None", mono))


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM unwinds as Ctrl-C does: workers are ended, what was done is counted."""

    def end(number: int, _frame: object) -> None:
        raise _ToldToEnd(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class _ToldToEnd(KeyboardInterrupt):
    """Its argument is the exit status."""
