"""G.711 against the values printed in ITU-T G.711, tables 1 and 2, and against FFmpeg's."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from gateway.media.g711 import A_LAW, MU_LAW, Law

pytestmark = pytest.mark.unit

LAWS = [pytest.param(law, id=law.name) for law in (A_LAW, MU_LAW)]

# Decision value, character signal (as printed: before A-law's even bits are inverted) and output value of the first
# step of each segment, and of the first and the last step of all; in the tables' own units.
A_LAW_TABLE = [
    (0, 0b10000000, 1),
    (2, 0b10000001, 3),
    (32, 0b10010000, 33),
    (64, 0b10100000, 66),
    (128, 0b10110000, 132),
    (256, 0b11000000, 264),
    (512, 0b11010000, 528),
    (1024, 0b11100000, 1056),
    (2048, 0b11110000, 2112),
    (3968, 0b11111111, 4032),
]
MU_LAW_TABLE = [
    (0, 0b11111111, 0),
    (1, 0b11111110, 2),
    (31, 0b11101111, 33),
    (95, 0b11011111, 99),
    (223, 0b11001111, 231),
    (479, 0b10111111, 495),
    (991, 0b10101111, 1023),
    (2015, 0b10011111, 2079),
    (4063, 0b10001111, 4191),
    (7903, 0b10000000, 8031),
]
PRINTED = [(A_LAW, 8, 0x55, *row) for row in A_LAW_TABLE] + [(MU_LAW, 4, 0, *row) for row in MU_LAW_TABLE]


def one(law: Law, sample: int) -> int:
    return law.encode(np.array([sample], np.int16))[0]


@pytest.mark.parametrize(("law", "unit", "inverted", "decision", "code", "size"), PRINTED)
def test_every_printed_row_decodes_and_encodes_as_printed(law, unit, inverted, decision, code, size) -> None:
    positive = code ^ inverted
    negative = positive ^ 0x80
    assert law.decoded[positive] == size * unit
    assert law.decoded[negative] == -size * unit
    assert one(law, decision * unit) == positive, "a positive sample on a decision value goes up"
    if decision:
        below = law.decoded[one(law, decision * unit - 1)]
        assert 0 <= below < size * unit
        assert law.decoded[one(law, -decision * unit)] == -below, "a negative one goes down"
        assert one(law, -decision * unit - 1) == negative


def test_a_set_sign_bit_is_a_positive_sample_in_a_law() -> None:
    assert A_LAW.decode(bytes([0xD5, 0x55, 0xAA, 0x2A, 0x80, 0x00])).tolist() == [8, -8, 32256, -32256, 5504, -5504]
    assert MU_LAW.decode(bytes([0xFF, 0x7F, 0x80, 0x00])).tolist() == [0, 0, 32124, -32124]


@pytest.mark.parametrize("law", LAWS)
def test_a_code_word_survives_decoding_and_encoding(law: Law) -> None:
    again = np.frombuffer(law.encode(law.decoded), np.uint8)
    changed = np.flatnonzero(again != np.arange(256))
    assert changed.tolist() == ([0x7F] if law is MU_LAW else []), "mu-law has two zeros, and we say the positive one"


@pytest.mark.parametrize("law", LAWS)
def test_louder_is_never_softer(law: Law) -> None:
    samples = np.arange(-32768, 32768).astype(np.int16)
    heard = law.decode(law.encode(samples)).astype(int)
    assert np.all(np.diff(heard) >= 0)
    assert np.all(np.abs(heard - samples) <= np.maximum(8, np.abs(samples.astype(int)) / 16 + 4))


@pytest.mark.parametrize(("law", "name"), [(A_LAW, "pcm_alaw"), (MU_LAW, "pcm_mulaw")])
def test_ffmpeg_decodes_all_codes_alike(law: Law, name: str) -> None:
    decoder = av.CodecContext.create(name, "r")
    decoder.sample_rate, decoder.layout = 8000, "mono"
    (frame,) = decoder.decode(av.Packet(bytes(range(256))))
    assert np.array_equal(frame.to_ndarray()[0], law.decoded)


@pytest.mark.parametrize(("law", "name"), [(A_LAW, "pcm_alaw"), (MU_LAW, "pcm_mulaw")])
def test_ffmpeg_encodes_alike_but_for_its_own_rounding(law: Law, name: str) -> None:
    """FFmpeg decides half-way between outputs, which at the ends of segments isn't the decision value, and by 14 bits.

    So 964 of the 65536 samples, all next to a decision value, get the neighbouring code.
    """
    encoder = av.CodecContext.create(name, "w")
    encoder.sample_rate, encoder.layout, encoder.format, encoder.time_base = 8000, "mono", "s16", Fraction(1, 8000)
    samples = np.arange(-32768, 32768).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = 8000
    theirs = law.decode(b"".join(bytes(packet) for packet in encoder.encode(frame)))
    ours = law.decode(law.encode(samples))
    assert np.count_nonzero(theirs != ours) == 964
    steps = np.unique(law.decoded)
    assert np.max(np.abs(np.searchsorted(steps, theirs) - np.searchsorted(steps, ours))) == 1
