"""voice-gateway outbox ...: what is to be sent, what became of it, and dead letters sent once more.

Works beside a running gateway: it finds what is brought back within seconds.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table
from sqlalchemy.orm import Session

from gateway.analytics.shapes import Kind, schema_file
from gateway.cli.flow import stored
from gateway.cli.narrate import CallConsole
from gateway.settings import load_settings
from gateway.store import Store, letters
from gateway.store.letters import Chosen, Letter
from gateway.store.outbox import DEAD, DELIVERED, DROPPED, WAITING

app = typer.Typer(help="待发送的结果：查看、重发、放弃。", no_args_is_help=True)

_STATES = {WAITING: "待发送", DELIVERED: "已送达", DEAD: "死信", DROPPED: "已放弃"}
_COLORS = {WAITING: "yellow", DELIVERED: "green", DEAD: "red", DROPPED: "dim"}
_ERROR_SHOWN = 100

Keys = Annotated[list[str] | None, typer.Argument(help="文档的幂等键，list 里有。", metavar="[KEY]...")]
SinkName = Annotated[str, typer.Option("--sink", help="只看发往这里的。", metavar="NAME")]
Call = Annotated[str, typer.Option("--call", help="只看这通电话的。", metavar="CALL_ID")]
Everything = Annotated[bool, typer.Option("--all", help="全部，不再缩小范围。")]


@app.command("list")
def list_letters(
    store: stored.StoreDir = None,
    sink: SinkName = "",
    call: Call = "",
    state: Annotated[
        list[str] | None, typer.Option(help=f"状态：{'、'.join(_STATES)}；默认待发送和死信。", metavar="STATE")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="最多列出几条。", metavar="COUNT")] = 50,
    as_json: stored.AsJson = False,
) -> None:
    """列出待发送的和死信，最新的在前；并按去处统计。"""
    states = state or [WAITING, DEAD]
    if unknown := [one for one in states if one not in _STATES]:
        raise typer.BadParameter(f"没有“{unknown[0]}”这种状态；可以写：{'、'.join(_STATES)}", param_hint="--state")
    with stored.open_store(store) as opened, opened.session() as session:
        counts = letters.counts(session)
        found = letters.letters(session, Chosen(states=states, sink=sink, call_id=call), limit)
    if as_json:
        told = {"counts": [asdict(one) for one in counts], "letters": [asdict(one) for one in found]}
        typer.echo(json.dumps(told, ensure_ascii=False, default=str))
        return
    console = CallConsole()
    if not counts:
        console.print("发件箱是空的。")
        return
    for one in counts:
        oldest = _local(one.oldest)
        console.print(
            f"{escape(one.sink)}　[{_COLORS[one.state]}]{_STATES[one.state]}[/] {one.count} 条，最早 {oldest}",
            soft_wrap=True,
        )
    if found:
        stored.print_whole(_table(found))


@app.command("show")
def show(
    key: Annotated[str, typer.Argument(help="文档的幂等键。", metavar="KEY")],
    store: stored.StoreDir = None,
    as_json: Annotated[bool, typer.Option("--json", help="只打印文档本身。")] = False,
) -> None:
    """显示一个文档：发往哪里、到了哪一步、内容是什么。"""
    with stored.open_store(store) as opened, opened.session() as session:
        body = letters.body(session, key)
        found = letters.letters(session, Chosen(keys=[key]), limit=100)
    if body is None:
        typer.echo(f"发件箱里没有 {key}；voice-gateway outbox list 列出都有什么。", err=True)
        raise typer.Exit(1)
    if as_json:
        typer.echo(json.dumps(body, ensure_ascii=False))
        return
    if found:
        stored.print_whole(_table(found))
    typer.echo(json.dumps(body, ensure_ascii=False, indent=2))


@app.command("retry")
def retry(
    keys: Keys = None,
    store: stored.StoreDir = None,
    sink: SinkName = "",
    call: Call = "",
    everything: Everything = False,
) -> None:
    """把死信和已放弃的重新发送。同一通电话后面的结果也许已先送达。"""
    count = _change(store, _chosen(keys, sink, call, everything), letters.retry)
    _told(count, f"{count} 条重新进入发送；网关在运行的话，几秒内就会发出。", "没有符合条件的死信。")


@app.command("drop")
def drop(
    keys: Keys = None,
    store: stored.StoreDir = None,
    sink: SinkName = "",
    call: Call = "",
    everything: Everything = False,
) -> None:
    """放弃待发送的和死信，不再发送。"""
    count = _change(store, _chosen(keys, sink, call, everything), letters.drop)
    _told(count, f"放弃了 {count} 条；还想发的话：voice-gateway outbox retry。", "没有符合条件的。")


@app.command("schema")
def schema(
    kind: Annotated[str, typer.Argument(help="call（整通电话）或 event（通话中的事件）。", metavar="KIND")],
) -> None:
    """打印文档的 JSON Schema。"""
    kinds: dict[str, Kind] = {"call": "call", "event": "event"}
    if kind not in kinds:
        raise typer.BadParameter(f"没有“{kind}”这种文档；可以写：call、event", param_hint="KIND")
    typer.echo(schema_file(kinds[kind]).read_text(encoding="utf-8"), nl=False)


def _chosen(keys: list[str] | None, sink: str, call: str, everything: bool) -> Chosen:
    if not (keys or sink or call or everything):
        raise typer.BadParameter("写出幂等键，或 --sink、--call，或 --all")
    return Chosen(keys=keys or (), sink=sink, call_id=call)


def _change(directory: Path | None, chosen: Chosen, change: Callable[[Session, Chosen, dt.datetime], int]) -> int:
    with Store.open_beside(directory or load_settings().data_dir) as opened, opened.writing() as session:
        return change(session, chosen, dt.datetime.now(dt.UTC))


def _told(count: int, done: str, nothing: str) -> None:
    typer.echo(done if count else nothing, err=not count)
    if not count:
        raise typer.Exit(1)


def _table(found: list[Letter]) -> Table:
    table = Table("去处", "状态", "类别", "幂等键", "写入", "失败次数", "下次", "原因")
    for one in found:
        following = _local(one.next_at) if one.state == WAITING else ""
        cells: list[Any] = [one.sink, f"[{_COLORS[one.state]}]{_STATES[one.state]}[/]", one.topic, escape(one.key)]
        cells += [_local(one.created_at), str(one.attempts or ""), following, escape(one.last_error[:_ERROR_SHOWN])]
        table.add_row(*cells)
    return table


def _local(moment: dt.datetime) -> str:
    return f"{moment.astimezone():%m-%d %H:%M:%S}"
