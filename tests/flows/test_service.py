"""The switchboard with whole calls: who is let in, who answers, and how it all ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.events import PromptStarted
from gateway.service import FAREWELL_S, hotlines_wanted
from gateway.settings import Settings
from gateway.speech.load import Step
from gateway.speech.workers import RecognitionPool
from gateway.store import Store, events
from gateway.store.refusals import turned_away
from gateway.transport.config import BROWSER
from gateway.transport.leg import HotlineState, LegInfo, LegInput
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import HangUp, Wait
from gateway.transport.sip.config import SipConfig, Trunk
from gateway.transport.switchboard import Place, Refusal, Switchboard
from gateway.transport.webrtc.config import WebrtcConfig
from tests.support.calls import EVERYDAY
from tests.support.service import Bench, run

pytestmark = pytest.mark.flows

INFO = LegInfo(EVERYDAY, "10086", "sip+udp")
TRUNK = replace(INFO, trunk="north")
BROWSER_INFO = LegInfo(EVERYDAY, "", "webrtc", trunk=BROWSER)
LONG_S = 25.0
"""A caller who says nothing for so long is still being asked."""


# -------------------------------------------------------------------------------------------------------- who is let in


def refused(answer: Place | Refusal) -> Refusal | None:
    return answer if isinstance(answer, Refusal) else None


def test_a_call_that_could_not_be_recorded_is_not_let_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(b: Bench) -> None:
        assert b.service.accepting
        monkeypatch.setattr("gateway.records.ROOM_FOR_CALL_BYTES", 1 << 62)
        assert not b.service.accepting
        assert refused(b.service.admit(INFO)) is Refusal.FULL
        monkeypatch.setattr(Store, "free_bytes", property(lambda _: (_ for _ in ()).throw(StoreError("gone"))))
        assert not b.service.accepting

    assert run(tmp_path, talk) == []


def test_while_recognition_is_hopelessly_late_no_call_is_let_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(b: Bench) -> None:
        for step, full in ((Step.KEYS, False), (Step.FULL, True), (Step.KEYS, False)):
            monkeypatch.setattr(RecognitionPool, "step", step)
            assert b.service.accepting is not full
            assert (refused(b.service.admit(INFO)) is Refusal.FULL) is full

    run(tmp_path, talk)


def test_no_more_calls_come_in_than_there_is_room_for(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        switchboard: Switchboard = b.service
        assert switchboard.accepting
        first, second = b.service.admit(INFO), b.service.admit(INFO)
        assert not isinstance(first, Refusal)
        assert not isinstance(second, Refusal)
        assert not b.service.accepting
        assert b.service.admit(INFO) is Refusal.FULL
        second.release()
        second.release()  # a mistake of a transport frees no place twice
        assert b.service.calls == 1
        assert b.service.accepting
        first.release()
        assert b.service.calls == 0
        assert b.service.refused == {Refusal.FULL: 1}
        await asyncio.to_thread(b.service.refusals.write)
        with b.gateway.records.store.session() as session:
            (away,) = turned_away(session)
        assert (away.hotline, away.count) == ("mobile_hotline", 1)

    assert run(tmp_path, talk, max_calls=2) == []


def test_a_trunk_has_a_limit_of_its_own(tmp_path: Path) -> None:
    sip = SipConfig(trunks=(Trunk(name="north", addresses=("192.0.2.1",), max_calls=1),))

    async def talk(b: Bench) -> None:
        assert refused(b.service.admit(TRUNK)) is None
        assert b.service.admit(TRUNK) is Refusal.BUSY
        assert refused(b.service.admit(INFO)) is None

    run(tmp_path, talk, sip=sip)


@pytest.mark.parametrize(
    ("numbers", "trunk_is_for", "info", "answers"),
    [
        ({}, None, INFO, "mobile_hotline"),
        ({"10086": "broadband_repair"}, None, INFO, "broadband_repair"),
        ({"10000": "broadband_repair"}, None, INFO, None),
        ({"10000": "mobile_hotline", "*": "broadband_repair"}, None, INFO, "broadband_repair"),
        ({"10086": "mobile_hotline"}, "broadband_repair", TRUNK, "broadband_repair"),
        ({"10086": "broadband_repair"}, None, TRUNK, "broadband_repair"),
    ],
)
def test_the_number_or_the_trunk_says_which_hotline_answers(
    tmp_path: Path, numbers: dict[str, str], trunk_is_for: str | None, info: LegInfo, answers: str | None
) -> None:
    trunk = Trunk(name="north", addresses=("192.0.2.1",), hotline=trunk_is_for)

    async def talk(b: Bench) -> None:
        place = b.service.admit(info)
        if isinstance(place, Refusal):
            assert (place, answers) == (Refusal.UNKNOWN_NUMBER, None)
            return
        place.take(LoopbackLeg([HangUp()], info))
        await b.clock.advance(200)
        await b.settle()

    calls = run(tmp_path, talk, sip=SipConfig(numbers=numbers, trunks=(trunk,)))
    assert [(call.flow, call.trunk) for call in calls] == ([(answers, info.trunk)] if answers else [])


def test_only_the_hotlines_that_calls_may_be_for_are_wanted() -> None:
    trunk = Trunk(name="north", addresses=("192.0.2.1",), hotline="c")
    no_web, web = WebrtcConfig(listen=()), WebrtcConfig(hotline="w")
    sip = SipConfig(numbers={"1": "b", "2": "b", "*": "d"}, trunks=(trunk,))
    assert hotlines_wanted(Settings(hotline="a", webrtc=no_web)) == ["a"]
    assert hotlines_wanted(Settings(hotline="a", sip=sip, webrtc=no_web)) == ["b", "d", "c"]
    assert hotlines_wanted(Settings(hotline="a")) == ["a"]
    assert hotlines_wanted(Settings(hotline="a", webrtc=web)) == ["a", "w"]
    assert hotlines_wanted(Settings(hotline="a", sip=sip)) == ["a", "b", "d", "c"]
    assert hotlines_wanted(Settings(hotline="a", sip=sip, webrtc=web)) == ["w", "b", "d", "c"]


@pytest.mark.parametrize(
    ("numbers", "web", "called", "answers"),
    [
        ({}, None, "", "mobile_hotline"),
        ({}, None, "10000", "mobile_hotline"),
        ({}, "broadband_repair", "", "broadband_repair"),
        ({}, "broadband_repair", "10000", "mobile_hotline"),
        ({"10000": "broadband_repair"}, None, "", "mobile_hotline"),
        ({"10000": "broadband_repair"}, None, "10000", "broadband_repair"),
        ({"10000": "broadband_repair"}, None, "10086", None),
        ({"10000": "mobile_hotline"}, "broadband_repair", "", "broadband_repair"),
        ({"*": "broadband_repair"}, None, "10086", "broadband_repair"),
    ],
)
def test_a_browser_names_a_number_or_gets_the_hotline_for_browsers(
    tmp_path: Path, numbers: dict[str, str], web: str | None, called: str, answers: str | None
) -> None:
    info = replace(BROWSER_INFO, called_number=called)

    async def talk(b: Bench) -> None:
        place = b.service.admit(info)
        if isinstance(place, Refusal):
            assert (place, answers) == (Refusal.UNKNOWN_NUMBER, None)
            return
        place.take(LoopbackLeg([HangUp()], info))
        await b.clock.advance(200)
        await b.settle()

    calls = run(tmp_path, talk, sip=SipConfig(numbers=numbers), webrtc=WebrtcConfig(hotline=web))
    assert [call.flow for call in calls] == ([answers] if answers else [])


def test_browsers_have_a_limit_of_their_own(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        assert refused(b.service.admit(BROWSER_INFO)) is None
        assert b.service.admit(BROWSER_INFO) is Refusal.BUSY
        assert refused(b.service.admit(INFO)) is None

    run(tmp_path, talk, webrtc=WebrtcConfig(max_calls=1))


# ------------------------------------------------------------------------------------------------------ calls beside it


class Broken:
    """A leg whose line fails as a bug of ours would."""

    info = INFO
    line = None

    def __init__(self, at: str) -> None:
        self._at = at
        self.hung_up = False

    def receive(self, now_ms: float, state: HotlineState) -> LegInput:
        raise RuntimeError(self._at)

    def send(self, frame: object) -> None: ...

    def transfer(self, queue: str) -> None: ...

    def hang_up(self, reason: str) -> None:
        self.hung_up = True


def test_a_call_that_crashes_is_recorded_and_touches_no_other(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.call(Wait(4000), HangUp(), info=INFO)
        broken = Broken("line")
        b.answer(INFO, broken)
        await b.clock.advance(5000)
        await b.settle()
        assert broken.hung_up
        assert (b.service.calls, b.service.taken) == (0, 2)

    calls = run(tmp_path, talk)
    ends = {(call.disposition, call.reason) for call in calls}
    assert ends == {("abandoned", "caller_hung_up"), ("failed", "internal_error:RuntimeError")}


def test_a_call_that_cannot_be_recorded_is_hung_up_and_the_loss_is_told(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        recordings = tmp_path / "recordings"
        recordings.rmdir()
        recordings.write_text("in the way", encoding="utf-8")
        leg = b.call(Wait(4000), info=INFO)
        await b.clock.advance(100)
        await b.settle()
        assert leg.receive(0, HotlineState(speaking=False, listening=False)).hung_up
        assert b.service.calls == 0

    with pytest.raises(StoreError, match="recording can't be made"):
        run(tmp_path, talk)


# -------------------------------------------------------------------------------------------------------------- the end


def test_while_draining_nobody_comes_in_and_running_calls_finish(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.call(Wait(6000), HangUp(), info=INFO)
        ringing = b.service.admit(INFO)
        assert not isinstance(ringing, Refusal)
        draining = asyncio.create_task(b.service.drain(60))
        await b.clock.advance(1000)
        assert not b.service.accepting
        assert b.service.admit(INFO) is Refusal.DRAINING
        ringing.take(LoopbackLeg([Wait(2000), HangUp()], INFO))  # let in before: it is answered
        await b.clock.advance(4000)
        assert not draining.done()
        await b.clock.advance(2000)
        await b.settle()
        await asyncio.wait_for(draining, 10)

    calls = run(tmp_path, talk)
    assert [call.reason for call in calls] == ["caller_hung_up"] * 2


def test_an_empty_service_is_drained_at_once(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        await asyncio.wait_for(b.service.drain(3600), 5)

    assert run(tmp_path, talk) == []


def test_after_the_limit_callers_are_told_goodbye(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.call(Wait(LONG_S * 1000), info=INFO)
        await b.clock.advance(1000)
        await b.drained(3, 3 + FAREWELL_S)

    (call,) = run(tmp_path, talk)
    with Store.open(tmp_path) as store:
        said = [event.text for event in events(store, call.id) if isinstance(event, PromptStarted)]
    assert said[-1] == "非常抱歉，系统需要维护，请您稍后再拨，再见。"
    assert (call.disposition, call.reason) == ("failed", "drain_forced")
    assert call.duration_ms is not None
    assert 4000 < call.duration_ms < 4000 + FAREWELL_S * 1000


def test_a_goodbye_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.call.session.CallSession.farewell", lambda _session: None)

    async def talk(b: Bench) -> None:
        b.call(Wait(LONG_S * 1000), info=INFO)
        await b.drained(2, 2 + FAREWELL_S + 0.5)

    (call,) = run(tmp_path, talk)
    assert (call.disposition, call.reason) == ("failed", "drain_forced")
    assert call.duration_ms == pytest.approx((2 + FAREWELL_S) * 1000, abs=200)


def test_a_second_order_ends_everything_at_once(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        for _ in range(3):
            b.call(Wait(LONG_S * 1000), info=INFO)
        late = b.service.admit(INFO)
        assert not isinstance(late, Refusal)
        await b.clock.advance(1000)
        draining = asyncio.create_task(b.service.drain(3600))
        await b.clock.advance(100)
        b.service.end_calls()
        await b.clock.advance(40)
        leg = LoopbackLeg([], INFO)
        late.take(leg)  # answered too late: hung up, and not run
        await asyncio.wait_for(draining, 10)
        assert leg.receive(0, HotlineState(speaking=False, listening=False)).hung_up

    calls = run(tmp_path, talk)
    assert [(call.disposition, call.reason) for call in calls] == [("failed", "shutdown")] * 3


def test_a_service_that_is_closed_leaves_no_call_running(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.call(Wait(LONG_S * 1000), info=INFO)
        await b.clock.advance(500)

    (call,) = run(tmp_path, talk)
    assert (call.disposition, call.reason) == ("failed", "shutdown")
