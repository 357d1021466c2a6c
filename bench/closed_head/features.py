"""Step 2: put the recordings on telephone lines and encode them with the gateway's own Whisper.

    python bench/closed_head/features.py RECORDINGS OUT.npz --copies 3 --seed 1 [--lines 200]

Each copy of a line has its own pace, room, band, level, noise and loss. OUT.npz holds the encodings of all copies one
behind the other (`encoded`, float16, shape (frames, 512), 20 ms a frame; `frames`, of each copy) and likewise their
classes as `asr.closed.head` numbers them (`labels`, `syllables`).
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from asr.closed.head import CLASSES
from asr.closed.sounds import SYLLABLES
from asr.engine import SAMPLE_RATE_HZ, Pcm
from asr.engines.whisper import WhisperEngine, _without_edges

sys.path.insert(0, str(Path(__file__).parents[2] / "audio_samples"))
from make import active_level_db, babble, band, coloured, through_alaw

LINE_RATE_HZ = 8000
LOST_SAMPLES = 160
"""20 ms, one packet."""
LONGEST_S = 14
OTHERS_KEPT = 60
OTHERS_NEEDED = 7
"""Recordings that a babble is made of, and how many there must be before one is."""
FULL_SCALE = 32767

FRAME_SAMPLES = 320
TAIL_FRAMES = 10
"""200 ms of silence behind the speech, as the engine hands them to the head."""

Audio = NDArray[np.float64]
"""Mono at 16 kHz, -1 to 1, shape (n,)."""
Encoded = NDArray[np.float16]
"""Shape (frames, 512)."""

_CLASS_OF = {syllable: number for number, syllable in enumerate(SYLLABLES, 1)}


def classes_of(text: str) -> list[int]:
    """The classes that the head should spell: the last for any syllable of no closed answer, none for a pause."""
    return [_CLASS_OF.get(syllable, CLASSES - 1) for syllable in text if syllable not in "，。？ "]


def on_a_line(speech: Audio, others: list[Audio], rng: np.random.Generator) -> Pcm:
    """One caller: 0.85 to 1.18 times as fast and high, -40 to -16 dBFS, 15 % of them wide-band, the others on G.711."""
    pace = rng.uniform(0.85, 1.18)
    speech = soxr.resample(speech, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / pace)
    if rng.random() < 0.3:
        speech = np.convolve(speech, _room(rng))
    speech = np.concatenate([np.zeros(int(rng.uniform(0, 5000))), speech, np.zeros(int(rng.uniform(0, 6000)))])
    wide = rng.random() < 0.15
    limits = (60.0, 7600.0) if wide else (rng.uniform(200, 350), rng.uniform(2600, 3400))
    speech = band(speech, *limits)
    level_dbfs = rng.uniform(-40, -16)
    speech *= 10 ** ((level_dbfs - active_level_db(speech)) / 20)
    if rng.random() < 0.65:
        kind, snr_db = rng.random(), rng.uniform(5, 28)
        talking = kind < 0.3 and len(others) >= OTHERS_NEEDED
        noise = babble(len(speech), others, rng) if talking else coloured(len(speech), rng.uniform(0, 2), rng)
        noise = band(noise, *limits)
        speech = speech + noise * 10 ** ((level_dbfs - snr_db) / 20) / np.sqrt(np.mean(noise**2) + 1e-12)
    return _to_pcm(np.clip(speech, -1, 1) if wide else _telephoned(speech, rng))


def _room(rng: np.random.Generator) -> Audio:
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


def _to_pcm(audio: Audio) -> Pcm:
    return (np.clip(audio, -1, 1) * FULL_SCALE).astype(np.int16)


class Encoder:
    """Whisper's encoder as the engine uses it for closed answers, but for its check that there is speech at all."""

    def __init__(self) -> None:
        self._engine = WhisperEngine()

    def __call__(self, pcm: Pcm) -> Encoded | None:
        """The encoding, None for what is longer than `LONGEST_S`."""
        pcm = _without_edges(pcm)
        if len(pcm) / SAMPLE_RATE_HZ > LONGEST_S:
            return None
        encoded = np.array(self._engine._model.encode(self._engine._mel(pcm)))[0]  # noqa: SLF001  the very same path
        return np.asarray(encoded[: len(pcm) // FRAME_SAMPLES + TAIL_FRAMES], np.float16)


def read_lines(folder: Path) -> list[tuple[Audio, list[int]]]:
    """Each recording at 16 kHz with its classes, in the order of list.tsv."""
    lines = []
    for row in (folder / "list.tsv").read_text(encoding="utf-8").splitlines():
        name, text = row.split("\t")
        audio, rate_hz = soundfile.read(folder / f"{name}.wav")
        lines.append((soxr.resample(audio, rate_hz, SAMPLE_RATE_HZ), classes_of(text)))
    return lines


def encode_all(
    lines: list[tuple[Audio, list[int]]], copies: int, rng: np.random.Generator
) -> list[tuple[Encoded, list[int]]]:
    """So many copies of each line; a quarter of them say the line before as well, up to half a second earlier."""
    encoder, others, done = Encoder(), list[Audio](), list[tuple[Encoded, list[int]]]()
    before: tuple[Audio, list[int]] | None = None
    for number, (audio, classes) in enumerate(lines, 1):
        for _ in range(copies):
            said, spelled = audio, classes
            if before is not None and rng.random() < 0.25:
                said = np.concatenate([before[0], np.zeros(int(rng.uniform(0, 8000))), audio])
                spelled = before[1] + classes
            encoded = encoder(on_a_line(said, others, rng))
            if encoded is not None:
                done.append((encoded, spelled))
        if len(others) < OTHERS_KEPT:
            others.append(audio)
        before = audio, classes
        if number % 50 == 0 or number == len(lines):
            print(f"{number}/{len(lines)} lines, {len(done)} copies", flush=True)
    return done


def main() -> None:
    """Encode a folder of recordings into one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, help="folder that synthesise.py filled")
    parser.add_argument("out", type=Path, help="the encodings, .npz")
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, help="only the first so many")
    wanted = parser.parse_args()
    lines = read_lines(wanted.recordings)[: wanted.lines]
    if not lines:
        sys.exit(f"error: {wanted.recordings / 'list.tsv'} has no lines: run synthesise.py first")
    done = encode_all(lines, wanted.copies, np.random.default_rng(wanted.seed))
    np.savez(
        wanted.out,
        encoded=np.concatenate([encoded for encoded, _ in done]),
        frames=np.array([len(encoded) for encoded, _ in done]),
        labels=np.concatenate([np.array(classes, np.int32) for _, classes in done]),
        syllables=np.array([len(classes) for _, classes in done]),
    )


if __name__ == "__main__":
    main()
