"""A designer's round: a flow is changed while callers are on the line."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from asr.engines.scripted import ScriptedEngine
from gateway.app import Gateway
from gateway.clock import VirtualClock
from gateway.errors import FlowError
from gateway.events import CallStarted, NodeEntered
from gateway.hotline import Hotline
from gateway.records import Records
from gateway.reload import LiveHotline
from gateway.settings import Settings
from gateway.store import Store
from gateway.transport.leg import LegInfo
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import parse_steps
from tests.support.after_hours import CUSTOMERS, in_tones
from tests.support.calls import EVERYDAY, SAMPLES, Told
from tests.support.small_flow import SMALL

pytestmark = pytest.mark.flows

SAID = str(SAMPLES / "demo" / "balance.wav")
NEW = "瞅瞅钱包"
CHANGE = ("phrases: [账单,", f"phrases: [{NEW}, 账单,")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "ivr_flows" / "small"
    folder.mkdir(parents=True)
    (folder / "flow.yaml").write_text(SMALL, encoding="utf-8")
    (folder / "customers.yaml").write_text(CUSTOMERS, encoding="utf-8")
    return folder


@pytest.fixture
def live(folder: Path) -> LiveHotline:
    return LiveHotline(lambda: in_tones(folder), folder.parent)


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "flow.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refresh(live: LiveHotline) -> bool:
    """The second look finds the files at rest."""
    return live.refresh() or live.refresh()


def chose_bill(told: Told) -> bool:
    return told.ended.options == ["bill"]


def version(told: Told) -> str:
    return told.all(CallStarted)[0].flow_version


def test_the_next_call_takes_the_change_and_the_running_one_does_not(
    folder: Path, live: LiveHotline, tmp_path: Path
) -> None:
    running, following = Told(), Told()

    async def designers_round() -> None:
        engine = ScriptedEngine([NEW, NEW, NEW, NEW])
        async with Gateway(Settings(), live, engine, Records(Store.open(tmp_path / "store"))) as gateway:

            def tell(event: object) -> None:
                running.events.append(event)
                if isinstance(event, NodeEntered) and event.node == "main" and version(running) == live.current.version:
                    change(folder, *CHANGE)
                    assert refresh(live)

            info = LegInfo(EVERYDAY, "small", "loopback")
            await gateway.take(LoopbackLeg(parse_steps([SAID, "hangup"]), info), VirtualClock(), tell)
            leg = LoopbackLeg(parse_steps([SAID, "hangup"]), info)
            await gateway.take(leg, VirtualClock(), following.events.append)

    asyncio.run(designers_round())
    assert not chose_bill(running)
    assert chose_bill(following)
    assert version(running) != version(following) == live.current.version


def test_nothing_changed_is_nothing_taken(live: LiveHotline) -> None:
    before = live.current
    assert not refresh(live)
    assert live.current is before


def test_a_file_still_being_written_is_not_read(folder: Path, live: LiveHotline) -> None:
    change(folder, *CHANGE)
    assert not live.refresh()
    change(folder, NEW, NEW * 2)
    assert not live.refresh()
    assert live.refresh()


@pytest.mark.parametrize(("old", "new"), [("then: bill_branch", "then: bil_branch"), ("flow: small", "flow: [")])
def test_a_broken_change_is_refused_once_and_told(folder: Path, live: LiveHotline, old: str, new: str) -> None:
    before = live.current
    change(folder, old, new)
    with pytest.raises(FlowError):
        refresh(live)
    assert live.current is before
    assert not refresh(live)
    change(folder, new, old)
    assert refresh(live)
    assert live.current.version == before.version


def test_following_takes_changes_by_itself(folder: Path, live: LiveHotline) -> None:
    before = live.current.version

    async def follow() -> None:
        following = asyncio.create_task(live.follow(every_ms=5))
        change(folder, *CHANGE)
        for _ in range(3000):
            if live.current.version != before:
                break
            await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(follow())
    assert live.current.version != before


def test_following_goes_on_after_a_check_that_broke_down(folder: Path) -> None:
    loads: list[Exception | None] = [None, RuntimeError("a bug"), None]

    def load() -> Hotline:
        if error := loads.pop(0):
            raise error
        return in_tones(folder)

    live = LiveHotline(load, folder.parent)
    before = live.current.version

    async def follow() -> None:
        following = asyncio.create_task(live.follow(every_ms=5))
        change(folder, *CHANGE)
        for _ in range(3000):
            if len(loads) == 1:
                loads.insert(0, None)
                change(folder, NEW, NEW * 2)
            if live.current.version != before or following.done():
                break
            await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(follow())
    assert live.current.version != before


def test_what_flow_check_calls_an_error_is_not_taken_either(folder: Path) -> None:
    with pytest.raises(FlowError, match=r"flow\.yaml:\d+:\d+: ") as error:
        LiveHotline.open(Settings(flows_dir=folder.parent), "small")
    assert any("录音" in problem for problem in error.value.problems)
