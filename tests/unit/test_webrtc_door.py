"""The door of the web site: names, origins, tokens, rates, and whose request one behind proxies is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.door import BARRED_MS, WRONG_TOKENS_PER_MINUTE, Door, ProblemError, Visit

pytestmark = pytest.mark.unit

TOKEN = "0123456789abcdef"  # noqa: S105 - of this test


def door(**settings: Any) -> Door:
    return Door(WebrtcConfig(**settings))


def visit(host: str = "127.0.0.1:8080", *, client: str = "192.0.2.1", **rest: Any) -> Visit:
    return Visit(client, (host,), **rest)


def refusal(ask: Callable[[], object]) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        ask()
    return caught.value


def is_foreign(host: str, origin: str, **settings: Any) -> bool:
    try:
        door(**settings).check_site(visit(host, origin=origin))
    except ProblemError as problem:
        return (problem.status, problem.reason) == (403, "origin")
    return False


# --------------------------------------------------------------------------------------------------------- names, sites


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.0.0.1:8080",
        "192.0.2.7:443",
        "[::1]:8080",
        "[2001:db8::7]",
        "localhost",
        "LOCALHOST:8080",
        "hotline.example.com",
        "Hotline.Example.COM.:8443",
    ],
)
def test_addresses_localhost_and_our_names_are_right(host: str) -> None:
    door(host_names=("Hotline.example.com",)).check_site(visit(host))


@pytest.mark.parametrize(
    "host",
    [
        *[
            "evil.example.com",
            "localhost.evil.example",
            "xn--localhost",
            "127.0.0.1.evil.example",
            "127.1",
            "0x7f000001",
        ],
        *[":8080", "[::1", "user@localhost", "localhost:port", "localhost/", "主机", "[::1%eth0]"],
        *("", " "),
    ],
)
def test_other_names_are_misdirected(host: str) -> None:
    problem = refusal(lambda: door(host_names=("hotline.example.com",)).check_site(visit(host)))
    assert (problem.status, problem.reason) == (421, "host")


@pytest.mark.parametrize("hosts", [(), ("localhost", "localhost")])
def test_no_host_or_two_are_a_bad_request(hosts: tuple[str, ...]) -> None:
    problem = refusal(lambda: door().check_site(Visit("192.0.2.1", hosts)))
    assert (problem.status, problem.reason) == (400, "host")


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("localhost", "http://localhost"),
        ("localhost:443", "https://localhost"),
        ("localhost", "https://localhost:443"),
        ("LOCALHOST:8080", "http://localhost:8080"),
        ("[::1]:8080", "http://[0:0::1]:8080"),
    ],
)
def test_our_own_page_may_call(host: str, origin: str) -> None:
    assert not is_foreign(host, origin)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("127.0.0.1:8080", "null"),
        ("127.0.0.1:8080", ""),
        ("127.0.0.1:8080", "http://127.0.0.1"),
        ("127.0.0.1:8080", "http://127.0.0.1:8081"),
        ("127.0.0.1:8080", "http://localhost:8080"),
        ("localhost:80", "https://localhost"),
        ("localhost", "http://localhost.evil.example"),
        ("localhost", "http://evil@localhost"),
        ("localhost", "http://localhost, http://localhost"),
        ("localhost", "chrome-extension://localhost"),
    ],
)
def test_pages_of_other_sites_may_not(host: str, origin: str) -> None:
    assert is_foreign(host, origin)


# --------------------------------------------------------------------------------------------------------------- tokens


@pytest.mark.parametrize("sent", [f"Bearer {TOKEN}", f"bearer  {TOKEN} "])
def test_the_right_token_opens(sent: str) -> None:
    door(access_token=TOKEN).check_token(visit(authorization=sent), 0)


def test_where_no_token_is_set_none_is_looked_at() -> None:
    door().check_token(visit(authorization="Bearer whatever"), 0)


@pytest.mark.parametrize("sent", [None, "", "Basic dXNlcjpwYXNz", TOKEN, "Bearer" + TOKEN])
def test_without_a_token_one_is_asked_for(sent: str | None) -> None:
    problem = refusal(lambda: door(access_token=TOKEN).check_token(visit(authorization=sent), 0))
    assert (problem.status, problem.reason) == (401, "token")
    assert problem.headers["WWW-Authenticate"] == 'Bearer realm="voice-gateway"'


@pytest.mark.parametrize("sent", ["Bearer ", "Bearer 0123456789abcdeF", f"Bearer {TOKEN}{TOKEN}", "Bearer \udcff"])
def test_a_wrong_token_is_called_invalid(sent: str) -> None:
    problem = refusal(lambda: door(access_token=TOKEN).check_token(visit(authorization=sent), 0))
    assert (problem.status, problem.reason) == (401, "token")
    assert 'error="invalid_token"' in problem.headers["WWW-Authenticate"]


def test_who_guesses_tokens_is_barred_even_with_the_right_one() -> None:
    keeper = door(access_token=TOKEN)
    wrong, right = visit(authorization="Bearer wrong"), visit(authorization=f"Bearer {TOKEN}")
    statuses = [refusal(lambda: keeper.check_token(wrong, 0)).status for _ in range(WRONG_TOKENS_PER_MINUTE + 2)]
    assert statuses == [401] * (WRONG_TOKENS_PER_MINUTE + 1) + [429]
    problem = refusal(lambda: keeper.check_token(right, 1000))
    assert (problem.reason, problem.headers["Retry-After"]) == ("too_many", "59")
    assert not keeper.has_token(right, 1000)
    keeper.check_token(visit(client="192.0.2.2", authorization=f"Bearer {TOKEN}"), 1000)
    keeper.check_token(right, BARRED_MS)


def test_asking_without_a_token_is_no_guess() -> None:
    keeper = door(access_token=TOKEN)
    for _ in range(50):
        assert not keeper.has_token(visit(), 0)
    assert keeper.has_token(visit(authorization=f"Bearer {TOKEN}"), 0)


# ---------------------------------------------------------------------------------------------------------------- rates


@pytest.mark.parametrize(("per_minute", "at_once", "retry"), [(30, 7, "2"), (4, 3, "15"), (0.5, 3, "120")])
def test_an_address_may_place_so_many_calls(per_minute: float, at_once: int, retry: str) -> None:
    keeper = door(calls_per_minute=per_minute)
    for _ in range(at_once):
        keeper.check_rate(visit(), 0)
    problem = refusal(lambda: keeper.check_rate(visit(), 0))
    assert (problem.status, problem.reason, problem.headers["Retry-After"]) == (429, "too_many", retry)
    keeper.check_rate(visit(client="192.0.2.2"), 0)
    keeper.check_rate(visit(), int(retry) * 1000)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8:0:0:ffff::9", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
    ],
)
def test_who_has_one_ipv6_address_has_its_whole_64(one: str, other: str, *, same: bool) -> None:
    assert (visit(client=one).source == visit(client=other).source) is same


def test_the_log_hears_of_one_address_once_in_ten_seconds() -> None:
    keeper = door()
    assert [keeper.is_news(visit(), at_ms) for at_ms in (0, 1, 9999, 10_000, 15_000)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert keeper.is_news(visit(client="192.0.2.2"), 15_000)


# -------------------------------------------------------------------------------------------------------------- proxies


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),  # no proxy of ours
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.9"], "203.0.113.9"),  # what is left of it was claimed by the client
        ("10.0.0.1", ["1.1.1.1", "203.0.113.9,10.0.0.2"], "203.0.113.9"),
        ("10.0.0.1", ["10.0.0.3 , 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", ["203.0.113.9, nonsense"], "10.0.0.1"),
        ("10.0.0.1", ["203.0.113.9, nonsense, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [",,"], "10.0.0.1"),
        ("::ffff:10.0.0.1", ["2001:db8::9"], "2001:db8::9"),
        ("10.0.0.1", ["[2001:db8::9]"], "2001:db8::9"),
        ("10.0.0.1", ["fe80::1%\x1b[31m"], "fe80::1"),
        ("fe80::1%eth0", ["203.0.113.9"], "fe80::1"),
        (None, ["203.0.113.9"], ""),
    ],
)
def test_only_our_proxies_are_believed(peer: str | None, forwarded: list[str], client: str) -> None:
    assert door(trusted_proxies=("10.0.0.0/8",)).client(peer, forwarded) == client
