"""A process killed in the middle of a call loses nothing that was finished."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.store import CallRecord, Store, get_call, list_calls
from tests.support.calls import ROOT, SAMPLES
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


def killed_after(folder: Path, words: str, event: str, seconds: float) -> CallRecord:
    """A caller leaves a message and presses #; the process is killed that long after the event."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "tests.support.message_child",
            folder,
            SAMPLES / "demo" / words,
            "wait:0.5",
            "dtmf:#",
            "wait:60",
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    assert any(json.loads(line)["event"] == event for line in process.stdout)
    time.sleep(seconds)
    process.kill()
    process.communicate()
    with Store.open(folder / "out") as store:
        (listed,) = list_calls(store)
        call = get_call(store, listed.id)
    assert call is not None
    assert (call.disposition, call.reason) == ("failed", "process_killed")
    return call


def test_kill_9_in_the_middle_of_a_message_leaves_it_in_the_recording_to_the_last_second(tmp_path: Path) -> None:
    call = killed_after(tmp_path, "angry_words.wav", "speech_started", 3.0)
    assert call.messages == ()
    assert call.recording is not None
    assert [path.name for path in (tmp_path / "out" / "recordings").iterdir()] == [Path(call.recording).name]
    sound, rate_hz = soundfile.read(call.recording, dtype="int16")
    voiced = np.flatnonzero(np.abs(sound[:, 0]) > 300)
    assert (voiced[-1] - voiced[0]) / rate_hz >= 2.0


def test_kill_9_after_a_message_loses_nothing_of_it(tmp_path: Path) -> None:
    call = killed_after(tmp_path, "balance.wav", "message_recorded", 0.5)
    (message,) = call.messages
    sound, rate_hz = soundfile.read(message["path"])
    assert len(sound) / rate_hz >= (message["end_ms"] - message["start_ms"]) / 1000 > 2


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
