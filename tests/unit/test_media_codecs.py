"""What a codec says about itself and about payloads, and that all of them keep one contract."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.codecs import CODECS, Codec, CodecError
from tests.support.sound import tone

pytestmark = pytest.mark.unit

EVERY = [pytest.param(codec, id=codec.name) for codec in CODECS.values()]
EVERY_PACKET = [
    pytest.param(codec, ms, id=f"{codec.name}-{ms}") for codec in CODECS.values() for ms in codec.packet_times_ms
]


def rms(pcm: np.ndarray) -> float:
    return float(np.sqrt(np.mean(pcm.astype(float) ** 2)))


def test_names_numbers_and_clocks_are_those_of_rfc_3551_and_rfc_7587() -> None:
    told = {name: (codec.static_payload_type, codec.rtp_clock_hz, codec.channels) for name, codec in CODECS.items()}
    assert told == {"PCMA": (8, 8000, 1), "PCMU": (0, 8000, 1), "G722": (9, 8000, 1), "opus": (None, 48_000, 2)}
    assert {name: codec.duration_ticks(20) for name, codec in CODECS.items()} == {
        "PCMA": 160,
        "PCMU": 160,
        "G722": 160,
        "opus": 960,
    }


@pytest.mark.parametrize(("codec", "ms"), EVERY_PACKET)
def test_a_packet_is_as_long_as_it_says_and_sounds_as_it_did(codec: Codec, ms: int) -> None:
    encoder, decoder = codec.encoder(ms), codec.decoder()
    sound = tone(1200, 1000, -15)
    heard = []
    for packet in sound.reshape(-1, 16 * ms):
        payload = encoder.encode(packet)
        assert codec.payload_ms(payload) == ms
        heard.append(decoder.decode(payload))
        assert heard[-1].dtype == np.int16
        assert heard[-1].shape == (16 * ms,)
    whole = np.concatenate(heard)[3200:12_000]
    assert 20 * np.log10(rms(whole) / rms(sound)) == pytest.approx(0, abs=1)
    spectrum = np.abs(np.fft.rfft(whole))
    assert np.argmax(spectrum) * 16_000 / len(whole) == pytest.approx(1000, abs=5)


@pytest.mark.parametrize(("codec", "ms"), EVERY_PACKET)
def test_silence_is_silent_however_often_it_comes(codec: Codec, ms: int) -> None:
    payload = codec.silence(ms)
    assert codec.payload_ms(payload) == ms
    assert payload == codec.silence(ms)
    decoder = codec.decoder()
    heard = np.concatenate([decoder.decode(payload) for _ in range(100)])
    assert np.max(np.abs(heard)) <= 9


@pytest.mark.parametrize("codec", EVERY)
def test_silence_after_speech_is_silent_soon(codec: Codec) -> None:
    encoder, decoder = codec.encoder(20), codec.decoder()
    for packet in tone(1000, 300, -10).reshape(-1, 320):
        decoder.decode(encoder.encode(packet))
    heard = [decoder.decode(codec.silence(20)) for _ in range(20)]
    assert rms(heard[-1]) < 100  # -50 dBFS: G.722 keeps a little offset, which no one hears


@pytest.mark.parametrize("codec", EVERY)
def test_a_payload_of_nothing_is_refused(codec: Codec) -> None:
    with pytest.raises(CodecError):
        codec.payload_ms(b"")
    with pytest.raises(CodecError):
        codec.decoder().decode(b"")


@pytest.mark.parametrize("name", ["PCMA", "PCMU", "G722"])
def test_more_than_200_ms_in_a_packet_are_refused(name: str) -> None:
    codec = CODECS[name]
    assert codec.payload_ms(bytes(1600)) == 200
    assert codec.payload_ms(b"x") == 0.125
    with pytest.raises(CodecError):
        codec.payload_ms(bytes(1601))
    with pytest.raises(CodecError):
        codec.decoder().decode(bytes(1601))


@pytest.mark.parametrize("codec", EVERY)
def test_packet_times_it_does_not_have_are_refused(codec: Codec) -> None:
    with pytest.raises(ValueError, match="no packets of 25 ms"):
        codec.encoder(25)
    with pytest.raises(ValueError, match="no packets of 25 ms"):
        codec.silence(25)


def test_what_a_peer_asks_for_becomes_a_packet_time_that_exists() -> None:
    opus, pcma = CODECS["opus"], CODECS["PCMA"]
    assert [opus.packet_ms(ms) for ms in (1, 10, 19, 20, 30, 50, 60, 200)] == [10, 10, 10, 20, 20, 40, 60, 60]
    assert [pcma.packet_ms(ms) for ms in (1, 10, 25, 30, 50, 60, 200)] == [10, 10, 20, 30, 50, 60, 60]


@pytest.mark.parametrize("name", ["G722", "opus"])
def test_an_encoder_of_packets_takes_nothing_else(name: str) -> None:
    with pytest.raises(ValueError, match="a packet takes 320"):
        CODECS[name].encoder(20).encode(np.zeros(321, np.int16))


@pytest.mark.parametrize(
    ("payload", "ms"),
    [
        (bytes([0 << 3]), 10),  # SILK, narrow band
        (bytes([3 << 3]), 60),
        (bytes([11 << 3]), 60),
        (bytes([12 << 3]), 10),  # hybrid
        (bytes([15 << 3]), 20),
        (bytes([16 << 3]), 2.5),  # CELT
        (bytes([31 << 3 | 4]), 20),  # stereo
        (bytes([1 << 3 | 1, 0, 0]), 40),  # two frames of one size
        (bytes([1 << 3 | 2, 1, 0, 0]), 40),  # two frames
        (bytes([1 << 3 | 3, 6, 0]), 120),  # six frames
        (bytes([16 << 3 | 3, 48, 0]), 120),
    ],
)
def test_an_opus_packet_tells_its_length_in_its_first_bytes(payload: bytes, ms: float) -> None:
    assert CODECS["opus"].payload_ms(payload) == ms


@pytest.mark.parametrize(
    "payload",
    [
        bytes([1 << 3 | 1, 0]),  # two frames of one size in one byte
        bytes([1 << 3 | 2]),  # no length of the first
        bytes([1 << 3 | 3]),  # no number of frames
        bytes([1 << 3 | 3, 0]),  # no frames
        bytes([1 << 3 | 3, 7, 0]),  # 140 ms
        bytes([3 << 3 | 3, 3, 0]),  # 180 ms
        bytes(1277),  # one frame of more than 1275 bytes
    ],
)
def test_an_impossible_opus_packet_is_refused(payload: bytes) -> None:
    with pytest.raises(CodecError):
        CODECS["opus"].payload_ms(payload)
    with pytest.raises(CodecError):
        CODECS["opus"].decoder().decode(payload)


@pytest.mark.parametrize("codec", EVERY)
def test_a_stream_goes_on_after_a_payload_that_was_none(codec: Codec) -> None:
    encoder, decoder = codec.encoder(20), codec.decoder()
    for packet in tone(200, 500, -10).reshape(-1, 320):
        payload = encoder.encode(packet)
        with pytest.raises(CodecError):
            decoder.decode(b"")
        heard = decoder.decode(payload)
    assert rms(heard) > 5000


def test_stereo_opus_is_heard_as_mono() -> None:
    import av

    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.options = {"frame_duration": "20"}
    decoder = CODECS["opus"].decoder()
    sound = tone(400, 700, -15, 48_000)
    heard = []
    for left in sound.reshape(-1, 960):
        frame = av.AudioFrame.from_ndarray(np.repeat(left, 2).reshape(1, -1), format="s16", layout="stereo")
        frame.sample_rate = 48_000
        heard += [decoder.decode(bytes(packet)) for packet in encoder.encode(frame)]
    assert {len(piece) for piece in heard} == {320}
    assert rms(np.concatenate(heard)[3200:]) == pytest.approx(rms(sound), rel=0.1)
