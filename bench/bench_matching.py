"""What each part of the matching is worth, and what it costs: python bench/bench_matching.py [--json] [MANIFEST]

The manifest is a TSV with the columns `file` and `option` (empty for what belongs to no option), paths relative to it;
without one, the main menu's and the out-of-domain samples of audio_samples/. Each utterance is recognised once with the
main menu's hints; then four matchers judge the same text: a phrase contained literally, alignment in pinyin, the
classifier, and both joined as calls use them. `right` is the option accepted; `wrong` is another one accepted.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from asr.audio import read_audio
from asr.engine import Transcript, transcribe
from asr.registry import load_engine
from gateway.dialogue.actions import Outcome
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.grammar.background import general_background
from gateway.dialogue.grammar.classifier import REFUSE, OptionClassifier
from gateway.dialogue.grammar.matcher import PhraseMatcher
from gateway.dialogue.grammar.phrases import PhraseBook
from gateway.dialogue.grammar.pinyin import spoken
from gateway.dialogue.hints import hints_at
from gateway.dialogue.load import load_flow
from gateway.dialogue.nodes.question import Question
from gateway.dialogue.state import STANDARD

ROOT = Path(__file__).parents[1]
FLOW = ROOT / "ivr_flows" / "mobile_hotline" / "flow.yaml"
SAMPLES = ROOT / "audio_samples"
OUT_OF_DOMAIN = ("other_", "filler_")
ALIGNED = 0.7
"""Alone, an alignment is accepted from this score on."""

Judge = Callable[[Transcript], str | None]
"""The option that a transcript is accepted as."""


@dataclass(frozen=True, slots=True)
class Heard:
    option: str | None
    transcript: Transcript


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("manifest", nargs="?", type=Path)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    flow = CompiledFlow(load_flow(FLOW))
    choices, menu = flow.choices("main"), flow.flow.nodes["main"]
    if not isinstance(menu, Question):
        raise TypeError("main is no question")
    phrases = {choice.name: choice.phrases for choice in choices.values()}
    hints = hints_at(menu, choices, offered=(), mode=STANDARD, confirming=False)
    heard = listen(read_rows(arguments.manifest), hints)
    report = {
        "accuracy": {name: tally(heard, judge) for name, judge in judges(phrases).items()},
        **speed(phrases, heard),
    }
    print(json.dumps(report, ensure_ascii=False) if arguments.json else table(report))


def read_rows(manifest: Path | None) -> list[tuple[Path, str | None]]:
    """Each utterance's file and the option it asks for."""
    if manifest is None:
        samples = YAML(typ="safe").load(SAMPLES / "manifest.yaml")["samples"]
        wanted = [row for row in samples if row["option"] or row["file"].startswith(OUT_OF_DOMAIN)]
        return [(SAMPLES / row["file"], row["option"]) for row in wanted]
    with manifest.open(encoding="utf-8", newline="") as lines:
        return [(manifest.parent / row["file"], row["option"] or None) for row in csv.DictReader(lines, delimiter="\t")]


def listen(rows: Sequence[tuple[Path, str | None]], hints: Sequence[str]) -> list[Heard]:
    engine = load_engine("whisper")
    try:
        return [Heard(option, transcribe(engine, read_audio(file), hints)) for file, option in rows]
    finally:
        engine.close()


def judges(phrases: Mapping[str, Sequence[str]]) -> dict[str, Judge]:
    background = general_background()
    book = PhraseBook(phrases, background)
    classifier = OptionClassifier(phrases, [line for line in background.lines if not book.claims(spoken(line))])
    matcher = PhraseMatcher(phrases)

    def literal(heard: Transcript) -> str | None:
        found = [(len(phrase), option) for option, texts in phrases.items() for phrase in texts if phrase in heard.text]
        return max(found)[1] if found else None

    def aligned(heard: Transcript) -> str | None:
        places = book.align(spoken(heard.text)).values()
        best = max(places, key=lambda place: place.score, default=None)
        return best.option if best is not None and best.score >= ALIGNED else None

    def classified(heard: Transcript) -> str | None:
        likeliest, probability = max(classifier.probabilities(spoken(heard.text)).items(), key=lambda item: item[1])
        return likeliest if likeliest != REFUSE and probability >= 0.5 else None

    def joined(heard: Transcript) -> str | None:
        match = matcher.match(heard.text, heard.alternatives, heard.confidence)
        return match.option if match.outcome is Outcome.ACCEPT else None

    return {"literal": literal, "pinyin": aligned, "classifier": classified, "joined": joined}


def tally(heard: Sequence[Heard], judge: Judge) -> dict[str, float]:
    """Shares of what was asked for an option, and of what was not: 0.0 to 1.0."""
    counts: Counter[tuple[bool, str]] = Counter()
    for each in heard:
        option = judge(each.transcript)
        verdict = "not accepted" if option is None else "right" if option == each.option else "wrong"
        counts[each.option is not None, verdict] += 1
    asked, other = (max(1, sum(n for (inside, _), n in counts.items() if inside is which)) for which in (True, False))
    return {
        "right": counts[True, "right"] / asked,
        "wrong": counts[True, "wrong"] / asked,
        "out_of_domain_accepted": counts[False, "wrong"] / other,
    }


def speed(phrases: Mapping[str, Sequence[str]], heard: Sequence[Heard]) -> dict[str, float]:
    """CPU milliseconds of one build (libraries already loaded) and of one match."""
    began = time.process_time()
    matcher = PhraseMatcher(phrases)
    built = time.process_time()
    for each in heard:
        matcher.match(each.transcript.text)
    matched = time.process_time()
    return {"build_ms": (built - began) * 1000.0, "match_ms": (matched - built) * 1000.0 / max(1, len(heard))}


def table(report: Mapping[str, object]) -> str:
    accuracy = report["accuracy"]
    lines = [f"{'':12}{'right':>8}{'wrong':>8}{'out of domain accepted':>25}"]
    if isinstance(accuracy, dict):
        lines += [
            f"{name:12}{row['right']:8.1%}{row['wrong']:8.1%}{row['out_of_domain_accepted']:25.1%}"
            for name, row in accuracy.items()
        ]
    return "\n".join([*lines, f"build {report['build_ms']:.0f} ms, match {report['match_ms']:.1f} ms of CPU"])


if __name__ == "__main__":
    main()
