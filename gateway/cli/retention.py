"""voice-gateway retention ...: how long calls are kept, and proof that they are gone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.errors import StoreError
from gateway.settings import load_settings
from gateway.store import Store, retention
from gateway.store.retention import Due, RetentionConfig, What
from gateway.store.store import LOCK

app = typer.Typer(help="保存期限：到期的录音、文字和通话，删除并留下证明。", no_args_is_help=True)

TITLES: dict[What, str] = {"recording": "录音", "transcript": "文字", "call": "整通通话"}
MAX_LINES = 50
"""Due things that are listed; the rest is counted."""
WAIT_S = 1.0

StoreOption = Annotated[Path | None, typer.Option("--store", help="通话库的目录。", metavar="DIR")]
RecordingsDays = Annotated[
    int | None, typer.Option(min=0, max=36_500, help="录音保存天数；不写：按设置。", metavar="DAYS")
]
TranscriptsDays = Annotated[
    int | None, typer.Option(min=0, max=36_500, help="文字保存天数；不写：按设置。", metavar="DAYS")
]
CallsDays = Annotated[
    int | None, typer.Option(min=0, max=36_500, help="整通通话保存天数；不写：按设置。", metavar="DAYS")
]
KeepOriginal = Annotated[
    bool | None, typer.Option("--keep-original/--delete-original", help="已有脱敏副本的原始录音：保留，还是删除。")
]


@app.command()
def plan(
    store: StoreOption = None,
    recordings_days: RecordingsDays = None,
    transcripts_days: TranscriptsDays = None,
    calls_days: CallsDays = None,
    keep_original: KeepOriginal = None,
) -> None:
    """只列出到期的内容，什么都不删。网关运行时也可以用。"""
    policy = _policy(recordings_days, transcripts_days, calls_days, keep_original)
    with Store.open_for_reading(_directory(store)) as opened:
        due = retention.plan(opened, policy, datetime.now(UTC))
    console = Console(highlight=False)
    if not due:
        console.print("没有到期的内容。")
        return
    console.print(_table(due[:MAX_LINES]))
    counts = Counter(one.what for one in due)
    told = "，".join(f"{title} {counts[what]}" for what, title in TITLES.items() if counts[what])
    console.print(f"共 {len(due)} 项到期：{told}；录音 {_megabytes(sum(one.size_bytes for one in due))}。")
    console.print("这里什么都没有删。要删除，请用同样的参数运行 voice-gateway retention run。")


@app.command()
def run(
    store: StoreOption = None,
    recordings_days: RecordingsDays = None,
    transcripts_days: TranscriptsDays = None,
    calls_days: CallsDays = None,
    keep_original: KeepOriginal = None,
) -> None:
    """删除到期的内容，每一项都留下证明。网关正在使用通话库时不运行。"""
    policy = _policy(recordings_days, transcripts_days, calls_days, keep_original)
    console = Console(highlight=False)
    with _owned(_directory(store)) as opened:
        done = retention.apply(opened, policy, datetime.now(UTC))
    told = "，".join(f"{title} {done.counts[what]}" for what, title in TITLES.items())
    console.print(f"已删除：{told}；共 {_megabytes(done.size_bytes)}。")
    if done.finished:
        console.print(f"补完了上次中断的 {done.finished} 项。")
    for problem in done.failed:
        console.print(f"没有删掉：{problem}", style="red", markup=False)
    if not done.log_emptied:
        console.print("有程序正在读通话库，数据库日志里可能还有已删的内容；请稍后再运行一次。", style="yellow")
    if done.failed or not done.log_emptied:
        raise typer.Exit(1)


@app.command()
def verify(store: StoreOption = None) -> None:
    """核对删除证明：记录为已删的内容，是否真的都不在了。"""
    with Store.open_for_reading(_directory(store)) as opened:
        found = retention.verify(opened)
    console = Console(highlight=False)
    if not found:
        console.print("核对无误：记录为已删的内容都不在了。")
        return
    for one in found:
        console.print(f"还在：{TITLES[one.what]}　通话 {one.call_id or '-'}　{one.where}", style="red", markup=False)
    console.print(f"共 {len(found)} 处。请运行 voice-gateway retention run 补完删除。")
    raise typer.Exit(1)


def _owned(directory: Path) -> Store:
    """The store, of which this process is the only writer. Raises StoreError."""
    with Store.open_for_reading(directory):  # nothing is made where there is no store
        pass
    try:
        return Store.open(directory, wait_s=WAIT_S)
    except StoreError as error:
        if "in use" not in str(error):
            raise
        owner = (directory / LOCK).read_text(encoding="utf-8", errors="replace").strip()
        raise StoreError(
            f"另一个程序正在使用通话库（{owner}）",
            where=str(directory),
            remedy="请先停下网关再运行；网关自己也会每天按设置删除到期的内容",
        ) from None


def _policy(
    recordings_days: int | None, transcripts_days: int | None, calls_days: int | None, keep_original: bool | None
) -> RetentionConfig:
    """That of the settings, but for what was given."""
    given = {
        "recordings_days": recordings_days,
        "transcripts_days": transcripts_days,
        "calls_days": calls_days,
        "keep_original": keep_original,
    }
    return load_settings().retention.model_copy(update={name: one for name, one in given.items() if one is not None})


def _directory(store: Path | None) -> Path:
    return store or load_settings().data_dir


def _table(due: list[Due]) -> Table:
    table = Table()
    for column in ("通话", "内容", "文件", "通话结束", "依据"):
        table.add_column(column, no_wrap=True)
    for one in due:
        ended = f"{one.ended_at.astimezone():%Y-%m-%d %H:%M}" if one.ended_at else "-"
        file = one.sound.path.name if one.sound else ""
        table.add_row(one.call_id or "-", TITLES[one.what], file, ended, one.reason)
    return table


def _megabytes(size_bytes: int) -> str:
    return f"{size_bytes / 1_000_000:.1f} MB"
