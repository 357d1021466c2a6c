"""Every sink takes documents at least once, in order per call, and gets what it missed while it was down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.config import FilesConfig, WebhookConfig
from gateway.delivery.courier import Place
from gateway.delivery.files import FilesSink
from gateway.delivery.local import LocalSink
from gateway.delivery.tries import OK, Outcome, Sink, Verdict
from gateway.delivery.webhook import WebhookSink
from gateway.store import Store
from gateway.store.outbox import Parcel
from tests.support import webhook_receiver as receivers
from tests.support.sending import IMPATIENT, Desk, fresh_store, in_order_per_call, put, sending, states, until
from tests.support.webhook_receiver import SECRET, Answer, Receiver, answering, is_signed

pytestmark = pytest.mark.contract


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Bench:
    """A sink with what stands behind it."""

    sink: Sink
    arrived: Callable[[], list[tuple[str, dict[str, Any]]]]
    """Keys and bodies of what was taken, in order."""
    break_off: Callable[[], None]
    mend: Callable[[], None]

    @property
    def place(self) -> Place:
        return Place(name="there", sink=self.sink, patience=IMPATIENT)

    @property
    def keys(self) -> list[str]:
        return [key for key, _ in self.arrived()]


@asynccontextmanager
async def webhook(_: Path) -> AsyncIterator[Bench]:
    receiver = Receiver()
    async with receiver.serving():
        config = WebhookConfig(kind="webhook", url=receiver.url, secret=SECRET)

        def answer(how: Answer) -> Callable[[], None]:
            return lambda: setattr(receiver, "otherwise", how)

        yield Bench(
            WebhookSink("there", config, utc_now),
            lambda: [(one.key, one.document) for one in receiver.accepted],
            answer(answering("503 Service Unavailable")),
            answer(receivers.OK),
        )


@asynccontextmanager
async def files(folder: Path) -> AsyncIterator[Bench]:
    here, away = folder / "out", folder / "away"

    def arrived() -> list[tuple[str, dict[str, Any]]]:
        lines = [line for path in sorted(here.glob("*.jsonl")) for line in path.read_text().splitlines()]
        return [(told["Key"], told["Document"]) for told in map(json.loads, lines)]

    def move(old: Path, new: Path) -> Callable[[], None]:
        return lambda: old.rename(new) and None

    sink = FilesSink("there", FilesConfig(kind="files", directory=here), utc_now)
    yield Bench(sink, arrived, move(here, away), move(away, here))


@asynccontextmanager
async def local(_: Path) -> AsyncIterator[Bench]:
    sink, told, broken = LocalSink(), [], []

    def listen(parcel: Parcel) -> None:
        if broken:
            raise RuntimeError("not now")
        told.append((parcel.key, parcel.body))

    sink.subscribe(listen)
    yield Bench(sink, lambda: told, lambda: broken.append(True), broken.clear)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with fresh_store(tmp_path / "store") as opened:
        yield opened


every_sink = pytest.mark.parametrize("kind", [webhook, files, local])
Kind = Callable[[Path], AbstractAsyncContextManager[Bench]]


@every_sink
def test_each_document_arrives_once_in_order_per_call(kind: Kind, store: Store, tmp_path: Path) -> None:
    keys = put(store, calls=3, each=40)

    async def send() -> list[tuple[str, dict[str, Any]]]:
        async with kind(tmp_path) as bench, sending(store, bench.place):
            await until(lambda: states(store, "there") == {"delivered": 120})
            return bench.arrived()

    arrived = asyncio.run(send())
    assert sorted(key for key, _ in arrived) == sorted(keys)
    assert in_order_per_call(key for key, _ in arrived)
    assert arrived[-1][1] == {"DocumentType": "event", "Number": 39, "Content": "查话费"}


@every_sink
def test_what_a_sink_missed_while_it_was_down_arrives_once_it_is_back(kind: Kind, store: Store, tmp_path: Path) -> None:
    keys = put(store, calls=5, each=3)

    async def send() -> list[str]:
        async with kind(tmp_path) as bench:
            bench.break_off()
            async with sending(store, bench.place) as courier:
                await until(lambda: courier.tallies["there"].failed >= 3)
                assert not bench.keys or states(store, "there") == {"waiting": 15}
                bench.mend()
                await until(lambda: states(store, "there") == {"delivered": 15})
            return bench.keys

    arrived = asyncio.run(send())
    assert sorted(arrived) == sorted(keys)
    assert in_order_per_call(arrived)


@every_sink
def test_what_is_left_at_a_stop_arrives_after_the_next_start_and_nothing_twice(
    kind: Kind, store: Store, tmp_path: Path
) -> None:
    async def send() -> list[str]:
        before, after = [], []
        async with kind(tmp_path) as bench:
            before += put(store, calls=2, each=2)
            async with sending(store, bench.place):
                await until(lambda: states(store, "there") == {"delivered": 4})
            after += put(store, calls=2, each=2, first=2)
            assert sorted(bench.keys) == sorted(before)
        async with kind(tmp_path) as bench:
            async with sending(store, bench.place):
                await until(lambda: states(store, "there") == {"delivered": 8})
            return before + [key for key in bench.keys if key not in before or kind is not files]

    keys = asyncio.run(send())
    assert len(keys) == len(set(keys)) == 8


# ------------------------------------------------------------------------------------------------------- webhooks alone


def try_once(receiver: Receiver, **config: Any) -> Outcome:
    """One try of one document."""

    async def send() -> Outcome:
        async with receiver.serving():
            settings = {"url": receiver.url, "secret": SECRET, "timeout_s": 0.3, **config}
            sink = WebhookSink("crm", WebhookConfig(kind="webhook", **settings), utc_now)
            parcel = Parcel(id=1, call_id="c1", topic="call", key="c1/call", body={"Content": "我要投诉"})
            try:
                [outcome] = await sink.send([parcel])
            finally:
                await sink.close()
            return outcome

    return asyncio.run(send())


def test_a_receiver_that_is_down_for_three_tries_gets_one_document_per_key(store: Store) -> None:
    keys = put(store, calls=4, each=5)

    async def send() -> Receiver:
        receiver = Receiver([answering("500 Oops"), receivers.garbage, answering("503 Busy", Retry_After="0")])
        async with receiver.serving():
            config = WebhookConfig(kind="webhook", url=receiver.url, secret=SECRET)
            place = Place(name="crm", sink=WebhookSink("crm", config, utc_now), patience=IMPATIENT)
            async with sending(store, place):
                await until(lambda: states(store, "crm") == {"delivered": 20})
        return receiver

    receiver = asyncio.run(send())
    assert sorted(receiver.keys) == sorted(keys)
    assert in_order_per_call(receiver.keys)
    assert len(receiver.received) == 23


def test_a_request_is_signed_as_the_manual_tells(store: Store) -> None:
    receiver = Receiver()
    assert try_once(receiver, headers={"Authorization": "Bearer x"}) is OK
    [received] = receiver.accepted
    assert is_signed(received)
    assert not is_signed(received, "whsec_" + "A" * 44)
    assert not is_signed(receivers.Received({**received.headers, "webhook-timestamp": "1"}, received.body))
    told = received.headers
    assert (told["idempotency-key"], told["voice-gateway-topic"], told["authorization"]) == (
        "c1/call",
        "call",
        "Bearer x",
    )
    assert told["voice-gateway-attempt"] == "1"
    assert abs(int(told["webhook-timestamp"]) - utc_now().timestamp()) < 60
    assert received.body == '{"Content":"我要投诉"}'.encode()


def test_while_a_secret_changes_the_old_one_still_fits() -> None:
    receiver = Receiver()
    old = "an old secret, no base64"
    try_once(receiver, previous_secret=old)
    [received] = receiver.accepted
    [_, second] = received.headers["webhook-signature"].split()
    assert is_signed(received)
    from gateway.delivery.signature import secret_bytes, signature

    stamp = int(received.headers["webhook-timestamp"])
    assert second == signature([secret_bytes(old)], "c1/call", stamp, received.body)


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (answering("200 OK", b"thanks"), Verdict.DELIVERED, ""),
        (answering("500 Oops", b"out of  coffee"), Verdict.FAILED, "500 Internal Server Error: out of coffee"),
        (answering("429 Slow", Retry_After="7"), Verdict.FAILED, "429"),
        (answering("400 Bad", b"no such field"), Verdict.HOPELESS, "400 Bad Request: no such field"),
        (answering("410 Gone"), Verdict.HOPELESS, "410"),
        (answering("404 No"), Verdict.REFUSED, "404"),
        (answering("999 Odd"), Verdict.FAILED, "999"),
        (
            answering("301 Moved", Location="https://u:p@new.example/hook?token=hidden#x"),
            Verdict.REFUSED,
            "301 Moved Permanently, pointing to https://new.example/hook: set url",
        ),
        (answering("302 Found", Location="/login?next=hook"), Verdict.REFUSED, "/login: set url"),
        (answering("302 Found", Location="http://a:b:c/"), Verdict.FAILED, "no HTTP"),
        (answering("304 Same"), Verdict.REFUSED, "304"),
        (receivers.garbage, Verdict.FAILED, "no HTTP"),
        (receivers.silent, Verdict.FAILED, "no answer within 0.3 s"),
        (receivers.dripping, Verdict.FAILED, ""),
        (receivers.endless, Verdict.FAILED, "500 Internal Server Error: nonsense"),
    ],
)
def test_an_answer_decides_what_is_done_next(answer: Answer, verdict: Verdict, words: str) -> None:
    receiver = Receiver([answer])
    outcome = try_once(receiver)
    assert outcome.verdict is verdict
    assert words in outcome.error
    assert "hidden" not in outcome.error
    assert len(receiver.received) == 1  # a redirect isn't followed, and nothing is tried twice on the quiet


def test_nobody_there_is_tried_again() -> None:
    async def send() -> Outcome:
        receiver = Receiver()
        async with receiver.serving():
            url = receiver.url
        sink = WebhookSink("crm", WebhookConfig(kind="webhook", url=url, secret=SECRET), utc_now)
        [outcome] = await sink.send([Parcel(id=1, call_id="c1", topic="call", key="k", body={})])
        await sink.close()
        return outcome

    outcome = asyncio.run(send())
    assert outcome.verdict is Verdict.FAILED
    assert "can't be reached" in outcome.error


def test_a_sink_that_never_answers_holds_neither_another_one_nor_the_end(store: Store) -> None:
    put(store, calls=8, each=2)

    async def send() -> tuple[list[str], float]:
        desk, receiver = Desk(), Receiver(otherwise=receivers.silent)
        async with receiver.serving():
            config = WebhookConfig(kind="webhook", url=receiver.url, secret=SECRET, timeout_s=60)
            dead = Place(name="dead", sink=WebhookSink("dead", config, utc_now), patience=IMPATIENT)
            async with sending(store, dead, Place(name="well", sink=desk)) as courier:
                await until(lambda: states(store, "well") == {"delivered": 16})
                began = asyncio.get_running_loop().time()
                await courier.stop(within_s=0.2)
                return desk.taken, asyncio.get_running_loop().time() - began

    taken, took_s = asyncio.run(send())
    assert len(taken) == 16
    assert took_s < 5
    assert states(store, "dead") == {"waiting": 16}


# ---------------------------------------------------------------------------------------------------------- files alone


def test_half_a_line_of_a_killed_process_is_cut_off_at_the_next_start(tmp_path: Path) -> None:
    config = FilesConfig(kind="files", directory=tmp_path)
    whole = b'{"Key":"a","Topic":"call","Document":{}}\n'
    (tmp_path / "archive-2026-11-20.jsonl").write_bytes(whole + b'{"Key":"b","Top' + b"x" * 100_000)
    (tmp_path / "archive-2026-11-21.jsonl").write_bytes(b'{"Ke')
    (tmp_path / "archive-2026-11-22.jsonl").write_bytes(whole)
    FilesSink("archive", config, utc_now)
    assert [path.read_bytes() for path in sorted(tmp_path.iterdir())] == [whole, b"", whole]


def test_a_file_begins_anew_each_day_at_the_hotline(tmp_path: Path) -> None:
    days = [datetime.fromisoformat(f"2026-11-2{day}T23:59:59+08:00") for day in (1, 2)]
    sink = FilesSink("archive", FilesConfig(kind="files", directory=tmp_path), lambda: days.pop(0))
    parcels = [Parcel(id=n, call_id="c", topic="call", key=f"k{n}", body={"N": n}) for n in (1, 2, 3)]
    assert asyncio.run(sink.send(parcels[:2])) == [OK, OK]
    assert asyncio.run(sink.send(parcels[2:])) == [OK]
    lines = {path.name: path.read_text().splitlines() for path in tmp_path.iterdir()}
    assert {name: [json.loads(line)["Key"] for line in some] for name, some in lines.items()} == {
        "archive-2026-11-21.jsonl": ["k1", "k2"],
        "archive-2026-11-22.jsonl": ["k3"],
    }


def test_a_document_that_is_no_json_is_hopeless_and_those_before_it_are_kept(tmp_path: Path) -> None:
    sink = FilesSink("archive", FilesConfig(kind="files", directory=tmp_path), utc_now)
    bodies: list[dict[str, Any]] = [{}, {"Score": float("nan")}, {}]
    parcels = [Parcel(id=n, call_id="c", topic="call", key=f"k{n}", body=body) for n, body in enumerate(bodies)]
    outcomes = asyncio.run(sink.send(parcels))
    assert [outcome.verdict for outcome in outcomes] == [Verdict.DELIVERED, Verdict.HOPELESS]
    [path] = tmp_path.iterdir()
    assert path.read_text().count("\n") == 1


def test_one_listener_that_fails_keeps_nothing_from_another() -> None:
    sink, told = LocalSink(), []

    def fail(_: Parcel) -> None:
        raise RuntimeError("no")

    sink.subscribe(fail)
    end = sink.subscribe(lambda parcel: told.append(parcel.key))
    parcel = Parcel(id=1, call_id="c", topic="call", key="k", body={})
    [outcome] = asyncio.run(sink.send([parcel]))
    assert (outcome.verdict, told) == (Verdict.FAILED, ["k"])
    end()
    asyncio.run(sink.send([parcel]))
    assert told == ["k"]
