"""A press is one key, whatever the line does to its packets."""

from __future__ import annotations

import struct

import pytest

from gateway.transport.rtp.keys import SAME_PRESS_MS, KeyMerger
from gateway.transport.rtp.packet import RtpPacket
from gateway.transport.rtp.telephone_event import KEYS, EventReceiver, key_packets, looks_like_event

pytestmark = pytest.mark.unit


def _press(key: str, timestamp: int, press_ms: int = 100) -> list[RtpPacket]:
    return list(key_packets(key, 101, (0, timestamp, 1), press_ms=press_ms))


def _heard(packets: list[RtpPacket]) -> str:
    receiver = EventReceiver()
    return "".join(key for packet in packets for key in receiver.accept(packet.timestamp, packet.payload))


def _block(code: int, duration: int, *, end: bool = False) -> bytes:
    return struct.pack("!BBH", code, 0x8A if end else 0x0A, duration)


def test_a_press_is_updates_and_three_ends() -> None:
    packets = _press("5", 1000)
    assert [packet.payload for packet in packets] == [
        *(_block(5, 160 * n) for n in (1, 2, 3, 4)),
        *[_block(5, 800, end=True)] * 3,
    ]
    assert [packet.marker for packet in packets] == [True, *[False] * 6]
    assert {packet.timestamp for packet in packets} == {1000}
    assert [packet.sequence for packet in packets] == list(range(7))


def test_every_key_is_heard_once_at_its_first_packet() -> None:
    for key in KEYS:
        receiver = EventReceiver()
        told = [receiver.accept(packet.timestamp, packet.payload) for packet in _press(key, 1000)]
        assert told == [(key,), *[()] * 6]


@pytest.mark.parametrize("kept", [slice(1, None), slice(3, None), slice(0, 4), slice(-1, None), slice(2, 3)])
def test_whichever_packets_of_a_press_are_lost_it_counts_once(kept: slice) -> None:
    packets = _press("1", 1000)[kept] + _press("2", 3000)[kept] + _press("2", 5000)[kept]
    assert _heard(packets) == "122"


def test_two_equal_keys_quickly_after_one_another_are_two() -> None:
    assert _heard(_press("3", 1000, 40) + _press("3", 1000 + 8 * 60, 40)) == "33"


def test_two_equal_keys_are_two_even_when_no_end_came() -> None:
    assert _heard(_press("3", 1000)[:3] + _press("3", 2600)[:3]) == "33"


def test_a_press_of_thirty_seconds_is_one_key() -> None:
    packets, start = [], 1000
    for _ in range(3):
        packets += [RtpPacket(101, 0, start, 1, _block(9, n), False) for n in range(800, 0xFFFF, 800)]
        packets.append(RtpPacket(101, 0, start, 1, _block(9, 0xFFFF), False))
        start += 0xFFFF
    packets.append(RtpPacket(101, 0, start, 1, _block(9, 800, end=True), False))
    assert _heard(packets) == "9"
    assert _heard([packet for number, packet in enumerate(packets) if number % 3]) == "9"
    assert _heard([*packets, *_press("9", start + 0x10000)]) == "99"


def test_swapped_and_repeated_packets_of_old_events_are_no_keys() -> None:
    one, two = _press("1", 1000), _press("2", 3000)
    assert _heard([*one[:4], *two[:2], *one[4:], two[3], two[2], *two[4:], *one]) == "12"


def test_codes_above_15_are_no_keys() -> None:
    receiver = EventReceiver()
    assert receiver.accept(1000, _block(16, 160)) == ()
    assert receiver.accept(2000, _block(255, 160)) == ()
    assert receiver.accept(3000, _block(15, 160)) == ("D",)


def test_several_events_in_one_packet_are_several_keys_and_count_once() -> None:
    receiver = EventReceiver()
    assert receiver.accept(1000, _block(1, 400, end=True) + _block(2, 400)) == ("1", "2")
    assert receiver.accept(1400, _block(2, 800, end=True)) == ()
    assert receiver.accept(1000, _block(1, 400, end=True) + _block(2, 800, end=True)) == ()


def test_time_stamps_wrap() -> None:
    assert _heard(_press("1", 0xFFFFFF00) + _press("2", 0x500)) == "12"


def test_a_sender_that_never_changes_its_time_stamp_still_gets_its_different_keys_through() -> None:
    assert _heard(_press("1", 0) + _press("2", 0) + _press("3", 0)) == "123"


@pytest.mark.parametrize("payload", [b"", b"\x01", b"\x01\x0a\x00"])
def test_too_short_is_no_key(payload: bytes) -> None:
    assert EventReceiver().accept(0, payload) == ()


def test_an_unknown_packet_looks_like_an_event_only_with_a_dynamic_type_and_a_key() -> None:
    event = _press("1", 0)[0]
    assert looks_like_event(event)
    assert not looks_like_event(event._replace(payload_type=8))
    assert not looks_like_event(event._replace(payload=_block(16, 160)))
    assert not looks_like_event(event._replace(payload=event.payload * 2))
    assert not looks_like_event(event._replace(payload=b"\x01\x4a\x00\xa0"))


def test_a_press_that_is_told_twice_counts_once_whichever_comes_first() -> None:
    merger = KeyMerger()
    assert merger.accept("1", 0, "event")
    assert not merger.accept("1", 60, "tone")
    assert merger.accept("2", 1000, "tone")
    assert not merger.accept("2", 1000 + SAME_PRESS_MS, "event")


def test_two_quick_presses_told_twice_each_are_two() -> None:
    merger = KeyMerger()
    told = [(0, False), (80, True), (200, False), (280, True)]
    assert [merger.accept("1", now_ms, "tone" if tone else "event") for now_ms, tone in told] == [
        True,
        False,
        True,
        False,
    ]


def test_equal_keys_told_the_same_way_or_far_apart_are_all_presses() -> None:
    merger = KeyMerger()
    assert merger.accept("1", 0, "event")
    assert merger.accept("1", 100, "event")
    assert merger.accept("1", 100 + SAME_PRESS_MS + 1, "tone")
    assert merger.accept("2", 200, "tone")


def test_a_tone_that_comes_out_of_a_long_buffer_is_still_the_same_press() -> None:
    merger = KeyMerger()
    assert merger.accept("1", 0, "event")
    assert not merger.accept("1", SAME_PRESS_MS + 150, "tone", delay_ms=160)
