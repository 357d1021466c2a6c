"""Work for the workers of `gateway.analytics.recordings.crew`: what a file's name says is what happens to them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gateway.analytics.recordings.crew import Crew
from gateway.errors import AudioFileError, SettingsError


def work(path: Path) -> str:
    """Returns the process's id."""
    match path.stem.partition("-")[0]:
        case "broken":
            raise AudioFileError("the file is broken", where=path.name)
        case "bug":
            raise ZeroDivisionError("no such luck")
        case "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exits":
            os._exit(3)
        case "sleeps":
            time.sleep(60)
    return f"{path.name} {os.getpid()}"


def prepare() -> Callable[[Path], str]:
    return work


def document(path: Path) -> dict[str, Any]:
    """As much of one as is counted."""
    work(path)
    status = path.stat()
    return {
        "File": {"Path": str(path), "SizeBytes": status.st_size, "ModifiedNanos": status.st_mtime_ns},
        "MadeWith": {},
        "Warnings": [],
        "Processing": {"CpuMillis": 10},
        "ConversationCharacteristics": {"TotalConversationDurationMillis": 1000},
        "Route": {"Name": "other", "Probability": 0.5, "SkillGroup": "general"},
        "Mood": {"Sentiment": "NEUTRAL", "Anger": 0, "Trend": "steady"},
        "Categories": {"MatchedDetails": {}},
        "Quality": [],
        "Ticket": None,
        "Summary": "",
    }


def prepare_documents() -> Callable[[Path], dict[str, Any]]:
    return document


def prepare_nothing() -> Callable[[Path], str]:
    raise SettingsError("there is no such engine")


def prepare_to_die() -> Callable[[Path], str]:
    os._exit(9)


if __name__ == "__main__":  # a parent of its own: tells what becomes of each file
    from tests.support.analyze_work import prepare as prepare_elsewhere

    with Crew(2, prepare_elsewhere) as crew:
        for outcome in crew.run([Path(name) for name in sys.argv[1:]], lambda path: path):
            print(outcome.task, outcome.result, outcome.failure, flush=True)
