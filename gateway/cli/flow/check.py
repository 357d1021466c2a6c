"""voice-gateway flow check: every mistake in a flow, at its line, with what to do about it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gateway.desk.check import Report, flow_file
from gateway.desk.check import check as check_flow
from gateway.dialogue.routes import stops
from gateway.settings import load_settings

FINDINGS, UNREADABLE = 1, 2
"""Exit status; 0 when there is nothing to say."""


def check(
    flows: Annotated[list[str], typer.Argument(help="Hotlines: names, folders or files.", metavar="FLOW...")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, for editors.")] = False,
) -> None:
    """Find what is wrong with flows: mistakes in the file, and whatever a hotline's callers would suffer from.

    The exit status is 0 when nothing was found, 1 with findings, 2 when a file can't even be read.
    """
    settings = load_settings()
    files = [flow_file(flow, settings.flows_dir) for flow in flows]
    reports = {file: check_flow(file, synthesiser=settings.synthesiser is not None) for file in files}
    if as_json:
        found = [asdict(finding) for report in reports.values() for finding in report.findings]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    else:
        for file, report in reports.items():
            _tell(file, report)
    if not all(report.readable for report in reports.values()):
        raise typer.Exit(UNREADABLE)
    if any(report.findings for report in reports.values()):
        raise typer.Exit(FINDINGS)


def _tell(file: Path, report: Report) -> None:
    for finding in report.findings:
        typer.echo(f"{finding} [{finding.rule}]")
    typer.echo(f"{file}: {summary(report)}")


def summary(report: Report) -> str:
    """The result in one line of Chinese."""
    if not report.readable:
        return "文件无法读取"
    if report.findings:
        errors, all_ = len(report.errors), len(report.findings)
        return f"发现 {all_} 个问题：{errors} 个错误，{all_ - errors} 个提醒"
    if report.flow is None:
        return "没有问题"
    flow = report.flow
    counted = [f"{sum(1 for _ in stops(flow))} 个节点"]
    counted += [f"{len(flow.subflows)} 个子流程"] if flow.subflows else []
    counted += [f"{len(flow.modes)} 个模式"] if flow.modes else []
    return f"没有问题：{'，'.join(counted)}"
