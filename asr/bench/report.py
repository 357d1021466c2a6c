"""The figures as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from rich.table import Table

from asr.bench.figures import Figures, Share, figures_of
from asr.bench.machine import Machine
from asr.bench.measure import Take


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that was measured in one run."""

    machine: Machine
    manifest: str
    question: str | None
    """Flow and node, as `mobile_hotline main`."""
    takes: Sequence[Take]
    memory_mib: Mapping[str, float | None] = field(default_factory=dict)
    """By engine: what a fresh process grew by."""
    plain: str | None = None
    """The engine that the others' CPU time is compared with."""

    @property
    def figures(self) -> list[Figures]:
        """Engines together, with hints first."""
        return figures_of(self.takes)

    @property
    def files(self) -> int:
        """How many recordings were heard in each condition."""
        return len({take.file for take in self.takes})

    @property
    def seconds(self) -> float:
        """Their length together, s."""
        return sum({take.file: take.audio_s for take in self.takes}.values())


def cpu_ratio(figures: Sequence[Figures], one: Figures, plain: str | None) -> float | None:
    """How many times the plain engine's CPU time `one` saves, hearing the same in the same way; None without one."""
    same = (plain, one.condition, one.hints)
    theirs = next((other for other in figures if (other.engine, other.condition, other.hints) == same), None)
    return theirs.cpu_per_s / one.cpu_per_s if theirs and one.cpu_per_s and theirs is not one else None


def percent(rate: float) -> str:
    """As it is printed: one decimal below 10 %."""
    return f"{rate:.0%}" if rate >= 0.0995 else f"{rate:.1%}"


def with_interval(share: Share) -> str:
    """`97 % (92-99)`: the rate, and where it lies with 95 % confidence; a dash of nothing."""
    if not share.of:
        return "-"
    low, high = share.interval
    return f"{percent(share.rate)} ({low * 100:.0f}-{high * 100:.0f})"


HEADINGS = (
    *("engine", "hints", "line", "files", "CER", "option right", "or asked", "false accepts"),
    *("CPU s/s", "p50 ms", "p95 ms"),
)
TEXTS = 3
"""The first columns hold words, the others figures."""


def row(one: Figures) -> tuple[str, ...]:
    """One line under `HEADINGS`."""
    return (
        one.engine,
        "yes" if one.hints else "no",
        one.condition.name,
        str(one.files),
        percent(one.cer),
        with_interval(one.option),
        percent(one.confirmed.rate) if one.confirmed.of else "-",
        with_interval(one.false_accepts),
        f"{one.cpu_per_s:.3f}",
        f"{one.latency_p50_ms:.0f}",
        f"{one.latency_p95_ms:.0f}",
    )


def table(report: Report) -> Table:
    """For the terminal."""
    shown = Table(title=heading(report), caption=report.machine.told, title_justify="left", caption_justify="left")
    for index, name in enumerate(HEADINGS):
        shown.add_column(name, justify="left" if index < TEXTS else "right", no_wrap=index < TEXTS)
    previous: tuple[str, bool] | None = None
    for one in report.figures:
        if previous is not None and previous != (one.engine, one.hints):
            shown.add_section()
        previous = one.engine, one.hints
        shown.add_row(*row(one))
    return shown


def heading(report: Report) -> str:
    """What was heard."""
    asked = f", asked at {report.question} (95 % confidence in brackets)" if report.question else ""
    return f"{report.files} files, {report.seconds:.0f} s, at 8 kHz G.711 A-law{asked}"


def notes(report: Report) -> list[str]:
    """What a table has no column for: memory, and the comparison with the plain engine."""
    lines = [
        f"memory of {name}: {'unknown' if grown is None else f'{grown:.0f} MiB'}"
        for name, grown in report.memory_mib.items()
    ]
    figures = report.figures
    for one in figures:
        ratio = cpu_ratio(figures, one, report.plain)
        if ratio is not None:
            way = f"{'with' if one.hints else 'without'} hints, {one.condition.name}"
            lines.append(f"{one.engine} {way}: {ratio:.1f} times less CPU than {report.plain}")
    return lines


def as_json(report: Report) -> dict[str, Any]:
    """Everything: the machine, the figures, and each file's takes."""
    figures = report.figures
    return {
        "machine": asdict(report.machine),
        "manifest": report.manifest,
        "question": report.question,
        "files": report.files,
        "seconds": round(report.seconds, 2),
        "memory_mib": {name: None if grown is None else round(grown, 1) for name, grown in report.memory_mib.items()},
        "plain": report.plain,
        "figures": [_figures(one, cpu_ratio(figures, one, report.plain)) for one in figures],
        "takes": [_take(take) for take in report.takes],
    }


def _figures(one: Figures, ratio: float | None) -> dict[str, Any]:
    return {
        "engine": one.engine,
        "condition": one.condition.name,
        "hints": one.hints,
        "files": one.files,
        "cer": round(one.cer, 4),
        **{name: _share(getattr(one, name)) for name in ("option", "confirmed", "wrong", "false_accepts")},
        "cpu_per_s": round(one.cpu_per_s, 4),
        "cpu_ratio": None if ratio is None else round(ratio, 2),
        "latency_p50_ms": round(one.latency_p50_ms, 1),
        "latency_p95_ms": round(one.latency_p95_ms, 1),
    }


def _share(share: Share) -> dict[str, Any] | None:
    if not share.of:
        return None
    low, high = share.interval
    return {
        "hits": share.hits,
        "of": share.of,
        "rate": round(share.rate, 4),
        "low": round(low, 4),
        "high": round(high, 4),
    }


def _take(take: Take) -> dict[str, Any]:
    judged = take.judged
    return {
        "engine": take.engine,
        "condition": take.condition.name,
        "hints": take.hints,
        "file": take.file,
        "text": take.text,
        "heard": take.heard.text,
        "confidence": round(take.heard.confidence, 3),
        "rejected": take.heard.rejected,
        "errors": take.errors.errors,
        "characters": take.errors.reference_length,
        "wanted": take.wanted,
        "option": judged.option if judged else None,
        "accepted": judged.accepted if judged else None,
        "audio_s": round(take.audio_s, 2),
        "cpu_s": round(take.cpu_s, 4),
        "latency_ms": round(take.latency_ms, 1),
    }
