"""What is due goes, provably: from the folder, from the tables, and from the bytes of the database."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import shutil
import signal
import sqlite3
import sys
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import FrameType

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from gateway.cli import retention as command
from gateway.events import CallAnalyzed, FlagRaised, PromptStarted, TransferRequested, TurnAnalyzed
from gateway.findings import (
    CallFindings,
    CallMood,
    Entity,
    Evidence,
    Flag,
    Mood,
    Route,
    TicketDraft,
    TurnFindings,
    WordMood,
)
from gateway.store import Store, StoreWriter, events, get_call
from gateway.store.outbox import Settled, adopt, put, settle
from gateway.store.record import record_next
from gateway.store.retention import RetentionConfig, apply, plan, verify, words_forgotten
from gateway.store.tables import DeletionRow, OutboxRow, TicketRow
from gateway.store.worklist import get_ticket
from tests.support.stored import StoredCall

pytestmark = pytest.mark.flows

ENDED = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
NOW = ENDED + dt.timedelta(days=10)
PRIVATE = "紫罗兰暗语"
WORDS = "验证码是八三二一九五"


def evidence(text: str) -> Evidence:
    return Evidence(segment=0, start=0, end=len(text), text=text, begin_ms=0.0, end_ms=500.0)


def told(call_id: str) -> StoredCall:
    """An ended call with words wherever a call can have them."""
    call = StoredCall(call_id).enters("main")
    shown = (evidence(PRIVATE),)
    mood = Mood(polarity="negative", anger=2, words=WordMood(polarity="negative", score=-0.5, anger=2), evidence=shown)
    route = Route(route="agent", probability=0.9, skill_group="agents", evidence=shown)
    turn = TurnFindings(
        segment=0, route=route, mood=mood, entities=(Entity(kind="place", value=PRIVATE, evidence=shown[0]),)
    )
    flag = Flag(flag="abuse", title="辱骂", severity="high", at_ms=10.0, evidence=shown)
    draft = TicketDraft(
        category="agent", team="agents", summary=f"工单{PRIVATE}", facts={"地点": PRIVATE}, priority="high",
        answer_by="2026-11-21T14:00:00+08:00", solve_by="2026-11-22T10:00:00+08:00",
        visit_by="2026-11-23T10:00:00+08:00",
    )  # fmt: skip
    found = CallFindings(
        route=route,
        mood=CallMood(polarity="negative", anger=2, at_end="negative", trend="worse", evidence=shown),
        flags=(flag,),
        turns=(turn,),
        ticket=draft,
        summary=PRIVATE,
    )
    call._tell(PromptStarted, node="main", text=f"您说的是{PRIVATE}吗")
    call.says(f"{PRIVATE}{WORDS}", alternatives=(f"{PRIVATE}二",))
    call.keys("832195").fills("place", PRIVATE)
    call._tell(TurnAnalyzed, turn=0, findings=turn)
    call._tell(FlagRaised, flag=flag)
    handed_over = {"place": PRIVATE, "transcript": [{"node": "main", "text": PRIVATE}]}
    call._tell(TransferRequested, queue="general", handed_over=handed_over)
    call.ends(
        recording=f"data/recordings/{call_id}.wav",
        slots={"place": PRIVATE},
        transfer={"queue": "general", "handed_over": handed_over},
        tickets=[{"category": "agent", "summary": PRIVATE, "due": "2026-11-22T10:00:00+08:00", "number": "70000001"}],
        messages=[{"node": "m", "path": f"data/recordings/{call_id}-message-1.wav", "start_ms": 0.0, "end_ms": 9.0}],
    )
    call._tell(CallAnalyzed, findings=found)
    return call


def make(directory: Path, *calls: StoredCall, sounds: bool = True) -> Path:
    with Store.open(directory) as store:
        writer = StoreWriter(store)
        for call in calls:
            for event in call.events:
                if event.event != "call_analyzed":
                    writer.emit(event)
        assert writer.flush(30)
        writer.close()
        assert writer.error is None
        with store.writing() as session:
            for found in (event for call in calls for event in call.events if event.event == "call_analyzed"):
                record_next(session, found)
        for call in calls if sounds else ():
            (store.recordings / f"{call.call_id}.wav").write_bytes(b"RIFF" + call.call_id.encode() * 1000)
            (store.recordings / f"{call.call_id}-message-1.wav").write_bytes(b"RIFF message")
    return directory


def proofs(directory: Path) -> list[DeletionRow]:
    with Store.open_for_reading(directory) as store, store.session() as session:
        return list(session.scalars(select(DeletionRow).order_by(DeletionRow.id)))


def bytes_of(directory: Path) -> Iterator[bytes]:
    return (path.read_bytes() for path in directory.rglob("*") if path.is_file())


def is_anywhere(directory: Path, words: str) -> bool:
    """As UTF-8, or as JSON escapes it."""
    return any(words.encode() in data or ascii(words)[1:-1].encode() in data for data in bytes_of(directory))


def test_recordings_go_with_proof_of_what_they_were(tmp_path: Path) -> None:
    make(tmp_path, told("a"))
    whole = (tmp_path / "recordings/a.wav").read_bytes()
    with Store.open(tmp_path) as store:
        policy = RetentionConfig(recordings_days=10)
        early = NOW - dt.timedelta(seconds=1)
        assert plan(store, policy, early - dt.timedelta(minutes=1)) == []
        done = apply(store, policy, NOW + dt.timedelta(minutes=1))
        assert done.counts == {"recording": 2, "transcript": 0, "call": 0}
        assert list(store.recordings.iterdir()) == []
        assert verify(store) == []
        call = get_call(store, "a")
        assert call is not None
        assert call.recording is None
        assert call.messages[0]["path"] == ""
        assert call.turns[0].text.startswith(PRIVATE)
    proof = next(one for one in proofs(tmp_path) if one.name == "a.wav")
    assert (proof.call_id, proof.what, proof.reason) == ("a", "recording", "recordings_days=10")
    assert (proof.size_bytes, proof.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())


def test_words_are_in_no_file_of_the_store_once_they_are_deleted(tmp_path: Path) -> None:
    make(tmp_path, told("a"), sounds=False)
    assert is_anywhere(tmp_path, PRIVATE)
    with Store.open(tmp_path) as store:
        with store.writing() as session:
            row = session.get(TicketRow, "70000001")
            assert row is not None
            row.status = "done"
        with store.session() as session:  # some builds of SQLite have it on, others not
            session.connection().exec_driver_sql("PRAGMA secure_delete=OFF")
        done = apply(store, RetentionConfig(transcripts_days=7), NOW)
        assert done.counts["transcript"] == 1
        assert done.log_emptied
        assert not is_anywhere(tmp_path, PRIVATE)
        assert not is_anywhere(tmp_path, WORDS)
        assert verify(store) == []
        assert words_forgotten(store, "a")
        assert apply(store, RetentionConfig(transcripts_days=7), NOW).counts["transcript"] == 0
        call = get_call(store, "a")
        assert call is not None
        assert [turn.kind for turn in call.turns] == ["speech", "keys"]
        assert call.disposition == "abandoned"
        assert call.caller_number
        assert len(events(store, "a")) == len(told("a").events)
    assert proofs(tmp_path)[-1].size_bytes > 500


def test_a_work_order_keeps_its_words_while_somebody_works_on_it(tmp_path: Path) -> None:
    make(tmp_path, told("a"), sounds=False)
    with Store.open(tmp_path) as store:
        apply(store, RetentionConfig(transcripts_days=7), NOW)
        ticket = get_ticket(store, "70000001")
        assert ticket is not None
        assert ticket.facts == {"地点": PRIVATE}
        with store.writing() as session:
            row = session.get(TicketRow, "70000001")
            assert row is not None
            row.status = "done"
        apply(store, RetentionConfig(transcripts_days=7), NOW)
        ticket = get_ticket(store, "70000001")
        assert ticket is not None
        assert (ticket.summary, ticket.facts) == ("", {})


def test_a_document_that_waits_is_deleted_once_it_has_arrived(tmp_path: Path) -> None:
    make(tmp_path, told("a"), sounds=False)
    policy = RetentionConfig(transcripts_days=7)
    with Store.open(tmp_path) as store:
        with store.writing() as session:
            put(session, "a", "call", "a/call", {"content": PRIVATE}, ENDED)
            adopt(session, "webhook", ["call"])
        apply(store, policy, NOW)
        with store.session() as session:
            assert session.scalars(select(OutboxRow.key)).all() == ["a/call"]
        with store.writing() as session:
            settle(session, "webhook", [Settled(key="a/call", state="delivered", attempts=1, next_at=NOW)], NOW)
        apply(store, policy, NOW)
        with store.session() as session:
            assert session.scalars(select(OutboxRow.key)).all() == []


def test_a_whole_call_leaves_nothing_but_proof(tmp_path: Path) -> None:
    make(tmp_path, told("a"), StoredCall("later", at="2026-11-30T10:00:00+08:00").enters("main").ends())
    with Store.open(tmp_path) as store:
        done = apply(store, RetentionConfig(calls_days=9), NOW)
        assert done.counts == {"recording": 2, "transcript": 0, "call": 1}
        assert get_call(store, "a") is None
        assert get_call(store, "later") is not None
        assert events(store, "a") == []
        assert verify(store) == []
        assert {path.name for path in store.recordings.iterdir()} == {"later-message-1.wav", "later.wav"}


def test_a_call_that_is_going_on_is_never_touched_while_others_go_beside_it(tmp_path: Path) -> None:
    make(tmp_path, told("a"))
    going_on = [event for event in told("b").events if event.event not in {"call_ended", "call_analyzed"}]
    policy = RetentionConfig(recordings_days=0, transcripts_days=0, calls_days=0)
    with Store.open(tmp_path) as store:
        writer = StoreWriter(store)
        for event in going_on[:4]:
            writer.emit(event)
        assert writer.flush(30)
        recording = store.recordings / "b.wav"
        recording.write_bytes(b"RIFF")
        os.utime(recording, (0, 0))
        done = apply(store, policy, NOW + dt.timedelta(days=4000))
        assert done.counts == {"recording": 2, "transcript": 0, "call": 1}
        assert recording.exists()
        for event in going_on[4:]:
            writer.emit(event)
        writer.close()
        assert writer.error is None
        assert len(events(store, "b")) == len(going_on)


def test_an_original_goes_once_its_redacted_copy_is_there(tmp_path: Path) -> None:
    make(tmp_path, told("a"))
    (tmp_path / "recordings/a-redacted.wav").write_bytes(b"RIFF silent")
    with Store.open(tmp_path) as store:
        assert plan(store, RetentionConfig(keep_original=True), NOW) == []
        assert apply(store, RetentionConfig(), NOW).counts["recording"] == 1
        call = get_call(store, "a")
        assert call is not None
        assert call.recording == "data/recordings/a-redacted.wav"
        assert call.messages[0]["path"] == "data/recordings/a-message-1.wav"
        assert {path.name for path in store.recordings.iterdir()} == {"a-redacted.wav", "a-message-1.wav"}
        assert apply(store, RetentionConfig(), NOW).counts["recording"] == 0


def test_files_that_no_call_knows_and_old_drafts_go_too(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        old, young = NOW.timestamp() - 40 * 86400, NOW.timestamp() - 60
        for name, at in (("lost.wav", old), ("new.wav", young), (".a.wav.7.part", old), ("notes.txt", old)):
            (store.recordings / name).write_bytes(b"x")
            os.utime(store.recordings / name, (at, at))
        assert apply(store, RetentionConfig(recordings_days=30), NOW).counts["recording"] == 2
        assert {path.name for path in store.recordings.iterdir()} == {"new.wav", "notes.txt"}


def test_what_is_there_against_its_proof_is_told(tmp_path: Path) -> None:
    make(tmp_path, told("a"), told("b"))
    with Store.open(tmp_path) as store:
        apply(store, RetentionConfig(recordings_days=0, transcripts_days=0), NOW)
        (store.recordings / "a.wav").write_bytes(b"back again")
    with closing(sqlite3.connect(tmp_path / "voice-gateway.db")) as database:
        database.execute("UPDATE turns SET text = 'restored' WHERE call_id = 'b'")
        database.commit()
    with Store.open_for_reading(tmp_path) as store:
        found = {(one.what, one.call_id, one.where) for one in verify(store)}
    assert found == {("recording", "a", "a.wav"), ("transcript", "b", "turns")}


def killed_at(point: int, directory: Path, policy: RetentionConfig) -> bool:
    """Apply the policy in a process that is killed before its `point`-th commit, unlink, fsync; False: done."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads: the child ends, or is killed
        child = os.fork()
    if child == 0:
        seen = 0

        def watch(_frame: FrameType, event: str, what: object) -> None:
            nonlocal seen
            if event == "c_call" and getattr(what, "__name__", "") in {"commit", "unlink", "fsync"}:
                if seen == point:
                    os.kill(os.getpid(), signal.SIGKILL)
                seen += 1

        try:
            store = Store.open(directory)
            sys.setprofile(watch)
            apply(store, policy, NOW)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def test_a_kill_at_any_point_leaves_nothing_gone_without_proof_and_the_next_run_finishes(tmp_path: Path) -> None:
    template = make(tmp_path / "template", told("a"))
    (template / "recordings/a-message-1.wav").unlink()
    policy = RetentionConfig(recordings_days=5, transcripts_days=5)
    point = 0
    while True:
        directory = shutil.copytree(template, tmp_path / str(point))
        was_killed = killed_at(point, directory, policy)
        proven = [(one.what, one.name) for one in proofs(directory)]
        assert (directory / "recordings/a.wav").exists() or ("recording", "a.wav") in proven
        with Store.open(directory) as store:
            call = get_call(store, "a")
            assert call is not None
            assert call.turns[0].text or ("transcript", "") in proven
            apply(store, policy, NOW)
            assert verify(store) == []
            assert list(store.recordings.iterdir()) == []
        assert not is_anywhere(directory, WORDS)
        assert sorted((one.what, one.name) for one in proofs(directory)) == [
            ("recording", "a.wav"),
            ("transcript", ""),
        ]
        shutil.rmtree(directory)
        if not was_killed:
            break
        point += 1
    assert point >= 5


def test_the_command_plans_deletes_and_verifies_in_words_for_supervisors(tmp_path: Path) -> None:
    make(tmp_path, told("a"))
    runner, store = CliRunner(), ["--store", str(tmp_path)]
    planned = runner.invoke(command.app, ["plan", *store, "--recordings-days", "0", "--calls-days", "0"])
    assert "共 3 项到期：录音 2，整通通话 1" in planned.output
    assert (tmp_path / "recordings/a.wav").exists()
    done = runner.invoke(command.app, ["run", *store, "--recordings-days", "0", "--transcripts-days", "0"])
    assert "已删除：录音 2，文字 1，整通通话 0" in done.output
    assert "核对无误" in runner.invoke(command.app, ["verify", *store]).output
    (tmp_path / "recordings/a.wav").write_bytes(b"back again")
    checked = runner.invoke(command.app, ["verify", *store])
    assert checked.exit_code == 1
    assert "还在：录音　通话 a　a.wav" in checked.output


def test_the_command_says_who_has_the_store(tmp_path: Path) -> None:
    make(tmp_path, told("a"), sounds=False)
    with Store.open(tmp_path):
        refused = CliRunner().invoke(command.app, ["run", "--store", str(tmp_path), "--calls-days", "0"])
    assert "另一个程序正在使用通话库" in str(refused.exception)
    assert f"process {os.getpid()}" in str(refused.exception)
