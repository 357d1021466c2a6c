"""Streams on real sockets of the loopback, with a real sending thread: whom they hear and where they speak."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gateway.media.codecs import CODECS
from gateway.media.frames import FRAME_SAMPLES, SILENCE
from gateway.transport.rtp.packet import RtpPacket, pack_packet, parse_packet
from gateway.transport.rtp.ports import NoPortsError, PortPair, PortPool
from gateway.transport.rtp.rtcp import pack_report, parse_report
from gateway.transport.rtp.sender import RtpSender, monotonic_ms
from gateway.transport.rtp.srtp import SUITES, SrtpContext, SrtpKeys, Suite, make_crypto
from gateway.transport.rtp.stream import Received, RtpStream, StreamPlan
from gateway.transport.rtp.telephone_event import key_packets
from tests.support.sound import marked_frame, tone

pytestmark = pytest.mark.peers

PCMA = CODECS["PCMA"]
PORTS = range(24_000, 24_400)
LOUD = 1000
PATIENCE_S = 10.0


@pytest.fixture
def sender() -> Iterator[RtpSender]:
    made = RtpSender()
    made.start()
    yield made
    made.close()


@pytest.fixture
def pool() -> PortPool:
    return PortPool("127.0.0.1", PORTS)


def _plan(remote: tuple[str, int] | None, **changes: Any) -> StreamPlan:
    plan = StreamPlan(PCMA, 8, 101, 13, 20, remote, None, False, True, True, None)
    return replace(plan, **changes)


@contextlib.contextmanager
def _open(pair: PortPair, sender: RtpSender, plan: StreamPlan) -> Iterator[RtpStream]:
    stream = RtpStream(pair, sender, plan)
    try:
        yield stream
    finally:
        stream.close()


class Phone:
    """A far end made of a bare socket: what it sends is what the test says."""

    def __init__(self, to: int, *, ssrc: int = 7) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.address = self.sock.getsockname()
        self.to = ("127.0.0.1", to)
        self.ssrc = ssrc
        self.sent = 0
        self._encoder = PCMA.encoder(20)

    def say(self, level: int = 8000) -> None:
        """The next 20 ms, of a constant loud sound."""
        packet = RtpPacket(8, self.sent & 0xFFFF, self.sent * 160, self.ssrc, self._encoder.encode(_hum(level)), False)
        self.sock.sendto(pack_packet(packet), self.to)
        self.sent += 1

    def heard(self) -> list[RtpPacket]:
        """All that has come."""
        packets = []
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = parse_packet(self.sock.recv(2048))
                assert packet is not None
                packets.append(packet)
        return packets

    def close(self) -> None:
        self.sock.close()


def _hum(level: int) -> np.ndarray[Any, np.dtype[np.int16]]:
    return (tone(20, 400, 0.0)[:FRAME_SAMPLES] / 46_340 * level).astype(np.int16)


@pytest.fixture
def phones() -> Iterator[Callable[..., Phone]]:
    made: list[Phone] = []

    def make(to: int, **options: Any) -> Phone:
        made.append(Phone(to, **options))
        return made[-1]

    yield make
    for phone in made:
        phone.close()


def _run(stream: RtpStream, ticks: int, each: Callable[[int], None] = lambda _: None, start: int = 0) -> list[Received]:
    """A call's loop: on time as far as this machine lets it, and catching up where it doesn't."""
    got, began_ms = [], monotonic_ms()
    for tick in range(ticks):
        each(tick)
        got.append(stream.receive((start + tick) * 20.0))
        stream.send(SILENCE)
        time.sleep(max(0.0, began_ms + (tick + 1) * 20 - monotonic_ms()) / 1000)
    return got


def _loud(got: list[Received]) -> int:
    return sum(int(np.abs(received.frame).max()) > LOUD for received in got)


def test_two_streams_hear_each_other_and_agree_on_how_it_went(sender: RtpSender, pool: PortPool) -> None:
    here, there = pool.take(), pool.take()
    with (
        _open(here, sender, _plan(("127.0.0.1", there.port))) as one,
        _open(there, sender, _plan(("127.0.0.1", here.port))) as two,
    ):
        heard = []
        began_ms = monotonic_ms()
        for tick in range(100):
            now_ms = tick * 20.0
            one.receive(now_ms)
            heard.append(two.receive(now_ms))
            one.send(_hum(8000))
            two.send(SILENCE)
            time.sleep(max(0.0, began_ms + now_ms + 20 - monotonic_ms()) / 1000)
        assert _loud(heard) >= 85
        first, second = one.report(), two.report()
        assert second["packets_received"] >= 90
        assert first["packets_sent"] >= second["packets_received"] - 2
        assert (second["lost"], second["foreign"], second["undecodable"], first["send_errors"]) == (0, 0, 0, 0)
        assert one.heard_anything
        assert one.silent_ms(2000.0) < 1000


def test_an_injector_is_neither_heard_nor_spoken_to_before_nor_after(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    legit, injector = phones(pair.port), phones(pair.port, ssrc=666)
    with _open(pair, sender, _plan(legit.address)) as stream:

        def flood(tick: int) -> None:
            for _ in range(10):
                injector.say(30_000)
            if 5 <= tick < 55:
                legit.say()

        got = _run(stream, 70, flood)
        report = stream.report()
        assert report["packets_received"] == 50
        assert report["lost"] == 0
        assert report["foreign"] == 700
        assert 48 <= _loud(got) <= 53
        assert max(int(np.abs(received.frame).max()) for received in got) < 10_000
        assert injector.heard() == []
        assert len(legit.heard()) >= 50


def test_a_caller_behind_a_nat_is_heard_from_the_first_packet_and_spoken_to(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    caller, announced = phones(pair.port), phones(pair.port)
    with _open(pair, sender, _plan(announced.address)) as stream:
        _run(stream, 30, lambda _: caller.say())
        announced.heard()
        caller.heard()
        late = phones(pair.port, ssrc=666)
        got = _run(stream, 30, lambda _: (caller.say(), late.say(30_000)), start=30)
        assert stream.report()["packets_received"] == 60
        assert stream.report()["foreign"] == 30
        assert _loud(got) >= 28
        assert len(caller.heard()) >= 25
        assert announced.heard() == late.heard() == []


def test_another_address_in_a_new_agreement_is_followed(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    old, new = phones(pair.port, ssrc=1), phones(pair.port, ssrc=2)
    with _open(pair, sender, _plan(old.address)) as stream:
        assert _loud(_run(stream, 20, lambda _: old.say())) >= 15
        stream.update(_plan(new.address))
        assert _loud(_run(stream, 20, lambda _: new.say(), start=20)) >= 15
        new.heard(), old.heard()
        _run(stream, 10, lambda _: (old.say(), new.say()), start=40)
        assert len(new.heard()) >= 7
        assert old.heard() == []


def test_before_there_is_a_remote_nobody_is_heard_and_afterwards_everything_works(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    phone = phones(pair.port)
    with _open(pair, sender, _plan(None)) as stream:
        assert _loud(_run(stream, 10, lambda _: phone.say())) == 0
        assert not stream.heard_anything
        assert stream.silent_ms(180.0) == 180.0
        stream.update(_plan(phone.address))
        assert _loud(_run(stream, 20, lambda _: phone.say(), start=10)) >= 15
        assert len(phone.heard()) >= 10


def test_on_hold_nothing_goes_out_and_time_goes_on(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    phone = phones(pair.port)
    with _open(pair, sender, _plan(phone.address)) as stream:
        _run(stream, 20, lambda _: phone.say())
        stream.update(_plan(phone.address, sends=False, receives=False))
        before = phone.heard()
        assert _loud(_run(stream, 20, lambda _: phone.say(), start=20)) == 0
        assert len(phone.heard()) <= 1
        stream.update(_plan(phone.address))
        _run(stream, 10, lambda _: phone.say(), start=40)
        after = phone.heard()
        assert [packet.marker for packet in before] == [True, *[False] * (len(before) - 1)]
        assert [packet.marker for packet in after] == [True, *[False] * (len(after) - 1)]
        assert 0 <= after[0].sequence - before[-1].sequence - 1 <= 1
        gap = after[0].timestamp - before[-1].timestamp & 0xFFFFFFFF
        assert gap % 160 == 0
        assert gap >= 18 * 160


def test_keys_are_heard_once_by_event_packets_also_when_nobody_agreed_on_a_type(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    for agreed in (101, None):
        pair = pool.take()
        phone = phones(pair.port)
        with _open(pair, sender, _plan(phone.address, telephone_event=agreed)) as stream:

            def press(tick: int, phone: Phone = phone) -> None:
                phone.say()
                if tick in (10, 20, 30):
                    packets = key_packets("1#1"[tick // 10 - 1], 101, (phone.sent, tick * 160, phone.ssrc))
                    for packet in packets:
                        phone.sock.sendto(pack_packet(packet), phone.to)
                        phone.sent += 1

            got = _run(stream, 40, press)
            assert [key for received in got for key in received.keys] == ["1", "#", "1"]
            assert stream.report()["lost"] == 0


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("fits", [True, False])
def test_encrypted_sound_is_heard_with_the_right_key_alone(
    sender: RtpSender, pool: PortPool, suite: Suite, *, fits: bool
) -> None:
    here, there = pool.take(), pool.take()
    ours, theirs = make_crypto(1, suite), make_crypto(1, suite)
    expected = ours if fits else make_crypto(1, suite)
    with (
        _open(here, sender, _plan(("127.0.0.1", there.port), srtp=SrtpKeys(ours, theirs))) as one,
        _open(there, sender, _plan(("127.0.0.1", here.port), srtp=SrtpKeys(theirs, expected))) as two,
    ):
        heard = []
        for tick in range(40):
            one.receive(tick * 20.0)
            heard.append(two.receive(tick * 20.0))
            one.send(_hum(8000))
            two.send(_hum(8000))
            time.sleep(0.02)
        report = two.report()
        assert report["srtp"] == suite
        if fits:
            assert _loud(heard) >= 25
            assert report["not_authentic"] == 0
        else:
            assert _loud(heard) == 0
            assert report["packets_received"] == 0
            assert report["not_authentic"] >= 25


@pytest.mark.parametrize("mux", [False, True])
def test_reports_go_both_ways_and_tell_loss_and_the_round_trip(
    sender: RtpSender, pool: PortPool, monkeypatch: pytest.MonkeyPatch, *, mux: bool
) -> None:
    monkeypatch.setattr("gateway.transport.rtp.reporting.INTERVAL_MS", 300.0)
    here, there = pool.take(), pool.take()
    crypto = make_crypto(1, "AES_CM_128_HMAC_SHA1_80")
    keys = SrtpKeys(crypto, crypto)
    with (
        _open(here, sender, _plan(("127.0.0.1", there.port), rtcp_mux=mux, srtp=keys)) as one,
        _open(there, sender, _plan(("127.0.0.1", here.port), rtcp_mux=mux, srtp=keys)) as two,
    ):
        for tick in range(150):
            for stream in (one, two):
                stream.receive(tick * 20.0)
                stream.send(SILENCE)
            time.sleep(0.02)
        for report in (one.report(), two.report()):
            assert report["rtcp_received"] >= 2
            assert report["rtcp_foreign"] <= 2
            assert report["remote_loss_percent"] == 0.0
            assert report["remote_lost"] == 0
            assert 0 <= report["round_trip_ms"] < 1000
        two.close()
        one.receive(150 * 20.0)
        for tick in range(151, 160):
            one.receive(tick * 20.0)
        assert one._control.reporting.left


def test_the_last_word_is_a_goodbye(sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]) -> None:
    pair = pool.take()
    phone, control = phones(pair.port), phones(pair.port + 1)
    stream = RtpStream(pair, sender, _plan(phone.address, remote_rtcp=control.address))
    _run(stream, 10, lambda _: phone.say())
    for ssrc in (999, phone.ssrc):
        control.sock.sendto(pack_report(ssrc, "phone", None, None), control.to)
    _run(stream, 10, lambda _: phone.say(), start=10)
    assert (stream.report()["rtcp_received"], stream.report()["rtcp_foreign"]) == (1, 1)
    stream.close()
    stream.close()
    report = parse_report(control.sock.recv(2048))
    assert report is not None
    assert report.goodbye
    assert report.blocks[0].ssrc == phone.ssrc
    assert stream.receive(500.0) == Received(SILENCE, ())
    stream.send(SILENCE)
    assert (sender.lines, pool.in_use) == (0, 0)


def test_a_far_end_that_refuses_everything_ends_neither_stream_nor_thread(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    refusing, pair = pool.take(), pool.take()
    address = ("127.0.0.1", refusing.port)
    refusing.close()
    with _open(pair, sender, _plan(address)) as stream:
        assert _loud(_run(stream, 10)) == 0
        phone = phones(pair.port)
        stream.update(_plan(phone.address))
        assert _loud(_run(stream, 20, lambda _: phone.say(), start=10)) >= 15
        assert len(phone.heard()) >= 10


def test_garbage_is_counted_and_nothing_more(sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]) -> None:
    pair = pool.take()
    phone = phones(pair.port)
    chance = np.random.default_rng(7)
    with _open(pair, sender, _plan(phone.address)) as stream:

        def garble(_: int) -> None:
            phone.say()
            for _ in range(20):
                phone.sock.sendto(chance.bytes(int(chance.integers(0, 300))), phone.to)
                phone.sock.sendto(chance.bytes(60), ("127.0.0.1", pair.port + 1))

        got = _run(stream, 40, garble)
        report = stream.report()
        assert _loud(got) >= 35
        assert report["packets_received"] == 40
        assert report["malformed"] > 400
        assert report["rtcp_foreign"] > 0


def test_after_thousands_of_packets_with_broken_bits_sound_is_heard_again_within_a_second(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    phone = phones(pair.port)
    chance = np.random.default_rng(7)
    good = pack_packet(RtpPacket(8, 5000, 800_000, phone.ssrc, bytes(160), False))
    with _open(pair, sender, _plan(phone.address)) as stream:

        def break_bits(_: int) -> None:
            phone.say()
            for _ in range(60):
                broken = bytearray(good)
                for at in chance.integers(0, 16, int(chance.integers(1, 4))):
                    broken[at] = int(chance.integers(0, 256))
                phone.sock.sendto(broken[: int(chance.integers(8, 173))], phone.to)

        _run(stream, 50, break_bits)
        assert _loud(_run(stream, 75, lambda _: phone.say(), start=50)[25:]) >= 45


def test_a_sender_that_begins_anew_with_another_ssrc_is_heard_on(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    phone = phones(pair.port, ssrc=1)
    with _open(pair, sender, _plan(phone.address)) as stream:
        _run(stream, 20, lambda _: phone.say())
        phone.ssrc, phone.sent = 2, 30_000
        got = _run(stream, 40, lambda _: phone.say(), start=20)
        assert _loud(got[12:]) >= 25
        assert stream.report()["packets_received"] >= 55


def test_a_key_told_by_packet_and_by_tone_counts_once_and_by_tone_alone_too(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    phone, encoder = phones(pair.port), PCMA.encoder(20)
    times = np.arange(FRAME_SAMPLES * 5) / 16_000
    five = (8000 * (np.sin(2 * np.pi * 770 * times) + np.sin(2 * np.pi * 1336 * times))).astype(np.int16)
    with _open(pair, sender, _plan(phone.address, inband_dtmf=True)) as stream:

        def press(tick: int) -> None:
            if tick == 20:
                for packet in key_packets("5", 101, (phone.sent, tick * 160, phone.ssrc)):
                    phone.sock.sendto(pack_packet(packet), phone.to)
                    phone.sent += 1
            at = tick % 20
            frame = five[at * FRAME_SAMPLES : (at + 1) * FRAME_SAMPLES] if tick >= 20 and at < 5 else SILENCE
            sound = RtpPacket(8, phone.sent, tick * 160, phone.ssrc, encoder.encode(frame), False)
            phone.sock.sendto(pack_packet(sound), phone.to)
            phone.sent += 1

        got = _run(stream, 60, press)
        assert [key for received in got for key in received.keys] == ["5", "5"]


def test_silence_is_counted_from_the_last_packet_and_a_keep_alive_breaks_it(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    phone = phones(pair.port)
    with _open(pair, sender, _plan(phone.address)) as stream:
        _run(stream, 10, lambda _: phone.say())
        now_ms = 5000.0
        for payload, kind in ((b"", 8), (b"\x30", 13), (b"", 20)):
            stream.receive(now_ms)
            assert 4700 <= stream.silent_ms(now_ms) <= 5000
            phone.sent += 1
            phone.sock.sendto(pack_packet(RtpPacket(kind, phone.sent, 0, phone.ssrc, payload, False)), phone.to)
            stream.receive(now_ms + 20)
            assert stream.silent_ms(now_ms + 20) < 200
            now_ms += 5000
        assert stream.report()["undecodable"] == 0


@pytest.mark.parametrize("stall_ms", [300, 3000])
def test_a_loop_that_stands_still_loses_nothing_of_what_came_meanwhile(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone], stall_ms: int
) -> None:
    ticks = stall_ms // 20 + 45
    pair = pool.take()
    phone = phones(pair.port)
    with _open(pair, sender, _plan(phone.address)) as stream:
        began_ms, tick, got = monotonic_ms(), 0, []
        while tick < ticks:
            now_ms = monotonic_ms() - began_ms
            while phone.sent * 20 <= now_ms:  # the far end is another machine: it goes on
                phone.say()
            if 400 <= now_ms < 400 + stall_ms:
                time.sleep(0.005)
                continue
            while tick < ticks and tick * 20 <= now_ms:
                got.append(stream.receive(tick * 20.0))
                tick += 1
            time.sleep(0.002)
        report = stream.report()
        assert report["packets_received"] >= ticks - 2
        assert (report["lost"], report["late"]) == (0, 0)
        assert report["concealed_ms"] <= 100
        assert _loud(got) >= ticks - 8
        assert report["jitter_ms"] < 10
        assert report["playout_delay_ms"] < 150, "the packets weren't late, we were"


def test_packets_go_out_on_the_grid_while_the_loop_is_blocked_and_late_frames_keep_their_place(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    phone = phones(pair.port)
    with _open(pair, sender, _plan(phone.address)) as stream:
        began_ms = monotonic_ms()
        for tick in range(60):
            if tick == 20:
                time.sleep(0.2)
            stream.send(marked_frame(200 * (tick + 1)))
            time.sleep(max(0.0, began_ms + (tick + 1) * 20 - monotonic_ms()) / 1000)
        time.sleep(0.1)
        report = stream.report()
    packets = phone.heard()
    assert report["sent_silence"] >= 5
    assert report["sent_too_late"] >= 5
    stamps = [packet.timestamp - packets[0].timestamp & 0xFFFFFFFF for packet in packets]
    assert all(stamp % 160 == 0 for stamp in stamps)
    assert stamps == sorted(set(stamps))
    assert [packet.sequence - packets[0].sequence & 0xFFFF for packet in packets] == list(range(len(packets)))
    decoder = PCMA.decoder()
    levels = [int(np.median(decoder.decode(packet.payload)[100:])) for packet in packets]
    placed = {round(level / 200) - 1: stamp // 160 for level, stamp in zip(levels, stamps, strict=True) if level > 100}
    after = [slot - frame for frame, slot in placed.items() if frame > 35 and frame < 58]
    assert after
    assert set(after) <= {-1, 0, 1}, "a stall leaves no delay"


@pytest.mark.parametrize(("ptime_ms", "codec_name"), [(10, "PCMU"), (30, "PCMA"), (60, "G722"), (20, "opus")])
def test_any_packet_time_and_codec_goes_there_and_back(
    sender: RtpSender, pool: PortPool, ptime_ms: int, codec_name: str
) -> None:
    here, there = pool.take(), pool.take()
    codec = CODECS[codec_name]
    kind = 111 if codec.static_payload_type is None else codec.static_payload_type

    def plan(port: int) -> StreamPlan:
        return _plan(("127.0.0.1", port), codec=codec, payload_type=kind, ptime_ms=ptime_ms)

    with _open(here, sender, plan(there.port)) as one, _open(there, sender, plan(here.port)) as two:
        heard = []
        for tick in range(60):
            one.receive(tick * 20.0)
            heard.append(two.receive(tick * 20.0))
            one.send(_hum(8000))
            time.sleep(0.02)
        assert _loud(heard) >= 40
        assert two.report()["undecodable"] == 0


def test_a_codec_can_be_changed_in_mid_call(sender: RtpSender, pool: PortPool) -> None:
    here, there = pool.take(), pool.take()
    with (
        _open(here, sender, _plan(("127.0.0.1", there.port))) as one,
        _open(there, sender, _plan(("127.0.0.1", here.port))) as two,
    ):
        heard = []
        for tick in range(80):
            if tick == 30:
                for stream, port in ((one, there.port), (two, here.port)):
                    stream.update(_plan(("127.0.0.1", port), codec=CODECS["G722"], payload_type=9))
            one.receive(tick * 20.0)
            heard.append(two.receive(tick * 20.0))
            one.send(_hum(8000))
            time.sleep(0.02)
        assert _loud(heard[10:30]) >= 15
        assert _loud(heard[45:]) >= 30
        assert two.report()["packets_received"] >= 60


def test_ipv6_works_as_well(sender: RtpSender) -> None:
    try:
        pool = PortPool("::1", PORTS)
        here, there = pool.take(), pool.take()
    except OSError:
        pytest.skip("this machine has no IPv6")
    with (
        _open(here, sender, _plan(("0:0:0:0:0:0:0:1", there.port))) as one,
        _open(there, sender, _plan(("::1", here.port))) as two,
    ):
        heard = []
        for tick in range(40):
            one.receive(tick * 20.0)
            heard.append(two.receive(tick * 20.0))
            one.send(_hum(8000))
            time.sleep(0.02)
        assert _loud(heard) >= 25


def test_ports_are_even_pairs_are_reused_and_run_out() -> None:
    pool = PortPool("127.0.0.1", range(24_501, 24_510))
    pairs = [pool.take() for _ in range(4)]
    assert sorted(pair.port for pair in pairs) == [24_502, 24_504, 24_506, 24_508]
    assert all(pair.rtcp.getsockname()[1] == pair.port + 1 for pair in pairs)
    with pytest.raises(NoPortsError, match="4 pairs"):
        pool.take()
    pairs[2].close()
    pairs[2].close()
    again = pool.take()
    assert again.port == pairs[2].port
    for pair in [*pairs[:2], pairs[3], again]:
        pair.close()
    assert pool.in_use == 0


def test_ports_in_use_by_others_are_left_out() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 24_603))
        pool = PortPool("127.0.0.1", range(24_600, 24_606))
        pairs = [pool.take(), pool.take()]
        assert sorted(pair.port for pair in pairs) == [24_600, 24_604]
        with pytest.raises(NoPortsError):
            pool.take()
        for pair in pairs:
            pair.close()


@pytest.mark.parametrize("ports", [range(24_000, 24_001), range(10, 20), range(65_530, 65_540), range(5, 5)])
def test_a_range_without_a_pair_is_refused(ports: range) -> None:
    with pytest.raises(ValueError, match="pair"):
        PortPool("127.0.0.1", ports)


def test_a_pair_that_was_given_back_may_be_closed_again_without_harm_to_its_next_owner() -> None:
    pool = PortPool("127.0.0.1", range(24_700, 24_702))
    first = pool.take()
    first.close()
    second = pool.take()
    first.close()
    with pytest.raises(NoPortsError):
        pool.take()
    second.close()


def test_what_came_before_the_call_is_no_part_of_it(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    pair = pool.take()
    phone = phones(pair.port)
    with _open(pair, sender, _plan(phone.address)) as stream:
        for _ in range(100):  # two seconds of ringing
            phone.say(30_000)
        for packet in key_packets("5", 101, (phone.sent, phone.sent * 160, phone.ssrc)):
            phone.sock.sendto(pack_packet(packet), phone.to)
        stream.forget_unread()
        phone.sent += 10
        got = _run(stream, 25, lambda _: phone.say())
        assert [key for received in got for key in received.keys] == []
        assert _loud(got) >= 20
        assert max(int(np.abs(received.frame).max()) for received in got) < 10_000
        assert stream.report()["packets_received"] == 25


def test_a_caller_whose_nat_chooses_another_port_in_mid_call_is_heard_and_spoken_to_again(
    sender: RtpSender, pool: PortPool, phones: Callable[..., Phone]
) -> None:
    ours, theirs = (make_crypto(1, SUITES[0]) for _ in range(2))
    pair = pool.take()
    announced, door, other_door = (phones(pair.port) for _ in range(3))
    seal = SrtpContext(SrtpKeys(theirs, ours)).protect

    def say(phone: Phone, number: int) -> None:
        packet = RtpPacket(8, number, number * 160, 7, PCMA.encoder(20).encode(_hum(8000)), False)
        sealed = seal(pack_packet(packet))
        assert sealed is not None
        phone.sock.sendto(sealed, phone.to)

    with _open(pair, sender, _plan(announced.address, srtp=SrtpKeys(ours, theirs))) as stream:
        assert _loud(_run(stream, 30, lambda tick: say(door, tick))) >= 25
        door.heard()
        got = _run(stream, 40, lambda tick: say(other_door, 30 + tick), start=30)
        assert _loud(got) >= 30
        assert len(other_door.heard()) >= 25
