"""The report: a table, JSON with every take, and a page that needs nothing else."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from asr.bench.conditions import Condition, conditions_of
from asr.bench.machine import memory_mib, this_machine
from asr.bench.measure import Judged, Take
from asr.bench.page import page
from asr.bench.report import HEADINGS, Report, as_json, notes, table
from asr.engine import Transcript
from asr.engines.scripted import ScriptedEngine
from asr.scoring import REFUSED, CharacterErrors

pytestmark = pytest.mark.unit

LINES = conditions_of(["clean", "babble-10db", "babble-5db", "loss-3pct"])
PLAIN = "faster-whisper"


def take(engine: str, line: Condition, file: str, *, hints: bool = True, wanted: str = "balance") -> Take:
    return Take(
        engine=engine,
        condition=line,
        hints=hints,
        file=file,
        text="查话费<1>",
        wanted=wanted,
        heard=Transcript("查话费", 0.9),
        judged=Judged("balance", accepted=line.kind != "loss"),
        errors=CharacterErrors(1, 0, 0, 3),
        audio_s=2.0,
        cpu_s=1.0 if engine == PLAIN else 0.2,
        latency_ms=120.0,
    )


@pytest.fixture(scope="module")
def report() -> Report:
    found = [
        take(engine, line, file, hints=hints, wanted=wanted)
        for engine in ("ours", PLAIN)
        for line in LINES
        for hints in (True, False)
        for file, wanted in (("a.wav", "balance"), ("b.wav", "balance"), ("c.wav", REFUSED))
    ]
    return Report(this_machine(), "m.tsv", "mobile_hotline main", found, {"ours": 161.8, PLAIN: None}, PLAIN)


def printed(report: Report) -> str:
    console = Console(width=160, color_system=None)
    with console.capture() as captured:
        console.print(table(report))
    return captured.get()


def test_the_table_has_a_line_for_each_engine_way_and_condition(report: Report) -> None:
    text = printed(report)
    lines = [[cell.strip() for cell in line.split("│")] for line in text.splitlines() if line.startswith("│")]
    assert len(lines) == 2 * 2 * len(LINES)
    assert all(name in text for name in HEADINGS)
    assert lines[1][1:-1] == [
        *("ours", "yes", "babble-10db", "3", "33%", "100% (34-100)", "100%", "100% (21-100)"),
        *("0.100", "120", "120"),
    ]
    assert report.machine.cpu in text


def test_the_plain_engine_is_compared_with_in_every_condition(report: Report) -> None:
    told = notes(report)
    assert "memory of ours: 162 MiB" in told
    assert f"memory of {PLAIN}: unknown" in told
    assert "ours with hints, babble-5db: 5.0 times less CPU than faster-whisper" in told
    assert len(told) == 2 + 2 * len(LINES)


def test_json_holds_the_machine_the_figures_and_every_take(report: Report) -> None:
    data = json.loads(json.dumps(as_json(report)))
    assert data["machine"]["cores"] >= 1
    assert set(data["machine"]) >= {"cpu", "python", "versions", "date", "commit"}
    assert (data["files"], data["seconds"], len(data["takes"])) == (3, 6.0, 48)
    first = data["figures"][0]
    assert first["option"] == {"hits": 2, "of": 2, "rate": 1.0, "low": pytest.approx(0.3424), "high": 1.0}
    assert first["cpu_ratio"] == 5.0
    assert [one["cpu_ratio"] for one in data["figures"] if one["engine"] == PLAIN] == [None] * 8
    assert data["takes"][0]["heard"] == "查话费"


class Balanced(HTMLParser):
    """Counts elements, and fails where one isn't closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: dict[str, int] = {}
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[tag] = self.found.get(tag, 0) + 1
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(report: Report) -> None:
    html = page(report)
    read = Balanced()
    read.feed(html)
    assert read.open == []
    assert read.links == []
    assert "script" not in read.found
    assert not re.search(r"url\(|@import|https?:", html)
    assert read.found["svg"] == 4 + 3 * 2 + 3  # keys of the legend; three figures by two troubles; what it costs
    assert read.found["tr"] == 1 + 2 * 2 * len(LINES)


def test_a_page_of_the_clean_line_alone_has_its_plots_too(report: Report) -> None:
    clean = [one for one in report.takes if one.condition.kind == "clean"]
    html = page(Report(report.machine, "m<.tsv", None, clean))
    assert html.count('class="plot"') == 3 + 2
    assert "clean line" in html


def test_memory_is_measured_in_a_fresh_process() -> None:
    grown = memory_mib(ScriptedEngine, np.ones(1600, np.int16))
    assert grown is not None
    assert 0 <= grown < 50
