"""A process that records in real time until it is killed; prints the number of each frame it has handed over."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from gateway.media.frames import FRAME_MS, FRAME_SAMPLES
from gateway.media.recorder import StereoRecorder


def main(path: Path) -> None:
    recorder = StereoRecorder(path)
    start_s = time.monotonic()
    for index in range(30_000):
        caller = np.full(FRAME_SAMPLES, index % 30_000 + 1, np.int16)
        recorder.write(index, caller, -caller)
        print(index, flush=True)
        time.sleep(max(0.0, start_s + (index + 1) * FRAME_MS / 1000 - time.monotonic()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
