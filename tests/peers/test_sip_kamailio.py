"""Kamailio as dispatcher in front of two gateways, with the configuration of deploy/kamailio: nothing is lost."""

from __future__ import annotations

import re
import signal
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from gateway.store import CallRecord, Store, list_calls
from gateway.store.record import KILLED
from gateway.transport.leg import CALLER_HUNG_UP
from tests.support.baresip import HOST, free_ports
from tests.support.calls import ROOT
from tests.support.gateway_process import GatewayProcess
from tests.support.kamailio import Kamailio
from tests.support.sipp import Sipp

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]

DEPLOYED = ROOT / "deploy" / "kamailio"
NOTICED_S = 10.0
"""Kamailio asks each gateway every 2 s, and waits 2 s for an answer."""


REGISTRAR = """\
#!KAMAILIO
listen=udp:127.0.0.1:5060
disable_tcp=yes
auto_aliases=no
children=2
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "siputils.so"
loadmodule "textops.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "ctl.so"
modparam("ctl", "binrpc", "unix:/run/kamailio/kamailio_ctl")
request_route {
    if (has_totag()) {
        loose_route();
        t_relay();
        exit;
    }
    if (is_method("REGISTER")) {
        if (!pv_auth_check("pbx.example.com", "secret", "0", "1")) {
            auth_challenge("pbx.example.com", "1");
            exit;
        }
        save("location");
        exit;
    }
    record_route();
    if (!lookup("location")) {
        sl_send_reply("404", "Not Found");
        exit;
    }
    t_relay();
}
"""
"""A registrar that wants a password, and sends calls where a number has registered."""


def deployed(name: str, put_in: Mapping[str, str]) -> str:
    """A file that the manual shows, with the test's addresses."""
    text = (DEPLOYED / name).read_text(encoding="utf-8")
    for old, new in put_in.items():
        assert text.count(old) == 1, f"'{old}' stands {text.count(old)} times in {name}"
        text = text.replace(old, new)
    return text


class Cluster:
    """Two gateways, each with a port that it comes back on, and Kamailio before them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self._ports = [free_ports(1), free_ports(1)]
        with ThreadPoolExecutor(2) as pool:
            self.gateways = list(pool.map(self._begin, range(2)))
        gateways = zip(("192.0.2.11:5060", "192.0.2.12:5060"), self._ports, strict=True)
        listed = deployed("dispatcher.list", {old: f"{HOST}:{port}" for old, port in gateways})
        trunks = deployed("address.list", {"198.51.100.10 32": f"{HOST} 32"})
        put_in = {
            "listen=udp:192.0.2.1:5060\ndisable_tcp": "listen=udp:127.0.0.1:{port}\ndisable_tcp",
            '"/etc/kamailio/dispatcher.list"': '"{folder}/dispatcher.list"',
            '"/etc/kamailio/address.list"': '"{folder}/address.list"',
            '"unix:/run/kamailio/kamailio_ctl"': '"unix:{folder}/control"',
        }
        files = {"dispatcher.list": listed, "address.list": trunks}
        config = deployed("kamailio.cfg", {})
        self.proxy = stack.enter_context(Kamailio(folder / "kamailio", config, put_in, files))

    def _begin(self, number: int) -> GatewayProcess:
        trunk = {"name": "kamailio", "addresses": [HOST]}
        sip = {"listen": [f"sip+udp://{HOST}:{self._ports[number]}"], "allow": [], "trunks": [trunk]}
        return self._stack.enter_context(GatewayProcess(self._folder / f"gateway-{number}", sip=sip))

    def begin_again(self, number: int) -> None:
        """A gateway that has ended comes back, with the same address and data."""
        self.gateways[number] = self._begin(number)

    def wait_known(self, well: set[int]) -> None:
        """Until Kamailio knows which of the gateways are well."""
        deadline = time.monotonic() + NOTICED_S
        while True:
            told = self.proxy.ask("dispatcher.list")
            flags = dict(re.findall(r"URI: sip:127\.0\.0\.1:(\d+)\s+FLAGS: (\w+)", told))
            if {number for number in range(2) if flags.get(str(self._ports[number])) == "AP"} == well:
                return
            assert time.monotonic() < deadline, f"{told}\n{self.proxy.log[-4000:]}"
            time.sleep(0.1)

    def call(self, number: str, calls: int = 1, *, for_s: float) -> Sipp:
        """Place calls to a number through Kamailio, five a second."""
        options = ["-d", str(round(for_s * 1000))]
        return Sipp(
            "dispatched", self.proxy.address, self._folder, service=number, calls=calls, rate=5, options=options
        )

    def calls(self, number: str) -> Counter[int]:
        """Which gateway has how many calls to a number on its record."""
        return Counter(
            index
            for index, gateway in enumerate(self.gateways)
            for call in gateway.calls()
            if call.called_number == number
        )

    def wait_answered(self, number: str, calls: int) -> Counter[int]:
        """The same, once there are so many."""
        deadline = time.monotonic() + 5
        while (found := self.calls(number)).total() < calls:
            assert time.monotonic() < deadline, f"{calls} calls to {number} were placed, on record are {found}"
            time.sleep(0.05)
        return found


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with ExitStack() as stack:
        yield Cluster(tmp_path, stack)


def ended_well(calls: list[CallRecord]) -> bool:
    """Every one of them by its caller."""
    return all((call.reason, call.trunk) == (CALLER_HUNG_UP, "kamailio") for call in calls)


def test_calls_are_spread_and_none_is_lost_when_a_gateway_drains_and_another_is_killed(cluster: Cluster) -> None:
    cluster.wait_known({0, 1})

    # They take turns.
    cluster.call("spread", 6, for_s=0.5).finish()
    assert cluster.wait_answered("spread", 6) == {0: 3, 1: 3}

    # One is told to stop while both have a call. Nobody notices.
    running = cluster.call("running", 2, for_s=5.0)
    assert cluster.wait_answered("running", 2) == {0: 1, 1: 1}
    cluster.gateways[0].drain()
    cluster.call("while-draining", 4, for_s=0.3).finish()
    assert cluster.wait_answered("while-draining", 4) == {1: 4}
    cluster.wait_known({1})
    running.finish()
    cluster.gateways[0].wait_stopped()
    assert all(ended_well(gateway.calls()) for gateway in cluster.gateways)

    # It comes back, and gets calls again.
    cluster.begin_again(0)
    cluster.wait_known({0, 1})
    cluster.call("again", 4, for_s=0.3).finish()
    assert cluster.wait_answered("again", 4) == {0: 2, 1: 2}

    # The other one is killed in the middle of a call; only that call is lost.
    lost = cluster.call("in-the-end", 2, for_s=6.0)
    assert cluster.wait_answered("in-the-end", 2) == {0: 1, 1: 1}
    cluster.gateways[1].kill()
    cluster.call("after-the-kill", 4, for_s=0.3).finish()
    assert cluster.wait_answered("after-the-kill", 4) == {0: 4}
    cluster.wait_known({0})
    assert lost.end() != 0, "the call that the killed gateway had can't be ended by its caller"
    cluster.gateways[0].process.send_signal(signal.SIGTERM)
    cluster.gateways[0].wait_stopped()
    assert ended_well(cluster.gateways[0].calls())
    with Store.open(cluster.gateways[1].data) as store:
        kept = list_calls(store, 100)
    assert Counter(call.reason for call in kept) == {CALLER_HUNG_UP: 3 + 1 + 4 + 2, KILLED: 1}


def test_a_gateway_that_registers_gets_the_calls_for_its_number_until_it_stops(tmp_path: Path) -> None:
    put_in = {
        "listen=udp:127.0.0.1:5060": "listen=udp:127.0.0.1:{port}",
        '"unix:/run/kamailio/kamailio_ctl"': '"unix:{folder}/control"',
    }
    with Kamailio(tmp_path / "registrar", REGISTRAR, put_in, {}) as registrar:

        def call(scenario: str) -> None:
            Sipp(scenario, registrar.address, tmp_path, service="10086", options=["-d", "300"]).finish()

        registration = {"address": "sip:10086@pbx.example.com", "registrar": registrar.address}
        registration |= {"username": "10086", "password": "secret"}
        with GatewayProcess(tmp_path / "gateway", sip={"registrations": [registration]}) as gateway:
            deadline = time.monotonic() + NOTICED_S
            while "registered at" not in gateway.log:
                assert time.monotonic() < deadline, gateway.log
                time.sleep(0.1)
            assert "10086" in registrar.ask("ul.dump")
            call("dispatched")
            (record,) = gateway.calls()
            assert (record.called_number, record.caller_number) == ("10086", "70000")
        assert "10086" not in registrar.ask("ul.dump")
