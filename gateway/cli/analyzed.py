"""What `voice-gateway analyze` shows to people: a bar while it works, then conversations, tables and the summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from gateway.analytics.recordings.summary import duration_of
from gateway.analytics.routing.book import load_book
from gateway.analytics.tickets.rules import PRIORITIES
from gateway.analytics.titles import ENTITY_TITLES, SEVERITY_TITLES, TREND_TITLES
from gateway.cli.narrate import CallConsole

_WHOLE = 3
"""So many recordings are shown word by word; of more, a line each."""
_ROWS = 40
"""Lines of a table; the rest is in summary.csv."""
_FILES = 5
"""Of a flag, so many files are named."""
_SPEAKERS = {"CUSTOMER": "[cyan]来电者[/cyan]", "AGENT": "[green]坐　席[/green]", "SYSTEM": "[dim]机　器[/dim]"}
_POLARITIES = {"POSITIVE": "正面", "NEUTRAL": "中性", "NEGATIVE": "[red]负面[/red]"}
_ANGERS = ("平静", "[yellow]不耐烦[/yellow]", "[red]生气[/red]", "[bold red]暴怒[/bold red]")
_SEVERITIES = {
    **SEVERITY_TITLES,
    "high": f"[yellow]{SEVERITY_TITLES['high']}[/yellow]",
    "critical": f"[red]{SEVERITY_TITLES['critical']}[/red]",
}
_PRIORITIES = {**PRIORITIES, "urgent": f"[red]{PRIORITIES['urgent']}[/red]"}
_WARNINGS = {
    "no_speech": "没有听到说话",
    "one_side_silent": "有一个声道没有说话",
    "sides_unsure": "两个说话人分不清谁是坐席，都算来电者",
    "sides_swapped": "两个声道像是反了（--stereo 可以改）",
    "clipped": "录音削波失真",
}


class Reporter:
    """Shows one run.

    Args:
        files: how many there are.
        rules: the folder of rules, for the names of routes.
    """

    def __init__(self, files: int, rules: Path | None) -> None:
        self._files = files
        self._console = CallConsole()
        book = load_book(rules).rules
        self._routes = {name: route.label for name, route in book.routes.items()}
        self._teams = dict(book.skill_groups)
        self._documents: list[Mapping[str, Any]] = []
        self._left_out = 0

    @contextmanager
    def progress(self) -> Iterator[Callable[[], None]]:
        """A bar on stderr, where that is a terminal; yields what moves it on."""
        console = Console(stderr=True)
        columns = (
            TextColumn("分析录音"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=console, disable=not console.is_terminal or self._files < 2) as bar:
            task = bar.add_task("", total=self._files)
            yield lambda: bar.advance(task)

    def take(self, document: Mapping[str, Any]) -> None:
        """A recording that was analysed; it is shown with the rest."""
        if len(self._documents) < _ROWS:
            self._documents.append(document)
        else:
            self._left_out += 1

    def print(self, summary: Mapping[str, Any]) -> None:
        """Everything."""
        if self._files <= _WHOLE:
            for document in self._documents:
                self._print_conversation(document)
        elif self._documents:
            self._console.print(self._table())
            if self._left_out:
                self._console.print(
                    f"[dim]另有 {self._left_out} 个录音没有列出；全部在 --out 的 summary.csv 里。[/dim]"
                )
        if self._files > 1:
            self._print_summary(summary)

    def _route(self, name: str) -> str:
        return escape(self._routes.get(name, name))

    def _print_conversation(self, document: Mapping[str, Any]) -> None:
        console = self._console
        console.rule()
        told = f"[bold]{_shown(document['File']['Path'])}[/bold]　{_time(duration_of(document))}"
        console.print(told, soft_wrap=True)
        for warning in document["Warnings"]:
            console.print(f"[yellow]注意：{_WARNINGS.get(warning, warning)}[/yellow]")
        for item in document["Transcript"]:
            cut_in = "[yellow]（抢话）[/yellow]" if item["Interrupts"] else ""
            told = f"[dim]{_time(item['BeginOffsetMillis'])}[/dim] {_SPEAKERS[item['ParticipantRole']]} {cut_in}"
            console.print(told + _shown(item["Content"]), soft_wrap=True)
        console.print(self._found(document))

    def _found(self, document: Mapping[str, Any]) -> Table:
        table = _pairs()
        route, mood, ticket = document["Route"], document["Mood"], document["Ticket"]
        team = escape(self._teams.get(route["SkillGroup"], route["SkillGroup"]))
        table.add_row("诉求", f"{self._route(route['Name'])}（{route['Probability']:.0%}）→ {team}")
        felt = f"{_POLARITIES[mood['Sentiment']]}，{_ANGERS[mood['Anger']]}，{TREND_TITLES[mood['Trend']]}"
        table.add_row("情绪", f"{felt}，结束时{_POLARITIES[mood['SentimentAtEnd']]}")
        for flag in document["Categories"]["MatchedDetails"].values():
            words = "、".join(_shown(one["Content"]) for one in flag["PointsOfInterest"] if one["Content"])
            told = f"{escape(flag['Title'])}（{_SEVERITIES[flag['Severity']]}）{_time(flag['FirstOffsetMillis'])}"
            table.add_row("标记", f"{told} {words}")
        analyses = [item["Analysis"] for item in document["Transcript"] if item["Analysis"]]
        entities = {(one["Kind"], one["Value"]): None for found in analyses for one in found["Entities"]}
        if entities:
            told = "、".join(f"{ENTITY_TITLES.get(kind, kind)} {_shown(value)}" for kind, value in entities)
            table.add_row("要素", told)
        for card in document["Quality"]:
            lost = "、".join(escape(rule["Title"]) for rule in card["Rules"] if not rule["Passed"])
            failed = "[red]不合格[/red] " if card["Failed"] else ""
            table.add_row("质检", f"{escape(card['Title'])} {card['Score']:g} 分 {failed}" + (lost and f"扣分：{lost}"))
        if ticket:
            told = f"{self._route(ticket['Category'])}，{_PRIORITIES[ticket['Priority']]}"
            table.add_row("工单", f"{told}，{_shown(ticket['SolveBy'][:16].replace('T', ' '))} 前解决")
        if document["Summary"]:
            table.add_row("小结", _shown(document["Summary"]))
        return table

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False)
        table.add_column("录音", overflow="fold", ratio=3)
        table.add_column("时长", justify="right", no_wrap=True)
        for heading in ("诉求", "情绪", "标记"):
            table.add_column(heading, overflow="fold")
        table.add_column("质检", justify="right")
        table.add_column("小结", overflow="fold", ratio=4)
        files = [document["File"]["Path"] for document in self._documents]
        common = _common(files)
        for file, document in zip(files, self._documents, strict=True):
            mood = document["Mood"]
            flags = "、".join(escape(flag["Title"]) for flag in document["Categories"]["MatchedDetails"].values())
            warnings = "；".join(_WARNINGS.get(one, one) for one in document["Warnings"])
            table.add_row(
                _shown(os.path.relpath(file, common) if common else file),
                _time(duration_of(document)),
                self._route(document["Route"]["Name"]),
                _ANGERS[mood["Anger"]] if mood["Anger"] else _POLARITIES[mood["Sentiment"]],
                flags,
                " ".join(f"{card['Score']:g}" for card in document["Quality"]),
                _shown(document["Summary"]) + (f"[yellow]（{warnings}）[/yellow]" if warnings else ""),
            )
        return table

    def _print_summary(self, summary: Mapping[str, Any]) -> None:
        console = self._console
        failed = f"，[red]失败 {summary['failed']} 个[/red]" if summary["failed"] else ""
        earlier = f"（其中 {summary['unchanged']} 个以前已做完）" if summary["unchanged"] else ""
        console.rule(f"[bold]共 {summary['files']} 个录音：分析 {summary['analysed']} 个{earlier}{failed}[/bold]")
        if summary["times_real_time"]:
            took = f"用时 {_time(summary['elapsed_s'] * 1000)}，是实际时长的 {summary['times_real_time']:g} 倍速"
            console.print(f"本次录音时长 {_time(summary['new_audio_s'] * 1000)}，{took}")
        table = _pairs()
        table.add_row("诉求", "　".join(f"{self._route(name)} {count}" for name, count in summary["routes"].items()))
        table.add_row(
            "情绪", "　".join(f"{_POLARITIES[name.upper()]} {count}" for name, count in summary["polarity"].items())
        )
        table.add_row("怒气", "　".join(f"{_ANGERS[int(level)]} {count}" for level, count in summary["anger"].items()))
        for card in summary["quality"]:
            failed = f"，[red]不合格 {card['failed']} 个[/red]" if card["failed"] else ""
            scores = f"{card['count']} 个，平均 {card['mean']:g} 分，最低 {card['least']:g} 分"
            table.add_row("质检", f"{escape(card['title'])}：{scores}{failed}")
        for flag in summary["flags"]:
            told = f"{escape(flag['title'])}（{_SEVERITIES[flag['severity']]}）{len(flag['files'])} 个"
            table.add_row("标记", f"{told}：{_files(flag['files'])}")
        for warning, files in summary["warnings"].items():
            table.add_row(
                "[yellow]注意[/yellow]", f"{_WARNINGS.get(warning, warning)} {len(files)} 个：{_files(files)}"
            )
        for failure in summary["failures"][:_ROWS]:
            table.add_row("[red]失败[/red]", _shown(failure["reason"]))
        console.print(table)


def _pairs() -> Table:
    """What, and what of it."""
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    return table


def _common(files: list[str]) -> str:
    """The folder that all of them are in; empty when there is none, or but one file."""
    try:
        return os.path.commonpath([str(Path(file).parent) for file in files]) if len(files) > 1 else ""
    except ValueError:  # some relative, some not
        return ""


def _files(files: list[str]) -> str:
    more = f" 等 {len(files)} 个" if len(files) > _FILES else ""
    return "、".join(map(_shown, files[:_FILES])) + more


def _shown(text: str) -> str:
    """Anybody's text for a terminal: no markup, no control characters."""
    return escape("".join(char if char.isprintable() else "�" for char in text))


def _time(ms: float) -> str:
    seconds = int(ms // 1000)
    return (
        f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        if seconds >= 3600
        else f"{seconds // 60:02d}:{seconds % 60:02d}"
    )
