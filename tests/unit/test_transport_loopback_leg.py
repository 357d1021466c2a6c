"""The scripted caller: what they do when, given what the hotline does."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gateway.media.frames import FRAME_SAMPLES, SILENCE
from gateway.transport.leg import HotlineState, LegInfo
from gateway.transport.loopback import leg as module
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import HangUp, Press, Speak, Step, Wait
from tests.support.sound import tone

pytestmark = pytest.mark.unit

INFO = LegInfo("13800138000", "10086", "loopback")
SPEAKING = HotlineState(speaking=True, listening=False)
LISTENING = HotlineState(speaking=False, listening=True)
WORKING = HotlineState(speaking=False, listening=False)
ANSWER = Speak(tone(500))
OVER = Speak(tone(500), over=True)

Hotline = Callable[[float], HotlineState]


def timeline(*spans: tuple[float, HotlineState]) -> Hotline:
    """Each state until its time in ms; the last one for ever."""
    return lambda now_ms: next((state for until_ms, state in spans if now_ms < until_ms), spans[-1][1])


def watch(script: list[Step], hotline: Hotline, until_ms: float = 300_000) -> list[tuple[str, float]]:
    """What the caller did: ("speaks", ms), ("stops", ms), (key, ms), ("hangs up", ms)."""
    leg, did, speaking = LoopbackLeg(script, INFO), [], False
    for now_ms in range(0, int(until_ms), 20):
        heard = leg.receive(now_ms, hotline(now_ms))
        loud = float(np.sqrt(np.mean(heard.frame.astype(float) ** 2))) > 500
        if loud != speaking:
            speaking = loud
            did.append(("speaks" if loud else "stops", float(now_ms)))
        did.extend((key, float(now_ms)) for key in heard.keys)
        if heard.hung_up:
            return [*did, ("hangs up", float(now_ms))]
        leg.send(SILENCE)
    return did


def test_an_answer_comes_300_ms_after_the_prompt() -> None:
    did = watch([ANSWER], timeline((2000, SPEAKING), (3400, LISTENING), (6000, SPEAKING), (9999, LISTENING)))
    assert did == [("speaks", 2300), ("stops", 2800), ("hangs up", 6500)]


def test_the_next_answer_waits_for_the_next_question() -> None:
    hotline = timeline((3000, LISTENING), (3500, WORKING), (6000, SPEAKING), (9999, LISTENING))
    assert watch([ANSWER, ANSWER], hotline, until_ms=8000) == [
        ("speaks", 300),
        ("stops", 800),
        ("speaks", 6300),
        ("stops", 6800),
    ]


def test_after_a_wait_the_caller_speaks_on_in_the_same_answer() -> None:
    assert watch([ANSWER, Wait(1500), ANSWER], timeline((9999, LISTENING)), until_ms=5000) == [
        ("speaks", 300),
        ("stops", 800),
        ("speaks", 2320),
        ("stops", 2820),
    ]


def test_a_wait_counts_from_its_turn_whatever_the_hotline_does() -> None:
    did = watch([Wait(5000), ANSWER], timeline((2000, SPEAKING), (9999, LISTENING)), until_ms=7000)
    assert did == [("speaks", 5020), ("stops", 5520)]


def test_talking_over_begins_a_second_into_the_prompt() -> None:
    hotline = timeline((500, WORKING), (4000, SPEAKING), (9999, LISTENING))
    assert watch([OVER], hotline, until_ms=4000) == [("speaks", 1500), ("stops", 2000)]


def test_talking_over_after_an_answer_counts_from_the_next_prompt() -> None:
    hotline = timeline((1400, LISTENING), (2000, WORKING), (9000, SPEAKING))
    assert watch([ANSWER, OVER], hotline, until_ms=9000)[2:] == [("speaks", 3000), ("stops", 3500)]


def test_talking_over_counts_from_its_turn_in_a_prompt_that_already_plays() -> None:
    assert watch([Press("1"), OVER], timeline((9000, SPEAKING)), until_ms=3000)[:2] == [("1", 500), ("speaks", 1520)]


def test_talking_over_a_prompt_that_is_too_short_comes_after_it() -> None:
    assert watch([OVER], timeline((800, SPEAKING), (9999, LISTENING)), until_ms=2000)[0] == ("speaks", 1100)


def test_keys_come_one_by_one_half_a_second_into_a_prompt() -> None:
    hotline = timeline((1000, WORKING), (9999, SPEAKING))
    assert watch([Press("12#")], hotline, until_ms=3000) == [("1", 1500), ("2", 1700), ("#", 1900)]


def test_keys_after_an_answer_wait_for_the_reaction() -> None:
    hotline = timeline((2000, LISTENING), (2500, WORKING), (9999, SPEAKING))
    did = watch([ANSWER, Press("1")], hotline, until_ms=4000)
    assert did == [("speaks", 300), ("stops", 800), ("1", 3000)]


def test_keys_after_keys_wait_for_the_reaction_but_not_after_a_wait() -> None:
    hotline = timeline((5000, LISTENING), (9999, SPEAKING))
    assert watch([Press("1"), Press("2")], hotline, until_ms=6000) == [("1", 500), ("2", 5500)]
    assert watch([Press("1"), Wait(1000), Press("2")], hotline, until_ms=4000) == [("1", 500), ("2", 1540)]


def test_hanging_up_is_at_once() -> None:
    assert watch([ANSWER, HangUp()], timeline((9999, LISTENING))) == [
        ("speaks", 300),
        ("stops", 800),
        ("hangs up", 800),
    ]


def test_a_caller_without_a_script_hears_out_the_hotline() -> None:
    assert watch([], timeline((7000, SPEAKING), (7200, LISTENING), (9000, SPEAKING), (9999, LISTENING))) == [
        ("hangs up", 9500)
    ]


@pytest.mark.parametrize("state", [SPEAKING, LISTENING, WORKING])
@pytest.mark.parametrize("script", [[], [ANSWER, ANSWER], [OVER, OVER], [Press("1"), Press("2")]])
def test_no_script_and_no_hotline_keep_a_call_alive_for_ever(script: list[Step], state: HotlineState) -> None:
    did = watch(script, timeline((9999, state)), until_ms=3 * module.PATIENCE_MS + 10_000)
    assert did[-1][0] == "hangs up"


def test_the_caller_s_sound_arrives_whole_over_a_faint_noise_that_is_the_same_every_time() -> None:
    heard = []
    for _ in range(2):
        leg = LoopbackLeg([ANSWER], INFO)
        heard.append(np.concatenate([leg.receive(at, LISTENING).frame for at in range(0, 1200, 20)]))
    assert np.array_equal(*heard)
    start = 300 * 16
    assert np.max(np.abs(heard[0][start : start + 8000].astype(int) - tone(500))) < 100
    level_dbfs = 20 * np.log10(np.sqrt(np.mean(heard[0][:start].astype(float) ** 2)) / 32768)
    assert -71 < level_dbfs < -69


def test_loud_speech_does_not_wrap_around() -> None:
    leg = LoopbackLeg([Speak(np.full(8000, 32_767, np.int16))], INFO)
    sound = np.concatenate([leg.receive(at, LISTENING).frame for at in range(0, 800, 20)])
    assert sound[300 * 16 : 800 * 16].min() > 32_000


def test_a_frame_of_the_wrong_size_is_refused() -> None:
    with pytest.raises(ValueError, match=str(FRAME_SAMPLES)):
        LoopbackLeg([], INFO).send(np.zeros(160, np.int16))
