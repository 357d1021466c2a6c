"""Packets of any length to one frame per tick."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from gateway.media.codecs import CODECS, CodecError
from gateway.media.frames import FRAME_SAMPLES, Pcm
from gateway.transport.rtp.outgoing import Packetizer
from gateway.transport.rtp.receiver import SoundReceiver
from tests.support.sound import tone

pytestmark = pytest.mark.unit

PCMA = CODECS["PCMA"]


def _payloads(sound: Pcm, ptime_ms: int, codec_name: str = "PCMA") -> list[bytes]:
    packetizer = Packetizer(CODECS[codec_name], ptime_ms)
    frames = sound[: len(sound) // FRAME_SAMPLES * FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return [payload for frame in frames for payload in packetizer.encode(frame)]


def _play(receiver: SoundReceiver, payloads: list[bytes | None], ptime_ms: int, ticks: int) -> Pcm:
    """Every packet comes when it is complete; None is lost."""
    clock, frames, at = receiver.codec.rtp_clock_hz // 1000, [], 0
    for tick in range(ticks):
        while at < len(payloads) and (at + 1) * ptime_ms <= tick * 20:
            payload = payloads[at]
            if payload is not None:
                receiver.put((at & 0xFFFF, at * ptime_ms * clock & 0xFFFFFFFF, payload), (at + 1) * ptime_ms)
            at += 1
        frame = receiver.pull(tick * 20.0)
        assert frame.shape == (FRAME_SAMPLES,)
        assert frame.dtype == np.int16
        frames.append(frame)
    return np.concatenate(frames)


def _likeness(heard: Pcm, said: Pcm, start: int = 8000) -> float:
    """Correlation of half a second at the best delay of up to 200 ms."""
    said = said[start : start + 8000].astype(float)
    windows = np.lib.stride_tricks.sliding_window_view(heard[start : start + 11_200].astype(float), len(said))
    scale = np.linalg.norm(windows, axis=1) * np.linalg.norm(said)
    return float(np.max(windows @ said / np.maximum(scale, 1)))


def _speechlike(seed: int = 1) -> Pcm:
    """Two seconds that are like themselves at no other delay."""
    noise = np.random.default_rng(seed).standard_normal(32_000)
    smooth = np.convolve(noise, np.hanning(12), "same")
    return (smooth * 8000 / np.abs(smooth).max()).astype(np.int16)


@pytest.mark.parametrize("ptime_ms", [10, 20, 30, 40, 50, 60])
def test_sound_comes_out_as_it_went_in_whatever_the_packets_length(ptime_ms: int) -> None:
    said = _speechlike()
    receiver = SoundReceiver(PCMA, 20)
    heard = _play(receiver, list(_payloads(said, ptime_ms)), ptime_ms, 100)
    assert _likeness(heard, said) > 0.99
    assert receiver.undecodable == 0


@pytest.mark.parametrize("codec_name", ["PCMU", "G722", "opus"])
def test_the_other_codecs_come_through_too(codec_name: str) -> None:
    said = _speechlike()
    receiver = SoundReceiver(CODECS[codec_name], 20)
    heard = _play(receiver, list(_payloads(said, 20, codec_name)), 20, 100)
    assert _likeness(heard, said) > 0.8
    assert receiver.concealed_ms == 0


def test_packets_whose_length_changes_in_mid_call_leave_no_gap() -> None:
    said = _speechlike()
    short, long = _payloads(said[:16_000], 20), _payloads(said[16_000:], 60)
    receiver, frames, coming = SoundReceiver(PCMA, 20), [], []
    at_ms = 0.0
    for payload in short + long:
        length_ms = len(payload) / 8
        coming.append((at_ms + length_ms, int(at_ms * 8), payload))
        at_ms += length_ms
    for tick in range(100):
        while coming and coming[0][0] <= tick * 20:
            arrival_ms, timestamp, payload = coming.pop(0)
            receiver.put((len(short) + len(long) - len(coming), timestamp, payload), arrival_ms)
        frames.append(receiver.pull(tick * 20.0))
    assert _likeness(np.concatenate(frames), said, 4000) > 0.99
    assert _likeness(np.concatenate(frames), said, 20_000) > 0.99
    assert receiver.concealed_ms <= 60, "the delay grows by what the packets have become longer"


def test_a_lost_packet_is_filled_with_sound_and_counted() -> None:
    said = tone(2000, 300)
    payloads: list[bytes | None] = list(_payloads(said, 20))
    payloads[50] = None
    receiver = SoundReceiver(PCMA, 20)
    heard = _play(receiver, payloads, 20, 99)
    assert receiver.concealed_ms == 20
    levels = np.sqrt(np.mean(heard[16_000:28_800].reshape(-1, FRAME_SAMPLES).astype(float) ** 2, axis=1))
    assert levels.min() > 0.5 * levels.max()


def test_a_packet_that_is_none_of_the_codecs_is_counted_and_concealed() -> None:
    receiver = SoundReceiver(CODECS["opus"], 20)
    payloads: list[bytes | None] = list(_payloads(_speechlike(), 20, "opus"))
    payloads[20], payloads[30] = b"", b"\xff\xff"
    _play(receiver, payloads, 20, 90)
    assert receiver.undecodable == 2
    assert receiver.concealed_ms == 40


class _Fussy:
    """A decoder that doesn't like one payload."""

    def __init__(self) -> None:
        self._decoder = PCMA.decoder()

    def decode(self, payload: bytes) -> Pcm:
        if payload == bytes(160):
            raise CodecError("not that one")
        return self._decoder.decode(payload)


def test_a_payload_that_only_the_decoder_refuses_is_concealed_and_the_rest_keeps_its_place() -> None:
    receiver, easy = SoundReceiver(replace(PCMA, make_decoder=_Fussy), 20), SoundReceiver(PCMA, 20)
    payloads: list[bytes | None] = list(_payloads(_speechlike(), 20))
    payloads[20] = bytes(160)
    _play(receiver, payloads, 20, 90)
    _play(easy, payloads, 20, 90)
    assert (receiver.undecodable, receiver.concealed_ms) == (1, 20)
    assert (easy.undecodable, easy.concealed_ms) == (0, 0)
    assert receiver.playout.delay_ms(1800) == easy.playout.delay_ms(1800)


def test_comfort_noise_is_heard_while_the_other_side_is_silent() -> None:
    receiver = SoundReceiver(PCMA, 20)
    payloads = _payloads(tone(1000), 20)
    frames = []
    for tick in range(100):
        if tick < 25:
            receiver.put((tick, tick * 160, payloads[tick]), tick * 20.0)
        elif tick == 25:
            receiver.put_noise((25, 25 * 160, bytes([50])), 500.0)
        elif tick >= 75:
            receiver.put((26 + tick - 75, tick * 160, payloads[tick - 50]), tick * 20.0)
        frames.append(receiver.pull(tick * 20.0))
    silent = np.concatenate(frames[40:70]).astype(float)
    level_dbov = 20 * np.log10(np.sqrt(np.mean(silent**2)) / 32768)
    assert level_dbov == pytest.approx(-50, abs=1.5)
    assert receiver.concealed_ms == 0
    assert np.abs(frames[90]).max() > 1000


def test_before_anything_comes_there_is_silence_and_nothing_is_concealed() -> None:
    receiver = SoundReceiver(PCMA, 20)
    assert all(not receiver.pull(tick * 20.0).any() for tick in range(200))
    assert receiver.concealed_ms == 0


def test_after_a_reset_nothing_of_the_old_sender_is_played() -> None:
    receiver = SoundReceiver(PCMA, 20)
    for number, payload in enumerate(_payloads(tone(200), 20)):
        receiver.put((number, number * 160, payload), 0.0)
    receiver.reset()
    assert not any(receiver.pull(1000 + tick * 20.0).any() for tick in range(20))


@pytest.mark.parametrize(("ptime_ms", "counts"), [(10, [2, 2, 2]), (20, [1, 1, 1]), (30, [0, 1, 1]), (60, [0, 0, 1])])
def test_frames_are_cut_into_packets_of_the_length_agreed_on(ptime_ms: int, counts: list[int]) -> None:
    packetizer = Packetizer(PCMA, ptime_ms)
    made = [packetizer.encode(tone(20)) for _ in range(3)]
    assert [len(payloads) for payloads in made] == counts
    assert {len(payload) for payloads in made for payload in payloads} == {ptime_ms * 8}
