"""Decoders are total on any bytes, and speech that went through a codec is that speech, the right way up."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.audio import read_audio
from gateway.media.codecs import CODECS, Codec, CodecError
from gateway.media.comfort_noise import ComfortNoise
from gateway.media.conceal import Concealer
from gateway.media.dtmf import DtmfDetector
from gateway.media.frames import SILENCE, to_frames
from gateway.media.g711 import A_LAW, MU_LAW

pytestmark = pytest.mark.property

SAMPLES = Path(__file__).parents[2] / "audio_samples"
EVERY = [pytest.param(codec, id=codec.name) for codec in CODECS.values()]

pcm = st.builds(
    lambda seed, level: (np.random.default_rng(seed).standard_normal(320) * level).clip(-32768, 32767).astype(np.int16),
    st.integers(0, 1000),
    st.sampled_from([1, 100, 3000, 30_000, 1_000_000]),
)


@cache
def speech() -> np.ndarray:
    return read_audio(SAMPLES / "complaint_1.wav")


@pytest.mark.parametrize("codec", EVERY)
@given(payloads=st.lists(st.binary(max_size=2000), max_size=8))
def test_a_decoder_takes_any_bytes(codec: Codec, payloads: list[bytes]) -> None:
    decoder = codec.decoder()
    for payload in payloads:
        try:
            ms = codec.payload_ms(payload)
        except CodecError:
            with pytest.raises(CodecError):
                decoder.decode(payload)
            continue
        assert 0 < ms <= 200
        try:
            sound = decoder.decode(payload)
        except CodecError:
            assert codec.name == "opus", "only an Opus packet can be wrong further inside"
            continue
        assert sound.dtype == np.int16
        assert len(sound) == ms * 16


@given(head=st.binary(min_size=1, max_size=3), tail=st.binary(max_size=300))
def test_an_opus_stream_goes_on_after_a_damaged_packet(head: bytes, tail: bytes) -> None:
    codec = CODECS["opus"]
    encoder, decoder = codec.encoder(20), codec.decoder()
    for number, frame in enumerate(to_frames(speech())[20:40]):
        if number == 5:
            with suppress(CodecError):
                assert len(decoder.decode(head + tail)) == 16 * codec.payload_ms(head + tail)
        assert len(decoder.decode(encoder.encode(frame))) == 320


def passed(codec: Codec, ptime_ms: int) -> tuple[np.ndarray, np.ndarray]:
    """Speech before and after a codec, without the codec's delay."""
    size = ptime_ms * 16
    sound = speech()[: len(speech()) // size * size]
    encoder, decoder = codec.encoder(ptime_ms), codec.decoder()
    heard = np.concatenate([decoder.decode(encoder.encode(packet)) for packet in sound.reshape(-1, size)])
    before, after = sound.astype(float), heard.astype(float)
    delay = max(range(400), key=lambda lag: abs(np.dot(before[: len(before) - lag], after[lag:])))
    return before[: len(before) - delay], after[delay:]


@pytest.mark.parametrize(
    ("codec", "ptime_ms"),
    [pytest.param(codec, ms, id=f"{codec.name}-{ms}") for codec in CODECS.values() for ms in codec.packet_times_ms],
)
def test_speech_comes_back_as_that_speech_the_right_way_up(codec: Codec, ptime_ms: int) -> None:
    before, after = passed(codec, ptime_ms)
    likeness = np.dot(before, after) / np.sqrt(np.dot(before, before) * np.dot(after, after))
    assert likeness > {"PCMA": 0.999, "PCMU": 0.999, "G722": 0.999, "opus": 0.95}[codec.name]
    if codec.name != "opus":  # which keeps the sound and not the wave
        noise = after - before
        assert 10 * np.log10(np.dot(before, before) / np.dot(noise, noise)) > 30
    assert np.dot(after, after) == pytest.approx(np.dot(before, before), rel=0.15)


@given(st.binary(min_size=1, max_size=500))
def test_g711_code_words_are_fixed_points(payload: bytes) -> None:
    assert A_LAW.encode(A_LAW.decode(payload)) == payload
    decoded = MU_LAW.decode(payload)
    assert np.array_equal(MU_LAW.decode(MU_LAW.encode(decoded)), decoded)


@given(st.lists(st.one_of(st.none(), pcm), max_size=20))
def test_concealment_gives_a_frame_for_a_frame_whatever_is_lost(frames: list[np.ndarray | None]) -> None:
    concealer = Concealer()
    before: np.ndarray | None = SILENCE
    for frame in frames:
        played = concealer.lost() if frame is None else concealer.heard(frame)
        assert played.shape == (320,)
        assert played.dtype == np.int16
        if frame is not None:
            assert np.array_equal(played[160:], frame[160:])
            assert before is None or played is frame
        before = frame


@given(st.lists(pcm, max_size=10))
def test_the_key_detector_takes_any_sound(frames: list[np.ndarray]) -> None:
    detector = DtmfDetector()
    assert [detector.accept(frame) for frame in frames] == [None] * len(frames)


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_comfort_noise_takes_any_payload_and_stays_a_background(payloads: list[bytes]) -> None:
    noise = ComfortNoise()
    for payload in payloads:
        noise.heard(payload)
        assert np.max(np.abs(noise.frame().astype(int))) < 32768 * 10 ** (-30 / 20) * 6
