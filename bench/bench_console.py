"""Can a console answer at once over 100,000 calls? Every filter, words, order and deep page, at the server.

    python bench/bench_console.py [--calls 100000] [--store DIR] [--runs 9] [--json FILE]

Makes the calls once (tests/support/many_calls.py) in a temporary folder, or in DIR, where they stay for another time.
A search is a page of 50 calls with their flags and the count; exit status 1 when the 95th percentile of any takes more
than 300 ms. On a machine that is busy otherwise, the CPU time beside it tells what the search itself takes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from gateway.console.rights import Scope
from gateway.store import Store
from gateway.store.search import GOING_ON, MAX_ROWS, Filter, PageWanted, find_calls, values
from tests.support.console import ConsoleProcess
from tests.support.many_calls import DAYS, FIRST, make_calls

LIMIT_MS = 300.0
ALL = Scope(view="all")
DEEP = 400
"""Pages that are turned before the deep one is measured."""
_MIDDLE = FIRST + timedelta(days=DAYS / 2)
FILTERS: dict[str, Filter] = {
    "everything": Filter(),
    "flag, common": Filter(flags=("repeat_contact",)),
    "flag, rare": Filter(flags=("unsafe",)),
    "flags, any of 3": Filter(flags=("abuse", "churn", "regulator")),
    "severity": Filter(severities=("high", "critical")),
    "route": Filter(routes=("billing_dispute",)),
    "polarity": Filter(polarities=("negative",)),
    "anger": Filter(anger=2),
    "hotline": Filter(hotlines=("bank_hotline",)),
    "mode": Filter(modes=("elderly",)),
    "number, last digits": Filter(number="1234"),
    "number, whole": Filter(number="13900001001"),
    "time": Filter(since=_MIDDLE, until=_MIDDLE + timedelta(days=7)),
    "duration": Filter(shortest_ms=180_000),
    "disposition": Filter(dispositions=("transferred",)),
    "going on": Filter(dispositions=(GOING_ON,)),
    "not reviewed": Filter(review="open"),
    "reviewed": Filter(review="done"),
    "satisfaction": Filter(satisfaction=(1, 2)),
    "words, 1 character, common": Filter(words="我"),
    "words, 1 character": Filter(words="宽"),
    "words, 2 characters": Filter(words="流量"),
    "words, 4 characters": Filter(words="流量套餐"),
    "words, 4 characters, rare": Filter(words="山河兴华"),
    "words, 2 of them": Filter(words="话费 谢谢"),
    "words, nowhere": Filter(words="火星移民"),
    "flag and time": Filter(flags=("churn",), since=_MIDDLE),
    "flag and not reviewed": Filter(flags=("asked_for_human_repeatedly",), review="open"),
    "flag and words": Filter(flags=("repeat_contact",), words="流量"),
    "route and anger": Filter(routes=("billing_dispute",), anger=2),
    "hotline and severity": Filter(hotlines=("bank_hotline",), severities=("critical",)),
    "nothing fits": Filter(routes=("roaming",), modes=("elderly",), anger=3, flags=("unsafe",)),
}
ORDERS = ("newest", "oldest", "longest", "shortest", "angriest")
SCOPES = {
    "a team's": Scope(view="team", queues=("billing",)),
    "a floor's": Scope(view="floor", hotlines=("bank_hotline",)),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """How long something took."""

    what: str
    median_ms: float
    p95_ms: float
    cpu_ms: float
    """Of this process, median: of the API's, next to nothing."""
    rows: int
    """That it found; -1 where that says nothing."""


def searches(store: Store, runs: int) -> Iterator[Figure]:
    """Every search."""
    for what, wanted in FILTERS.items():
        yield measure(what, runs, lambda wanted=wanted: find_calls(store, wanted, ALL).total)  # type: ignore[misc]
    for order in ORDERS:
        wanted = Filter(sort=order)  # type: ignore[arg-type]
        yield measure(f"order, {order}", runs, lambda wanted=wanted: find_calls(store, wanted, ALL).total)  # type: ignore[misc]
        deep = _deep(store, wanted)
        found = lambda wanted=wanted, deep=deep: len(find_calls(store, wanted, ALL, deep).rows)  # type: ignore[misc]  # noqa: E731
        yield measure(f"order, {order}, page {DEEP}", runs, found)
    for whose, scope in SCOPES.items():
        yield measure(f"{whose} calls", runs, lambda scope=scope: find_calls(store, Filter(), scope).total)  # type: ignore[misc]
    yield measure("what there is to filter by", runs, lambda: len(values(store, ALL).hotlines))


def _deep(store: Store, wanted: Filter) -> PageWanted:
    """The page behind `DEEP` pages of 50, reached as people reach it."""
    place = ""
    for _ in range(DEEP * 50 // MAX_ROWS):
        page = find_calls(store, wanted, ALL, PageWanted(rows=MAX_ROWS, count=False, after=place))
        if page.next is None:
            raise SystemExit("there are too few calls for a deep page: --calls")
        place = page.next
    return PageWanted(after=place, count=False)


def answers(directory: Path, store: Store, runs: int) -> Iterator[Figure]:
    """The API, logged in, over loopback."""
    some = [call.id for call in find_calls(store, Filter(), ALL).rows[:20]]
    with ConsoleProcess(directory / "console", directory) as console, console.client("qa") as client:

        def get(path: str, **asked: str) -> int:
            answer = client.get(path, params=asked)
            if answer.status_code != httpx.codes.OK:
                raise SystemExit(f"{path}: {answer.status_code} {answer.text[:200]}")
            return -1

        for what, asked in (
            ("API, calls", {}),
            ("API, calls by flag", {"flag": "churn"}),
            ("API, calls by words", {"q": "流量"}),
        ):
            yield measure(what, runs, lambda asked=asked: get("/api/calls", **asked))  # type: ignore[misc]
        order = iter(some * runs)
        yield measure("API, a call", runs, lambda: get(f"/api/calls/{next(order)}"))


def measure(what: str, runs: int, work: Callable[[], Any]) -> Figure:
    """The first run, which reads what nobody has read yet, doesn't count."""
    rows, took, cpu = work(), [], []
    for _ in range(runs):
        began, began_cpu = time.perf_counter(), time.process_time()
        work()
        took.append((time.perf_counter() - began) * 1000)
        cpu.append((time.process_time() - began_cpu) * 1000)
    p95 = statistics.quantiles(took, n=20, method="inclusive")[-1] if runs > 1 else took[0]
    median, cpu_median = statistics.median(took), statistics.median(cpu)
    return Figure(what, round(median, 1), round(p95, 1), round(cpu_median, 1), -1 if rows is None else int(rows))


@contextmanager
def stored(directory: Path | None, count: int) -> Iterator[Path]:
    """Where the calls are; made if they aren't."""
    if directory is None:
        with tempfile.TemporaryDirectory(prefix="bench_console-") as folder:
            make_calls(Path(folder), count)
            yield Path(folder)
        return
    if not (directory / "voice-gateway.db").exists():
        directory.mkdir(parents=True, exist_ok=True)
        make_calls(directory, count)
    yield directory


def main() -> None:
    """Measure, print, and say by the exit status whether all is quick enough."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--calls", type=int, default=100_000)
    options.add_argument("--store", type=Path, help="folder of the calls, kept")
    options.add_argument("--runs", type=int, default=9)
    options.add_argument("--no-api", action="store_true", help="the store alone, without a console before it")
    options.add_argument("--json", type=Path, help="write the figures there too")
    given = options.parse_args()
    figures: list[Figure] = []
    with stored(given.store, given.calls) as directory, Store.open_for_reading(directory) as store:
        print(f"{'':34}{'median':>9}{'p95':>9}{'limit':>8}{'cpu':>9}{'found':>9}", flush=True)
        for figure in _all(directory, store, given.runs, with_api=not given.no_api):
            figures.append(figure)
            late = "  TOO SLOW" if figure.p95_ms > LIMIT_MS else ""
            rows = "" if figure.rows < 0 else figure.rows
            print(
                f"{figure.what:34}{figure.median_ms:9.1f}{figure.p95_ms:9.1f}{LIMIT_MS:8.0f}{figure.cpu_ms:9.1f}"
                f"{rows:>9}{late}",
                flush=True,
            )
    slow = [figure.what for figure in figures if figure.p95_ms > LIMIT_MS]
    print(f"ms at the server, of {given.runs} runs each; {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    if given.json:
        told = {"limit_ms": LIMIT_MS, "figures": [asdict(one) for one in figures]}
        given.json.write_text(json.dumps(told, ensure_ascii=False, indent=2) + "\n")
    if slow:
        raise SystemExit(f"slower than {LIMIT_MS:.0f} ms: {', '.join(slow)}")


def _all(directory: Path, store: Store, runs: int, *, with_api: bool) -> Iterator[Figure]:
    yield from searches(store, runs)
    if with_api:
        yield from answers(directory, store, runs)


if __name__ == "__main__":
    main()
