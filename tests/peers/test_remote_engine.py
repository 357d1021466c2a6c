"""The `remote` engine and servers on loopback: vosk-server's protocol around the real vosk with a real Korean model,
and FunASR's with the words of our own engine. Then all that a server can do wrong.
"""

from __future__ import annotations

import gc
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vosk

from asr.adapters.fallback import FallbackEngine
from asr.audio import read_audio
from asr.engine import Pcm, Transcript, transcribe
from asr.engines.remote import RemoteEngine
from asr.engines.whisper import WhisperEngine
from asr.errors import EngineUnavailableError, SpeechError
from tests.support.korean import HINTS, say, steady_model
from tests.support.speech_servers import Behaviour, FunasrServer, SpeechServer, VoskServer, open_files

pytestmark = pytest.mark.peers

SAID = "查话费"
HINTED = (SAID, "查流量", "转人工")
LONG_S = 60.0
"""A limit that no test reaches."""
SHORT_S = 0.2
"""A limit that is reached on purpose."""
FRAME = 320
NOISE = np.random.default_rng(6).integers(-3000, 3000, 16_000).astype(np.int16)
KNOWN, STRANGER = "open sesame", "open barley"
Connect = Callable[..., RemoteEngine]


@pytest.fixture(scope="module")
def whisper() -> Iterator[WhisperEngine]:
    engine = WhisperEngine()
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def speech() -> Pcm:
    return read_audio(Path(__file__).parents[2] / "audio_samples/balance_1.wav")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> vosk.Model:
    vosk.SetLogLevel(-3)
    return vosk.Model(str(steady_model(tmp_path_factory.mktemp("model"))))


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes engines for servers, and closes them."""
    made: list[RemoteEngine] = []

    def make(server: SpeechServer, **options: Any) -> RemoteEngine:
        protocol = "vosk" if isinstance(server, VoskServer) else "funasr"
        limits = {"connect_timeout_s": LONG_S, "answer_timeout_s": LONG_S}
        made.append(RemoteEngine(**{"url": server.url, "protocol": protocol, **limits, **options}))
        return made[-1]

    yield make
    for engine in made:
        engine.close()


def until(what: Callable[[], object], within_s: float = 20.0) -> None:
    deadline_s = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline_s, "it hasn't come about"
        time.sleep(0.005)


def words_of(engine: WhisperEngine) -> Callable[[Pcm, Any], str]:
    return lambda pcm, hints: transcribe(engine, pcm, hints).text


def spoken(engine: RemoteEngine, pcm: Pcm, hints: tuple[str, ...] = ()) -> tuple[str, Transcript]:
    """The first partial result, waited for before the end is said, and what came in the end."""
    stream = engine.stream(hints)
    seen = [stream.accept(pcm[start : start + FRAME]) for start in range(0, len(pcm), FRAME)]
    until(lambda: seen.append(stream.accept(pcm[:0])) or any(seen))
    return next(filter(None, seen)), stream.finish()


def test_a_funasr_runtime_hears_while_the_caller_speaks(connect: Connect, whisper: WhisperEngine, speech: Pcm) -> None:
    with FunasrServer(hear=words_of(whisper), token=KNOWN, partial_every_ms=1800) as server:
        partial, heard = spoken(connect(server, token=KNOWN), speech, HINTED)
    assert (partial, heard.text) == (SAID, SAID)
    assert 0.0 < heard.confidence < 1.0
    assert (heard.rejected, heard.audio_ms) == (None, len(speech) // 16)
    opening = server.openings[0]
    assert opening["mode"] == "2pass"
    assert list(json.loads(opening["hotwords"])) == list(HINTED)
    assert set(server.chunks[:-1]) == {1920}
    assert sum(server.chunks) == 2 * len(speech)


@pytest.mark.parametrize("mode", ["offline", "online", "2pass"])
def test_every_mode_of_a_funasr_runtime_brings_the_words(connect: Connect, speech: Pcm, mode: str) -> None:
    with FunasrServer(hear=lambda pcm, hints: SAID[: max(1, len(pcm) // 9_000)]) as server:
        assert transcribe(connect(server, mode=mode), speech).text == SAID
    assert server.openings[0]["mode"] == mode


def test_a_vosk_server_hears_two_calls_at_once_while_they_speak(connect: Connect, model: vosk.Model) -> None:
    calls: dict[str, tuple[str, Transcript]] = {}
    with VoskServer(model=model) as server:
        engine = connect(server)

        def call(word: str) -> None:
            calls[word] = spoken(engine, say(word), HINTS)

        threads = [threading.Thread(target=call, args=(word,)) for word in ("서울", "취소")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for word, (partial, heard) in calls.items():
        assert partial
        assert heard.text == word
        assert 0.0 < heard.confidence < 1.0
        assert heard.alternatives
    assert len(calls) == 2
    assert server.most_open == 4  # each with the list and without
    assert sorted(len(opening.get("phrase_list", ())) for opening in server.openings) == [0, 0, *[len(HINTS) + 1] * 2]
    assert all("model" not in opening for opening in server.openings)
    assert max(server.chunks) == 6400


def test_silence_asks_nobody(connect: Connect) -> None:
    with FunasrServer(behaviour="silent") as server:
        heard = transcribe(connect(server), np.zeros(1600, np.int16))
    assert (heard.text, heard.confidence, heard.rejected, heard.audio_ms) == ("", 0.0, "silence", 100)


@pytest.mark.parametrize("mode", ["offline", "online", "2pass"])
def test_where_nothing_was_said_nothing_is_heard(connect: Connect, mode: str) -> None:
    with FunasrServer() as server:
        heard = transcribe(connect(server, mode=mode), NOISE)
    assert (heard.text, heard.confidence, heard.rejected) == ("", 0.0, "silence")


def test_a_finished_stream_answers_again_and_takes_no_more(connect: Connect) -> None:
    with FunasrServer(hear=lambda pcm, hints: SAID) as server:
        stream = connect(server).stream()
        stream.accept(NOISE)
        assert stream.finish() is stream.finish()
        with pytest.raises(SpeechError, match="over"):
            stream.accept(NOISE)


def hear_nothing_of(server: SpeechServer, engine: RemoteEngine) -> str:
    """What is said of a server that fails."""
    with pytest.raises(EngineUnavailableError) as failed:
        transcribe(engine, NOISE)
    assert failed.value.where == server.url
    assert failed.value.remedy
    return str(failed.value)


BAD: list[Behaviour] = ["breaks_off", "hangs_up", "garbage", "binary", "wrong_types", "list", "deep", "huge", "early"]


@pytest.mark.parametrize("behaviour", [one for one in BAD if one != "early"])
@pytest.mark.parametrize("kind", [FunasrServer, VoskServer])
def test_a_bad_server_is_an_error_that_names_it(
    connect: Connect, kind: type[SpeechServer], behaviour: Behaviour
) -> None:
    with kind(behaviour=behaviour) as server:
        engine = connect(server, url=server.url.replace("//", "//user:pass@"))
        assert "pass" not in hear_nothing_of(server, engine)


def test_an_answer_that_nobody_asked_for_is_an_error(connect: Connect) -> None:
    with VoskServer(behaviour="early") as server:
        assert "protocol" in hear_nothing_of(server, connect(server))


@pytest.mark.parametrize("behaviour", ["silent", "deaf", "endless"])
@pytest.mark.parametrize("kind", [FunasrServer, VoskServer])
def test_nobody_waits_longer_than_the_limit(connect: Connect, kind: type[SpeechServer], behaviour: Behaviour) -> None:
    with kind(behaviour=behaviour) as server:
        began_s = time.monotonic()
        hear_nothing_of(server, connect(server, answer_timeout_s=SHORT_S))
        assert time.monotonic() - began_s < LONG_S / 3


def test_a_server_that_takes_nothing_stalls_nobody_and_is_given_up_in_the_end(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asr.engines.remote_line.MOST_WAITING_S", 600.0)
    minute = np.tile(NOISE, 60)
    with FunasrServer(behaviour="deaf") as server:
        stream = connect(server).stream()

        def send() -> None:
            for _ in range(30):  # 58 MB: more than the buffers of any two sockets
                stream.accept(minute)

        with pytest.raises(EngineUnavailableError, match="has not taken 600 s"):
            send()


def test_a_stream_that_gets_no_audio_gives_its_connection_back(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("asr.engines.remote_line.IDLE_S", SHORT_S)
    with FunasrServer() as server:
        stream = connect(server).stream()
        stream.accept(NOISE)
        until(lambda: server.most_open and not server.open_now)
        with pytest.raises(EngineUnavailableError, match="no audio came"):
            stream.finish()


def test_a_caller_who_hangs_up_leaves_no_connection(connect: Connect) -> None:
    with FunasrServer() as server:
        engine = connect(server)
        stream = engine.stream()
        stream.accept(NOISE)
        until(lambda: server.open_now)
        del stream
        gc.collect()
        until(lambda: not server.open_now)


def test_who_is_not_there_is_an_error(connect: Connect) -> None:
    with FunasrServer() as server:
        pass
    assert "can't be reached" in hear_nothing_of(server, connect(server))


def test_a_wrong_token_is_an_error_that_does_not_tell_it(connect: Connect) -> None:
    with FunasrServer(token=KNOWN) as server:
        said = hear_nothing_of(server, connect(server, token=STRANGER))
    assert "HTTP 401" in said
    assert STRANGER not in said


def test_a_certificate_is_believed_when_its_authority_is(connect: Connect, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    made = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=speech"
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made.split(), *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with FunasrServer(hear=lambda pcm, hints: SAID, tls=context) as server:
        assert "not trusted" in hear_nothing_of(server, connect(server))
        assert transcribe(connect(server, verify=certificate), NOISE).text == SAID
        assert transcribe(connect(server, verify=False), NOISE).text == SAID


def test_a_closed_engine_says_so(connect: Connect) -> None:
    with FunasrServer(behaviour="silent") as server:
        engine = connect(server)
        stream, other = engine.stream(), engine.stream()
        stream.accept(NOISE)
        engine.close()
        for end in (stream.finish, lambda: stream.accept(NOISE), lambda: other.accept(NOISE)):
            with pytest.raises(SpeechError, match="closed"):
                end()


def test_fifty_failures_leave_nothing_behind() -> None:
    def fail(server: SpeechServer, **options: Any) -> None:
        engine = RemoteEngine(url=server.url, answer_timeout_s=LONG_S, connect_timeout_s=LONG_S, **options)
        hear_nothing_of(server, engine)
        engine.close()

    with FunasrServer(behaviour="garbage") as nonsense, FunasrServer(behaviour="breaks_off") as broken:
        with FunasrServer() as gone:
            pass
        fail(nonsense)
        gc.collect()
        threads, files = threading.active_count(), open_files()
        for _ in range(17):
            for server in (nonsense, broken, gone):
                fail(server)
        until(lambda: threading.active_count() <= threads and open_files() <= files)


class Clock:
    now_ms = 0.0

    def __call__(self) -> float:
        return self.now_ms


def test_a_server_that_dies_in_mid_utterance_is_replaced_and_found_well_again(
    connect: Connect, whisper: WhisperEngine, speech: Pcm
) -> None:
    clock = Clock()
    with FunasrServer(behaviour="breaks_off", hear=lambda pcm, hints: SAID) as server:
        engine = FallbackEngine([connect(server), whisper], retry_after_s=30, stall_after_s=LONG_S, clock_ms=clock)
        stream = engine.stream(HINTED)
        for start in range(0, len(speech) // 2, FRAME):
            stream.accept(speech[start : start + FRAME])
        until(lambda: stream.accept(speech[:0]) or engine.health[0].state == "left")
        stream.accept(speech[len(speech) // 2 // FRAME * FRAME + FRAME :])
        assert stream.finish().text == SAID
        assert [health.name for health in engine.health] == ["remote", "whisper"]
        assert "broke off" in str(engine.health[0].reason)

        server.behaviour = "well"
        clock.now_ms = 29_999
        transcribe(engine, speech, HINTED)
        assert not server.openings
        clock.now_ms = 30_000
        transcribe(engine, speech, HINTED)
        until(lambda: engine.health[0].state == "well")
        before = len(server.openings)
        transcribe(engine, speech, HINTED)
        assert len(server.openings) == before + 1


def test_a_server_that_stalls_is_replaced_within_its_limit(
    connect: Connect, whisper: WhisperEngine, speech: Pcm
) -> None:
    with FunasrServer(behaviour="silent") as server:
        engine = FallbackEngine([connect(server), whisper], stall_after_s=1.5)
        began_s = time.monotonic()
        assert transcribe(engine, speech, HINTED).text == SAID
        assert time.monotonic() - began_s < LONG_S / 2
        assert engine.health[0].reason == "it gave no answer in time"
