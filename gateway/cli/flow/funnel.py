"""voice-gateway flow funnel: how stored calls went through a flow, and which phrases it lacks."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.cli.flow import stored
from gateway.cli.narrate import CallConsole
from gateway.desk.funnel import Funnel, NodeFigures
from gateway.desk.proposals import Places, yaml_lines
from gateway.desk.trace import KINDS
from gateway.desk.unmatched import Group, NoEvidence, Proposal, Understood, Verdict, judged, ranks
from gateway.dialogue.choices import AGENT
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import load_flow
from gateway.store import Wanted, stream_calls

MAX_GROUPS = 30
"""Groups of unmatched phrases that are told; the rest is counted."""
_TOLD_TEXTS = 5
_COLUMNS = {
    "no_input": "没说话",
    "no_match": "没听懂",
    "talked_over": "打断",
    "asked_human": "要人工",
    "hung_up": "挂机",
    "went_on": "往下走",
}


def funnel(
    flow: stored.Flow,
    store: stored.StoreDir = None,
    since: stored.Since = None,
    version: stored.Version = None,
    min_count: Annotated[
        int, typer.Option(min=1, help="Tell unmatched phrases heard at least so often.", metavar="COUNT")
    ] = 2,
    as_json: stored.AsJson = False,
) -> None:
    """Count stored calls node by node, and propose phrases for what was not understood."""
    now = dt.datetime.now().astimezone()
    began = stored.moment(since, now)
    compiled = CompiledFlow(load_flow(stored.flow_file(flow)))
    counted = Funnel(compiled)
    with stored.open_store(store) as opened:
        for call in stream_calls(opened, Wanted(flow=compiled.flow.flow, since=began, version=version), KINDS):
            counted.add(call)
    report = _Report(compiled, counted, min_count)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
    else:
        report.print(CallConsole())


class _Report:
    """What a funnel came to."""

    def __init__(self, flow: CompiledFlow, counted: Funnel, min_count: int) -> None:
        self._flow = flow.flow
        self._counted = counted
        self._places = Places(flow)
        frequent = [group for group in counted.unmatched.groups() if group.count >= min_count]
        self._left_out = len(frequent[MAX_GROUPS:])
        rank = ranks(flow)
        self._groups = [
            (group, judged(group, self._places.phrases(group.node), rank)) for group in frequent[:MAX_GROUPS]
        ]

    def as_json(self) -> dict[str, Any]:
        counted = self._counted
        return {
            "flow": self._flow.flow,
            "version": self._flow.version,
            "calls": counted.calls,
            "versions": dict(counted.versions.most_common()),
            "nodes": [asdict(node) for node in counted.nodes],
            "unmatched": [self._group_as_json(group, verdict) for group, verdict in self._groups],
            "unmatched_groups_left_out": self._left_out,
            "unmatched_answers_left_out": counted.unmatched.left_out,
            "add": self._yaml(),
        }

    def _group_as_json(self, group: Group, verdict: Verdict) -> dict[str, Any]:
        told = {"node": group.node, "count": group.count, "texts": dict(group.texts), "chose_next": dict(group.votes)}
        if isinstance(verdict, Proposal):
            told["proposal"] = {"option": verdict.option, "phrases": verdict.phrases, "score": verdict.score}
        if isinstance(verdict, Understood):
            told["understood_as"] = verdict.option
        return told

    def _yaml(self) -> list[str]:
        proposed = []
        for group, verdict in self._groups:
            if isinstance(verdict, Proposal) and (place := self._places.of(group.node, verdict.option)):
                proposed.append((place, verdict.phrases, f"{group.count} 次；{_why(verdict)}"))
        return yaml_lines(proposed)

    def print(self, console: Console) -> None:
        counted = self._counted
        versions = "，".join(f"{version}：{count} 通" for version, count in counted.versions.most_common(5))
        console.rule(f"[bold]{escape(self._flow.title)}　{counted.calls} 通电话[/bold]")
        if not counted.calls:
            console.print("没有符合条件的已结束的通话。")
            return
        console.print(f"[dim]按流程版本　{escape(versions)}[/dim]", soft_wrap=True)
        stored.print_whole(_table(counted.nodes))
        console.print("[dim]百分比：占进入这个节点的次数。每次进入，同一件事只计一次。[/dim]", soft_wrap=True)
        self._print_unmatched(console)

    def _print_unmatched(self, console: Console) -> None:
        if not self._groups:
            console.print("\n没有达到次数的未听懂的话。")
            return
        console.print("\n[bold]没听懂的话[/bold]（读音相近的归在一起）")
        for group, verdict in self._groups:
            texts = "、".join(f"{text}（{count}）" for text, count in group.texts[:_TOLD_TEXTS])
            more = f" 等 {len(group.texts)} 种" if len(group.texts) > _TOLD_TEXTS else ""
            line = f"{group.count:5d} 次  [cyan]{escape(group.node)}[/cyan]  {escape(texts)}{more}"
            console.print(line, soft_wrap=True)
            console.print(f"          [dim]{escape(self._advice(group, verdict))}[/dim]", soft_wrap=True)
        if self._left_out:
            console.print(f"另有 {self._left_out} 组没有列出；提高 --min-count，或缩短时间范围。")
        if left_out := self._counted.unmatched.left_out:
            console.print(f"另有 {left_out} 句没有归类：不同的话太多，只收最先出现的。")
        if lines := self._yaml():
            console.print("\n[bold]建议添加的说法[/bold]（粘贴到流程文件的相应位置）")
            for line in lines:
                console.print(line, markup=False, soft_wrap=True)

    def _advice(self, group: Group, verdict: Verdict) -> str:
        if not self._places.phrases(group.node):
            return "这个节点已不在流程里，或不再提问"
        if isinstance(verdict, Understood):
            return f"现在的流程已认得：{verdict.option}"
        if isinstance(verdict, NoEvidence) and not verdict.is_phrase:
            return f"话太长或带着号码，不宜作说法；{_next_choices(verdict.votes)}"
        if isinstance(verdict, NoEvidence):
            missing = "；这里也许缺一个选项" if verdict.votes and verdict.votes[0][0] == AGENT else ""
            return f"依据不足：{_next_choices(verdict.votes)}，匹配也不偏向某个选项{missing}"
        if self._places.of(group.node, verdict.option) is None:
            return f"可能是 {verdict.option}，但它的说法是内置的，不能添加（{_why(verdict)}）"
        return f"建议加到 {verdict.option}：{_why(verdict)}"


def _next_choices(votes: Sequence[tuple[str, int]]) -> str:
    if not votes:
        return "来电者后来没有选定什么"
    return "来电者接着选了 " + "、".join(f"{choice} {count} 次" for choice, count in votes)


def _why(proposal: Proposal) -> str:
    votes = f"来电者接着选了它，{proposal.of_votes} 次中 {proposal.votes} 次" if proposal.votes else ""
    score = f"匹配最像它，{proposal.score:.2f}，不到确认的把握" if proposal.score is not None else ""
    return "；".join(reason for reason in (votes, score) if reason)


def _table(nodes: Sequence[NodeFigures]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("节点", no_wrap=True)
    table.add_column("类型", no_wrap=True)
    for heading in ("通数", "次数", *_COLUMNS.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    for node in nodes:
        name = escape(node.node) if node.in_flow else f"{escape(node.node)} [yellow]（已不在流程里）[/yellow]"
        figures = [stored.share(getattr(node, column), node.entered) for column in _COLUMNS]
        style = None if node.entered else "dim"
        table.add_row(name, node.kind, str(node.calls), str(node.entered), *figures, style=style)
    return table
