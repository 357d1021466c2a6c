"""Step 1: callers on noisy lines, each beside the same caller on a quiet one, as Whisper's features.

    python bench/noise_mask/mix.py RECORDINGS [...] --out mixes.npz --count 12000 --seed 1

RECORDINGS are folders that `bench/syllable_head/speak.py` made. OUT holds all mixtures one behind the other: `noisy`
and `clean` (float16, shape (frames, 80), 10 ms a frame), `frames` of each, and `texts`. Run it once for each
synthesiser: who babbles has the kind of voice that the caller has, as in a real room.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from faster_whisper.feature_extractor import FeatureExtractor
from numpy.typing import NDArray

from asr.bench.sounds import music
from asr.engine import SAMPLE_RATE_HZ, Pcm
from asr.engines.whisper_features import span_of_sound

sys.path.insert(0, str(Path(__file__).parents[2] / "audio_samples"))
sys.path.insert(0, str(Path(__file__).parents[1] / "syllable_head"))
from encode import Audio, recordings, room, through_a_handset, to_pcm
from make import active_level_db, band, coloured, through_alaw

LINE_RATE_HZ = 8000
LONGEST_S = 8.0
TAIL = np.zeros(400, np.float32)
QUIET_DB = 99.0

Features = NDArray[np.float16]
"""Shape (frames, 80)."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Of noise: up to which share there is none, babble, and hiss to rumble; the rest is music."""

    none: float
    babble: float
    hiss: float
    least_db: float
    """How far the noise lies below the speech."""
    most_db: float


USUAL = Kinds(0.08, 0.68, 0.93, -1, 18)
HARD = Kinds(0.05, 0.80, 0.95, -3, 14)


class Mixer:
    """Puts callers on lines. Every choice comes from `rng`; `hard` lines have more babble, and louder."""

    def __init__(self, said: list[tuple[Audio, str]], rng: np.random.Generator, *, hard: bool = False) -> None:
        self._said = [one for one in said if SAMPLE_RATE_HZ // 10 < len(one[0]) < LONGEST_S * SAMPLE_RATE_HZ]
        self._rng = rng
        self._kinds = HARD if hard else USUAL
        self._features = FeatureExtractor()

    def draw(self) -> tuple[Features, Features, str] | None:
        """One caller: noisy, clean and the text; None when it grew too long."""
        rng = self._rng
        speech, text = self._caller()
        if len(speech) > LONGEST_S * SAMPLE_RATE_HZ:
            return None
        if rng.random() < 0.3:
            speech = np.convolve(speech, room(rng))
        if rng.random() < 0.7:
            speech = through_a_handset(speech, rng)
        speech = np.concatenate([np.zeros(int(rng.uniform(0, 6000))), speech, np.zeros(int(rng.uniform(0, 7000)))])
        limits = (rng.uniform(200, 350), rng.uniform(2800, 3500)) if rng.random() < 0.5 else (300.0, 3400.0)
        level_dbfs = rng.uniform(-38, -18)
        speech = band(speech, *limits)
        speech *= 10 ** ((level_dbfs - active_level_db(speech)) / 20)
        noise, ratio_db = self._noise(len(speech))
        noise = band(noise, *limits)
        noise *= 10 ** ((level_dbfs - ratio_db) / 20) / np.sqrt(np.mean(noise**2) + 1e-12)
        noisy, clean = telephoned(speech + noise), telephoned(speech)
        sound = span_of_sound(noisy)
        if sound.stop - sound.start > LONGEST_S * SAMPLE_RATE_HZ:
            return None
        return self._seen(noisy[sound]), self._seen(clean[sound]), text

    def _caller(self) -> tuple[Audio, str]:
        """One or more lines, said faster and higher or slower and lower."""
        rng = self._rng
        speech, text = self._any()
        while rng.random() < 0.45 and len(speech) < 3 * SAMPLE_RATE_HZ:
            more, said = self._any()
            speech = np.concatenate([speech, np.zeros(int(rng.uniform(0, 8000))), more])
            text += "，" + said
        return self._paced(speech), text

    def _any(self) -> tuple[Audio, str]:
        return self._said[int(self._rng.integers(len(self._said)))]

    def _paced(self, speech: Audio) -> Audio:
        return np.asarray(soxr.resample(speech, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / self._rng.uniform(0.85, 1.18)))

    def _noise(self, length: int) -> tuple[Audio, float]:
        rng, kinds = self._rng, self._kinds
        kind = rng.random()
        if kind < kinds.none:
            return np.zeros(length), QUIET_DB
        if kind < kinds.babble:
            noise = self._babble(length)
        else:
            noise = coloured(length, rng.uniform(0, 2), rng) if kind < kinds.hiss else music(length, rng)
        return noise, rng.uniform(kinds.least_db, kinds.most_db)

    def _babble(self, length: int) -> Audio:
        """Three to seven voices, seldom one or two; half of them 3 dB louder to softer, some in a room or in hiss."""
        rng = self._rng
        total = np.zeros(length)
        for _ in range(int(rng.integers(3, 8)) if rng.random() < 0.85 else int(rng.integers(1, 3))):
            voice, _ = self._any()
            if rng.random() < 0.5:
                voice = self._paced(voice)
            other_db = rng.uniform(-3, 3) * (rng.random() < 0.5)
            gain = 10 ** ((other_db - active_level_db(voice)) / 20)
            total += np.roll(np.resize(voice, length), int(rng.integers(length))) * gain
        if rng.random() < 0.2:
            total = np.convolve(total, room(rng))[:length]
        if rng.random() < 0.2:
            total /= np.sqrt(np.mean(total**2) + 1e-12)
            total += coloured(length, rng.uniform(0, 2), rng) * rng.uniform(0, 1.5)
        return total

    def _seen(self, pcm: Pcm) -> Features:
        """As the engine sees it."""
        audio = np.concatenate([pcm.astype(np.float32) / 32768, TAIL])
        return np.asarray(self._features(audio, padding=0).T, np.float16)


def telephoned(audio: Audio) -> Pcm:
    narrow = soxr.resample(np.clip(audio, -1, 1), SAMPLE_RATE_HZ, LINE_RATE_HZ)
    return to_pcm(np.asarray(soxr.resample(through_alaw(narrow), LINE_RATE_HZ, SAMPLE_RATE_HZ)))


def main() -> None:
    """Mix one file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recordings", type=Path, nargs="+", help="folders with WAV files and list.tsv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=12_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--hard", action="store_true", help="more babble, and louder")
    wanted = parser.parse_args()
    said = [one for folder in wanted.recordings for one in recordings(folder)]
    mixer = Mixer(said, np.random.default_rng(wanted.seed), hard=wanted.hard)
    mixed = list[tuple[Features, Features, str]]()
    while len(mixed) < wanted.count:
        one = mixer.draw()
        mixed += [] if one is None else [one]
    noisy, clean, texts = zip(*mixed, strict=True)
    np.savez(
        wanted.out,
        noisy=np.concatenate(noisy),
        clean=np.concatenate(clean),
        frames=np.array([len(one) for one in noisy]),
        texts=np.array(texts),
    )


if __name__ == "__main__":
    main()
