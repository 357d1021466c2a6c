"""voice-gateway ticket ...: the work orders of a store."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from gateway.analytics.tickets.lookups import TOLD
from gateway.analytics.tickets.rules import PRIORITIES, TicketRules
from gateway.errors import StoreError
from gateway.privacy import mask
from gateway.settings import load_settings
from gateway.store import Store
from gateway.store.tickets import Status, TicketRecord, TicketStep
from gateway.store.worklist import get_ticket, list_tickets, take_step

app = typer.Typer(help="工单：查看，办理，回访。", no_args_is_help=True)

STATUSES: dict[str, Status] = {title: status for status, title in TOLD.items()} | {one: one for one in TOLD}

StoreOption = Annotated[Path | None, typer.Option("--store", help="通话库的目录。", metavar="DIR")]


@app.command("list")
def list_(
    store: StoreOption = None,
    status: Annotated[str | None, typer.Option(help="处理中、待回访或已完成。", metavar="STATUS")] = None,
    limit: Annotated[int, typer.Option(help="最多列出多少张，最新的在前。", min=1, max=10_000)] = 50,
) -> None:
    """列出工单：类别、处理组、摘要、时限，超时的标红。"""
    rules, now = _rules(), datetime.now(UTC)
    with Store.open_for_reading(_directory(store)) as opened:
        tickets = list_tickets(opened, status=None if status is None else _status(status), limit=limit)
    table = Table()
    for column in ("单号", "状态", "优先级", "类别", "处理组", "摘要", "解决期限"):
        table.add_column(column)
    for ticket in tickets:
        due = f"{ticket.solve_by.astimezone():%m-%d %H:%M}"
        table.add_row(
            ticket.number,
            TOLD[ticket.status],
            PRIORITIES.get(ticket.priority, ticket.priority),
            rules.category(ticket.category).title,
            ticket.team,
            mask(ticket.summary),
            f"[red]{due} 超时[/red]" if ticket.overdue(now) else due,
        )
    Console(highlight=False).print(table)


@app.command("show")
def show(number: Annotated[str, typer.Argument(help="单号。", metavar="NUMBER")], store: StoreOption = None) -> None:
    """一张工单的全部内容和办理经过。"""
    rules = _rules()
    with Store.open_for_reading(_directory(store)) as opened:
        ticket = get_ticket(opened, number)
    if ticket is None:
        raise StoreError(f"there is no ticket {number}", remedy="see `voice-gateway ticket list`")
    for line in _lines(ticket, rules.category(ticket.category).title):
        typer.echo(mask(line))


@app.command("step")
def step(
    number: Annotated[str, typer.Argument(help="单号。", metavar="NUMBER")],
    status: Annotated[str, typer.Option(help="办理以后的状态：处理中、待回访或已完成。", metavar="STATUS")],
    who: Annotated[str, typer.Option(help="办理人。", metavar="NAME")],
    note: Annotated[str, typer.Option(help="办理情况。", metavar="TEXT")] = "",
    store: StoreOption = None,
) -> None:
    """记下一步办理；来电者查进度时听到的就是这里的状态。可以在服务运行时使用。"""
    done = TicketStep(at=datetime.now(UTC), status=_status(status), who=who, note=note)
    with Store.open_beside(_directory(store)) as opened:
        ticket = take_step(opened, number, done)
    typer.echo(f"{ticket.number}：{TOLD[ticket.status]}")


def _lines(ticket: TicketRecord, title: str) -> list[str]:
    lines = [
        f"单号：{ticket.number}（{TOLD[ticket.status]}，{PRIORITIES.get(ticket.priority, ticket.priority)}）",
        f"类别：{title}，{ticket.team}",
        f"摘要：{ticket.summary}",
        *(f"{name}：{value}" for name, value in ticket.facts.items()),
    ]
    for name, moment in (("答复", ticket.answer_by), ("解决", ticket.solve_by), ("回访", ticket.visit_by)):
        lines.append(f"{name}期限：{moment.astimezone():%Y-%m-%d %H:%M}")
    steps = (f"{one.at.astimezone():%m-%d %H:%M}　{TOLD[one.status]}　{one.who}　{one.note}" for one in ticket.steps)
    return [*lines, *steps]


def _rules() -> TicketRules:
    return TicketRules.load(load_settings().analytics.rules)


def _directory(store: Path | None) -> Path:
    return store or load_settings().data_dir


def _status(text: str) -> Status:
    if text not in STATUSES:
        raise typer.BadParameter(f"没有“{text}”这种状态；可以写：{'、'.join(TOLD.values())}")
    return STATUSES[text]
