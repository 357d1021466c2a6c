"""The shipped recordings join into prompts: no clicks, sane pauses, one loudness, at any pace and gain."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gateway.dialogue.actions import Piece, Say, Text, Tone, Value
from gateway.errors import PromptError
from gateway.media.frames import ms_to_samples, samples_to_ms
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.clips import LEVEL_DBFS, active_level_dbfs
from gateway.prompts.render import (
    CLAUSE_PAUSE_MS,
    GROUP_PAUSE_MS,
    SENTENCE_PAUSE_MS,
    RenderedPrompt,
    render,
)
from gateway.prompts.sayas import FRAGMENTS

pytestmark = pytest.mark.unit

FLOWS = Path(__file__).parents[2] / "ivr_flows"
BALANCE = (Text("您的话费余额为"), Value("amount", Decimal("1205.68")), Text("。"))
TICKET = (Text("您的投诉已经受理，工单号是"), Value("digits", "60112735"), Text("。我们会在"))
PROGRESS = (Text("您的工单"), Value("digits", "60112735"), Value("date", date(2026, 11, 19)), Text("受理"))
PROMPTS = {"balance": BALANCE, "ticket": TICKET, "progress": PROGRESS}


@pytest.fixture(scope="module")
def catalog() -> PromptCatalog:
    return PromptCatalog.load(FLOWS / "mobile_hotline", FLOWS / "voices" / "hotline")


def said(catalog: PromptCatalog, *pieces: Piece, pace: float = 1.0, gain_db: float = 0.0) -> RenderedPrompt:
    return render(Say("node", pieces, pace=pace, gain_db=gain_db), catalog)


def silences_ms(pcm: np.ndarray) -> list[float]:
    """Lengths of the stretches of exact silence of at least 5 ms, in order."""
    silent = np.concatenate([[0], (pcm == 0).astype(int), [0]])
    starts, ends = np.flatnonzero(np.diff(silent) == 1), np.flatnonzero(np.diff(silent) == -1)
    return [samples_to_ms(int(end - start)) for start, end in zip(starts, ends, strict=True) if end - start >= 80]


def longest_low_ms(pcm: np.ndarray) -> float:
    """The longest pause: 5 ms windows 35 dB below the loudest, in a row."""
    windows = pcm[: len(pcm) // 80 * 80].astype(float).reshape(-1, 80)
    power = np.mean(windows**2, axis=1)
    best = run = 0
    for low in power < power.max() * 10**-3.5:
        run = run + 1 if low else 0
        best = max(best, run)
    return best * 5.0


@pytest.mark.parametrize("name", PROMPTS)
@pytest.mark.parametrize(("pace", "gain_db"), [(1.0, 0.0), (0.8, 3.0)])
def test_joins_have_no_clicks(catalog, name, pace, gain_db):
    """A click is a step that the recordings themselves never make; where two meet, both are close to zero."""
    prompt = said(catalog, *PROMPTS[name], pace=pace, gain_db=gain_db)
    inside = max(
        np.abs(np.diff(said(catalog, piece, pace=pace, gain_db=gain_db).pcm.astype(int))).max()
        for piece in PROMPTS[name]
        if not (isinstance(piece, Text) and piece.text == "。")
    )
    assert np.abs(np.diff(prompt.pcm.astype(int))).max() <= inside
    for start in prompt.starts[1:]:
        assert np.abs(prompt.pcm[start - 16 : start + 16]).max() < 300


def test_every_recording_begins_and_ends_in_silence_and_at_one_level(catalog):
    for fragment in FRAGMENTS:
        clip = catalog.clip(fragment)
        assert clip[0] == clip[-1] == 0
        assert active_level_dbfs(clip) == pytest.approx(LEVEL_DBFS, abs=2)


@pytest.mark.parametrize("name", PROMPTS)
def test_a_whole_prompt_keeps_the_level_throughout(catalog, name):
    pcm = said(catalog, *PROMPTS[name]).pcm
    halves = [active_level_dbfs(half) for half in np.array_split(pcm, 2)]
    assert halves == pytest.approx([LEVEL_DBFS, LEVEL_DBFS], abs=2)


def test_no_pause_inside_a_number(catalog):
    pcm = said(catalog, Value("amount", Decimal("9876.54"))).pcm
    assert longest_low_ms(pcm) < 120


def test_pauses_between_groups_clauses_and_sentences(catalog):
    groups = silences_ms(said(catalog, Value("digits", "13900001002")).pcm)
    assert sum(ms >= GROUP_PAUSE_MS for ms in groups) == 2
    clause = silences_ms(said(catalog, Text("抱歉，我没听清")).pcm)
    assert any(CLAUSE_PAUSE_MS <= ms < SENTENCE_PAUSE_MS for ms in clause)
    sentence = silences_ms(said(catalog, Text("办好了。您的新套餐是")).pcm)
    assert any(SENTENCE_PAUSE_MS <= ms < SENTENCE_PAUSE_MS + 100 for ms in sentence)


def test_two_values_in_a_row_are_kept_apart(catalog):
    pieces = (Value("digits", "60112735"), Value("date", date(2026, 11, 19)))
    alone = [len(said(catalog, piece).pcm) for piece in pieces]
    together = len(said(catalog, *pieces).pcm)
    assert together - sum(alone) == ms_to_samples(CLAUSE_PAUSE_MS)


@pytest.mark.parametrize("pace", [0.8, 1.0])
def test_a_tone_stands_apart_as_loud_as_the_words_and_keeps_its_length_at_any_pace(catalog, pace):
    words = said(catalog, Text("我没听清"), pace=pace)
    prompt = said(catalog, Text("我没听清。"), Tone(hz=1000, duration_ms=300), pace=pace)
    sound = prompt.pcm[prompt.starts[-1] :]
    assert prompt.text == "我没听清。（嘀）"
    assert len(prompt.starts) == len(words.starts) + 1
    assert len(sound) == ms_to_samples(300)
    assert len(prompt.pcm) == len(words.pcm) + ms_to_samples(SENTENCE_PAUSE_MS / pace) + len(sound)
    assert active_level_dbfs(sound) == pytest.approx(LEVEL_DBFS, abs=0.3)
    assert np.argmax(np.abs(np.fft.rfft(sound))) == pytest.approx(1000 * len(sound) / 16_000, abs=1)
    assert sound[0] == sound[-1] == 0
    # no step greater than the steepest place of the sine itself
    assert np.abs(np.diff(sound.astype(int))).max() <= 2 * np.pi * 1000 / 16_000 * np.abs(sound).max()


def test_words_after_a_tone_wait_for_it(catalog):
    tone, words = said(catalog, Tone(duration_ms=200)), said(catalog, Text("我没听清"))
    both = said(catalog, Tone(duration_ms=200), Text("我没听清"))
    assert len(both.pcm) == len(tone.pcm) + ms_to_samples(CLAUSE_PAUSE_MS) + len(words.pcm)


def test_no_prompt_begins_or_ends_with_a_pause(catalog):
    pcm = said(catalog, Text("。您好，"), *BALANCE).pcm
    loud = np.flatnonzero(np.abs(pcm.astype(int)) > 300)
    assert samples_to_ms(int(loud[0])) < 60
    assert samples_to_ms(int(len(pcm) - loud[-1])) < 100


@pytest.mark.parametrize("pace", [0.8, 1.25])
def test_pace_changes_the_length_and_nothing_else(catalog, pace):
    normal, other = said(catalog, *TICKET), said(catalog, *TICKET, pace=pace)
    assert len(other.pcm) == pytest.approx(len(normal.pcm) / pace, rel=0.002)
    assert len(other.starts) == len(normal.starts)
    assert other.text == normal.text
    assert active_level_dbfs(other.pcm) == pytest.approx(active_level_dbfs(normal.pcm), abs=1.5)


def test_gain_makes_it_louder_without_clipping(catalog):
    normal, louder = said(catalog, *BALANCE).pcm, said(catalog, *BALANCE, gain_db=3.0).pcm
    assert len(louder) == len(normal)
    assert active_level_dbfs(louder) - active_level_dbfs(normal) == pytest.approx(3, abs=0.3)
    assert np.abs(said(catalog, *BALANCE, gain_db=12.0).pcm.astype(int)).max() <= 32767


def test_text_is_what_is_heard(catalog):
    assert said(catalog, *BALANCE).text == "您的话费余额为一千两百零五元六角八分。"
    assert said(catalog, *PROGRESS).text == "您的工单六零幺幺二七三五二零二六年十一月十九日受理"


def test_clauses_are_where_it_can_go_on(catalog):
    prompt = said(catalog, Text("抱歉，我没听清。请一位一位慢慢说。"))
    assert len(prompt.starts) == 3
    assert prompt.starts[0] == 0
    for start, following in pairwise(prompt.starts):
        assert following - start > ms_to_samples(200)


def test_a_recording_of_the_whole_text_wins_over_its_clauses():
    rng = np.random.default_rng(1)
    clips = {
        text: (rng.standard_normal(n) * 2000).astype(np.int16)
        for text, n in (("您好，再见", 9000), ("您好", 4000), ("再见", 4000))
    }
    catalog = PromptCatalog(clips)
    np.testing.assert_array_equal(said(catalog, Text("您好，再见。")).pcm, clips["您好，再见"])
    assert len(said(catalog, Text("再见，您好")).pcm) == 8000 + ms_to_samples(CLAUSE_PAUSE_MS)


def test_an_unrecorded_clause_is_named(catalog):
    with pytest.raises(PromptError, match="今天天气很好"):
        said(catalog, Text("您好，今天天气很好。"))
