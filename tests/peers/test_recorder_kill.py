"""A recording survives the death of its process: kill -9 costs a fraction of a second and nothing from before it."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from gateway.media.frames import FRAME_SAMPLES
from gateway.media.recorder import BLOCK_FRAMES

pytestmark = pytest.mark.peers

ROOT = Path(__file__).parents[2]
CHILD = ROOT / "tests" / "support" / "recording_child.py"


@pytest.mark.parametrize("killed_at", [75, 133])
def test_a_killed_process_leaves_a_recording_that_plays_to_the_last_second(tmp_path: Path, killed_at: int) -> None:
    path = tmp_path / "killed.wav"
    with subprocess.Popen(
        [sys.executable, CHILD, path], stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    ) as child:
        assert child.stdout is not None
        handed_over = next(int(line) for line in child.stdout if int(line) >= killed_at)
        child.send_signal(signal.SIGKILL)
    assert child.returncode == -signal.SIGKILL

    pcm, rate_hz = soundfile.read(path, dtype="int16")
    assert (rate_hz, pcm.shape[1]) == (16_000, 2)
    frames = len(pcm) // FRAME_SAMPLES
    # A second is what is promised; on an idle disk it is the block under way and the one being written.
    assert frames >= handed_over - 50
    assert frames % BLOCK_FRAMES == 0
    expected = np.repeat(np.arange(1, frames + 1), FRAME_SAMPLES)
    assert np.array_equal(pcm[:, 0], expected)
    assert np.array_equal(pcm[:, 1], -expected)
    announced = int.from_bytes(path.read_bytes()[40:44], "little")
    assert announced == pcm.nbytes <= path.stat().st_size - 44


def test_any_player_can_read_what_a_kill_left(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    with subprocess.Popen(
        [sys.executable, CHILD, path], stdout=subprocess.PIPE, text=True, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    ) as child:
        assert child.stdout is not None
        next(line for line in child.stdout if int(line) >= 60)
        child.kill()
    played = subprocess.run(["sox", path, "-n", "stat"], capture_output=True, text=True, check=True, timeout=60)
    assert "WARN" not in played.stderr
    seconds = next(float(line.split()[-1]) for line in played.stderr.splitlines() if line.startswith("Length"))
    assert seconds >= 0.2
