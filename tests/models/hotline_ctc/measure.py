"""The character error rate of the test model through the engine itself, in each of its three forms.

    python tests/models/hotline_ctc/measure.py SPOKEN/ [--lines say.tsv] [--manifest MANIFEST.tsv ...]

The held-out lines of say.tsv are taken through the telephone (300-3400 Hz, G.711) first; so are the files of manifests
(TSV with `file` and `text`) at 16 kHz. The bundled samples are measured as they are.
"""

from __future__ import annotations

import argparse
import csv
import resource
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from lines import HELD_OUT_VOICES, VOICES, is_held_out, wordings

from asr.audio import read_audio
from asr.engine import Pcm, transcribe
from asr.engines.sherpa import SherpaEngine
from asr.scoring import character_error_rate, corpus_errors
from asr.text import strip_punctuation

HERE = Path(__file__).parent
SAMPLES = HERE.parents[2] / "audio_samples"
FORMS = ("streaming_zipformer2_ctc", "streaming_lstm", "zipformer2_ctc")

Said = tuple[str, Pcm]


def telephone(pcm: Pcm) -> Pcm:
    """The same behind a telephone."""
    from sound import through_telephone  # needs soxr and kaldi-native-fbank

    return (np.clip(through_telephone(pcm / 32768.0), -1, 1) * 32767).astype(np.int16)


def spoken_lines(spoken: Path, lines: Path) -> dict[str, list[Said]]:
    """The held-out lines, by whether their voice is held out too."""
    groups: dict[str, list[Said]] = {"new wordings, new voices": [], "new wordings, known voices": []}
    with lines.open(encoding="utf-8", newline="") as file:
        for name, said, voice, _ in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if is_held_out(said):
                group = "new wordings, new voices" if voice in HELD_OUT_VOICES else "new wordings, known voices"
                groups[group].append((said, telephone(read_audio(spoken / f"{name}.wav"))))
    return groups


def samples() -> dict[str, list[Said]]:
    """The bundled samples, by what the model knows of them."""
    learned = {said for said in wordings() if not is_held_out(said)}
    groups: dict[str, list[Said]] = {}
    voices = dict.fromkeys(VOICES, "known") | dict.fromkeys(HELD_OUT_VOICES, "new")
    with (SAMPLES / "lines.tsv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            known = "known" if strip_punctuation(row["text"]) in learned else "new"
            group = f"samples, {known} wordings, {voices[row['voice']]} voices"
            groups.setdefault(group, []).append((row["text"], read_audio(SAMPLES / f"{row['file']}.wav")))
            rate = f"samples, {row['rate_hz']} Hz, {'noise' if row['noise'] else 'clean'}"
            groups.setdefault(rate, []).append(groups[group][-1])
    return groups


def of_manifest(path: Path) -> list[Said]:
    """Any speech with its text, through the telephone; a text in brackets describes a sound that is none."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["text"] and row["text"][0] != "("]
    return [(row["text"], telephone(read_audio(path.parent / row["file"]))) for row in rows]


def report(engine: SherpaEngine, name: str, group: Iterable[Said]) -> None:
    """One line of figures."""
    said = list(group)
    began = time.process_time()
    errors = corpus_errors(character_error_rate(text, transcribe(engine, pcm).text) for text, pcm in said)
    spent = time.process_time() - began
    seconds = sum(len(pcm) for _, pcm in said) / 16_000
    print(f"{engine.kind:20} {name:45} {len(said):4} {errors.rate:7.1%} {spent / seconds:8.4f} CPU s/s", flush=True)


def main() -> None:
    """All groups, all forms."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("spoken", type=Path)
    arguments.add_argument("--lines", type=Path, default=Path("say.tsv"))
    arguments.add_argument("--model", type=Path, default=HERE)
    arguments.add_argument("--manifest", type=Path, action="append", default=[])
    given = arguments.parse_args()
    groups = spoken_lines(given.spoken, given.lines) | samples()
    groups |= {str(path.parent.name): of_manifest(path) for path in given.manifest}
    for form in FORMS:
        engine = SherpaEngine(model=given.model, kind=form)
        for name, group in groups.items():
            report(engine, name, group)
    print(f"most memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
