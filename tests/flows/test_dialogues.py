"""The bundled hotlines hold their own dialogues, which exercise every node and every option."""

from __future__ import annotations

import pytest

from gateway.desk.conversation import remembering
from gateway.desk.dialogues.backend import Samples
from gateway.desk.dialogues.coverage import Coverage
from gateway.desk.dialogues.goals import Kind
from gateway.desk.dialogues.load import dialogue_files, load_dialogues
from gateway.desk.dialogues.text import TextStage
from gateway.dialogue.compiled import CompiledFlow
from gateway.dialogue.load import FLOW_FILE, load_flow
from tests.support.calls import ROOT

pytestmark = pytest.mark.flows

HOTLINES = sorted(file.parent.name for file in (ROOT / "ivr_flows").glob(f"*/{FLOW_FILE}"))


@pytest.mark.parametrize("name", HOTLINES)
def test_every_dialogue_holds_and_nothing_is_left_untried(name):
    file = ROOT / "ivr_flows" / name / FLOW_FILE
    flow = CompiledFlow(load_flow(file), remembering)
    stage, coverage = TextStage(flow, Samples(file.parent)), Coverage(flow)
    differing = []
    for dialogue in load_dialogues(dialogue_files(file), flow.flow):
        held = stage.hold(dialogue)
        coverage.add(held.exchanges)
        if not held.passed:
            differing.append((dialogue.name, held.difference))
    assert not differing
    assert [coverage.missed(kind) for kind in Kind] == [[]] * len(Kind)
