"""What a service does beside its calls: watches the figures, and deletes what may be kept no longer."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.analytics.copies import write_missing_copies
from gateway.analytics.report import Alert, Thresholds, alerts
from gateway.errors import VoiceGatewayError
from gateway.settings import Settings
from gateway.store import Store, retention
from gateway.store.refusals import RefusalCounter
from gateway.store.retention import RetentionConfig

REFUSALS_EVERY_S = 10.0
WATCH_EVERY_S = 60.0
COPIES_EVERY_S = 60.0
TIDY_EVERY_S = 24 * 3600.0

log = logging.getLogger(__name__)


class FigureWatch:
    """Which figures have crossed their line, each told once until it is back on the right side."""

    def __init__(self, store: Store, rules: Thresholds) -> None:
        self._store = store
        self._rules = rules
        self.standing: dict[tuple[str, str], Alert] = {}
        """By alert and hotline."""

    def look(self, now: dt.datetime) -> list[Alert]:
        """The alerts that are new; blocking. Raises StoreError."""
        found = {(one.alert, one.hotline): one for one in alerts(self._store, self._rules, now)}
        new = [one for key, one in found.items() if key not in self.standing]
        self.standing = found
        return new


@dataclass(frozen=True, slots=True)
class Job:
    """Something that is done now and then, on a thread."""

    name: str
    every_s: float
    do: Callable[[], object]
    at_end: bool = False
    """Once more when the service stops."""


class Upkeep:
    """Runs jobs beside the calls, each at its own pace, the first time at the start; what goes wrong is logged, and
    done again the next time.
    """

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = tuple(jobs)
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """On the running event loop."""
        self._tasks = [asyncio.create_task(self._run(job), name=job.name) for job in self._jobs]

    async def stop(self) -> None:
        """End them, with what is to be done in the end; what a thread is at is finished there. Idempotent."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for job in self._jobs if tasks else ():
            if job.at_end:
                await self._do(job)

    async def _run(self, job: Job) -> None:
        while True:
            await self._do(job)
            await asyncio.sleep(job.every_s)

    async def _do(self, job: Job) -> None:
        try:
            await asyncio.to_thread(job.do)
        except VoiceGatewayError as error:
            log.error("%s: %s", job.name, error)
        except Exception:  # a job must not end the others, nor itself
            log.exception("%s failed by an error of ours", job.name)


def jobs_of(settings: Settings, store: Store, watch: FigureWatch, refusals: RefusalCounter) -> list[Job]:
    """What is to be done by the settings; `watch` is looked at every minute, `refusals` written every ten seconds."""

    def look() -> None:
        for alert in watch.look(settings.now()):
            log.warning("alert %s, %s: %s is %.3g", alert.alert, alert.hotline or "all", alert.figure, alert.value)

    jobs = [
        Job("counting refused calls", REFUSALS_EVERY_S, refusals.write, at_end=True),
        Job("watching the figures", WATCH_EVERY_S, look),
    ]
    if settings.analytics.redacted_copies:
        jobs.append(Job("writing redacted copies", COPIES_EVERY_S, lambda: write_missing_copies(store)))
    if settings.analytics.redacted_copies or settings.retention != RetentionConfig():
        jobs.append(
            Job(
                "deleting what is due", TIDY_EVERY_S, lambda: retention.apply(store, settings.retention, settings.now())
            )
        )
    return jobs
