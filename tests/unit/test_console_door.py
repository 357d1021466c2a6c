"""The door of the console: who is let in to what, tokens of forms, headers, and mistakes in words."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from starlette.responses import HTMLResponse

from gateway.console.app import create_app
from gateway.console.config import ConsoleConfig
from gateway.console.csrf import csrf_token, is_csrf_token
from gateway.console.door import ConsoleDoor, Surroundings, needs
from gateway.console.entrance import local
from gateway.console.logins import Logins
from gateway.console.presence import Presence
from gateway.console.rights import Right, Visitor
from gateway.errors import StoreError
from gateway.settings import Settings
from gateway.store import Store
from gateway.store import accounts as kept
from tests.support.console import PASSWORD, csrf_of, store_with

pytestmark = pytest.mark.unit

BASE = "http://127.0.0.1:8090"
PAGE = {"Accept": "text/html"}


class Site:
    """The console without its pages, on no socket; with two routes of its own."""

    def __init__(self, store: Store, **settings: Any) -> None:
        self.store = store
        self.now = dt.datetime(2026, 11, 29, 9, 0, tzinfo=dt.UTC)
        config = ConsoleConfig(**settings)
        logins = Logins(store, config, lambda: self.now)
        self.app = create_app(Settings(console=config), store, logins=logins, with_pages=False)
        self.app.add_api_route("/calls-of-mine", _read, methods=["GET"])
        self.app.add_api_route("/change", _change, methods=["POST"])
        self.app.add_api_route("/nicegui", _page, methods=["GET"])
        self.app.add_api_route("/broken", _broken, methods=["GET"])
        self.app.add_api_route("/locked", _locked, methods=["GET"])

    @property
    def surroundings(self) -> Surroundings:
        found: Surroundings = self.app.state.surroundings
        return found

    def run(self, scenario: Callable[[httpx.AsyncClient], Awaitable[None]], *, address: str = "192.0.2.1") -> None:
        async def whole() -> None:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 40_000))
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                await scenario(client)

        asyncio.run(whole())


async def _read(visitor: Visitor = Depends(needs(Right.CALLS))) -> str:  # noqa: B008  # FastAPI's way
    return visitor.account


async def _change(visitor: Visitor = Depends(needs(Right.REVIEW))) -> str:  # noqa: B008
    return visitor.account


async def _page() -> HTMLResponse:
    return HTMLResponse("<script>1</script><script type=module>2</script>", headers={"X-NiceGUI-Content": "page"})


async def _broken() -> None:
    raise RuntimeError("secret detail of 13800138000")


async def _locked() -> None:
    raise StoreError("another program holds the database", where="/srv/store/voice-gateway.db")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with store_with(tmp_path, ["agent", "qa"]) as opened:
        yield opened


async def log_in(client: httpx.AsyncClient, name: str = "qa", **fields: str) -> httpx.Response:
    form = csrf_of((await client.get("/login", headers=PAGE)).text)
    return await client.post(
        "/login", data={"name": name, "password": PASSWORD, "csrf": form, **fields}, headers={"Origin": BASE, **PAGE}
    )


def token_of(site: Site, client: httpx.AsyncClient) -> str:
    return csrf_token(client.cookies[site.surroundings.cookie])


# ----------------------------------------------------------------------------------------------------------- strangers


def test_a_stranger_is_led_to_the_login_from_everywhere(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for path in ("/", "/calls/1", "/audit", "/nothing", "/static", "/_nicegui/client/1/upload", "/login/x"):
            answer = await client.get(f"{path}?a=1", headers=PAGE)
            assert answer.status_code == 303, path
            assert answer.headers["location"].startswith("/login?next=")
            assert (await client.get(path)).status_code == 401
            assert (await client.post(path, headers=PAGE)).status_code == 401

    Site(store).run(scenario)


def test_what_is_the_same_for_everybody_needs_no_login(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/login", headers=PAGE)).status_code == 200
        assert (await client.get("/static/plain.css")).status_code == 200
        assert (await client.get("/static/..%2f..%2fconfig.py")).status_code in {401, 404}

    Site(store).run(scenario)


# -------------------------------------------------------------------------------------------------------------- logins


def test_who_logs_in_goes_where_they_wanted_and_the_cookie_is_for_the_server_alone(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await log_in(client, next="/calls/7?flag=profanity")
        assert (answer.status_code, answer.headers["location"]) == (303, "/calls/7?flag=profanity")
        cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("vg_login="))
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert (await client.get("/calls-of-mine")).json() == "qa"

    Site(store).run(scenario)


def test_behind_https_cookies_are_secure_and_bound_to_the_host(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        answer = await client.get("/login", headers=PAGE)
        assert answer.headers["strict-transport-security"]
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-vg_form=")
        assert "Secure" in cookie

    Site(store, public_url="https://console.example.com").run(scenario)


def test_every_refused_login_gets_the_same_answer(store: Store) -> None:
    kept.change_account(store, "agent", disabled=True)
    answers: set[tuple[int, str]] = set()

    async def scenario(client: httpx.AsyncClient) -> None:
        for name in ("qa", "agent", "nobody"):
            answer = await log_in(client, name, password="wrong password")  # noqa: S106
            text = answer.text.replace(f'value="{name}"', "").replace(csrf_of(answer.text), "")
            answers.add((answer.status_code, text))

    Site(store).run(scenario)
    assert len(answers) == 1
    assert "账号或口令不对" in answers.pop()[1]


def test_an_address_that_tries_too_often_waits_even_with_the_right_password(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        for _ in range(2):
            assert (await log_in(client, "nobody")).status_code == 403
        answer = await log_in(client)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")

    Site(store, attempts_per_minute=2).run(scenario)


def test_a_login_form_of_another_page_is_refused(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        fields = {"name": "qa", "password": PASSWORD}
        for token in ("", "ab.cd", csrf_token("another secret")):
            assert (await client.post("/login", data={**fields, "csrf": token})).status_code == 403
        assert (await client.post("/login", content=b"x" * 10_000)).status_code == 413

    Site(store).run(scenario)


def test_a_new_login_ends_the_one_that_the_browser_had(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await log_in(client)
        old = client.cookies["vg_login"]
        again = csrf_of((await client.get("/login", headers={**PAGE, "Cookie": "vg_form=s"})).text)
        client.cookies.set("vg_form", "s", domain="127.0.0.1")
        await client.post("/login", data={"name": "agent", "password": PASSWORD, "csrf": again})
        client.cookies.clear()
        answer = await client.get("/calls-of-mine", headers={"Cookie": f"vg_login={old}"})
        assert answer.status_code == 401

    Site(store).run(scenario)


def test_logging_out_needs_a_token_of_the_page_and_ends_the_login(store: Store) -> None:
    site = Site(store)

    async def scenario(client: httpx.AsyncClient) -> None:
        await log_in(client)
        old = client.cookies["vg_login"]
        assert (await client.post("/logout", data={"csrf": csrf_token("other")})).status_code == 403
        assert (await client.get("/calls-of-mine")).status_code == 200
        answer = await client.post("/logout", data={"csrf": token_of(site, client)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/login")
        assert (await client.get("/calls-of-mine", headers={"Cookie": f"vg_login={old}"})).status_code == 401

    site.run(scenario)
    assert [told.action for _, told in kept.list_audit(store)] == ["logout", "login"]


def test_a_page_whose_login_has_ended_goes_on_after_the_password_of_its_own_account(store: Store) -> None:
    site = Site(store)

    async def scenario(client: httpx.AsyncClient) -> None:
        opened = site.surroundings.logins.attempt("qa", PASSWORD, "")
        assert opened is not None
        presence = Presence(opened.visitor, lambda: None)
        site.surroundings.presences["page"] = presence
        presence.lapse()

        async def again(**fields: str) -> httpx.Response:
            form = (await client.get("/login/again")).json()["csrf"]
            return await client.post("/login/again", data={"client": "page", "csrf": form, **fields})

        assert (await again(password="wrong password")).status_code == 403  # noqa: S106
        assert (await again(password=PASSWORD, client="another")).status_code == 404
        assert (await again(password=PASSWORD, csrf="")).status_code == 403
        assert not presence.reopened.is_set()
        assert (await again(password=PASSWORD)).json() == {"reload": False}
        assert presence.reopened.is_set()
        assert (await client.get("/calls-of-mine")).json() == "qa"

    site.run(scenario)


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "/\\evil.example", "https://evil.example", "", "calls", "/a\nb", "/login?next=/", "/logout"],
)
def test_after_a_login_nobody_is_led_to_another_site(path: str) -> None:
    assert local(path) == "/"


# ---------------------------------------------------------------------------------------------------- rights and tokens


def test_a_route_wants_the_right_and_for_changes_a_token_of_our_pages(store: Store) -> None:
    site = Site(store)

    async def scenario(client: httpx.AsyncClient) -> None:
        await log_in(client)
        assert (await client.post("/change")).status_code == 403
        assert (await client.post("/change", headers={"X-CSRF-Token": csrf_token("other")})).status_code == 403
        right = {"X-CSRF-Token": token_of(site, client)}
        assert (await client.post("/change", headers=right)).json() == "qa"
        foreign = {**right, "Sec-Fetch-Site": "cross-site"}
        assert (await client.post("/change", headers=foreign)).status_code == 403
        assert (await client.post("/change", headers={**right, "Origin": "https://evil.example"})).status_code == 403
        await client.post("/logout", data={"csrf": token_of(site, client)})
        await log_in(client, "agent")
        answer = await client.post("/change", headers={"X-CSRF-Token": token_of(site, client)})
        assert (answer.status_code, answer.json()["title"]) == (403, "没有权限")

    site.run(scenario)


def test_a_token_fits_the_secret_it_was_made_for_and_is_another_each_time() -> None:
    first, second = csrf_token("secret"), csrf_token("secret")
    assert first != second
    assert is_csrf_token("secret", first)
    assert not is_csrf_token("other", first)
    assert not is_csrf_token("", csrf_token(""))
    assert not is_csrf_token("secret", "\ud800.x")


# ------------------------------------------------------------------------------------------------------------- headers


def test_scripts_of_a_page_bear_its_nonce_and_plain_pages_have_none(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await log_in(client)
        policies = set()
        for _ in range(2):
            answer = await client.get("/nicegui")
            policy = answer.headers["content-security-policy"]
            nonce = policy.partition("'nonce-")[2].partition("'")[0]
            assert answer.text == f'<script nonce="{nonce}">1</script><script nonce="{nonce}" type=module>2</script>'
            assert "frame-ancestors 'none'" in policy
            assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
            policies.add(policy)
        assert len(policies) == 2
        plain = await client.get("/nothing", headers=PAGE)
        assert "script-src 'none'" in plain.headers["content-security-policy"]
        for name in ("x-content-type-options", "x-frame-options", "referrer-policy", "cross-origin-opener-policy"):
            assert plain.headers[name]

    Site(store).run(scenario)


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403), ({"Host": "localhost:8090"}, 200)],
)
def test_requests_by_a_name_that_is_not_ours_or_from_another_site_are_refused(
    store: Store, headers: Mapping[str, str], status: int
) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        assert (await client.get("/login", headers={**PAGE, **headers})).status_code == status

    Site(store).run(scenario)


def test_behind_a_proxy_its_own_name_is_ours(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        named = {**PAGE, "Host": "console.example.com", "Origin": "https://console.example.com"}
        assert (await client.get("/login", headers=named)).status_code == 200
        assert (await client.get("/login", headers={**named, "Host": "other.example.com"})).status_code == 421

    Site(store, public_url="https://console.example.com").run(scenario)


def test_addresses_in_the_audit_are_believed_of_trusted_proxies_only(store: Store) -> None:
    site = Site(store, trusted_proxies=("192.0.2.1",))

    async def scenario(client: httpx.AsyncClient) -> None:
        client.headers["X-Forwarded-For"] = "198.51.100.7"
        await log_in(client, "nobody")

    site.run(scenario, address="192.0.2.1")
    site.run(scenario, address="192.0.2.99")
    assert [told.address for _, told in kept.list_audit(store)] == ["192.0.2.99", "198.51.100.7"]


# ------------------------------------------------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [("/nothing", 404, "没有这一页"), ("/broken", 500, "服务器内部出错"), ("/locked", 503, "正被另一个程序占用")],
)
def test_mistakes_are_told_in_words_without_what_went_wrong_inside(
    store: Store, path: str, status: int, words: str
) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await log_in(client)
        for headers in (PAGE, {"Accept": "application/json"}):
            answer = await client.get(path, headers=headers)
            assert answer.status_code == status
            assert words in answer.text
            assert not {word for word in ("secret", "Traceback", "/srv", "database") if word in answer.text}

    Site(store).run(scenario)


def test_a_store_that_is_gone_is_told_in_words(store: Store) -> None:
    async def scenario(client: httpx.AsyncClient) -> None:
        await log_in(client)
        for file in store.directory.glob("voice-gateway.db*"):
            file.unlink()
        answer = await client.get("/", headers=PAGE)
        assert answer.status_code == 503
        assert "找不到存储文件" in answer.text

    Site(store).run(scenario)


# ---------------------------------------------------------------------------------------------------------- websockets


def connect(
    site: Site, cookie: str, *, client: str = "", origin: str | None = BASE, path: str = "/_nicegui_ws/x"
) -> str:
    """What becomes of a websocket: the type of what is sent first, `let in` when the application gets it."""
    sent: list[str] = []

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        sent.append("let in")

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    headers = [(b"host", b"127.0.0.1:8090"), (b"cookie", f"vg_login={cookie}".encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    scope = {
        "type": "websocket",
        "scheme": "ws",
        "path": path,
        "query_string": f"client_id={client}".encode(),
        "headers": headers,
        "client": ("192.0.2.1", 40_000),
        "server": ("127.0.0.1", 8090),
    }
    asyncio.run(ConsoleDoor(inner, site.surroundings)(scope, receive, send))
    return sent[0]


def test_a_websocket_needs_a_login_our_own_origin_and_ones_own_page(store: Store) -> None:
    site = Site(store)
    mine, other = (site.surroundings.logins.attempt(name, PASSWORD, "") for name in ("qa", "agent"))
    assert mine is not None
    assert other is not None
    site.surroundings.presences["mine"] = Presence(mine.visitor, lambda: None)
    assert connect(site, mine.token, client="mine") == "let in"
    assert connect(site, mine.token, client="unknown") == "let in"  # NiceGUI has the browser load the page anew
    refused = "websocket.close"
    assert connect(site, other.token, client="mine") == refused
    assert connect(site, "", client="mine") == refused
    assert connect(site, "made up", client="mine") == refused
    assert connect(site, mine.token, client="mine", origin=None) == refused
    assert connect(site, mine.token, client="mine", origin="http://evil.example") == refused
    assert connect(site, mine.token, client="mine", path="/elsewhere") == refused
    site.surroundings.logins.close(mine.visitor)
    assert connect(site, mine.token, client="mine") == refused


# ------------------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize(
    "settings",
    [
        {"listen": "http://0.0.0.0:8090"},
        {"listen": "https://127.0.0.1:8090"},
        {"listen": "127.0.0.1:8090"},
        {"public_url": "ftp://console.example.com"},
        {"public_url": "https://console.example.com/below"},
        {"failures": 1},
        {"idle_minutes": 0},
        {"unknown": 1},
    ],
)
def test_settings_that_would_be_unsafe_or_mean_nothing_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"console|listen|https|public_url|greater|Extra|address"):
        ConsoleConfig(**settings)


def test_beyond_loopback_https_is_its_own_a_proxys_or_given_up_on_purpose() -> None:
    certificate = {"tls_certificate": Path("a.pem"), "tls_key": Path("b.pem")}
    assert ConsoleConfig(listen="https://0.0.0.0:8443", **certificate).is_secure
    behind = ConsoleConfig(listen="http://0.0.0.0:8090", public_url="https://console.example.com/")
    assert (behind.is_secure, behind.names) == (True, ("console.example.com",))
    assert not ConsoleConfig(listen="http://0.0.0.0:8090", plain_http=True).is_secure


def test_an_application_can_be_made_again_without_its_pages(store: Store) -> None:
    assert all(isinstance(Site(store).app, FastAPI) for _ in range(2))
