"""Whatever comes from the network is read or refused, never more; and the play-out buffer keeps its promises."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.media.codecs import CODECS
from gateway.media.frames import FRAME_SAMPLES
from gateway.media.pacer import MAX_BURST, Pacer
from gateway.media.playout import MAX_HELD_MS, MAX_PACKETS, Kind, PlayoutBuffer
from gateway.transport.rtp.latch import Arrived, Latch
from gateway.transport.rtp.packet import RtpPacket, is_rtcp, pack_packet, parse_packet
from gateway.transport.rtp.receiver import SoundReceiver
from gateway.transport.rtp.rtcp import ReportBlock, SenderInfo, pack_report, parse_report
from gateway.transport.rtp.srtp import parse_crypto
from gateway.transport.rtp.statistics import ReceiveStatistics
from gateway.transport.rtp.telephone_event import KEYS, EventReceiver, looks_like_event

pytestmark = pytest.mark.property

WORD = st.integers(0, 2**32 - 1)
PACKETS = st.builds(
    RtpPacket, st.integers(0, 127), st.integers(0, 0xFFFF), WORD, WORD, st.binary(max_size=200), st.booleans()
)
BLOCKS = st.builds(ReportBlock, WORD, st.integers(0, 255), st.integers(-(2**23), 2**23 - 1), WORD, WORD, WORD, WORD)
SENDERS = st.builds(SenderInfo, st.integers(0, 2**64 - 1), WORD, WORD, WORD)


@given(PACKETS)
def test_a_packet_that_is_written_is_read_back(packet: RtpPacket) -> None:
    assert parse_packet(pack_packet(packet)) == packet


@given(st.binary(max_size=100))
def test_any_bytes_are_a_packet_or_none(data: bytes) -> None:
    packet = parse_packet(data)
    is_rtcp(data)
    if packet is not None:
        assert len(packet.payload) <= len(data) - 12
        assert parse_packet(pack_packet(packet)) == packet


@given(WORD, st.text(max_size=300), st.none() | SENDERS, st.none() | BLOCKS, st.booleans())
def test_a_report_that_is_written_is_read_back(
    ssrc: int, name: str, sender: SenderInfo | None, block: ReportBlock | None, goodbye: Any
) -> None:
    report = parse_report(pack_report(ssrc, name, sender, block, goodbye=goodbye))
    assert report is not None
    assert (report.ssrc, report.sender, report.goodbye) == (ssrc, sender, goodbye)
    assert report.blocks == (() if block is None else (block,))


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x80\xc8", b"\x81\xc9\x00\x07", b"\x80\xc9\x00\x01\0\0\0\7"]))
def test_any_bytes_are_a_report_or_none(data: bytes, start: bytes) -> None:
    report = parse_report(start + data)
    assert report is None or len(report.blocks) <= len(data) // 24


@given(
    st.text(max_size=120) | st.from_regex(r"\d \w{1,30} inline:[A-Za-z0-9+/]{38,42}(\|[\d^:]{1,8})?", fullmatch=True)
)
def test_any_crypto_attribute_is_read_or_refused_with_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert len(parse_crypto(text).key) == 30


@given(st.lists(st.tuples(WORD, st.binary(max_size=40)), max_size=30))
def test_any_event_packets_give_keys_at_most_once_each(packets: list[tuple[int, bytes]]) -> None:
    receiver = EventReceiver()
    for timestamp, payload in packets:
        keys = receiver.accept(timestamp, payload)
        assert len(keys) <= len(payload) // 4
        assert all(key in KEYS for key in keys)
        looks_like_event(RtpPacket(101, 0, timestamp, 0, payload, False))
        if len(payload) == 4:
            assert receiver.accept(timestamp, payload) == ()


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.none() | WORD, st.floats(0, 1e7)), max_size=100))
def test_statistics_of_any_packets_stay_within_what_a_report_can_say(
    packets: list[tuple[int, int | None, float]],
) -> None:
    statistics = ReceiveStatistics(8000)
    accepted = sum(statistics.accept(*packet) for packet in packets)
    assert statistics.received == accepted
    assert statistics.lost >= 0
    assert 0 <= statistics.loss_percent <= 100
    block = ReportBlock(
        1,
        statistics.fraction_lost(),
        statistics.lost_reported,
        statistics.highest_extended,
        statistics.jitter_ticks,
        0,
        0,
    )
    assert parse_report(pack_report(1, "n", None, block)) is not None


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 0xFFFF), st.integers(1, 3), st.floats(0, 50)),
        max_size=80,
    )
)
def test_who_is_pinned_has_the_best_claim_of_those_who_were(packets: list[tuple[int, int, int, int, float]]) -> None:
    latch, rank, now_ms = Latch(("192.0.2.1", 1)), -1, 0.0
    for host, port, sequence, ssrc, wait_ms in packets:
        now_ms += wait_ms
        source = (f"192.0.2.{host}", port)
        packet = RtpPacket(8, sequence, 0, ssrc, b"", False)
        latch.judge(source, Arrived(packet, now_ms), expected=True)
        claim = {None: -1, ("192.0.2.1", 1): 2}.get(
            latch.source, 1 if latch.source and latch.source[0] == "192.0.2.1" else 0
        )
        assert claim >= rank
        rank = claim


STEPS = st.one_of(
    st.tuples(st.just("packet"), st.integers(-5, 5), st.integers(-900, 900), st.integers(1, 480), st.booleans()),
    st.tuples(
        st.just("packet"), st.integers(-30000, 30000), st.integers(-(2**31), 2**31), st.just(160), st.just(False)
    ),
    st.tuples(st.just("next"), st.just(0), st.just(0), st.just(160), st.just(False)),
    st.tuples(st.just("next"), st.just(0), st.just(0), st.just(160), st.just(False)),
    st.tuples(st.just("tick"), st.just(0), st.just(0), st.just(160), st.just(False)),
)


@settings(max_examples=300)
@given(st.lists(STEPS, max_size=120), st.integers(0, 0xFFFF), WORD)
def test_whatever_comes_the_buffer_plays_nothing_twice_and_holds_no_more_than_it_may(
    steps: list[tuple[str, int, int, int, bool]], sequence: int, timestamp: int
) -> None:
    buffer, now_ms, put, played = PlayoutBuffer(8000), 0.0, 0, []
    for step, by, by_ticks, ticks, noise in steps:
        if step == "tick":
            now_ms += 20
            piece = buffer.pull(now_ms, 160)
            assert piece.kind in Kind
            assert piece.ticks <= 480
            if piece.kind in (Kind.SOUND, Kind.NOISE):
                played.append(int.from_bytes(piece.payload, "big"))
            else:
                assert 0 < piece.ticks <= 160
            continue
        odd = (sequence + by & 0xFFFF, timestamp + by_ticks & 0xFFFFFFFF)
        buffer.put((*odd, put.to_bytes(4, "big")), 0 if noise else ticks, now_ms, noise=noise)
        put += 1
        if step == "next":
            sequence, timestamp = sequence + 1 & 0xFFFF, timestamp + ticks & 0xFFFFFFFF
        assert buffer.held_ms <= MAX_HELD_MS + 480 / 8
        assert len(buffer._packets) <= MAX_PACKETS
    assert len(set(played)) == len(played)


@settings(max_examples=100)
@given(st.permutations(range(12)), st.sets(st.integers(0, 11)), st.integers(0, 0xFFFF), WORD)
def test_what_is_there_in_time_is_played_in_order_whatever_order_it_came_in(
    order: list[int], lost: set[int], sequence: int, timestamp: int
) -> None:
    buffer = PlayoutBuffer(8000)
    for number in order:
        if number not in lost:
            packet = (sequence + number & 0xFFFF, timestamp + number * 160 & 0xFFFFFFFF, bytes([number]))
            buffer.put(packet, 160, 0.0)
    pieces = [buffer.pull(40.0 + 20 * tick, 160) for tick in range(40)]
    played = [piece.payload[0] for piece in pieces if piece.kind is Kind.SOUND]
    assert played == sorted(set(range(12)) - lost)


@settings(max_examples=60)
@given(
    st.sampled_from(["PCMA", "G722", "opus"]),
    st.lists(st.tuples(st.integers(0, 5), st.binary(max_size=400), st.booleans()), max_size=40),
)
def test_any_payloads_give_one_whole_frame_each_tick(name: str, packets: list[tuple[int, bytes, bool]]) -> None:
    receiver, now_ms = SoundReceiver(CODECS[name], 20), 0.0
    for number, (ticks, payload, noise) in enumerate(packets):
        packet = (number, number * CODECS[name].rtp_clock_hz // 50, payload)
        (receiver.put_noise if noise else receiver.put)(packet, now_ms)
        for _ in range(ticks):
            now_ms += 20
            assert receiver.pull(now_ms).shape == (FRAME_SAMPLES,)


@given(
    st.sampled_from([10, 20, 30, 40, 50, 60]),
    st.lists(st.tuples(st.floats(0, 400), st.integers(0, 5)), max_size=60),
)
def test_slots_rise_are_never_early_never_come_in_a_long_burst_and_nothing_is_said_twice(
    ptime_ms: int, steps: list[tuple[float, int]]
) -> None:
    pacer, now_ms, pushed, slots = Pacer(ptime_ms), 0.0, 0, []
    for wait_ms, pushes in steps:
        now_ms += wait_ms
        for _ in range(pushes):
            pacer.push(pushed.to_bytes(4, "big"), now_ms)
            pushed += 1
        due = []
        while (slot := pacer.take(now_ms)) is not None:
            due.append(slot)
        assert len(due) <= MAX_BURST
        assert all(slot.deadline_ms <= now_ms for slot in due)
        assert pacer.next_ms > now_ms
        slots += due
    assert all((two.deadline_ms - one.deadline_ms) % ptime_ms == 0 for one, two in itertools.pairwise(slots))
    assert all(one.deadline_ms < two.deadline_ms for one, two in itertools.pairwise(slots))
    said = [int.from_bytes(slot.payload, "big") for slot in slots if slot.payload is not None]
    assert all(one < two for one, two in itertools.pairwise(said))
