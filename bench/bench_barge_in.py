"""What stops a prompt and what doesn't: requests, back-channels and the prompt's own echo, in whole calls.

Callers of audio_samples, all seven voices at -32 to -18 dBFS, speak over the welcome of the bundled hotline on
virtual time, where recognition costs what it really takes; every other call has an echo, 60 to 250 ms late and 12 to
25 dB down. Told beside the goals:

- requests stop the prompt in 98 % (before the whole sentence is recognised or by its words);
- back-channels and nothing but an echo never do.

When a request stops it is told twice: from the onset that the ears found, and from where the clean voice rises to 30 dB
below its loudest.

    python bench/bench_barge_in.py [--json]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from calls import Caller, sounding_ms, spoken, told
from numpy.typing import NDArray

from asr.audio import read_audio
from asr.bench.conditions import Telephone, conditions_of
from asr.bench.measure import spread
from asr.bench.sounds import active_level_db
from asr.scoring import REFUSED, ManifestEntry, read_manifest
from gateway.app import Gateway
from gateway.cli.bench import menu_manifest
from gateway.clock import VirtualClock
from gateway.events import Event, PromptEnded, SpeechStarted, UtteranceHeard
from gateway.hotline import Hotline
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, SILENCE, Frame, Pcm, ms_to_samples, to_frames
from gateway.settings import Settings
from gateway.speech.words import is_backchannel
from gateway.transport.leg import HotlineState, LegInput

REQUESTS, ECHOES = 70, 20
ANSWERS = "answers/manifest.tsv"
SPEAKS_AFTER_MS, WAITS_MS, LISTENS_MS = 2000.0, 3000.0, 8000.0
LEVELS_DBFS, ECHO_DELAYS_MS, ECHO_LOSSES_DB = (-32.0, -18.0), (60.0, 250.0), (12.0, 25.0)
STOPPED_GOAL = 0.98
VOICE_GOAL_MS = 300.0
RINGING_SAMPLES = 96
"""6 ms, of a hybrid."""

Sound = NDArray[np.float64]


class Echo:
    """What comes back of what was sent."""

    def __init__(self, rng: np.random.Generator) -> None:
        delay_ms, loss_db = rng.uniform(*ECHO_DELAYS_MS), rng.uniform(*ECHO_LOSSES_DB)
        ringing = rng.standard_normal(RINGING_SAMPLES) * np.exp(-np.arange(RINGING_SAMPLES) / 24)
        self._ringing = ringing * 10 ** (-loss_db / 20) / np.sqrt(np.sum(ringing**2))
        self._on_its_way = np.zeros(ms_to_samples(delay_ms) + RINGING_SAMPLES - 1)

    def sent(self, frame: Frame) -> None:
        self._on_its_way = np.concatenate([self._on_its_way, coded(frame.astype(float))])

    def next(self) -> Sound:
        """One frame of it."""
        needed = FRAME_SAMPLES + RINGING_SAMPLES - 1
        come = np.pad(self._on_its_way[:needed], (0, max(0, needed - len(self._on_its_way))))
        self._on_its_way = self._on_its_way[FRAME_SAMPLES:]
        return np.convolve(come, self._ringing, "valid")


def coded(sound: Sound) -> Sound:
    """8 bits, about: the noise of G.711, 38 dB below what is coded."""
    steps = np.maximum(np.abs(sound) / 50, 1.0)
    return np.round(sound / steps) * steps


@dataclass(kw_only=True)
class Interrupter(Caller):
    """A caller who says one thing into the first prompt, or nothing, and hangs up some time later."""

    said: Pcm
    echo: Echo | None
    onset_ms: float | None = None
    """Where in the call the clean voice rises."""
    _frames: list[Frame] = field(default_factory=list)
    _prompt_ms: float = 0.0
    _hangs_up_at_ms: float | None = None

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        self._prompt_ms += FRAME_MS * state.speaking
        if self._hangs_up_at_ms is None and self._prompt_ms >= SPEAKS_AFTER_MS:
            self._frames = list(reversed(list(to_frames(self.said))))
            self._hangs_up_at_ms = now_ms + LISTENS_MS
            if len(self.said):
                first, last = sounding_ms(self.said)
                self.onset_ms, self._hangs_up_at_ms = now_ms + first, now_ms + last + WAITS_MS
        sound = (self._frames.pop() if self._frames else SILENCE).astype(float)
        if self.echo is not None:
            sound = coded(sound + self.echo.next())
        frame = np.clip(np.round(sound), -32768, 32767).astype(np.int16)
        over = self._hangs_up_at_ms is not None and now_ms > self._hangs_up_at_ms
        return spoken(frame, over=over)

    def send(self, frame: Frame) -> None:
        if self.echo is not None:
            self.echo.sent(frame)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one call."""

    file: str
    stopped_ms: float | None
    """When the first prompt was stopped by speech, from the clean voice's onset; from the call's start where nobody
    spoke. None: it wasn't."""
    of_voice_ms: float | None
    """The same from the onset that the ears found."""
    heard: str


async def called(gateway: Gateway, file: str, said: Pcm, *, echoes: bool) -> Outcome:
    """One call."""
    events: list[Event] = []
    rng = np.random.default_rng(zlib.crc32(file.encode()))
    leg = Interrupter(number="", said=at_a_level(said, rng), echo=Echo(rng) if echoes else None)
    await gateway.take(leg, VirtualClock(), events.append)
    cut = next((event for event in events if isinstance(event, PromptEnded) and event.cut_by == "speech"), None)
    started = [event for event in events if isinstance(event, SpeechStarted)]
    heard = "；".join(event.text for event in events if isinstance(event, UtteranceHeard))
    if cut is None:
        return Outcome(file, None, None, heard)
    onsets = [event.onset_ms for event in started if event.onset_ms <= cut.at_ms]
    return Outcome(file, cut.at_ms - (leg.onset_ms or 0.0), cut.at_ms - onsets[-1] if onsets else None, heard)


def at_a_level(said: Pcm, rng: np.random.Generator) -> Pcm:
    if not len(said):
        return said
    gain = 10 ** ((rng.uniform(*LEVELS_DBFS) - active_level_db(said / 32768)) / 20)
    return np.clip(np.round(said * gain), -32768, 32767).astype(np.int16)


async def measure(out: Path) -> dict[str, Any]:
    """All calls, one after the other."""
    settings = Settings()
    entries, answers = read_manifest(menu_manifest()), read_manifest(menu_manifest().parents[1] / ANSWERS)
    requests = spread([one for one in entries if one.option != REFUSED], REQUESTS)
    signals = [one for one in (*entries, *answers) if is_backchannel(one.text)]
    async with Gateway.open(settings, Hotline.load(settings, "mobile_hotline"), out) as gateway:
        asked = await interrupted(gateway, requests)
        listening = await interrupted(gateway, signals)
        nobody = [await called(gateway, f"echo {number}", SILENCE[:0], echoes=True) for number in range(ECHOES)]
    stopped = [one.stopped_ms for one in asked if one.stopped_ms is not None and one.stopped_ms > 0]
    of_voice = [one.of_voice_ms for one in asked if one.of_voice_ms is not None]
    return {
        "requests": len(asked),
        "requests_stopped": len(stopped),
        "requests_not": [one.file for one in asked if one.stopped_ms is None or one.stopped_ms <= 0],
        "stopped_ms": {f"p{share}": round(float(np.percentile(stopped, share))) for share in (50, 90, 98)},
        "of_voice_ms": {f"p{share}": round(float(np.percentile(of_voice, share))) for share in (50, 90, 98)},
        "backchannels": len(listening),
        "backchannels_stopped": [f"{one.file} {one.heard}" for one in listening if one.stopped_ms is not None],
        "echoes": len(nobody),
        "echoes_stopped": [one.file for one in nobody if one.stopped_ms is not None or one.heard],
    }


async def interrupted(gateway: Gateway, entries: Sequence[ManifestEntry]) -> list[Outcome]:
    """Every other one with an echo."""
    (clean,) = conditions_of(["clean"])
    telephone = Telephone({})
    return [
        await called(
            gateway, one.file, telephone.through(read_audio(one.path), clean, one.file), echoes=bool(place % 2)
        )
        for place, one in enumerate(entries)
    ]


def main() -> int:
    """Measure and print; 1 when a goal is missed."""
    with tempfile.TemporaryDirectory() as out:
        found = asyncio.run(measure(Path(out)))
    share = found["requests_stopped"] / found["requests"]
    false_stops, echo_stops = found["backchannels_stopped"], found["echoes_stopped"]
    voice, clean = found["of_voice_ms"], found["stopped_ms"]
    goals = [
        (
            f"requests stop the prompt: {found['requests_stopped']} of {found['requests']} (goal 98 %) "
            f"{found['requests_not']}",
            share >= STOPPED_GOAL,
        ),
        (
            f"... after so much voice, median: {voice['p50']} ms (goal {VOICE_GOAL_MS:.0f}; 90 % {voice['p90']}, "
            f"98 % {voice['p98']}; from the clean onset {clean['p50']}, {clean['p90']}, {clean['p98']})",
            voice["p50"] <= VOICE_GOAL_MS,
        ),
        (
            f"back-channels stop it: {len(false_stops)} of {found['backchannels']} (goal 0) {false_stops}",
            not false_stops,
        ),
        (
            f"nothing but an echo stops it or is heard: {len(echo_stops)} of {found['echoes']} (goal 0) {echo_stops}",
            not echo_stops,
        ),
    ]
    return told(found, goals)


if __name__ == "__main__":
    sys.exit(main())
