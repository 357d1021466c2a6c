"""Engines taking turns, and what their takes sum up to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from asr.bench.conditions import Condition, Telephone
from asr.bench.figures import Share, figures_of
from asr.bench.measure import Judged, Question, Sample, Take, count, listen, spread, takes
from asr.engine import Capabilities, Pcm, Transcript
from asr.engines.scripted import ScriptedEngine
from asr.scoring import REFUSED, CharacterErrors, ManifestEntry

pytestmark = pytest.mark.unit

CLEAN, LOSS = Condition("clean"), Condition("loss", 3.0)
HINTS = ("查话费", "查流量")


class Deaf(ScriptedEngine):
    """Makes nothing of hints."""

    capabilities = Capabilities(streaming=False, hints=False, word_times=False)


def entry(file: str, text: str = "查话费", option: str | None = None) -> ManifestEntry:
    return ManifestEntry(file, Path(file), text, option)


def sample(file: str, option: str | None) -> Sample:
    pcm = (3000 * np.sin(np.arange(8000) * 0.4)).astype(np.int16)
    return Sample(entry(file, option=option), pcm)


def by_hints(_: Pcm, hints: tuple[str, ...]) -> str:
    """Hears the sentence when it is told what to expect, else something like it."""
    return "查话费" if "查话费" in hints else "茶化肥"


def judge(heard: Transcript) -> Judged:
    return Judged("balance" if heard.text == "查话费" else None, accepted=heard.text == "查话费")


def take(wanted: str | None, option: str | None, accepted: bool, **given: object) -> Take:
    values = {
        "engine": "e",
        "condition": CLEAN,
        "hints": True,
        "file": "a.wav",
        "text": "查话费",
        "wanted": wanted,
        "heard": Transcript("查话费", 0.9),
        "judged": Judged(option, accepted),
        "errors": CharacterErrors(1, 0, 0, 3),
        "audio_s": 2.0,
        "cpu_s": 0.5,
        "latency_ms": 100.0,
    }
    return Take(**(values | given))


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.278), (9, 10, 0.596, 0.982), (50, 100, 0.404, 0.596), (10, 10, 0.722, 1.0)],
)
def test_intervals_are_wilson_s(hits: int, of: int, low: float, high: float) -> None:
    assert Share(hits, of).interval == pytest.approx((low, high), abs=0.0006)


def test_of_nothing_nothing_is_known() -> None:
    assert Share(0, 0).rate == 0.0
    assert Share(0, 0).interval == (0.0, 1.0)


def test_answers_are_counted_by_what_became_of_them() -> None:
    (figures,) = figures_of(
        [
            take("balance", "balance", True),
            take("balance", "balance", False),
            take("balance", "data_usage", True),
            take("balance", None, False),
            take(REFUSED, "balance", True),
            take(REFUSED, "balance", False),
            take(REFUSED, None, False),
            take(None, None, False, judged=None),
        ]
    )
    assert (figures.option, figures.confirmed, figures.wrong) == (Share(1, 4), Share(2, 4), Share(1, 4))
    assert figures.false_accepts == Share(1, 3)
    assert figures.files == 8


def test_costs_are_per_second_of_audio_and_errors_per_character() -> None:
    (figures,) = figures_of(
        [
            take(None, None, False, judged=None, audio_s=9.0, cpu_s=0.7, latency_ms=100.0),
            take(
                None,
                None,
                False,
                judged=None,
                audio_s=1.0,
                cpu_s=0.3,
                errors=CharacterErrors(0, 0, 0, 7),
                latency_ms=300.0,
            ),
        ]
    )
    assert figures.cpu_per_s == pytest.approx(0.1)
    assert figures.cer == pytest.approx(0.1)
    assert (figures.latency_p50_ms, figures.latency_p95_ms) == (pytest.approx(200), pytest.approx(290))


def test_engines_stay_together_and_hints_come_first() -> None:
    order = [(CLEAN, "b", False), (CLEAN, "a", True), (CLEAN, "b", True), (LOSS, "b", True)]
    figures = figures_of([take(None, None, False, condition=line, engine=one, hints=way) for line, one, way in order])
    assert [(one.condition, one.engine, one.hints) for one in figures] == [
        (CLEAN, "b", True),
        (LOSS, "b", True),
        (CLEAN, "b", False),
        (CLEAN, "a", True),
    ]


def test_every_file_is_heard_with_hints_and_without_where_its_option_is_known() -> None:
    engines = {"ours": ScriptedEngine(by_hints), "deaf": Deaf(by_hints)}
    samples = [sample("a.wav", "balance"), sample("b.wav", None)]
    question = Question(judge, HINTS)
    found = list(takes(engines, samples, [CLEAN, LOSS], Telephone({}), question))
    assert len(found) == count(engines, samples, [CLEAN, LOSS], question) == 10
    on_clean = [(one.file, one.engine, one.hints, one.right) for one in found if one.condition == CLEAN]
    assert on_clean == [
        ("a.wav", "ours", False, False),
        ("a.wav", "ours", True, True),
        ("a.wav", "deaf", False, False),
        ("b.wav", "ours", False, False),
        ("b.wav", "deaf", False, False),
    ]
    assert [one.judged for one in found if one.file == "b.wav"] == [None] * 4


def test_without_a_question_only_words_are_counted() -> None:
    engines = {"ours": ScriptedEngine(by_hints)}
    (found,) = takes(engines, [sample("a.wav", "balance")], [CLEAN], Telephone({}))
    assert (found.hints, found.judged, found.errors) == (False, None, CharacterErrors(3, 0, 0, 3))


def test_a_stream_gets_all_of_the_audio_in_pieces() -> None:
    heard: list[Pcm] = []

    def keep(pcm: Pcm, _: tuple[str, ...]) -> str:
        heard.append(pcm)
        return "好"

    pcm = np.arange(1, 16_050, dtype=np.int16)
    transcript, cpu_s, latency_ms = listen(ScriptedEngine(keep), pcm)
    assert transcript.text == "好"
    assert np.array_equal(heard[0], pcm)
    assert cpu_s >= 0
    assert latency_ms > 0


@pytest.mark.parametrize(("limit", "files"), [(0, "abcdefg"), (9, "abcdefg"), (3, "ace"), (1, "a")])
def test_a_limit_is_spread_evenly(limit: int, files: str) -> None:
    assert "".join(one.file for one in spread([entry(name) for name in "abcdefg"], limit)) == files
