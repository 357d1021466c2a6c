"""What every leg promises, whatever the network behind it. A transport joins by adding its factory to `LEGS`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from gateway.media.frames import FRAME_SAMPLES, SILENCE
from gateway.transport.leg import HotlineState, Leg, LegInfo
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import HangUp, Press, Speak, Wait
from tests.support.sip_leg import PlayedCaller, telephone
from tests.support.sound import tone
from tests.support.webrtc_leg import browser

pytestmark = pytest.mark.contract

INFO = LegInfo(caller_number="13800138000", called_number="10086", transport="test")
LISTENING = HotlineState(speaking=False, listening=True)

HANDED_OVER_WITHIN_MS = 90_000
"""By then a call stops waiting for it."""

LegFactory = Callable[[], Leg]


def loopback() -> Leg:
    """A caller who says half a second, presses 42#, waits and hangs up."""
    return LoopbackLeg([Speak(tone(500)), Wait(20), Press("42#"), Wait(1000), HangUp()], INFO)


def sip() -> Leg:
    """The same caller by telephone."""
    return telephone(INFO)


def webrtc() -> Leg:
    """The same caller in a browser."""
    return browser(INFO)


LEGS: list[LegFactory] = [loopback, sip, webrtc]


@pytest.fixture(params=LEGS, ids=lambda make: make.__name__)
def leg(request: pytest.FixtureRequest) -> Iterator[Leg]:
    made: Leg = request.param()
    yield made
    if isinstance(made, PlayedCaller):
        made.close()


def test_it_is_a_leg_and_knows_its_numbers(leg: Leg) -> None:
    assert isinstance(leg, Leg)
    assert (leg.info.caller_number, leg.info.called_number) == (INFO.caller_number, INFO.called_number)


def test_every_tick_brings_one_frame(leg: Leg) -> None:
    for tick in range(100):
        frame = leg.receive(tick * 20, LISTENING).frame
        assert (frame.shape, frame.dtype) == ((FRAME_SAMPLES,), np.int16)
        leg.send(SILENCE)


def test_sound_keys_and_the_end_come_through_once_and_in_order(leg: Leg) -> None:
    keys, voiced, hung_up_at = "", 0, None
    for tick in range(1000):
        heard = leg.receive(tick * 20, LISTENING)
        leg.send(SILENCE)
        keys += "".join(heard.keys)
        voiced += bool(np.abs(heard.frame.astype(int)).max() > 1000)
        if heard.hung_up:
            hung_up_at = tick
            break
    assert keys == "42#"
    assert 24 <= voiced <= 27
    assert hung_up_at is not None


def test_once_ended_it_stays_ended_and_silent(leg: Leg) -> None:
    leg.receive(0, LISTENING)
    leg.hang_up("completed")
    leg.hang_up("completed")
    for tick in range(1, 50):
        heard = leg.receive(tick * 20, LISTENING)
        leg.send(SILENCE)
        assert heard.hung_up
        assert heard.keys == ()
        assert np.abs(heard.frame.astype(int)).max() < 200


def test_what_arrived_may_be_kept(leg: Leg) -> None:
    frames = [leg.receive(tick * 20, LISTENING).frame for tick in range(60)]
    copies = [frame.copy() for frame in frames]
    for tick in range(60, 200):
        leg.receive(tick * 20, LISTENING)
    assert all(np.array_equal(frame, copy) for frame, copy in zip(frames, copies, strict=True))


@pytest.mark.parametrize("hangs_up", [False, True])
def test_how_a_transfer_went_is_told_once_and_in_bounded_time(leg: Leg, hangs_up: bool) -> None:
    waiting = HotlineState(speaking=False, listening=False)
    leg.receive(0, waiting)
    leg.transfer("general")
    told, ended = [], False
    for tick in range(1, HANDED_OVER_WITHIN_MS // 20):
        heard = leg.receive(tick * 20, waiting)
        leg.send(SILENCE)
        told += [heard.handed_over] if heard.handed_over else []
        ended = ended or heard.hung_up
        if hangs_up and told:
            leg.hang_up("call_ended")
    assert len(told) == 1 or (ended and not told)
    assert all(outcome.ok or outcome.reason for outcome in told)


def test_a_leg_that_has_ended_hands_nobody_over(leg: Leg) -> None:
    leg.receive(0, LISTENING)
    leg.hang_up("completed")
    leg.transfer("general")
    told = [leg.receive(tick * 20, LISTENING).handed_over for tick in range(1, 100)]
    assert not any(outcome and outcome.ok for outcome in told)


def test_how_the_line_was_can_be_written_down(leg: Leg) -> None:
    for tick in range(50):
        leg.receive(tick * 20, LISTENING)
        leg.send(SILENCE)
    line = leg.line
    assert line is None or json.loads(json.dumps(dict(line))) == dict(line)
    leg.hang_up("completed")
    assert (leg.line is None) == (line is None), "also once it has ended"
