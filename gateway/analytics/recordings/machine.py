"""How many workers this machine bears."""

from __future__ import annotations

import os
from pathlib import Path

WORKER_MIB = 700
"""What a worker with the embedded engine takes at its peak, an hour of stereo apart."""


def usual_workers() -> int:
    """One for each core that this process may use, as far as free memory goes; at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    free_mib = _free_mib()
    return max(1, cores if free_mib is None else min(cores, free_mib // WORKER_MIB))


def _free_mib() -> int | None:
    """What the kernel says can be had without swapping (Linux); None where it doesn't say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kib = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, IndexError):
        return None
    return int(kib) // 1024
