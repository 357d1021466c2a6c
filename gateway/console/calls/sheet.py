"""What is exported of calls: CSV that spreadsheets open as it is, in which nothing is a formula. Pure."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo

from gateway.analytics.scribe import masked
from gateway.analytics.titles import SEVERITY_TITLES
from gateway.console.calls.labels import DISPOSITIONS, MODES, POLARITIES, REVIEWS, Titles
from gateway.store.search import FoundCall

COLUMNS = (
    "通话编号", "开始时间", "来电号码", "热线", "模式", "诉求", "情绪", "生气程度", "标记", "最高级别", "时长（秒）",
    "结束方式", "转接队列", "满意度", "复核",
)  # fmt: skip
MOST = 50_000
"""Calls in one file; spreadsheets are slow beyond."""
BOM = "\ufeff"
"""Without it, spreadsheets take UTF-8 for something else."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "＝", "＋", "－", "＠")
"""What a cell that a spreadsheet would compute begins with (OWASP, CSV injection)."""
_ROWS = 200
"""That are written at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """How calls become rows."""

    zone: tzinfo
    titles: Titles
    unmasked: bool = False
    """With whole numbers."""

    def lines(self, calls: Iterable[FoundCall], *, most: int = MOST) -> Iterator[bytes]:
        """The file, piece by piece; when there are more than `most` calls, its last line says so."""
        yield (BOM + _line(COLUMNS)).encode()
        some: list[str] = []
        for count, call in enumerate(calls):
            if count == most:
                some.append(_line([f"只导出了前 {most} 通；请缩小筛选范围后再导出其余的。"]))
                break
            some.append(_line(self.row(call)))
            if len(some) == _ROWS:
                yield "".join(some).encode()
                some.clear()
        yield "".join(some).encode()

    def row(self, call: FoundCall) -> list[str]:
        """One call, a text for each of `COLUMNS`."""
        flags = [f"{self.titles.flags.get(flag.flag, flag.title)}（{_severity(flag.severity)}）" for flag in call.flags]
        return [
            call.id,
            call.started_at.astimezone(self.zone).strftime("%Y-%m-%d %H:%M:%S"),
            call.caller_number if self.unmasked else masked(call.caller_number),
            self.titles.hotlines.get(call.flow, call.flow),
            MODES.get(call.mode, call.mode),
            self.titles.routes.get(call.route or "", call.route or ""),
            POLARITIES.get(call.polarity or "", call.polarity or ""),
            _figure(call.anger),
            "；".join(flags),
            _severity(call.flags[0].severity) if call.flags else "",
            "" if call.duration_ms is None else f"{call.duration_ms / 1000:.0f}",
            DISPOSITIONS.get(call.disposition or "going_on", call.disposition or ""),
            call.queue or "",
            _figure(call.satisfaction),
            REVIEWS.get(call.review or "", ""),
        ]


def _severity(name: str) -> str:
    return SEVERITY_TITLES.get(name, name)


def _figure(value: int | None) -> str:
    return "" if value is None else str(value)


def _line(cells: Iterable[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow([safe(cell) for cell in cells])
    return out.getvalue()


def safe(cell: str) -> str:
    """As text to a spreadsheet, whatever it begins with; without what no cell can hold."""
    kept = "".join(char for char in cell if char.isprintable() or char in " \t\n").encode(errors="ignore").decode()
    return f"'{kept}" if kept.lstrip(" ").startswith(_FORMULA) else kept
