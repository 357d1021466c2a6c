"""The embedded engine against faster_whisper's own transcribe: same weights, same utterances, same thread, one run.

    python bench/bench_asr.py [--json] [--limit N] [FILE.wav ...]

Without files: the telephone samples of audio_samples/, short ones only. The engines take turns on each utterance, so
whatever else the machine does hits both. faster_whisper gets its defaults (beam 5, temperature fallback) and is told
the language, which saves it the detection. CPU is this process's user and system time.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from asr.audio import read_audio
from asr.bench.conditions import CLEAN, Condition
from asr.bench.measure import Judged, Question, Sound, Take, listen, take
from asr.bench.plain import PlainWhisper
from asr.engine import Pcm
from asr.engines.whisper import WhisperEngine
from asr.scoring import ManifestEntry, corpus_errors

SAMPLES = Path(__file__).parents[1] / "audio_samples"
LONGEST_S = 5.0
CPU_RATIO_WANTED = 5.0
MEMORY_WANTED_MIB = 700
LINE = Condition(CLEAN)

HINTS = (
    *("查话费", "查流量", "改套餐", "宽带报修", "我要投诉", "投诉进度", "老年人服务", "转人工"),
    *("话费还剩多少", "流量还剩多少", "换个套餐", "宽带坏了", "处理得怎么样了", "爱心通道", "人工服务"),
    *("查余额", "还有几个G", "上不了网", "说慢一点", "找个真人", "再说一遍", "没听清", "返回", "上一步"),
)
"""What a main menu expects: wordings of its own, not the samples' texts."""


def utterances(files: list[Path], limit: int) -> list[tuple[str, Pcm]]:
    """Text and sound; a file that no manifest knows has no text, and its CER means nothing."""
    with (SAMPLES / "manifest.tsv").open(encoding="utf-8", newline="") as lines:
        texts = {(SAMPLES / row["file"]).resolve(): row["text"] for row in csv.DictReader(lines, delimiter="\t")}
    chosen = files or [path for path in texts if _is_telephone(path)]
    heard = [(texts.get(path.resolve(), ""), read_audio(path)) for path in chosen]
    short = [(text, pcm) for text, pcm in heard if files or len(pcm) <= LONGEST_S * 16_000]
    step = max(1, len(short) // limit) if limit else 1
    return short[::step]


def _is_telephone(path: Path) -> bool:
    import soundfile

    return bool(soundfile.info(path).samplerate == 8000)


def peak_memory_mib() -> float:
    """Peak RSS of a fresh process that has loaded the engine and recognised one sample with hints.

    VmHWM and not ru_maxrss, which a child inherits from the process that started it.
    """
    code = (
        "from pathlib import Path; from asr.audio import read_audio; from asr.engine import transcribe;"
        "from asr.engines.whisper import WhisperEngine;"
        f"transcribe(WhisperEngine(), read_audio({str(SAMPLES / 'balance_4.wav')!r}), {HINTS!r});"
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])"
    )
    command = [sys.executable, "-c", code]
    output = subprocess.run(command, check=True, capture_output=True, text=True, cwd=SAMPLES.parent).stdout
    return round(int(output) / 1024, 1)


def measure(files: list[Path], limit: int) -> dict[str, Any]:
    chosen = utterances(files, limit)
    engines = (PlainWhisper(), WhisperEngine(threads=1))
    question = Question(lambda _: Judged(None, accepted=False), HINTS)
    for engine in engines:
        listen(engine, chosen[0][1])  # the first run pays for allocations
    takes = [
        take(engine.name, engine, Sound(ManifestEntry("", Path(), text), pcm, LINE), question, with_hints=hints)
        for text, pcm in chosen
        for engine in engines
        for hints in (False, True)
    ]
    groups = [[one for one in takes if one.engine == engine.name] for engine in engines]
    rows = [row([one for one in group if one.hints == hints]) for group in groups for hints in (False, True)]
    theirs, _, ours, ours_hints = rows
    return {
        "utterances": len(chosen),
        "mean_s": round(sum(len(pcm) for _, pcm in chosen) / len(chosen) / 16_000, 2),
        "rows": rows,
        "cpu_ratio": round(theirs["cpu_ms"] / ours["cpu_ms"], 2),
        "cpu_ratio_hints": round(theirs["cpu_ms"] / ours_hints["cpu_ms"], 2),
        "peak_memory_mib": peak_memory_mib(),
    }


def row(takes: list[Take]) -> dict[str, Any]:
    """One engine in one setting, and what it took."""
    return {
        "engine": takes[0].engine + (", hints" if takes[0].hints else ""),
        "cpu_ms": round(sum(one.cpu_s for one in takes) / len(takes) * 1000, 1),
        "wall_ms": round(sum(one.latency_ms for one in takes) / len(takes), 1),
        "cer": round(corpus_errors(one.errors for one in takes).rate, 4),
        "exact": sum(not one.errors.errors for one in takes),
    }


def report(result: dict[str, Any]) -> None:
    print(f"{result['utterances']} utterances at 8 kHz, {result['mean_s']} s on average, one thread each")
    print(f"{'engine':24s}{'CPU ms':>9s}{'wall ms':>9s}{'CER':>8s}{'exact':>7s}")
    for row in result["rows"]:
        print(f"{row['engine']:24s}{row['cpu_ms']:9.1f}{row['wall_ms']:9.1f}{row['cer']:8.1%}{row['exact']:7d}")
    print(
        f"CPU, faster_whisper to ours: {result['cpu_ratio']}x, with hints {result['cpu_ratio_hints']}x"
        f" (wanted: {CPU_RATIO_WANTED:g}x or more)"
    )
    print(f"peak memory with the engine loaded: {result['peak_memory_mib']} MiB (wanted: under {MEMORY_WANTED_MIB})")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the embedded engine against faster_whisper.")
    parser.add_argument("files", nargs="*", type=Path, help="audio files instead of audio_samples/")
    parser.add_argument("--limit", type=int, default=12, help="at most about this many utterances; 0: all")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    result = measure(arguments.files, arguments.limit)
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        report(result)


if __name__ == "__main__":
    main()
