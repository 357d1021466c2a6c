"""Calls in progress: what the store tells of them, what is made of it, and the one task that looks."""

from __future__ import annotations

import asyncio
import datetime as dt
import functools
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import event, text

from gateway.console.live.board import FRESH, LEAVES_AFTER, LOST_AFTER, REMEMBERED, Board
from gateway.console.live.engine import Engine, EngineState
from gateway.console.live.poller import Live
from gateway.console.live.rows import call_row, engine_lines, raised_row
from gateway.console.rights import Scope
from gateway.console.service.sharing import Shared
from gateway.errors import StoreError
from gateway.events import FlagRaised, NodeEntered, TransferRequested, TurnAnalyzed, TurnFinished
from gateway.findings import Flag, Mood, Route, Severity, TurnFindings, WordMood
from gateway.store import Store
from gateway.store.live import Look, look
from gateway.store.record import record_next
from tests.support.stored import CALLER, StoredCall

pytestmark = pytest.mark.unit

ALL = Scope(view="all")
BEGAN = dt.datetime(2026, 11, 21, 2, 0, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store") as opened:
        yield opened


def put(store: Store, *told: Any) -> None:
    """Write events, as the gateway would by now."""
    with store.writing() as session:
        for one in told:
            record_next(session, one)


def begun(call_id: str = "a", *nodes: str) -> list[Any]:
    return StoredCall(call_id).enters(*nodes).events


def flag(call_id: str = "a", severity: Severity = "high", name: str = "regulator") -> FlagRaised:
    told = Flag(flag=name, title="扬言投诉", severity=severity, at_ms=9000.0)
    return FlagRaised(call_id=call_id, at_ms=9000.0, flag=told)


def analyzed(turn: int, anger: int, call_id: str = "a") -> TurnAnalyzed:
    mood = Mood(polarity="negative", anger=anger, words=WordMood(polarity="negative", score=-0.9, anger=anger))
    route = Route(route="other", probability=0.5, skill_group="general")
    return TurnAnalyzed(
        call_id=call_id, at_ms=9000.0, turn=turn, findings=TurnFindings(segment=turn, route=route, mood=mood)
    )


def said(words: str, **turn: Any) -> TurnFinished:
    call = StoredCall("a").says(words, **turn)
    return next(one for one in call.events if isinstance(one, TurnFinished))


class Watch:
    """A board over a store, with a clock of its own."""

    def __init__(self, store: Store) -> None:
        self.store, self.board, self.now = store, Board(), BEGAN
        self.look()

    def look(self, after: dt.timedelta = SECOND) -> Watch:
        self.now += after
        self.board.update(look(self.store, self.board.places), self.now)
        return self

    def rows(self, scope: Scope = ALL) -> list[dict[str, Any]]:
        return [call_row(call, self.now, {}) for call in self.board.calls(scope, self.now)]


def test_only_open_calls_are_found(store: Store) -> None:
    put(store, *begun("a"), *begun("b"), *StoredCall("b").ends().events[1:])
    assert [call.id for call in look(store, {}).calls] == ["a"]


def test_a_look_brings_what_happened_since_the_one_before(store: Store) -> None:
    put(store, *begun("a", "main"), *begun("b"))
    first = look(store, {})
    assert [(one.call_id, one.seq, one.kind) for one in first.events] == [
        ("a", 0, "call_started"),
        ("a", 1, "node_entered"),
        ("b", 0, "call_started"),
    ]
    put(store, flag("b"))
    later = look(store, {"a": 1, "b": 0}).events
    assert [(one.call_id, one.kind) for one in later] == [("b", "flag_raised")]
    assert later[0].body is not None
    assert later[0].body["flag"]["flag"] == "regulator"


def test_what_nobody_watches_is_told_without_its_body(store: Store) -> None:
    put(store, *begun("a"))
    assert [one.body for one in look(store, {}).events] == [None]


def test_events_are_found_by_their_key_and_calls_by_the_index_of_open_ones(store: Store) -> None:
    put(store, *begun("a"))
    plans: list[str] = []

    def explain(session: Any, statement: str, parameters: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            plans.extend(row[3] for row in session.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters))

    statements: list[tuple[str, Any]] = []
    with store.session() as session:
        engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", lambda c, cur, s, p, ctx, many: statements.append((s, p)))
    look(store, {"a": 0})
    with store.session() as session:
        for statement, parameters in [*statements]:
            explain(session.connection(), statement, parameters)
    assert any("ix_calls_going_on" in plan for plan in plans), plans
    assert any("SEARCH events" in plan and "call_id=? AND seq>?" in plan for plan in plans), plans


def test_a_call_shows_where_it_is_and_what_was_said_with_numbers_masked(store: Store) -> None:
    put(store, *begun("a", "main"), said("我的号码是13812345678"), analyzed(0, 2))
    row = Watch(store).rows()[0]
    assert (row["node"], row["kind"], row["state"]) == ("main", "菜单", "up")
    assert row["words"] == "我的号码是138****5678"
    assert row["number"] == f"{CALLER[:3]}****{CALLER[-4:]}"
    assert row["mood"] == "负面 · 生气"


def test_keys_are_told_by_their_number_alone(store: Store) -> None:
    keys = StoredCall("a").keys("110101199001011234").events[-1]
    put(store, *begun("a"), keys)
    assert Watch(store).rows()[0]["words"] == "（按了 18 个键）"


def test_a_mood_of_an_earlier_turn_that_comes_late_changes_nothing(store: Store) -> None:
    put(store, *begun("a"), analyzed(1, 0), analyzed(0, 3))
    assert Watch(store).rows()[0]["mood"] == "负面"


def test_a_flag_shows_when_it_is_raised_stands_out_and_calms_down(store: Store) -> None:
    put(store, *begun("a", "main"))
    watch = Watch(store)
    assert watch.rows()[0]["flags"] == []
    put(store, flag())
    shown = watch.look().rows()[0]["flags"]
    assert [one["title"] for one in shown] == ["扬言投诉"]
    assert "vg-live-fresh" in shown[0]["css"]
    assert [raised_row(one, watch.now, {})["title"] for one in watch.board.raised(ALL)] == ["扬言投诉"]
    watch.look(FRESH)
    assert "vg-live-fresh" not in watch.rows()[0]["flags"][0]["css"]
    watch.look(REMEMBERED)
    assert watch.board.raised(ALL) == []


def test_a_flag_that_becomes_graver_is_told_once_more_and_stays_one(store: Store) -> None:
    put(store, *begun("a"), flag(severity="medium"))
    watch = Watch(store)
    assert watch.board.raised(ALL) == []
    put(store, flag(severity="critical"), flag(severity="high"))
    watch.look()
    assert [one.flag.severity for one in watch.board.raised(ALL)] == ["critical"]
    assert len(watch.rows()[0]["flags"]) == 1


def test_a_call_that_ends_is_shown_a_little_longer_and_leaves(store: Store) -> None:
    put(store, *begun("a"))
    watch = Watch(store)
    put(store, *StoredCall("a").ends("transferred", "transferred").events[1:])
    row = watch.look().rows()[0]
    assert (row["state"], row["what"]) == ("ended", "转人工")
    assert watch.look(LEAVES_AFTER).rows() != []
    assert watch.look().rows() == []
    assert watch.look().rows() == []


def test_a_call_whose_rows_are_gone_leaves_too(store: Store) -> None:
    put(store, *begun("a"))
    watch = Watch(store)
    with store.writing() as session:
        session.execute(text("DELETE FROM calls"))
    watch.look().look(LEAVES_AFTER).look()
    assert watch.rows() == []


def test_a_call_without_a_sign_of_life_is_out_of_touch_and_stands_last(store: Store) -> None:
    put(store, *begun("killed"))
    watch = Watch(store).look(LOST_AFTER)
    put(store, *begun("b"))
    watch.look()
    assert [(row["id"], row["state"]) for row in watch.rows()] == [("b", "up"), ("killed", "lost")]
    assert "失联" in str(watch.rows()[1]["what"])


def test_a_call_that_goes_on_is_not_out_of_touch(store: Store) -> None:
    put(store, *begun("a"))
    watch = Watch(store).look(LOST_AFTER - SECOND)
    put(store, NodeEntered(call_id="a", at_ms=1.0, node="main", kind="menu"))
    assert watch.look(10 * SECOND).rows()[0]["state"] == "up"


def test_each_sees_the_calls_of_their_scope_alone(store: Store) -> None:
    put(store, *begun("a"), flag("a"))
    watch = Watch(store)
    assert watch.rows(Scope(view="floor", hotlines=("other",))) == []
    assert len(watch.rows(Scope(view="floor", hotlines=("small",)))) == 1
    team = Scope(view="team", queues=("general",))
    assert watch.rows(team) == []
    assert watch.board.raised(team) == []
    put(store, TransferRequested(call_id="a", at_ms=9.0, queue="general", handed_over={}))
    watch.look()
    assert watch.rows(team)[0]["what"] == "转接 general"
    assert len(watch.board.raised(team)) == 1
    assert watch.rows(Scope(view="team", queues=())) == []


# ---------------------------------------------------------------------------------------------------------- the poller


class Source:
    """A store that counts how often it is looked at."""

    def __init__(self) -> None:
        self.looks = 0
        self.error: StoreError | None = None

    def __call__(self, after: Mapping[str, int]) -> Look:
        self.looks += 1
        if self.error:
            raise self.error
        return Look(calls=(), events=())


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test in an event loop of its own."""

    @functools.wraps(test)
    def run(**given: Any) -> None:
        asyncio.run(test(**given))

    return run


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  # a thread is waited for, and nothing tells of it
            await asyncio.sleep(0)


@in_a_loop
async def test_many_pages_are_told_by_one_task_and_it_ends_when_nobody_looks() -> None:
    source, told = Source(), [0, 0, 0]
    live = Live(source, lambda: BEGAN, every_s=3600.0)

    def tell(page: int) -> Callable[[], None]:
        def count() -> None:
            told[page] += 1

        return count

    leaving = [live.watch(tell(page)) for page in range(3)]
    await until(lambda: min(told) > 0)
    assert (source.looks, told) == (1, [1, 1, 1])
    for leave in leaving[:2]:
        leave()
    assert live.is_looking
    leaving[2]()
    await until(lambda: not live.is_looking)
    assert source.looks == 1


@in_a_loop
async def test_it_begins_anew_when_somebody_comes_back() -> None:
    source, told = Source(), []
    live = Live(source, lambda: BEGAN, every_s=3600.0)
    for _ in range(2):
        leave = live.watch(lambda: told.append(1))
        before = len(told)
        await until(lambda before=before: len(told) > before)  # type: ignore[misc]
        leave()
        await until(lambda: not live.is_looking)
    assert source.looks == 2


@in_a_loop
async def test_who_comes_as_the_last_one_leaves_is_told_too() -> None:
    source, told = Source(), []
    live = Live(source, lambda: BEGAN, every_s=0.001)
    leave = live.watch(lambda: None)
    await until(lambda: source.looks > 0)
    leave()
    leave = live.watch(lambda: told.append(1))
    await until(lambda: len(told) > 2)
    leave()
    await until(lambda: not live.is_looking)


@in_a_loop
async def test_a_store_that_fails_is_told_of_and_looked_at_again() -> None:
    source, told = Source(), []
    source.error = StoreError("another program holds the database")
    live = Live(source, lambda: BEGAN, every_s=3600.0)
    leave = live.watch(lambda: told.append(live.error))
    await until(lambda: bool(told))
    assert told == [source.error]
    leave()
    await until(lambda: not live.is_looking)


@in_a_loop
async def test_a_page_that_fails_takes_nothing_from_the_others(caplog: pytest.LogCaptureFixture) -> None:
    told: list[int] = []
    live = Live(Source(), lambda: BEGAN, every_s=3600.0)

    def fail() -> None:
        raise RuntimeError("closed")

    leaving = [live.watch(fail), live.watch(lambda: told.append(1))]
    await until(lambda: bool(told))
    for leave in leaving:
        leave()
    await until(lambda: not live.is_looking)
    assert "a page can't show" in caplog.text


# ---------------------------------------------------------------------------------------------------------- the engine

METRICS = """\
# TYPE voice_gateway_load_step gauge
voice_gateway_load_step 3.0
# TYPE voice_gateway_calls_running gauge
voice_gateway_calls_running{hotline="a"} 2.0
voice_gateway_calls_running{hotline="b"} 1.0
# TYPE voice_gateway_recognise_seconds histogram
voice_gateway_recognise_seconds_bucket{hotline="a",le="+Inf"} COUNT
voice_gateway_recognise_seconds_sum{hotline="a"} SUM
voice_gateway_recognise_seconds_count{hotline="a"} COUNT
# TYPE voice_gateway_outbox_waiting gauge
voice_gateway_outbox_waiting{sink="crm"} 7.0
# TYPE voice_gateway_outbox_dead gauge
voice_gateway_outbox_dead{sink="crm"} 1.0
"""


def answering(*texts: str | int) -> Engine:
    """An engine whose gateway answers so, one after the other; a number is a status."""
    answers = iter(texts)

    def answer(request: httpx.Request) -> httpx.Response:
        told = next(answers)
        return httpx.Response(told) if isinstance(told, int) else httpx.Response(200, text=told)

    return Engine("http://127.0.0.1:9464/metrics", httpx.MockTransport(answer))


@in_a_loop
async def test_the_engine_is_told_of_by_what_changed_since_the_answer_before() -> None:
    first = METRICS.replace("COUNT", "10").replace("SUM", "4.0")
    engine = answering(first, METRICS.replace("COUNT", "14").replace("SUM", "6.0"), first)
    state = await engine.ask()
    assert (state.load_step, state.running, state.recognise_s, state.recognised) == (3, 3, 0.4, 10)
    assert (state.waiting, state.dead) == ({"crm": 7}, {"crm": 1})
    state = await engine.ask()
    assert (state.recognise_s, state.recognised) == (0.5, 4)
    assert (await engine.ask()).recognised == 10, "the gateway began anew"


@pytest.mark.parametrize("text", [500, 404, "", "<html>", "voice_gateway_load_step x"])
@in_a_loop
async def test_a_gateway_that_answers_nonsense_is_told_of_in_words(text: str | int) -> None:
    state = await answering(text).ask()
    assert state.error
    assert [value for _, value, _ in engine_lines(state, has_engine=True)] == [state.error]


def test_without_an_address_the_page_says_how_to_connect_the_engine() -> None:
    assert "metrics_url" in next(iter(engine_lines(None, has_engine=False)))[1]


def test_the_engine_is_told_of_in_words_and_trouble_stands_out() -> None:
    state = EngineState(load_step=4, running=3, recognise_s=0.52, recognised=9, waiting={"crm": 7}, dead={"crm": 0})
    lines = [*engine_lines(state, has_engine=True)]
    assert ("识别负荷", "4 档 · 满载，不接新电话", "bad") in lines
    assert ("等着送出", "crm 7", "calm") in lines
    assert not any(title == "送不出" for title, _, _ in lines)


# -------------------------------------------------------------------------------------------------- what is found once


def test_an_answer_is_found_once_for_all_until_it_is_old() -> None:
    now, asked = [0.0], []
    shared = Shared(30.0, lambda: now[0])

    def find() -> int:
        asked.append(1)
        return len(asked)

    assert [shared.get("a", find), shared.get("a", find)] == [1, 1]
    assert shared.get(("a", ALL), find) == 2
    now[0] = 30.0
    assert shared.get("a", find) == 3


def test_what_fails_is_asked_again() -> None:
    shared = Shared()

    def fail() -> int:
        raise StoreError("locked")

    with pytest.raises(StoreError):
        shared.get("a", fail)
    assert shared.get("a", lambda: 5) == 5
