"""Many recordings in a row: what is done already is taken over, the rest goes to the crew, and all is counted."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.analytics.recordings.crew import Crew, Work
from gateway.analytics.recordings.files import Wanted
from gateway.analytics.recordings.results import Results, write_whole
from gateway.analytics.recordings.summary import Summary


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one file."""

    wanted: Wanted
    document: Mapping[str, Any] | None
    """None when it failed."""
    failure: str | None = None
    unchanged: bool = False
    """An earlier run had done it."""


class Batch:
    """One run over some files.

    Args:
        files: what is wanted; see `wanted_files`.
        prepare: makes what analyses a file; see `Crew`, and `Recipe`, which is one.
        workers: processes.
        results: where documents are kept and found again; None: nowhere.
    """

    def __init__(
        self, files: Sequence[Wanted], prepare: Callable[[], Work], workers: int, results: Results | None = None
    ) -> None:
        self.files = files
        self.summary = Summary()
        self._prepare = prepare
        self._workers = workers
        self._results = results
        self._began_s = time.monotonic()

    def run(self) -> Generator[Done, None, None]:
        """Do it; yields each file as it ends. What was yielded is kept. Leaves no process behind, however it ends.

        Raises:
            VoiceGatewayError: an engine, rules or workers that can't be had; a folder that can't be written to.
        """
        self._began_s = time.monotonic()
        left = []
        for wanted in self.files:
            finished = self._results.finished(wanted) if self._results and not wanted.failure else None
            if wanted.failure is not None:
                yield self._failed(wanted, wanted.failure)
            elif finished is not None:
                self._count(wanted, finished, unchanged=True)
                yield Done(wanted, finished, unchanged=True)
            else:
                left.append(wanted)
        with Crew(self._workers, self._prepare) as crew:
            for outcome in crew.run(left, lambda wanted: wanted.path):
                if outcome.failure is not None:
                    yield self._failed(outcome.task, outcome.failure)
                    continue
                if self._results is not None:
                    self._results.keep(outcome.task, outcome.result)
                self._count(outcome.task, outcome.result)
                yield Done(outcome.task, outcome.result)

    def finish(self) -> dict[str, Any]:
        """The summary, written beside the documents where those are kept; also of a run that was cut short."""
        summary = self.summary.as_json(time.monotonic() - self._began_s)
        if self._results is not None:
            folder = self._results.folder
            write_whole(folder / "summary.json", json.dumps(summary, ensure_ascii=False, indent=1) + "\n")
            write_whole(folder / "summary.csv", self.summary.as_csv())
        return summary

    def _count(self, wanted: Wanted, document: Mapping[str, Any], *, unchanged: bool = False) -> None:
        kept_in = ""
        if self._results is not None:
            kept_in = str(self._results.path(wanted).relative_to(self._results.folder))
        self.summary.add(document, kept_in=kept_in, unchanged=unchanged)

    def _failed(self, wanted: Wanted, why: str) -> Done:
        self.summary.fail(wanted.shown, why)
        return Done(wanted, None, why)
