"""The slow things of a call, recognition, look-ups and files, done beside its tick loop and polled by it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asr.engine import Transcript
from asr.windows import cut_windows
from gateway.call.lookups import LookupProvider, with_timeout
from gateway.dialogue.actions import Lookup, LookupFailed, LookupSucceeded
from gateway.errors import LookupFailedError, SpeechError
from gateway.findings import Voice
from gateway.media.frames import Pcm
from gateway.media.wav import write_wav
from gateway.speech.live import Live
from gateway.speech.load import Step
from gateway.speech.voice import measure_voice
from gateway.speech.workers import UNAWAITED_MS, Expected, Recogniser
from gateway.tasks import Pending, TaskOwner

FAILED = "failed"
"""Why there is no text when the recogniser gave up."""
GRACE_MS = 500
"""Work ends by its own limit, with its own words; this much later it is cut off."""
WRITING_LIMIT_MS = 5000
LONGEST_PIECE_S, SHORTEST_PIECE_S = 8.0, 2.0
"""Messages are recognised in pieces, between which other callers' answers have their turn. Short ones, because Whisper
takes a pause for the end: of 25 s of complaints with pauses of a second, one window of 26 s gave 13 of 97 characters,
these pieces all. On 180 s of read telephone speech the CER is 29 and not 40 %, at 12 and not 11 s of one CPU, and an
answer waits for a piece at most 0.7 and not 1.8 s."""


log = logging.getLogger(__name__)


Ponder = Callable[[Transcript], None]
"""Does the slow part of understanding beforehand; for any thread."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the caller said, and how."""

    words: Transcript
    voice: Voice | None
    """None where there are no words, or no voice could be measured."""


def what_was_said(hearing: Pending[Said]) -> tuple[Transcript, Voice | None]:
    """Words and voice. A recogniser that fails or stalls heard nothing: the caller is asked again, the call lives."""
    try:
        said = hearing.result()
    except Exception as error:  # noqa: BLE001 -- border to the engine
        log.warning("recognition failed: %s", type(error).__name__)
        return Transcript("", 0.0, rejected=FAILED), None
    return said.words, said.voice


def answer_of(looking_up: Pending[Mapping[str, Any]]) -> LookupSucceeded | LookupFailed:
    """What the back end answered."""
    try:
        return LookupSucceeded(looking_up.result())
    except (LookupFailedError, TimeoutError) as error:
        return LookupFailed(str(error) or "timeout")


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

    @property
    def step(self) -> Step:
        """What recognition has given up for now, to keep up with all calls."""
        return self._recogniser.step

    def recognise(self, pcm: Pcm, expected: Expected, ponder: Ponder) -> Pending[Said]:
        """Hear one utterance; `ponder` its words and measure its voice on a thread: that takes longer than a tick."""
        return self._owner.start(
            self._pondered(self._recogniser.recognise(pcm, expected), pcm, ponder),
            timeout_ms=self._recognition_limit_ms,
        )

    def open(self, expected: Expected) -> Live | None:
        """Hear an utterance while it is being said; None when that can't be done."""
        try:
            return self._recogniser.open(expected)
        except SpeechError as error:
            log.warning("recognition can't begin: %s", error)
            return None

    def finish(self, live: Live, pcm: Pcm, ponder: Ponder) -> Pending[Said]:
        """What was heard while it was being said, all of it `pcm`, is over; as `recognise` goes on."""
        return self._owner.start(self._pondered(live.finish(), pcm, ponder), timeout_ms=self._recognition_limit_ms)

    def hear_message(self, pcm: Pcm) -> Pending[Said]:
        """Hear a message of any length, after every utterance that a caller awaits. Each piece has the limit."""
        pieces = cut_windows(pcm, LONGEST_PIECE_S, SHORTEST_PIECE_S)
        limit_ms = len(pieces) * self._recognition_limit_ms + GRACE_MS
        return self._owner.start(self._pondered(self._hear_pieces(pieces), pcm), timeout_ms=limit_ms)

    def write(self, path: Path, pcm: Pcm) -> Pending[None]:
        """Write a WAV file; fails with RecordingError."""
        return self._owner.start(asyncio.to_thread(write_wav, path, pcm), timeout_ms=WRITING_LIMIT_MS)

    def look_up(self, wanted: Lookup) -> Pending[Mapping[str, Any]]:
        """Ask the back end; fails with LookupFailedError."""
        provider = with_timeout(self._lookups, wanted.timeout_ms)
        answer = provider.lookup(wanted.name, wanted.arguments)
        return self._owner.start(answer, timeout_ms=wanted.timeout_ms + GRACE_MS)

    @staticmethod
    async def _pondered(hearing: Awaitable[Transcript], pcm: Pcm, ponder: Ponder | None = None) -> Said:
        heard = await hearing
        return await asyncio.to_thread(_understood, heard, pcm, ponder) if heard.text else Said(heard, None)

    async def _hear_pieces(self, pieces: list[Pcm]) -> Transcript:
        """The words of all pieces. A recogniser that fails at one is not given the next: what it heard is kept."""
        heard: list[Transcript] = []
        for piece in pieces:
            try:
                async with asyncio.timeout(self._recognition_limit_ms / 1000):
                    heard.append(await self._recogniser.recognise(piece, within_ms=UNAWAITED_MS))
            except Exception as error:  # noqa: BLE001 -- border to the engine
                log.warning("recognition failed in piece %d of %d: %s", len(heard) + 1, len(pieces), error)
                heard.append(Transcript("", 0.0, rejected=FAILED))
                break
        return _joined(heard)


def _understood(heard: Transcript, pcm: Pcm, ponder: Ponder | None) -> Said:
    if ponder is not None:
        ponder(heard)
    return Said(heard, _voice(pcm))


def _voice(pcm: Pcm) -> Voice | None:
    try:
        return measure_voice(pcm)
    except Exception:
        # Border: sound is anybody's, and how it was said may not cost what was said.
        log.exception("a voice can't be measured")
        return None


def _joined(pieces: list[Transcript]) -> Transcript:
    text = "".join(piece.text for piece in pieces)
    if not text:
        return pieces[-1]
    confidence = sum(piece.confidence * len(piece.text) for piece in pieces) / len(text)
    return Transcript(text, min(1.0, confidence))
