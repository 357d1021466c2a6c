"""The messages that one caller leaves: kept as files and heard, both beside the call, which goes on meanwhile."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from gateway.call.account import Account
from gateway.call.outcome import Answer
from gateway.call.work import CallWork, Said, what_was_said
from gateway.errors import RecordingError
from gateway.media.frames import Pcm
from gateway.tasks import Pending

SERVED_MS = 1000
"""Who has left a message this long has got what they called for, as far as a machine can give it."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Message:
    answer: Answer
    path: Path
    writing: Pending[None] | None
    hearing: Pending[Said] | None


class Messages:
    """Takes the messages of one call; polled with every tick."""

    def __init__(self, account: Account, work: CallWork) -> None:
        self._account = account
        self._work = work
        self._taken = 0
        self._unfinished: list[_Message] = []

    @property
    def pending(self) -> bool:
        """Something is still being written or heard."""
        return bool(self._unfinished)

    def keep(self, answer: Answer, pcm: Pcm) -> None:
        """Write `pcm`, what the caller said, beside the call's recording, and look for the words of `answer` in it.

        A process that is killed before the file is there leaves the message in the call's recording.
        """
        self._taken += 1
        recording = self._account.recording
        path = recording.with_name(f"{recording.stem}-message-{self._taken}.wav")
        answer.words_follow = True
        if answer.end_ms - answer.start_ms >= SERVED_MS:
            self._account.record.served = True
        message = _Message(answer, path, self._work.write(path, pcm), self._work.hear_message(pcm))
        self._unfinished.append(message)

    def poll(self, now_ms: float) -> None:
        """Tell what has been written and heard by now."""
        for message in self._unfinished:
            if message.writing and message.writing.ready(now_ms):
                self._written(message, message.writing)
                message.writing = None
            if message.hearing and message.hearing.ready(now_ms):
                words, message.answer.voice = what_was_said(message.hearing)
                self._account.heard(message.answer, words, message.hearing.elapsed_ms)
                message.hearing = None
        self._unfinished = [message for message in self._unfinished if message.writing or message.hearing]

    def close(self) -> None:
        """Wait for nothing more; the words that are not there yet stay away."""
        for message in self._unfinished:
            if message.writing:
                message.writing.cancel()
            if message.hearing:
                message.hearing.cancel()
                self._account.words_done(message.answer)
        self._unfinished.clear()

    def _written(self, message: _Message, writing: Pending[None]) -> None:
        try:
            writing.result()
        except (RecordingError, TimeoutError) as error:
            lost = error if isinstance(error, RecordingError) else RecordingError("the disk doesn't answer")
            log.warning("a message is only in the call's recording: %s", lost)
            self._account.loss = self._account.loss or lost
        else:
            self._account.message(message.answer, message.path)
