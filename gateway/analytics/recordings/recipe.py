"""How one recording is analysed from beginning to end, as something that can be handed to a worker process."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asr.engine import Engine
from gateway.analytics.recordings.files import Wanted
from gateway.analytics.recordings.listening import Listener
from gateway.analytics.recordings.sides import Sides
from gateway.analytics.rulefiles import BUNDLED
from gateway.findings import OTHER

if TYPE_CHECKING:
    from gateway.analytics.routing.book import RouteBook

ANALYSIS = 1
"""Raised when the same recording, engine and rules would give another document."""


_SHORT = 3, 6
_EACH = 3
"""So many examples of each route: more than engines take as hints."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What analysing takes."""

    open_engine: Callable[[], Engine]
    """Loads the recogniser; called once in each process."""
    made_with: Mapping[str, Any]
    """See `made_with`."""
    rules: Path | None = None
    """The operator's folder of rule files; None for those of the package."""
    sides: Sides = field(default_factory=Sides)
    unmasked: bool = False
    """Keep personal numbers."""

    def __call__(self) -> Callable[[Path], dict[str, Any]]:
        """Load everything.

        Raises:
            VoiceGatewayError: an engine or rules that can't be loaded.
        """
        # Where it is used: the command reads folders and tells people without what only workers need.
        from gateway.analytics.analyser import Analyser
        from gateway.analytics.recordings.document import recording_document
        from gateway.analytics.routing.book import load_book

        engine = self.open_engine()
        analyser = Analyser.load(self.rules)
        listener = Listener(engine, self.sides, usual_requests(load_book(self.rules)))

        def analyse(path: Path) -> dict[str, Any]:
            began_s, cpu_s = time.perf_counter(), time.process_time()
            wanted = Wanted(path)
            recording = listener.listen(path, wanted.key)
            findings = analyser.call(recording.conversation)
            document = recording_document(
                path, wanted.shown, recording, findings, self.made_with, unmasked=self.unmasked
            )
            took_s, worked_s = time.perf_counter() - began_s, time.process_time() - cpu_s
            document["Processing"] = {"ElapsedMillis": round(took_s * 1000), "CpuMillis": round(worked_s * 1000)}
            return document

        return analyse


def usual_requests(book: RouteBook) -> tuple[str, ...]:
    """How callers put what they want, in a few characters each: the first such examples of every route, in turns."""
    routes = [rule.examples for name, rule in book.rules.routes.items() if name != OTHER]
    short = [[text for text in examples if _SHORT[0] <= len(text) <= _SHORT[1]][:_EACH] for examples in routes]
    return tuple(text for turn in zip_longest(*short) for text in turn if text)


def made_with(engine: str, recipe_rules: Path | None, sides: Sides, *, unmasked: bool) -> dict[str, Any]:
    """What a document depends on besides its recording: when any of it changes, the recording is analysed again."""
    try:
        product = version("voice-gateway")
    except PackageNotFoundError:  # run from a folder that was never installed
        product = "unknown"
    return {
        "product": product,
        "analysis": ANALYSIS,
        "engine": engine,
        "rules": rules_version(recipe_rules),
        "sides": {"left": sides.left, "right": sides.right, "mono": sides.mono},
        "unmasked": unmasked,
    }


def rules_version(folder: Path | None) -> str:
    """A name for the rule files as they stand, their models included: other contents, another name."""
    digest = sha256()
    for root in filter(None, (BUNDLED, folder)):
        if not root.is_dir():
            continue
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            digest.update(os.fsencode(file.relative_to(root)) + b"\0" + sha256(file.read_bytes()).digest())
        digest.update(b"\1")
    return digest.hexdigest()[:16]
