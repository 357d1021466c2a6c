"""Calls are understood while they are up: what is found is told, kept with the call, and leads to what it should."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import select

from asr.engines.scripted import ScriptedEngine
from gateway.analytics.analyser import Analyser
from gateway.analytics.document import DocumentWriter
from gateway.app import Gateway
from gateway.clock import VirtualClock
from gateway.events import CallAnalyzed, Event, FlagRaised, TurnAnalyzed, TurnFinished
from gateway.records import Records
from gateway.settings import Settings
from gateway.store import Store, StoreWriter, get_call, list_calls
from gateway.store import events as stored_events
from gateway.store.tables import OutboxRow
from gateway.store.worklist import list_tickets
from gateway.transport.leg import LegInfo
from gateway.transport.loopback.leg import LoopbackLeg
from gateway.transport.loopback.script import parse_steps
from tests.support.calls import IN_ARREARS, SAMPLES, hotline
from tests.support.stored import StoredCall

pytestmark = pytest.mark.flows

SPEECH = str(SAMPLES / "demo" / "balance.wav")
ANGRY = "你们凭什么乱扣我的钱我已经打了三次电话了再不退钱我就打12315"


@cache
def analyser() -> Analyser:
    return Analyser()


def angry_call(out: Path) -> list[Event]:
    """A complaint to its ticket; returns all that its listener was told."""
    told: list[Event] = []
    steps = [SPEECH, SPEECH, "dtmf:1", "wait:1", "hangup"]

    async def run() -> None:
        engine = ScriptedEngine(["我要投诉", ANGRY])
        records = Records(Store.open(out), analyser(), DocumentWriter())
        async with Gateway(Settings(), hotline(), engine, records) as gateway:
            leg = LoopbackLeg(parse_steps(steps), LegInfo(IN_ARREARS, "10086", "loopback"))
            await gateway.take(leg, VirtualClock(), told.append)

    asyncio.run(run())
    return told


@pytest.fixture(scope="module")
def angry(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    out = tmp_path_factory.mktemp("angry")
    return out, angry_call(out)


def test_flags_are_told_with_their_words_and_where_they_are_said(angry: tuple[Path, list[Event]]) -> None:
    _, told = angry
    flags = {event.flag.flag: event.flag for event in told if isinstance(event, FlagRaised)}
    assert {"regulator", "repeat_contact"} <= set(flags)
    (words,) = flags["regulator"].evidence
    assert words.text == "12315"
    turn = next(event.turn for event in told if isinstance(event, TurnFinished) and event.turn.text == ANGRY)
    assert turn.start_ms < words.begin_ms < words.end_ms <= turn.end_ms


def test_a_turn_is_told_with_its_findings_and_the_call_at_its_end(angry: tuple[Path, list[Event]]) -> None:
    out, told = angry
    analyzed = [event for event in told if isinstance(event, TurnAnalyzed)]
    assert [event.turn for event in analyzed] == [0, 1]
    assert analyzed[1].findings.mood.polarity == "negative"
    with Store.open_for_reading(out) as store:
        (call,) = list_calls(store)
        kinds = [event.event for event in stored_events(store, call.id)]
        assert call.findings is not None
        assert call.findings.route.route == "billing_dispute"
        assert call.findings.mood.anger >= 2
        assert call.findings.quality
    assert kinds.index("turn_finished") < kinds.index("turn_analyzed") < kinds.index("call_ended")
    assert kinds[-1] == "call_analyzed"
    assert kinds.count("flag_raised") == len([event for event in told if isinstance(event, FlagRaised)])


def test_the_flows_ticket_is_completed_by_what_was_said(angry: tuple[Path, list[Event]]) -> None:
    out, _ = angry
    with Store.open_for_reading(out) as store:
        (ticket,) = list_tickets(store)
        (call,) = list_calls(store)
    assert ticket.number == call.tickets[0]["number"]
    assert (ticket.category, ticket.team, ticket.priority) == ("billing_dispute", "资费核查组", "urgent")
    assert "凭什么乱扣我的钱" in ticket.summary
    assert ticket.answer_by < ticket.solve_by < ticket.visit_by
    assert len(ticket.steps) == 2


def test_what_leaves_is_written_with_the_call_and_without_its_numbers(angry: tuple[Path, list[Event]]) -> None:
    out, _ = angry
    with Store.open_for_reading(out) as store, store.session() as session:
        rows = session.scalars(select(OutboxRow).order_by(OutboxRow.id)).all()
    topics = [row.topic for row in rows]
    assert topics.count("call") == 1
    assert topics[-1] == "call"
    assert len({row.key for row in rows}) == len(rows) > 5
    assert IN_ARREARS not in str([row.body for row in rows])


async def keep(records: Records, *calls: StoredCall) -> None:
    """As if these calls had happened, one after the other."""
    for call in calls:
        with records.of_call(call.call_id, lambda _: None) as emit:
            for event in call.events:
                emit(event)
            await records.settled()
    await records.close()


def test_the_same_number_calling_again_is_known(tmp_path: Path) -> None:
    began = datetime.now(UTC)
    calls = [
        StoredCall(f"call{number}", at=(began + timedelta(minutes=number)).isoformat()).says("查话费").ends()
        for number in range(3)
    ]
    asyncio.run(keep(Records(Store.open(tmp_path), analyser()), *calls))
    with Store.open_for_reading(tmp_path) as store:
        first, last = get_call(store, "call0"), get_call(store, "call2")
    assert first is not None
    assert first.findings is not None
    assert last is not None
    assert last.findings is not None
    assert "repeat_contact" not in {flag.flag for flag in first.findings.flags}
    assert "repeat_contact" in {flag.flag for flag in last.findings.flags}


def test_the_calls_of_a_killed_process_are_looked_through_once(tmp_path: Path) -> None:
    killed = StoredCall("killed").says(ANGRY)
    with Store.open(tmp_path) as store:
        writer = StoreWriter(store)
        for event in killed.events:
            writer.emit(event)
        assert writer.flush()
        writer.close()
    with Store.open(tmp_path) as store:  # closes the call that was left open
        for _ in range(2):
            records = Records(store, analyser(), DocumentWriter())
            records.read_killed()
        found = [event for event in stored_events(store, "killed") if isinstance(event, CallAnalyzed)]
        call = get_call(store, "killed")
        with store.session() as session:
            documents = session.scalars(select(OutboxRow.key)).all()
        asyncio.run(records.close())
    assert len(found) == 1
    assert call is not None
    assert call.reason == "process_killed"
    assert call.findings is not None
    assert "regulator" in {flag.flag for flag in call.findings.flags}
    assert list(documents).count("killed/call") == 1


def test_an_analysis_that_fails_costs_no_record(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Analyser):
        def turn(self, *_: object, **__: object) -> None:
            raise RuntimeError("broken")

    call = StoredCall("c").says("查话费").ends()
    broken = Broken.__new__(Broken)
    broken.__dict__.update(analyser().__dict__)
    asyncio.run(keep(Records(Store.open(tmp_path), broken), call))
    with Store.open_for_reading(tmp_path) as store:
        kept = [event.event for event in stored_events(store, "c")]
    told = [event.event for event in call.events]
    assert [kind for kind in kept if kind in told] == told
    assert "could not be found out" in caplog.text
