"""A test run told in Chinese, as rich's markup: the dialogues that differ as conversations, and the sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.markup import escape

from gateway.desk.dialogues.text import Held
from gateway.desk.telling import markup


def conversation(held: Held) -> Iterator[str]:
    """The dialogue with its verdict; what differs stands last, after the line that it differs from."""
    verdict = "[green]✓[/green]" if held.passed else "[red]✗[/red]"
    dialogue = held.dialogue
    where = f"{dialogue.source.file}:{dialogue.line()}"
    yield f"{verdict} [bold]{escape(dialogue.name)}[/bold]　[dim]{escape(where)}[/dim]"
    for line in held.lines:
        yield f"    {markup(line)}"
    if held.difference is not None:
        differs = held.difference
        yield f"  [red]▶ 第 {differs.line} 行　期望 {escape(differs.expected)}[/red]"
        yield f"  [red]　　　　　　实际 {escape(differs.found)}[/red]"
    yield ""


def summary(results: Sequence[Held], elapsed_s: float) -> str:
    """How many passed, and how fast."""
    failed = sum(not held.passed for held in results)
    steps = sum(len(held.dialogue.case.steps) for held in results)
    verdict = f"[red]{failed} 个不符[/red]" if failed else "[green]全部相符[/green]"
    return f"{len(results)} 个对话，{steps} 步，{verdict}，用时 {elapsed_s:.2f} 秒"
