"""A designer's round: a flow is changed while callers are on the line."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from asr.engines.scripted import ScriptedEngine
from gateway.app import Gateway
from gateway.clock import VirtualClock
from gateway.errors import FlowError, PromptError, VoiceGatewayError
from gateway.events import CallStarted, NodeEntered
from gateway.hotline import Hotline
from gateway.reload import LiveHotline
from gateway.settings import Settings
from gateway.store import Store
from gateway.transport.leg import LegInfo
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import parse_steps
from tests.support.calls import EVERYDAY, ROOT, SAMPLES, Told
from tests.support.small_flow import SMALL

pytestmark = pytest.mark.flows

SAID = str(SAMPLES / "demo" / "balance.wav")
NEW = "瞅瞅钱包"


@pytest.fixture
def flows(tmp_path: Path) -> Path:
    copy = tmp_path / "ivr_flows"
    shutil.copytree(ROOT / "ivr_flows", copy)
    return copy


@pytest.fixture
def live(flows: Path) -> LiveHotline:
    """Loaded without building every matcher, which these tests don't need."""
    return LiveHotline(lambda: Hotline.load(Settings(flows_dir=flows), "mobile_hotline"), flows)


def change(flows: Path, old: str, new: str) -> None:
    file = flows / "mobile_hotline" / "flow.yaml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def refresh(live: LiveHotline) -> bool:
    """The second look finds the files at rest."""
    return live.refresh() or live.refresh()


def chose_balance(told: Told) -> bool:
    return told.ended.options == ["balance"]


def version(told: Told) -> str:
    return told.all(CallStarted)[0].flow_version


def test_the_next_call_takes_the_change_and_the_running_one_does_not(
    flows: Path, live: LiveHotline, tmp_path: Path
) -> None:
    running, following = Told(), Told()

    async def designers_round() -> None:
        engine = ScriptedEngine([NEW, NEW, NEW, NEW])
        async with Gateway(Settings(), live, engine, Store.open(tmp_path / "store")) as gateway:

            def tell(event: object) -> None:
                running.events.append(event)
                if isinstance(event, NodeEntered) and event.node == "main" and version(running) == live.current.version:
                    change(flows, "- 查话费\n", f"- {NEW}\n")
                    assert refresh(live)

            info = LegInfo(EVERYDAY, "mobile_hotline", "loopback")
            await gateway.take(LoopbackLeg(parse_steps([SAID, "hangup"]), info), VirtualClock(), tell)
            leg = LoopbackLeg(parse_steps([SAID, "hangup"]), info)
            await gateway.take(leg, VirtualClock(), following.events.append)

    asyncio.run(designers_round())
    assert not chose_balance(running)
    assert chose_balance(following)
    assert version(running) != version(following) == live.current.version


def test_nothing_changed_is_nothing_taken(live: LiveHotline) -> None:
    before = live.current
    assert not refresh(live)
    assert live.current is before


def test_a_file_still_being_written_is_not_read(flows: Path, live: LiveHotline) -> None:
    change(flows, "- 查话费\n", "- 瞅\n")
    assert not live.refresh()
    change(flows, "- 瞅\n", f"- {NEW}\n")
    assert not live.refresh()
    assert live.refresh()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("    then: main\n", "    then: mian\n", FlowError),
        ("flow: mobile_hotline", "flow: [", FlowError),
        ("请直接说您要办的事", "请马上说您要办的事", PromptError),
    ],
)
def test_a_broken_change_is_refused_once_and_told(
    flows: Path, live: LiveHotline, old: str, new: str, error: type[VoiceGatewayError]
) -> None:
    before = live.current
    change(flows, old, new)
    with pytest.raises(error):
        refresh(live)
    assert live.current is before
    assert not refresh(live)
    change(flows, new, old)
    assert refresh(live)
    assert live.current.version == before.version


def test_following_takes_changes_by_itself(flows: Path, live: LiveHotline) -> None:
    before = live.current.version

    async def follow() -> None:
        following = asyncio.create_task(live.follow(every_ms=5))
        change(flows, "- 查话费\n", f"- {NEW}\n")
        for _ in range(3000):
            if live.current.version != before:
                break
            await asyncio.sleep(0.01)
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)

    asyncio.run(follow())
    assert live.current.version != before


def test_what_flow_check_calls_an_error_is_not_taken_either(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "flow.yaml").write_text(SMALL, encoding="utf-8")
    with pytest.raises(FlowError, match=r"flow\.yaml:\d+:\d+: ") as error:
        LiveHotline.open(Settings(flows_dir=tmp_path), "small")
    assert any("录音" in problem for problem in error.value.problems)
