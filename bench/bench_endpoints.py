"""When speech is judged over: soon after a whole answer, never in the middle of one.

The telephone samples of audio_samples/ go through whole calls of the bundled hotline on virtual time, where recognition
costs what it really takes. The end of each sample is known from its own sound (the last 20 ms within 30 dB of its
loudest). Told beside the goals:

- a sample that asks for a menu option is judged over within 650 ms of its end (median);
- at most 2 % of all samples are cut in two;
- a telephone number that is dictated with pauses of 1.0, 1.5, 2.0 and 2.5 s between its groups is never cut.

    python bench/bench_endpoints.py [--json]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from calls import HEARD_DB, Caller, sounding_ms, spoken, told
from ruamel.yaml import YAML

from asr.audio import read_audio
from asr.windows import frame_levels_dbfs
from gateway.app import Gateway
from gateway.clock import VirtualClock
from gateway.events import Event, UtteranceHeard
from gateway.hotline import Hotline
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SILENCE, Frame, Pcm, to_frames
from gateway.settings import Settings
from gateway.transport.leg import HotlineState, LegInput

SAMPLES = Path(__file__).resolve().parent.parent / "audio_samples"
CALLER, WITHHELD = "13900001001", ""
PAUSES_S = (1.0, 1.5, 2.0, 2.5)
OVER_GOAL_MS, CUT_GOAL = 650.0, 0.02
AFTER_MS = 4000.0
_LISTENED_MS = 300.0


@dataclass(kw_only=True)
class Sayer(Caller):
    """A caller who answers each question with the next of some sounds, and hangs up 4 s after the last."""

    said: list[Pcm]
    spans_ms: list[tuple[float, float]] = field(default_factory=list)
    """Where in the call each was said."""
    _frames: list[Frame] = field(default_factory=list)
    _listened_ms: float = 0.0
    _done_ms: float | None = None
    _reacted: bool = True

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        self._reacted = self._reacted or not state.listening
        self._listened_ms = self._listened_ms + FRAME_MS if state.listening and self._reacted else 0.0
        if not self._frames and self.said and self._listened_ms >= _LISTENED_MS:
            pcm = self.said.pop(0)
            first, last = sounding_ms(pcm)
            self.spans_ms.append((now_ms + first, now_ms + last))
            self._frames = list(reversed(list(to_frames(pcm))))
        frame = self._frames.pop() if self._frames else SILENCE
        if not self._frames and self._listened_ms >= _LISTENED_MS:
            self._reacted, self._listened_ms = False, 0.0
            self._done_ms = now_ms
        over = not self.said and not self._frames and self._done_ms is not None and now_ms > self._done_ms + AFTER_MS
        return spoken(frame, over=over)


def with_pauses(pcm: Pcm, pause_s: float) -> Pcm:
    """The two longest silences inside become `pause_s` long."""
    first, last = (int(ms // FRAME_MS) for ms in sounding_ms(pcm))
    levels = frame_levels_dbfs(pcm)
    quiet = levels < levels.max() - HEARD_DB
    runs, begin = [], None
    for index in range(first, last):
        if quiet[index] and begin is None:
            begin = index
        if not quiet[index] and begin is not None:
            runs.append((index - begin, begin, index))
            begin = None
    chosen = sorted(runs, reverse=True)[:2]
    pieces, at = [], 0
    gap = np.zeros(int(pause_s * 16_000) // FRAME_SAMPLES * FRAME_SAMPLES, np.int16)
    for _, start, end in sorted(chosen, key=lambda run: run[1]):
        pieces += [pcm[at : start * FRAME_SAMPLES], gap]
        at = end * FRAME_SAMPLES
    return np.concatenate([*pieces, pcm[at:]])


async def heard(
    gateway: Gateway, said: list[Pcm], number: str
) -> tuple[list[tuple[float, float]], list[UtteranceHeard]]:
    """Where each was said, and what was heard."""
    events: list[Event] = []
    leg = Sayer(said=said, number=number)
    await gateway.take(leg, VirtualClock(), events.append)
    return leg.spans_ms, [event for event in events if isinstance(event, UtteranceHeard)]


async def measure(out: Path) -> dict[str, Any]:
    """Every sample in a call of its own, and the numbers with each pause."""
    settings = Settings()
    hotline = Hotline.load(settings, "mobile_hotline")
    rows = [row for row in YAML(typ="safe").load(SAMPLES / "manifest.yaml")["samples"] if row["rate_hz"] == 8000]
    singles = [row for row in rows if not row["file"].startswith(("demo/", "phone", "filler"))]
    phones = [row for row in rows if row["file"].startswith("phone")]
    balance, complaint = read_audio(SAMPLES / "balance_1.wav"), read_audio(SAMPLES / "complaint_1.wav")
    over: list[float] = []
    cut: list[str] = []
    cut_numbers: list[str] = []
    async with Gateway.open(settings, hotline, out) as gateway:
        for row in singles:
            first = [complaint] if row["file"].startswith("own_words") else []  # the question that they answer
            spans, utterances = await heard(gateway, [*first, read_audio(SAMPLES / row["file"])], CALLER)
            begin_ms, end_ms = spans[-1]
            inside = [one for one in utterances if begin_ms - 200 <= one.start_ms <= end_ms]
            early = row["noise"] == "none" and inside and inside[0].at_ms < end_ms  # in noise, its end isn't known
            if len(inside) > 1 or early:
                cut.append(row["file"])
            if row["option"] and row["noise"] == "none" and inside:
                over.append(inside[-1].at_ms - end_ms)
        for row in phones:
            for pause_s in PAUSES_S:
                said = [balance, with_pauses(read_audio(SAMPLES / row["file"]), pause_s)]
                spans, utterances = await heard(gateway, said, WITHHELD)
                begin_ms, end_ms = spans[1]
                inside = [one for one in utterances if begin_ms - 200 <= one.start_ms <= end_ms]
                if len(inside) != 1:
                    cut_numbers.append(f"{row['file']} with {pause_s} s")
    return {
        "over_ms": {"p50": round(float(np.median(over))), "p95": round(float(np.percentile(over, 95)))},
        "menu_samples": len(over),
        "samples": len(singles),
        "cut": cut,
        "numbers": len(phones) * len(PAUSES_S),
        "cut_numbers": cut_numbers,
    }


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as out:
        result = asyncio.run(measure(Path(out)))
    median_ms, share = result["over_ms"]["p50"], len(result["cut"]) / result["samples"]
    goals = [
        (
            f"answer known after the end of a menu phrase, median of {result['menu_samples']}: {median_ms} ms"
            f" (goal {OVER_GOAL_MS:.0f}; P95 {result['over_ms']['p95']} ms)",
            median_ms <= OVER_GOAL_MS,
        ),
        (
            f"samples cut in two: {len(result['cut'])} of {result['samples']} (goal 2 %) {result['cut']}",
            share <= CUT_GOAL,
        ),
        (
            f"numbers cut: {len(result['cut_numbers'])} of {result['numbers']} (goal 0) {result['cut_numbers']}",
            not result["cut_numbers"],
        ),
    ]
    return told(result, goals)


if __name__ == "__main__":
    sys.exit(main())
