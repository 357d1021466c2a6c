"""A test run told in Chinese, as rich's markup: the dialogues that differ as conversations, and the sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.markup import escape

from gateway.desk.dialogues.coverage import Coverage
from gateway.desk.dialogues.goals import Goal, Kind
from gateway.desk.dialogues.text import Held
from gateway.desk.telling import Did, Said, markup
from gateway.dialogue.source import Source
from gateway.privacy import mask, personal_numbers


def conversation(held: Held) -> Iterator[str]:
    """The dialogue with its verdict; what differs stands last, after the line that it differs from."""
    verdict = "[yellow]⊘[/yellow]" if held.skipped else "[green]✓[/green]" if held.passed else "[red]✗[/red]"
    dialogue = held.dialogue
    where = f"{dialogue.source.file}:{dialogue.line()}"
    yield f"{verdict} [bold]{escape(dialogue.name)}[/bold]　[dim]{escape(where)}[/dim]"
    lines = held.tell()
    last_act = max((index for index, line in enumerate(lines) if isinstance(line, Did)), default=-1)
    wrong = held.difference is not None and held.difference.heard
    for index, line in enumerate(lines):
        marked = wrong and index > last_act and isinstance(line, Said)
        yield f"  [red]✗[/red] {markup(line)}" if marked else f"    {markup(line)}"
    if held.skipped:
        yield f"  [yellow]没有试：{escape(held.skipped)}[/yellow]"
    if held.difference is not None:
        differs = held.difference
        hidden = _hidden(differs.expected, differs.found)
        yield f"  [red]▶ 第 {differs.line} 行　期望 {escape(mask(differs.expected))}[/red]"
        yield f"  [red]　　　　　　实际 {escape(mask(differs.found))}{hidden}[/red]"
    yield ""


def _hidden(expected: str, found: str) -> str:
    """What of a difference masking hides: at which digits two numbers differ that look the same; empty when nothing."""
    there = personal_numbers(found)
    for number in personal_numbers(expected):
        alike = [other for other in there if mask(other) == mask(number)]
        if alike and number not in alike:
            pairs = enumerate(zip(number, alike[0], strict=True), 1)
            places = "、".join(str(place) for place, (one, other) in pairs if one != other)
            return f"（{mask(number)} 遮住的数字不同：第 {places} 位）"
    same = mask(expected) == mask(found) and expected != found
    return "（遮住的号码写法不同）" if same else ""


def gaps(coverage: Coverage, source: Source) -> Iterator[str]:
    """How much of the flow was exercised, and what wasn't, with its line."""
    yield "覆盖　" + "　".join(_share(coverage, kind) for kind in Kind if coverage.share(kind)[1])
    for kind in Kind:
        if missed := coverage.missed(kind):
            yield f"  没有走到的{kind}："
            for subject, goals in groupby(missed, key=lambda goal: goal.subject):
                yield "    " + "　".join([escape(subject), *(_place(goal, coverage, source) for goal in goals)])


def _place(goal: Goal, coverage: Coverage, source: Source) -> str:
    spot = source.spot(coverage.goals[goal], key=True)
    return f"{escape(goal.what)}[dim]（{escape(spot.file.name)}:{spot.line}）[/dim]"


def _share(coverage: Coverage, kind: Kind) -> str:
    reached, total = coverage.share(kind)
    colour = "green" if reached == total else "yellow"
    return f"{kind} [{colour}]{reached}/{total}（{100 * reached // total}%）[/{colour}]"


def summary(results: Sequence[Held], elapsed_s: float) -> str:
    """How many passed, and how fast."""
    failed = sum(held.difference is not None for held in results)
    skipped = sum(bool(held.skipped) for held in results)
    steps = sum(len(held.dialogue.case.steps) for held in results)
    verdict = f"[red]{failed} 个不符[/red]" if failed else "[green]全部相符[/green]"
    repeated = sum(held.passed and held.repeats > 0 for held in results)
    verdict += f"，其中 {repeated} 个要重说或确认才听懂" if repeated else ""
    verdict += f"，[yellow]{skipped} 个没有试[/yellow]" if skipped else ""
    return f"{len(results)} 个对话，{steps} 步，{verdict}，用时 {elapsed_s:.2f} 秒"
