"""Step 2: put the recordings on telephone lines and encode them with the gateway's own Whisper.

    python bench/phrase_head/encode.py RECORDINGS OUT.npz --copies 2 --seed 66 [--babble FOLDER]

As bench/closed_head/features.py, but noisier: three of four copies have noise, 3 to 22 dB below the speech, and more
than half of that is babble. Most copies say another line before, half a second earlier or less. OUT.npz holds `encoded`
(float16, shape (frames, 512)), `frames` of each copy, and `texts`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench" / "closed_head"))
import features as line  # noqa: E402 - the scripts of closed_head are no package

from asr.engine import SAMPLE_RATE_HZ, Pcm  # noqa: E402

RECENT = 150
"""Lines that may be said before another."""


def on_a_line(speech: line.Audio, others: list[line.Audio], rng: np.random.Generator) -> Pcm:
    """One caller: 0.82 to 1.2 times as fast and high, -40 to -16 dBFS, 8 % of them wide-band, the others on G.711."""
    pace = rng.uniform(0.82, 1.2)
    speech = soxr.resample(speech, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / pace)
    if rng.random() < 0.3:
        speech = np.convolve(speech, line._room(rng))  # noqa: SLF001 - the same rooms
    speech = np.concatenate([np.zeros(int(rng.uniform(0, 6000))), speech, np.zeros(int(rng.uniform(0, 7000)))])
    wide = rng.random() < 0.08
    limits = (60.0, 7600.0) if wide else (rng.uniform(200, 350), rng.uniform(2800, 3500))
    speech, level_dbfs = line.band(speech, *limits), rng.uniform(-40, -16)
    speech *= 10 ** ((level_dbfs - line.active_level_db(speech)) / 20)
    if rng.random() < 0.75:
        talking = rng.random() < 0.55 and len(others) >= line.OTHERS_NEEDED
        snr_db, length = rng.uniform(3, 22), len(speech)
        noise = line.babble(length, others, rng) if talking else line.coloured(length, rng.uniform(0, 2), rng)
        noise = line.band(noise, *limits)
        speech = speech + noise * 10 ** ((level_dbfs - snr_db) / 20) / np.sqrt(np.mean(noise**2) + 1e-12)
    return line._to_pcm(np.clip(speech, -1, 1) if wide else line._telephoned(speech, rng))  # noqa: SLF001


def recordings(folder: Path) -> list[tuple[line.Audio, str]]:
    """Each recording at 16 kHz with what it says, in the order of list.tsv."""
    said = []
    for row in (folder / "list.tsv").read_text(encoding="utf-8").splitlines():
        name, text = row.split("\t")[:2]
        audio, rate_hz = soundfile.read(folder / f"{name}.wav")
        said.append((soxr.resample(audio, rate_hz, SAMPLE_RATE_HZ), text))
    return said


def main() -> None:
    """Encode a folder of recordings into one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--joined", type=float, default=0.8, help="share of copies with another line before")
    parser.add_argument("--babble", type=Path, help="folder whose recordings babble from the first line on")
    wanted = parser.parse_args()
    rng, encoder = np.random.default_rng(wanted.seed), line.Encoder()
    others = [audio for audio, _ in recordings(wanted.babble)[:40]] if wanted.babble else []
    lines, done = recordings(wanted.recordings), list[tuple[line.Encoded, str]]()
    for number, (audio, text) in enumerate(lines):
        recent = lines[max(0, number - RECENT) : number]
        for _ in range(wanted.copies):
            said, spelled = audio, text
            if recent and rng.random() < wanted.joined:
                before = recent[rng.integers(len(recent))]
                said = np.concatenate([before[0], np.zeros(int(rng.uniform(0, 8000))), audio])
                spelled = before[1] + "，" + text
            encoded = encoder(on_a_line(said, others, rng))
            if encoded is not None:
                done.append((encoded, spelled))
        if len(others) < line.OTHERS_KEPT:
            others.append(audio)
    np.savez(
        wanted.out,
        encoded=np.concatenate([encoded for encoded, _ in done]),
        frames=np.array([len(encoded) for encoded, _ in done]),
        texts=np.array([text for _, text in done]),
    )


if __name__ == "__main__":
    main()
