"""Step 2: put the recordings on telephone lines and encode them with the gateway's own Whisper.

    python bench/syllable_head/encode.py RECORDINGS OUT.npz --copies 3 --seed 1 [--joined 0.6]
    python bench/syllable_head/encode.py - OUT.npz --copies 1500 --seed 7               sounds that say nothing

Each copy of a line has its own pace, room, band, level, noise and loss; most say another line before. OUT.npz holds the
encodings of all copies one behind the other (`encoded`, float16, shape (frames, 512), 20 ms a frame), `frames` of each
copy, and `texts`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from sounds import nothing_said

from asr.engine import SAMPLE_RATE_HZ, Pcm
from asr.engines.whisper import WhisperEngine
from asr.engines.whisper_features import Features, span_of_sound, with_silence, without_silence

sys.path.insert(0, str(Path(__file__).parents[2] / "audio_samples"))
from make import active_level_db, babble, band, coloured, through_alaw

LINE_RATE_HZ = 8000
LOST_SAMPLES = 160
"""20 ms, one packet."""
LONGEST_S = 14
RECENT = 150
"""Lines that may be said before another."""
FULL_SCALE = 32767

Audio = NDArray[np.float64]
"""Mono at 16 kHz, -1 to 1, shape (n,)."""
Encoded = NDArray[np.float16]
"""Shape (frames, 512)."""


def on_a_line(speech: Audio, others: list[Audio], rng: np.random.Generator) -> Pcm:
    """One caller: 0.82 to 1.2 times as fast and high, -40 to -16 dBFS, 8 % of them wide-band, the others on G.711.

    Three of four have noise, 3 to 22 dB below the speech, and more than half of that is babble.
    """
    pace = rng.uniform(0.82, 1.2)
    speech = soxr.resample(speech, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / pace)
    if rng.random() < 0.3:
        speech = np.convolve(speech, room(rng))
    speech = through_a_handset(speech, rng)
    speech = np.concatenate([np.zeros(int(rng.uniform(0, 6000))), speech, np.zeros(int(rng.uniform(0, 7000)))])
    wide = rng.random() < 0.08
    limits = (60.0, 7600.0) if wide else (rng.uniform(200, 350), rng.uniform(2800, 3500))
    speech, level_dbfs = band(speech, *limits), rng.uniform(-40, -16)
    speech *= 10 ** ((level_dbfs - active_level_db(speech)) / 20)
    if rng.random() < 0.75:
        snr_db, length = rng.uniform(3, 22), len(speech)
        talking = rng.random() < 0.55 and bool(others)
        noise = babble(length, others, rng) if talking else coloured(length, rng.uniform(0, 2), rng)
        noise = band(noise, *limits)
        speech = speech + noise * 10 ** ((level_dbfs - snr_db) / 20) / np.sqrt(np.mean(noise**2) + 1e-12)
    return to_pcm(np.clip(speech, -1, 1) if wide else _telephoned(speech, rng))


def through_a_handset(speech: Audio, rng: np.random.Generator) -> Audio:
    """Another microphone and another mouth: up to 3 dB an octave more or less, and a resonance or dip of up to 6 dB."""
    hertz = np.maximum(np.fft.rfftfreq(len(speech), 1 / SAMPLE_RATE_HZ), 100.0)
    octaves = np.log2(hertz / rng.uniform(500, 3000))
    gain_db = rng.uniform(-3, 3) * np.log2(hertz / 1000) + rng.uniform(-6, 6) * np.exp(-4 * octaves**2)
    return np.asarray(np.fft.irfft(np.fft.rfft(speech) * 10 ** (gain_db / 20), len(speech)), np.float64)


def room(rng: np.random.Generator) -> Audio:
    """A response of 190 ms: the sound itself and noise that fades behind it."""
    seconds = np.arange(3000) / SAMPLE_RATE_HZ
    response = rng.standard_normal(3000) * np.exp(-seconds * rng.uniform(20, 60)) * rng.uniform(0.01, 0.06)
    response[0] = 1
    return np.asarray(response, np.float64)


def _telephoned(speech: Audio, rng: np.random.Generator) -> Audio:
    """Through G.711 A-law; in every fifth call 3 % of the packets are lost."""
    line = through_alaw(soxr.resample(np.clip(speech, -1, 1), SAMPLE_RATE_HZ, LINE_RATE_HZ)).copy()
    if rng.random() < 0.2:
        for packet in range(len(line) // LOST_SAMPLES):
            if rng.random() < 0.03:
                line[packet * LOST_SAMPLES : (packet + 1) * LOST_SAMPLES] = 0
    return np.asarray(soxr.resample(line, LINE_RATE_HZ, SAMPLE_RATE_HZ), np.float64)


def to_pcm(audio: Audio) -> Pcm:
    return (np.clip(audio, -1, 1) * FULL_SCALE).astype(np.int16)


class Encoder:
    """Whisper's encoder as the engine uses it, but for its check that there is speech at all."""

    def __init__(self) -> None:
        self._engine = WhisperEngine()
        self._features = Features()

    def __call__(self, pcm: Pcm) -> Encoded | None:
        """The encoding, None for what is longer than `LONGEST_S`."""
        pcm = pcm[span_of_sound(pcm)]
        if len(pcm) / SAMPLE_RATE_HZ > LONGEST_S:
            return None
        encoded = self._engine._model.encode(with_silence([self._features(pcm)]))  # noqa: SLF001  the very same model
        return np.asarray(without_silence(encoded, pcm)[0], np.float16)


def recordings(folder: Path) -> list[tuple[Audio, str]]:
    """Each recording at 16 kHz with what it says, in the order of list.tsv."""
    said = []
    for row in (folder / "list.tsv").read_text(encoding="utf-8").splitlines():
        name, text = row.split("\t")
        audio, rate_hz = soundfile.read(folder / f"{name}.wav")
        said.append((soxr.resample(audio, rate_hz, SAMPLE_RATE_HZ), text))
    return said


def spoken(
    lines: list[tuple[Audio, str]], copies: int, joined: float, rng: np.random.Generator, encoder: Encoder
) -> Iterator[tuple[Encoded | None, str]]:
    """So many copies of each line, encoded, with what they say."""
    others = [audio for audio, _ in lines]
    for number, (audio, text) in enumerate(lines):
        recent = lines[max(0, number - RECENT) : number]
        for _ in range(copies):
            said, spelled = audio, text
            if recent and rng.random() < joined:
                before = recent[rng.integers(len(recent))]
                said = np.concatenate([before[0], np.zeros(int(rng.uniform(0, 8000))), audio])
                spelled = before[1] + "，" + text
            yield encoder(on_a_line(said, others, rng)), spelled


def main() -> None:
    """Encode a folder of recordings, or sounds, into one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, help="folder with WAV files and list.tsv, or -")
    parser.add_argument("out", type=Path, help="the encodings, .npz")
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--joined", type=float, default=0.6, help="share of copies with another line before")
    wanted = parser.parse_args()
    rng, encoder = np.random.default_rng(wanted.seed), Encoder()
    if str(wanted.recordings) == "-":
        done = [(encoder(on_a_line(nothing_said(rng), [], rng)), "") for _ in range(wanted.copies)]
    else:
        done = spoken(recordings(wanted.recordings), wanted.copies, wanted.joined, rng, encoder)
    kept = [(encoded, text) for encoded, text in done if encoded is not None]
    np.savez(
        wanted.out,
        encoded=np.concatenate([encoded for encoded, _ in kept]),
        frames=np.array([len(encoded) for encoded, _ in kept]),
        texts=np.array([text for _, text in kept]),
    )


if __name__ == "__main__":
    main()
