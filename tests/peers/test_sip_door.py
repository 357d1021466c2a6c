"""Who is let in by telephone, who isn't and what they are told; and how we make ourselves known to a registrar."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.sip_process import SipServer
from tests.support.sipp import Sipp, caller, free_port

pytestmark = pytest.mark.peers

PASSWORD = "geheim"  # noqa: S105 - of this test


@pytest.fixture(scope="module")
def open_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SipServer]:
    """A server that lets in everybody on this machine."""
    with SipServer(tmp_path_factory.mktemp("open_door")) as server:
        yield server


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SipServer]:
    """A server that knows 127.0.0.1, one trunk by its address, and one by address and password."""
    trunks = [
        {"name": "carrier", "addresses": ["127.0.0.2"]},
        {"name": "branch", "addresses": ["127.0.0.3"], "username": "branch", "password": PASSWORD},
    ]
    with SipServer(tmp_path_factory.mktemp("guarded"), allow=["127.0.0.1/32"], trunks=trunks) as server:
        yield server


def refused(server: SipServer, folder: Path, status: int, scenario: str = "refused", **options: Any) -> Sipp:
    """Make a call that is refused with `status`, and leaves nothing."""
    who = caller()
    fill = {"status": str(status), **options.pop("fill", {})}
    sipp = Sipp(scenario, server.address, folder, caller=who, fill=fill, **options).finish()
    server.settled()
    assert not server.of(who, "began")
    assert len(server.of(who, "admitted")) == len(server.of(who, "released"))
    return sipp


def let_in(server: SipServer, folder: Path, scenario: str = "call", **options: Any) -> str:
    """Make a call that is let in; the trunk that it is said to come from."""
    who = caller()
    Sipp(scenario, server.address, folder, caller=who, **options).finish()
    assert server.ended(who)["reason"] == "caller_hung_up"
    (began,) = server.of(who, "began")
    return str(began["trunk"])


# ----------------------------------------------------------------------------------------------------------------- no


@pytest.mark.parametrize(("called", "status"), [("unknown", 404), ("busy", 486), ("full", 503), ("draining", 503)])
def test_a_call_that_is_not_taken_is_told_why(open_door: SipServer, tmp_path: Path, called: str, status: int) -> None:
    sipp = refused(open_door, tmp_path, status, service=called)
    (refusal,) = sipp.received(f"SIP/2.0 {status}")
    assert bool(refusal.header("Retry-After")) == (status == 503)


@pytest.mark.parametrize(
    "media",
    [
        "video [media_port] RTP/AVP 31",
        "audio [media_port] RTP/AVP 18",
        "audio [media_port] RTP/SAVP 8",
        "audio 0 RTP/AVP 8",
    ],
    ids=["only video", "only G.729", "SRTP without keys", "no port"],
)
def test_sound_that_we_cannot_speak_is_not_acceptable(open_door: SipServer, tmp_path: Path, media: str) -> None:
    refused(open_door, tmp_path, 488, "refused_offer", fill={"media": media})


def test_a_session_too_short_is_told_the_least(open_door: SipServer, tmp_path: Path) -> None:
    refused(open_door, tmp_path, 422, "refused_interval")


def test_an_extension_that_we_lack_is_named(open_door: SipServer, tmp_path: Path) -> None:
    refused(open_door, tmp_path, 420, "refused_extension")


def test_a_server_that_drains_refuses_new_calls_and_probes_and_lets_the_old_ones_finish(tmp_path: Path) -> None:
    with SipServer(tmp_path) as server:
        Sipp("options", server.address, tmp_path, fill={"status": "200"}).finish()
        who = caller()
        running = Sipp("hung_up", server.address, tmp_path, caller=who, service="hangup-after-1500")
        server.wait(lambda event: event["event"] == "began")
        server.counters("drain")
        options = Sipp("options", server.address, tmp_path, fill={"status": "503"}).finish()
        assert options.received("SIP/2.0 503")[0].header("Retry-After")
        new = Sipp("refused", server.address, tmp_path, caller=caller(), fill={"status": "503"}).finish()
        assert new.received("SIP/2.0 503")[0].header("Retry-After")
        running.finish()
        assert server.ended(who)["reason"] == "done"


def test_a_server_that_is_full_takes_calls_again_when_one_has_ended(tmp_path: Path) -> None:
    with SipServer(tmp_path, max_calls=1) as server:
        first = Sipp("hung_up", server.address, tmp_path, caller=caller(), service="hangup-after-1000")
        server.wait(lambda event: event["event"] == "began")
        Sipp("options", server.address, tmp_path, fill={"status": "503"}).finish()
        refused_one = Sipp("refused", server.address, tmp_path, caller=caller(), fill={"status": "503"}).finish()
        assert refused_one.received("SIP/2.0 503")[0].header("Retry-After")
        first.finish()
        server.settled()
        Sipp("options", server.address, tmp_path, fill={"status": "200"}).finish()
        let_in(server, tmp_path)


# ------------------------------------------------------------------------------------------------------------ who it is


def test_an_address_that_nobody_allowed_is_refused(guarded: SipServer, tmp_path: Path) -> None:
    assert let_in(guarded, tmp_path) == ""
    refused(guarded, tmp_path, 403, host="127.0.0.4")
    Sipp("options", guarded.address, tmp_path, host="127.0.0.4", fill={"status": "403"}).finish()


def test_a_trunk_is_known_by_its_address(guarded: SipServer, tmp_path: Path) -> None:
    assert let_in(guarded, tmp_path, host="127.0.0.2") == "carrier"


def test_a_trunk_with_a_password_must_prove_it(guarded: SipServer, tmp_path: Path) -> None:
    proof = ("-au", "branch", "-ap", PASSWORD)
    assert let_in(guarded, tmp_path, "digest", host="127.0.0.3", options=proof) == "branch"


@pytest.mark.parametrize("proof", [("branch", "falsch"), ("nobody", PASSWORD)])
def test_a_wrong_password_is_challenged_again(guarded: SipServer, tmp_path: Path, proof: tuple[str, str]) -> None:
    options = ("-au", proof[0], "-ap", proof[1])
    sipp = refused(guarded, tmp_path, 401, "digest_wrong", host="127.0.0.3", options=options)
    nonces = {message.header("WWW-Authenticate") for message in sipp.received("SIP/2.0 401")}
    assert len(nonces) == 2


# ------------------------------------------------------------------------------------------------------------ how often


def test_who_calls_too_often_is_told_to_come_later(tmp_path: Path) -> None:
    with SipServer(tmp_path, calls_per_second=0.5) as server:
        let_in(server, tmp_path)
        sipp = refused(server, tmp_path, 503)
        assert sipp.received("SIP/2.0 503")[0].header("Retry-After")
        let_in(server, tmp_path, host="127.0.0.2")


def test_a_flood_of_messages_is_not_read_and_does_no_harm_to_others(tmp_path: Path) -> None:
    with SipServer(tmp_path, requests_per_second=20) as server:
        flood = Sipp(
            "options",
            server.address,
            tmp_path,
            calls=200,
            rate=1000,
            fill={"status": "200"},
            options=("-nr", "-recv_timeout", "1000"),
        )
        let_in(server, tmp_path, host="127.0.0.2")
        assert flood.end() == 1, flood.told()
        assert 20 <= len(flood.received("SIP/2.0 200")) <= 60
        time.sleep(1.1)
        let_in(server, tmp_path)


# -------------------------------------------------------------------------------------------------------- registration


def test_we_register_prove_it_refresh_and_leave(tmp_path: Path) -> None:
    port = free_port()
    registrar = Sipp("registrar", None, tmp_path, port=port, timeout_s=20)
    registration = {
        "address": "sip:10086@127.0.0.1",
        "registrar": f"127.0.0.1:{port}",
        "username": "10086",
        "password": PASSWORD,
    }
    began_s = time.monotonic()
    try:
        with SipServer(tmp_path, registrations=[registration]):
            while len(registrar.received("REGISTER")) < 3:
                assert time.monotonic() < began_s + 10, registrar.told()
                time.sleep(0.1)
        registrar.finish()
    finally:
        registrar.kill()
    asked = registrar.received("REGISTER")
    assert [int(message.header("CSeq").split()[0]) for message in asked] == [1, 2, 3, 4]
    assert asked[-1].header("Expires") == "0"
    assert {message.header("Contact") for message in asked} == {asked[0].header("Contact")}
