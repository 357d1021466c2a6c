"""The sample back end and one behind HTTP answer alike; and HTTP that goes wrong fails in one clear way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.call.lookups import HttpLookups, LookupProvider, SampleLookups
from gateway.errors import LookupFailedError, SettingsError

pytestmark = pytest.mark.contract

FILE = Path(__file__).parents[2] / "ivr_flows" / "mobile_hotline" / "customers.yaml"
NUMBER = "13900001003"
TODAY = date(2026, 11, 21)


@dataclass
class Request:
    """What came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class BackEnd:
    """A real HTTP server on a port of this machine, whose every answer is written by hand, byte for byte."""

    answer: Answer
    requests: list[Request] = field(default_factory=list)
    port: int = 0
    connections: set[asyncio.Task[Any]] = field(default_factory=set)
    connected: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections.add(task)
        self.connected.set()
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
                body = await reader.readexactly(int(headers["content-length"]))
                self.requests.append(Request(head[0], headers, body))
                await self.answer(self.requests[-1], writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the caller has gone, or the test is over
        finally:
            writer.close()


@asynccontextmanager
async def serving(answer: Answer, port: int = 0) -> AsyncIterator[BackEnd]:
    back_end = BackEnd(answer)
    server = await asyncio.start_server(back_end.handle, "127.0.0.1", port)
    back_end.port = server.sockets[0].getsockname()[1]
    try:
        yield back_end
    finally:
        server.close()
        for connection in back_end.connections:
            connection.cancel()
        await asyncio.gather(*back_end.connections)


def respond(writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK", length: int | None = None) -> None:
    length = len(body) if length is None else length
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n".encode() + body)


@asynccontextmanager
async def directly() -> AsyncIterator[LookupProvider]:
    yield SampleLookups(FILE, today=lambda: TODAY)


@asynccontextmanager
async def over_http() -> AsyncIterator[LookupProvider]:
    sample = SampleLookups(FILE, today=lambda: TODAY)

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        asked = json.loads(request.body)
        assert request.line == f"POST /api/{asked['name']} HTTP/1.1"
        try:
            told = await sample.lookup(asked["name"], asked["arguments"])
        except LookupFailedError as error:
            respond(writer, json.dumps({"error": error.message}).encode(), "404 Not Found")
        else:
            respond(writer, json.dumps(told, default=float).encode())

    async with serving(answer) as back_end:
        yield HttpLookups(back_end.url)


@pytest.mark.parametrize("provider", [directly, over_http])
def test_both_answer_alike(provider: Callable[[], Any]) -> None:
    async def conversation() -> list[Mapping[str, Any]]:
        async with provider() as lookups:
            return [
                await lookups.lookup("account.balance", {"number": NUMBER}),
                await lookups.lookup("ticket.latest", {"number": NUMBER}),
                await lookups.lookup("plan.change", {"number": NUMBER, "plan": "全家套餐"}),
                await lookups.lookup("plan.current", {"number": NUMBER}),
            ]

    balance, ticket, changed, current = asyncio.run(conversation())
    assert balance == {"balance": Decimal("12.35"), "due": 0}
    assert isinstance(balance["balance"], Decimal)
    assert ticket["due"] == "2026-11-23"
    assert changed == {"name": "全家套餐", "fee": 199, "starts": "2026-12-01"}
    assert current == {"name": "全家套餐", "fee": 199}


@pytest.mark.parametrize("provider", [directly, over_http])
def test_both_fail_alike(provider: Callable[[], Any]) -> None:
    async def ask(name: str, number: str) -> None:
        async with provider() as lookups:
            await lookups.lookup(name, {"number": number})

    for name, number in (("account.balance", "10000000000"), ("no.such", NUMBER), ("NOT A NAME", NUMBER)):
        with pytest.raises(LookupFailedError) as caught:
            asyncio.run(ask(name, number))
        assert "10000000000" not in str(caught.value)


async def fine(request: Request, writer: asyncio.StreamWriter) -> None:
    respond(writer, b'{"due": 0.10}')


async def hangs(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{")
    await writer.drain()
    await asyncio.Event().wait()


async def trickles(request: Request, writer: asyncio.StreamWriter) -> None:
    """A byte now and then: each step is in time, the whole never is."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def breaks_off(request: Request, writer: asyncio.StreamWriter) -> None:
    respond(writer, b'{"due": ', length=1000)
    writer.close()


async def hangs_up(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def talks_nonsense(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")
    writer.close()


async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()


def answers(body: bytes, status: str = "200 OK") -> Answer:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        respond(writer, body, status)

    return answer


def fail(answer: Answer, name: str = "account.balance", timeout_ms: float = 5000) -> tuple[LookupFailedError, int]:
    """The error of one look-up against `answer`, and how many requests were made."""

    async def ask() -> int:
        async with serving(answer) as back_end:
            lookups = HttpLookups(back_end.url, timeout_ms=timeout_ms)
            with pytest.raises(LookupFailedError) as caught:
                await lookups.lookup(name, {"number": NUMBER})
            await back_end.connected.wait()  # a server that closes while a connection comes in drops it with a warning
            errors.append(caught.value)
            return len(back_end.requests)

    errors: list[LookupFailedError] = []
    made = asyncio.run(ask())
    return errors[0], made


@pytest.mark.parametrize(
    ("answer", "reason", "requests"),
    [
        (breaks_off, "the back end broke off", 2),
        (hangs_up, "the back end broke off", 2),
        (talks_nonsense, "the back end broke off", 2),
        (answers(b"oops 13900001003", "500 Internal Server Error"), "the back end answered 500", 2),
        (answers(b"oops 13900001003", "404 Not Found"), "the back end answered 404", 1),
        (answers(b"", "302 Found"), "the back end answered 302", 1),
        (answers(b"<html>13900001003</html>"), "the answer isn't JSON", 1),
        (answers(b""), "the answer isn't JSON", 1),
        (answers(b"\xff\xfe"), "the answer isn't JSON", 1),
        (answers(b'{"due": NaN}'), "the answer isn't JSON", 1),
        (answers(b"[" * 100_000), "the answer isn't JSON", 1),
        (answers(b'["13900001003"]'), "the answer isn't a JSON object", 1),
        (answers(b" " * 300_000), "the answer is longer than 256 KiB", 1),
        (endless, "the answer is longer than 256 KiB", 1),
    ],
)
def test_an_answer_that_is_none_is_told_plainly(answer: Answer, reason: str, requests: int) -> None:
    error, made = fail(answer)
    assert str(error).startswith(f"account.balance: {reason}")
    assert NUMBER not in str(error)
    assert made == requests


@pytest.mark.parametrize("answer", [hangs, trickles])
def test_a_slow_back_end_is_given_up(answer: Answer) -> None:
    error, _ = fail(answer, timeout_ms=300)
    assert str(error) == "account.balance: the back end didn't answer within 300 ms"


@pytest.mark.parametrize("name", ["ticket.create", "plan.change", "broadband.report"])
def test_what_changes_something_is_never_sent_twice(name: str) -> None:
    error, made = fail(hangs_up, name)
    assert "broke off" in str(error)
    assert made == 1


def test_a_second_attempt_may_succeed_and_is_recognisable() -> None:
    async def fails_first(request: Request, writer: asyncio.StreamWriter) -> None:
        if len(back_ends[0].requests) == 1:
            respond(writer, b"", "503 Service Unavailable")
        else:
            await fine(request, writer)

    back_ends: list[BackEnd] = []

    async def ask() -> Mapping[str, Any]:
        async with serving(fails_first) as back_end:
            back_ends.append(back_end)
            return await HttpLookups(back_end.url).lookup("account.balance", {"number": NUMBER})

    assert asyncio.run(ask()) == {"due": Decimal("0.10")}
    first, second = (request.headers["idempotency-key"] for request in back_ends[0].requests)
    assert first == second


def test_nobody_at_the_port_is_told() -> None:
    async def ask() -> None:
        async with serving(fine) as back_end:
            url = back_end.url
        await HttpLookups(url).lookup("ticket.create", {"number": NUMBER})

    with pytest.raises(LookupFailedError, match=r"^ticket\.create: the back end can't be reached$"):
        asyncio.run(ask())


def test_what_is_sent() -> None:
    async def ask() -> Request:
        async with serving(fine) as back_end:
            lookups = HttpLookups(back_end.url, token="s3cret", headers={"X-Site": "north"})  # noqa: S106
            await lookups.lookup("a.b", {"number": NUMBER, "paid": Decimal("35.60"), "day": TODAY, "matter": "扣费"})
            return back_end.requests[0]

    request = asyncio.run(ask())
    assert request.line == "POST /api/a.b HTTP/1.1"
    assert request.headers["authorization"] == "Bearer s3cret"
    assert request.headers["x-site"] == "north"
    assert json.loads(request.body) == {
        "name": "a.b",
        "arguments": {"number": NUMBER, "paid": "35.60", "day": "2026-11-21", "matter": "扣费"},
    }


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://host/", "http://", "http://[::1", "http://host:port/"])
def test_what_is_no_base_url_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="lookup_url: not a base URL"):
        HttpLookups(url)


def test_a_url_that_tells_a_password_is_refused_without_telling_it() -> None:
    with pytest.raises(SettingsError, match="lookup_token") as refused:
        HttpLookups("https://crm:geheim@127.0.0.1/api")
    assert "geheim" not in str(refused.value)


def test_an_argument_that_json_cannot_hold() -> None:
    async def ask() -> None:
        await HttpLookups("http://127.0.0.1:9/").lookup("a.b", {"what": object()})

    with pytest.raises(LookupFailedError, match="an argument is a object"):
        asyncio.run(ask())


def test_one_object_serves_many_calls_at_once_and_one_event_loop_after_another() -> None:
    shared: list[HttpLookups] = []

    async def twenty_at_once(port: int) -> int:
        async with serving(fine, port) as back_end:
            lookups = shared[0] if shared else HttpLookups(back_end.url)
            shared.append(lookups)
            asked = (lookups.lookup("account.balance", {"number": NUMBER}) for _ in range(20))
            assert await asyncio.gather(*asked) == [{"due": Decimal("0.10")}] * 20
            assert len(back_end.connections) == 20
            return back_end.port

    port = asyncio.run(twenty_at_once(0))
    assert asyncio.run(twenty_at_once(port)) == port
