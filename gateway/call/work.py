"""The slow things of a call, recognition and look-ups, done beside its tick loop and polled by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asr.engine import Transcript
from gateway.call.lookups import LookupProvider, with_timeout
from gateway.dialogue.actions import Lookup
from gateway.media.frames import Pcm
from gateway.speech.workers import Recogniser
from gateway.tasks import Pending, TaskOwner

GRACE_MS = 500
"""A look-up ends by its own limit, with its own words; this much later it is cut off."""


class CallWork:
    """Starts the work of one call; the owner ends what is left of it with the call.

    Args:
        owner: of this call's tasks.
        recogniser: shared by all calls.
        lookups: the business back end, shared by all calls.
        recognition_limit_ms: a recognition that takes longer counts as nothing heard.
    """

    def __init__(
        self, owner: TaskOwner, recogniser: Recogniser, lookups: LookupProvider, recognition_limit_ms: float
    ) -> None:
        self._owner = owner
        self._recogniser = recogniser
        self._lookups = lookups
        self._recognition_limit_ms = recognition_limit_ms

    def recognise(self, pcm: Pcm, hints: tuple[str, ...]) -> Pending[Transcript]:
        """Hear one utterance."""
        return self._owner.start(self._recogniser.recognise(pcm, hints), timeout_ms=self._recognition_limit_ms)

    def look_up(self, wanted: Lookup) -> Pending[Mapping[str, Any]]:
        """Ask the back end; fails with LookupFailedError."""
        provider = with_timeout(self._lookups, wanted.timeout_ms)
        answer = provider.lookup(wanted.name, wanted.arguments)
        return self._owner.start(answer, timeout_ms=wanted.timeout_ms + GRACE_MS)
