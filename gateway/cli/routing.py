"""voice-gateway routing ...: train the ticket router from examples, and see how often it is right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.analytics.routing.book import RouteBook, load_book
from gateway.analytics.routing.router import Router
from gateway.analytics.routing.scores import Confusion, Figures, figures

app = typer.Typer(help="Which matter a caller's words are about.", no_args_is_help=True)

_TOLD_PAIRS = 15
_TOLD_TEXTS = 5
Rules = Annotated[
    Path | None,
    typer.Option("--rules", help="Folder with your own routes.yaml; the package's without it.", metavar="DIR"),
]


@app.command("train")
def train(rules: Rules = None) -> None:
    """Train the model from the examples of routes.yaml, write it beside them, and tell how well it does."""
    from gateway.analytics.routing.model import model_file, save  # scikit-learn takes a second to import
    from gateway.analytics.routing.training import FOLDS
    from gateway.analytics.routing.training import train as trained_from

    book = load_book(rules, own=True)
    console = Console(highlight=False)
    console.print(
        f"读取 {escape(str(book.file))}：{len(list(book.examples()))} 条例句，{len(book.rules.routes)} 类。",
        soft_wrap=True,
    )
    with console.status("正在训练……"):
        trained = trained_from(book)
    file = model_file(book)
    save(trained.model, file)
    _print(console, f"{FOLDS} 折交叉验证（每条例句都由没见过它的模型来判）", trained.figures, book)
    console.print(
        f"模型已写入 {escape(str(file))}；把握低于 {trained.model.threshold:.2f} 的归入 other。", soft_wrap=True
    )


@app.command("score")
def score(
    file: Annotated[
        Path,
        typer.Argument(help="Tab-separated, with a header line and the columns text and route.", metavar="FILE.tsv"),
    ],
    rules: Rules = None,
) -> None:
    """Tell how often the router is right on sentences whose route somebody judged, and what it mixes up."""
    from gateway.analytics.routing.judged import read_judged

    router = Router.load(rules)
    judged = read_judged(file, router.book.rules.routes)
    texts, truth = [text for text, _ in judged], [route for _, route in judged]
    found = figures(texts, truth, [router.route_text(text).route for text in texts])
    console = Console(highlight=False)
    _print(console, f"{file.name}　{len(texts)} 句", found, router.book)


def _print(console: Console, title: str, found: Figures, book: RouteBook) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("类别", "名称"):
        table.add_column(heading, no_wrap=True)
    for heading in ("准确率", "召回率", "F1", "句数"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in found.routes:
        numbers = [f"{number:.3f}" for number in (one.precision, one.recall, one.f1)]
        table.add_row(one.route, escape(book.rules.routes[one.route].label), *numbers, str(one.support))
    console.rule(f"[bold]{escape(title)}[/bold]")
    console.print(table)
    console.print(f"[bold]宏平均 F1　{found.macro_f1:.3f}[/bold]　正确 {found.accuracy:.1%}")
    if found.confusions:
        console.print("\n[bold]判错的句子[/bold]（应为 → 判为）")
    for confusion in found.confusions[:_TOLD_PAIRS]:
        _print_confusion(console, confusion)
    if left_out := len(found.confusions[_TOLD_PAIRS:]):
        console.print(f"另有 {left_out} 种混淆没有列出。")


def _print_confusion(console: Console, one: Confusion) -> None:
    texts = "；".join(one.texts[:_TOLD_TEXTS]) + (" ……" if len(one.texts) > _TOLD_TEXTS else "")
    pair = f"[cyan]{one.truth} → {one.guess}[/cyan]"
    console.print(f"{len(one.texts):4d} 句  {pair}  {escape(texts)}", soft_wrap=True)
