"""Whatever a request says of itself, the door of the web site has an answer."""

from __future__ import annotations

from contextlib import suppress
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.transport.webrtc.config import WebrtcConfig
from gateway.transport.webrtc.door import Door, ProblemError, Visit

pytestmark = pytest.mark.property

TOKEN = "0123456789abcdef"  # noqa: S105 - of this test
DOOR = Door(WebrtcConfig(host_names=("a.example",), trusted_proxies=("::/0", "0.0.0.0/0"), access_token=TOKEN))
pieces = st.sampled_from(
    ["http://", "https://", "a.example", "[::1]", "127.0.0.1", ":", "80", "%", ",", "Bearer ", TOKEN]
)
header = st.lists(pieces | st.text(max_size=8) | st.ip_addresses().map(str), max_size=6).map("".join)


@given(header, header, header)
def test_every_request_is_let_in_or_refused(host: str, origin: str, authorization: str) -> None:
    visit = Visit("192.0.2.1", (host,), origin, authorization)
    with suppress(ProblemError):
        DOOR.check_site(visit)
    with suppress(ProblemError):
        DOOR.check_token(visit, 0)


@given(header, st.lists(header, max_size=3))
def test_whose_request_it_is_is_an_address_or_unknown(peer: str, forwarded: list[str]) -> None:
    client = DOOR.client(peer, forwarded)
    assert client == "" or client == str(ip_address(client))
    assert bool(Visit(client, ()).source) == bool(client)


@given(st.from_regex(r"[a-z]{1,9}(\.[a-z]{1,9}){0,2}", fullmatch=True), st.integers(0, 65535))
def test_no_name_is_ours_but_those_in_the_settings(name: str, port: int) -> None:
    ours = name in ("a.example", "localhost")
    try:
        DOOR.check_site(Visit("192.0.2.1", (f"{name}:{port}",)))
    except ProblemError as problem:
        assert (problem.status, ours) == (421, False)  # noqa: PT017 -- either way is right for some name
    else:
        assert ours
