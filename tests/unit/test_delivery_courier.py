"""A courier brings what is in the outbox, in order per call, and what can't be brought holds up as little as it may."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gateway.delivery.courier import Courier, Place
from gateway.delivery.tries import OK, Outcome, Patience, Verdict
from gateway.errors import StoreError
from gateway.store import Store, letters, outbox
from gateway.store.letters import Chosen
from gateway.store.outbox import Parcel
from tests.support.sending import FOR_EVER, WRITTEN_AT, Desk, fresh_store, in_order_per_call, put, states, until

pytestmark = pytest.mark.unit

PATIENCE = Patience(at_once=3, max_attempts=4, first_retry_s=1.0, longest_retry_s=8.0)
FAILED = Outcome(Verdict.FAILED, "answered 503")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with fresh_store(tmp_path) as opened:
        yield opened


def deliver(store: Store, *places: Place, after_s: float = 60.0) -> Courier:
    """All that can be brought so long after it was written, in one go."""

    async def run() -> Courier:
        now = WRITTEN_AT + timedelta(seconds=after_s)
        courier = Courier(store, places, keep=FOR_EVER, keep_dead=FOR_EVER, now=lambda: now, chance=lambda: 1.0)
        courier.start()
        await courier.stop()
        return courier

    return asyncio.run(run())


def to(desk: Desk, name: str = "desk", **more: object) -> Place:
    return Place(name=name, sink=desk, patience=PATIENCE, **more)


def failing(*keys: str, outcome: Outcome = FAILED) -> Callable[[Parcel], Outcome]:
    return lambda parcel: outcome if parcel.key in keys else OK


def test_calls_go_side_by_side_and_one_call_in_order(store: Store) -> None:
    keys = put(store, calls=10, each=35)
    desk = Desk()
    courier = deliver(store, to(desk))
    assert sorted(desk.taken) == sorted(keys)
    assert in_order_per_call(desk.taken)
    assert desk.most_at_once == 3
    assert desk.is_closed
    assert courier.tallies["desk"].delivered == 350


def test_a_document_that_waits_holds_back_its_own_call_alone(store: Store) -> None:
    put(store, calls=3, each=3)
    desk = Desk(failing("c1/event/1"))
    deliver(store, to(desk))
    assert [key for key in desk.taken if key.startswith("c1")] == ["c1/event/0"]
    assert states(store, "desk") == {"delivered": 7, "waiting": 2}
    desk.answer = lambda _: OK
    deliver(store, to(desk), after_s=60.5)
    assert states(store, "desk") == {"delivered": 7, "waiting": 2}  # not due yet
    deliver(store, to(desk), after_s=61.5)
    assert desk.taken[-2:] == ["c1/event/1", "c1/event/2"]
    assert [parcel.attempts for parcel in desk.came if parcel.key == "c1/event/1"] == [0, 1]


def test_a_clock_that_goes_back_makes_nothing_wait_for_hours(store: Store) -> None:
    put(store)
    desk = Desk(lambda _: FAILED)
    deliver(store, to(desk), after_s=86_400)
    desk.answer = lambda _: OK
    deliver(store, to(desk), after_s=60)
    assert desk.taken == ["c0/event/0"]


def test_a_dead_letter_holds_back_nothing(store: Store) -> None:
    put(store, each=3)
    hopeless = Outcome(Verdict.HOPELESS, "answered 422")
    desk = Desk(failing("c0/event/1", outcome=hopeless))
    deliver(store, to(desk))
    assert desk.taken == ["c0/event/0", "c0/event/2"]
    with store.session() as session:
        [dead] = letters.letters(session, Chosen(states=["dead"]), limit=10)
    assert (dead.key, dead.sink, dead.attempts, dead.last_error) == ("c0/event/1", "desk", 1, "answered 422")


def test_what_fails_again_and_again_becomes_a_dead_letter(store: Store) -> None:
    put(store)
    desk = Desk(lambda _: FAILED)
    for hour in range(1, 10):
        deliver(store, to(desk), after_s=hour * 3600)
    assert len(desk.came) == PATIENCE.max_attempts
    assert states(store, "desk") == {"dead": 1}


def test_a_dead_letter_that_is_sent_again_begins_anew_and_one_that_is_dropped_does_not(store: Store) -> None:
    put(store, calls=2)
    desk = Desk(lambda _: Outcome(Verdict.HOPELESS, "answered 400"))
    deliver(store, to(desk))
    now = WRITTEN_AT + timedelta(seconds=70)
    with store.writing() as session:
        assert letters.retry(session, Chosen(keys=["c0/event/0"]), now) == 1
        assert letters.drop(session, Chosen(sink="desk", call_id="c1"), now) == 1
        assert letters.retry(session, Chosen(keys=["nothing"]), now) == 0
    desk.answer = lambda _: OK
    deliver(store, to(desk), after_s=70)
    assert desk.taken == ["c0/event/0"]
    assert desk.came[-1].attempts == 0
    assert states(store, "desk") == {"delivered": 1, "dropped": 1}


def test_a_sink_that_is_down_is_not_asked_for_every_document(store: Store) -> None:
    put(store, calls=50)
    down, well = Desk(lambda _: FAILED), Desk()
    courier = deliver(store, to(down, "down"), to(well, "well"))
    assert 3 <= len(down.came) < 10
    assert courier.tallies["down"].down
    assert len(well.taken) == 50
    assert states(store, "down") == {"waiting": 50}


def test_once_a_sink_is_back_nothing_waits_for_its_next_try(store: Store) -> None:
    put(store, calls=5)
    desk = Desk(lambda _: FAILED if len(desk.came) <= 3 else OK)
    patience = Patience(at_once=3, first_retry_s=0.01, longest_retry_s=8.0)

    async def run() -> None:
        """The time of day stands still: what failed would wait for ever."""
        courier = Courier(
            store, [Place(name="desk", sink=desk, patience=patience)], keep=FOR_EVER, now=lambda: WRITTEN_AT
        )
        courier.start()
        await until(lambda: len(desk.taken) == 5)
        await courier.stop()

    asyncio.run(run())
    assert sorted(desk.taken) == [f"c{call}/event/0" for call in range(5)]


def test_a_sink_gets_its_topics_alone_and_a_new_one_all_that_is_kept(store: Store) -> None:
    put(store, calls=2, each=2)
    put(store, calls=2, topic="call")
    calls, everything = Desk(), Desk()
    deliver(store, to(calls, "calls", topics=("call",)))
    put(store, calls=2, each=1, first=5)
    deliver(store, to(calls, "calls", topics=("call",)), to(everything, "everything"))
    assert sorted(calls.taken) == ["c0/call/0", "c1/call/0"]
    assert len(everything.taken) == 8
    assert states(store, "calls") == {"delivered": 2}
    put(store, calls=1, topic="call", first=9)
    deliver(store, to(calls, "calls", topics=("call", "event")))
    assert calls.taken[2:] == ["c0/call/9"]  # what it didn't want when it came, it doesn't get later


def test_a_sink_that_breaks_keeps_its_document_waiting(store: Store) -> None:
    put(store)

    def fail(_: Parcel) -> Outcome:
        raise RuntimeError("a mistake")

    courier = deliver(store, to(Desk(fail)))
    assert states(store, "desk") == {"waiting": 1}
    assert "RuntimeError" in courier.tallies["desk"].last_error


def test_a_store_that_fails_for_a_moment_loses_nothing(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    put(store, each=2)
    settle, failures = outbox.settle, [StoreError("the disk is full")]

    def settle_later(*args: object) -> None:
        if failures:
            raise failures.pop()
        settle(*args)

    monkeypatch.setattr(outbox, "settle", settle_later)
    monkeypatch.setattr("gateway.delivery.carrier.STORE_AGAIN_S", 0.01)
    desk = Desk()
    deliver(store, to(desk))
    assert desk.taken == ["c0/event/0", "c0/event/1"]
    assert states(store, "desk") == {"delivered": 2}


def test_a_nudge_is_welcome_from_any_thread_at_any_time(store: Store) -> None:
    desk = Desk()
    courier = Courier(store, [to(desk)], keep=FOR_EVER)
    courier.notify()

    async def run() -> None:
        arrived = asyncio.Event()
        desk.answer = lambda _: arrived.set() or OK
        courier.start()
        await asyncio.to_thread(lambda: None)

        def write() -> None:
            put(store)
            courier.notify()

        thread = threading.Thread(target=write)
        thread.start()
        await asyncio.wait_for(arrived.wait(), 4)  # without the nudge it would look again after 5 s
        thread.join()
        await courier.stop()
        await courier.stop()

    asyncio.run(run())
    courier.notify()
    assert desk.taken == ["c0/event/0"]


def test_what_arrived_is_noted_while_the_rest_of_its_call_is_on_its_way(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, each=3)
    monkeypatch.setattr("gateway.delivery.carrier.NOTE_EVERY_S", 0.05)

    class Slow(Desk):
        async def send(self, documents: Sequence[Parcel]) -> list[Outcome]:
            if documents[0].key == "c0/event/2":
                await asyncio.Event().wait()
            return await super().send(documents)

    async def run() -> None:
        courier = Courier(store, [to(Slow())], keep=FOR_EVER, now=lambda: WRITTEN_AT + timedelta(minutes=1))
        courier.start()
        await until(lambda: states(store, "desk") == {"delivered": 2, "waiting": 1})
        await courier.stop(within_s=0.05)

    asyncio.run(run())
    assert states(store, "desk") == {"delivered": 2, "waiting": 1}


def test_a_courier_without_sinks_has_nothing_to_do(store: Store) -> None:
    put(store)
    assert not deliver(store).tallies


# ------------------------------------------------------------------------------------------------------------ the store


def test_the_same_key_is_written_once(store: Store) -> None:
    put(store, each=2)
    put(store, each=3)
    desk = Desk()
    deliver(store, to(desk))
    assert desk.taken == [f"c0/event/{number}" for number in range(3)]


def test_delivered_documents_are_deleted_after_their_time_and_no_others(store: Store) -> None:
    put(store, calls=4)
    hopeless = Outcome(Verdict.HOPELESS, "answered 400")
    one = Desk(lambda parcel: {"c0": OK, "c1": FAILED, "c2": hopeless, "c3": OK}[parcel.call_id])
    deliver(store, to(one, "one"), to(Desk(failing("c3/event/0")), "two"))

    def clean(after: timedelta, dead_after: timedelta, *sinks: str) -> int:
        now = WRITTEN_AT + timedelta(days=10)
        with store.writing() as session:
            return outbox.clean(session, sinks, now - after, now - dead_after)

    def kept() -> list[str]:
        with store.session() as session:
            return [key for key in (f"c{call}/event/0" for call in range(4)) if letters.body(session, key)]

    assert clean(timedelta(days=11), timedelta(days=11), "one", "two") == 0
    assert clean(timedelta(days=9), timedelta(days=11), "one", "two", "never started") == 0
    assert clean(timedelta(days=9), timedelta(days=11), "one", "two") == 1
    assert kept() == ["c1/event/0", "c2/event/0", "c3/event/0"]
    with store.session() as session:
        assert letters.standing(session, "waiting") == {"one": 1, "two": 1}
        assert letters.standing(session, "dead") == {"one": 1}
    assert clean(timedelta(days=9), timedelta(days=9), "one", "two") == 1
    assert kept() == ["c1/event/0", "c3/event/0"]
    assert clean(timedelta(days=9), timedelta(days=9), "one") == 1  # `two` is no longer in the settings
    assert kept() == ["c1/event/0"]


def test_a_store_that_was_emptied_goes_on_with_what_comes(store: Store) -> None:
    """Numbers begin anew then; nothing may take the new ones for the old."""
    put(store, calls=3)
    desk = Desk()
    deliver(store, to(desk))
    with store.writing() as session:
        assert outbox.clean(session, ["desk"], WRITTEN_AT + FOR_EVER, WRITTEN_AT) == 3
    put(store, first=7)
    deliver(store, to(desk))
    assert desk.taken[-1] == "c0/event/7"


def test_a_call_that_is_forgotten_leaves_no_document(store: Store) -> None:
    put(store, calls=2, each=2)
    deliver(store, to(Desk(lambda _: FAILED)))
    with store.writing() as session:
        assert outbox.forget(session, "c0") == 2
    assert states(store, "desk") == {"waiting": 2}


def test_a_result_of_a_document_that_was_deleted_meanwhile_is_nobody_elses(store: Store) -> None:
    put(store)
    deliver(store, to(Desk(lambda _: FAILED)))
    gone = outbox.Settled(key="c9/event/0", state="delivered", attempts=0, next_at=WRITTEN_AT)
    with store.writing() as session:
        outbox.settle(session, "desk", [gone], WRITTEN_AT)
    assert states(store, "desk") == {"waiting": 1}


def test_several_threads_write_at_the_same_time_and_each_waits_its_turn(store: Store) -> None:
    """Reading first, then writing: begun as a plain transaction, one of them would be refused."""
    errors: list[StoreError] = []

    def write(name: str) -> None:
        try:
            for number in range(25):
                with store.writing() as session:
                    outbox.has_new(session, name)
                    outbox.put(session, name, "event", f"{name}/event/{number}", {}, WRITTEN_AT)
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in ("c0", "c1", "c2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    desk = Desk()
    deliver(store, to(desk))
    assert len(desk.taken) == 75


def test_what_another_machine_said_is_kept_short_and_printable(store: Store) -> None:
    put(store)
    deliver(store, to(Desk(lambda _: Outcome(Verdict.FAILED, "\x1b[31m" + "答" * 1000 + "\n"))))
    with store.session() as session:
        [letter] = letters.letters(session, Chosen(), limit=1)
    assert letter.last_error.isprintable()
    assert len(letter.last_error) == outbox.MAX_ERROR
    assert letter.next_at - WRITTEN_AT == timedelta(seconds=61)
    assert isinstance(letter.created_at, datetime)
