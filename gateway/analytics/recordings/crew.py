"""Worker processes that each do one thing at a time, owned to the end: replaced when they die, ended when we do.

Processes, because an engine, a decoder and numpy hold Python's lock in between; started afresh (`spawn`), because
forking a process that has threads is undefined. What kills a worker (memory, a signal, a crash in a decoder) costs the
file that it had.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType
from typing import Any, Generic, TypeVar

from threadpoolctl import threadpool_limits

from gateway.errors import VoiceGatewayError
from gateway.privacy import setup_logging

log = logging.getLogger(__name__)

FILE_LIMIT_S = 3600.0
"""A file that takes longer than this is given up, and its worker with it: an hour of speech takes four minutes."""
READY_LIMIT_S = 300.0
"""So long a worker may take to load its engine; longer on a machine that swaps, but not for ever."""
MOST_FALSE_STARTS = 3
"""Workers that die in a row before they are ready: then something is wrong that no other worker mends."""
_END_LIMIT_S = 3.0

T = TypeVar("T")
Work = Callable[[Path], Any]
"""Does one file; raises VoiceGatewayError for what is wrong with the file."""


class WorkersError(VoiceGatewayError):
    """Workers can't be started."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What became of a file."""

    task: T
    result: Any = None
    failure: str | None = None
    """Why there is no result."""


class _Worker:
    """One process and what it is doing."""

    def __init__(self, number: int, prepare: Callable[[], Work]) -> None:
        context = get_context("spawn")
        self._connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, prepare), name=f"analyze-{number}", daemon=True)
        # Ctrl-C reaches the whole group. Workers never see it (a blocked signal stays blocked in a child): we end them.
        resource_tracker.ensure_running()  # which would unblock it
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with _nothing_to_import():
                self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        self.ready = False
        self.task: Any = None
        self.since = time.monotonic()

    @property
    def connection(self) -> Connection[Any, Any]:
        """Readable when it has something to tell, or is dead."""
        return self._connection

    def give(self, task: Any, path: Path) -> None:  # noqa: ANN401 - whatever the crew was given
        """Have it do a file. A worker that has just died takes it, and is found dead."""
        self.task, self.since = task, time.monotonic()
        with suppress(OSError):
            self._connection.send_bytes(os.fsencode(path))

    @property
    def overdue(self) -> bool:
        """It has been at it for too long."""
        took_s = time.monotonic() - self.since
        return took_s > READY_LIMIT_S if not self.ready else self.task is not None and took_s > FILE_LIMIT_S

    def end(self, within_s: float = _END_LIMIT_S) -> None:
        """End it now, whatever it does."""
        self.process.terminate()
        self.process.join(within_s)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self._connection.close()

    def died_of(self) -> str:
        """Why it is no more; waits for its end."""
        self.process.join(_END_LIMIT_S)
        status = self.process.exitcode
        self.end()
        if status is not None and status < 0:
            return f"its worker was killed (signal {-status}); out of memory, perhaps"
        return f"its worker ended unexpectedly (status {status})"


class Crew:
    """Some workers. Use as a context manager: none outlives it, and none outlives this process, however it ends.

    Args:
        workers: how many processes, at least 1; no more are started than there is work.
        prepare: called once in each process; returns what does one file. Must be picklable and not from the
            main program; what comes of a file must be picklable, too.
    """

    def __init__(self, workers: int, prepare: Callable[[], Work]) -> None:
        if workers < 1:
            raise ValueError(f"a crew has at least one worker, not {workers}")
        self._most = workers
        self._prepare = prepare
        self._workers: list[_Worker] = []
        self._started = 0
        self._false_starts = 0

    def __enter__(self) -> Crew:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all workers."""
        for worker in self._workers:
            worker.process.terminate()  # all at once, so that the waits overlap
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def run(self, tasks: Iterable[T], path_of: Callable[[T], Path]) -> Iterator[Outcome[T]]:
        """Have all tasks done; yields what becomes of each, as they end.

        Raises:
            VoiceGatewayError: `prepare` raised it: no worker can do anything.
            WorkersError: workers die before they are ready.
        """
        left = list(tasks)[::-1]
        while left or any(worker.task is not None for worker in self._workers):
            busy = sum(worker.task is not None for worker in self._workers)
            while len(self._workers) < min(self._most, busy + len(left)):
                self._started += 1
                self._workers.append(_Worker(self._started, self._prepare))
            for worker in self._workers:
                if worker.ready and worker.task is None and left:
                    task = left.pop()
                    worker.give(task, path_of(task))
            readable = wait([worker.connection for worker in self._workers], timeout=1.0)
            for worker in list(self._workers):
                outcome = self._look_at(worker, readable=worker.connection in readable)
                if outcome is not None:
                    yield outcome

    def _look_at(self, worker: _Worker, *, readable: bool) -> Outcome[Any] | None:
        if not readable:
            return self._lost(worker, "it took too long and was given up") if worker.overdue else None
        try:
            kind, value = worker.connection.recv()
        except (EOFError, OSError):
            return self._lost(worker, worker.died_of())
        if kind == "unfit":
            raise value
        if kind == "ready":
            worker.ready, self._false_starts = True, 0
            return None
        task, worker.task = worker.task, None
        return Outcome(task, result=value) if kind == "done" else Outcome(task, failure=value)

    def _lost(self, worker: _Worker, why: str) -> Outcome[Any] | None:
        worker.end()
        self._workers.remove(worker)
        if not worker.ready:
            self._false_starts += 1
            if self._false_starts >= MOST_FALSE_STARTS:
                raise WorkersError(f"workers end before they are ready: {why}", remedy="use fewer of them (--workers)")
        return None if worker.task is None else Outcome(worker.task, failure=why)


@contextmanager
def _nothing_to_import() -> Iterator[None]:
    """A child begins by importing its parent's main program: the whole command line, 1.5 s of CPU, for nothing."""
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program


def _work(connection: Connection[Any, Any], prepare: Callable[[], Work]) -> None:
    """The life of a worker."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    setup_logging("ERROR")
    threadpool_limits(1)
    try:
        work = prepare()
    except VoiceGatewayError as error:
        connection.send(("unfit", error))
        return
    connection.send(("ready", None))
    while True:
        try:
            path = Path(os.fsdecode(connection.recv_bytes()))
        except EOFError:
            return
        try:
            told = ("done", work(path))
        except VoiceGatewayError as error:
            told = ("failed", str(error))
        except Exception as error:
            # Border to engines, decoders and rules: whatever one file does to them, the next one is done.
            log.exception("a file could not be analysed")
            told = ("failed", f"it could not be analysed ({type(error).__name__}: {error})")
        connection.send(told)


def _end_with_parent() -> None:
    """Without this a killed parent's workers would finish their files first."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
