"""A hotline's test dialogues, held with the unsaved text, as `flow test` holds them. Blocking; it can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.console.studio.files import FlowFolder
from gateway.console.studio.trial import laid_out, read_dialogues
from gateway.desk.dialogues.backend import Samples
from gateway.desk.dialogues.coverage import Coverage
from gateway.desk.dialogues.goals import Kind
from gateway.desk.dialogues.text import Held, TextStage
from gateway.desk.telling import Line
from gateway.dialogue.compiled import CompiledFlow
from gateway.privacy import mask

MAX_S = 120.0
"""The 120 dialogues of the larger of our hotlines take 4.5 s of a core."""


@dataclass(frozen=True, slots=True)
class Result:
    """One dialogue."""

    name: str
    file: str
    line: int
    """Of its first difference, else of the dialogue itself."""
    passed: bool
    expected: str = ""
    found: str = ""
    lines: tuple[Line, ...] = ()
    """The conversation; of those that differ."""


@dataclass(slots=True)
class Run:
    """One run, to be watched from another thread."""

    total: int = 0
    results: list[Result] = field(default_factory=list)
    coverage: str = ""
    """In one line, when all were held."""
    out_of_time: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def failed(self) -> list[Result]:
        """Those that went otherwise than expected."""
        return [result for result in self.results if not result.passed]

    @property
    def stopped(self) -> bool:
        """Somebody stopped it."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End it after the dialogue that is being held."""
        self._stop.set()

    def hold(self, folder: FlowFolder, texts: Mapping[str, str], compiled: CompiledFlow, max_s: float = MAX_S) -> None:
        """Hold them all.

        Args:
            folder: the hotline's.
            texts: unsaved ones, by name, as `compiled` has them.
            compiled: the flow.
            max_s: it stops by itself then.

        Raises:
            FlowError: mistakes in dialogue files.
            SettingsError: mistakes in the sample customers.
        """
        deadline = time.monotonic() + max_s
        with laid_out(folder, texts) as copy:
            dialogues = read_dialogues(copy, compiled)
            self.total = len(dialogues)
            stage, coverage = TextStage(compiled, Samples(folder.folder)), Coverage(compiled)
            for dialogue in dialogues:
                if self._stop.is_set():
                    return
                if time.monotonic() > deadline:
                    self.out_of_time = True
                    return
                held = stage.hold(dialogue)
                coverage.add(held.exchanges)
                self.results.append(_result(held, copy.name_of(str(dialogue.source.file))))
            shares = [(kind, coverage.share(kind)) for kind in Kind]
            self.coverage = "，".join(f"{kind} {reached}/{all_}" for kind, (reached, all_) in shares if all_)


def _result(held: Held, file: str) -> Result:
    name, differs = held.dialogue.name, held.difference
    if differs is None:
        return Result(name, file, held.dialogue.line(), passed=True)
    return Result(
        name,
        file,
        differs.line,
        passed=False,
        expected=mask(differs.expected),
        found=mask(differs.found),
        lines=tuple(held.tell()),
    )
