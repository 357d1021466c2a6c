"""How well and how fast single sentences are understood: python bench/bench_understanding.py [--errors] [--json]

Reads the labelled sentences of tests/models. All figures are of the part that is held out from training and tuning:
route, polarity, anger, flags; the same of the sentences with recognition errors alone; and how far the probabilities of
the routes can be trusted. `--errors` prints what is misjudged in the open part, never in the held-out one.

Speed: `Analyser.text` (route, mood, flags, entities) on all sentences, one after the other, on one core, CPU time,
median of `RUNS`. Beside it, in the same runs on the same sentences, the least that any learning on text does: counting
the n-grams of one to three characters. Every run says the sentences with another particle at the end, so that nothing
is answered from memory. The goal is 1,000 turns a second.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gateway.analytics.analyser import Analyser
from tests.support.understanding import HELD, OPEN, Figures, Judged, Score, figures, judge, read, reliability

RUNS = 5
PARTICLES = "啊呢哦嘛哈吧呀咯"
"""One for each run and one to warm up with."""
GOAL_A_SECOND = 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--errors", action="store_true", help="print what is misjudged in the open part")
    arguments = parser.parse_args()
    began = time.perf_counter()
    analyser = Analyser.load()
    loaded_s = time.perf_counter() - began
    if arguments.errors:
        print("\n".join(misjudged(judge(analyser, read(OPEN)))))
        return
    held = judge(analyser, read(HELD))
    bins, error = reliability(held)
    report = {
        "machine": f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load_s": round(loaded_s, 2),
        "held_out": asdict(figures(held)),
        "held_out_misheard": asdict(figures([one for one in held if one.right.misheard])),
        "calibration": {"bins": [asdict(one) for one in bins], "expected_error": error},
        "speed": speed(analyser),
    }
    print(json.dumps(report, ensure_ascii=False) if arguments.json else "\n".join(table(report, held)))


def misjudged(judged: Sequence[Judged]) -> list[str]:
    """A line for each thing that isn't right, by kind."""
    lines = []
    for one in judged:
        text, found, right = one.right.text, one.found, one.right
        if found.route.route != right.route:
            lines.append(f"route     {right.route} -> {found.route.route} {found.route.probability:.2f}  {text}")
        if found.mood.polarity != right.polarity:
            lines.append(f"polarity  {right.polarity} -> {found.mood.polarity}  {text}")
        if abs(found.mood.anger - right.anger) > 1:
            lines.append(f"anger     {right.anger} -> {found.mood.anger}  {text}")
        lines += [f"flag      {flag} not found  {text}" for flag in sorted(right.flags - one.flags)]
        lines += [f"flag      {flag} not right  {text}" for flag in sorted(one.flags - right.flags)]
    return sorted(lines)


def speed(analyser: Analyser) -> dict[str, Any]:
    """Turns a second of the analysis and of the baseline, and how many times longer the analysis takes."""
    pinned = _pin()
    texts = [sentence.text for sentence in (*read(OPEN), *read(HELD))]
    random.Random(7).shuffle(texts)
    analysed, counted = [], []
    for run, particle in enumerate(PARTICLES[: RUNS + 1]):
        turns = [text + particle for text in texts]
        seconds = _cpu_seconds(analyser.text, turns), _cpu_seconds(_count_ngrams, turns)
        if run:  # the first warms up
            analysed.append(seconds[0])
            counted.append(seconds[1])
    ratios = [mine / plain for mine, plain in zip(analysed, counted, strict=True)]
    return {
        "turns": len(texts),
        "characters": round(statistics.mean(len(text) for text in texts), 1),
        "runs": RUNS,
        "one_core": pinned,
        "turns_per_second": round(len(texts) / statistics.median(analysed)),
        "ngrams_per_second": round(len(texts) / statistics.median(counted)),
        "times_the_ngrams": round(statistics.median(ratios), 1),
        "times_the_ngrams_lowest": round(min(ratios), 1),
        "times_the_ngrams_highest": round(max(ratios), 1),
    }


def _cpu_seconds(work: Callable[[str], object], texts: Sequence[str]) -> float:
    """CPU time, so that other work on the machine doesn't count."""
    began = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - began


def _count_ngrams(text: str) -> Counter[str]:
    return Counter(text[at : at + size] for size in (1, 2, 3) for at in range(len(text) - size + 1))


def _pin() -> bool:
    """Keep this process on one core. False where the system has no such thing; CPU time counts all threads anyway."""
    if not hasattr(os, "sched_setaffinity"):
        return False
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return True


def table(report: dict[str, Any], held: Sequence[Judged]) -> list[str]:
    """The report for people."""
    misheard = [one for one in held if one.right.misheard]
    lines = [*_quality("held-out sentences", figures(held)), ""]
    lines += [*_quality("of them with recognition errors", figures(misheard), brief=True), ""]
    lines.append("route probability     sentences   told  right")
    for one in report["calibration"]["bins"]:
        bounds = f"{one['low']:.1f} to {one['high']:.1f}"
        lines.append(f"  {bounds:<20}{one['sentences']:9}  {one['told']:.3f}  {one['right']:.3f}")
    lines.append(f"  expected calibration error {report['calibration']['expected_error']:.3f}")
    fast = report["speed"]
    core = "one core" if fast["one_core"] else "CPU time"
    lines += [
        "",
        f"{fast['turns']} turns of {fast['characters']} characters, {core}, median of {fast['runs']} runs:",
        f"  Analyser.text            {fast['turns_per_second']:7} a second (goal: {GOAL_A_SECOND})",
        f"  counting 1- to 3-grams   {fast['ngrams_per_second']:7} a second",
        f"  times the counting       {fast['times_the_ngrams']:7} "
        f"({fast['times_the_ngrams_lowest']} to {fast['times_the_ngrams_highest']})",
        f"loaded in {report['load_s']} s; {report['machine']}",
    ]
    return lines


def _quality(title: str, found: Figures, *, brief: bool = False) -> list[str]:
    """`brief`: without the single routes and flags."""
    lines = [
        f"{found.sentences} {title}:",
        f"  route macro-F1      {found.route_f1:.3f} (goal: 0.85)",
        f"  polarity accuracy   {found.polarity:.3f} (goal: 0.88), macro-F1 {found.polarity_f1:.3f}",
        f"  anger within one    {found.anger_within_one:.3f} (goal: 0.97), exact {found.anger:.3f}",
        f"  flags precision     {found.flags.precision:.3f} (goal: 0.90)",
        f"  flags recall        {found.flags.recall:.3f} (goal: 0.90)",
    ]
    for scores in () if brief else (found.routes, found.polarities, found.by_flag):
        lines += ["", f"  {'':28}precision  recall     F1  sentences", *map(_row, scores.items())]
    return lines


def _row(item: tuple[str, Score]) -> str:
    name, score = item
    return f"  {name:<28}{score.precision:9.3f}{score.recall:8.3f}{score.f1:7.3f}{score.support:11}"


def _processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
