"""A caller whose line was lost calls again: whole calls of the bundled hotline, one after the other or side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile

from gateway.call.ending import CALLED_AGAIN
from gateway.desk.funnel import Funnel
from gateway.desk.replay import Replay
from gateway.desk.trace import KINDS
from gateway.events import (
    CallEnded,
    CallStarted,
    Event,
    LookupFinished,
    ModeChanged,
    NodeEntered,
    PromptStarted,
)
from gateway.hotline import Hotline
from gateway.store import Store, Wanted, events, stream_calls
from gateway.transport.config import BROWSER
from gateway.transport.leg import CALLER_HUNG_UP, LegInfo
from gateway.transport.loopback.script import HangUp, Press, Step, Wait
from gateway.transport.sip.config import SipConfig
from tests.support.calls import ELDER, EVERYDAY, ROOT, hotline
from tests.support.service import Bench, run

pytestmark = pytest.mark.flows

LOST = "vanished"
FIRST = LegInfo(EVERYDAY, "", "webrtc", trunk=BROWSER, key="first")
SECOND = replace(FIRST, key="second", resumes="first")
RESUMED = "刚才的电话断了，我们接着办。"
GREETING = "您好，欢迎致电移动客服热线。"
RESTART = "请把光猫关掉，等一会儿再打开，然后告诉我，能上网了，还是不行？"
TO_RESTART = (Press("4"), Press("2"), Wait(3000))
"""Broadband, no red light: the caller is asked to restart the modem."""
MOST_S = 120


class Pair(NamedTuple):
    """A lost call, and the one that goes on with it and asks for a human."""

    folder: Path
    first: list[Event]
    second: list[Event]


async def call(b: Bench, *steps: Step, info: LegInfo = FIRST) -> None:
    """A call from its beginning to its end."""
    b.call(*steps, info=info)
    for _ in range(MOST_S):
        if not b.service.calls:
            return
        await b.clock.advance(1000)
        await asyncio.sleep(0.01)  # files are closed on threads
    raise AssertionError("the call doesn't end")


async def lose(b: Bench, info: LegInfo = FIRST) -> None:
    """A call that is lost at the question about the modem."""
    await call(b, *TO_RESTART, HangUp(LOST), info=info)


def of_each(told: list[Event]) -> list[list[Event]]:
    """The events of each call, in the order in which they began."""
    calls: dict[str, list[Event]] = {}
    for event in told:
        calls.setdefault(event.call_id, []).append(event)
    return list(calls.values())


def said(happened: list[Event]) -> list[str]:
    return [event.text for event in happened if isinstance(event, PromptStarted)]


def started(happened: list[Event]) -> CallStarted:
    first = happened[0]
    assert isinstance(first, CallStarted)
    return first


def ended(happened: list[Event]) -> CallEnded:
    last = happened[-1]
    assert isinstance(last, CallEnded)
    return last


def went_on(happened: list[Event]) -> bool:
    """Whether a call goes on with another one; it does so in every respect, or in none."""
    signs = {
        bool(started(happened).resumes),
        said(happened)[0] == RESUMED,
        not any(isinstance(event, NodeEntered) and event.node in {"profile", "hours", "welcome"} for event in happened),
    }
    assert len(signs) == 1
    return signs.pop()


def talked(folder: Path, talk: Callable[[Bench], Awaitable[None]], **settings: Any) -> list[list[Event]]:
    """The events of each call."""
    told: list[Event] = []

    async def listened(b: Bench) -> None:
        b.told = told
        await talk(b)

    run(folder, listened, **settings)
    return of_each(told)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Pair:
    folder = tmp_path_factory.mktemp("pair")

    async def talk(b: Bench) -> None:
        await lose(b)
        await call(b, Wait(10_000), Press("0"), Wait(20_000), info=SECOND)

    first, second = talked(folder, talk)
    with Store.open_for_reading(folder) as store:  # what is told later is what is kept
        assert [events(store, started(one).call_id) for one in (first, second)] == [first, second]
    return Pair(folder, first, second)


def test_the_second_call_goes_on_where_the_first_was_lost(pair: Pair) -> None:
    first, second = pair.first, pair.second
    assert said(first)[0].startswith(GREETING)
    assert said(first)[-1] == RESTART
    assert said(second)[:2] == [RESUMED, RESTART]
    assert (started(first).resumes, started(second).resumes) == ("", started(first).call_id)
    assert not [event for event in second if isinstance(event, LookupFinished)], "what is known isn't asked again"


def test_each_records_its_own_part(pair: Pair) -> None:
    first, second = pair.first, pair.second
    one, two = ended(first), ended(second)
    assert (one.disposition, one.reason) == ("failed", LOST)
    assert one.path[-2:] == ["broadband_light", "broadband_restart"]
    assert [(turn.node, turn.keys) for turn in one.turns] == [("main", "4"), ("broadband_light", "2")]
    assert (two.disposition, two.reason) == ("transferred", "queue:general")
    assert two.path == ["broadband_restart", "human"]
    assert [(turn.index, turn.node, turn.keys) for turn in two.turns] == [(0, "broadband_restart", "0")]


def test_a_human_gets_what_was_learned_in_both(pair: Pair) -> None:
    transfer = ended(pair.second).transfer
    assert transfer is not None
    packet: dict[str, Any] = transfer["handed_over"]
    assert packet["options"] == ["broadband_fault", "normal"]
    assert packet["variables"]["light"] == "正常"
    assert packet["transcript"] == [
        {"node": "main", "text": "4"},
        {"node": "broadband_light", "text": "2"},
        {"node": "broadband_restart", "text": "0"},
    ]
    assert packet["path"] == [*ended(pair.first).path, "human"]


def test_the_second_recording_has_the_sentence_where_it_was_said(pair: Pair) -> None:
    for happened in (pair.first, pair.second):
        recording, duration_ms = ended(happened).recording, ended(happened).duration_ms
        assert recording is not None
        assert soundfile.info(recording).duration * 1000 == pytest.approx(duration_ms, abs=60)
    sound, rate_hz = soundfile.read(str(ended(pair.second).recording))
    begins_ms = next(event.at_ms for event in pair.second if isinstance(event, PromptStarted))
    (file,) = (ROOT / "ivr_flows" / "mobile_hotline" / "audio").glob("gang_cai_de_dian_hua-*.flac")
    spoken, spoken_hz = soundfile.read(str(file))
    assert rate_hz == spoken_hz
    at = int(begins_ms * rate_hz / 1000)
    near = sound[at : at + len(spoken) + rate_hz // 5, 1]
    likeness = np.correlate(near, spoken, "valid") / (np.linalg.norm(spoken) ** 2)
    assert likeness.max() > 0.9


def test_the_desk_counts_the_pair_as_one_way_through_the_flow(pair: Pair) -> None:
    funnel, replay = Funnel(hotline().flow), Replay(hotline().flow)
    with Store.open_for_reading(pair.folder) as store:
        for one in stream_calls(store, Wanted(flow="mobile_hotline"), KINDS):
            funnel.add(one)
            replay.add(one)
    nodes = {figures.node: figures for figures in funnel.nodes}
    restart = nodes["broadband_restart"]
    assert (restart.entered, restart.went_on, restart.asked_human) == (1, 1, 1)
    assert (nodes["main"].entered, nodes["human"].entered) == (1, 1)
    assert (replay.different, dict(replay.unplaced)) == (0, {"resumed": 1})


def test_the_callers_mode_goes_on(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        await call(b, Wait(2000), HangUp(LOST), info=replace(FIRST, caller_number=ELDER))
        await call(b, Wait(30_000), HangUp(), info=replace(SECOND, caller_number=ELDER))

    _, second = talked(tmp_path, talk)
    changed = next(event for event in second if isinstance(event, ModeChanged))
    assert (changed.mode, changed.reason, changed.at_ms) == ("elderly", "resumed", 0.0)
    assert ended(second).mode == "elderly"
    assert said(second)[:2] == [RESUMED, said(second)[1]]
    assert said(second)[1].startswith("您想办什么事，直接说就行。")


# ----------------------------------------------------------------------------------------------- when it begins anew


@pytest.mark.parametrize(
    ("again", "after_s", "goes_on"),
    [
        (SECOND, 0, True),
        (SECOND, 170, True),
        (SECOND, 181, False),
        (replace(SECOND, resumes="guessed"), 0, False),
        (replace(SECOND, resumes=""), 0, False),
        (replace(SECOND, caller_number=ELDER), 0, False),
        (replace(SECOND, caller_number=""), 0, False),
        (replace(SECOND, called_number="10000"), 0, False),
    ],
    ids=["at once", "in time", "too late", "guessed", "no key", "another number", "withheld", "another hotline"],
)
def test_it_goes_on_in_time_from_the_same_number_to_the_same_hotline(
    tmp_path: Path, again: LegInfo, after_s: float, goes_on: bool
) -> None:
    async def talk(b: Bench) -> None:
        await lose(b)
        await b.clock.advance(after_s * 1000)
        await call(b, Wait(3000), HangUp(), info=again)

    _, second = talked(tmp_path, talk, sip=SipConfig(numbers={"10000": "broadband_repair"}))
    assert went_on(second) is goes_on


@pytest.mark.parametrize(
    ("steps", "settings"),
    [
        ((*TO_RESTART, HangUp(CALLER_HUNG_UP)), {}),
        ((*TO_RESTART, HangUp(LOST)), {"resume_within_s": 0}),
        ((Press("0"), Wait(10_000), HangUp(LOST)), {}),
    ],
    ids=["hung up", "switched off", "handed over"],
)
def test_a_call_that_was_not_lost_at_a_question_is_not_gone_on_with(
    tmp_path: Path, steps: tuple[Step, ...], settings: dict[str, Any]
) -> None:
    async def talk(b: Bench) -> None:
        await call(b, *steps)
        await call(b, Wait(3000), HangUp(), info=SECOND)

    _, second = talked(tmp_path, talk, **settings)
    assert went_on(second) is False


def test_a_key_is_good_once_and_a_call_that_went_on_can_be_lost_too(tmp_path: Path) -> None:
    third = replace(FIRST, key="third", resumes="second")

    async def talk(b: Bench) -> None:
        await lose(b)
        await call(b, Wait(3000), HangUp(LOST), info=SECOND)
        await call(b, Wait(3000), HangUp(), info=replace(SECOND, key="other"))
        await call(b, Press("0"), Wait(20_000), info=third)

    first, second, anew, last = talked(tmp_path, talk)
    assert [went_on(one) for one in (first, second, anew, last)] == [False, True, False, True]
    assert started(last).resumes == started(second).call_id
    transfer = ended(last).transfer
    assert transfer is not None
    assert [one["text"] for one in transfer["handed_over"]["transcript"]] == ["4", "2", "0"]


def test_a_flow_that_was_changed_meanwhile_begins_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def talk(b: Bench) -> None:
        await lose(b)
        monkeypatch.setattr(Hotline, "version", "2027.01+0")
        await call(b, Wait(3000), HangUp(), info=SECOND)

    _, second = talked(tmp_path, talk)
    assert went_on(second) is False


def test_a_caller_who_is_back_before_the_loss_was_noticed_goes_on_and_the_dead_call_ends(tmp_path: Path) -> None:
    async def talk(b: Bench) -> None:
        b.call(*TO_RESTART, Wait(600_000), info=FIRST)
        await b.clock.advance(40_000)
        assert b.service.calls == 1
        b.call(Wait(30_000), HangUp(), info=SECOND)
        await b.clock.advance(1000)
        await b.settle_to(1)
        assert b.service.calls == 1
        await call(b, Wait(3000), HangUp(), info=replace(SECOND, key="third"))

    first, second, third = talked(tmp_path, talk)
    assert (ended(first).disposition, ended(first).reason) == ("failed", CALLED_AGAIN)
    assert ended(first).duration_ms < 41_000
    assert (went_on(second), went_on(third)) == (True, False)
    assert said(second)[:2] == [RESUMED, RESTART]
