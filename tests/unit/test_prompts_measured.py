"""The bundled hotlines' voice, measured: one loudness in all recordings, and joints that nobody hears.

Sentences are rendered with values in them, at the usual pace and at that of the elderly mode.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np
import pytest

from gateway.dialogue.actions import Piece, Say, Text, Tone, Value
from gateway.dialogue.load import load_flow
from gateway.media.frames import Pcm, ms_to_samples, samples_to_ms
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.clips import LEVEL_DBFS, active_level_dbfs
from gateway.prompts.inventory import labels, templates, voice_dir
from gateway.prompts.loudness import loudness_lufs
from gateway.prompts.render import (
    CLAUSE_PAUSE_MS,
    GROUP_PAUSE_MS,
    LIST_PAUSE_MS,
    SENTENCE_PAUSE_MS,
    VALUE_PAUSE_MS,
    render,
)
from gateway.prompts.tables import flow_folder, voice_folder
from gateway.prompts.takes import Take, read_take

pytestmark = pytest.mark.unit

HOTLINES = sorted(path.parent for path in (Path(__file__).parents[2] / "ivr_flows").glob("*/prompts.tsv"))

LEVEL_SPREAD_DB = 0.5
"""How far any recording and any prompt may be from `LEVEL_DBFS`."""
LOUDNESS_SPREAD_LU = 3.0
"""How far the EBU R128 loudness of any recording may be from the middle: at one level, vowels differ by themselves."""
STEP = 64
"""The greatest step between two samples at a joint: 54 dB below full scale, far below the speech around it."""
QUIET = 150
"""Samples below this count as silence: 47 dB below full scale, 27 below the speech, softer than any consonant."""
SILENCE_BEYOND_MS = 80
"""How much longer a silence may be than the pause that is asked for, if any: both recordings have margins."""
PAUSES_MS = {0, VALUE_PAUSE_MS, LIST_PAUSE_MS, CLAUSE_PAUSE_MS, GROUP_PAUSE_MS, SENTENCE_PAUSE_MS}

VALUES = {
    "amount": Decimal("1205.68"),
    "digits": "11010519491231002X",
    "number": Decimal("12.5"),
    "date": date(2026, 11, 19),
    "day": date(2026, 3, 2),
    "month": date(2026, 3, 1),
    "data": Decimal(6656),
}


@pytest.fixture(scope="module")
def takes() -> dict[str, Take]:
    """Every file of the hotlines and their voice, as it lies there."""
    folders = {*map(flow_folder, HOTLINES), *(voice_folder(voice_dir(hotline)) for hotline in HOTLINES)}
    read = {str(folder.path(name)): read_take(folder.path(name)) for folder in folders for name in folder.read()}
    assert all(isinstance(take, Take) for take in read.values())
    return read


class Listening(PromptCatalog):
    """Remembers which clips were asked for, in order."""

    def __init__(self, clips: dict[str, Pcm]) -> None:
        super().__init__(clips)
        self.asked: list[Pcm] = []

    def clip(self, text: str, pace: float = 1.0) -> Pcm:
        self.asked.append(super().clip(text, pace))
        return self.asked[-1]


@pytest.fixture(scope="module", params=HOTLINES, ids=lambda hotline: hotline.name)
def hotline(request) -> Path:
    return request.param


@pytest.fixture(scope="module")
def catalog(hotline) -> Listening:
    return Listening.load(hotline, voice_dir(hotline))


def prompts(hotline: Path) -> list[tuple[Piece, ...]]:
    """Every prompt of the flow with sample values in it, and one of each kind of value."""
    flow = load_flow(hotline / "flow.yaml")
    values = VALUES | {"text": next(labels(flow))}
    found = [
        tuple(Text(part) if isinstance(part, str) else Value(part.kind, values[part.kind]) for part in template.parts)
        for template in dict.fromkeys(templates(flow))
    ]
    return [*found, *((Text("再见，"), Value(kind, value), Text("。")) for kind, value in values.items())]


class Joint(NamedTuple):
    """Where two recordings meet in a prompt, in samples."""

    end: int
    start: int


def joints(pcm: Pcm, clips: list[Pcm], pace: float) -> list[Joint]:
    """Each recording must be found untouched, after one of the pauses that there are."""
    spans = [(0, len(clips[0]))]
    for clip in clips[1:]:
        at = spans[-1][1]
        starts = [at + ms_to_samples(pause_ms / pace) for pause_ms in sorted(PAUSES_MS)]
        start = next(start for start in starts if np.array_equal(pcm[start : start + len(clip)], clip))
        spans.append((start, start + len(clip)))
    assert spans[-1][1] == len(pcm)
    return [Joint(before[1], after[0]) for before, after in pairwise(spans)]


def silence_ms(pcm: Pcm, joint: Joint) -> float:
    """How long nothing is heard around a joint."""
    loud = np.flatnonzero(np.abs(pcm.astype(int)) >= QUIET)
    return samples_to_ms(int(loud[loud >= joint.start].min() - loud[loud < joint.end].max()))


def test_all_recordings_have_one_level_and_one_loudness(takes):
    clips = {name: take.clip() for name, take in takes.items()}
    assert len(clips) > 600
    for name, clip in clips.items():
        assert active_level_dbfs(clip) == pytest.approx(LEVEL_DBFS, abs=LEVEL_SPREAD_DB), name
    loudness = {name: loudness_lufs(clip) for name, clip in clips.items()}
    middle = median(loudness.values())
    for name, lufs in loudness.items():
        assert lufs == pytest.approx(middle, abs=LOUDNESS_SPREAD_LU), name


def test_no_recording_is_clipped_or_cut_off_and_all_begin_and_end_in_silence(takes):
    for name, take in takes.items():
        assert take.flaws() == [], name
        assert take.samples[0] == take.samples[-1] == 0, name


@pytest.mark.parametrize("pace", [1.0, 0.8])
def test_rendered_prompts_have_one_level_no_clicks_and_the_silences_that_were_asked_for(hotline, catalog, pace):
    measured = 0
    for pieces in prompts(hotline):
        catalog.asked.clear()
        prompt = render(Say("node", pieces, pace=pace), catalog)
        pcm = prompt.pcm
        assert active_level_dbfs(pcm) == pytest.approx(LEVEL_DBFS, abs=LEVEL_SPREAD_DB), prompt.text
        for joint in joints(pcm, catalog.asked, pace):
            around = pcm[joint.end - ms_to_samples(1) : joint.start + ms_to_samples(1)].astype(int)
            assert np.abs(np.diff(around)).max() <= STEP, prompt.text
            pause_ms = samples_to_ms(joint.start - joint.end)
            assert pause_ms < silence_ms(pcm, joint) <= pause_ms + SILENCE_BEYOND_MS, prompt.text
            measured += 1
    assert measured > 100


def test_the_sign_to_speak_is_as_loud_as_the_words_and_does_not_click(catalog):
    pcm = render(Say("node", (Text("再见。"), Tone())), catalog).pcm
    start = len(pcm) - ms_to_samples(Tone().duration_ms)
    assert active_level_dbfs(pcm[start:]) == pytest.approx(active_level_dbfs(pcm[:start]), abs=LEVEL_SPREAD_DB)
    assert np.abs(np.diff(pcm[start - 16 : start + 8].astype(int))).max() <= STEP
    assert pcm[-1] == 0


def test_the_measures_find_what_they_are_for(catalog):
    """A click, a hole and a loud word, put in on purpose."""
    first, second = catalog.clip("再见"), catalog.clip("三十五元")
    pause = np.zeros(ms_to_samples(CLAUSE_PAUSE_MS), np.int16)
    cut = first[: int(np.argmax(np.abs(first.astype(int))))]
    clicking = np.concatenate([cut, pause, second])
    [joint] = joints(clicking, [cut, second], 1.0)
    assert np.abs(np.diff(clicking[joint.end - 16 : joint.start + 16].astype(int))).max() > STEP
    hole = np.zeros(ms_to_samples(SILENCE_BEYOND_MS), np.int16)
    sparse = np.concatenate([first, hole])
    holed = np.concatenate([sparse, pause, second])
    [joint] = joints(holed, [sparse, second], 1.0)
    assert silence_ms(holed, joint) > CLAUSE_PAUSE_MS + SILENCE_BEYOND_MS
    assert loudness_lufs(second * 2) - loudness_lufs(second) == pytest.approx(6.02, abs=0.1)
