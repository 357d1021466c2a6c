"""The web site over real HTTP: WHIP by RFC 9725, the page, what the page has to know, and the headers of it all."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from multidict import CIMultiDictProxy

from gateway.errors import TransportError
from gateway.transport.switchboard import Refusal
from gateway.transport.webrtc.calls import Wanted
from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.door import WRONG_TOKENS_PER_MINUTE
from gateway.transport.webrtc.offer import OfferError
from gateway.transport.webrtc.site import read_page, web_app
from gateway.transport.webrtc.whip import BODY_WITHIN_S, FRAGMENT, MAX_BODY_BYTES, SDP
from tests.support.webrtc_calls import ANSWER, FakeCalls
from tests.support.webrtc_offer import Blanks, offer

pytestmark = pytest.mark.peers

TOKEN = "a-token-of-this-test"  # noqa: S105
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
TURN = {"url": "turn:turn.example.com?transport=udp", "username": 'u"1', "password": "p\\2"}
OFFER = offer().encode()
TITLE = "移动客服热线"
SOON_S = 2.0


@dataclass
class Clock:
    """Goes on when it is told to."""

    now_ms: float = 0.0


@dataclass(frozen=True)
class Answer:
    """What a request got."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Site:
    """A site that runs, and a client that visits it."""

    def __init__(self, calls: FakeCalls, session: ClientSession, port: int, clock: Clock) -> None:
        self.calls = calls
        self.session = session
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.clock = clock

    async def ask(self, method: str, path: str, **options: Any) -> Answer:
        """One request."""
        async with self.session.request(method, self.url + path, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def post(self, path: str = "/whip", *, data: Any = OFFER, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.ask("POST", path, data=data, headers={"Content-Type": SDP, **named})

    async def patch(self, path: str, etag: str | None, ufrag: str = "uFrg", **options: Any) -> Answer:
        body = f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{Blanks().password}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
        body += "a=candidate:1 1 udp 2130706431 127.0.0.1 40000 typ host\r\n"
        headers = {"Content-Type": FRAGMENT, **({} if etag is None else {"If-Match": etag})}
        return await self.ask("PATCH", path, **{"data": body.encode(), "headers": headers, **options})

    async def placed(self) -> tuple[str, str]:
        """A call: its path and its ETag, in quotes."""
        response = await self.post()
        assert response.status == 201
        return response.headers["Location"], response.headers["ETag"]

    async def raw(self, data: bytes, *, then: bytes = b"", after_s: float = 0.0) -> tuple[int, bytes]:
        """What no HTTP client says. The answer's status, 0 without one, and all of it; the server has to close."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        if then:
            await asyncio.sleep(after_s)
            writer.write(then)
        try:
            answer = await reader.read()
        finally:
            writer.close()
        return int(answer[9:12] or 0), answer


@asynccontextmanager
async def site(
    calls: FakeCalls | None = None, tls: ssl.SSLContext | None = None, **settings: Any
) -> AsyncIterator[Site]:
    calls = calls or FakeCalls()
    clock = Clock()
    app = web_app(WebrtcConfig(**settings), calls, title=TITLE, now_ms=lambda: clock.now_ms)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        async with ClientSession() as session:
            yield Site(calls, session, runner.addresses[0][1], clock)
    finally:
        await runner.cleanup()


def run(visit: Callable[[Site], Coroutine[Any, Any, None]], calls: FakeCalls | None = None, **settings: Any) -> None:
    async def whole() -> None:
        async with site(calls, **settings) as visited:
            await visit(visited)

    asyncio.run(whole())


async def problem(response: Answer, status: int, reason: str) -> dict[str, str]:
    """Check a refusal (RFC 9457); its headers in lower case."""
    assert response.status == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    told = json.loads(response.text)
    assert told.keys() == {"type", "title", "status", "detail", "reason"}
    assert (told["type"], told["status"], told["reason"]) == ("about:blank", status, reason)
    check_headers(response)
    return {name.lower(): value for name, value in response.headers.items()}


def check_headers(response: Answer) -> None:
    headers = response.headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; ")
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Permissions-Policy"] == "microphone=(self)"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Server" not in headers
    assert not [name for name in headers if name.lower().startswith("access-control-")]


# ------------------------------------------------------------------------------------------------------ a call, by WHIP


def test_an_offer_is_answered_and_the_call_hung_up() -> None:
    async def visit(site: Site) -> None:
        response = await site.post()
        assert (response.status, response.text) == (201, ANSWER)
        headers = response.headers
        assert headers["Content-Type"] == SDP
        assert (headers["Location"], headers["ETag"]) == ("/whip/secret-1", '"session-1"')
        assert (headers["Accept-Patch"], headers["Cache-Control"]) == (FRAGMENT, "no-store")
        assert "Link" not in headers
        check_headers(response)
        assert site.calls.wanted == [Wanted()]

        response = await site.ask("DELETE", headers["Location"])
        assert (response.status, response.body) == (200, b"")
        assert not site.calls.open_calls
        await problem(await site.ask("DELETE", headers["Location"]), 404, "gone")
        await problem(await site.patch(headers["Location"], headers["ETag"]), 404, "gone")

    run(visit)


def test_what_a_page_wants_comes_along() -> None:
    async def visit(site: Site) -> None:
        response = await site.post("/whip?number=10086&from=%2B8613900001002&resume=a_B-9&utm_source=mail")
        assert response.status == 201

    calls = FakeCalls()
    run(visit, calls, claimed_numbers=True)
    assert calls.wanted == [Wanted("10086", "+8613900001002", "a_B-9")]


def test_ice_servers_are_told_by_link() -> None:
    async def visit(site: Site) -> None:
        response = await site.post()
        assert response.headers.getall("Link") == [
            '<stun:stun.example.com:3478>; rel="ice-server"',
            '<turn:turn.example.com?transport=udp>; rel="ice-server"; username="u\\"1"; credential="p\\\\2"; '
            'credential-type="password"',
        ]

    run(visit, ice_servers=[{"url": "stun:stun.example.com:3478"}, TURN])


def test_candidates_that_come_later_reach_the_call() -> None:
    async def visit(site: Site) -> None:
        path, etag = await site.placed()
        for tags in (etag, f'"another", {etag}'):
            response = await site.patch(path, tags)
            assert (response.status, response.body) == (204, b"")
            assert "ETag" not in response.headers
            check_headers(response)
        (call,) = site.calls.open_calls.values()
        assert [fragment.candidates[0].port for fragment in call.fragments] == [40_000, 40_000]

    run(visit)


@pytest.mark.parametrize(
    ("path", "allowed", "name", "accepted"),
    [
        ("/whip", "OPTIONS, POST", "Accept-Post", SDP),
        ("/whip/x", "DELETE, OPTIONS, PATCH", "Accept-Patch", FRAGMENT),
    ],
)
def test_both_resources_say_what_they_take_and_refuse_the_rest(
    path: str, allowed: str, name: str, accepted: str
) -> None:
    async def visit(site: Site) -> None:
        response = await site.ask("OPTIONS", path)
        assert (response.status, response.headers["Allow"]) == (204, allowed)
        assert response.headers[name] == accepted
        check_headers(response)
        for method in {"GET", "PUT", "POST", "PATCH", "DELETE", "PROPFIND"} - set(allowed.split(", ")):
            headers = await problem(await site.ask(method, path), 405, "method")
            assert headers["allow"] == allowed
        response = await site.ask("HEAD", path)
        assert (response.status, response.headers["Allow"]) == (405, allowed)

    run(visit)


# ----------------------------------------------------------------------------------------------------------- bad offers


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"{}", b"v=0\r\n", OFFER.replace(b"opus", b"sopu")])
def test_a_bad_offer_is_told_so(body: bytes) -> None:
    async def visit(site: Site) -> None:
        await problem(await site.post(data=body), 400, "bad_offer")

    calls = FakeCalls()
    run(visit, calls)
    assert not calls.wanted


def test_an_offer_that_cannot_be_connected_to_is_told_why() -> None:
    async def visit(site: Site) -> None:
        response = await site.post()
        await problem(response, 400, "bad_offer")
        assert json.loads(response.text)["detail"] == "line 7: no; write yes"

    run(visit, FakeCalls(then=OfferError("line 7: no; write yes")))


@pytest.mark.parametrize("content_type", ["application/sdp; charset=utf-8", "Application/SDP"])
def test_the_type_of_an_offer_may_be_written_otherwise(content_type: str) -> None:
    async def visit(site: Site) -> None:
        assert (await site.post(Content_Type=content_type)).status == 201

    run(visit)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "application/sdpx", FRAGMENT])
def test_another_type_is_not_taken(content_type: str) -> None:
    async def visit(site: Site) -> None:
        headers = await problem(await site.post(Content_Type=content_type), 415, "media_type")
        assert headers["accept-post"] == SDP
        path, etag = await site.placed()
        other = {"Content-Type": SDP, "If-Match": etag}
        headers = await problem(await site.patch(path, etag, headers=other), 415, "media_type")
        assert headers["accept-patch"] == FRAGMENT

    run(visit)


def test_a_compressed_body_is_not_taken() -> None:
    async def visit(site: Site) -> None:
        headers = await problem(await site.post(Content_Encoding="deflate"), 415, "media_type")
        assert headers["accept-encoding"] == "identity"

    run(visit)


def test_a_body_that_is_too_large_is_refused_before_and_while_it_is_read() -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(4096)

    async def visit(site: Site) -> None:
        head = f"POST /whip HTTP/1.1\r\nHost: localhost\r\nContent-Type: {SDP}\r\nContent-Length: {10**9}\r\n\r\n"
        async with asyncio.timeout(SOON_S + 2):
            status, answer = await site.raw(head.encode())
        assert (status, b'"too_large"' in answer, b"Connection: close" in answer) == (413, True, True)
        await problem(await site.post(data=endless()), 413, "too_large")
        await problem(await site.post(data=bytes(MAX_BODY_BYTES + 1)), 413, "too_large")
        await problem(await site.post(data=bytes(MAX_BODY_BYTES)), 400, "bad_offer")

    run(visit)


def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async def visit(site: Site) -> None:
        head = f"POST /whip HTTP/1.1\r\nHost: localhost\r\nContent-Type: {SDP}\r\nContent-Length: 100\r\n\r\nv="
        began_s = asyncio.get_running_loop().time()
        status, answer = await site.raw(head.encode(), then=b"0", after_s=1.0)
        took_s = asyncio.get_running_loop().time() - began_s
        assert (status, b'"slow"' in answer, b"Connection: close" in answer) == (408, True, True)
        assert BODY_WITHIN_S - 0.1 < took_s < BODY_WITHIN_S + 5

    run(visit)


def test_a_client_that_breaks_off_leaves_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def visit(site: Site) -> None:
        head = f"POST /whip HTTP/1.1\r\nHost: localhost\r\nContent-Type: {SDP}\r\nContent-Length: 100\r\n\r\nv="
        _, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(head.encode())
        await asyncio.sleep(0.1)
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.1)
        assert not site.calls.wanted
        assert (await site.ask("GET", "/healthz")).status == 200

    run(visit)
    assert all(record.levelno < logging.ERROR for record in caplog.records)
    assert "bad_offer" in caplog.text


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"secret-garbage\r\n\r\n",
        b"POST /whip HTTP/1.1\r\nHost: localhost\r\nContent-Length: secret\r\n\r\n",
        b"POST /whip HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        f"POST /whip HTTP/1.1\r\nHost: localhost\r\nContent-Type: {SDP}\r\n".encode()
        + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n",
    ],
    ids=["TLS", "words", "length", "two lengths", "line", "headers", "no host", "two hosts", "chunks"],
)
def test_what_is_not_http_is_a_bad_request_and_hardly_logged(garbage: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def visit(site: Site) -> None:
        for _ in range(3):
            async with asyncio.timeout(SOON_S):
                status, _ = await site.raw(
                    garbage.replace(b"HTTP/1.1\r\n\r\n", b"HTTP/1.1\r\nConnection: close\r\n\r\n")
                )
            assert status in (400, 0)
        assert (await site.ask("GET", "/healthz")).status == 200

    run(visit)
    lines = [record for record in caplog.records if record.levelno > logging.DEBUG]
    assert len(lines) <= 1
    assert all(line.levelno == logging.WARNING and "127.0.0.1" in line.getMessage() for line in lines)
    assert "secret" not in caplog.text


# -------------------------------------------------------------------------------------------------------- bad trickling


def test_candidates_need_the_right_etag() -> None:
    async def visit(site: Site) -> None:
        path, etag = await site.placed()
        await problem(await site.patch(path, None), 428, "precondition")
        for wrong in ('"another"', f"W/{etag}", "garbage", etag.strip('"')):
            await problem(await site.patch(path, wrong), 412, "precondition")
        await problem(await site.patch("/whip/another", etag), 404, "gone")
        (call,) = site.calls.open_calls.values()
        assert not call.fragments

    run(visit)


def test_the_ice_session_of_a_call_is_not_restarted() -> None:
    async def visit(site: Site) -> None:
        path, etag = await site.placed()
        await problem(await site.patch(path, "*"), 422, "no_restart")
        await problem(await site.patch(path, etag, ufrag="anew"), 422, "no_restart")
        (call,) = site.calls.open_calls.values()
        assert not call.fragments

    run(visit)


def test_a_bad_fragment_is_told_so() -> None:
    async def visit(site: Site) -> None:
        path, etag = await site.placed()
        await problem(await site.patch(path, etag, data=b"\xff\x00"), 400, "bad_offer")
        await problem(await site.patch(path, etag, data=bytes(MAX_BODY_BYTES + 1)), 413, "too_large")

    run(visit)


# -------------------------------------------------------------------------------------------------- who may and who not


@pytest.mark.parametrize(
    ("refusal", "status", "waits"),
    [
        (Refusal.UNKNOWN_NUMBER, 404, False),
        (Refusal.BUSY, 503, True),
        (Refusal.FULL, 503, True),
        (Refusal.DRAINING, 503, True),
    ],
)
def test_a_call_that_is_not_taken_is_told_why(refusal: Refusal, status: int, *, waits: bool) -> None:
    async def visit(site: Site) -> None:
        headers = await problem(await site.post(), status, refusal.value)
        assert ("retry-after" in headers) is waits

    run(visit, FakeCalls(then=refusal))


def test_calls_need_the_token_at_every_step() -> None:
    async def visit(site: Site) -> None:
        headers = await problem(await site.post(), 401, "token")
        assert headers["www-authenticate"] == 'Bearer realm="voice-gateway"'
        headers = await problem(await site.post(Authorization="Bearer not-the-right-one"), 401, "token")
        assert headers["www-authenticate"] == 'Bearer realm="voice-gateway", error="invalid_token"'
        response = await site.post(**RIGHT)
        assert response.status == 201
        path = response.headers["Location"]
        await problem(await site.patch(path, response.headers["ETag"]), 401, "token")
        await problem(await site.ask("DELETE", path), 401, "token")
        assert (await site.ask("OPTIONS", path)).status == 204
        assert (await site.ask("DELETE", path, headers=RIGHT)).status == 200

    run(visit, access_token=TOKEN)


def test_who_guesses_tokens_has_to_wait_whichever_way_they_are_tried() -> None:
    async def visit(site: Site) -> None:
        wrong = {"Authorization": "Bearer not-the-right-one"}
        for _ in range(WRONG_TOKENS_PER_MINUTE):
            await problem(await site.ask("DELETE", "/whip/x", headers=wrong), 401, "token")
        assert (await site.ask("GET", "/config.json", headers=wrong)).status == 200
        headers = await problem(await site.post(**RIGHT), 429, "too_many")
        assert headers["retry-after"] == "60"
        site.clock.now_ms += 60_000
        assert (await site.post(**RIGHT)).status == 201

    run(visit, access_token=TOKEN)


def test_one_address_may_not_call_on_and_on() -> None:
    async def visit(site: Site) -> None:
        statuses = [(await site.post(X_Forwarded_For="192.0.2.1")).status for _ in range(4)]
        assert statuses == [201, 201, 201, 429]
        headers = await problem(await site.post(X_Forwarded_For="192.0.2.1"), 429, "too_many")
        assert headers["retry-after"] == "6"
        assert (await site.post(X_Forwarded_For="192.0.2.2")).status == 201
        site.clock.now_ms += 6000
        assert (await site.post(X_Forwarded_For="192.0.2.1")).status == 201

    run(visit, calls_per_minute=10, trusted_proxies=("127.0.0.0/8",))


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/config.json"), ("POST", "/whip"), ("GET", "/none")]
)
def test_other_names_and_other_sites_get_nowhere(method: str, path: str) -> None:
    async def visit(site: Site) -> None:
        await problem(await site.ask(method, path, headers={"Host": "evil.example"}), 421, "host")
        for origin in ("https://evil.example", "null", f"http://localhost:{site.port}"):
            await problem(await site.ask(method, path, headers={"Origin": origin}), 403, "origin")
        await problem(await site.ask("OPTIONS", "/whip", headers={"Origin": "https://evil.example"}), 403, "origin")

    calls = FakeCalls()
    run(visit, calls)
    assert not calls.wanted


def test_our_own_page_may_call_by_our_name() -> None:
    async def visit(site: Site) -> None:
        assert (await site.post(Host="hotline.example.com", Origin="https://hotline.example.com")).status == 201

    run(visit, host_names=("hotline.example.com",))


@pytest.mark.parametrize(
    "query", ["number=a", "number=%31%30%20", "from=" + "1" * 33, "from=+86139", "number=１００８６"]
)
def test_numbers_have_digits_and_not_too_many(query: str) -> None:
    async def visit(site: Site) -> None:
        await problem(await site.post(f"/whip?{query}"), 400, "bad_number")

    run(visit, claimed_numbers=True)


@pytest.mark.parametrize("key", ["a" * 65, "a/b", "键", "a%0A"])
def test_a_key_to_go_on_with_is_a_key(key: str) -> None:
    async def visit(site: Site) -> None:
        await problem(await site.post(f"/whip?resume={key}"), 400, "bad_request")

    run(visit)


def test_a_number_may_not_be_claimed_unless_allowed() -> None:
    async def visit(site: Site) -> None:
        await problem(await site.post("/whip?from=13900001002"), 403, "number_not_allowed")
        assert (await site.post("/whip?from=")).status == 201

    run(visit)


def test_an_error_of_ours_tells_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    async def visit(site: Site) -> None:
        response = await site.post("/whip?resume=a-secret-key")
        await problem(response, 500, "error")
        assert "secret" not in response.text

    run(visit, FakeCalls(then=KeyError("a-secret-key")))
    assert "KeyError while answering a POST" in caplog.text
    assert "webrtc_calls.py" in caplog.text
    assert "secret" not in caplog.text


def test_the_log_names_no_secret_and_each_stranger_once_in_ten_seconds(caplog: pytest.LogCaptureFixture) -> None:
    async def visit(site: Site) -> None:
        path, etag = (await site.post("/whip?from=13900001002", **RIGHT)).headers["Location"], '"wrong"'
        for _ in range(3):
            assert (await site.patch(path, etag)).status == 401
            assert (await site.post("/whip?from=13900001002x", **RIGHT)).status == 400
            await problem(await site.post(Authorization="Bearer secret-guess"), 401, "token")
        site.clock.now_ms += 10_000
        assert (await site.ask("DELETE", path)).status == 401

    with caplog.at_level(logging.INFO):
        run(visit, access_token=TOKEN, claimed_numbers=True)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == ["a request from 127.0.0.1 is refused: token (401)"] * 2


# ------------------------------------------------------------------------------------------------------------- the page


def test_the_page_and_its_files_are_served_and_kept_by_browsers() -> None:
    async def visit(site: Site) -> None:
        page = read_page()
        paths = {"/": "index.html", **{f"/page/{name}": name for name in page}}
        for path, name in paths.items():
            response = await site.ask("GET", path)
            assert (response.status, response.body) == (200, page[name].body)
            assert response.headers["Content-Type"] == page[name].content_type
            assert response.headers["Cache-Control"] == "no-cache"
            check_headers(response)
            again = {"If-None-Match": f'"other", W/{response.headers["ETag"]}'}
            response = await site.ask("GET", path, headers=again)
            assert (response.status, response.body) == (304, b"")
            assert response.headers["ETag"] == f'"{page[name].etag}"'
            check_headers(response)
        assert (await site.ask("GET", "/", headers={"If-None-Match": '"older"'})).status == 200
        assert (await site.ask("HEAD", "/")).status == 200
        headers = await problem(await site.post("/"), 405, "method")
        assert headers["allow"] == "GET, HEAD"

    run(visit)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/page/none.js",
            "/page/",
            "/page/main.js/",
            "/page/../site.py",
            "/page/..%2Fsite.py",
            "/page/%2e%2e/site.py",
        ),
        *("/page//etc/passwd", "/page/%00", "/site.py", "/whip/", "/whip/a/b", "//evil.example/"),
    ],
)
def test_nothing_else_is_served(path: str) -> None:
    async def visit(site: Site) -> None:
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        status, answer = await site.raw(head.encode())
        assert (status, b'"not_found"' in answer) == (404, True)

    run(visit)


def test_a_page_that_is_missing_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "main.js").touch()
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(TransportError, match=r"index\.html: the page is missing"):
            read_page(folder)


def test_only_files_of_known_types_belong_to_the_page(tmp_path: Path) -> None:
    for name in ("index.html", "main.js", "notes.txt", ".hidden", "old.js~"):
        (tmp_path / name).write_text(name)
    (tmp_path / "folder.js").mkdir()
    assert {name: file.content_type for name, file in read_page(tmp_path).items()} == {
        "index.html": "text/html; charset=utf-8",
        "main.js": "text/javascript; charset=utf-8",
    }


def test_an_ice_server_that_no_header_can_carry_is_told_at_the_start() -> None:
    config = WebrtcConfig(ice_servers=({**TURN, "password": "p\r\nX: y"},))
    with pytest.raises(TransportError, match="ice_servers"):
        web_app(config, FakeCalls(), title=TITLE, now_ms=lambda: 0.0)


def test_the_page_is_told_what_it_has_to_know() -> None:
    async def visit(site: Site) -> None:
        response = await site.ask("GET", "/config.json")
        assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
        assert response.headers["Cache-Control"] == "no-store"
        check_headers(response)
        assert json.loads(response.text) == {
            "ice_servers": [
                {"urls": "stun:stun.example.com"},
                {"urls": TURN["url"], "username": TURN["username"], "credential": TURN["password"]},
            ],
            "token_needed": False,
            "claimed_numbers": True,
            "title": TITLE,
        }

    run(visit, claimed_numbers=True, ice_servers=[{"url": "stun:stun.example.com"}, TURN])


def test_only_who_has_the_token_is_told_of_the_ice_servers() -> None:
    async def visit(site: Site) -> None:
        for headers, count in (({}, 0), ({"Authorization": "Bearer wrong"}, 0), (RIGHT, 1)):
            response = await site.ask("GET", "/config.json", headers=headers)
            told = json.loads(response.text)
            assert (response.status, told["token_needed"], len(told["ice_servers"])) == (200, True, count)

    run(visit, access_token=TOKEN, ice_servers=[TURN])


def test_a_health_probe_is_told_whether_calls_are_welcome() -> None:
    async def visit(site: Site) -> None:
        response = await site.ask("GET", "/healthz")
        assert (response.status, response.text) == (200, "ok")
        site.calls.accepting = False
        response = await site.ask("GET", "/healthz")
        assert response.status == 503
        check_headers(response)

    run(visit)


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A certificate of this test's own."""
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost"
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command.split(), *files], check=True, capture_output=True, timeout=30)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def test_strict_transport_security_is_asked_for_over_https_only(tls: ssl.SSLContext) -> None:
    async def whole() -> None:
        async with site(tls=tls) as visited:
            visited.url = visited.url.replace("http:", "https:")
            response = await visited.ask("GET", "/healthz", ssl=False)
            assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
        async with site() as visited:
            assert "Strict-Transport-Security" not in (await visited.ask("GET", "/healthz")).headers

    asyncio.run(whole())
