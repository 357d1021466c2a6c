"""Train the small network that tells what may be a back-channel (gateway/speech/backchannel.txt).

    python bench/train_backchannel.py --say > say.tsv          NAME<tab>WORDS<tab>VOICE<tab>SPEED for the synthesiser
    ... spoken/                                                the synthesiser: one 16 kHz mono WAV per NAME
    python bench/train_backchannel.py spoken/ [OUT]            the network; by default in its place

Back-channels and sentences by five voices (two are held out for `docs/hearing.md`), each at several levels, pitches and
tilts, on a telephone's band with noise; what is learned is the picture of the 300 ms from the onset that the ears find.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import re
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

from asr.vad.detector import SpeechDetector
from gateway.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ, Pcm
from gateway.speech.backchannel import HIDDEN, picture
from gateway.speech.bargein import BargeInJudge
from gateway.speech.words import is_backchannel

ROOT = Path(__file__).parents[1]
VOICES = ("hotline", "girl", "man", "deep", "elder_woman")
DEVELOPMENT_VOICE = "deep"
MISSED_PERCENT = 5.0
"""So many back-channels of the development voice may be taken for requests; the rest of the choice follows."""
PACES = (0.75, 0.85, 0.92, 1.0, 1.1, 1.2, 1.3)
SENTENCES = 390
BACK_CHANNELS = tuple(
    "嗯 哦 啊 好的 对 嗯嗯 好 是的 对对 是 噢 行 哦哦 嗯，好 好好好 对对对 嗯嗯嗯 好，好的 哎 是是是".split()  # noqa: SIM905
)
COPIES = 3
Sound = NDArray[np.float64]


def say_lines() -> list[tuple[str, str, str, float]]:
    """What is to be spoken: every back-channel by every voice at every pace, every sentence by two voices."""
    chance = random.Random(2)
    flows = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "ivr_flows").glob("*/flow.yaml")))
    phrases = {word.strip() for words in re.findall(r"phrases: \[([^\]]*)\]", flows) for word in words.split(",")}
    general = (ROOT / "gateway/dialogue/grammar/background.txt").read_text(encoding="utf-8").splitlines()
    known = [text for text in sorted({*phrases, *general}) if re.fullmatch(r"[\u4e00-\u9fff，。？]{2,16}", text)]
    sentences = chance.sample([text for text in known if not is_backchannel(text)], SENTENCES)
    lines = [
        (f"b_{voice}_{number}_{pace}", words, voice, pace)
        for voice in VOICES
        for number, words in enumerate(BACK_CHANNELS)
        for pace in PACES
    ]
    lines += [
        (f"r_{voice}_{number}", words, voice, chance.choice((0.9, 1.0, 1.15)))
        for number, words in enumerate(sentences)
        for voice in chance.sample(VOICES, 2)
    ]
    return lines


def on_a_line(spoken: Sound, chance: np.random.Generator) -> Pcm:
    """One caller: another pitch, tilt and level, half a second of line before and after, noise, G.711."""
    sound = soxr.resample(spoken, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ * chance.uniform(0.88, 1.14))
    sound = np.concatenate([np.zeros(SAMPLE_RATE_HZ // 2), sound, np.zeros(SAMPLE_RATE_HZ // 2)])
    hz = np.fft.rfftfreq(len(sound), 1 / SAMPLE_RATE_HZ)
    band = (hz > 300) & (hz < 3400)
    tilt = (np.maximum(hz, 300) / 1000) ** chance.uniform(-0.5, 0.5)
    noise = np.fft.rfft(chance.standard_normal(len(sound))) * np.maximum(hz, 40) ** -chance.choice([0, 0.5, 0.9])
    sound, noise = (np.fft.irfft(part * band, len(sound)) for part in (np.fft.rfft(sound) * tilt, noise))
    level_dbfs, snr_db = chance.uniform(-34, -18), chance.choice([40, 25, 15, 10])
    loud = np.sort(sound**2)[-len(spoken) // 2 :].mean()
    sound *= 10 ** (level_dbfs / 20) / np.sqrt(loud)
    sound += noise * 10 ** ((level_dbfs - snr_db) / 20) / np.std(noise)
    wire = io.BytesIO()
    narrow = np.clip(soxr.resample(sound, SAMPLE_RATE_HZ, 8000), -1, 1)
    soundfile.write(wire, narrow, 8000, subtype="ALAW", format="WAV")
    wire.seek(0)
    heard = soxr.resample(soundfile.read(wire)[0], 8000, SAMPLE_RATE_HZ)
    return np.clip(heard * 32767, -32768, 32767).astype(np.int16)


def beginnings(sound: Pcm) -> list[NDArray[np.float64]]:
    """The picture of each burst of 300 ms that the ears would judge: of most sounds one, of none a few."""
    pictures: list[NDArray[np.float64]] = []

    def keep(beginning: Pcm) -> bool:
        pictures.append(picture(beginning))
        return True

    detector, judge = SpeechDetector(), BargeInJudge(keep)
    for start in range(0, len(sound) - FRAME_SAMPLES + 1, FRAME_SAMPLES):
        frame = sound[start : start + FRAME_SAMPLES]
        verdict = detector.accept(frame)
        judge.hear(frame, verdict.level_dbfs, verdict.speech)
    return pictures[:1]


def trained(pictures: NDArray[np.float64], waits: NDArray[np.bool_], voices: NDArray[np.str_]) -> NDArray[np.float64]:
    """All numbers of the network, in the order of its file; its threshold is in the last."""
    scale = StandardScaler().fit(pictures)
    inputs = scale.transform(pictures)
    development = voices == DEVELOPMENT_VOICE
    settings = {"alpha": 0.3, "max_iter": 60, "random_state": 0}
    trial = MLPClassifier((HIDDEN,), **settings).fit(inputs[~development], waits[~development])
    chances = trial.predict_proba(inputs[development & waits])[:, 1]
    threshold = np.percentile(np.log(chances / (1 - chances)), MISSED_PERCENT)
    network = MLPClassifier((HIDDEN,), **settings).fit(inputs, waits)
    hidden, out = network.coefs_
    biases = network.intercepts_
    return np.concatenate([scale.mean_, scale.scale_, hidden.ravel(), biases[0], out.ravel(), biases[1] - threshold])


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("spoken", nargs="?", type=Path, help="folder of the synthesiser's WAV files")
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "gateway/speech/backchannel.txt")
    parser.add_argument("--say", action="store_true", help="print the lines that the synthesiser is to speak")
    options = parser.parse_args()
    lines = say_lines()
    if options.say:
        csv.writer(sys.stdout, delimiter="\t", lineterminator="\n").writerows(lines)
        return
    if options.spoken is None:
        parser.error("name the folder of spoken WAV files, or --say")
    chance = np.random.default_rng(0)
    rows = []
    for name, words, voice, _ in lines:
        spoken = soundfile.read(options.spoken / f"{name}.wav")[0]
        for _ in range(COPIES):
            rows += [(seen, is_backchannel(words), voice) for seen in beginnings(on_a_line(spoken, chance))]
    pictures, waits, voices = (np.array(column) for column in zip(*rows, strict=True))
    print(f"{len(rows)} beginnings, {sum(waits)} of back-channels")
    numbers = [f"{number:.4g}" for number in trained(pictures, waits, voices)]
    text = "\n".join(" ".join(numbers[at : at + 12]) for at in range(0, len(numbers), 12))
    options.out.write_text(text + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
