"""The demo as a newcomer runs it, and what it leaves behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import soundfile

from gateway.store import Store, get_call, list_calls
from tests.support.command import COMMAND
from tests.support.demo import Demo

pytestmark = pytest.mark.peers


def test_the_demo_tells_three_calls_and_keeps_them(demo: Demo) -> None:
    for words in ("三十五元六角", "长辈专线", "转接人工", "来电者插话", "工单号是", "自助办结"):
        assert words in demo.told
    with Store.open_for_reading(demo.store) as store:
        calls = [get_call(store, listed.id) for listed in list_calls(store)]
    kept = {call.caller_number: call for call in calls if call is not None}
    assert len(kept) == 3
    balance, elder, angry = kept["13900001001"], kept["13900001002"], kept["13900001004"]
    assert balance.options[0] == "balance"
    assert (elder.mode, elder.disposition) == ("elderly", "transferred")
    assert angry.options[0] == "complaint"
    assert angry.slots["callback"] == "13900001004"
    for call in kept.values():
        assert call.recording is not None
        assert soundfile.info(call.recording).duration == pytest.approx((call.duration_ms or 0) / 1000, abs=0.05)


@pytest.mark.parametrize("form", [["--json"], []])
def test_a_call_goes_on_when_nobody_reads_what_it_tells(tmp_path: Path, form: list[str]) -> None:
    process = subprocess.Popen(
        [COMMAND, "call", *form, "--out", tmp_path, "dtmf:0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    complaints = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) == 0
    assert complaints == b""
    store = Store.open(tmp_path)
    try:
        (kept,) = list_calls(store)
    finally:
        store.close()
    assert kept.disposition == "transferred"
