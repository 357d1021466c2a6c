"""voice-gateway flow replay: stored calls through a changed flow, and which would now go elsewhere."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.flow import stored
from gateway.cli.narrate import CallConsole
from gateway.desk.conversation import remembering
from gateway.desk.replay import Difference, Replay
from gateway.desk.retrace import Where
from gateway.desk.trace import KINDS
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.errors import FlowError
from gateway.store import Wanted, stream_calls

_UNPLACED = {
    "gone": "节点已不在流程里",
    "asks_nothing": "节点不再提问",
    "unknown": "当时的去向或要确认的内容已无从得知",
    "resumed": "断线后接着办的电话，之前的情形不在这通电话里",
}


def replay(
    flow: stored.Flow,
    store: stored.StoreDir = None,
    flow_file: Annotated[
        Path | None, typer.Option(help="The changed flow; else the hotline as it is now.", metavar="PATH")
    ] = None,
    since: stored.Since = None,
    show: Annotated[int, typer.Option(min=0, help="List so many differing answers.", metavar="COUNT")] = 50,
    as_json: stored.AsJson = False,
    fail_on_difference: Annotated[
        bool, typer.Option("--fail-on-difference", help="Exit with status 1 when a call would go elsewhere.")
    ] = False,
) -> None:
    """Give the answers of stored calls to a changed flow, and tell which would now lead elsewhere."""
    began = stored.moment(since, dt.datetime.now().astimezone())
    known = load_flow(stored.flow_file(flow))
    changed = load_flow(stored.flow_file(str(flow_file))) if flow_file else known
    if changed.flow != known.flow:
        raise FlowError([f"{flow_file}: 这是 `{changed.flow}` 的流程，不是改过的 `{known.flow}`；请写它的文件"])
    replayed = Replay(CompiledFlow(changed, remembering), max_kept=show)
    with stored.open_store(store) as opened:
        for call in stream_calls(opened, Wanted(flow=known.flow, since=began), KINDS):
            replayed.add(call)
    if as_json:
        typer.echo(json.dumps(_as_json(replayed), ensure_ascii=False))
    else:
        _print(CallConsole(), changed.title, replayed)
    if fail_on_difference and replayed.different:
        raise typer.Exit(1)


def _as_json(replayed: Replay) -> dict[str, Any]:
    return {
        "calls": replayed.calls,
        "calls_elsewhere": replayed.calls_elsewhere,
        "answers": replayed.answers,
        "same": replayed.same,
        "different": replayed.different,
        "unplaced": dict(replayed.unplaced),
        "changes": [
            {"node": node, "before": _where(before), "now": _where(now), "count": count}
            for (node, before, now), count in replayed.changes.most_common()
        ],
        "differences": [
            {**asdict(one), "before": _where(one.before), "now": _where(one.now)} for one in replayed.differences
        ],
    }


def _where(where: Where) -> dict[str, str | None]:
    return {"how": where.how, "what": where.what} | ({"or_else": where.or_else} if where.or_else else {})


def _print(console: Console, title: str, replayed: Replay) -> None:
    console.rule(f"[bold]{escape(title)}　{replayed.calls} 通电话，{replayed.answers} 次回答[/bold]")
    if not replayed.calls:
        console.print("没有符合条件的已结束的通话。")
        return
    console.print(f"去向不变 {replayed.same} 次，改变 {replayed.different} 次，涉及 {replayed.calls_elsewhere} 通电话")
    for why, count in replayed.unplaced.most_common():
        console.print(f"[dim]未比较 {count} 次：{_UNPLACED[why]}[/dim]")
    if not replayed.different:
        return
    console.print("\n[bold]改变了的去向[/bold]")
    stored.print_whole(_changes(replayed))
    if replayed.differences:
        console.print("\n[bold]逐条[/bold]")
    for one in replayed.differences:
        console.print(_line(one), markup=False, soft_wrap=True)
    if left := replayed.different - len(replayed.differences):
        console.print(f"另有 {left} 条没有列出；用 --show 多列一些。")


def _changes(replayed: Replay) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("次数", justify="right", no_wrap=True)
    for heading in ("节点", "原来", "现在"):
        table.add_column(heading, no_wrap=True)
    for (node, before, now), count in replayed.changes.most_common():
        table.add_row(str(count), escape(node), escape(_told(before)), escape(_told(now)))
    return table


def _line(one: Difference) -> str:
    said = {"speech": f"“{one.said}”", "keys": f"按键 {one.said}", "silence": "（没有说话）"}[one.kind]
    return f"{one.call_id}  {one.node}  {said}  {_told(one.before)} → {_told(one.now)}"


def _told(where: Where) -> str:
    match where.how:
        case "goes":
            return f"{where.what}（若跳过提问：{where.or_else}）" if where.or_else else str(where.what)
        case "asks":
            return f"待确认 {where.what}"
        case "changes":
            return f"转到模式 {where.what}"
        case _:
            return "留在原处"
