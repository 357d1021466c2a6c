"""`voice-gateway analyze` against plain faster_whisper: same weights, same recordings, one run.

    python bench/bench_analyze.py [--json] [--recordings N] [--workers N] [FILE ...]

Without files: conversations put together from audio_samples/menus, two voices each, turns of two to three sentences,
pauses of 0.8 s between them; half of the recordings in stereo, half mono, 8 kHz A-law.

First both do each recording in turns, in one process with one thread, so whatever else the machine does hits both. Ours
is everything that the command does: decoding, sides, words, voice, findings, document. faster_whisper gets the decoded
sound and its own defaults (30 s windows, beam 5, temperature fallback), is told the language, and writes down words: of
both sides mixed, and of each side, as one must who wants to know who said them. Then the command's own crew does all
recordings with all workers: that is its speed by the clock, loading left out as thousands of files leave it out.
"""

from __future__ import annotations

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from asr.audio import read_audio
from asr.bench.plain import PlainWhisper
from asr.engine import Pcm, transcribe
from asr.registry import load_engine
from asr.scoring import character_error_rate, corpus_errors
from gateway.analytics.recordings.crew import Crew
from gateway.analytics.recordings.machine import usual_workers
from gateway.analytics.recordings.recipe import Recipe
from gateway.analytics.recordings.sound import read_sound

SAMPLES = Path(__file__).parents[1] / "audio_samples/menus"
VOICES = (("hotline", "man"), ("woman", "elder_man"), ("girl", "deep"), ("elder_woman", "man"))
TURNS = 12
WANTED_TIMES_REAL_TIME = 10.0
"""On two cores."""


@dataclass(frozen=True)
class Taken:
    """One recording, by one of them."""

    cpu_s: float
    wall_s: float
    text: str


@dataclass
class Measured:
    """All recordings, by one of them."""

    taken: list[Taken] = field(default_factory=list)

    def row(self, name: str, audio_s: float, texts: list[str]) -> dict[str, Any]:
        cpu_s = sum(one.cpu_s for one in self.taken)
        known = [(text, one.text) for text, one in zip(texts, self.taken, strict=True) if text]
        errors = [character_error_rate(text, heard) for text, heard in known]
        return {
            "name": name,
            "cpu_s": round(cpu_s, 2),
            "times_real_time": round(audio_s / cpu_s, 1),
            "cer": round(corpus_errors(errors).rate, 4) if errors else None,
        }


def conversations(folder: Path, count: int) -> Iterator[tuple[Path, str]]:
    """Recordings with what is said in them, in its order."""
    with (SAMPLES / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
        texts = {row["file"]: row["text"] for row in csv.DictReader(lines, delimiter="\t")}
    for number in range(count):
        rng = np.random.default_rng(number)
        voices = VOICES[number % len(VOICES)]
        sides: tuple[list[Pcm], list[Pcm]] = ([], [])
        said = []
        for turn in range(TURNS):
            files = [file for file in texts if file.endswith(f"_{voices[turn % 2]}.wav") and len(texts[file]) > 4]
            chosen = rng.choice(files, rng.integers(2, 4), replace=False)
            said += [texts[file] for file in chosen]
            sound = np.concatenate([read_audio(SAMPLES / file) for file in chosen] + [np.zeros(6400, np.int16)])
            for side in (0, 1):
                sides[side].append(sound if turn % 2 == side else np.zeros_like(sound))
        both = np.stack([np.concatenate(side) for side in sides], axis=1) / 32768
        both = soxr.resample(both + rng.normal(0, 10 ** (-60 / 20), both.shape), 16_000, 8_000)
        path = folder / f"{number}.wav"
        soundfile.write(path, both if number % 2 == 0 else both.sum(axis=1), 8_000, subtype="ALAW")
        yield path, "".join(said)


def timed(work: Callable[[], str]) -> Taken:
    cpu_s, wall_s = time.process_time(), time.perf_counter()
    text = work()
    return Taken(time.process_time() - cpu_s, time.perf_counter() - wall_s, text)


def measure(paths: list[Path], texts: list[str], workers: int) -> dict[str, Any]:
    recipe = Recipe(partial(load_engine, "whisper"), {})
    analyse, plain = recipe(), PlainWhisper()
    sounds = [read_sound(path) for path in paths]
    audio_s = sum(sound.duration_ms for sound in sounds) / 1000

    def ours(path: Path) -> str:
        return "".join(item["Content"] for item in analyse(path)["Transcript"])

    transcribe(plain, sounds[0].channels[0][:32_000])  # the first run pays for allocations
    ours(paths[0])
    by_us, mixed, apart = Measured(), Measured(), Measured()
    for path, sound in zip(paths, sounds, strict=True):
        by_us.taken.append(timed(partial(ours, path)))
        mono = np.clip(sum(channel.astype(np.int32) for channel in sound.channels), -32768, 32767).astype(np.int16)
        mixed.taken.append(timed(lambda mono=mono: transcribe(plain, mono).text))
        each = mixed.taken[-1]
        if len(sound.channels) > 1:
            channels = sound.channels
            each = timed(lambda channels=channels: "".join(transcribe(plain, one).text for one in channels))
        apart.taken.append(each)
    rows = [
        by_us.row("voice-gateway analyze", audio_s, texts),
        mixed.row("faster_whisper, sides mixed", audio_s, texts),
        apart.row("faster_whisper, each side", audio_s, [""] * len(texts)),
    ]
    analyse = None  # frees its engine
    elapsed_s = by_clock(recipe, paths, workers)
    return {
        "recordings": len(paths),
        "audio_s": round(audio_s, 1),
        "rows": rows,
        "cpu_ratio_mixed": round(rows[1]["cpu_s"] / rows[0]["cpu_s"], 2),
        "cpu_ratio_each_side": round(rows[2]["cpu_s"] / rows[0]["cpu_s"], 2),
        "workers": workers,
        "times_real_time": round(audio_s / elapsed_s, 1),
    }


def by_clock(recipe: Recipe, paths: list[Path], workers: int) -> float:
    """Seconds for all of them, once every worker has its engine."""
    with Crew(workers, recipe) as crew:
        for _ in crew.run(paths[:1] * workers, lambda path: path):
            pass
        began_s = time.perf_counter()
        failures = [outcome.failure for outcome in crew.run(paths, lambda path: path) if outcome.failure]
        elapsed_s = time.perf_counter() - began_s
    if failures:
        raise SystemExit(f"not analysed: {failures[0]}")
    return elapsed_s


def report(result: dict[str, Any]) -> None:
    print(f"{result['recordings']} recordings, {result['audio_s']} s; one process, one thread:")
    print(f"{'':32s}{'CPU s':>8s}{'x real time':>13s}{'CER':>8s}")
    for row in result["rows"]:
        cer = "" if row["cer"] is None else f"{row['cer']:.1%}"
        print(f"{row['name']:32s}{row['cpu_s']:8.2f}{row['times_real_time']:13.1f}{cer:>8s}")
    print(
        f"CPU, faster_whisper to ours: {result['cpu_ratio_mixed']}x for the sides mixed, "
        f"{result['cpu_ratio_each_side']}x for each side"
    )
    speed = f"{result['times_real_time']}x real time by the clock"
    print(f"with {result['workers']} workers: {speed} (wanted: {WANTED_TIMES_REAL_TIME:g}x on 2 cores)")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure voice-gateway analyze against faster_whisper.")
    parser.add_argument("files", nargs="*", type=Path, help="recordings instead of audio_samples/menus")
    parser.add_argument("--recordings", type=int, default=8, help="so many are put together")
    parser.add_argument("--workers", type=int, default=usual_workers(), help="processes for the speed by the clock")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.files:
            paths, texts = arguments.files, [""] * len(arguments.files)
        else:
            made = list(conversations(Path(folder), arguments.recordings))
            paths, texts = [path for path, _ in made], [text for _, text in made]
        result = measure(paths, texts, arguments.workers)
    print(json.dumps(result, ensure_ascii=False)) if arguments.json else report(result)


if __name__ == "__main__":
    main()
