"""One utterance in one engine, on a thread of its own, so that an engine that never returns holds up nobody."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future

import numpy as np

from asr.engine import Pcm, Stream, Transcript

IDLE_S = 60.0
"""A stream that gets no audio for so long was forgotten by its owner."""

_END = object()
_FORGET = object()


class Attempt:
    """The thread and what goes to and fro. It is a daemon: what hangs in an engine doesn't hold up the process's end.

    Args:
        open_stream: begins the utterance; called on the thread, as is all that the stream does.
        name: of the thread.
    """

    def __init__(self, open_stream: Callable[[], Stream], name: str) -> None:
        self.partial: str | None = None
        """What was heard so far."""
        self.given_up = False
        """Nobody waits for it any more; if it is alive, it may be stuck."""
        self._open_stream = open_stream
        self._inbox: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._over: Future[Transcript] = Future()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """The thread is still at it."""
        return self._thread.is_alive()

    @property
    def error(self) -> BaseException | None:
        """What has gone wrong so far."""
        return self._over.exception() if self._over.done() else None

    def push(self, pcm: Pcm) -> None:
        """Hand audio over."""
        self._inbox.put(pcm)

    def end(self) -> None:
        """The utterance is over."""
        self._inbox.put(_END)

    def forget(self) -> None:
        """Nobody wants to know any more."""
        self._inbox.put(_FORGET)

    def give_up(self) -> None:
        """It took too long or failed."""
        self.given_up = True
        self.forget()

    def result(self, timeout_s: float) -> Transcript:
        """Wait for what was heard.

        Raises:
            TimeoutError: it isn't known within `timeout_s`.
            Exception: whatever the engine raised.
        """
        return self._over.result(timeout_s)

    def when_over(self, tell: Callable[[BaseException | None], None]) -> None:
        """Have something told, once it is over, what went wrong; on its thread or, if it is over already, at once."""
        self._over.add_done_callback(lambda over: tell(over.exception()))

    def join(self, timeout_s: float) -> None:
        """Wait for the thread."""
        self._thread.join(timeout_s)

    def _work(self) -> None:
        try:
            stream = self._open_stream()
            while isinstance(item := self._inbox.get(timeout=IDLE_S), np.ndarray):
                text = stream.accept(item)
                self.partial = self.partial if text is None else text
            if item is _END:
                self._over.set_result(stream.finish())
        except queue.Empty:
            return
        except Exception as error:  # noqa: BLE001 - border to the engine: whatever it raises, another one is asked
            self._over.set_exception(error)
