"""Between G.711 and the inner rate: flat where the telephone is, silent above, no seam, nothing turned over."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.media.g711 import A_LAW, MU_LAW, Law
from gateway.media.narrowband import (
    DECODER_DELAY_SAMPLES,
    ENCODER_DELAY_SAMPLES,
    NarrowbandDecoder,
    NarrowbandEncoder,
)
from gateway.media.payload import CodecError
from gateway.media.resample import StreamResampler
from tests.support.sound import tone

pytestmark = pytest.mark.unit

LAWS = [pytest.param(law, id=law.name) for law in (A_LAW, MU_LAW)]
CHUNKS = (1, 7, 160, 22, 23, 24, 80, 400)


def level_at(pcm: np.ndarray, hz: float, rate_hz: int) -> float:
    """Level of one frequency in a steady second, dBFS of a sine."""
    steady = pcm[rate_hz // 2 : rate_hz * 3 // 2].astype(float)
    part = np.exp(-2j * np.pi * hz * np.arange(rate_hz) / rate_hz) @ steady
    return 20 * np.log10(abs(part) * 2 / rate_hz / 32767 + 1e-9)


def decoded(law: Law, payload: bytes, chunk: int = 160) -> np.ndarray:
    decoder = NarrowbandDecoder(law)
    return np.concatenate([decoder.decode(payload[at : at + chunk]) for at in range(0, len(payload), chunk)])


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("hz", [200, 300, 1030, 2130, 3030, 3400])
def test_the_telephone_band_is_flat_both_ways(law: Law, hz: int) -> None:
    to_line = law.decode(NarrowbandEncoder(law).encode(tone(2000, hz, -10)))
    assert level_at(to_line, hz, 8000) == pytest.approx(-7, abs=0.1)
    from_line = decoded(law, law.encode(tone(2000, hz, -10, rate_hz=8000)))
    assert level_at(from_line, hz, 16_000) == pytest.approx(-7, abs=0.1)


@pytest.mark.parametrize("hz", [4600, 5000, 6000, 7700])
def test_what_lies_above_the_telephone_band_does_not_fold_into_it(hz: int) -> None:
    to_line = MU_LAW.decode(NarrowbandEncoder(MU_LAW).encode(tone(2000, hz, -6)))
    assert level_at(to_line, 8000 - hz, 8000) < -3 - 50


@pytest.mark.parametrize("hz", [300, 1000, 3400])
def test_the_line_leaves_no_mirror_image_above_its_band(hz: int) -> None:
    from_line = decoded(A_LAW, A_LAW.encode(tone(2000, hz, -6, rate_hz=8000)))
    assert level_at(from_line, 8000 - hz, 16_000) < -3 - 50


@pytest.mark.parametrize("law", LAWS)
def test_chunks_leave_no_seam(law: Law) -> None:
    noise = np.random.default_rng(1).integers(-20_000, 20_000, 2 * sum(CHUNKS)).astype(np.int16)
    encoder, decoder = NarrowbandEncoder(law), NarrowbandDecoder(law)
    payload, sound, at = b"", [], 0
    for chunk in CHUNKS:
        piece = encoder.encode(noise[at : at + 2 * chunk])
        at += 2 * chunk
        assert len(piece) == chunk
        payload += piece
        sound.append(decoder.decode(piece))
        assert len(sound[-1]) == 2 * chunk
    assert payload == NarrowbandEncoder(law).encode(noise)
    assert np.array_equal(np.concatenate(sound), NarrowbandDecoder(law).decode(payload))


def test_the_delay_is_what_is_stated() -> None:
    click = np.zeros(640, np.int16)
    click[320] = 20_000
    to_line = MU_LAW.decode(NarrowbandEncoder(MU_LAW).encode(click)).astype(int)
    assert 2 * np.argmax(to_line) == 320 + ENCODER_DELAY_SAMPLES
    from_line = decoded(MU_LAW, MU_LAW.encode(click))
    assert np.argmax(from_line.astype(int)) == 2 * 320 + DECODER_DELAY_SAMPLES


@pytest.mark.parametrize("law", LAWS)
def test_it_agrees_with_another_resampler(law: Law) -> None:
    payload = law.encode(tone(1000, 700, -20, 8000) + tone(1000, 2900, -20, 8000))
    ours = decoded(law, payload).astype(float)
    resampler = StreamResampler(8000, 16_000)
    theirs = np.concatenate(
        [resampler.process(law.decode(payload)), resampler.process(np.zeros(0, np.int16), last=True)]
    )
    difference = ours[DECODER_DELAY_SAMPLES + 1000 : 15_000] - theirs[1000 : 15_000 - DECODER_DELAY_SAMPLES]
    assert np.sqrt(np.mean(difference**2)) < 0.01 * np.sqrt(np.mean(theirs[1000:15_000].astype(float) ** 2))


@pytest.mark.parametrize("law", LAWS)
def test_the_loudest_sound_is_clipped_and_never_turned_over(law: Law) -> None:
    square = np.where(np.arange(3200) // 40 % 2, -32768, 32767).astype(np.int16)
    heard = law.decode(NarrowbandEncoder(law).encode(square)).astype(int)
    settled = heard[ENCODER_DELAY_SAMPLES:]
    expected = square[ENCODER_DELAY_SAMPLES : 3200 - ENCODER_DELAY_SAMPLES : 2].astype(int)[: len(settled)]
    inside = np.abs(np.convolve(np.sign(expected), np.ones(5), "same")) == 5  # not within 2 samples of an edge
    inside[:5] = inside[-5:] = False
    assert np.all(np.sign(settled[: len(expected)])[inside] == np.sign(expected)[inside])

    loud = decoded(law, law.encode(square)).astype(int)
    assert loud.max() == 32767, "the wave rises above its samples, and is held"
    assert loud.min() == -32768
    centres = loud[DECODER_DELAY_SAMPLES + 40 :: 80][:70]
    assert np.all(np.abs(centres) > 30_000)
    assert np.all(np.sign(centres[1:]) == -np.sign(centres[:-1]))


@pytest.mark.parametrize("law", LAWS)
def test_silence_stays_silence_and_nothing_is_shifted(law: Law) -> None:
    assert NarrowbandEncoder(law).encode(np.zeros(640, np.int16)) == bytes([law.silence]) * 320
    quiet = np.random.default_rng(2).integers(-100, 101, 32_000).astype(np.int16)
    heard = law.decode(NarrowbandEncoder(law).encode(quiet))
    assert abs(float(np.mean(heard)) - float(np.mean(quiet))) < 1


def test_impossible_lengths_are_refused() -> None:
    for payload in (b"", bytes(1601)):
        with pytest.raises(CodecError):
            NarrowbandDecoder(A_LAW).decode(payload)
    for samples in (0, 321):
        with pytest.raises(ValueError, match="samples"):
            NarrowbandEncoder(A_LAW).encode(np.zeros(samples, np.int16))
