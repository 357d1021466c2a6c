"""How many dialogue steps a second `flow test` takes on virtual time: python bench/bench_dialogues.py [--json]

Holds the test dialogues of every hotline in ivr_flows with the real machine and the real matching, as often as makes
1,000 steps. A step is one entry under `steps`: an act of the caller, or something heard. Reading files and building
matchers is told apart, since it is done once. Twice over: with every utterance matched anew, and as `flow test` does it
where the same was said at the same question before. The goal is 1,000 steps in under a second, in CPU time.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from gateway.desk.conversation import remembering
from gateway.desk.dialogues.backend import Samples
from gateway.desk.dialogues.load import TestDialogue, dialogue_files, load_dialogues
from gateway.desk.dialogues.text import TextStage
from gateway.dialogue.compiled import BuildMatcher, CompiledFlow, phrase_matcher
from gateway.dialogue.load import FLOW_FILE, load_flow

FLOWS = Path(__file__).resolve().parent.parent / "ivr_flows"
STEPS = 1000


def main() -> None:
    """Measure and print."""
    began = time.perf_counter()
    hotlines = list(_hotlines(remembering))
    built_s = time.perf_counter() - began
    figures = {
        "machine": f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "dialogues": sum(len(dialogues) for _, dialogues in hotlines),
        "read_and_build_s": round(built_s, 2),
        "per_1000_steps_s": round(_seconds(hotlines), 3),
        "per_1000_steps_every_match_anew_s": round(_seconds(list(_hotlines(phrase_matcher))), 3),
    }
    if "--json" in sys.argv[1:]:
        print(json.dumps(figures, ensure_ascii=False))
        return
    print(f"{figures['dialogues']} dialogues of {len(hotlines)} hotlines on {figures['machine']}:")
    print(f"  1000 steps, utterances matched before     {figures['per_1000_steps_s']:6.3f} s (goal: under 1)")
    print(f"  1000 steps, every utterance matched anew  {figures['per_1000_steps_every_match_anew_s']:6.3f} s")
    print(f"  before that, reading flows and building matchers {figures['read_and_build_s']:.1f} s")


Hotlines = Sequence[tuple[TextStage, list[TestDialogue]]]


def _hotlines(build: BuildMatcher) -> Iterator[tuple[TextStage, list[TestDialogue]]]:
    for flow_file in sorted(FLOWS.glob(f"*/{FLOW_FILE}")):
        flow = load_flow(flow_file)
        if dialogues := load_dialogues(dialogue_files(flow_file), flow):
            compiled = CompiledFlow(flow, build)
            compiled.warm()
            yield TextStage(compiled, Samples(flow_file.parent)), dialogues


def _seconds(hotlines: Hotlines) -> float:
    """CPU time of 1,000 steps, so that other work on the machine doesn't count; the first round is not measured."""
    for stage, dialogues in hotlines:
        for dialogue in dialogues:
            stage.hold(dialogue)
    steps, began = 0, time.process_time()
    while steps < STEPS:
        for stage, dialogues in hotlines:
            for dialogue in dialogues:
                stage.hold(dialogue)
                steps += len(dialogue.case.steps)
    return (time.process_time() - began) * STEPS / steps


def _processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
