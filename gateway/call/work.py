"""The slow things of a call, recognition and look-ups, done beside its tick loop and polled by it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from asr.engine import Transcript
from gateway.call.lookups import LookupProvider, with_timeout
from gateway.dialogue.actions import Lookup
from gateway.media.frames import Pcm
from gateway.speech.workers import Recogniser
from gateway.tasks import Pending, TaskOwner

FAILED = "failed"
"""Why there is no text when the recogniser gave up."""
GRACE_MS = 500
"""A look-up ends by its own limit, with its own words; this much later it is cut off."""


log = logging.getLogger(__name__)


def transcript_of(hearing: Pending[Transcript]) -> Transcript:
    """What was heard. A recogniser that fails or stalls heard nothing: the caller is asked again, the call lives."""
    try:
        return hearing.result()
    except Exception as error:  # noqa: BLE001 -- border to the engine
        log.warning("recognition failed: %s", type(error).__name__)
        return Transcript("", 0.0, rejected=FAILED)


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
