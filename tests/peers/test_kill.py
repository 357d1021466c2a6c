"""A process killed in the middle of a call loses nothing that was finished."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
import soundfile

from gateway.store import Store, get_call, list_calls
from tests.support.command import COMMAND

pytestmark = pytest.mark.peers


def test_kill_9_keeps_finished_turns_and_a_recording_to_the_last_second(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [COMMAND, "call", "--realtime", "--json", "--out", tmp_path, "wait:1", "dtmf:1", "wait:60"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    events = []
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["event"] == "prompt_ended" and events[-1]["node"] == "tell_balance":
            break
    time.sleep(0.5)  # what was told is committed within 200 ms
    process.kill()
    process.communicate()
    told = [event["turn"] for event in events if event["event"] == "turn_finished"]
    last_ms = events[-1]["at_ms"]

    store = Store.open(tmp_path)
    try:
        (listed,) = list_calls(store)
        call = get_call(store, listed.id)
    finally:
        store.close()
    assert call is not None
    assert (call.disposition, call.reason) == ("failed", "process_killed")
    assert [(turn.keys, turn.matched) for turn in call.turns] == [("1", "balance")]
    assert len(told) == len(call.turns)
    recordings = list((tmp_path / "recordings").iterdir())
    assert len(recordings) == 1
    sound, rate_hz = soundfile.read(recordings[0])
    assert len(sound) / rate_hz * 1000 >= last_ms - 1000
    assert abs(sound[-rate_hz * 2 :, 1]).max() > 0.05, "the hotline's last words are there"


@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_being_told_to_end_ends_the_call_and_stores_it(tmp_path: Path, sent: signal.Signals, status: int) -> None:
    process = subprocess.Popen(
        [COMMAND, "call", "--realtime", "--json", "--out", tmp_path, "wait:1", "dtmf:1", "wait:60"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "turn_finished":
            break
    process.send_signal(sent)
    told, _ = process.communicate(timeout=60)
    assert process.returncode == status
    assert json.loads(told.splitlines()[-1])["event"] == "call_ended"
    store = Store.open(tmp_path)
    try:
        (listed,) = list_calls(store)
    finally:
        store.close()
    assert (listed.disposition, listed.reason) == ("failed", "cancelled")
