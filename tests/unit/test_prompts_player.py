"""The player on ticks: what goes out, when a prompt begins and ends, and how it is cut and taken up again."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.dialogue.actions import BargeIn, Say, Text
from gateway.errors import PromptError
from gateway.media.frames import FRAME_MS, FRAME_SAMPLES, ms_to_samples
from gateway.prompts.catalog import PromptCatalog
from gateway.prompts.clips import FADE_MS, condition
from gateway.prompts.player import Player, Spoken
from gateway.prompts.render import CLAUSE_PAUSE_MS, SENTENCE_PAUSE_MS, render

pytestmark = pytest.mark.unit

HELLO = Say("hello", (Text("您好。"),))
ASK = Say("ask", (Text("请说，请按键。"),), BargeIn.DTMF)


def voice(seed: int, ms: int) -> np.ndarray:
    return condition((np.random.default_rng(seed).standard_normal(ms_to_samples(ms)) * 2000).astype(np.int16))


@pytest.fixture(scope="module")
def catalog() -> PromptCatalog:
    return PromptCatalog({"您好": voice(1, 500), "请说": voice(2, 410), "请按键": voice(3, 333), "嗯": voice(4, 5)})


@pytest.fixture
def player(catalog) -> Player:
    return Player(catalog)


def run(player: Player, most: int = 500) -> list[Spoken]:
    ticks = []
    while player.playing and len(ticks) < most:
        ticks.append(player.tick())
    return ticks


def sound(ticks: list[Spoken]) -> np.ndarray:
    return np.concatenate([tick.frame for tick in ticks])


def test_silence_when_idle(player):
    tick = player.tick()
    assert not player.playing
    assert not tick.frame.any()
    assert (tick.started, tick.ended) == (None, None)
    assert len(tick.frame) == FRAME_SAMPLES


def test_a_prompt_goes_out_whole_and_tells_its_ends(player, catalog):
    player.play(HELLO)
    ticks = run(player)
    pcm = render(HELLO, catalog).pcm
    np.testing.assert_array_equal(sound(ticks)[: len(pcm)], pcm)
    assert len(ticks) == -(-len(pcm) // FRAME_SAMPLES)
    assert ticks[0].started == ("hello", "您好。")
    assert [tick.started for tick in ticks[1:]] == [None] * (len(ticks) - 1)
    node, played_ms, cut = ticks[-1].ended
    assert (node, cut) == ("hello", False)
    assert played_ms == pytest.approx(len(pcm) / 16)
    assert not any(tick.ended for tick in ticks[:-1])


def test_a_second_prompt_follows_after_a_sentence_pause(player):
    player.play(HELLO)
    player.play(ASK)
    ticks = run(player)
    ended = next(i for i, tick in enumerate(ticks) if tick.ended)
    started = next(i for i, tick in enumerate(ticks) if tick.started and tick.started.node == "ask")
    assert started - ended - 1 == SENTENCE_PAUSE_MS // FRAME_MS
    assert not sound(ticks[ended + 1 : started]).any()
    assert ticks[0].barge_in is BargeIn.SPEECH
    assert ticks[-1].barge_in is BargeIn.DTMF


def test_flush_is_silent_within_the_frame_and_does_not_click(player):
    player.play(HELLO)
    player.play(ASK)
    before = [player.tick() for _ in range(8)]
    player.flush()
    assert player.playing
    last = player.tick()
    fade = ms_to_samples(FADE_MS)
    assert last.frame[:fade].any()
    assert not last.frame[fade:].any()
    assert abs(int(last.frame[fade - 1])) < 100
    assert last.ended == ("hello", 8 * FRAME_MS + FADE_MS, True)
    assert not player.playing
    assert not player.tick().frame.any()
    assert sound(before).any()


def test_flush_before_the_first_sound_ends_nothing(player):
    player.play(HELLO)
    player.flush()
    assert not player.playing
    assert player.tick().ended is None


def test_flush_of_nothing_is_nothing(player):
    player.flush()
    player.resume()
    assert not player.playing


def test_what_is_played_after_a_flush_follows_the_fade(player):
    player.play(HELLO)
    for _ in range(5):
        player.tick()
    player.flush()
    player.play(ASK)
    first, second = player.tick(), player.tick()
    assert first.ended.node == "hello"
    assert first.started is None
    assert second.started.node == "ask"


def test_resume_goes_on_from_the_clause_that_was_cut(player, catalog):
    prompt = render(ASK, catalog)
    player.play(ASK)
    player.play(HELLO)
    while player.played_ms * 16 <= prompt.starts[1] + 1000:
        player.tick()
    player.flush()
    player.tick()
    player.resume()
    ticks = run(player)
    assert ticks[0].started == ("ask", prompt.text)
    np.testing.assert_array_equal(ticks[0].frame, prompt.pcm[prompt.starts[1] : prompt.starts[1] + FRAME_SAMPLES])
    ends = [tick.ended for tick in ticks if tick.ended]
    assert [end.node for end in ends] == ["ask", "hello"]
    assert ends[0].played_ms == pytest.approx((len(prompt.pcm) - prompt.starts[1]) / 16)


def test_resume_in_the_first_clause_begins_again(player, catalog):
    player.play(ASK)
    for _ in range(4):
        player.tick()
    player.flush()
    player.resume()
    ticks = run(player)
    assert ticks[0].ended.cut
    pcm = render(ASK, catalog).pcm
    np.testing.assert_array_equal(sound(ticks[1:])[: len(pcm)], pcm)


def test_a_new_prompt_forgets_what_was_cut(player):
    player.play(ASK)
    player.tick()
    player.flush()
    player.play(HELLO)
    run(player)
    player.resume()
    assert not player.playing


def test_a_prompt_shorter_than_a_frame_still_begins_before_it_ends(player):
    player.play(Say("short", (Text("嗯"),), pace=2.0))
    ticks = run(player)
    assert len(ticks) >= 2
    assert ticks[0].started
    assert ticks[0].ended is None
    assert ticks[-1].ended


def test_clauses_are_a_clause_pause_apart(player, catalog):
    prompt = render(ASK, catalog)
    first = catalog.clip("请说")
    assert prompt.starts == (0, len(first) + ms_to_samples(CLAUSE_PAUSE_MS))


def test_an_unrecorded_prompt_is_refused_before_anything_changes(player):
    player.play(HELLO)
    with pytest.raises(PromptError, match="再见"):
        player.play(Say("bye", (Text("再见"),)))
    assert [tick.ended.node for tick in run(player) if tick.ended] == ["hello"]
