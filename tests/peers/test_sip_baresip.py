"""A person's softphone, baresip, at `voice-gateway serve` with the real hotline and the real recogniser.

The calls of this module don't know of each other, so they are all placed at once; each test looks at one of them.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import soxr

from asr.engine import Engine
from asr.registry import load_engine
from gateway import events
from gateway.events import Event
from gateway.media.frames import SAMPLE_RATE_HZ, Pcm
from gateway.store import CallRecord
from tests.support.baresip import HOST, Softphone, free_ports
from tests.support.calls import ELDER, EVERYDAY, SAMPLES
from tests.support.gateway_process import GatewayProcess
from tests.support.listening import tells_the_balance, words_of

pytestmark = [pytest.mark.peers, pytest.mark.timeout(180)]

AFTER_THE_MENU_S = 15.5
"""Welcome and menu last 14.6 s, and the menu waits 5 s."""
OVER_THE_MENU_S = 9.5
"""The menu is being said from the 7th second on."""
HELD_S = 7.0
"""Longer than the menu waits for an answer."""


@dataclass(frozen=True)
class Placed:
    """One call, when it is over."""

    record: CallRecord
    events: list[Event]
    heard: Pcm
    """By the caller."""

    @property
    def line(self) -> dict[str, Any]:
        assert self.record.line is not None
        return self.record.line

    def times_of(self, node: str) -> tuple[float, float]:
        """From when to when the prompt of a node was said, ms."""
        (began,) = (one for one in self.events if isinstance(one, events.PromptStarted) and one.node == node)
        (ended,) = (one for one in self.events if isinstance(one, events.PromptEnded) and one.node == node)
        return began.at_ms, ended.at_ms


class Callers:
    """Everybody who calls, each in a thread of its own."""

    def __init__(self, gateway: GatewayProcess, folder: Path, pool: ThreadPoolExecutor) -> None:
        self.gateway = gateway
        self._folder = folder
        self._pool = pool
        self._calls: dict[str, Future[Placed]] = {}

    def place(
        self, name: str, script: Callable[[Softphone], None], user: str = EVERYDAY, at: str = "", **phone: Any
    ) -> None:
        """Begin a call to the number `name`; `script` is what its caller does once it is answered."""

        def run() -> Placed:
            with Softphone(self._folder / name, user, **phone) as caller:
                caller.dial(f"sip:{name}@{at or self.gateway.address}")
                caller.wait("CALL_ESTABLISHED")
                script(caller)
                caller.wait("CALL_CLOSED", 30)
                return Placed(self.gateway.ended(name), self.gateway.told(name), caller.heard())

        self._calls[name] = self._pool.submit(run)

    def __getitem__(self, name: str) -> Placed:
        """The call, once it is over."""
        return self._calls[name].result(timeout=120)

    # ------------------------------------------------------------------------------------------------- what callers do

    def hears(self, name: str, node: str) -> None:
        """Wait until a node's prompt has been said to its end."""
        said = lambda event: isinstance(event, events.PromptEnded) and event.node == node  # noqa: E731
        self.gateway.wait_told(name, said, f"end of the prompt of {node}", 40)

    def balance_then_goodbye(self, name: str) -> Callable[[Softphone], None]:
        """Hear the balance, and say by key that that was all."""

        def script(phone: Softphone) -> None:
            self.hears(name, "tell_balance")
            phone.press("8")

        return script

    def balance_then_gone(self, name: str) -> Callable[[Softphone], None]:
        """Hear the balance and hang up."""

        def script(phone: Softphone) -> None:
            self.hears(name, "tell_balance")
            phone.tell("hangup")

        return script


def says(name: str, after_s: float) -> Pcm:
    """A sample caller who speaks after a while, 16 kHz."""
    pcm, rate_hz = soundfile.read(SAMPLES / name, dtype="int16")
    quiet = np.zeros(int(after_s * SAMPLE_RATE_HZ), np.int16)
    return np.concatenate([quiet, soxr.resample(pcm, rate_hz, SAMPLE_RATE_HZ)])


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for loopback that vouches for itself, and its key."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={HOST}"]
    command += ["-addext", f"subjectAltName=IP:{HOST}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Softphone]:
    with Softphone(tmp_path_factory.mktemp("agent") / "agent", "agent", answers=True) as phone:
        yield phone


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory, agent: Softphone) -> Iterator[Callers]:
    folder = tmp_path_factory.mktemp("callers")
    queues = {"general": agent.uri, "elderly": f"sip:nobody@{HOST}:{free_ports(1)}"}
    certificate, key = make_certificate(folder)
    sip = {"queues": queues, "transfer_timeout_s": 8, "tls_certificate": str(certificate), "tls_key": str(key)}
    sip["listen"] = [f"sip+udp://{HOST}:0", f"sip+tls://{HOST}:0"]
    with GatewayProcess(folder / "gateway", sip=sip) as gateway, ThreadPoolExecutor(12) as pool:
        callers = Callers(gateway, folder, pool)
        callers.place("voice", callers.balance_then_goodbye("voice"), says=says("balance_1.wav", AFTER_THE_MENU_S))
        over = says("balance_6.wav", OVER_THE_MENU_S)
        for codec in ("opus", "G722"):
            callers.place(codec, callers.balance_then_gone(codec), codec=codec, says=over)
        callers.place("srtp-mand", callers.balance_then_gone("srtp-mand"), encryption="srtp-mand", says=over)
        for name, options in {"keys": {}, "srtp": {"encryption": "srtp"}}.items():
            callers.place(name, _presses_1_then(callers, name), **options)
        secure: dict[str, Any] = {
            "at": f"{gateway.addresses[1]};transport=tls",
            "encryption": "srtp-mand",
            "trusts": certificate,
        }
        callers.place("tls", _presses_1_then(callers, "tls"), **secure)
        callers.place("hold", _holds(callers))
        callers.place("agent", _talks_to_a_human(callers, agent))
        callers.place("nobody", _asks_for_a_human(callers, "nobody"), user=ELDER)
        yield callers


def _presses_1_then(callers: Callers, name: str) -> Callable[[Softphone], None]:
    def script(phone: Softphone) -> None:
        callers.gateway.wait_node(name, "main")
        phone.press("1")
        callers.balance_then_goodbye(name)(phone)

    return script


def _holds(callers: Callers) -> Callable[[Softphone], None]:
    def script(phone: Softphone) -> None:
        callers.hears("hold", "main")
        phone.tell("hold")
        time.sleep(HELD_S)
        phone.tell("resume")
        time.sleep(1.0)
        phone.press("1")
        callers.balance_then_goodbye("hold")(phone)

    return script


def _asks_for_a_human(callers: Callers, name: str) -> Callable[[Softphone], None]:
    def script(phone: Softphone) -> None:
        callers.gateway.wait_node(name, "main")
        phone.press("0")

    return script


def _talks_to_a_human(callers: Callers, agent: Softphone) -> Callable[[Softphone], None]:
    def script(phone: Softphone) -> None:
        _asks_for_a_human(callers, "agent")(phone)
        phone.wait("CALL_CLOSED", 20)
        callers.gateway.ended("agent")
        time.sleep(1.0)
        agent.wait("CALL_ESTABLISHED")
        assert phone.log.count("\nNOTIFY sip:") >= 2, "trying, and answered"
        assert not [event for event in agent.events if event.get("type") == "CALL_CLOSED"], "they are still talking"

    return script


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = load_engine("whisper")
    yield engine
    engine.close()


def prompt_heard(engine: Engine, call: Placed, node: str) -> str:
    """What our recogniser makes of a node's prompt as the caller heard it."""
    return words_of(engine, call.heard, *call.times_of(node))


def test_a_balance_query_by_voice_is_understood_and_answered(callers: Callers) -> None:
    call = callers["voice"]
    first, second = call.record.turns
    assert (first.kind, first.matched, first.outcome) == ("speech", "balance", "accept")
    assert (second.keys, second.matched) == ("8", "nothing")
    assert call.record.options == ("balance", "nothing")
    assert (call.record.disposition, call.record.reason) == ("completed", "completed")
    assert (call.record.caller_number, call.record.transport) == (EVERYDAY, "sip+udp")


def test_the_record_tells_how_the_line_was(callers: Callers) -> None:
    line, duration_ms = callers["voice"].line, callers["voice"].record.duration_ms
    assert duration_ms is not None
    assert (line["codec"], line["ptime_ms"], line["srtp"], line["lost"]) == ("PCMA", 20, None, 0)
    for way in ("packets_received", "packets_sent"):
        assert line[way] == pytest.approx(duration_ms / 20, abs=50)
    assert 0 <= line["jitter_ms"] < 40
    assert line["rtcp_received"] > 0
    assert line["remote_lost"] == 0


def test_the_caller_hears_the_prompts_and_the_last_word_too(callers: Callers, engine: Engine) -> None:
    call = callers["voice"]
    assert "本次通话将被录音" in prompt_heard(engine, call, "welcome")
    assert tells_the_balance(prompt_heard(engine, call, "tell_balance"))
    assert "再见" in prompt_heard(engine, call, "goodbye")


def test_the_recording_has_both_sides(callers: Callers, engine: Engine) -> None:
    call = callers["voice"]
    assert call.record.recording is not None
    pcm, rate_hz = soundfile.read(call.record.recording, dtype="int16")
    assert (rate_hz, pcm.shape[1]) == (SAMPLE_RATE_HZ, 2)
    turn = call.record.turns[0]
    assert "查话费" in words_of(engine, pcm[:, 0], turn.start_ms, turn.end_ms, ["查话费"])
    assert tells_the_balance(words_of(engine, pcm[:, 1], *call.times_of("tell_balance")))


def test_keys_by_rfc_4733_count_once_each(callers: Callers) -> None:
    call = callers["keys"]
    assert [event.key for event in call.events if isinstance(event, events.KeyPressed)] == ["1", "8"]
    assert call.record.options == ("balance", "nothing")
    assert call.record.disposition == "completed"


@pytest.mark.parametrize("codec", ["opus", "G722"])
def test_a_wide_band_codec_is_spoken_both_ways(callers: Callers, engine: Engine, codec: str) -> None:
    """And the caller talks over the menu, which stops."""
    call = callers[codec]
    assert (call.line["codec"], call.line["srtp"], call.line["lost"]) == (codec, None, 0)
    assert call.record.options == ("balance",)
    assert tells_the_balance(prompt_heard(engine, call, "tell_balance"))
    cut = [one.cut_by for one in call.events if isinstance(one, events.PromptEnded) and one.node == "main"]
    assert cut == ["speech"]
    assert (call.record.disposition, call.record.reason) == ("completed", "caller_hung_up")


@pytest.mark.parametrize("encryption", ["srtp", "srtp-mand"])
def test_encrypted_sound_is_heard_and_said(callers: Callers, engine: Engine, encryption: str) -> None:
    call = callers[encryption]
    assert call.line["srtp"] == "AES_CM_128_HMAC_SHA1_80"
    assert (call.line["codec"], call.line["lost"], call.line["not_authentic"]) == ("PCMA", 0, 0)
    assert call.record.options[0] == "balance"
    assert tells_the_balance(prompt_heard(engine, call, "tell_balance"))


def test_a_call_by_tls_and_srtp_has_nothing_in_clear(callers: Callers) -> None:
    """Both ways: we hang up over the connection that the caller opened."""
    record, line = callers["tls"].record, callers["tls"].line
    assert (record.transport, line["srtp"]) == ("sip+tls", "AES_CM_128_HMAC_SHA1_80")
    assert record.options == ("balance", "nothing")
    assert (record.disposition, record.reason) == ("completed", "completed")


def test_a_caller_who_holds_is_waited_for(callers: Callers) -> None:
    """The menu waits 5 s for an answer; on hold for 7 s, the caller is not asked again."""
    call = callers["hold"]
    assert [(turn.kind, turn.matched) for turn in call.record.turns] == [("keys", "balance"), ("keys", "nothing")]
    assert (call.record.disposition, call.record.reason) == ("completed", "completed")
    assert call.line["lost"] == 0
    assert call.record.duration_ms is not None
    assert call.line["packets_sent"] < (call.record.duration_ms - 0.9 * HELD_S * 1000) / 20, "nothing is said on hold"


def test_a_caller_is_handed_to_an_agent_who_is_there(callers: Callers, agent: Softphone) -> None:
    record = callers["agent"].record
    assert (record.disposition, record.reason) == ("transferred", "queue:general")
    assert record.transfer is not None
    assert record.transfer["queue"] == "general"
    assert not [event for event in callers["agent"].events if isinstance(event, events.TransferFailed)]
    taken = agent.wait("CALL_ESTABLISHED", 1)
    assert taken["peeruri"].startswith(f"sip:{EVERYDAY}@")


def test_where_no_agent_is_there_the_flow_goes_on(callers: Callers, engine: Engine) -> None:
    call = callers["nobody"]
    (failed,) = (event for event in call.events if isinstance(event, events.TransferFailed))
    assert failed.queue == "elderly"
    assert failed.reason
    assert "busy" in call.record.path
    assert call.record.transfer is None
    assert (call.record.disposition, call.record.reason) == ("abandoned", "no_agent")
    assert "人工" in prompt_heard(engine, call, "busy")
