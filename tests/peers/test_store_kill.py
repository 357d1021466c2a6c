"""A process killed in the middle of a call: every turn it had flushed is there, and the call is closed."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import StoreError
from gateway.store import Store, events, get_call, list_calls

pytestmark = pytest.mark.peers

# Writes turns for ever and tells the number of each one whose flush came back.
CALLER = """
import sys
from pathlib import Path
from gateway.events import CallStarted, KeyPressed, Turn, TurnFinished
from gateway.store import Store, StoreWriter

store = Store.open(Path(sys.argv[1]))
writer = StoreWriter(store)
writer.emit(CallStarted(
    call_id="c1", at_ms=0, caller_number="13900001001", called_number="10086", transport="loopback",
    flow="mobile_hotline", flow_version="1", mode="standard", started_at="2026-11-21T22:00:00+08:00",
))
index = 0
while True:
    turn = Turn(index=index, node="main", kind="speech", text=f"查话费{index}", start_ms=0, end_ms=800, heard_ms=800)
    writer.emit(TurnFinished(call_id="c1", at_ms=index * 10, turn=turn))
    if not writer.flush():
        raise SystemExit(f"flush failed: {writer.error}")
    print(index, flush=True)
    writer.emit(KeyPressed(call_id="c1", at_ms=index * 10 + 1, key="1"))
    index += 1
"""


def start(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", CALLER, str(directory)], stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("turns", [1, 7, 60])
def test_turns_whose_flush_returned_outlive_a_kill(tmp_path: Path, turns: int) -> None:
    with start(tmp_path) as process:
        assert process.stdout is not None
        flushed = -1
        for line in process.stdout:
            flushed = int(line)
            if flushed >= turns:
                process.send_signal(signal.SIGKILL)  # what was printed until it dies is read on
        assert process.wait(30) == -signal.SIGKILL
    with Store.open(tmp_path, wait_s=0) as store:
        call = get_call(store, "c1")
        told = events(store, "c1")
    assert call is not None
    assert [turn.index for turn in call.turns] == list(range(len(call.turns)))
    assert len(call.turns) > flushed
    assert [turn.text for turn in call.turns] == [f"查话费{i}" for i in range(len(call.turns))]
    assert (call.disposition, call.reason) == ("failed", "process_killed")
    assert told[-1].event == "call_ended"


def test_a_store_in_use_is_refused_with_its_owner_and_free_once_that_is_killed(tmp_path: Path) -> None:
    with start(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "0\n"
        try:
            with pytest.raises(StoreError, match=rf"in use by process {process.pid} on .*--out"):
                Store.open(tmp_path, wait_s=0)
        finally:
            process.kill()
        process.wait(30)
    with Store.open(tmp_path, wait_s=0) as store:
        assert [call.id for call in list_calls(store)] == ["c1"]


def test_a_disk_that_refuses_to_grow_a_file_is_told_and_the_store_stays_whole(tmp_path: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))\n" + CALLER
    done = subprocess.run(
        [sys.executable, "-c", limited, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "flush failed: " in done.stderr
    assert "voice-gateway.db: " in done.stderr
    flushed = int(done.stdout.splitlines()[-1])
    with Store.open(tmp_path, wait_s=0) as store:
        call = get_call(store, "c1")
    assert call is not None
    assert len(call.turns) == flushed + 1
